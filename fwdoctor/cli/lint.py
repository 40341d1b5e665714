"""``fwdoctor lint``: find what is wrong in code, and mend what is safe to mend."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, of_input, output_options, print_bytes, read_input, write_output
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fwdoctor.lint.baseline import Baseline
    from fwdoctor.lint.run import Kept, Options, Seen
    from fwdoctor.lint.session import Session
    from fwdoctor.settings import Settings

_STDIN = "-"


@click.command("lint", short_help="Find old API, wrong settings and leaked trainers in code.")
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
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERNS",
    callback=lambda _, __, values: tuple(p for v in values for p in v.split(",") if p),
    help="Paths to leave out, as in a .gitignore.",
)
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
        return _print_ruff_config(output)
    if statistics and output.output_format not in ("text", "concise", "json"):
        raise click.UsageError("--statistics goes with --output-format text, concise and json.")
    fix = fix or unsafe_fixes or (diff and not add_noqa)
    paths = paths or (".",)
    if _STDIN in paths and (len(paths) > 1 or add_noqa):
        raise click.UsageError("'-' goes alone, and without --add-noqa.")

    from fwdoctor.lint.run import Options, lint
    from fwdoctor.settings import load
    from fwdoctor.suggested import with_target

    settings = load(config, _start(paths, stdin_filename))
    known = _baseline(baseline, settings, update=update_baseline)
    _refuse(
        add_noqa=add_noqa,
        fix=fix,
        diff=diff,
        baseline=known is not None,
        update=update_baseline,
        diff_base=diff_base is not None,
    )
    if paths == (_STDIN,) and force_exclude and _is_excluded(stdin_filename, settings, exclude):
        return _pass_unseen(fix=fix and not diff)
    options = Options(
        fix=fix,
        unsafe=unsafe_fixes,
        diff=diff,
        add_noqa=add_noqa,
        exclude=exclude,
        force_exclude=force_exclude,
        keep=_keeper(known, diff_base, paths, update=update_baseline, write=not diff),
    )
    # Suggested commands say the target of the settings, too: of those that are suggested, migrate reads none.
    target = target or settings.target or "auto"
    begin = _beginner(paths, target, settings, output, ignore_noqa)
    if paths == (_STDIN,):
        return _pass_through(stdin_filename, begin, target, options, output)
    report = with_target(lint(paths, begin, settings, options), target)
    return _unfiltered(output).finish(report, statistics=statistics)


def _refuse(**asked: bool) -> None:
    """Refuse what does not go together."""
    for one, other, why in (
        ("add_noqa", "fix", ""),
        ("add_noqa", "baseline", ": each is a way to live with what is found."),
        ("add_noqa", "diff_base", ": comments would be added to all that is found."),
        ("fix", "diff_base", ": a file is mended as a whole."),
        ("diff", "update", ": --diff writes nothing."),
    ):
        if asked[one] and asked[other]:
            names = {"update": "--update-baseline"}
            first, second = (names.get(n, "--" + n.replace("_", "-")) for n in (one, other))
            raise click.UsageError(f"{first} does not go with {second}{why or '.'}")


def _unfiltered(output: Output) -> Output:
    """For a report that holds what was asked for and no more: settings have a say in that, too."""
    return dataclasses.replace(output, select=(), ignore=())


def _is_excluded(name: str, settings: Settings, exclude: tuple[str, ...]) -> bool:
    from fwdoctor.settings import matches

    return settings.excludes(name) or matches(name, exclude, os.getcwd())


def _pass_unseen(*, fix: bool) -> int:
    data = read_input()
    if fix:
        print_bytes(data)
    return 0


def _start(paths: Sequence[str], stdin_filename: str) -> Path:
    """The folder from which settings are looked for upwards."""
    first = Path(stdin_filename if paths[0] == _STDIN else paths[0])
    return first if first.is_dir() else first.parent


def _beginner(
    paths: Sequence[str], target: str, settings: Settings, output: Output, ignore_noqa: bool
) -> Callable[[], Session]:
    """Makes the session when the first file needs it; what is wrong with the target is told now."""
    from fwdoctor.settings import selection

    if target != "auto":
        from fwdoctor.fit.target import Choice

        Choice(target).check()
    selected, ignored = selection(settings, output.asked, output.extend_select, output.ignore)

    def begin() -> Session:
        from fwdoctor.environment.target import choice
        from fwdoctor.lint.session import Selection, Session

        selection = Selection(selected, ignored, settings.ignores_in)
        chosen = choice(target, paths)
        surfaces = chosen.surfaces()
        guessed = chosen.wanted == "auto" and chosen.found is None
        against = f"{surfaces.label}, the newest known: no cookbook was found" if guessed else None
        return Session(surfaces, selection, ignore_noqa=ignore_noqa, against=against)

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
    known: Baseline | None, diff_base: str | None, paths: Sequence[str], *, update: bool, write: bool
) -> Callable[[Seen], Kept]:
    """Decides which findings count; the baseline is brought up to date on the way."""
    from fwdoctor.lint.run import Kept

    def keep(seen: Seen) -> Kept:
        kept, notes, problems = seen.findings, [], []
        if known is not None:
            current = known.grown(seen) if update else known.rekeyed(seen).shrunk(seen)
            kept = current.sift(kept)
            try:
                if write:
                    current.write()
            except FwdoctorError as error:
                # Nobody loses the report because the file is read-only, as it is in CI.
                if update:
                    problems.append(Problem(str(error)))
                else:
                    notes.append(f"the baseline keeps what it does not need any more: {error}")
        if diff_base is not None:
            from fwdoctor.lint.changed import Changes

            there = next((p for p in paths if os.path.exists(p)), ".")
            changes = Changes(diff_base, there if os.path.isdir(there) else os.path.dirname(there) or ".")
            kept = [finding for finding in kept if changes.touches(finding)]
        return Kept(kept, tuple(notes), tuple(problems))

    return keep


def _pass_through(
    name: str, begin: Callable[[], Session], target: str, options: Options, output: Output
) -> int:
    """``-``: with --fix the text goes through, and messages go beside it."""
    from fwdoctor.lint.run import lint_text
    from fwdoctor.suggested import with_target

    data = read_input()
    new, report = lint_text(name, data, begin, options)
    through = options.fix and not options.diff
    if through:
        print_bytes(new)
    report = with_target(of_input(report, name), target)
    return _unfiltered(output).finish(report, to_stderr=through)


def _print_ruff_config(output: Output) -> int:
    from fwdoctor.lint.ruff_config import fragment

    here = next((f for f in (".ruff.toml", "ruff.toml") if os.path.exists(f)), None)
    text = fragment(for_pyproject=here is None)
    if output.output_file:
        write_output(output.output_file, text)
    else:
        click.echo(text, nl=False)
    return 0
