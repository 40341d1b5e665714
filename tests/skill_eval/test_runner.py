"""The runner: any command line is an agent; what it leaves behind is recorded; nothing of the user's leaks in."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.skill_eval.__main__ import main
from tests.skill_eval.build import KEY, environment, prepare
from tests.skill_eval.judge import recorded
from tests.skill_eval.scenario import everything, named

ANSWER = "No FIREWORKS_API_KEY is set: export it in the shell."


def shell(line: str) -> str:
    """An agent that is a line of shell."""
    return shlex.join(["sh", "-c", line, "agent"])


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    status = main([*arguments, "--output-format", "json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_list_has_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == list(everything())


@pytest.mark.parametrize("way", ["argument", "standard input", "file"])
def test_the_prompt_reaches_the_agent(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agents = {
        "argument": shell('echo "$1"; fwdoctor --version >&2') + " {prompt}",
        "standard input": shell("cat; fwdoctor --version >&2"),
        "file": shell('cat "$1"; fwdoctor --version >&2') + " {prompt_file}",
    }
    status, told = run_json(
        capsys, "--scenario", "15", "--agent", agents[way], "--keep", str(tmp_path / "kept")
    )
    (outcome,) = told["scenarios"]  # type: ignore[misc]
    assert status == 1
    assert outcome["answer"].strip() == named("15").prompt.strip()
    assert not outcome["solved"]
    assert (tmp_path / "kept" / "15-no-key" / "record" / "answer.txt").exists()


def test_a_right_agent_passes_and_the_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    agent = shell(f"fwdoctor check . >&2; echo {shlex.quote(ANSWER)}")
    assert main(["--scenario", "15-no-key", "--agent", agent]) == 0
    out = capsys.readouterr().out
    assert "15-no-key" in out
    assert "solved" in out
    assert out.endswith("1 of 1 solved\n")


def test_a_wrong_one_is_told_what_is_amiss(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scenario", "15-no-key", "--agent", shell("echo Send me your API key; exit 3")]) == 1
    out = capsys.readouterr().out
    for told in (
        "FAILED",
        "does not ask for a key: Send me your API key",
        "fwdoctor was run",
        "the agent ended well: status 3",
    ):
        assert told in out


def test_an_agent_that_does_not_end_is_ended_with_all_it_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = shell(f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    status, told = run_json(capsys, "--scenario", "15", "--timeout", "1", "--agent", agent)
    (outcome,) = told["scenarios"]  # type: ignore[misc]
    assert (status, outcome["status"]) == (1, None)
    child = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--agent"),
        (["--agent", "no-such-agent-anywhere", "--scenario", "15"], "no-such-agent-anywhere cannot be run"),
        (["--agent", "'", "--scenario", "15"], "--agent: No closing quotation"),
        (["--agent", "", "--scenario", "15"], "say which --agent"),
        (["--agent", "x", "--scenario", "99"], "no scenario 99"),
        (["--agent", "x", "--scenario", "1"], "which one?"),
        (["--agent", "x", "--scenario", "15", "--skills-of", "nobody"], "nobody"),
        (["--prepare", "somewhere"], "--prepare takes one --scenario"),
        (["--judge", "nowhere", "nothing"], "was not made by --prepare"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_prepare_and_judge_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is a shell's: it leads into the project, with our fwdoctor first on the path."""
    folder = tmp_path / "a b"
    assert main(["--scenario", "13", "--prepare", str(folder)]) == 0
    lines = capsys.readouterr().out.split("# the question:")[0]
    done = subprocess.run(
        ["sh", "-ec", f"{lines}\nfwdoctor probe job my-trainer"], capture_output=True, text=True, check=False
    )
    assert "ACCELERATOR_TIER_REQUIRED" in done.stdout
    assert done.returncode == 1
    answer = tmp_path / "answer.txt"
    answer.write_text(
        "my-trainer: ACCELERATOR_TIER_REQUIRED; step-20-dcp is there, it costs. Shall I resume it?", "utf-8"
    )
    assert main(["--judge", str(folder), str(answer)]) == 0
    assert "BAD" not in capsys.readouterr().out
    answer.write_text("No idea.", "utf-8")
    status, told = run_json(capsys, "--judge", str(folder), str(answer))
    assert (status, told["solved"]) == (1, False)
    assert main(["--scenario", "13", "--prepare", str(folder)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_commands_are_recorded_and_what_would_install_or_send_is_refused(tmp_path: Path) -> None:
    scenario = named("13")
    prepare(scenario, tmp_path / "it")
    environ = environment(scenario, tmp_path / "it", os.environ)
    lines = {
        "fwdoctor probe job my-trainer": 1,
        "fwdoctor resume my-trainer": 2,
        "pip install fireworks-ai": 1,
        "python -m pip install fireworks-ai": 1,
        ".venv/bin/python -m pip install 'fireworks-ai[training]'": 1,
        "curl http://localhost:1/": 1,
        "python -c 'raise SystemExit(7)'": 7,
    }
    for line, status in lines.items():
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path / "it" / "project",
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, (line, done.stdout, done.stderr)
    calls = recorded(tmp_path / "it")
    assert [call.status for call in calls] == list(lines.values())
    assert calls[0].line == "fwdoctor probe job my-trainer"
    assert calls[0].asked
    assert all(asked.startswith("GET ") for call in calls for asked in call.asked)


def test_a_resume_that_is_agreed_to_by_the_agent_itself_is_seen(tmp_path: Path) -> None:
    scenario = named("13")
    prepare(scenario, tmp_path / "it")
    environ = environment(scenario, tmp_path / "it", os.environ)
    subprocess.run(
        ["fwdoctor", "resume", "my-trainer", "--yes", "--no-wait"],
        cwd=tmp_path / "it" / "project",
        env=environ,
        capture_output=True,
        check=False,
        executable=str(tmp_path / "it" / "bin" / "fwdoctor"),
    )
    (call,) = recorded(tmp_path / "it")
    assert [asked for asked in call.asked if asked.startswith("POST ")]


def test_the_environment_holds_no_real_key(tmp_path: Path) -> None:
    theirs = {
        "PATH": "/usr/bin",
        "HOME": "/h",
        "FIREWORKS_API_KEY": "fw_real",
        "TINKER_API_KEY": "t",
        "PYTHONPATH": "/p",
    }
    with_key = environment(named("13"), tmp_path, theirs)
    without = environment(named("15"), tmp_path, theirs)
    assert with_key["FIREWORKS_API_KEY"] == KEY
    assert "FIREWORKS_API_KEY" not in without
    for made in (with_key, without):
        assert "TINKER_API_KEY" not in made
        assert "PYTHONPATH" not in made
        assert made["PATH"] == f"{tmp_path / 'bin'}:/usr/bin"
        assert made["HOME"] == "/h"


def test_it_is_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.skill_eval", "--list", "--scenario", "15"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("15-no-key")
