"""Puts ported files on disk when all of them are ported: in turn, all or none, or each when asked.

Nothing is written while files are still being ported. So what speaks against writing (uncommitted changes, a
file that failed) is known before the first byte, and an interruption has a clear place: between two files.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fwdoctor.finding import FileOutcome, FileStatus, Finding, Problem
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.source.write import WriteFailed, write_atomically

#: How many paths one call of git gets; command lines have an end.
_BATCH = 500
_GIT_TIMEOUT_S = 30
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file: its outcome, its findings, and the bytes to write where it changes."""

    outcome: FileOutcome
    findings: tuple[Finding, ...] = ()
    old: bytes = b""
    new: bytes | None = None

    def told(self, status: FileStatus, reason: str) -> Result:
        """The same file, not written, for a reason."""
        outcome = dataclasses.replace(self.outcome, status=status, reason=reason, changed=False)
        return dataclasses.replace(self, outcome=outcome, new=None)


class Answer(enum.Enum):
    """What to do with one file."""

    APPLY = enum.auto()
    SKIP = enum.auto()
    QUIT = enum.auto()


@dataclass(frozen=True, slots=True)
class Written:
    """The results as they stand on disk, and what went wrong beside single files."""

    results: tuple[Result, ...]
    problems: tuple[Problem, ...] = ()
    interrupted: bool = False


def write(
    results: Sequence[Result],
    *,
    atomic: bool = False,
    allow_dirty: bool = False,
    ask: Callable[[Result], Answer] | None = None,
) -> Written:
    """Write what changes.

    Args:
        atomic: write nothing if any file failed, and take everything back if one cannot be written.
        allow_dirty: write files that have uncommitted changes, too.
        ask: asked before each file; without it all are written.
    """
    changing = [r for r in results if r.new is not None]
    if not allow_dirty and (dirty := uncommitted([r.outcome.path for r in changing])):
        reason = "not written: files have uncommitted changes"
        return Written(tuple(_none(results, reason)), (_refusal(dirty),))
    failed = [r for r in results if r.outcome.status is FileStatus.FAILED]
    if atomic and failed and changing:
        count = "one file" if len(failed) == 1 else f"{len(failed)} files"
        return Written(tuple(_none(results, f"not written: --atomic, and {count} failed")))
    return _write_each(results, atomic=atomic, ask=ask)


def _none(results: Sequence[Result], reason: str) -> Iterator[Result]:
    for result in results:
        yield result if result.new is None else result.told(FileStatus.SKIPPED, reason)


def _write_each(
    results: Sequence[Result], *, atomic: bool, ask: Callable[[Result], Answer] | None
) -> Written:
    done: list[Result] = []
    stop = ""
    with _Hold() as hold:
        for result in results:
            if result.new is None:
                done.append(result)
                continue
            stop = stop or ("interrupted" if hold.came else "")
            if not stop and ask is not None:
                answer = hold.ask(ask, result)
                stop = "interrupted" if hold.came else "you stopped" if answer is Answer.QUIT else ""
                if answer is Answer.SKIP:
                    done.append(result.told(FileStatus.SKIPPED, "not written: you skipped it"))
                    continue
            if stop:
                status = FileStatus.FAILED if stop == "interrupted" else FileStatus.SKIPPED
                done.append(result.told(status, f"not written: {stop}"))
                continue
            done.append(_write_one(result))
            if atomic and done[-1].outcome.status is FileStatus.FAILED:
                stop = "--atomic, and another file could not be written"
    if atomic and stop.startswith("--atomic"):
        return Written(tuple(map(_taken_back, done)))
    return Written(tuple(done), interrupted=stop == "interrupted")


def _write_one(result: Result) -> Result:
    assert result.new is not None
    path = result.outcome.path
    try:
        write_atomically(path, result.new, expected=result.old)
    except WriteFailed as error:
        return result.told(FileStatus.FAILED, str(error).removeprefix(f"{path}: "))
    return result


def _taken_back(result: Result) -> Result:
    """The old bytes again, for a file that was written before another could not be."""
    if result.new is None:
        return result
    path = result.outcome.path
    try:
        write_atomically(path, result.old, expected=result.new)
    except WriteFailed as error:
        reason = str(error).removeprefix(f"{path}: ").replace("not written", "ported, and not taken back", 1)
        outcome = dataclasses.replace(result.outcome, status=FileStatus.FAILED, reason=reason)
        return dataclasses.replace(result, outcome=outcome)
    return result.told(FileStatus.SKIPPED, "not written: --atomic, and another file could not be written")


class _Hold:
    """Ctrl-C and SIGTERM wait until the file that is being written is written; ``came`` says if one did."""

    def __init__(self) -> None:
        self.came = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Hold:
        with contextlib.suppress(ValueError):  # not the main thread: signals are not ours to handle
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: object) -> None:
        self.came = True

    def ask(self, question: Callable[[Result], Answer], result: Result) -> Answer:
        """Ask with the usual handlers: a person at a prompt is not to wait."""
        self.__exit__()
        try:
            return question(result)
        except KeyboardInterrupt:
            self.came = True
            return Answer.QUIT
        finally:
            self.__enter__()


# --- uncommitted changes -----------------------------------------------------------------------------


def uncommitted(paths: Sequence[str]) -> list[str]:
    """Of some files, those with changes that git has not committed, and those that it does not know.

    Files outside of repositories, and all of them where git is missing or refuses, count as clean: there is
    nothing that could be compared.
    """
    roots: dict[str, list[str]] = {}
    folders: dict[str, str | None] = {}
    for path in paths:
        real = os.path.realpath(path)
        folder = os.path.dirname(real)
        if folder not in folders:
            folders[folder] = _root(folder)
        if (root := folders[folder]) is not None:
            roots.setdefault(root, []).append(real)
    dirty: set[str] = set()
    for root, files in roots.items():
        for start in range(0, len(files), _BATCH):
            dirty |= _status(root, files[start : start + _BATCH])
    return [p for p in paths if os.path.realpath(p) in dirty]


def unversioned(paths: Sequence[str]) -> list[str]:
    """Of some files, those that lie in no git repository."""
    return [p for p in paths if _root(os.path.dirname(os.path.realpath(p))) is None]


def _root(folder: str) -> str | None:
    while True:
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _status(root: str, files: Sequence[str]) -> set[str]:
    import subprocess

    # A repository's own settings may name programs; none of them is to run.
    command = ["git", "-c", "core.fsmonitor=false", "-C", root, "--literal-pathspecs", "status"]
    command += ["--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", *files]
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return set()
    if done.returncode != 0:
        return set()
    return {os.path.join(root, os.fsdecode(row[3:])) for row in done.stdout.split(b"\0") if len(row) > 3}


def _refusal(dirty: Sequence[str]) -> Problem:
    shown = ", ".join(dirty[:_SHOWN]) + (f" and {len(dirty) - _SHOWN} more" if len(dirty) > _SHOWN else "")
    whose = "a file" if len(dirty) == 1 else f"{len(dirty)} files"
    return Problem(
        f"nothing was written: {whose} that would be written would lose uncommitted changes ({shown}); "
        "commit or stash them first, or say --allow-dirty"
    )
