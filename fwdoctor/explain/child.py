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
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from fwdoctor.errors import FwdoctorError

_CHUNK = 1 << 16
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
    terminal = _open_terminal()
    out, err = (terminal[1], terminal[1]) if terminal else (subprocess.PIPE, subprocess.PIPE)
    try:
        child = subprocess.Popen(command, stdout=out, stderr=err)
    except FileNotFoundError as error:
        raise CannotStart(f"{command[0]}: command not found", NOT_FOUND) from error
    except OSError as error:
        raise CannotStart(f"{command[0]}: {error.strerror or error}", NOT_ALLOWED) from error
    finally:
        if terminal:
            os.close(terminal[1])
    with _signals(child, terminal[0] if terminal else None):
        if terminal:
            _pass_on({terminal[0]: 1}, look)
            os.close(terminal[0])
        elif child.stdout is not None and child.stderr is not None:
            _pass_on({child.stdout.fileno(): 1, child.stderr.fileno(): 2}, look)
        status = child.wait()
    return status if status >= 0 else 128 - status


def _pass_on(streams: dict[int, int], look: Callable[[int, bytes], None]) -> None:
    """Copy what comes from each descriptor to the stream of that number, until all are closed."""
    open_streams = dict(streams)
    deaf: set[int] = set()
    with selectors.DefaultSelector() as selector:
        for descriptor in streams:
            selector.register(descriptor, selectors.EVENT_READ)
        while open_streams:
            for key, _ in selector.select():
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


def _open_terminal() -> tuple[int, int] | None:
    """A terminal for the command if the output is one: the end to read from, and the command's."""
    if sys.stdout is None or not sys.stdout.isatty() or not hasattr(os, "openpty"):
        return None
    ours, theirs = os.openpty()
    _resize(theirs)
    return ours, theirs


def _resize(descriptor: int) -> None:
    with contextlib.suppress(OSError, ImportError, AttributeError):
        import termios

        size = shutil.get_terminal_size()
        termios.tcsetwinsize(descriptor, (size.lines, size.columns))


@contextlib.contextmanager
def _signals(child: subprocess.Popen[bytes], terminal: int | None) -> Iterator[None]:
    """While the command runs its signals are its own: Ctrl-C reaches it too, others are handed on."""
    before: dict[int, Any] = {}

    def hand_on(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            child.send_signal(number)

    def resize(_: int, __: FrameType | None) -> None:
        if terminal is not None:
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
