"""``fwdoctor migrate``: port code to a target surface."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fwdoctor.cli._options import Output, of_input, output_options, print_bytes, read_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fwdoctor.finding import Report
    from fwdoctor.fit.target import Choice
    from fwdoctor.migrate.run import Options
    from fwdoctor.migrate.writing import Result

_STDIN = "-"


@click.command("migrate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--target",
    default="auto",
    show_default=True,
    metavar="VERSION|PATH",
    help="auto (the cookbook that you have), latest, a date, a tag, a commit, a name (june), or a folder.",
)
@click.option("--diff", is_flag=True, help="Show what would change; write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if anything would change.")
@click.option("-i", "--interactive", is_flag=True, help="Ask before each file.")
@click.option("--atomic", is_flag=True, help="Write all files or none.")
@click.option("--allow-dirty", is_flag=True, help="Write files that have uncommitted changes, too.")
@click.option("--bump-pins", is_flag=True, help="Then let the project's pin of the SDK follow the target.")
@click.option("--markdown", is_flag=True, help="The Python blocks of Markdown files in folders, too.")
@click.option(
    "--preserve-defaults",
    type=click.Choice(("report", "write")),
    default="report",
    show_default=True,
    help="Defaults that changed since the code was written: tell them, or write the old ones out.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(dir_okay=False),
    callback=lambda _, __, values: _known(values),
    help="A report for review or for an agent: FILE.html, .md or .json.",
)
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; 0: as many as it takes.")
@click.option("--stdin-filename", default="stdin.py", metavar="NAME", help="What messages call '-'.")
@click.option("--no-pager", is_flag=True, help="Do not page a long --diff on a terminal.")
@output_options
def command(
    paths: tuple[str, ...],
    target: str,
    diff: bool,
    check: bool,
    interactive: bool,
    preserve_defaults: str,
    reports: tuple[str, ...],
    stdin_filename: str,
    no_pager: bool,
    output: Output,
    **ways: Any,
) -> int:
    """Port code to the API of the cookbook that you have, or will have.

    PATHS are files, folders, patterns ('src/**/*.py') or '-', which reads a file from the standard input
    and writes it, ported, to the standard output. Every file is ported and proven to fit, or left as it
    was. What a person must decide is marked with a "# TODO(fwdoctor)" line and listed. Nothing of yours is
    imported or run.

    --select and --ignore choose which moves are made: --ignore FWD102 leaves weight_sync= alone. A comment
    "# fwdoctor: ignore[FWD102] why" does so for one statement.
    """
    from fwdoctor.migrate.run import Options, migrate_and_keep
    from fwdoctor.suggested import with_target

    if interactive and (diff or check or _STDIN in paths):
        raise click.UsageError("--interactive does not go with --diff, --check or '-'.")
    if interactive and not (sys.stdin and sys.stdin.isatty()):
        raise click.UsageError("--interactive needs a terminal to ask on.")
    preserve = preserve_defaults == "write"

    def choose() -> Choice:
        from fwdoctor.environment.target import choice

        return choice(target, paths, preserve_defaults=preserve, select=output.select, ignore=output.ignore)

    options = Options(write=not (diff or check), diff=diff or interactive, check=check, **ways)
    if target != "auto":
        choose().check()  # a wrong --target is told before a long walk, not after
    if _STDIN in paths:
        if len(paths) > 1:
            raise click.UsageError("'-' goes alone.")
        return _pass_through(stdin_filename, choose(), target, options, output)
    if interactive:
        from fwdoctor.cli._ask import Asker

        options = Options(**_fields(options) | {"ask": Asker(output.use_color())})
    with _progress(output) as progress:
        report, results = migrate_and_keep(
            paths, choose, Options(**_fields(options) | {"progress": progress})
        )
    status = output.finish(with_target(report, target), paged=diff and not no_pager)
    if options.write and not output.quiet:
        _tell_unversioned(results)
    _write_reports(reports, report, results, target, choose)
    return status


def _tell_unversioned(results: Sequence[Result]) -> None:
    """Say of files that were written if no git has what they were: it cannot be taken back."""
    from fwdoctor.migrate.writing import unversioned

    found = unversioned([r.outcome.path for r in results if r.new is not None])
    if found:
        what = f"{found[0]} is" if len(found) == 1 else f"{len(found)} of the files that were written are"
        click.echo(
            f"fwdoctor: {what} in no git repository: nothing keeps the old text but copies of your own "
            "(--diff shows a port and writes nothing)",
            err=True,
        )


def _known(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The reports that are wanted; told before anything is ported if one has no format."""
    from fwdoctor.reporters.migration import FORMATS

    for path in paths:
        if os.path.splitext(path)[1].lower() not in FORMATS:
            raise click.BadParameter(f"{path}: a report is {', '.join(FORMATS)}, by its suffix")
    return paths


def _write_reports(
    paths: tuple[str, ...],
    report: Report,
    results: tuple[Result, ...],
    target: str,
    choose: Callable[[], Choice],
) -> None:
    if not paths:
        return
    import shlex

    from fwdoctor.cli._options import write_output
    from fwdoctor.errors import FwdoctorError
    from fwdoctor.migrate.record import record
    from fwdoctor.reporters.migration import render

    surfaces = choose().surfaces() if report.files else None
    made = record(report, results, surfaces, target, shlex.join(["fwdoctor", *sys.argv[1:]]))
    for path in paths:
        try:
            write_output(path, render(made, path))
        except FwdoctorError as error:
            raise FwdoctorError(f"{error} (the port itself is done)") from error


def _fields(options: Options) -> dict[str, Any]:
    return {name: getattr(options, name) for name in options.__slots__}


def _pass_through(name: str, choice: Choice, target: str, options: Options, output: Output) -> int:
    """``-``: the text goes through, messages go beside it."""
    from fwdoctor.migrate.run import migrate_text
    from fwdoctor.suggested import with_target

    data = read_input()
    new, report = migrate_text(name, data, choice, options)
    if options.write:
        print_bytes(new)
    return output.finish(with_target(of_input(report, name), target), to_stderr=options.write)


def _progress(output: Output) -> Any:
    """A bar on the standard error, where a person watches and there is enough to do."""
    import contextlib

    watched = sys.stderr is not None and sys.stderr.isatty() and not output.quiet and not os.environ.get("CI")
    if not watched:
        return contextlib.nullcontext(lambda _, __: None)
    from fwdoctor.cli._bar import Bar

    return Bar()
