"""Runs a migration over paths: discover, sift, port, verify, write. One bad file never stops the others."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fwdoctor.finding import FileOutcome, FileStatus, Problem, Report
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.migrate.workers import Porter
from fwdoctor.migrate.writing import Answer, Result, Written, write
from fwdoctor.source.discovery import Discovery, discover
from fwdoctor.source.oserrors import describe
from fwdoctor.source.sieve import read_bytes, sieve

if TYPE_CHECKING:
    from fwdoctor.fit.target import Choice

_PYTHON = (".py", ".pyi")
_NOTEBOOKS = (".ipynb",)
_MARKDOWN = (".md", ".markdown", ".mdx")
#: Where settings of recipes stand outside Python.
_SETTINGS = (".yaml", ".yml", ".sh", ".bash")
#: From so many files on, worker processes get ready while the files are sifted.
_MANY = 150


@dataclass(frozen=True, slots=True)
class Options:
    """How a migration runs.

    ``write`` puts the ported files on disk; ``atomic``, ``allow_dirty`` and ``ask`` are those of
    :func:`fwdoctor.migrate.writing.write`. ``diff`` adds a unified diff to the outcome of every file that
    changes; ``check`` lets the exit status be 1 if anything would change. ``jobs`` are the processes to port
    with, 0 means one per processor where there is enough to do. ``markdown`` takes documents in folders, too;
    those that are named are ported in any case. ``bump_pins`` lets the project's pin of the SDK follow the
    target, if nothing of the code is left. ``progress`` hears how many files of how many are ported.
    """

    write: bool = True
    diff: bool = False
    check: bool = False
    jobs: int = 0
    markdown: bool = False
    atomic: bool = False
    allow_dirty: bool = False
    bump_pins: bool = False
    ask: Callable[[Result], Answer] | None = None
    progress: Callable[[int, int], None] = lambda _, __: None


def migrate(paths: Sequence[str], choose: Callable[[], Choice], options: Options | None = None) -> Report:
    """Port every Python file and notebook under ``paths``; patterns such as ``src/**/*.py`` are expanded.

    ``choose`` chooses the target; it is not called where no file uses Fireworks.
    """
    return migrate_and_keep(paths, choose, options)[0]


def migrate_and_keep(
    paths: Sequence[str], choose: Callable[[], Choice], options: Options | None = None
) -> tuple[Report, tuple[Result, ...]]:
    """As :func:`migrate`, with the old and new bytes of every file."""
    options = options or Options()
    expanded, problems = _expanded(paths)
    suffixes = (*_PYTHON, *_NOTEBOOKS, *(_MARKDOWN if options.markdown else ()))
    everything = discover(expanded, suffixes=(*suffixes, *_SETTINGS))
    discovery = replace(everything, files=tuple(f for f in everything.files if _is_code(f)))
    problems += discovery.problems
    many = len(discovery.files) >= _MANY
    porter = Porter(options.jobs or (os.cpu_count() or 1 if many else 1), choose, diff=options.diff)
    with porter:
        for path, data in _candidates(discovery):
            if isinstance(data, Problem):
                problems.append(data)
            else:
                porter.submit(path, data)
        results = porter.results(options.progress)
    others = [f for f in everything.files if not _is_code(f)]
    results += _outside(others, choose, diff=options.diff)
    notes = list(discovery.notes)
    if options.bump_pins:
        there = [p for p in expanded if os.path.exists(p)]
        results += _pins(results, there, discovery.files, choose, diff=options.diff)
    written = Written(tuple(results))
    if options.write:
        written = write(results, atomic=options.atomic, allow_dirty=options.allow_dirty, ask=options.ask)
    outcomes = [r.outcome for r in written.results]
    failed = [o for o in outcomes if o.status is FileStatus.FAILED]
    problems += [Problem(o.reason or "failed", o.path) for o in failed]
    report = Report(
        command="migrate",
        findings=tuple(f for r in written.results for f in r.findings),
        files=tuple(outcomes),
        problems=(*problems, *written.problems),
        notes=(*notes, _looked_at(discovery.files, outcomes, paths)),
        would_change=options.check and any(o.changed for o in outcomes),
        looked_at=len({*discovery.files, *(o.path for o in outcomes)}),
        interrupted=written.interrupted,
    )
    return report, written.results


def _is_code(path: str) -> bool:
    return not path.lower().endswith(_SETTINGS)


def _outside(files: Sequence[str], choose: Callable[[], Choice], *, diff: bool) -> list[Result]:
    """What becomes of settings that stand in YAML files and shell scripts."""
    found: list[Result] = []
    surfaces = None
    for path in files:
        try:
            data = read_bytes(path)
        except (OSError, ValueError):
            continue  # nobody asked for this very file
        if b"training." not in data:
            continue
        from fwdoctor.migrate import overrides

        surfaces = surfaces or choose().surfaces()
        if (result := overrides.port(path, data, surfaces, diff=diff)) is not None:
            found.append(result)
    return found


def _pins(
    results: Sequence[Result],
    paths: Sequence[str],
    looked_at: Sequence[str],
    choose: Callable[[], Choice],
    *,
    diff: bool,
) -> list[Result]:
    """What becomes of the project files: their pins follow, or it is said why they do not."""
    from fwdoctor.migrate import pins

    reason = pins.why_not(results) or pins.unported(paths, looked_at)
    if reason is not None:
        return pins.left(paths, reason)
    version = choose().version()
    if (pin := pins.wanted(version)) is None:
        return pins.left(paths, "its version stays as it is: the target does not say which SDK it needs")
    return pins.bump(paths, pin, getattr(version, "label", "your cookbook"), diff=diff)


def migrate_text(name: str, data: bytes, choice: Choice, options: Options) -> tuple[bytes, Report]:
    """Port a text that lies in no file; ``name`` is how messages call it.

    Returns what it became, the bytes as they were if it could not be ported, and the report.
    """
    from fwdoctor.migrate.session import Session

    result = Session(choice, diff=options.diff).file(name, data)
    if result is None:
        return data, Report(command="migrate", files=(), looked_at=1)
    outcome = result.outcome
    failed = outcome.status is FileStatus.FAILED
    report = Report(
        command="migrate",
        findings=result.findings,
        files=(outcome,),
        problems=(Problem(outcome.reason or "failed", name),) if failed else (),
        would_change=options.check and outcome.changed,
        looked_at=1,
    )
    return result.new if result.new is not None else data, report


def _expanded(paths: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The paths with patterns replaced by what they match; what is there under such a name is no pattern."""
    found: list[str] = []
    problems = []
    for path in paths:
        if not glob.has_magic(path) or os.path.lexists(path):
            found.append(path)
        elif matches := sorted(glob.glob(path, recursive=True)):
            found += matches
        else:
            problems.append(Problem("no file matches this pattern", path))
    return found, problems


def _candidates(discovery: Discovery) -> Iterable[tuple[str, bytes | Problem]]:
    """The files that may use Fireworks; one that the user names is looked at in any case."""
    if not discovery.named:
        yield from sieve(discovery.files)
        return
    for path in discovery.files:
        if path in discovery.named:
            try:
                yield path, read_bytes(path)
            except (OSError, ValueError) as error:
                yield path, Problem(describe(error), path)
        else:
            yield from sieve([path])


def _looked_at(files: Sequence[str], outcomes: Sequence[FileOutcome], paths: Sequence[str]) -> str:
    """Why nothing changed, when nothing did: "0 changed" alone tells nobody anything."""
    kinds = Counter(os.path.splitext(path)[1].lower() or "other" for path in files)
    looked = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common()) or "no files"
    uses = "1 file contains" if len(outcomes) == 1 else f"{len(outcomes)} files contain"
    return f"{uses} Fireworks imports; looked at {looked} under {', '.join(paths)}"
