"""``--watch``: a probe that looks again and again, and shows what changes."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fwdoctor.cli._options import Output
from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    from fwdoctor.controlplane.connection import Connection
    from fwdoctor.controlplane.names import Kind
    from fwdoctor.controlplane.watch import Sight, Verdict
    from fwdoctor.finding import Report

_F = TypeVar("_F", bound=Callable[..., Any])
_INTERVAL, _TIMEOUT = 5, 1800
#: Seconds for one look, for all requests together.
ONE_LOOK = 60.0
#: Nobody waits longer than a month.
MOST = 31 * 86400


@dataclass(frozen=True, slots=True)
class Watching:
    """How often to look, and for how long, in seconds."""

    interval: int
    timeout: float


class Seconds(click.FloatRange):
    """A time that ends: more than nothing, and no more than a month."""

    def __init__(self) -> None:
        super().__init__(0, MOST, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is no time.", param, ctx)
        return seconds


def watch_options(function: _F) -> _F:
    """Give a command ``--watch`` and what goes with it, and ``--timeout``.

    It gets them as ``watching=``, None without ``--watch``, and ``timeout=``, the seconds for one look.
    """

    @functools.wraps(function)
    def wrapper(**values: Any) -> Any:
        watched, interval, timeout = values.pop("watch"), values.pop("interval"), values.pop("timeout")
        if not watched and interval is not None:
            raise click.UsageError("--interval goes with --watch.")
        watching = Watching(interval or _INTERVAL, timeout or _TIMEOUT) if watched else None
        return function(watching=watching, timeout=timeout or ONE_LOOK, **values)

    told = f"For all together.  [default: {ONE_LOOK:g}; with --watch {_TIMEOUT}]"
    options = [
        click.option("--watch", is_flag=True, help="Look until it is fine, needs somebody, or has ended."),
        click.option(
            "--interval",
            type=click.IntRange(1, MOST),
            metavar="SECONDS",
            help=f"Of --watch: between looks.  [default: {_INTERVAL}]",
        ),
        click.option("--timeout", type=Seconds(), metavar="SECONDS", help=told),
    ]
    for option in reversed(options):
        wrapper = option(wrapper)
    return wrapper  # type: ignore[return-value]


def watch(name: str, kind: Kind, watching: Watching, output: Output) -> int:
    """Watch a trainer job or a deployment; the exit status is that of the last look."""
    import asyncio

    from fwdoctor.cli._live import Live
    from fwdoctor.controlplane.client import ControlPlane
    from fwdoctor.controlplane.connection import Connection
    from fwdoctor.controlplane.names import parse
    from fwdoctor.controlplane.timing import Clock
    from fwdoctor.controlplane.watch import Verdict, Watch

    resource = parse(name, kind)
    clock = Clock()
    connection = Connection.from_environment(os.environ)
    lines = output.output_format == "jsonl"
    with Live(clock.now, quiet=output.quiet or lines) as live:

        def show(sight: Sight) -> None:
            live(*(connection.hide(line) for line in sight.lines))
            if lines:
                _print({"type": "look", **sight.row()}, connection)

        plane = ControlPlane(connection, clock=clock)
        watched = Watch(plane, resource, show, clock)

        async def run() -> Verdict:
            async with plane:
                return await watched.run(watching.interval, watching.timeout, ONE_LOOK)

        try:
            verdict = asyncio.run(run())
        except KeyboardInterrupt:
            verdict = Verdict(f"no longer watched: {watched.summary()}")
            interrupted = True
        else:
            interrupted = False
    if lines and verdict.text:
        _print({"type": "verdict", "verdict": verdict.text}, connection)
    return output.finish(_report(watched.sight, verdict, interrupted=interrupted))


def _print(row: dict[str, Any], connection: Connection) -> None:
    """A line of JSON on the standard output, at once."""
    import json

    click.echo(json.dumps(_hidden(row, connection.hide)))


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    """JSON with all texts hidden that hold secrets; names of fields are ours."""
    if isinstance(value, dict):
        return {name: _hidden(inner, hide) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner, hide) for inner in value]
    return hide(value) if isinstance(value, str) else value


def _report(sight: Sight | None, verdict: Verdict, *, interrupted: bool = False) -> Report:
    from fwdoctor.finding import Report

    probed = sight.probed if sight is not None else None
    findings = (*(probed.findings if probed else ()), *verdict.findings)
    return Report(
        command="probe",
        findings=findings,
        checks=tuple(probed.outcomes) if probed else (),
        problems=(*(probed.problems if probed else ()), *verdict.problems),
        notes=(*(probed.notes if probed else ()), *([verdict.text] if verdict.text else [])),
        interrupted=interrupted,
    )
