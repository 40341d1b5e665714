"""Put new bytes in the place of old ones: all of them or none, and show the difference."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
import sys
from collections.abc import Callable

from fwdoctor.errors import FwdoctorError
from fwdoctor.source.oserrors import describe
from fwdoctor.source.sieve import read_bytes
from fwdoctor.source.text import UnreadableSource, decode_source

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_NO_NEWLINE = "\n\\ No newline at end of file\n"


class WriteFailed(FwdoctorError):
    """A file that was not written and is as it was; ``reason`` says why in one line."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: not written: {reason}")
        self.path = path
        self.reason = reason


def write_atomically(path: str | os.PathLike[str], new: bytes, *, expected: bytes) -> None:
    """Replace the content of a file, if it still is ``expected``.

    At every moment the file holds the old bytes or the new ones. Mode, owner (where permitted) and
    extended attributes are kept, and a link stays a link: its target is replaced. Raises WriteFailed if
    the file has changed, is read-only or has several hard links (to replace it would part it from its
    other names, to write into it could tear it), or if the system refuses.
    """
    shown = os.fspath(path)
    try:
        target = os.path.realpath(shown, strict=True)
        status = os.stat(target)
        _refuse_unfit(shown, target, status)
        _refuse_changed(shown, target, expected)
        _replace(shown, target, status, new, expected)
    except (OSError, ValueError) as error:
        raise WriteFailed(shown, describe(error)) from error


def _refuse_unfit(shown: str, target: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise WriteFailed(shown, "not a regular file")
    # The superuser may write to anything: the mode tells what was meant.
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise WriteFailed(shown, "the file is read-only")
    if status.st_nlink > 1:
        raise WriteFailed(
            shown, f"the file has {status.st_nlink} names (hard links); give it a copy of its own first"
        )


def _refuse_changed(shown: str, target: str, expected: bytes) -> None:
    if read_bytes(target) != expected:
        raise WriteFailed(shown, "the file has changed since it was read")


def _replace(shown: str, target: str, status: os.stat_result, new: bytes, expected: bytes) -> None:
    _swap_in(target, new, status, lambda: _refuse_changed(shown, target, expected))


def put(path: str | os.PathLike[str], new: bytes) -> None:
    """Write a file that is ours (a report, a baseline), whether it is there or not: all of it or nothing.

    What is no regular file (a pipe, a device), and a file in a folder that takes no new ones, is written
    into. Raises OSError.
    """
    target = os.path.realpath(path)
    try:
        status = os.stat(target)
    except FileNotFoundError:
        status = None
    if status is None:
        _swap_in(target, new, None)
        return
    # Several names would be parted, as in write_atomically.
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and os.access(os.path.dirname(target), os.W_OK):
        with open(target, "ab"):
            pass  # a file that must not be written to says so, though it could be replaced
        _swap_in(target, new, status)
        return
    with open(target, "wb") as file:
        file.write(new)


def _swap_in(
    target: str, new: bytes, status: os.stat_result | None, check: Callable[[], None] = lambda: None
) -> None:
    """Write a file beside the target and give it its name; ``check`` may object at the last moment.

    ``status`` is that of the old file, whose mode, owner and attributes are kept; None if there is none.
    """
    folder = os.path.dirname(target)
    # Short: the file's own name may be as long as names can be. Not .py: nobody shall pick it up.
    temporary = os.path.join(folder, f".fwdoctor-{os.urandom(8).hex()}.tmp")
    mode = 0o666 if status is None else 0o600
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode
        )
        with open(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            if status is not None:
                _copy_attributes(target, temporary, status)
            os.fsync(descriptor)
        check()
        os.replace(temporary, target)
    except BaseException:  # KeyboardInterrupt, too, leaves nothing behind
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _copy_attributes(source: str, copy: str, status: os.stat_result) -> None:
    if sys.platform != "win32":
        made = os.stat(copy)
        # Before the mode: a change of the owner takes bits away from it.
        if made.st_uid != status.st_uid or made.st_gid != status.st_gid:
            with contextlib.suppress(PermissionError):
                os.chown(copy, status.st_uid, status.st_gid)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some file systems have none
            for name in os.listxattr(source):
                os.setxattr(copy, name, os.getxattr(source, name))
    os.chmod(copy, stat.S_IMODE(status.st_mode))


def _sync_folder(folder: str) -> None:
    """Make the new name last through a power failure, where the system can do that."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def unified_diff(path: str | os.PathLike[str], old: bytes, new: bytes) -> str:
    """The difference as text that ``git apply`` takes, or "" if there is none.

    Only LF ends a line here, as for git; the CR of a CRLF belongs to its line. Files that are not UTF-8
    are shown in the encoding that they declare: to apply such a diff, encode it so.
    """
    name = _shown_in_header(os.fspath(path))
    encoding = _encoding_of(old, new)
    lines = difflib.unified_diff(
        _lines(old.decode(encoding, "replace")),
        _lines(new.decode(encoding, "replace")),
        _header("a/", name),
        _header("b/", name),
    )
    return "".join(line if line.endswith("\n") else line + _NO_NEWLINE for line in lines)


def _encoding_of(old: bytes, new: bytes) -> str:
    try:
        old.decode()
        new.decode()
    except UnicodeDecodeError:
        with contextlib.suppress(UnreadableSource):
            return decode_source("", old).encoding
        return "latin-1"
    return "utf-8"


def _lines(text: str) -> list[str]:
    """The lines with their LF. (str.splitlines would split at form feeds and lone CRs as well.)"""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])


def _shown_in_header(path: str) -> str:
    """The path as git writes it: slashes, relative."""
    shown = path.replace(os.sep, "/")
    while shown.startswith("./"):
        shown = shown[2:].lstrip("/")
    return shown.lstrip("/")


def _header(side: str, name: str) -> str:
    if any(character in _ESCAPES or ord(character) < 0x20 for character in name):
        escaped = "".join(
            _ESCAPES.get(character, character if ord(character) >= 0x20 else f"\\{ord(character):03o}")
            for character in name
        )
        return f'"{side}{escaped}"'
    # Without the tab, the name would end at its first space.
    return f"{side}{name}\t" if " " in name else side + name
