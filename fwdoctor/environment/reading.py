"""Reads the user's files; what cannot be read becomes one problem that names the file, and is passed over."""

from __future__ import annotations

import codecs
import os
import stat
import tomllib
from dataclasses import field
from pathlib import Path
from typing import Any

from fwdoctor.finding import Problem
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.source.oserrors import describe

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),  # what PowerShell writes with ">"
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: None of the files that are read here has a reason to be larger.
_LARGEST = 64 << 20


def shown(path: Path) -> str:
    """A path as messages name it: relative where it lies below the working directory."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


@dataclass(slots=True)
class Reader:
    """Reads each file once. ``problems`` collects what went wrong, each file once."""

    problems: list[Problem] = field(default_factory=list)
    _data: dict[Path, bytes | None] = field(default_factory=dict)
    _toml: dict[Path, dict[str, Any] | None] = field(default_factory=dict)

    def problem(self, path: Path, message: str) -> None:
        """Note that something about this file could not be looked at."""
        problem = Problem(message, shown(path))
        if problem not in self.problems:
            self.problems.append(problem)

    def data(self, path: Path) -> bytes | None:
        """The bytes of a file; None if there is none, or if it cannot be read (a problem)."""
        if path not in self._data:
            self._data[path] = self._read(path)
        return self._data[path]

    def text(self, path: Path) -> str | None:
        """The text of a UTF-8 file (or UTF-16 with a byte order mark), line ends as ``\\n``."""
        data = self.data(path)
        if data is None:
            return None
        encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8":
                line = data.count(b"\n", 0, error.start) + 1
                self.problem(path, f"byte 0x{data[error.start]:02x} is not UTF-8 (line {line})")
            else:
                self.problem(path, f"not {encoding.upper()}, although it begins with its byte order mark")
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def toml(self, path: Path) -> dict[str, Any] | None:
        """The tables of a TOML file; None if there is none, or if it is no TOML (a problem)."""
        if path not in self._toml:
            text = self.text(path)
            try:
                self._toml[path] = None if text is None else tomllib.loads(text)
            except (tomllib.TOMLDecodeError, RecursionError) as error:
                self.problem(path, f"not TOML: {error}")
                self._toml[path] = None
        return self._toml[path]

    def names(self, folder: Path) -> list[str]:
        """The sorted names in a folder; empty if there is none, or if it cannot be listed (a problem)."""
        try:
            return sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.problem(folder, describe(error))
            return []

    def is_file(self, path: Path) -> bool:
        """Whether there is something to read at ``path``; what cannot be asked is a problem."""
        try:
            return stat.S_ISREG(path.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except (OSError, ValueError) as error:
            self.problem(path, describe(error))
            return False

    def _read(self, path: Path) -> bytes | None:
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                self.problem(path, "is a folder, not a file")
                return None
            if not stat.S_ISREG(status.st_mode):
                # Opening a pipe would wait for whoever writes to it.
                self.problem(path, "not a regular file")
                return None
            if status.st_size > _LARGEST:
                self.problem(path, f"larger than {_LARGEST >> 20} MB")
                return None
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            if path.is_symlink():
                self.problem(path, f"broken symbolic link: {os.readlink(path)} does not exist")
            return None
        except (OSError, ValueError) as error:
            self.problem(path, describe(error))
            return None
