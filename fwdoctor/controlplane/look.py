"""How probes look: each thing is asked for once, and what cannot be read is unknown.

A refused key ends a probe; a list that may not be read does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from fwdoctor.controlplane.client import Account, ControlPlane
from fwdoctor.controlplane.errors import ControlPlaneError, Kind
from fwdoctor.controlplane.timing import Budget
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding, Problem, Severity
from fwdoctor.lean_dataclass import dataclass

Row = dict[str, Any]
_T = TypeVar("_T")

#: There is no such thing, or this key may not see it: that is an answer, and no failure.
_NOT_SEEN = frozenset({Kind.FORBIDDEN, Kind.NOT_FOUND})


@dataclass
class Probed:
    """What a probe has to say: a line for each resource, findings, and what could not be asked."""

    outcomes: list[CheckOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, section: str, detail: str, findings: Sequence[Finding]) -> None:
        """A resource that was looked at. What is only good to know leaves it in order."""
        wrong = any(f.severity is not Severity.INFO for f in findings)
        status = CheckStatus.FINDING if wrong else CheckStatus.OK
        self.outcomes.append(CheckOutcome(section, status, detail, tuple(findings)))
        self.findings += findings


@dataclass
class Look:
    """One look at the control plane: what several probes need is asked for once.

    Used as ``async with Look(…) as look`` where a probe may fail while others still ask. ``pause`` is the
    time, in seconds, between two reads of what may be just a moment's trouble.
    """

    plane: ControlPlane
    now: datetime
    budget: Budget | None = None
    pause: float = 1.0
    #: what could not be read although it should be there
    unread: list[str] = field(default_factory=list)
    _asked: dict[tuple[str, ...], asyncio.Task[Any]] = field(default_factory=dict, repr=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._asked.values():
            task.cancel()
        # What nobody waited for any more must not be complained about at the end.
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    async def rest(self) -> None:
        """Wait before a second look, as far as there is time."""
        left = self.budget.left() if self.budget is not None else self.pause
        await asyncio.sleep(min(self.pause, left))

    async def account(self) -> Account:
        """The key's account.

        Raises:
            ControlPlaneError, AccountError: there is no telling.
        """
        return await self.plane.account(budget=self.budget)

    async def row(self, path: str) -> Row | None:
        """The row at a path; None if it is not there.

        Raises:
            ControlPlaneError: it could not be asked for.
        """
        try:
            return await self.once((path,), self.plane.get(path, budget=self.budget))
        except ControlPlaneError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise

    async def rows(
        self, path: str, keys: str | Sequence[str], *, needed: bool = False, **params: str | bool
    ) -> list[Row] | None:
        """The rows of a list; None if they may not be seen, cannot be read, or are not all there.

        That those which are ``needed`` may not be seen is a problem.
        """
        names = (path, *(f"{name}={value}" for name, value in params.items()))
        try:
            listing = await self.once(names, self.plane.pages(path, keys, params, budget=self.budget))
        except ControlPlaneError as error:
            self.miss(error, needed=needed)
            return None
        if listing.incomplete is not None:
            self.unread.append(f"{path}: {listing.incomplete}")
            return None
        return list(listing.rows)

    async def first_rows(
        self, path: str, keys: str | Sequence[str], **params: str | bool
    ) -> list[Row] | None:
        """The first page of a list, as long as the server likes; None as for :meth:`rows`."""
        names = (path, "first page", *(f"{name}={value}" for name, value in params.items()))
        try:
            asked = self.plane.pages(path, keys, params, budget=self.budget, most_pages=1)
            return list((await self.once(names, asked)).rows)
        except ControlPlaneError as error:
            self.miss(error)
            return None

    def miss(self, error: ControlPlaneError, *, needed: bool = False) -> None:
        """Remember what could not be read, unless it just may not be seen and is not ``needed``."""
        if needed or error.kind not in _NOT_SEEN:
            self.unread.append(str(error))

    def problems(self) -> list[Problem]:
        """What could not be read, each once: the look is not whole."""
        return [Problem(f"not all could be read: {told}") for told in dict.fromkeys(self.unread)]

    async def once(self, names: tuple[str, ...], asked: Coroutine[Any, Any, _T]) -> _T:
        """What ``asked`` brings; of several with the same names only the first one asks, for all of them."""
        if names in self._asked:
            asked.close()
        else:
            self._asked[names] = asyncio.ensure_future(asked)
        # One caller that gives up must not take the answer from the others.
        return cast(_T, await asyncio.shield(self._asked[names]))


async def nothing() -> None:
    """What is not asked for."""
    return


def now() -> datetime:
    """The time, as this machine has it."""
    return datetime.now(UTC)
