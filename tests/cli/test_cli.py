"""The command line as a user meets it: real processes where it matters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest

import fwdoctor
from fwdoctor.cli import group as main_group
from fwdoctor.cli import run

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tests" / "fixtures" / "old_project"
SCHEMA = json.loads((ROOT / "docs" / "schema" / "output.json").read_text("utf-8"))


def fwdoctor_process(*args: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FIREWORKS", "FWDOCTOR", "NO_COLOR"))}
    environ |= {"PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))} | env
    command = [sys.executable, "-m", "fwdoctor", *args]
    return subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"fwdoctor {fwdoctor.__version__}\n"


def test_the_start_imports_nothing_heavy() -> None:
    code = (
        "import sys; from fwdoctor.cli import run; run(['--help']); "
        "print([m for m in ('libcst', 'rich', 'httpx', 'packaging', 'pyflakes', 'tomllib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "args",
    [
        ["migrat"],
        ["migrate"],
        ["check", "--colour"],
        ["migrate", "--target"],
        ["rule", "--every"],
        ["run", "--exit-zero", "--", "true"],
    ],
)
def test_bad_usage_is_status_2_and_no_traceback(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(args) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert error.strip()


def test_a_misspelt_command_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    run(["migrat", "."])
    assert "Did you mean 'migrate'?" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["yuly", "./nowhere", "2020-01-01"])
def test_a_wrong_target_is_one_line(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "--target", target, str(PROJECT)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("fwdoctor: ")
    assert error.count("\n") == 1


def test_an_unknown_rule_code_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "--select", "XYZ", str(PROJECT)]) == 2
    assert "XYZ" in capsys.readouterr().err


@pytest.mark.parametrize(
    "args",
    [["migrate", "--diff", "--target", "august"], ["check"], ["migrate", "--check", "--target", "june"]],
)
def test_json_is_valid_by_its_schema(args: list[str]) -> None:
    done = fwdoctor_process(*args, "--output-format", "json", str(PROJECT))
    assert done.returncode in (1, 2)
    data = json.loads(done.stdout)
    jsonschema.validate(data, SCHEMA)
    assert data["command"] == args[0]
    assert data["findings"]


def test_jsonl_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    run(["migrate", "--diff", "--target", "june", "--output-format", "jsonl", str(PROJECT)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["type"] for r in rows] == ["file", "file", "finding", "finding", "finding", "summary"]


def test_filters_act_on_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    # To migrate, they choose moves as well: FWD106 tells what FWD102 leaves behind.
    args = ["migrate", "--diff", "--target", "june", "--select", "FWD102,FWD106", str(PROJECT)]
    for output_format in ("text", "concise", "json", "jsonl"):
        assert run([*args, "--output-format", output_format]) == 1
        out = capsys.readouterr().out
        assert "FWD106" in out
        assert "FWD105 cleanup" not in out
        assert '"rule": "FWD105"' not in out
    assert run([*args[:-1], "--ignore", "FWD106", str(PROJECT)]) == 0


def test_exit_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "--diff", "--target", "june", "--exit-zero", str(PROJECT)]) == 0
    assert run(["migrate", "--diff", "--target", "june", "--exit-zero", "nowhere"]) == 2


def test_plain_when_not_a_terminal_and_with_no_color() -> None:
    plain = fwdoctor_process("migrate", "--diff", "--target", "june", str(PROJECT))
    assert "\x1b" not in plain.stdout
    forced = fwdoctor_process("migrate", "--diff", "--target", "june", "--color", str(PROJECT))
    assert "\x1b[" in forced.stdout


def test_a_terminal_without_unicode_gets_ascii() -> None:
    done = fwdoctor_process("check", str(PROJECT), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.stdout.isascii()
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m fwdoctor rule --all | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_output_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.json"
    run(["migrate", "--diff", "--target", "june", "--output-format", "json", "-o", str(out), str(PROJECT)])
    assert capsys.readouterr().out == ""
    assert json.loads(out.read_text("utf-8"))["tool"] == "fwdoctor"
    assert run(["migrate", "--diff", "--target", "june", "-o", str(tmp_path / "no" / "r"), str(PROJECT)]) == 2


def test_a_folder_called_codemods_or_rules_does_not_shadow_ours(tmp_path: Path) -> None:
    for name in ("codemods", "rules", "skills"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong package')\n")
    (tmp_path / "old.py").write_text(
        "from training.utils import InfraConfig\nx = InfraConfig(trainer_timeout_s=1)\n"
    )
    done = fwdoctor_process("migrate", "--target", "june", "old.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "timeout_s=1" in (tmp_path / "old.py").read_text()


def test_an_internal_error_is_named_as_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fwdoctor.migrate import run as runner

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runner, "migrate_and_keep", fail)
    monkeypatch.delenv("FWDOCTOR_DEBUG", raising=False)
    assert run(["migrate", "--target", "june", str(PROJECT)]) == 2
    assert "internal error (ZeroDivisionError)" in capsys.readouterr().err


def test_rule_explains(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rule", "FWD101"]) == 0
    assert "deprecated-infra-config" in capsys.readouterr().out
    assert run(["rule", "deprecated-infra-config"]) == 0
    assert run(["rule", "FWD999"]) == 2
    assert "no such rule" in capsys.readouterr().err


def test_all_rules_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rule", "--all", "--output-format", "json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert {"FWD101", "FWS501"} <= {r["id"] for r in rules}


def test_a_path_that_is_missing_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()  # else it is told that there is none
    (tmp_path / "old.py").write_text(
        "from training.utils import InfraConfig\nx = InfraConfig(trainer_timeout_s=1)\n"
    )
    assert run(["migrate", str(tmp_path / "gone"), str(tmp_path / "old.py")]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "gone" in captured.err
    assert "timeout_s=1" in (tmp_path / "old.py").read_text()


_FILTERS = {"--select", "--extend-select", "--ignore"}


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (["run"], {"--exit-zero"}),
        (["skill", "path"], {*_FILTERS, "--exit-zero", "--quiet", "--verbose"}),
        (["skill", "install"], {*_FILTERS, "--verbose"}),
        (["surface", "fit"], {*_FILTERS, "--quiet"}),
        (["surface", "show"], {*_FILTERS, "--quiet"}),
        (["surface", "diff"], {*_FILTERS, "--quiet", "--exit-zero"}),
        (["surface", "build"], {*_FILTERS, "--quiet", "--exit-zero"}),
        (["lint"], set()),
        (["migrate"], set()),
        (["check"], set()),
        (["probe", "job"], set()),
    ],
)
def test_only_options_that_do_something_are_offered(
    command: list[str], missing: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run([*command, "--help"])
    offered = set(capsys.readouterr().out.replace(",", " ").split())
    formats = "[text|concise|json|jsonl|agent]" if command[0] in ("skill", "surface") else "sarif"
    assert any(formats in word for word in offered)
    common = {*_FILTERS, "--exit-zero", "--quiet", "--verbose", "--output-format", "--output-file"}
    assert offered & common == common - missing


def test_select_and_quiet_act_on_run(capfd: pytest.CaptureFixture[str]) -> None:
    code = "raise SystemExit(\"TypeError: Config.__init__() got an unexpected keyword argument 'infra'\")"
    told = {}
    for options in ([], ["--select", "FWD"], ["--quiet"]):
        assert run(["run", *options, "--", sys.executable, "-c", code]) == 1
        told[" ".join(options)] = capfd.readouterr().err
    assert "FWE" in told[""]
    assert "FWE" not in told["--select FWD"]
    assert "FWE" in told["--quiet"]
    assert len(told["--quiet"]) < len(told[""])


@pytest.mark.parametrize("command", [[], ["probe"], ["skill"], ["surface"]])
def test_no_summary_of_a_command_is_cut(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run([*command, "--help"])
    rows = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
    found = main_group
    for name in command:
        found = found.get_command(click.Context(found), name)
    names = found.list_commands(click.Context(found))
    assert [row.split()[0] for row in rows] == names, "each has one line"
    assert all(len(row) <= 80 and row.endswith(".") and not row.endswith("...") for row in rows)
