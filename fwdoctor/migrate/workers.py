"""Ports files in this process or in several: a crash costs one file, and the order stays."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

    from fwdoctor.fit.target import Choice
    from fwdoctor.migrate.session import Session
    from fwdoctor.migrate.writing import Result

#: What a worker needs to have loaded; it loads while this process still looks for files.
_PRELOAD = ["fwdoctor.migrate.session", "fwdoctor_codemods.core.registry", "fwdoctor.fit.misfits"]


class Porter:
    """Takes files and gives back what became of them, in the order in which they came.

    With one job, files are ported as they come. With more, a server process loads what porting needs as
    soon as the porter is made, and workers fork from it.
    """

    def __init__(self, jobs: int, choose: Callable[[], Choice], *, diff: bool) -> None:
        self._jobs = jobs
        self._choose = choose
        self._diff = diff
        self._session: Session | None = None
        self._choice: Choice | None = None
        self._executor: ProcessPoolExecutor | None = None
        self._done: list[Result | None] = []
        self._waiting: list[tuple[str, bytes, Future[Result | None] | None]] = []
        self._others: set[BaseProcess] = set()
        self._context = _start_server() if jobs > 1 else None

    def __enter__(self) -> Porter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            if error is not None:
                self._end_workers()
            self._executor.shutdown(cancel_futures=True)

    def submit(self, path: str, data: bytes) -> None:
        """Port a file, now or soon."""
        if self._choice is None:
            self._choice = self._choose()
        if self._context is None:
            self._done.append(self._here(path, data))
            return
        if self._executor is None:
            self._executor = self._workers(self._jobs)
        from concurrent.futures.process import BrokenProcessPool

        try:
            with _undisturbed():
                future = self._executor.submit(_port, path, data)
        except BrokenProcessPool:  # a worker has died already: this file's turn comes at the end
            future = None
        self._waiting.append((path, data, future))

    def results(self, progress: Callable[[int, int], None] = lambda _, __: None) -> list[Result]:
        """What became of every file, when all are done; ``progress`` hears how many are."""
        from concurrent.futures.process import BrokenProcessPool

        for number, (path, data, future) in enumerate(self._waiting, 1):
            try:
                self._done.append(future.result() if future else self._alone(path, data))
            except BrokenProcessPool:
                self._done.append(self._alone(path, data))
            progress(number, len(self._waiting))
        self._waiting = []
        return [r for r in self._done if r is not None]

    def _alone(self, path: str, data: bytes) -> Result | None:
        """A file that was in the pool when a worker died: again, in a process of its own."""
        from concurrent.futures.process import BrokenProcessPool

        from fwdoctor.finding import FileOutcome, FileStatus
        from fwdoctor.migrate.writing import Result

        with self._workers(1) as executor:
            try:
                return executor.submit(_port, path, data).result()
            except BrokenProcessPool:
                reason = "left as it was: the process that ported it died"
                return Result(FileOutcome(path, FileStatus.FAILED, reason=reason))

    def _here(self, path: str, data: bytes) -> Result | None:
        if self._session is None:
            self._session = _session(self._required_choice(), diff=self._diff)
        return self._session.file(path, data)

    def _end_workers(self) -> None:
        """End them in the middle of a file: they write nothing, and Python would wait for them at its end."""
        import multiprocessing

        for process in set(multiprocessing.active_children()) - self._others:
            process.terminate()

    def _workers(self, number: int) -> ProcessPoolExecutor:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        self._others = set(multiprocessing.active_children())
        return ProcessPoolExecutor(
            number,
            mp_context=self._context,
            initializer=_begin,
            initargs=(self._required_choice(), self._diff),
        )

    def _required_choice(self) -> Choice:
        assert self._choice is not None
        return self._choice


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C and requests to end wait: a worker that is half started could not be ended in order."""
    came: list[tuple[int, FrameType | None]] = []
    before: dict[int, Any] = {}
    with contextlib.suppress(ValueError):  # not the main thread: signals are not ours to handle
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda *what: came.append(what))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number, frame in came:
            before[number](number, frame)


def _start_server() -> BaseContext | None:
    """A process that loads ahead and from which workers fork; None where there is no such thing."""
    try:
        import multiprocessing
        import multiprocessing.forkserver

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOAD)
        multiprocessing.forkserver.ensure_running()
    except (ImportError, ValueError, OSError):
        return None  # Windows, or a sandbox without semaphores: one process will do
    return context


def _session(choice: Choice, *, diff: bool) -> Session:
    # Only now: no libcst and no surfaces for a tree without Fireworks.
    from fwdoctor.migrate.session import Session

    return Session(choice, diff=diff)


_worker: Session | None = None


def _begin(choice: Choice, diff: bool) -> None:
    """Make a worker ready. Ctrl-C is the parent's to handle: workers write nothing."""
    global _worker
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _session(choice, diff=diff)


def _end_with_parent() -> None:
    """End this worker when its parent is gone, killed for example: nobody else would tell it to."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _port(path: str, data: bytes) -> Result | None:
    assert _worker is not None
    return _worker.file(path, data)
