"""Runs a command: its output passes through as it comes, its signals and its status too, and is looked at.

On a terminal the command gets a terminal of its own, so that it colours and draws as it always does;
elsewhere pipes, one for each stream. What it writes is never delayed by looking at it: bytes are passed on
first.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from fwdoctor.errors import FwdoctorError

_CHUNK = 1 << 16
_POLL_SECONDS = 0.25
#: The shell's words for a command that is not there, and for one that may not be run.
NOT_FOUND, NOT_ALLOWED = 127, 126
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


class CannotStart(FwdoctorError):
    """The command could not be started; ``status`` is what a shell would exit with."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def run(command: Sequence[str], look: Callable[[int, bytes], None]) -> int:
    """Run a command to its end and return its status; 128 + n where signal n ended it.

    ``look`` gets the number of the stream (1 or 2) and what was written there; on a terminal all is 1.

    Raises:
        CannotStart: there is no such command, or it may not be run.
    """
    ours: dict[int, int] = {}
    theirs: dict[int, int] = {}
    for stream in (1, 2):
        if stream == 2 and 1 in theirs and _is_same_terminal():
            theirs[2] = theirs[1]  # one screen, one order
        else:
            read, theirs[stream] = _open_terminal() if os.isatty(stream) else os.pipe()
            ours[read] = stream
    try:
        child = subprocess.Popen(command, stdout=theirs[1], stderr=theirs[2])
    except FileNotFoundError as error:
        raise CannotStart(f"{command[0]}: command not found", NOT_FOUND) from error
    except OSError as error:
        raise CannotStart(f"{command[0]}: {error.strerror or error}", NOT_ALLOWED) from error
    finally:
        for descriptor in set(theirs.values()):
            os.close(descriptor)
    try:
        with _signals(child, [d for d, stream in ours.items() if os.isatty(stream)]):
            _pass_on(ours, look, child)
            status = child.wait()
    finally:
        for descriptor in ours:
            os.close(descriptor)
    return status if status >= 0 else 128 - status


def _is_same_terminal() -> bool:
    """Whether both streams are terminals, and so very likely one."""
    return os.isatty(1) and os.isatty(2)


def _pass_on(
    streams: dict[int, int], look: Callable[[int, bytes], None], child: subprocess.Popen[bytes]
) -> None:
    """Copy what comes from each descriptor to the stream of that number, until all are closed.

    What the command left running may keep them open: when the command has ended, only what comes at once is
    still copied.
    """
    open_streams = dict(streams)
    deaf: set[int] = set()
    with selectors.DefaultSelector() as selector:
        for descriptor in streams:
            selector.register(descriptor, selectors.EVENT_READ)
        while open_streams:
            ready = selector.select(_POLL_SECONDS)
            if not ready and child.poll() is not None:
                return
            for key, _ in ready:
                try:
                    data = os.read(key.fd, _CHUNK)
                except OSError:  # a terminal whose other end was closed
                    data = b""
                if not data:
                    selector.unregister(key.fd)
                    del open_streams[key.fd]
                    continue
                stream = streams[key.fd]
                if stream not in deaf and not _write(stream, data):
                    deaf.add(stream)  # whoever read it went away; the command goes on
                look(stream, data)


def _write(descriptor: int, data: bytes) -> bool:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        return False
    return True


def _open_terminal() -> tuple[int, int]:
    """A terminal for the command: the end to read from, and the command's. A pipe where there are none."""
    if not hasattr(os, "openpty"):
        return os.pipe()
    ours, theirs = os.openpty()
    _resize(theirs)
    with contextlib.suppress(ImportError, OSError):
        import termios

        settings = termios.tcgetattr(theirs)
        settings[1] &= ~termios.OPOST  # the outer terminal ends the lines
        termios.tcsetattr(theirs, termios.TCSANOW, settings)
    return ours, theirs


def _resize(descriptor: int) -> None:
    with contextlib.suppress(OSError, ImportError, AttributeError):
        import termios

        size = shutil.get_terminal_size()
        termios.tcsetwinsize(descriptor, (size.lines, size.columns))


@contextlib.contextmanager
def _signals(child: subprocess.Popen[bytes], terminals: Sequence[int]) -> Iterator[None]:
    """While the command runs its signals are its own: Ctrl-C reaches it too, others are handed on."""
    before: dict[int, Any] = {}

    def hand_on(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            child.send_signal(number)

    def resize(_: int, __: FrameType | None) -> None:
        for terminal in terminals:
            _resize(terminal)

    handlers: dict[int, Callable[[int, FrameType | None], object]] = {
        getattr(signal, name): hand_on for name in _PASSED_ON if hasattr(signal, name)
    }
    handlers[signal.SIGINT] = lambda *_: None  # the terminal sends it to both
    if hasattr(signal, "SIGWINCH"):
        handlers[signal.SIGWINCH] = resize
    for number, handler in handlers.items():
        with contextlib.suppress(ValueError, OSError):  # not in the main thread
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(ValueError, OSError, TypeError):
                signal.signal(number, handler)
