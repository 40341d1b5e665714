"""Lints paths: discover, sift, look, mend. One bad file never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fwdoctor.finding import FileOutcome, FileStatus, Finding, Problem, Report
from fwdoctor.source.discovery import discover
from fwdoctor.source.sieve import may_hold_key, may_use_fireworks, sieve

if TYPE_CHECKING:
    from fwdoctor.lint.session import Linted, Session
    from fwdoctor.settings import Settings

SUFFIXES = (".py", ".pyi", ".ipynb")


@dataclass(frozen=True, slots=True)
class Options:
    """What is done beside telling.

    ``fix`` mends what is safe to mend, ``unsafe`` also what may change what the code does; with ``diff``
    nothing is written and the difference is shown. ``add_noqa`` silences what is found. ``exclude`` are more
    patterns of paths to leave out, of named files only with ``force_exclude``. ``keep`` decides which
    findings count (a baseline, changed lines), given all of them and the files that were looked at.
    """

    fix: bool = False
    unsafe: bool = False
    diff: bool = False
    add_noqa: bool = False
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    keep: Callable[[Sequence[Finding], Sequence[str]], Sequence[Finding]] = lambda findings, _: findings


@dataclass
class _Outcome:
    """What a run has seen so far."""

    findings: list[Finding] = field(default_factory=list)
    silenced: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[FileOutcome] = field(default_factory=list)
    using: int = 0
    added: int = 0


def lint(
    paths: Sequence[str], begin: Callable[[], Session], settings: Settings, options: Options | None = None
) -> Report:
    """Look at every Python file and notebook under ``paths``.

    ``begin`` makes the session; it is not called where no file uses Fireworks.
    """
    options = options or Options()
    discovery = discover(list(paths), suffixes=SUFFIXES)
    outcome = _Outcome(problems=list(discovery.problems), notes=list(discovery.notes))
    files = [f for f in discovery.files if _is_wanted(f, f in discovery.named, settings, options)]
    session: Session | None = None
    for path, data in sieve(files, keys=True):
        if isinstance(data, Problem):
            outcome.problems.append(data)
            continue
        session = session or begin()
        _take(outcome, session, session.lint(path, data), options)
    findings = options.keep(outcome.findings, files)
    return _report(outcome, findings, len(files), paths, session, options)


def lint_text(name: str, data: bytes, begin: Callable[[], Session], options: Options) -> tuple[bytes, Report]:
    """Look at a text that lies in no file; ``name`` is how messages call it.

    Returns the text, mended where that was asked for, and the report.
    """
    outcome = _Outcome()
    session = None
    new = data
    if may_use_fireworks(data, inside=True) or may_hold_key(data):
        session = begin()
        linted = session.lint(name, data)
        new = _take(outcome, session, linted, options, write=False) or data
    findings = options.keep(outcome.findings, [name])
    return new, _report(outcome, findings, 1, [name], session, options)


def _is_wanted(path: str, named: bool, settings: Settings, options: Options) -> bool:
    if not settings.exclude and not options.exclude:
        return True
    if named and not options.force_exclude:
        return True
    return not settings.excludes(path, options.exclude)


def _take(
    outcome: _Outcome, session: Session, linted: Linted, options: Options, *, write: bool = True
) -> bytes | None:
    """Add one file to the outcome, mended if that was asked for; returns its new bytes, if any."""
    if linted.note is not None:
        outcome.notes.append(linted.note)
    if linted.problem is not None:
        outcome.problems.append(linted.problem)
    outcome.using += linted.uses_fireworks
    new = None
    done: dict[str, int] = {}
    if options.fix and linted.found:
        from fwdoctor.lint.fix import mend

        mended = mend(session, linted, unsafe=options.unsafe)
        if mended.problem is not None:
            outcome.problems.append(mended.problem)
        if mended.text is not None:
            linted, done = mended.linted, dict(mended.done)
            new = _put(outcome, linted, mended.text, done, options, write=write and not options.diff)
    elif options.add_noqa and linted.found and linted.source is not None:
        new = _silence(outcome, linted, options, write=write)
        linted = session.lint(linted.path, new) if new is not None else linted
    outcome.findings += (f.finding for f in linted.found)
    outcome.silenced += len(linted.silenced)
    return new


def _put(
    outcome: _Outcome, linted: Linted, text: str, done: dict[str, int], options: Options, *, write: bool
) -> bytes | None:
    """Write a file's new text, and say so."""
    from fwdoctor.source.write import WriteFailed, write_atomically

    assert linted.source is not None
    data = linted.source.encode(text)
    if write:
        try:
            write_atomically(linted.path, data, expected=linted.source.data)
        except WriteFailed as error:
            outcome.problems.append(Problem(f"not written: {error.reason}", linted.path))
            return None
    diff = _difference(linted, text, data) if options.diff else None
    outcome.files.append(FileOutcome(linted.path, FileStatus.PORTED, moves=done, diff=diff, changed=True))
    return data


def _difference(linted: Linted, text: str, data: bytes) -> str:
    from fwdoctor.source.write import unified_diff

    assert linted.source is not None
    if linted.path.lower().endswith(".ipynb"):
        from fwdoctor.migrate.notebooks import cell_diff

        return cell_diff(linted.path, linted.source.data.decode("utf-8-sig"), text)
    return unified_diff(linted.path, linted.source.data, data)


def _silence(outcome: _Outcome, linted: Linted, options: Options, *, write: bool) -> bytes | None:
    from fwdoctor.lint.noqa import silence

    if linted.path.lower().endswith(".ipynb"):
        outcome.notes.append(f"{linted.path}: no comments are added to notebooks")
        return None
    text, count, left = silence(linted)
    outcome.notes += left
    if not count:
        return None
    new = _put(outcome, linted, text, {"noqa": count}, options, write=write and not options.diff)
    outcome.added += count if new is not None else 0
    return new


def _report(
    outcome: _Outcome,
    findings: Sequence[Finding],
    looked_at: int,
    paths: Sequence[str],
    session: Session | None,
    options: Options,
) -> Report:
    notes = list(outcome.notes)
    if outcome.silenced:
        notes.append(f"{_count(outcome.silenced, 'finding')} silenced by comments")
    if (known := len(outcome.findings) - len(findings)) > 0:
        notes.append(f"{_count(known, 'finding')} left out by the baseline or the changed lines")
    if outcome.added:
        notes.append(f"{_count(outcome.added, 'finding')} silenced with new comments")
    against = f", compared with {session.surfaces.label}" if session else ""
    uses = f"{_count(outcome.using, 'file')} {'uses' if outcome.using == 1 else 'use'} Fireworks"
    notes.append(f"{uses} of {looked_at:,} looked at under {_some(paths)}{against}")
    return Report(
        command="lint",
        findings=tuple(findings),
        files=tuple(outcome.files) if options.fix or options.add_noqa else None,
        problems=tuple(outcome.problems),
        notes=tuple(notes),
        would_change=options.diff and bool(outcome.files),
        looked_at=looked_at,
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' if number != 1 else ''}"


def _some(paths: Iterable[str]) -> str:
    shown = list(paths)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
