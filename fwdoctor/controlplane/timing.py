"""How long reading may take, and what tells the time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import field

from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells the time, waits and throws the dice: tests bring their own."""

    monotonic: Callable[[], float] = time.monotonic
    #: Seconds since 1970, for dates that servers send.
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    #: From 0 to 1.
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost: seconds, tries, bytes."""

    connect: float = 5.0
    read: float = 10.0
    #: Of one call, with its retries.
    total: float = 30.0
    retries: int = 3
    #: The first wait is up to this long, the next up to twice as long, and so on up to ``longest_wait``.
    first_wait: float = 0.5
    longest_wait: float = 8.0
    #: A server that asks for more patience than this does not get it.
    longest_retry_after: float = 10.0
    redirects: int = 3
    answer_bytes: int = 8 * 1024 * 1024
    error_bytes: int = 64 * 1024
    depth: int = 64
    concurrent: int = 20


@dataclass(slots=True)
class Budget:
    """Seconds that several calls may take together; they run from the moment it is made."""

    seconds: float
    clock: Clock = field(default_factory=Clock)
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.clock.monotonic()

    def left(self) -> float:
        """The seconds that are left, never below 0."""
        return max(0.0, self._start + self.seconds - self.clock.monotonic())
