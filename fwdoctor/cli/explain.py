"""``fwdoctor explain``: known errors in any text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, output_options
from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from fwdoctor.explain.inputs import Piece
    from fwdoctor.explain.run import Explained
    from fwdoctor.finding import Finding


@click.command("explain", short_help="Name the cause of errors in logs, and what to do.")
@click.argument("files", nargs=-1, metavar="[FILE|-]...")
@click.option("-f", "--follow", is_flag=True, help="Go on reading as the file grows, until interrupted.")
@click.option("--unknown", is_flag=True, help="Show the error lines that nothing explains, grouped.")
@click.option("--support-bundle", metavar="FILE", help="Write what support needs, redacted, to a new file.")
@click.option("--rule", "page", metavar="ID|NAME", help="The page of one class of errors.")
@output_options
def command(
    files: tuple[str, ...],
    follow: bool,
    unknown: bool,
    support_bundle: str | None,
    page: str | None,
    output: Output,
) -> int:
    """Name the cause of errors in logs and tracebacks, who must act, and what to do.

    Reads logs of any size, pipes that still grow, .gz, the outputs of notebooks and junit.xml. Without FILE,
    the standard input: python train.py 2>&1 | fwdoctor explain
    """
    if page is not None:
        from fwdoctor.cli.rule import show

        if output.output_format not in ("text", "json"):
            raise click.UsageError("--rule goes with --output-format text and json.")
        return show(page, output.output_format)
    from fwdoctor.explain.project import sdk_first
    from fwdoctor.explain.run import explain
    from fwdoctor.finding import Report

    if support_bundle is not None and os.path.lexists(support_bundle):
        raise FwdoctorError(f"{support_bundle}: there is such a file; the bundle is written to a new one")
    live = _is_live(files, follow, output)

    told = False

    def tell(found: Finding) -> None:
        nonlocal told
        preface = () if told else sdk_first()
        told = True
        output.finish(Report(command="explain", findings=(found,), preface=preface), part="findings")

    result = explain([_opened(f, follow) for f in files or ("-",)], listener=tell if live else None)
    if support_bundle is not None:
        _write_bundle(support_bundle, result)
    report = Report(
        command="explain",
        findings=tuple(result.findings),
        problems=tuple(result.problems),
        preface=sdk_first() if result.findings or result.unknown_lines else (),
        notes=(*(_seen_again(result) if live else ()), *_notes(result, unknown)),
        infos_count=True,
        interrupted=result.interrupted and not follow,
    )
    return output.finish(report, part="summary" if live else None)


def _opened(name: str, follow: bool) -> Iterator[Piece]:
    from fwdoctor.explain.inputs import open_file, open_stdin

    if name != "-":
        yield from open_file(name, follow=follow)
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("nothing to read: give a FILE, or pipe a log into it")
    yield open_stdin()


def _is_live(files: tuple[str, ...], follow: bool, output: Output) -> bool:
    """Whether findings are shown as they come: a log that may still grow, shown to a person."""
    piped = not files or "-" in files
    return (follow or piped) and output.output_format == "text" and output.output_file is None


def _seen_again(result: Explained) -> Iterator[str]:
    """How often what was shown when it came was seen in the end."""
    for found in result.findings:
        if found.count > 1 and found.location is not None:
            last = found.location.end_line or found.location.line
            yield f"{found.rule} {found.name}: {found.count} times, the last in line {last}"


def _notes(result: Explained, unknown: bool) -> Iterator[str]:
    """What was read, what nothing explains, and what to do next."""
    from fwdoctor.explain.run import next_step
    from fwdoctor.explain.unknown import stub

    lines = f"{result.lines:,} lines" if result.lines != 1 else "1 line"
    count = result.unknown_lines
    more = f" ({count:,} unknown error line{'s' if count != 1 else ''}, see --unknown)" if count else ""
    if not result.findings:
        yield f"no known error in {lines}{more}"
    elif count:
        yield f"{lines} read{more}"
    if unknown:
        for path, group in result.groups[:20]:
            span = f"{group.first}" if group.count == 1 else f"{group.first}-{group.last}"
            yield f"unknown ×{group.count} {path}:{span}  {group.template}"
        if result.groups:
            yield "a class for the first of them, to be completed:\n" + stub(result.groups[0][1])
    if result.findings or count or result.lines:
        yield next_step(result)


def _write_bundle(path: str, result: Explained) -> None:
    from fwdoctor.explain.bundle import bundle, write
    from fwdoctor.explain.project import facts

    try:
        write(path, bundle(result, facts()))
    except OSError as error:
        raise FwdoctorError(f"{path}: cannot write the bundle: {error.strerror or error}") from error
    click.echo(f"wrote {path}: read it before you send it", err=True)
