"""``fwdoctor resume`` as a user meets it: what is sent, and the exit status."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from fwdoctor.cli import run
from fwdoctor.controlplane import resume
from fwdoctor.controlplane.states import job_states
from tests.controlplane.fakes import PATH, posts
from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.control import JOB_STATES
from tests.fake_control_plane.scenarios import HOUR, TRAINER, train

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "output.json").read_text("utf-8"))
ONCE = [(f"{PATH}:resume", {})]


class Terminal(io.StringIO):
    """A standard input on which somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeControlPlane]:
    """A trainer that was cancelled, and an environment that leads to it; nobody sits at the terminal."""
    with FakeControlPlane() as made:
        train(made)
        made.trainers.set_state(TRAINER, "JOB_STATE_CANCELLED", age_s=HOUR)
        for name in [n for n in os.environ if n.startswith("FIREWORKS")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("FIREWORKS_BASE_URL", made.url)
        monkeypatch.setenv("FIREWORKS_API_KEY", made.key)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        yield made


# Of each state: how often the request is sent, the exit status, and words of what is said.
STATES = {
    "UNSPECIFIED": (0, 2, "which cannot be resumed (only PAUSED, FAILED, CANCELLED and COMPLETED can)"),
    "CREATING": (0, 0, "there is nothing to resume"),
    "RUNNING": (0, 0, "there is nothing to resume"),
    "COMPLETED": (1, 0, "resumed; it was COMPLETED"),
    "FAILED": (1, 0, "resumed; it was FAILED"),
    "CANCELLED": (1, 0, "resumed; it was CANCELLED"),
    "DELETING": (0, 2, "my-trainer is DELETING, which cannot be resumed"),
    "WRITING_RESULTS": (0, 0, "there is nothing to resume"),
    "VALIDATING": (0, 0, "there is nothing to resume"),
    "DELETING_CLEANING_UP": (0, 2, "What to do: wait"),
    "PENDING": (0, 0, "there is nothing to resume"),
    "EXPIRED": (0, 2, "What to do: launch a new job"),
    "RE_QUEUEING": (0, 0, "there is nothing to resume"),
    "CREATING_INPUT_DATASET": (0, 0, "there is nothing to resume"),
    "IDLE": (0, 2, "nobody says whether that can be resumed"),
    "CANCELLING": (0, 2, "What to do: wait until it is cancelled; then it can be resumed"),
    "EARLY_STOPPED": (0, 2, "What to do: launch a new job"),
    "PAUSED": (1, 0, "resumed; it was PAUSED"),
    "DELETED": (0, 2, "FWP114"),
    "ARCHIVED": (0, 2, "its id cannot be used again"),
    "HIBERNATING": (0, 2, "nobody says whether that can be resumed"),
}


def test_no_state_is_left_out() -> None:
    assert (
        {f"JOB_STATE_{s}" for s in STATES} - {"JOB_STATE_HIBERNATING"} == set(JOB_STATES) == set(job_states())
    )


@pytest.mark.parametrize("state", STATES)
def test_every_state(plane: FakeControlPlane, state: str, capsys: pytest.CaptureFixture[str]) -> None:
    plane.trainers.set_state(TRAINER, f"JOB_STATE_{state}")
    # By this machine's clock the fake's jobs are old; what that means is not the question here.
    plane.rewrite(f"{TRAINER}$", lambda row: {k: v for k, v in row.items() if k != "createTime"})
    sent, status, said = STATES[state]
    assert run(["resume", TRAINER, "--yes", "--no-wait"]) == status
    out, err = capsys.readouterr()
    assert said in out + err
    assert posts(plane) == ONCE * sent


@pytest.mark.parametrize(
    ("state", "rule"), [("PENDING", "FWP101"), ("CREATING", "FWP103"), ("RUNNING", "FWP104")]
)
def test_what_is_on_its_way_may_need_somebody(
    plane: FakeControlPlane, state: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plane.trainers.set_state(TRAINER, f"JOB_STATE_{state}")
    plane.trainers.get(TRAINER).healthy = False
    assert run(["resume", TRAINER, "--yes"]) == 1
    assert rule in capsys.readouterr().out
    assert posts(plane) == []


@pytest.mark.parametrize(
    ("arguments", "typed", "status", "sent", "said"),
    [
        ([], None, 2, 0, f"a person must say yes. To resume it: fwdoctor resume {TRAINER} --yes"),
        (["--no-wait"], "y\n", 0, 1, "Resume my-trainer? [y/N]"),
        (["--no-wait"], "yes\n", 0, 1, "resumed; it was CANCELLED"),
        ([], "n\n", 2, 0, "not resumed: nothing was sent"),
        ([], "\n", 2, 0, "not resumed: nothing was sent"),
        ([], "what?\nn\n", 2, 0, "not resumed: nothing was sent"),
        ([], "", 130, 0, "interrupted"),
        (["--yes", "--no-wait"], None, 0, 1, "resumed; it was CANCELLED"),
        (["-y", "--no-wait", "-q"], None, 0, 1, ""),
        (["--no-wait", "-q"], "y\n", 0, 1, "its GPUs are billed"),
    ],
)
def test_somebody_must_say_yes(
    plane: FakeControlPlane,
    arguments: list[str],
    typed: str | None,
    status: int,
    sent: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if typed is not None:
        monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert run(["resume", TRAINER, *arguments]) == status
    out, err = capsys.readouterr()
    assert said in out + err
    assert posts(plane) == ONCE * sent
    if "-y" not in arguments:
        assert "step-20-dcp" in err
        assert "its GPUs are billed" in err


def test_the_command_to_run_is_ready_to_paste(
    plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"accounts/acme/rlorTrainerJobs/{TRAINER}"
    assert run(["resume", name]) == 2
    assert f"fwdoctor resume {name} --yes\n" in capsys.readouterr().err
    assert run(["resume", name, "--yes", "--no-wait"]) == 0


def test_closed_standard_input_is_no_terminal(
    plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["resume", TRAINER]) == 2
    assert posts(plane) == []


def test_it_waits_until_the_trainer_answers(
    plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    plane.settings.plan_trainer("JOB_STATE_CREATING", "JOB_STATE_PENDING", "JOB_STATE_RUNNING")
    assert run(["resume", TRAINER, "--yes"]) == 0
    out, err = capsys.readouterr()
    assert "✓ job my-trainer  RUNNING, and its trainer answers" in out
    assert "nothing found" not in out
    assert " UTC  my-trainer  PENDING: it waits for free GPUs\n" in err
    assert posts(plane) == ONCE


def test_it_waits_no_longer_than_it_is_told(
    plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    plane.settings.plan_trainer("JOB_STATE_PENDING")
    assert run(["resume", TRAINER, "--yes", "--timeout", "1"]) == 1
    assert "FWP133" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--timeout", "0"], ["--timeout", "nan"], ["--timeout", "1e9"], ["two"]]
)
def test_wrong_use(plane: FakeControlPlane, arguments: list[str]) -> None:
    assert run(["resume", TRAINER, "--yes", *arguments]) == 2
    assert plane.log.calls == ()


@pytest.mark.parametrize("name", ["", "a b", "accounts/acme/deployments/serving", "x/y", "j\n"])
def test_wrong_names_are_told_before_anything_is_asked(
    plane: FakeControlPlane, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["resume", name, "--yes"]) == 2
    assert "expected a trainer job" in capsys.readouterr().err
    assert plane.log.calls == ()


@pytest.mark.parametrize(
    ("prepare", "status", "said"),
    [
        (lambda p: p.world.trainers.clear(), 1, "FWP115"),
        (lambda p: p.fail("", faults.error(401)), 1, "FWP001"),
        (lambda p: p.fail("", faults.error(403)), 1, "FWP006"),
        (lambda p: p.reading.accounts.append({"name": "accounts/other"}), 1, "FWP002"),
        (lambda p: p.reading.accounts.clear(), 1, "FWP003"),
        (lambda p: p.fail("", faults.html(200, "Sign in")), 2, "an HTML page"),
        (lambda p: p.fail("rlorTrainerJobs", faults.error(400, "no")), 2, "400"),
    ],
)
def test_what_cannot_be_seen_is_not_resumed(
    plane: FakeControlPlane, prepare: object, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(prepare)
    prepare(plane)
    assert run(["resume", TRAINER, "--yes"]) == status
    out, err = capsys.readouterr()
    assert said in out + err
    assert posts(plane) == []


def test_a_refusal_is_told(plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    plane.suspend("CREDIT_DEPLETED")
    assert run(["resume", TRAINER, "--yes"]) == 2
    out, err = capsys.readouterr()
    assert "FWP004" in out
    assert "my-trainer was not resumed" in err
    assert posts(plane) == ONCE


@pytest.mark.parametrize("arguments", [["--yes", "--no-wait"], []])
def test_json(plane: FakeControlPlane, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["resume", TRAINER, *arguments, "--output-format", "json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    assert document["command"] == "resume"
    assert [n for n in document["notes"] if n.startswith("checkpoint  step-20-dcp")]
    assert (status, bool(document["problems"])) == ((0, False) if arguments else (2, True))


def test_json_lines_hold_nothing_else(plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    plane.settings.plan_trainer("JOB_STATE_CREATING", "JOB_STATE_RUNNING")
    assert run(["resume", TRAINER, "--yes", "--output-format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["type"] for row in rows] == ["check", "summary"]


def test_secrets_stay(plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    plane.trainers.fail(TRAINER, f"Bearer {plane.key} was refused\x1b[2J")
    plane.fail(":resume$", faults.error(400, f"bad key {plane.key}"))
    for arguments in (["--yes"], ["--yes", "--output-format", "json"]):
        assert run(["resume", TRAINER, *arguments]) == 2
        out, err = capsys.readouterr()
        assert plane.key not in out + err
        assert "\x1b" not in err


@pytest.mark.parametrize("sent", [True, False])
def test_interrupted(
    plane: FakeControlPlane, sent: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def stop(self: resume.Resuming, *, wait: bool, timeout: float) -> resume.Ending:
        self.sent, self.doing = sent, "PENDING: it waits for free GPUs"
        raise KeyboardInterrupt

    monkeypatch.setattr(resume.Resuming, "run", stop)
    assert run(["resume", TRAINER, "--yes"]) == 130
    out = capsys.readouterr().out
    assert ("goes on without you; look: fwdoctor probe job my-trainer" in out) is sent
    assert ("nothing was sent" in out) is not sent


@pytest.mark.skipif(os.name == "nt", reason="no signals like these")
def test_a_real_interrupt(plane: FakeControlPlane) -> None:
    plane.settings.plan_trainer("JOB_STATE_PENDING")
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with fwdoctor("resume", TRAINER, "--yes", "--timeout", "60", **streams) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        while b"PENDING" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        assert b"goes on without you" in child.stdout.read()
        assert b"Traceback" not in child.stderr.read()
        assert child.wait() == 130
    assert posts(plane) == ONCE


def fwdoctor(*arguments: str, **streams: int) -> subprocess.Popen[bytes]:
    """A process of its own."""
    paths = os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))
    environ = {**os.environ, "PYTHONPATH": paths, "TERM": "xterm"}
    return subprocess.Popen([sys.executable, "-m", "fwdoctor", *arguments], cwd=ROOT, env=environ, **streams)


@pytest.mark.skipif(os.name == "nt", reason="no terminals like these")
def test_on_a_real_terminal(plane: FakeControlPlane) -> None:
    import pty

    plane.settings.plan_trainer("JOB_STATE_CREATING", "JOB_STATE_RUNNING")
    ours, theirs = pty.openpty()
    with fwdoctor("resume", TRAINER, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as child:
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(ours, 4096)
        assert posts(plane) == []
        os.write(ours, b"y\n")
        assert child.stdout is not None
        assert "RUNNING, and its trainer answers" in child.stdout.read().decode()
        assert child.wait() == 0
    shown += os.read(ours, 65536)
    os.close(ours)
    assert b"\x1b[1F\x1b[J" in shown
    assert posts(plane) == ONCE
