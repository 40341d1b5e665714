"""The fake's time: it passes when a test says so, or, for people who try things out, by itself."""

from __future__ import annotations

import datetime as dt
import time

START = dt.datetime(2026, 8, 19, 10, 0, 0, tzinfo=dt.UTC)


class Clock:
    """Times that are the same in every run. ``live`` clocks go on by themselves from where they start."""

    def __init__(self, start: dt.datetime = START, *, live: bool = False) -> None:
        self._set = start
        self._since = time.monotonic() if live else None

    def now(self) -> dt.datetime:
        """What time it is; asking does not change it."""
        if self._since is None:
            return self._set
        return self._set + dt.timedelta(seconds=time.monotonic() - self._since)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._set += dt.timedelta(seconds=seconds)

    def ago(self, seconds: float) -> dt.datetime:
        """That long before now."""
        return self.now() - dt.timedelta(seconds=seconds)

    def __call__(self) -> str:
        """A time for something that happens now. Two things never happen at once: each takes a second."""
        if self._since is None:
            self.advance(1)
        return stamp(self.now())


def stamp(at: dt.datetime) -> str:
    """As the control plane writes times: RFC 3339 with microseconds, in UTC."""
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> dt.datetime:
    """The time that a stamp stands for."""
    return dt.datetime.fromisoformat(text)
