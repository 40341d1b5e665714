"""``fwdoctor resume``: the only command that changes something on the platform."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, output_options
from fwdoctor.cli._watch import MOST, ONE_LOOK

if TYPE_CHECKING:
    from fwdoctor.controlplane.connection import Connection
    from fwdoctor.controlplane.names import Resource
    from fwdoctor.controlplane.resume import Candidate, Ending
    from fwdoctor.finding import Finding, Report


@click.command("resume", short_help="Resume a trainer job, and wait until its trainer answers.")
@click.argument("job", metavar="JOB")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Do not wait until its trainer answers.")
@click.option(
    "--timeout",
    type=click.IntRange(1, MOST),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="Wait so long; the job goes on in any case.",
)
@output_options
def command(job: str, yes: bool, no_wait: bool, timeout: int, output: Output) -> int:
    """Resume a trainer job that was paused, stopped, finished or failed, and wait until its trainer answers.

    GPUs are billed from then on. So it says first what that means, and asks. Without a terminal to ask on and
    without --yes nothing is sent. The request is sent once: if its answer is lost, the job is looked at.
    """
    from fwdoctor.controlplane.connection import Connection
    from fwdoctor.controlplane.look import now
    from fwdoctor.controlplane.names import Kind, parse
    from fwdoctor.controlplane.resume import Ending, Standing, nothing_to_do, plan, refusal, standing

    resource = parse(job, Kind.TRAINER_JOB)
    connection = Connection.from_environment(os.environ)
    found = _inspect(connection, resource)
    if isinstance(found, Ending):
        return output.finish(_report(resource.id, found))
    match standing(found.job):
        case Standing.ALIVE:
            return output.finish(_report(resource.id, nothing_to_do(found, now())))
        case Standing.REFUSED:
            return output.finish(_report(resource.id, refusal(found, now())))
    state = f"{found.job.state.short}: {found.job.state.means}"
    facts = tuple(connection.hide(line) for line in plan(found, now()))
    # JSON has a place for them; other formats are for findings.
    notes = facts if output.output_format == "json" else ()
    if not notes and not (yes and output.quiet):
        click.echo("\n".join((f"{resource.id} is {state}", *(f"  {line}" for line in facts))), err=True)
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        again = f"fwdoctor resume {shlex.quote(job)} --yes"
        problem = f"nothing was sent: GPUs will be billed, so a person must say yes. To resume it: {again}"
        return output.finish(_report(resource.id, Ending(state, problem=problem), notes))
    if not yes and not click.confirm(f"Resume {resource.id}?", err=True):
        return output.finish(_report(resource.id, Ending(state, problem="not resumed: nothing was sent")))
    return _resume(connection, found, output, notes, wait=not no_wait, timeout=timeout)


def _inspect(connection: Connection, resource: Resource) -> Candidate | Ending:
    """The job, or what is said where there is none to be seen."""
    import asyncio

    from fwdoctor.controlplane.client import AccountError, ControlPlane
    from fwdoctor.controlplane.diagnoses.access import as_refusal
    from fwdoctor.controlplane.errors import ControlPlaneError
    from fwdoctor.controlplane.look import Look, now
    from fwdoctor.controlplane.resume import Ending, inspect
    from fwdoctor.controlplane.timing import Budget
    from fwdoctor.rulebook import rulebook

    async def ask() -> Candidate | Ending:
        async with ControlPlane(connection) as plane:
            found = await inspect(Look(plane, now(), Budget(ONE_LOOK)), resource)
            if found is not None:
                return found
            account = resource.account or (await plane.account()).id
        finding = rulebook()["FWP115"].fill(
            {"job": resource.id, "account": account},
            resource=resource.id,
            evidence="the answer's status, 404",
        )
        return Ending("not found", (finding,))

    try:
        return asyncio.run(ask())
    except (ControlPlaneError, AccountError) as error:
        finding = as_refusal(error, now())
        return Ending("not seen", (finding,) if finding else (), None if finding else str(error))


def _resume(
    connection: Connection,
    found: Candidate,
    output: Output,
    notes: tuple[str, ...],
    *,
    wait: bool,
    timeout: int,
) -> int:
    import asyncio

    from fwdoctor.cli._live import Live
    from fwdoctor.controlplane.client import ControlPlane
    from fwdoctor.controlplane.resume import Ending, Resuming
    from fwdoctor.controlplane.timing import Clock

    clock = Clock()
    name = found.job.id
    with Live(clock.now, quiet=output.quiet) as live:
        plane = ControlPlane(connection, clock=clock)
        job = Resuming(found, connection, plane, lambda line: live(f"{name}  {line}"), clock)

        async def run() -> Ending:
            async with plane:
                return await job.run(wait=wait, timeout=timeout)

        try:
            ending = asyncio.run(run())
        except KeyboardInterrupt:
            ending = None
    if ending is not None:
        return output.finish(_report(name, ending, notes))
    goes_on = f"{name} was asked to resume, and goes on without you; look: fwdoctor probe job {name}"
    last = Ending(f"last seen {job.doing}") if job.sent else Ending(f"{job.doing}; nothing was sent")
    return output.finish(_report(name, last, (*notes, goes_on) if job.sent else notes, interrupted=True))


def _report(name: str, ending: Ending, notes: tuple[str, ...] = (), *, interrupted: bool = False) -> Report:
    from fwdoctor.finding import CheckOutcome, CheckStatus, Problem, Report

    findings: tuple[Finding, ...] = ending.findings
    status = CheckStatus.FINDING if findings else CheckStatus.OK
    if ending.problem is not None or interrupted:
        status = CheckStatus.ERROR
    return Report(
        command="resume",
        findings=findings,
        checks=(CheckOutcome(f"job {name}", status, ending.detail, findings),),
        problems=() if ending.problem is None else (Problem(ending.problem),),
        notes=notes,
        interrupted=interrupted,
    )
