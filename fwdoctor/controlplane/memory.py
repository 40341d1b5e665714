"""A control plane that is asked for each thing once, however many probes want it, and within one budget."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar, cast

from fwdoctor.controlplane.client import ControlPlane, Listing, Param
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.names import Resource
from fwdoctor.controlplane.timing import Budget, Clock, Limits

_T = TypeVar("_T")


class Remembering(ControlPlane):
    """Keeps every answer. What the control plane refused once is not asked for again; a trainer or a replica
    that does not answer may do so in a moment, and can be asked again.
    """

    def __init__(
        self,
        connection: Connection,
        budget: Budget,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(connection, limits=limits, clock=clock)
        self._budget = budget
        self._asked: dict[Hashable, asyncio.Task[Any]] = {}

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        open_ones = [task for task in self._asked.values() if not task.done()]
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)
        await super().__aexit__(kind, error, trace)

    async def get(
        self, path: str, params: Mapping[str, Param] | None = None, *, budget: Budget | None = None
    ) -> dict[str, Any]:
        ask = super().get(path, params, budget=budget or self._budget)
        return await self._remember(("get", path, _key(params)), ask, again=not path.startswith("/v1/"))

    async def pages(
        self,
        path: str,
        keys: str | Sequence[str],
        params: Mapping[str, Param] | None = None,
        *,
        budget: Budget | None = None,
        most_pages: int = 50,
        most_rows: int = 10_000,
    ) -> Listing:
        ask = super().pages(
            path, keys, params, budget=budget or self._budget, most_pages=most_pages, most_rows=most_rows
        )
        return await self._remember(("pages", path, _key(params), most_pages, most_rows), ask)

    async def hot_load_status(
        self, base_model: str, deployment: Resource | str, *, budget: Budget | None = None
    ) -> dict[str, Any]:
        ask = super().hot_load_status(base_model, deployment, budget=budget or self._budget)
        return await self._remember(("hot load", base_model, str(deployment)), ask, again=True)

    async def healthz(
        self, job: Resource, account: str | None = None, *, budget: Budget | None = None
    ) -> int:
        ask = super().healthz(job, account, budget=budget or self._budget)
        return await self._remember(("healthz", job.name(account)), ask, again=True)

    async def _remember(self, key: Hashable, ask: Coroutine[Any, Any, _T], *, again: bool = False) -> _T:
        old = self._asked.get(key)
        if old is not None and not (again and old.done() and (old.cancelled() or old.exception())):
            ask.close()
        else:
            self._asked[key] = asyncio.ensure_future(ask)
        # One that gives up must not take the answer from the others.
        return cast(_T, await asyncio.shield(self._asked[key]))


def _key(params: Mapping[str, Param] | None) -> Hashable:
    return tuple(sorted((params or {}).items()))
