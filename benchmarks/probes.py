"""How long probes take where each answer takes a while: against a fake control plane in a process of its own.

What counts is how much is asked at once. The ideal is all requests of the probe, divided by the connections
that it may use, times the latency of one.
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING

from fwdoctor.controlplane.client import ControlPlane
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.look import Look, Probed
from fwdoctor.controlplane.probes import probe_account, probe_deployment
from fwdoctor.controlplane.timing import Limits

if TYPE_CHECKING:
    import httpx

LATENCY = 0.05
TRAINERS = 200
#: The aims: times the ideal, and round trips one after the other.
MOST_TIMES, MOST_ROUNDS = 3.0, 6
_KEY = "fw_benchmark_key"
Ask = Callable[[Look], Awaitable[Probed]]


def serve(pipe: Pipe) -> None:
    """A fake with trainers, each with a deployment that serves its newest weights, until told to end."""
    from tests.fake_control_plane import FakeControlPlane
    from tests.fake_control_plane.scenarios import SESSION

    with FakeControlPlane(key=_KEY, start=datetime.now(UTC), live=True) as plane:
        for number in range(TRAINERS):
            name = f"trainer-{number:03}"
            trainer = plane.add_trainer(name)
            plane.trainers.born(name, 7200 + 3600 * number)
            plane.trainers.save(name, "step-1", "INFERENCE_BASE", age_s=900, session=SESSION)
            plane.trainers.save(name, "step-1-dcp", "TRAINING", age_s=800)
            plane.add_deployment(f"serving-{number:03}", trainer)
            plane.deployments.load(f"serving-{number:03}", f"step-1-{SESSION}")
        plane.settings.latency_s = LATENCY
        pipe.send(plane.url)
        pipe.recv()


@dataclass
class Timed:
    """One run: its seconds, and when each request was sent and answered."""

    seconds: float = 0.0
    findings: int = 0
    spans: list[tuple[float, float]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        """The most requests of which each was sent after the one before was answered."""
        count, free = 0, -math.inf
        for start, end in sorted(self.spans, key=lambda span: span[1]):
            if start >= free:
                count, free = count + 1, end
        return count

    @property
    def ideal(self) -> float:
        """The seconds if all requests were asked at once, as far as there are connections."""
        return math.ceil(len(self.spans) / Limits().concurrent) * LATENCY


def timed(url: str, ask: Ask) -> Timed:
    """Ask once, cold: with new connections."""
    import httpx

    told = Timed()

    class Watched(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            start = time.perf_counter()
            answer = await super().handle_async_request(request)
            told.spans.append((start, time.perf_counter()))
            told.paths.append(request.url.path)
            return answer

    async def run() -> Probed:
        network = Watched(verify=False, limits=httpx.Limits(max_connections=Limits().concurrent))
        async with ControlPlane(Connection(url, _KEY), transport=network) as plane:
            return await ask(Look(plane, datetime.now(UTC)))

    start = time.perf_counter()
    said = asyncio.run(run())
    told.seconds = time.perf_counter() - start
    told.findings = len(said.findings)
    if said.problems:
        raise SystemExit(f"the benchmark's control plane does not answer: {said.problems[0]}")
    return told


def bare(url: str, paths: Sequence[str]) -> float:
    """The seconds that the same requests take without a probe around them: what the fake can do."""
    import httpx

    async def run() -> None:
        slots = asyncio.Semaphore(Limits().concurrent)
        limits = httpx.Limits(max_connections=Limits().concurrent)
        headers = {"Authorization": f"Bearer {_KEY}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, verify=False) as http:

            async def one(path: str) -> None:
                async with slots:
                    await http.get(path)

            await asyncio.gather(*map(one, paths))

    start = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - start


def report(runs: int) -> int:
    """Measure, print a table; 1 if an aim is missed."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        if not ours.poll(60):
            raise SystemExit("the benchmark's control plane does not start")
        return _table(ours.recv(), runs)
    finally:
        ours.send("end")
        server.join(10)


def _table(url: str, runs: int) -> int:
    accounts = [timed(url, probe_account) for _ in range(runs)]
    pairs = [
        timed(url, lambda look: probe_deployment(look, "serving-007", "trainer-007")) for _ in range(runs)
    ]
    account, pair = (sorted(each, key=lambda t: t.seconds)[runs // 2] for each in (accounts, pairs))
    floor = statistics.median(bare(url, account.paths) for _ in range(runs))
    times, rounds = account.seconds / account.ideal, max(each.rounds for each in pairs)
    print("| probe | requests | took | ideal | ratio | aim | met |")
    print("|---|---:|---:|---:|---:|---|---|")
    print(
        f"| account, {TRAINERS} trainers and {TRAINERS} deployments | {len(account.spans)} |"
        f" {account.seconds * 1000:.0f} ms | {account.ideal * 1000:.0f} ms | {times:.2f} | ≤ {MOST_TIMES:g} |"
        f" {'yes' if times <= MOST_TIMES else 'no'} |"
    )
    print(
        f"| the same requests, without a probe | {len(account.spans)} | {floor * 1000:.0f} ms |"
        f" {account.ideal * 1000:.0f} ms | {floor / account.ideal:.2f} | | |"
    )
    print(
        f"| deployment and its job, cold | {len(pair.spans)} | {pair.seconds * 1000:.0f} ms |"
        f" {rounds} round trips | | ≤ {MOST_ROUNDS} | {'yes' if rounds <= MOST_ROUNDS else 'no'} |"
    )
    return int(times > MOST_TIMES or rounds > MOST_ROUNDS)
