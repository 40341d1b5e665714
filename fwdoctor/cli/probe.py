"""``fwdoctor probe``: the state of jobs, checkpoints, deployments, shapes and the account. It only reads."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fwdoctor.cli._options import Output, output_options
from fwdoctor.cli._watch import ONE_LOOK, Seconds, Watching, watch, watch_options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from fwdoctor.controlplane.look import Look, Probed

_F = TypeVar("_F", bound="Callable[..., Any]")


def _timeout(function: _F) -> _F:
    """Give a subcommand ``--timeout``; it gets it as ``timeout``, in seconds."""
    told = "For all requests together; what is not read by then is told."
    return click.option(
        "--timeout", type=Seconds(), default=ONE_LOOK, show_default=True, metavar="SECONDS", help=told
    )(function)


@click.group("probe", short_help="Ask the control plane for the state of what runs.")
def command() -> None:
    """Ask the control plane for the state of what runs. Nothing is started, changed or stopped.

    FIREWORKS_API_KEY is the key, FIREWORKS_BASE_URL the address. Names may be ids or full resource names.
    """


@command.command("job", short_help="What state trainer jobs are in, and what to do.")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@watch_options
@output_options
def job(jobs: tuple[str, ...], watching: Watching | None, timeout: float, output: Output) -> int:
    """What state trainer jobs are in, what it means, and what to do.

    --watch looks at one job and the deployments that follow it until the run is fine, needs somebody, or has
    ended. With --output-format jsonl each look is a line on the standard output: {"type": "look", "time",
    "job", "deployments", "newest", "waits_for", "rules", "error"}. Then
    come {"type": "verdict", "verdict"} and the lines of the report.
    """
    from fwdoctor.controlplane.names import Kind, parse
    from fwdoctor.controlplane.probes import probe_job

    if watching is not None:
        if len(jobs) > 1:
            raise click.UsageError("--watch takes one job.")
        return watch(jobs[0], Kind.TRAINER_JOB, watching, output)
    for name in jobs:
        parse(name, Kind.TRAINER_JOB)  # one that is none must not cost what the others tell
    return _run(output, timeout, *(_bound(probe_job, name) for name in dict.fromkeys(jobs)))


@command.command("checkpoints", short_help="What a trainer job has saved, and what can be promoted.")
@click.argument("job")
@click.option("--output-model-id", "model", metavar="ID", help="Check the id to promote under, too.")
@_timeout
@output_options
def checkpoints(job: str, model: str | None, timeout: float, output: Output) -> int:
    """What a trainer job has saved, what of it can be promoted, and for how long."""
    from fwdoctor.controlplane.probes import probe_checkpoints

    return _run(output, timeout, _bound(probe_checkpoints, job, model))


@command.command("deployment", short_help="What a deployment follows, and which weights serve.")
@click.argument("deployment")
@click.option("--job", metavar="JOB", help="The trainer job whose weights it is to serve.")
@watch_options
@output_options
def deployment(
    deployment: str, job: str | None, watching: Watching | None, timeout: float, output: Output
) -> int:
    """What a deployment follows, how many replicas serve, and which weights.

    --watch looks until it serves, needs somebody, or has ended; 'fwdoctor probe job --help' says more.
    """
    from fwdoctor.controlplane.names import Kind
    from fwdoctor.controlplane.probes import probe_deployment

    if watching is not None:
        if job is not None:
            raise click.UsageError("--watch does not go with --job: watch the job itself.")
        return watch(deployment, Kind.DEPLOYMENT, watching, output)
    return _run(output, timeout, _bound(probe_deployment, deployment, job))


@command.command("account", short_help="All trainer jobs and deployments, with a verdict each.")
@click.option("--all", "everything", is_flag=True, help="Also what is over: stopped, deleted.")
@_timeout
@output_options
def account(everything: bool, timeout: float, output: Output) -> int:
    """All trainer jobs and deployments of the account, with a verdict each."""
    from fwdoctor.controlplane.probes import probe_account

    return _run(output, timeout, _bound(probe_account, everything=everything), table=True)


@command.command("shape", short_help="Whether a training shape can be used, and for what.")
@click.argument("shape")
@click.option("--base-model", metavar="MODEL", help="The model that is to be trained.")
@click.option("--lora-rank", type=click.IntRange(0), help="0: all parameters.")
@click.option("--reference", is_flag=True, help="It is to compute references.")
@click.option("--context", type=click.IntRange(1), help="The longest sequence, in tokens.")
@_timeout
@output_options
def shape(
    shape: str,
    base_model: str | None,
    lora_rank: int | None,
    reference: bool,
    context: int | None,
    timeout: float,
    output: Output,
) -> int:
    """Whether a training shape can be used, and for what."""
    from fwdoctor.controlplane.diagnoses.shapes import Wanted
    from fwdoctor.controlplane.probes import probe_shape

    return _run(
        output, timeout, _bound(probe_shape, shape, Wanted(base_model, lora_rank, reference, context))
    )


def _bound(probe: Any, *values: Any, **more: Any) -> Callable[[Look], Awaitable[Probed]]:
    return lambda look: probe(look, *values, **more)


def _run(
    output: Output, timeout: float, *probes: Callable[[Look], Awaitable[Probed]], table: bool = False
) -> int:
    """Run probes, all at once and within ``timeout`` seconds, and print what they say.

    What only follows from another finding is told with it, but in a ``table``: there every row has its own.
    """
    import asyncio

    from fwdoctor.controlplane.client import AccountError, ControlPlane
    from fwdoctor.controlplane.connection import Connection
    from fwdoctor.controlplane.diagnoses.access import diagnose_refusal, is_refusal
    from fwdoctor.controlplane.errors import ControlPlaneError
    from fwdoctor.controlplane.look import Look, Probed, now
    from fwdoctor.controlplane.timing import Budget
    from fwdoctor.finding import Problem, Report

    connection = Connection.from_environment(os.environ)

    async def ask() -> list[Probed]:
        async with ControlPlane(connection) as plane, Look(plane, now(), Budget(timeout)) as look:
            answers = await asyncio.gather(*(probe(look) for probe in probes), return_exceptions=True)
            found = [answer for answer in answers if isinstance(answer, Probed)]
            told = set()
            for error in (answer for answer in answers if isinstance(answer, BaseException)):
                if not isinstance(error, ControlPlaneError | AccountError):
                    raise error
                if str(error) not in told:  # what is refused once is refused again
                    told.add(str(error))
                    problems = [] if is_refusal(error) else [Problem(f"not looked at: {error}")]
                    found.append(Probed(findings=[diagnose_refusal(error, look.now)], problems=problems))
            return [*found, Probed(problems=look.problems())]

    parts = asyncio.run(ask())
    if not table and sum(len(part.findings) for part in parts) > 1:
        parts = _joined(parts)
    report = Report(
        command="probe",
        findings=tuple(f for p in parts for f in p.findings),
        checks=tuple(o for p in parts for o in p.outcomes),
        problems=tuple(x for p in parts for x in p.problems),
        notes=(*connection.notes, *(n for p in parts for n in p.notes)),
    )
    return output.finish(report)


def _joined(parts: Sequence[Probed]) -> list[Probed]:
    from fwdoctor.causes.join import join
    from fwdoctor.causes.sections import without

    joined = join([f for part in parts for f in part.findings], (), ())
    return [
        dataclasses.replace(
            part,
            findings=joined.apply(part.findings),
            outcomes=[without(outcome, joined) for outcome in part.outcomes],
        )
        for part in parts
    ]
