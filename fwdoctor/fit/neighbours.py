"""What other files of a project take from a module, so that a port does not take it away from them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from fwdoctor.fit.project import folders_above
from fwdoctor.source.discovery import discover
from fwdoctor.source.sieve import read_bytes

#: So many files of a project are read; of a larger one, those around the file alone.
MOST = 2000
#: Bytes; what is larger is data.
_LARGEST = 2_000_000
_ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]+)|import[ \t]+([^\n#]+))", re.MULTILINE
)
_NAME = re.compile(rb"([.\w*]+)(?:\s+as\s+(\w+))?")
#: Of a module that is imported as such, or with ``*``: all names.
EVERYTHING = "*"


class Neighbours:
    """Reads the imports of the files around a file, each project once, and only when it is asked."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, ...]] = {}
        self._taken: dict[str, dict[str, set[str]]] = {}

    def taken_from(self, path: str) -> frozenset[str]:
        """The names that other files import from the module at ``path``, or look up in it.

        Modules are told apart by their last name alone: a name too many is kept, and does no harm.
        :data:`EVERYTHING` is among them where that is not certain.
        """
        root = self._root(path)
        if root not in self._taken:
            self._taken[root] = _imports(self._below(root)[:MOST])
        return frozenset(self._taken[root].get(_stem(os.path.abspath(path)), ()))

    def _root(self, path: str) -> str:
        """The folder of the project that a file belongs to; its own if none is marked, or large."""
        own = os.path.dirname(os.path.abspath(path))
        for folder in folders_above(path):
            if any(os.path.exists(os.path.join(folder, mark)) for mark in _ROOTS):
                return folder if len(self._below(folder)) < MOST else own
        return own

    def _below(self, folder: str) -> tuple[str, ...]:
        """The Python files and notebooks below a folder."""
        if folder not in self._files:
            self._files[folder] = discover([folder], suffixes=(".py", ".ipynb")).files
        return self._files[folder]


def _stem(path: str) -> str:
    """The last part of a module's name."""
    name = os.path.splitext(os.path.basename(path))[0]
    return os.path.basename(os.path.dirname(path)) if name == "__init__" else name


def _imports(paths: Sequence[str]) -> dict[str, set[str]]:
    """What the files take from each other, by the last name of the module."""
    found: dict[str, set[str]] = {_stem(path): set() for path in paths}
    for path in paths:
        try:
            if os.path.getsize(path) <= _LARGEST:
                _read(read_bytes(path), found)
        except (OSError, ValueError):
            continue
    return found


def _read(data: bytes, found: dict[str, set[str]]) -> None:
    for match in _IMPORT.finditer(data):
        source, names, modules = match.groups()
        if source is not None:
            taken = found.get(source.decode("ascii", "replace").rpartition(".")[2])
            for name, alias in _NAME.findall(re.sub(rb"#[^\n]*", b"", names)):
                if taken is not None:
                    taken.add(name.decode("ascii", "replace"))
                _look_up(data, name, alias, found)  # from . import common
        else:
            for name, alias in _NAME.findall(modules):
                _look_up(data, name, alias, found)


def _look_up(data: bytes, module: bytes, alias: bytes, found: dict[str, set[str]]) -> None:
    """Note the names that code looks up in what may be a module."""
    taken = found.get(module.rpartition(b".")[2].decode("ascii", "replace"))
    if taken is not None:  # a module of this project
        used = re.findall(rb"\b" + re.escape(alias or module) + rb"\.(\w+)", data)
        taken.update(name.decode("ascii", "replace") for name in used)
