"""``fwdoctor migrate``: port code to a target surface."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, output_options

if TYPE_CHECKING:
    from fwdoctor.fit.target import Choice


@click.command("migrate")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--target",
    default="auto",
    show_default=True,
    metavar="VERSION|PATH",
    help="auto (the cookbook that you have), latest, a date, a tag, a commit, a name (june), or a folder.",
)
@click.option("--diff", is_flag=True, help="Show what would change; write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if anything would change.")
@click.option("--markdown", is_flag=True, help="The Python blocks of Markdown files in folders, too.")
@click.option(
    "--preserve-defaults",
    type=click.Choice(("report", "write")),
    default="report",
    show_default=True,
    help="Defaults that changed since the code was written: tell them, or write the old ones out.",
)
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; 0: as many as it takes.")
@output_options
def command(
    paths: tuple[str, ...],
    target: str,
    diff: bool,
    check: bool,
    markdown: bool,
    preserve_defaults: str,
    jobs: int,
    output: Output,
) -> int:
    """Port code to the API of the cookbook that you have, or will have.

    Every file is ported and proven to fit, or left as it was. What a person must decide is marked with
    a "# TODO(fwdoctor)" line and listed. Nothing of yours is imported or run.
    """
    from fwdoctor.migrate.run import migrate

    preserve = preserve_defaults == "write"
    if target != "auto":
        _choice(target, paths, preserve).check()  # a wrong --target is told before a long walk, not after
    write = not (diff or check)
    report = migrate(
        paths,
        lambda: _choice(target, paths, preserve),
        write=write,
        diff=diff,
        check=check,
        jobs=jobs,
        markdown=markdown,
    )
    return output.finish(report)


def _choice(target: str, paths: tuple[str, ...], preserve: bool) -> Choice:
    from fwdoctor.fit.target import Choice

    if target != "auto":
        return Choice(target, preserve_defaults=preserve)
    from fwdoctor.environment import gather

    there = next((p for p in paths if os.path.exists(p)), ".")
    cookbook = gather(Path(there), environ=os.environ).cookbook
    return Choice(target, cookbook.folder if cookbook else None, preserve_defaults=preserve)
