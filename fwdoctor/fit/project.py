"""What the files around a file say about it: its module name, its fixtures, packages that look alike."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator

from fwdoctor_codemods.core.model import Model
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.fit.session import Context, open_port
from fwdoctor.source.text import UnreadableSource, read_source

#: How far up a conftest.py or a local package is looked for.
_LEVELS = 8
_COOKBOOK_PARTS = frozenset({"recipes", "utils", "examples", "tests", "renderer", "provision"})


def module_name(path: str) -> str | None:
    """The dotted name of a file of the cookbook itself, or None: what relative imports start from."""
    parts = os.path.abspath(path).split(os.sep)
    for i in range(len(parts) - 2, 0, -1):
        if parts[i] == "training" and parts[i + 1] in _COOKBOOK_PARTS:
            if os.path.exists(os.path.join(os.sep.join(parts[:i]), "__init__.py")):
                return None  # mylab/training/…: another package
            stem = os.path.splitext(parts[-1])[0]
            inner = parts[i:-1] if stem == "__init__" else [*parts[i:-1], stem]
            return ".".join(inner)
    return None


def is_library(path: str) -> bool:
    """Whether a file belongs to an installed SDK or cookbook: theirs, not the user's code."""
    parts = os.path.abspath(path).split(os.sep)
    for i, part in enumerate(parts[:-1]):
        folder = os.sep.join(parts[: i + 1])
        if part == "fireworks" and os.path.isdir(os.path.join(folder, "training", "sdk")):
            return True
        if part == "training" and parts[i - 1] == "site-packages":
            return True
    return False


def folders_above(path: str) -> Iterator[str]:
    """The folder of a file and those above it, up to the root of its repository."""
    folder = os.path.dirname(os.path.abspath(path))
    for _ in range(_LEVELS):
        yield folder
        if os.path.exists(os.path.join(folder, ".git")):
            return
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def lookalike(path: str, model: Model) -> str | None:
    """A local package that the file's imports reach instead of the cookbook, or None.

    People call their own package ``training``, too. If the folder above holds ``training/utils`` and no
    ``training/recipes``, then ``from training.utils import InfraConfig`` is theirs.
    """
    modules = {path.split(".")[1] for path in model.imported if path.startswith("training.")}
    if not modules:
        return None
    for folder in folders_above(path):
        package = os.path.join(folder, "training")
        if _is_other_package(package, frozenset(modules)):
            return package
    return None


@functools.lru_cache(maxsize=4096)
def _is_other_package(package: str, modules: frozenset[str]) -> bool:
    if not os.path.isdir(package) or os.path.isdir(os.path.join(package, "recipes")):
        return False
    return any(
        os.path.isfile(os.path.join(package, f"{m}.py")) or _has_python(os.path.join(package, m))
        for m in modules
    )


def forget() -> None:
    """Look at the folders anew: for a process that outlives what it saw of them."""
    _is_other_package.cache_clear()


def _has_python(folder: str) -> bool:
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False


class Fixtures:
    """The types of pytest fixtures that ``conftest.py`` files define, read once per file."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces
        self._types: dict[str, dict[str, str | None]] = {}

    def lookup(self, path: str, name: str) -> str | None:
        """The type of fixture ``name`` as the test file ``path`` sees it; None where it is not certain."""
        for folder in folders_above(path):
            conftest = os.path.join(folder, "conftest.py")
            if os.path.abspath(path) == conftest:
                continue
            types = self._read(conftest)
            if name in types:
                return types[name]
        return None

    def _read(self, conftest: str) -> dict[str, str | None]:
        if conftest not in self._types:
            self._types[conftest] = {}
            if os.path.isfile(conftest):
                self._types[conftest] = self._read_types(conftest)
        return self._types[conftest]

    def _read_types(self, conftest: str) -> dict[str, str | None]:
        try:
            text = read_source(conftest).text
            port = open_port(conftest, text, Context(self._surfaces), "\n")
        except (UnreadableSource, SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
        return {
            name: port.fixture(name)
            for name, bindings in port.model.module.bindings.items()
            if len(bindings) == 1 and port.is_fixture(name)
        }
