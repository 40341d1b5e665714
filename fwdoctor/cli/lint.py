"""``fwdoctor lint``: find what is wrong in code, and mend what is safe to mend."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, output_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fwdoctor.finding import Finding
    from fwdoctor.lint.baseline import Baseline
    from fwdoctor.lint.run import Options
    from fwdoctor.lint.session import Session
    from fwdoctor.settings import Settings

_STDIN = "-"


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True))
@click.option("--fix", is_flag=True, help="Mend what is safe to mend.")
@click.option("--unsafe-fixes", is_flag=True, help="Mend, too, what may change what the code does.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option("--statistics", is_flag=True, help="Only how many findings of each rule.")
@click.option("--add-noqa", is_flag=True, help="Silence what is found with # noqa comments.")
@click.option("--ignore-noqa", is_flag=True, help="Tell what comments silence, too.")
@click.option("--baseline", metavar="FILE", type=click.Path(dir_okay=False), help="Tell only what is new.")
@click.option("--update-baseline", is_flag=True, help="Take all that is found into the baseline.")
@click.option("--diff-base", metavar="REF", help="Tell only what stands on lines changed since this commit.")
@click.option(
    "--target",
    metavar="VERSION|PATH",
    help="auto (the cookbook that you have), latest, a date, a tag, a commit, a name (june), or a folder.",
)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Paths to leave out.")
@click.option("--force-exclude", is_flag=True, help="Leave out excluded files also where they are named.")
@click.option("--stdin-filename", default="stdin.py", metavar="NAME", help="What messages call '-'.")
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False), help="A pyproject.toml or fwdoctor.toml."
)
@click.option(
    "--ruff-config", is_flag=True, help="Print ruff's share of the rules, to merge into its settings."
)
@output_options
def command(
    paths: tuple[str, ...],
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    statistics: bool,
    add_noqa: bool,
    ignore_noqa: bool,
    baseline: str | None,
    update_baseline: bool,
    diff_base: str | None,
    target: str | None,
    exclude: tuple[str, ...],
    force_exclude: bool,
    stdin_filename: str,
    config: str | None,
    ruff_config: bool,
    output: Output,
) -> int:
    """Find old API, wrong configuration and leaked trainers in code, before a GPU is paid for.

    PATHS are files, folders or '-' (the standard input); none means the folder that you are in. Nothing of
    yours is imported or run. "# noqa: FWD101" silences a line; settings stand in [tool.fwdoctor].
    """
    if ruff_config:
        return _print_ruff_config()
    if statistics and output.output_format not in ("text", "concise", "json"):
        raise click.UsageError("--statistics goes with --output-format text, concise and json.")
    if add_noqa and (fix or unsafe_fixes):
        raise click.UsageError("--add-noqa does not go with --fix.")
    paths = paths or (".",)
    if _STDIN in paths and (len(paths) > 1 or add_noqa):
        raise click.UsageError("'-' goes alone, and without --add-noqa.")

    from fwdoctor.lint.run import Options, lint
    from fwdoctor.settings import load

    settings = load(config, _start(paths, stdin_filename))
    known = _baseline(baseline, settings, update=update_baseline)
    options = Options(
        fix=fix or unsafe_fixes or (diff and not add_noqa),
        unsafe=unsafe_fixes,
        diff=diff,
        add_noqa=add_noqa,
        exclude=exclude,
        force_exclude=force_exclude,
        keep=_keeper(known, diff_base, update=update_baseline, write=not diff),
    )
    begin = _beginner(paths, target or settings.target or "auto", settings, output, ignore_noqa)
    if paths == (_STDIN,):
        return _pass_through(stdin_filename, begin, options, output)
    return output.finish(lint(paths, begin, settings, options), statistics=statistics)


def _start(paths: Sequence[str], stdin_filename: str) -> Path:
    """The folder from which settings are looked for upwards."""
    first = Path(stdin_filename if paths[0] == _STDIN else paths[0])
    return first if first.is_dir() else first.parent


def _beginner(
    paths: Sequence[str], target: str, settings: Settings, output: Output, ignore_noqa: bool
) -> Callable[[], Session]:
    """Makes the session when the first file needs it; what is wrong with the target is told now."""
    if target != "auto":
        from fwdoctor.fit.target import Choice

        Choice(target).check()
    select = output.select or settings.select
    selected = (*select, *settings.extend_select, *output.extend_select) if select else ()
    ignored = (*settings.ignore, *output.ignore)

    def begin() -> Session:
        from fwdoctor.environment.target import choice
        from fwdoctor.lint.session import Selection, Session

        selection = Selection(selected, ignored, settings.ignores_in)
        return Session(choice(target, paths).surfaces(), selection, ignore_noqa=ignore_noqa)

    return begin


def _baseline(path: str | None, settings: Settings, *, update: bool) -> Baseline | None:
    if path is None and settings.baseline is not None and settings.folder is not None:
        path = str(settings.folder / settings.baseline)
    if path is None:
        if update:
            raise click.UsageError("--update-baseline needs --baseline FILE.")
        return None
    from fwdoctor.lint.baseline import load

    return load(Path(path), create=update)


def _keeper(
    known: Baseline | None, diff_base: str | None, *, update: bool, write: bool
) -> Callable[[Sequence[Finding], Sequence[str]], Sequence[Finding]]:
    """Decides which findings count; the baseline is brought up to date on the way."""

    def keep(findings: Sequence[Finding], looked_at: Sequence[str]) -> Sequence[Finding]:
        kept = findings
        if known is not None:
            current = known.grown(findings, looked_at) if update else known.shrunk(findings, looked_at)
            if write:
                current.write()
            kept = current.sift(findings)
        if diff_base is not None:
            from fwdoctor.lint.changed import since

            changes = since(diff_base)
            kept = [finding for finding in kept if changes.touches(finding)]
        return kept

    return keep


def _pass_through(name: str, begin: Callable[[], Session], options: Options, output: Output) -> int:
    """``-``: with --fix the text goes through, and messages go beside it."""
    from fwdoctor.lint.run import lint_text

    data = sys.stdin.buffer.read()
    new, report = lint_text(name, data, begin, options)
    through = options.fix and not options.diff
    if through:
        sys.stdout.buffer.write(new)
        sys.stdout.buffer.flush()
    return output.finish(report, to_stderr=through)


def _print_ruff_config() -> int:
    from fwdoctor.lint.ruff_config import fragment

    here = next((f for f in (".ruff.toml", "ruff.toml") if os.path.exists(f)), None)
    click.echo(fragment(for_pyproject=here is None), nl=False)
    return 0
