"""``fwdoctor migrate``: port code to a target surface."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, output_options

if TYPE_CHECKING:
    from fwdoctor_codemods._surfaces import Surfaces


@click.command("migrate")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--target",
    default="auto",
    show_default=True,
    metavar="VERSION|PATH",
    help="auto (the cookbook that you have), latest, june, july, august, a date, a commit, or a folder.",
)
@click.option("--diff", is_flag=True, help="Show what would change; write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if anything would change.")
@output_options
def command(paths: tuple[str, ...], target: str, diff: bool, check: bool, output: Output) -> int:
    """Port code to the API of the cookbook that you have, or will have.

    Every file is ported and proven to fit, or left as it was. What a person must decide is marked with
    a "# TODO(fwdoctor)" line and listed. Nothing of yours is imported or run.
    """
    from fwdoctor.migrate.run import migrate

    if target != "auto":
        # A wrong --target is told before a long walk, not after.
        surfaces = _surfaces(target, paths)
        report = migrate(paths, lambda: surfaces, write=not (diff or check), diff=diff, check=check)
    else:
        report = migrate(
            paths, lambda: _surfaces(target, paths), write=not (diff or check), diff=diff, check=check
        )
    return output.finish(report)


def _surfaces(target: str, paths: tuple[str, ...]) -> Surfaces:
    from fwdoctor.fit import target as targets

    found = None
    if target == "auto":
        from fwdoctor.environment import gather

        cookbook = gather(Path(paths[0]), environ=os.environ).cookbook
        found = cookbook.folder if cookbook else None
    return targets.resolve(target, found)
