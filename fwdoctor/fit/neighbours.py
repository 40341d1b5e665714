"""What other files of a project take from a module, so that a port does not take it away from them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from fwdoctor.source.sieve import read_bytes

#: So many files of a project are read; of a larger one, those around the file alone.
MOST = 2000
#: Bytes; what is larger is data.
_LARGEST = 2_000_000
_SKIPPED = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})
_ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_LEVELS = 8
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]+)|import[ \t]+([^\n#]+))", re.MULTILINE
)
_NAME = re.compile(rb"([.\w*]+)(?:\s+as\s+(\w+))?")
#: Of a module that is imported as such, or with ``*``: all names.
EVERYTHING = "*"


class Neighbours:
    """Reads the imports of the files around a file, each project once, and only when it is asked."""

    def __init__(self) -> None:
        #: the project's folder, by that of a file
        self._roots: dict[str, str] = {}
        self._projects: dict[str, dict[str, set[str]]] = {}

    def taken_from(self, path: str) -> frozenset[str]:
        """The names that other files import from the module at ``path``, or look up in it.

        Modules are told apart by their last name alone: a name too many is kept, and does no harm.
        :data:`EVERYTHING` is among them where that is not certain.
        """
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in self._roots:
            self._roots[folder] = _root(folder)
        root = self._roots[folder]
        if root not in self._projects:
            self._projects[root] = _imports(list(_files(root)))
        return frozenset(self._projects[root].get(_stem(os.path.abspath(path)), ()))


def _root(own: str) -> str:
    """The folder of the project that a folder belongs to; itself where nothing marks one."""
    folder = own
    for _ in range(_LEVELS):
        if any(os.path.exists(os.path.join(folder, mark)) for mark in _ROOTS):
            return folder if sum(1 for _ in _files(folder)) < MOST else own
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            break
    return own


def _files(root: str) -> Iterator[str]:
    """The Python files below a folder, the nearest first, at most :data:`MOST`."""
    folders, count = [root], 0
    while folders:
        folder = folders.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.name.endswith((".py", ".ipynb")):
                yield entry.path
                count += 1
                if count >= MOST:
                    return


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
