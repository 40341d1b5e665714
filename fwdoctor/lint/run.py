"""Lints paths: discover, sift, look, mend. One bad file never stops the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from fwdoctor.finding import SEVERAL_VERSIONS, FileOutcome, FileStatus, Finding, Problem, Report
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.settings import matches
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
    patterns of paths to leave out, relative to the folder that the user is in; of named files only with
    ``force_exclude``. ``keep`` decides which findings count (a baseline, changed lines).
    """

    fix: bool = False
    unsafe: bool = False
    diff: bool = False
    add_noqa: bool = False
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    keep: Callable[[Seen], Kept] = lambda seen: Kept(tuple(seen.findings))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run found, before anybody decides what counts.

    ``judged`` says whether a rule was looked for in a file, by its path; ``fixed`` are the files that fixes
    changed.
    """

    findings: Sequence[Finding]
    judged: Callable[[str, str], bool]
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """The findings that count, and what there is to say about the others."""

    findings: Sequence[Finding]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass
class _Outcome:
    """What a run has seen so far."""

    findings: list[Finding] = field(default_factory=list)
    silenced: int = 0
    guarded: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[FileOutcome] = field(default_factory=list)
    using: int = 0
    added: int = 0
    #: files that were not looked at, though they were to be
    unseen: set[str] = field(default_factory=set)


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
            outcome.unseen.add(path)
            continue
        session = session or begin()
        _take(outcome, session, session.lint(path, data), options)
    kept = options.keep(_seen(outcome, files, session))
    return _report(outcome, kept, len(files), paths, session, options)


def _seen(outcome: _Outcome, files: Sequence[str], session: Session | None) -> Seen:
    looked_at = {os.path.abspath(f) for f in files} - {os.path.abspath(f) for f in outcome.unseen}

    def judged(path: str, rule: str) -> bool:
        return path in looked_at and (session is None or session.selection.allows(path)(rule))

    fixed = frozenset(os.path.abspath(f.path) for f in outcome.files if "noqa" not in f.moves)
    return Seen(outcome.findings, judged, fixed)


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
    kept = options.keep(_seen(outcome, [name], session))
    return new, _report(outcome, kept, 1, [name], session, options)


def _is_wanted(path: str, named: bool, settings: Settings, options: Options) -> bool:
    if not settings.exclude and not options.exclude:
        return True
    if named and not options.force_exclude:
        return True
    return not settings.excludes(path) and not matches(path, options.exclude, os.getcwd())


def _take(
    outcome: _Outcome, session: Session, linted: Linted, options: Options, *, write: bool = True
) -> bytes | None:
    """Add one file to the outcome, mended if that was asked for; returns its new bytes, if any."""
    _note(outcome, linted)
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
        if new is not None:
            linted = session.lint(linted.path, new)
            _note(outcome, linted)
    outcome.findings += (f.finding for f in linted.found)
    outcome.silenced += len(linted.silenced)
    outcome.guarded += linted.guarded
    return new


def _note(outcome: _Outcome, linted: Linted) -> None:
    """Keep what a file could not be looked at for."""
    if linted.note is not None:
        outcome.notes.append(linted.note)
    if linted.problem is not None:
        outcome.problems.append(linted.problem)
    if linted.note is not None or linted.problem is not None:
        outcome.unseen.add(linted.path)


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
    text, count = silence(linted)
    if not count:
        return None
    new = _put(outcome, linted, text, {"noqa": count}, options, write=write and not options.diff)
    outcome.added += count if new is not None else 0
    return new


def _report(
    outcome: _Outcome,
    kept: Kept,
    looked_at: int,
    paths: Sequence[str],
    session: Session | None,
    options: Options,
) -> Report:
    notes = list(outcome.notes)
    if outcome.silenced:
        notes.append(f"{_count(outcome.silenced, 'finding')} silenced by comments")
    if outcome.guarded:
        notes.append(f"{_count(outcome.guarded, 'finding')} left: {SEVERAL_VERSIONS}")
    notes += kept.notes
    if (known := len(outcome.findings) - len(kept.findings)) > 0:
        notes.append(f"{_count(known, 'finding')} left out by the baseline or the changed lines")
    if outcome.added:
        notes.append(f"{_count(outcome.added, 'finding')} silenced with new comments")
    against = f", compared with {session.against}" if session else ""
    uses = f"{_count(outcome.using, 'file')} {'uses' if outcome.using == 1 else 'use'} Fireworks"
    notes.append(f"{uses} of {looked_at:,} looked at under {_some(paths)}{against}")
    return Report(
        command="lint",
        findings=tuple(kept.findings),
        files=tuple(outcome.files) if options.fix or options.add_noqa else None,
        problems=(*outcome.problems, *kept.problems),
        notes=tuple(notes),
        would_change=options.diff and bool(outcome.files),
        looked_at=looked_at,
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' if number != 1 else ''}"


def _some(paths: Iterable[str]) -> str:
    shown = list(paths)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
