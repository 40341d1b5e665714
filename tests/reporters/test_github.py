"""Workflow commands as the runner reads them, no more than it shows, and the summary of the job."""

import re
from pathlib import Path
from typing import Any

import pytest

from fwdoctor import reporters
from fwdoctor.cli import run
from fwdoctor.finding import FileOutcome, FileStatus, Location, Problem, Report, Severity
from fwdoctor.reporters import Style, github_

PROJECT = Path(__file__).parents[1] / "fixtures" / "old_project"
MIGRATE = ["migrate", "--check", "--target", "june", str(PROJECT), "--output-format", "github"]


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner takes it apart: the level, the properties, the text."""
    command = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert command is not None, line

    def plain(text: str, marks: dict[str, str]) -> str:
        return re.sub("%(25|0D|0A|3A|2C)", lambda m: marks.get(m[1], m[0]), text)

    data = {"25": "%", "0D": "\r", "0A": "\n"}
    pairs = (pair.split("=", 1) for pair in command[2].split(","))
    given = {name: plain(value, data | {"3A": ":", "2C": ","}) for name, value in pairs}
    return command[1], given, plain(command[3], data)


def lines(report: Report, **style: Any) -> list[str]:
    return reporters.render_as(report, "github", Style(**style)).splitlines()


def test_a_finding(make) -> None:
    (line,) = lines(Report("lint", (make(),)))
    assert line == (
        "::error file=train.py,line=3,col=10,endLine=3,endColumn=21,title=FWD102 deprecated-weight-sync-config"
        "::weight_sync= is gone%0APort it.%0A$ fwdoctor migrate train.py"
    )


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "notice")],
)
def test_levels(make, severity: Severity, level: str) -> None:
    (line,) = lines(Report("lint", (make(severity=severity),)))
    assert read(line)[0] == level


@pytest.mark.parametrize("text", ["100%", "a\nb\r\nc", "x::y, z: 1", "%0A is no line's end", "::error::no"])
def test_what_the_runner_would_misread_is_escaped(make, text: str) -> None:
    name = text.replace("\r", "").replace("\n", "")
    finding = make(message=text, location=Location(f"{name}.py", 1), name=name, remedy=())
    (line,) = lines(Report("lint", (finding,)))
    level, given, told = read(line)
    assert (level, told) == ("error", text)
    assert given["file"] == f"{name}.py"
    assert given["title"] == f"FWD102 {name}"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (Location("a.py", 3, 10, 3, 21), {"line": "3", "col": "10", "endLine": "3", "endColumn": "21"}),
        (Location("a.py", 3, 10, 5, 2), {"line": "3", "endLine": "5"}),
        (Location("a.py", 3), {"line": "3", "endLine": "3"}),
        (Location("a.py"), {}),
        (Location("a.ipynb", 3, 10, cell=2), {}),
    ],
)
def test_places(make, location: Location, expected: dict[str, str]) -> None:
    (line,) = lines(Report("lint", (make(location=location),)))
    _, given, told = read(line)
    assert {k: v for k, v in given.items() if k not in ("file", "title")} == expected
    assert given["file"] == location.path
    assert told.startswith("cell 2, line 3: ") is (location.cell == 2)


def test_files_are_named_from_the_root_and_streams_are_none(make) -> None:
    found = (make(), make(location=Location("<stdin>", 1)), make(location=None))
    told = [read(line)[1].get("file") for line in lines(Report("lint", found), folder="/r/sub", root="/r")]
    assert sorted(told, key=str) == [None, None, "sub/train.py"]


def test_ten_of_a_level_in_the_order_of_places_and_a_line_about_the_rest(make) -> None:
    def many(severity: Severity, count: int) -> tuple[Any, ...]:
        places = (Location("b.py" if i % 2 else "a.py", count - i) for i in range(count))
        return tuple(make(severity=severity, location=place) for place in places)

    report = Report("lint", (*many(Severity.WARNING, 41), *many(Severity.ERROR, 11), *many(Severity.INFO, 3)))
    *commands, last = lines(report, job_summary=True)
    read_all = [read(line) for line in commands]
    assert [level for level, _, _ in read_all] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 3
    places = [(given["file"], int(given["line"])) for level, given, _ in read_all if level == "warning"]
    assert places == [("a.py", line) for line in range(1, 21, 2)]
    assert last == "… and 1 more error, 31 more warnings; see the job summary"
    assert lines(report)[-1] == "… and 1 more error, 31 more warnings"
    assert lines(report, unicode=False)[-1] == ".. and 1 more error, 31 more warnings"


def test_problems_come_first_and_count_as_errors(make) -> None:
    report = Report("lint", (make(),) * 10, problems=(Problem("is not UTF-8", "z.py"),))
    commands = lines(report)
    assert commands[0] == "::error file=z.py,title=fwdoctor::is not UTF-8"
    assert commands[-1] == "… and 1 more error"


def test_files_that_a_check_would_port_are_told() -> None:
    outcome = FileOutcome("a.py", FileStatus.PORTED, moves={"deprecated-infra-config": 2}, changed=True)
    (line,) = lines(Report("migrate", files=(outcome,), would_change=True))
    assert line == "::warning file=a.py,title=fwdoctor migrate::would be ported: deprecated-infra-config 2"


def test_nothing_found_is_nothing_printed() -> None:
    assert lines(Report("lint")) == []


# --- the summary of the job ---------------------------------------------------------------------------


def test_the_summary_has_all_findings(make) -> None:
    findings = tuple(make(location=Location("a.py", i + 1)) for i in range(30))
    text = github_.summary(Report("lint", findings, problems=(Problem("is not UTF-8", "z.py"),)), Style())
    assert text.startswith("### fwdoctor lint\n\n1 problem, 30 errors\n\n| |")
    rows = [row for row in text.splitlines() if row.startswith("| error")]
    assert rows[0] == "| error | fwdoctor | z.py | is not UTF-8 |"
    assert rows[1] == (
        r"| error | FWD102 deprecated-weight-sync-config | a.py:1 | weight\_sync= is gone<br>Port it.<br>"
        "$ fwdoctor migrate train.py |"
    )
    assert len(rows) == 31


def test_the_summary_of_a_clean_run() -> None:
    assert github_.summary(Report("lint"), Style()) == "### fwdoctor lint\n\nnothing found\n\n"


def test_no_text_breaks_the_table(make) -> None:
    text = github_.summary(
        Report("lint", (make(message="a | b\n<b>*c*</b> `d` [e](f)", remedy=()),)), Style()
    )
    row = text.splitlines()[-2]
    assert row.endswith(r"| a \| b<br>&lt;b>\*c\*&lt;/b> \`d\` \[e\](f) |")
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


@pytest.mark.parametrize("room", [0, 50, 400, 1000, 2500, 5000])
def test_the_summary_keeps_to_its_room_and_counts_what_it_left_out(make, room: int) -> None:
    findings = tuple(make(message=f"é{i}", remedy=()) for i in range(40))
    text = github_.summary(Report("lint", findings), Style(), room)
    assert len(text.encode()) <= room
    kept = text.count("| error")
    left = re.search(r"… (\d+) of 40 rows are left out", text)
    assert bool(text) is (room >= 400)
    if text:
        assert kept == (40 - int(left[1]) if left else 40)
        assert (left is None) is (room == 5000)


def test_the_summary_is_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert run(MIGRATE) == 1
    assert capsys.readouterr().err == ""
    text = summary.read_text("utf-8")
    assert text.startswith("before\n### fwdoctor migrate\n\n3 warnings\n")
    assert text.count("| warning |") == 5
    assert run([*MIGRATE, "--ignore", "FWD105", "-o", str(tmp_path / "log")]) == 1
    assert summary.read_text("utf-8").startswith(text + "### fwdoctor migrate\n\n1 error, 1 warning\n")


def test_other_formats_leave_the_summary_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert run([*MIGRATE[:-1], "sarif", "-o", str(tmp_path / "x.sarif")]) == 1
    assert not (tmp_path / "summary.md").exists()


def test_a_summary_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
    assert run(MIGRATE) == 1
    out, err = capsys.readouterr()
    assert out.startswith("::warning ")
    assert re.fullmatch(r"fwdoctor: .*summary\.md: cannot write the job summary: .*\n", err)


def test_a_full_summary_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_bytes(b"x" * (github_.SUMMARY - 10))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert run(MIGRATE) == 1
    assert "the job summary is full" in capsys.readouterr().err
    assert summary.stat().st_size == github_.SUMMARY - 10
