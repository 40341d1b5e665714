"""``fwdoctor run``: a command, and what its errors mean."""

from __future__ import annotations

import contextlib

import click

from fwdoctor.cli._options import Output, passing_options
from fwdoctor.errors import FwdoctorError


@click.command(
    "run",
    short_help="Run a command, and explain why it fails.",
    context_settings={"allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@passing_options
def command(arguments: tuple[str, ...], output: Output) -> int:
    """Run COMMAND, pass its output and exit status through, and explain it if it fails.

    The explanation goes to the standard error, behind all that the command wrote. Without a failure nothing
    is added.
    """
    from fwdoctor.explain import child
    from fwdoctor.explain.catalogue import catalogue
    from fwdoctor.explain.incident import Collector
    from fwdoctor.explain.project import sdk_first
    from fwdoctor.explain.run import Explained, next_step
    from fwdoctor.explain.scan import Scanner
    from fwdoctor.finding import Report

    known = catalogue()
    scanners = {1: Scanner(known), 2: Scanner(known)}
    collectors = {1: Collector(known), 2: Collector(known)}

    def look(stream: int, data: bytes) -> None:
        for found in scanners[stream].feed(data):
            collectors[stream].add(found)

    try:
        status = child.run(arguments, look)
    except child.CannotStart as error:
        click.echo(f"fwdoctor: {error}", err=True)
        return error.status
    if not status:
        return 0
    result = Explained()
    for stream, name in ((2, "<stderr>"), (1, "<stdout>")):
        for found in scanners[stream].flush():
            collectors[stream].add(found)
        collectors[stream].close()
        result.findings += collectors[stream].findings(name)
        result.lines += scanners[stream].lines
        result.unknown.append((name, collectors[stream].unknown))
    count = result.unknown_lines
    more = f" ({count:,} unknown error line{'s' if count != 1 else ''})" if count else ""
    lines = f"{result.lines:,} line{'s' if result.lines != 1 else ''}"
    notes = [] if result.findings else [f"no known error in {lines}{more}"]
    ended = f"the command ended with status {status}"
    report = Report(
        command="run",
        findings=tuple(result.findings),
        preface=sdk_first() if result.findings or count else (),
        notes=(ended, *notes, *([next_step(result)] if result.findings or count else [])),
        infos_count=True,
    )
    try:
        output.finish(report, to_stderr=True)
    except (FwdoctorError, OSError) as error:  # the command's status is worth more than our words
        with contextlib.suppress(OSError):
            click.echo(f"fwdoctor: {error}", err=True)
    return status
