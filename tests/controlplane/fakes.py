"""What tests of the client share: time that passes in the fake when fwdoctor waits, and connections to it."""

from __future__ import annotations

from collections.abc import Callable

from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.timing import Clock
from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.scenarios import TRAINER

PATH = f"/v1/accounts/acme/rlorTrainerJobs/{TRAINER}"


def clock_of(plane: FakeControlPlane, then: Callable[[], object] | None = None) -> Clock:
    """A clock that shows the fake's time, and lets it pass instead of waiting; ``then`` is done in the first wait."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        plane.clock.advance(seconds)
        waited.append(seconds)
        if then is not None and len(waited) == 1:
            then()

    def now() -> float:
        return plane.clock.now().timestamp()

    return Clock(monotonic=now, now=now, sleep=sleep, random=lambda: 0.0)


def connection_to(plane: FakeControlPlane) -> Connection:
    return Connection(plane.url, plane.key)


def posts(plane: FakeControlPlane) -> list[tuple[str, object]]:
    """All that was sent and is no GET: path and body."""
    return [(c.path, c.body) for c in plane.log.calls if c.changes]
