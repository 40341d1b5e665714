"""``fwdoctor check``: the doctor, its local half and its remote one."""

from __future__ import annotations

import dataclasses
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, output_options
from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fwdoctor.causes.code import CodeSetting
    from fwdoctor.controlplane.outcome import Checkup, Errors
    from fwdoctor.environment.facts import Facts
    from fwdoctor.explain.run import Explained
    from fwdoctor.finding import CheckOutcome, Finding, Problem
    from fwdoctor.lint.session import Session


@dataclass(frozen=True)
class _Remote:
    """What of the control plane is to be looked at."""

    offline: bool
    jobs: tuple[str, ...]
    deployments: tuple[str, ...]


@click.command("check", short_help="See what is wrong here, and who must act.")
@click.argument("path", default=".", type=click.Path())
@click.option("--python", metavar="PATH", help="The interpreter, or its environment, to look at.")
@click.option("--cookbook", type=click.Path(), help="The cookbook checkout whose pin applies.")
@click.option("--log", "logs", multiple=True, metavar="FILE", help="A log of the run, to be explained, too.")
@click.option("--job", "jobs", multiple=True, metavar="JOB", help="A trainer job to look at, too.")
@click.option("--deployment", "deployments", multiple=True, metavar="NAME", help="A deployment, likewise.")
@click.option("--offline", is_flag=True, help="Do not ask the control plane.")
@click.option("--agent", "for_agent", is_flag=True, help="A brief for coding agents: --output-format agent.")
@output_options
def command(
    path: str,
    python: str | None,
    cookbook: str | None,
    logs: tuple[str, ...],
    jobs: tuple[str, ...],
    deployments: tuple[str, ...],
    offline: bool,
    for_agent: bool,
    output: Output,
) -> int:
    """Look at Python, the SDK, the cookbook, credentials and the code; say what is wrong and who must act.

    Everything is read; nothing is imported, run or changed. With FIREWORKS_API_KEY in the environment, the
    key is tried at the control plane (GET only), and what a log says is held against the state there.
    """
    from fwdoctor.environment.doctor import run
    from fwdoctor.finding import Report
    from fwdoctor.suggested import with_target

    if for_agent:
        if output.output_format not in ("text", "agent"):
            raise click.UsageError(f"--agent does not go with --output-format {output.output_format}.")
        output = dataclasses.replace(output, output_format="agent")
    if offline and (jobs or deployments):
        raise click.UsageError("--job and --deployment ask the control plane; --offline forbids it")
    facts, outcomes, problems = run(
        Path(path), python=python, cookbook=Path(cookbook) if cookbook else None, environ=os.environ
    )
    log, unread, unknown = _explained(logs) if logs else (None, [], [])
    errors = log.findings if log is not None else ()
    remote = _remote(_Remote(offline, jobs, deployments), facts, outcomes, logs, errors)
    if log is not None:
        log = dataclasses.replace(log, findings=remote.errors or errors)
    seen, log = _joined(remote.outcomes, log, path)
    outcomes += [*seen, log] if log is not None else seen
    report = Report(
        command="check",
        findings=tuple(f for o in outcomes for f in o.findings),
        checks=tuple(outcomes),
        problems=(*problems, *remote.problems, *unread),
        notes=(*remote.notes, *unknown),
    )
    # migrate finds no cookbook that only an option names.
    aim = cookbook if cookbook and os.path.isdir(cookbook) else None
    return output.finish(with_target(report, aim))


def _remote(
    asked: _Remote,
    facts: Facts,
    local: Sequence[CheckOutcome],
    logs: Sequence[str],
    errors: Sequence[Finding],
) -> Checkup:
    """What the control plane says, or why it was not asked."""
    from fwdoctor.controlplane.outcome import SECTION, not_asked
    from fwdoctor.errors import FwdoctorError
    from fwdoctor.finding import Problem

    why_not = "not asked (--offline)" if asked.offline else _without_key(facts)
    if why_not is not None:
        return not_asked(why_not, asked.jobs, asked.deployments)
    from fwdoctor.controlplane.checkup import checkup
    from fwdoctor.controlplane.connection import Connection

    try:
        connection = Connection.from_environment(os.environ)
    except FwdoctorError as error:
        made = not_asked(str(error), asked.jobs, asked.deployments)
        if not any(f.rule in ("FWS402", "FWS403") for o in local for f in o.findings):
            made.problems.insert(0, Problem(f"{SECTION}: {error}"))
        return made
    found = subjects_of(logs, errors) if errors else None
    return checkup(connection, os.environ, asked.jobs, asked.deployments, found)


def _joined(
    remote: Sequence[CheckOutcome], log: CheckOutcome | None, path: str
) -> tuple[list[CheckOutcome], CheckOutcome | None]:
    """What the control plane and the log show, and the code that brought it about, told as one."""
    if not any(outcome.findings for outcome in remote):
        return list(remote), log
    from fwdoctor.causes.sections import join_sections

    return join_sections(remote, log, lambda: _settings_of(path))


def _settings_of(path: str) -> list[CodeSetting]:
    """What the code sets that can be a cause."""
    from fwdoctor.causes.code import settings_in
    from fwdoctor.causes.knowledge import settings

    def begin() -> Session:
        from fwdoctor.environment.target import choice
        from fwdoctor.lint.session import Selection, Session

        return Session(choice("auto", [path]).surfaces(), Selection())

    return settings_in([path], settings(), begin)


def _without_key(facts: Facts) -> str | None:
    """Why there is no key to try; None if there is one.

    Only the process's own environment counts: a .env file in a project that somebody else wrote could send
    the user's key to a host of theirs.
    """
    from fwdoctor.environment.checks.credentials import KEY, settings

    if facts.environ.get(KEY, "").strip():
        return None
    told = settings(facts).get(KEY)
    if told is not None and told.path is not None and told.value.strip():
        return f"{KEY} is in {told.place} only, which is not used to connect; export it, and it is tried"
    return f"no {KEY} in the environment"


def subjects_of(logs: Sequence[str], errors: Sequence[Finding]) -> Errors:
    """What the errors of logs are about: they and the lines around them are searched for names."""
    from fwdoctor.controlplane import mentions
    from fwdoctor.controlplane.outcome import Errors

    read = {
        log: mentions.read(log, [e for e in errors if e.location and e.location.path == log], _lines)
        for log in logs
    }
    subjects = []
    for error in errors:
        here = read.get(error.location.path) if error.location else None
        subjects.append(mentions.subject(error, mentions.near(error, here or mentions.Lines())))
    return Errors(tuple(errors), tuple(subjects))


def _lines(log: str) -> Iterator[str]:
    """The lines of a log, one after the other; those of notebooks and test reports are numbered otherwise."""
    from fwdoctor.explain.inputs import open_file

    for piece in open_file(log):
        if piece.cell is not None or piece.name is not None:
            return
        rest = b""
        for chunk in piece.chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in whole)
        yield rest.decode("utf-8", "replace")


def _explained(logs: tuple[str, ...]) -> tuple[CheckOutcome, list[Problem], list[str]]:
    """The section of check that is about logs, what could not be read, what is to be said of the rest."""
    from fwdoctor.explain.inputs import open_file
    from fwdoctor.explain.run import explain
    from fwdoctor.finding import CheckOutcome, CheckStatus

    result = explain([open_file(name) for name in logs])
    count = result.unknown_lines
    unknown = f", {count:,} unknown error line{'s' if count != 1 else ''}" if count else ""
    found = tuple(result.findings)
    status = CheckStatus.FINDING if found else CheckStatus.ERROR if result.problems else CheckStatus.OK
    lines = f"{result.lines:,} line{'s' if result.lines != 1 else ''}"
    return (
        CheckOutcome("log", status, f"{lines}{unknown}", found),
        result.problems,
        _unexplained(logs, result),
    )


def _unexplained(logs: tuple[str, ...], result: Explained) -> list[str]:
    """Error lines without a known error are no clean log: it has to be said, with the way on."""
    if result.findings or not result.unknown_lines:
        return []
    lines = f"{result.unknown_lines:,} line{'s' if result.unknown_lines != 1 else ''}"
    command = f"fwdoctor explain {shlex.join(logs)}"
    shows = f"{command} --unknown shows them; for support: {command} --support-bundle FILE"
    return [f"the log has errors that nothing explains ({lines}): {shows}"]
