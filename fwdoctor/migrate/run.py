"""Runs a migration over paths: discover, sift, port, verify, write. One bad file never stops the others."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from fwdoctor.finding import FileOutcome, FileStatus, Problem, Report
from fwdoctor.migrate.workers import Porter
from fwdoctor.source.discovery import Discovery, discover
from fwdoctor.source.oserrors import describe
from fwdoctor.source.sieve import read_bytes, sieve

if TYPE_CHECKING:
    from fwdoctor.fit.target import Choice

_PYTHON = (".py", ".pyi")
_NOTEBOOKS = (".ipynb",)
_MARKDOWN = (".md", ".markdown", ".mdx")
#: From so many files on, worker processes get ready while the files are sifted.
_MANY = 500


def migrate(
    paths: Sequence[str],
    choose: Callable[[], Choice],
    *,
    write: bool = True,
    diff: bool = False,
    check: bool = False,
    jobs: int = 0,
    markdown: bool = False,
) -> Report:
    """Port every Python file and notebook under ``paths``.

    Args:
        choose: chooses the target; not called where no file uses Fireworks.
        write: put the ported files on disk.
        diff: add a unified diff to the outcome of every file that changes.
        check: let the report's exit status be 1 if anything would change.
        jobs: processes to port with; 0 means one per processor where there is enough to do.
        markdown: documents in folders, too; those that are named are ported in any case.
    """
    discovery = discover(paths, suffixes=(*_PYTHON, *_NOTEBOOKS, *(_MARKDOWN if markdown else ())))
    problems = list(discovery.problems)
    many = len(discovery.files) >= _MANY
    porter = Porter(jobs or (os.cpu_count() or 1 if many else 1), choose, write=write, diff=diff)
    with porter:
        for path, data in _candidates(discovery):
            if isinstance(data, Problem):
                problems.append(data)
            else:
                porter.submit(path, data)
        results = porter.results()
    outcomes = [outcome for outcome, _ in results]
    failed = [o for o in outcomes if o.status is FileStatus.FAILED]
    problems += [Problem(o.reason or "failed", o.path) for o in failed]
    return Report(
        command="migrate",
        findings=tuple(f for _, found in results for f in found),
        files=tuple(outcomes),
        problems=tuple(problems),
        notes=(*discovery.notes, _looked_at(discovery.files, outcomes, paths)),
        would_change=check and any(o.changed for o in outcomes),
        looked_at=len(discovery.files),
    )


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
    counts = Counter(os.path.splitext(file)[1].lower() or "other" for file in files)
    order = (*_PYTHON, *_NOTEBOOKS, *_MARKDOWN)
    kinds = sorted(counts, key=lambda kind: (order.index(kind) if kind in order else len(order), kind))
    looked_at = ", ".join(f"{counts[kind]} {kind}" for kind in kinds) or "no file"
    where = ", ".join(paths)
    uses = len(outcomes)
    target = "" if uses else "; there was nothing to compare"
    return f"looked at {looked_at} under {where}; {uses} may use Fireworks{target}"
