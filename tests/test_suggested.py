"""Commands that findings suggest do what the run was about: the same target, and files that are there."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from fwdoctor.cli import run
from fwdoctor.finding import CheckOutcome, CheckStatus, FileOutcome, FileStatus, Finding, Remedy, Report
from fwdoctor.rulebook import rulebook
from fwdoctor.suggested import with_target, without_file

OLD = """\
from training.recipes.rl_loop import Config
from training.utils import WeightSyncConfig

config = Config(log_path="l", policy_job_id="j", weight_sync=WeightSyncConfig(weight_sync_interval=2))
"""
FORMATS = ["text", "json", "jsonl", "agent", "sarif", "github", "junit", "rdjson"]


def finding(*commands: str) -> Finding:
    return rulebook()["FWD101"].finding(path="a.py", detail="…", remedy=(Remedy("Port it.", commands),))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("fwdoctor migrate a.py", "fwdoctor migrate --target 'my book' a.py"),
        (
            "fwdoctor migrate --preserve-defaults write a.py",
            "fwdoctor migrate --target 'my book' --preserve-defaults write a.py",
        ),
        ("fwdoctor lint --fix a.py", "fwdoctor lint --target 'my book' --fix a.py"),
        ("fwdoctor migrate --diff --target latest a.py", None),
        ("fwdoctor migrate --diff --target=latest a.py", None),
        ("fwdoctor lint --ruff-config", None),
        ("fwdoctor surface fit a.py", None),
        ("fwdoctor migrates a.py", None),
        ("pip install fwdoctor migrate", None),
    ],
)
def test_a_command_gets_the_target_if_it_takes_one_and_has_none(command: str, expected: str | None) -> None:
    report = with_target(Report("lint", findings=(finding(command),)), "my book")
    assert report.findings[0].remedy == (Remedy("Port it.", (expected or command,)),)
    for nothing in (None, "auto"):
        assert with_target(Report("lint", findings=(finding(command),)), nothing).findings == (
            finding(command),
        )


def test_a_finding_stays_one_finding_wherever_the_report_holds_it() -> None:
    one = finding("fwdoctor migrate a.py")
    report = Report(
        "migrate",
        findings=(one,),
        checks=(CheckOutcome("code", CheckStatus.FINDING, "", (one,)),),
        files=(FileOutcome("a.py", FileStatus.PARTIAL, todo=(one,), ignored=(one,)),),
    )
    made = with_target(report, "june")
    assert made.checks is not None
    assert made.files is not None
    held = [made.findings[0], made.checks[0].findings[0], made.files[0].todo[0], made.files[0].ignored[0]]
    assert all(each is held[0] for each in held)
    assert held[0].remedy[0].commands == ("fwdoctor migrate --target june a.py",)


@pytest.mark.parametrize(
    ("command", "stays"),
    [
        ("fwdoctor migrate stdin.py", False),
        ("fwdoctor migrate 'a b.py'", True),
        ("fwdoctor migrate my_stdin.py", True),
        ("it's stdin.py", False),
    ],
)
def test_commands_on_a_file_that_is_not_there_go(command: str, stays: bool) -> None:
    report = without_file(Report("lint", findings=(finding(command),)), "stdin.py")
    assert report.findings[0].remedy == (Remedy("Port it.", (command,) if stays else ()),)


def test_a_path_is_one_word_of_a_command() -> None:
    found = rulebook()["FWD101"].finding(path="my train.py", detail="…")
    assert found.remedy[0].commands == ("fwdoctor migrate 'my train.py'",)


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("command", [["lint"], ["migrate", "--diff"]])
def test_every_format_shows_the_target(
    command: list[str],
    output_format: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "train.py").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    assert run([*command, "--target", "august", "--output-format", output_format, "train.py"]) == 1
    told = re.findall(r"fwdoctor migrate [^\n\\\"`]*train\.py", capsys.readouterr().out)
    assert all("--target august" in line for line in told), told
    assert told or output_format in ("sarif", "github", "junit", "rdjson")


def test_a_suggested_command_of_lint_ports_what_lint_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.py").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    assert run(["lint", "--target", "latest", "--output-format", "json", "train.py"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    commands = {c for f in findings for c in f["commands"]}
    assert commands == {"fwdoctor migrate --target latest train.py"}
    run(shlex.split(commands.pop())[1:])
    assert "WeightSyncConfig" not in (tmp_path / "train.py").read_text()


def test_the_target_of_the_settings_is_said_to_migrate_which_reads_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fwdoctor.toml").write_text('target = "june"\n')
    (tmp_path / "train.py").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    run(["lint", "train.py"])
    assert "$ fwdoctor migrate --target june train.py" in capsys.readouterr().out


def test_check_names_the_cookbook_that_only_an_option_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "books" / "training").mkdir(parents=True)
    project = '[project]\nname = "fireworks-training-cookbook"\nversion = "1"\n'
    (tmp_path / "books" / "training" / "pyproject.toml").write_text(project)
    (tmp_path / "run.log").write_text(
        "TypeError: Config.__init__() got an unexpected keyword argument 'infra'\n"
    )
    monkeypatch.chdir(tmp_path)
    run(["check", "--offline", "--cookbook", "books", "--log", "run.log", "--output-format", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    told = [c for f in findings for c in f["commands"] if "migrate" in c]
    assert told
    assert all("--target books" in command for command in told)


@pytest.mark.parametrize(
    ("options", "there", "told"),
    [
        ([], ["stdin.py"], False),
        (["--stdin-filename", "train.py"], [], False),
        (["--stdin-filename", "train.py"], ["train.py"], True),
    ],
)
@pytest.mark.parametrize("command", ["lint", "migrate"])
def test_the_standard_input_is_no_file_to_run_commands_on(
    command: str,
    options: list[str],
    there: list[str],
    told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in there:
        (tmp_path / name).write_text(OLD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OLD.encode())))
    run([command, "--target", "august", *options, "-"])
    both = capsys.readouterr()
    assert ("$ fwdoctor migrate --target august" in both.out + both.err) is told


def test_the_brief_suggests_no_lint_with_another_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.py").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    run(["lint", "--target", "august", "--output-format", "agent", "train.py"])
    told = [line for line in capsys.readouterr().out.splitlines() if "fwdoctor lint " in line]
    assert all("--target august" in line for line in told), told
