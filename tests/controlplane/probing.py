"""Probes asked of the fake control plane as the command asks them: over HTTP, or with the wire left out.

Every way ends with the same check: nothing but GET was sent.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from fwdoctor.controlplane import probes
from fwdoctor.controlplane.client import AccountError, ControlPlane
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.diagnoses.access import as_refusal
from fwdoctor.controlplane.diagnoses.shapes import Wanted
from fwdoctor.controlplane.errors import ControlPlaneError
from fwdoctor.controlplane.look import Look, Probed
from fwdoctor.controlplane.timing import Clock
from fwdoctor.finding import Problem, Severity
from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.scenarios import DEPLOYMENT, TRAINER
from tests.fake_control_plane.wire import Request

Ask = Callable[[Look], Awaitable[Probed]]


def job(name: str = TRAINER) -> Ask:
    return lambda look: probes.probe_job(look, name)


def checkpoints(name: str = TRAINER, model: str | None = None) -> Ask:
    return lambda look: probes.probe_checkpoints(look, name, model)


def deployment(name: str = DEPLOYMENT, of: str | None = None) -> Ask:
    return lambda look: probes.probe_deployment(look, name, of)


def account(*, everything: bool = False) -> Ask:
    return lambda look: probes.probe_account(look, everything=everything)


def shape(name: str, **wanted: Any) -> Ask:
    return lambda look: probes.probe_shape(look, name, Wanted(**wanted))


def of_words(words: str) -> Ask:
    """What a scenario says to look at: ``job my-trainer``."""
    kind, *names = words.split()
    made: dict[str, Callable[..., Ask]] = {
        "job": job,
        "checkpoints": checkpoints,
        "deployment": deployment,
        "account": account,
    }
    return made[kind](*names)


def probed(plane: FakeControlPlane, ask: Ask, transport: httpx.AsyncBaseTransport | None = None) -> Probed:
    """What a probe says, at the plane's own time; a refusal becomes a finding or a problem, as in the command."""
    base_url = plane.url if transport is None else "http://127.0.0.1:1"

    async def run() -> Probed:
        connection = Connection(base_url, plane.key)
        async with ControlPlane(connection, clock=Clock(sleep=_at_once), transport=transport) as asked:
            look = Look(asked, plane.clock.now(), pause=0)
            try:
                return await ask(look)
            except (ControlPlaneError, AccountError) as error:
                finding = as_refusal(error, look.now)
                return Probed(
                    findings=[finding] if finding else [], problems=[] if finding else [Problem(str(error))]
                )

    before = len(plane.log)
    said = asyncio.run(run())
    methods = {call.method for call in plane.log.calls[before:]}
    assert methods <= {"GET"}, methods
    return said


async def _at_once(seconds: float) -> None:
    await asyncio.sleep(0)


#: Changes the JSON of an answer: its path, and what it is.
Change = Callable[[str, Any], Any]


class Inside(httpx.AsyncBaseTransport):
    """Hands requests to a fake without a network in between; ``change`` spoils what it answers."""

    def __init__(self, plane: FakeControlPlane, change: Change = lambda _, answer: answer) -> None:
        self._plane = plane
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = urlsplit(str(request.url))
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        answer = self._plane.answer(Request(request.method, url.path, query, headers, None))
        content = answer.content
        if not isinstance(content, bytes):
            # Through JSON, so that nothing the fake keeps is changed.
            content = json.dumps(self._change(url.path, json.loads(json.dumps(content)))).encode()
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=httpx.ByteStream(content))


def rules(said: Probed) -> set[str]:
    """The rules of all findings."""
    return {finding.rule for finding in said.findings}


def wrong(said: Probed) -> set[tuple[str, str | None]]:
    """Errors and warnings, each with the resource that it is about."""
    return {(f.rule, f.resource) for f in said.findings if f.severity is not Severity.INFO}


def messages(said: Probed) -> list[str]:
    """All findings in words, for assertions that fail."""
    return [f"{f.rule} {f.severity}: {f.message}" for f in said.findings]


def readable(said: Probed) -> None:
    """What every finding has: where it was seen, whom it is about, no gap in its sentences, a step to take."""
    for finding in said.findings:
        told = (finding.message, finding.cause or "", *(step.text for step in finding.remedy))
        commands = [command for step in finding.remedy for command in step.commands]
        assert finding.evidence, finding
        assert finding.resource, finding
        assert finding.remedy, finding
        assert not any("{" in text or "None" in text for text in (*told, *commands)), finding
        assert dataclasses.replace(finding).message.isprintable(), finding
