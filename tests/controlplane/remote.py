"""A checkup against the fake: as ``fwdoctor check`` runs it, without the local half."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fwdoctor.cli.check import subjects_of
from fwdoctor.controlplane.checkup import checkup
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.outcome import Checkup
from fwdoctor.controlplane.timing import Clock
from fwdoctor.explain.inputs import open_file
from fwdoctor.explain.run import explain
from tests.fake_control_plane import FakeControlPlane


async def no_wait(_: float) -> None:
    """Retries come at once."""


def clock_of(plane: FakeControlPlane, ahead: float = 0) -> Clock:
    """The fake's time, so that what is said of ages is the same in every run."""
    return Clock(now=lambda: plane.clock.now().timestamp() + ahead, sleep=no_wait)


def check(
    plane: FakeControlPlane,
    *,
    jobs: Sequence[str] = (),
    deployments: Sequence[str] = (),
    log: Path | None = None,
    environ: dict[str, str] | None = None,
    ahead: float = 0,
    seconds: float = 15.0,
    url: str | None = None,
) -> Checkup:
    """What the remote half says."""
    given = {"FIREWORKS_BASE_URL": url or plane.url, "FIREWORKS_API_KEY": plane.key, **(environ or {})}
    more: dict[str, Any] = {"seconds": seconds, "clock": clock_of(plane, ahead)}
    errors = None
    if log is not None:
        errors = subjects_of([str(log)], explain([open_file(str(log))]).findings)
    made = checkup(Connection.from_environment(given), given, jobs, deployments, errors, **more)
    assert {call.method for call in plane.log.calls} <= {"GET"}
    assert plane.key not in repr(dataclasses.asdict(made))
    return made


def rules(made: Checkup) -> dict[str, set[str]]:
    """The rules by section."""
    return {outcome.section: {f.rule for f in outcome.findings} for outcome in made.outcomes}
