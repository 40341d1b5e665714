"""What holds for every format: filters, the exit status, files, secrets, order; run as users run it."""

import json
from pathlib import Path

import pytest

from fwdoctor import reporters
from fwdoctor.cli import run
from fwdoctor.cli._options import FORMATS
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Location, Problem, Report, Severity
from fwdoctor.reporters import Style

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
#: Finds FWD105 and FWD106 in one file and FWD105 in another, all warnings.
ARGS = ["migrate", "--diff", "--target", "june", str(FIXTURES / "old_project")]
MACHINE = [f for f in FORMATS if f not in ("text", "concise")]


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize(
    ("filters", "told", "silent", "status"),
    [
        ([], ["FWD105", "FWD106"], [], 1),
        (["--ignore", "FWD106"], ["FWD105"], ["FWD106"], 1),
        (["--ignore", "setting-without-counterpart"], ["FWD105"], ["FWD106"], 1),
        (["--exit-zero"], ["FWD105", "FWD106"], [], 0),
        (["--exit-zero", "--ignore", "FWD106"], ["FWD105"], ["FWD106"], 0),
    ],
)
def test_filters_and_the_exit_status(
    capsys: pytest.CaptureFixture[str],
    output_format: str,
    filters: list[str],
    told: list[str],
    silent: list[str],
    status: int,
) -> None:
    assert run([*ARGS, *filters, "--output-format", output_format]) == status
    # Not the diff, and not the command line, which names what was filtered.
    rows = capsys.readouterr().out.splitlines()
    out = "\n".join(row for row in rows if row[:1] not in "+-" and not row.startswith(" - all of it: "))
    assert all(rule in out for rule in told)
    assert not any(rule in out for rule in silent)


@pytest.mark.parametrize("output_format", FORMATS)
def test_select(capsys: pytest.CaptureFixture[str], output_format: str) -> None:
    args = ["check", str(FIXTURES / "old_project"), "--python", str(FIXTURES / "stale_venv")]
    assert run([*args, "--select", "FWS202", "--output-format", output_format]) == 1
    out = capsys.readouterr().out
    assert "FWS202" in out
    assert "FWS5" not in out
    assert "FWS4" not in out


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_file_gets_what_the_terminal_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output_format: str
) -> None:
    run([*ARGS, "--output-format", output_format])
    expected = capsys.readouterr().out
    assert expected
    assert run([*ARGS, "--output-format", output_format, "-o", str(tmp_path / "report")]) == 1
    assert capsys.readouterr().out == ""
    assert (tmp_path / "report").read_text("utf-8") == expected
    assert run([*ARGS, "--output-format", output_format, "-o", str(tmp_path / "no" / "report")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def everything(make) -> Report:
    secret = "fw_abcdef123456"
    line = f'x = Client(api_key="{secret}", weight_sync=1)'
    return Report(
        "lint",
        findings=(
            make(excerpt=line, message=f'Client(api_key="{secret}") is gone'),
            make(excerpt=line, location=Location("a b/ü.py", 1, 1, 4, 2), severity=Severity.WARNING),
            make(location=Location("note.ipynb", 2, 1, 2, 5, cell=3), excerpt=line),
            make(location=None, resource="accounts/me/deployments/x", severity=Severity.INFO),
            make(location=Location("<stderr>", 7)),
            make(location=Location("bad\udcff.py", 1)),
        ),
        problems=(Problem(f"cannot be read {secret}", "locked.py"), Problem("no such place")),
        preface=(f"first of all, {secret}",),
    )


@pytest.mark.parametrize("output_format", MACHINE)
def test_quiet_takes_nothing_from_what_programs_read(make, output_format: str) -> None:
    report = everything(make)
    assert reporters.render(report, output_format, quiet=True) == reporters.render(report, output_format)


@pytest.mark.parametrize("output_format", ["sarif", "github", "junit", "rdjson"])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_secret_and_no_half_character(make, output_format: str, unicode: bool) -> None:
    text = reporters.render(everything(make), output_format, unicode=unicode)
    assert "abcdef123456" not in text
    assert "[hidden]" in text
    assert unicode or text.isascii()
    text.encode("utf-8")
    assert "\\udcff" not in text


@pytest.mark.parametrize("output_format", ["text", "json", "jsonl"])
def test_no_secret_in_a_source_line(make, output_format: str) -> None:
    line = 'x = Client(api_key="fw_abcdef123456", weight_sync=1)'
    text = reporters.render(Report("lint", (make(excerpt=line),)), output_format)
    assert "abcdef123456" not in text
    assert "weight_sync=1" in text


@pytest.mark.parametrize("output_format", FORMATS)
def test_the_same_report_makes_the_same_text(make, output_format: str) -> None:
    texts = {reporters.render(everything(make), output_format) for _ in range(3)}
    assert len(texts) == 1


@pytest.mark.parametrize("output_format", sorted(reporters.FINDINGS_ONLY))
def test_what_has_no_findings_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], output_format: str
) -> None:
    assert run(["surface", "show", "TrainerConfig", "--output-format", output_format]) == 2
    error = capsys.readouterr().err
    assert error.startswith("fwdoctor: 'surface show'")
    assert error.count("\n") == 1
    with pytest.raises(FwdoctorError):
        reporters.render_as(Report("surface show", result=()), output_format, Style())


def test_json_has_the_redacted_line(make) -> None:
    report = Report("lint", (make(excerpt='k = "x"; api_key = "fw_abcdef123456"\n'), make()))
    first, second = json.loads(reporters.render(report, "json"))["findings"]
    assert first["excerpt"] == 'k = "x"; api_key = "[hidden]"'
    assert second["excerpt"] is None
