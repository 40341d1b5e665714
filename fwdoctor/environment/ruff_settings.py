"""Which configuration ruff takes for a folder, and whether it reports banned imports: read, ruff is not run.

What is assumed here was measured with ruff 0.8, 0.12 and 0.17; ``tests/environment/checks/test_ruff.py`` asks
the real one.

* One file counts: the nearest upwards, also beyond the repository. In one folder ``.ruff.toml`` comes before
  ``ruff.toml``, and that before a ``pyproject.toml`` that has a ``[tool.ruff]`` table, be it empty. Nothing
  is inherited from a file further up, unless it is named with ``extend``.
* ``extend`` is one path, relative to the file that says it; ``~/`` and ``$NAME`` are expanded.
* A ``banned-api`` table replaces the inherited one, even if it is empty; the other settings of its plugin
  leave it alone.
* ``select`` begins anew: what inherited files select or ignore is forgotten. Without it, the inherited
  selection stays, and ``extend-select`` and ``ignore`` change it. Within one file the longer selector wins,
  and of equal ones ``ignore``.
* ``per-file-ignores`` replace the inherited ones, ``extend-per-file-ignores`` add to them.
* Linter settings may stand at the top level, as they did once; the same key below ``lint`` wins.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fwdoctor.environment.reading import Reader
from fwdoctor.lean_dataclass import dataclass

#: In the order in which ruff looks for them.
_FILES = (".ruff.toml", "ruff.toml", "pyproject.toml")
#: Whatever contains the rule for banned imports, the most specific last.
_SELECTORS = ("ALL", "TID", "TID2", "TID25", "TID251")
#: The rule by its name, which ruff takes in preview mode.
_NAME = "banned-api"
#: Patterns that cover every Python file. (One for some files is meant so.)
_EVERYTHING = frozenset({"*", "**", "*.py", "**/*", "**/*.py"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One file with settings of ruff: the whole file, or its ``[tool.ruff]`` table."""

    file: Path
    settings: Mapping[str, Any]

    def get(self, key: str) -> Any:
        """A linter setting; None if the file does not have it."""
        found = _table(self.settings.get("lint")).get(key)
        return self.settings.get(key) if found is None else found

    def codes(self, *keys: str) -> list[str]:
        """Those selectors in these settings that mean the rule for banned imports."""
        return [code for key in keys for code in _selectors(self.get(key))]

    @property
    def banned(self) -> Mapping[str, str] | None:
        """The names that the file itself bans, with their messages; None if it has no such table."""
        table = _table(self.get("flake8-tidy-imports")).get("banned-api")
        if not isinstance(table, dict):
            return None
        return {name: str(_table(entry).get("msg", "")) for name, entry in table.items()}


@dataclass(frozen=True, slots=True)
class Off:
    """Why ruff does not report banned imports: the file that decides, what it says, and what to do there."""

    file: Path
    reason: str
    advice: str


def files_in(folder: Path, reader: Reader) -> list[Path]:
    """The files of a folder that configure ruff, the one that it takes first."""
    paths = (folder / name for name in _FILES)
    return [path for path in paths if reader.is_file(path) and _settings(path, reader) is not None]


def nearest(folder: Path, reader: Reader) -> Path | None:
    """The file that ruff takes for what lies in a folder; None if there is none."""
    for place in (folder, *folder.parents):
        if found := files_in(place, reader):
            return found[0]
    return None


def chain(file: Path, environ: Mapping[str, str], reader: Reader) -> list[Layer]:
    """A file and what it extends, itself first, as far as it can be read. (Ruff stops where it cannot.)"""
    layers: list[Layer] = []
    following: Path | None = file
    while following is not None and following not in [layer.file for layer in layers]:
        settings = _settings(following, reader)
        if settings is None:
            break
        layers.append(Layer(following, settings))
        following = _extended(following, settings.get("extend"), environ)
    return layers


def bans(layers: Sequence[Layer]) -> Layer | None:
    """The layer whose table of banned names counts: the first that has one."""
    return next((layer for layer in layers if layer.banned is not None), None)


def off(layers: Sequence[Layer]) -> Off | None:
    """Why the rule for banned imports is off, or off for every file; None where it is on."""
    return _unselected(layers) or _ignored_everywhere(layers)


def _unselected(layers: Sequence[Layer]) -> Off | None:
    first = layers[0].file
    state: Off | None = Off(
        first, "nothing selects TID251", f'add extend-select = ["TID251"] to {first.name}'
    )
    for layer in reversed(layers):
        wanted, unwanted = layer.codes("select", "extend-select"), layer.codes("ignore", "extend-ignore")
        last = next((s for s in reversed(_SELECTORS) if s in wanted or s in unwanted), None)
        name = layer.file.name
        if last is not None and last in unwanted:
            state = Off(layer.file, f"{name} ignores {last}", f"take {last} out of the ignore of {name}")
        elif last is not None:
            state = None
        elif layer.get("select") is not None:
            inherits = ", and replaces what it inherits" if layer is not layers[-1] else ""
            state = _unmentioned(layer, f"the select of {name} leaves TID251 out{inherits}")
    return state


def _unmentioned(layer: Layer, reason: str) -> Off:
    return Off(layer.file, reason, f'add extend-select = ["TID251"] to {layer.file.name}')


def _ignored_everywhere(layers: Sequence[Layer]) -> Off | None:
    for layer, key in _ignore_tables(layers):
        for pattern, codes in _table(layer.get(key)).items():
            hits = _selectors(codes)
            if hits and pattern in _EVERYTHING:
                name = layer.file.name
                return Off(
                    layer.file,
                    f'{key} of {name} ignore {hits[0]} in every file ("{pattern}")',
                    f"take {hits[0]} out of {key} of {name}",
                )
    return None


def _ignore_tables(layers: Sequence[Layer]) -> Iterator[tuple[Layer, str]]:
    """The tables of ignores that count."""
    own = next((layer for layer in layers if layer.get("per-file-ignores") is not None), None)
    if own is not None:
        yield own, "per-file-ignores"
    for layer in layers:
        yield layer, "extend-per-file-ignores"


def _settings(file: Path, reader: Reader) -> Mapping[str, Any] | None:
    """The settings in a file; None if there is none, if it is no TOML, or if it does not configure ruff."""
    content = reader.toml(file)
    if content is None or file.name != "pyproject.toml":
        return content
    found = _table(content.get("tool")).get("ruff")
    return found if isinstance(found, dict) else None


def _extended(file: Path, value: object, environ: Mapping[str, str]) -> Path | None:
    if not isinstance(value, str) or not value:
        return None
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if home and (value == "~" or value.startswith("~/")):
        value = home + value[1:]
    # What is not set stays as it is: there ruff stops, and says so itself.
    path = string.Template(value).safe_substitute(environ)
    return Path(os.path.normpath(file.parent / path))


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _selectors(value: object) -> list[str]:
    codes = [_SELECTORS[-1] if code == _NAME else code for code in value] if isinstance(value, list) else []
    return [code for code in codes if code in _SELECTORS]
