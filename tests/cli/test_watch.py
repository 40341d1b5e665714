"""``fwdoctor probe … --watch`` as a user meets it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from fwdoctor.cli import run
from fwdoctor.controlplane import watch
from tests.controlplane.fakes import posts
from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.scenarios import DEPLOYMENT, SCENARIOS, TRAINER, pair


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeControlPlane]:
    """An account without anything, and an environment that leads to it. Its time goes on by itself."""
    import datetime as dt

    with FakeControlPlane(start=dt.datetime.now(dt.UTC), live=True) as made:
        for name in [n for n in os.environ if n.startswith("FIREWORKS")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("FIREWORKS_BASE_URL", made.url)
        monkeypatch.setenv("FIREWORKS_API_KEY", made.key)
        yield made


JOB = ["probe", "job", TRAINER, "--watch", "--interval", "1"]
SERVING = ["probe", "deployment", DEPLOYMENT, "--watch", "--interval", "1"]


@pytest.mark.parametrize(
    ("scenario", "arguments", "status", "out", "err"),
    [
        (
            "healthy",
            JOB,
            0,
            "fine: my-trainer runs, serving serves the newest snapshot",
            "job my-trainer is RUNNING",
        ),
        ("healthy", SERVING, 0, "fine: serving serves the newest snapshot", "deployment serving is READY"),
        ("failed", JOB, 1, "ended: my-trainer is FAILED", "my-trainer has FWP109"),
        ("replicas-differ", SERVING, 1, "needs somebody: FWP402", "serving has FWP4"),
        ("pending", [*JOB, "--timeout", "1"], 1, "FWP134", "PENDING: it waits for free GPUs"),
        ("inference-only", JOB, 1, "FWP009", ""),
        ("no-account", JOB, 1, "FWP003", ""),
        ("proxy", JOB, 2, "", "an HTML page"),
        ("proxy", ["probe", "deployment", "none", "--watch"], 2, "", "an HTML page"),
        ("healthy", ["probe", "deployment", "none", "--watch"], 1, "there is no deployment none", ""),
        ("healthy", ["probe", "job", "none", "--watch"], 1, "FWP115", ""),
        ("healthy", [*JOB, "--quiet"], 0, "", ""),
    ],
)
def test_how_it_ends(
    plane: FakeControlPlane,
    scenario: str,
    arguments: list[str],
    status: int,
    out: str,
    err: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    SCENARIOS[scenario].prepare(plane)
    assert run(arguments) == status
    said = capsys.readouterr()
    assert out in said.out
    assert err in said.err
    assert "Traceback" not in said.err
    if "--quiet" in arguments:
        assert said.err == ""
    assert posts(plane) == []


@pytest.mark.parametrize("arguments", [JOB, SERVING])
def test_json_lines(
    plane: FakeControlPlane, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    SCENARIOS["replicas-differ"].prepare(plane)
    assert run([*arguments, "--output-format", "jsonl"]) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    kinds = [row["type"] for row in rows]
    assert kinds[:3] == ["look", "look", "verdict"]
    assert kinds[-1] == "summary"
    assert set(kinds[3:-1]) == {"check", "finding"}
    assert [len(row["deployments"][0]["replicas"]) for row in rows[:2]] == [3, 3]
    assert err == ""


def test_json_is_the_report_alone(plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    pair(plane)
    assert run([*JOB, "--output-format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["notes"][-1].startswith("fine: my-trainer runs")


@pytest.mark.parametrize(
    "arguments",
    [
        ["probe", "job", TRAINER, "--interval", "5"],
        ["probe", "deployment", DEPLOYMENT, "--interval", "5"],
        ["probe", "job", TRAINER, "other", "--watch"],
        ["probe", "deployment", DEPLOYMENT, "--job", TRAINER, "--watch"],
        [*JOB, "--interval", "0"],
        [*JOB, "--timeout", "nan"],
        [*JOB, "--timeout", "99999999999999999999"],
        ["probe", "job", "accounts/acme/deployments/serving", "--watch"],
    ],
)
def test_wrong_use(plane: FakeControlPlane, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert plane.log.calls == ()


@pytest.mark.parametrize("looks", [0, 1])
def test_interrupted(
    plane: FakeControlPlane, looks: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    SCENARIOS["pending"].prepare(plane)
    look = watch.Watch._look

    async def stop(self: watch.Watch, seconds: float) -> watch.Sight:
        if (self.sight is not None) == looks:
            raise KeyboardInterrupt
        return await look(self, seconds)

    monkeypatch.setattr(watch.Watch, "_look", stop)
    assert run(JOB) == 130
    out = capsys.readouterr().out
    assert "no longer watched: " in out
    assert ("my-trainer waits (PENDING: it waits for free GPUs)" if looks else "nothing was seen") in out


def test_secrets_stay(plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    pair(plane)
    plane.deployments.get(DEPLOYMENT).replicas[0].current = f"step-{plane.key}"
    for more in ([], ["--output-format", "jsonl"]):
        run([*SERVING, *more])
        out, err = capsys.readouterr()
        looks = "".join(line for line in out.splitlines() if '"look"' in line)
        assert plane.key not in looks + err
