"""Runs a migration over paths: discover, sift, port, verify, write. One bad file never stops the others."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fwdoctor.finding import FileOutcome, FileStatus, Finding, Problem, Report
from fwdoctor.source.discovery import Discovery, discover
from fwdoctor.source.oserrors import describe
from fwdoctor.source.sieve import read_bytes, sieve
from fwdoctor.source.text import SourceText, UnreadableSource, decode_source, parse_guarded
from fwdoctor.source.write import WriteFailed, unified_diff, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from fwdoctor_codemods._surfaces import Surfaces


#: Files that people name among others; anything else that is named is taken for Python.
_NOT_PYTHON = frozenset(
    {".md", ".rst", ".ipynb", ".yaml", ".yml", ".toml", ".json", ".jsonl", ".sh", ".txt", ".cfg", ".lock"}
)


def migrate(
    paths: Sequence[str],
    surfaces: Callable[[], Surfaces],
    *,
    write: bool = True,
    diff: bool = False,
    check: bool = False,
) -> Report:
    """Port every Python file under ``paths``.

    Args:
        surfaces: makes the surfaces; not called where no file uses Fireworks.
        write: put the ported files on disk.
        diff: add a unified diff to the outcome of every file that changes.
        check: let the report's exit status be 1 if anything would change.
    """
    discovery = discover(paths)
    problems = list(discovery.problems)
    outcomes: list[FileOutcome] = []
    findings: list[Finding] = []
    session: _Session | None = None
    for path, data in _candidates(discovery):
        if isinstance(data, Problem):
            problems.append(data)
            continue
        if session is None:
            session = _Session(surfaces())
        if session.is_library(path):
            continue
        outcome, found = session.file(path, data, write=write, diff=diff)
        findings += found
        outcomes.append(outcome)
        if outcome.status is FileStatus.FAILED:
            problems.append(Problem(outcome.reason or "failed", path))
    return Report(
        command="migrate",
        findings=tuple(findings),
        files=tuple(outcomes),
        problems=tuple(problems),
        notes=(*discovery.notes, _looked_at(len(discovery.files), outcomes, paths)),
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


def _looked_at(count: int, outcomes: Sequence[FileOutcome], paths: Sequence[str]) -> str:
    """Why nothing changed, when nothing did: "0 changed" alone tells nobody anything."""
    where = ", ".join(paths)
    files = "file" if count == 1 else "files"
    uses = len(outcomes)
    target = "" if uses else "; there was nothing to compare"
    return f"looked at {count} Python {files} under {where}; {uses} may use Fireworks{target}"


class _Session:
    """What the files of one run share."""

    def __init__(self, surfaces: Surfaces) -> None:
        # Only now: no libcst and no surfaces for a tree without Fireworks.
        from fwdoctor.fit import project
        from fwdoctor.fit.session import Context, open_port
        from fwdoctor.migrate import transform

        # Syntax trees are many small objects that point at each other; looking for garbage among them
        # again and again takes a sixth of the time of a port. What is loaded by now stays anyway.
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        self._context = Context
        self._open = open_port
        self._project = project
        self._transform = transform
        self._surfaces = surfaces
        self._fixtures = project.Fixtures(surfaces)

    def file(
        self, path: str, data: bytes, *, write: bool, diff: bool
    ) -> tuple[FileOutcome, tuple[Finding, ...]]:
        """Port one file; what goes wrong is its outcome, never an exception."""
        suffix = os.path.splitext(path)[1].lower()
        if suffix in _NOT_PYTHON:
            return FileOutcome(path, FileStatus.SKIPPED, reason="only Python files are ported"), ()
        try:
            source = decode_source(path, data)
            return self._port(path, source, parse_guarded(source), write=write, diff=diff)
        except UnreadableSource as error:
            return self._failed(path, error.reason), ()
        except self._transform.NotVerified as error:
            return self._failed(path, f"left as it was: {error}"), ()
        except WriteFailed as error:
            return self._failed(path, str(error).removeprefix(f"{path}: ")), ()
        except RecursionError:
            return self._failed(path, "left as it was: nested too deeply to port"), ()
        except Exception as error:
            if os.environ.get("FWDOCTOR_DEBUG"):
                raise
            # One file's surprise must not cost the others their port.
            reason = f"left as it was: internal error ({type(error).__name__}); FWDOCTOR_DEBUG=1 shows where"
            return self._failed(path, reason), ()

    def is_library(self, path: str) -> bool:
        """Whether a file is the SDK's or an installed cookbook's own."""
        return self._project.is_library(path)

    @staticmethod
    def _failed(path: str, reason: str) -> FileOutcome:
        return FileOutcome(path, FileStatus.FAILED, reason=reason)

    def _port(
        self, path: str, source: SourceText, tree: ast.Module, *, write: bool, diff: bool
    ) -> tuple[FileOutcome, tuple[Finding, ...]]:
        context = self._context(
            self._surfaces,
            self._project.module_name(path),
            lambda name: self._fixtures.lookup(path, name),
        )
        first = self._open(path, source.text, context, source.newline, tree)
        if (other := self._project.lookalike(path, first.model)) is not None:
            reason = f"its imports reach the package {other}, which is not the cookbook"
            return FileOutcome(path, FileStatus.SKIPPED, reason=reason), ()
        ported = self._transform.port_opened(first, context)
        new = source.encode(ported.text)
        changed = new != source.data
        if changed and write:
            write_atomically(path, new, expected=source.data)
        status = FileStatus.PORTED if changed else FileStatus.UNCHANGED
        if ported.todo:
            status = FileStatus.PARTIAL
        outcome = FileOutcome(
            path,
            status,
            moves=ported.done,
            todo=ported.todo,
            diff=unified_diff(path, source.data, new) if diff and changed else None,
            changed=changed,
        )
        return outcome, (*ported.todo, *ported.notes)
