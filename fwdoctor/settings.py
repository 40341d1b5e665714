"""The user's settings: ``[tool.fwdoctor]`` of pyproject.toml, or fwdoctor.toml."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    from fwdoctor.source.gitignore import GitIgnore

OWN_FILE = "fwdoctor.toml"
PROJECT_FILE = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project says about how fwdoctor is to look at it; ``folder`` is where it says so.

    Codes are rule ids, what they begin with, or names. ``per_file_ignores`` and ``exclude`` are patterns as
    in a ``.gitignore`` beside the file: ``tests/*`` or, for any file or folder of that name, ``generated``.
    """

    folder: Path | None = None
    target: str | None = None
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    baseline: str | None = None

    def ignores_in(self, path: str) -> tuple[str, ...]:
        """The codes that are ignored in a file."""
        if not self.per_file_ignores:
            return ()
        rows = self.per_file_ignores.items()
        found = (codes for pattern, codes in rows if matches(path, (pattern,), self._base))
        return tuple(code for codes in found for code in codes)

    def excludes(self, path: str) -> bool:
        """Whether a file is not to be looked at."""
        return bool(self.exclude) and matches(path, self.exclude, self._base)

    @property
    def _base(self) -> str:
        return str(self.folder) if self.folder else os.getcwd()


def matches(path: str, patterns: tuple[str, ...], base: str) -> bool:
    """Whether a path, or a folder above it, is meant by patterns as a ``.gitignore`` in ``base`` has them."""
    relative = os.path.relpath(os.path.abspath(path), base).replace(os.sep, "/")
    if relative.startswith("../"):
        return False
    rules = _rules_of(patterns, base)
    parts = relative.split("/")
    above = ("/".join(parts[:i]) for i in range(1, len(parts)))
    return any(rules.verdict(folder, folder=True) for folder in above) or bool(
        rules.verdict(relative, folder=False)
    )


@functools.cache
def _rules_of(patterns: tuple[str, ...], base: str) -> GitIgnore:
    from fwdoctor.source.gitignore import GitIgnore

    root = base.replace(os.sep, "/").rstrip("/")
    # People write ./src and /home/me/project/src, too.
    lines = (p.removeprefix(f"{root}/").removeprefix("./") for p in patterns)
    return GitIgnore("\n".join(lines).encode("utf-8", "surrogateescape"))


def load(config: str | None, start: Path) -> Settings:
    """The settings in ``config``, or in the nearest file at ``start`` or above it that has any.

    Raises:
        FwdoctorError: a file is not there or no TOML, a key or a rule is unknown, or a value is of the wrong
            kind.
    """
    if config is not None:
        path = Path(config)
        table = _table(path)
        if table is None:
            raise FwdoctorError(f"{config}: there is no [tool.fwdoctor] in it")
        return _settings(path, table)
    folder = start.absolute()
    for parent in (folder, *folder.parents):
        for name in (OWN_FILE, PROJECT_FILE):
            path = parent / name
            if path.is_file() and (table := _table(path)) is not None:
                return _settings(path, table)
    return Settings()


def _table(path: Path) -> dict[str, Any] | None:
    """The table of our settings in a file; None if a pyproject.toml has none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FwdoctorError(f"{path}: cannot read the settings: {error.strerror or error}") from error
    own = path.name == OWN_FILE or path.name != PROJECT_FILE
    if not own and b"fwdoctor" not in data:
        return None  # mostly so, and quickly told
    import tomllib

    try:
        table: Any = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FwdoctorError(f"{path}: not TOML: {error}") from error
    tool = table.get("tool")
    inside = tool.get("fwdoctor") if isinstance(tool, dict) else None
    if inside is None:
        return table if own else None
    if not isinstance(inside, dict):
        raise FwdoctorError(f"{path}: tool.fwdoctor is to be a table")
    return inside


def _settings(path: Path, table: dict[str, Any]) -> Settings:
    values: dict[str, Any] = {"folder": path.parent.absolute()}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in _KEYS:
            import difflib

            near = difflib.get_close_matches(name, _KEYS, n=1)
            hint = f"; did you mean {near[0].replace('_', '-')!r}?" if near else ""
            raise FwdoctorError(f"{path}: unknown setting {key!r}{hint}")
        try:
            values[name] = _KEYS[name](value)
        except ValueError as error:
            raise FwdoctorError(f"{path}: {key}: {error}") from error
    return Settings(**values)


def selection(
    settings: Settings, select: tuple[str, ...], extend_select: tuple[str, ...], ignore: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wanted and what is not, of the settings and of the command line, which has the last word.

    No code at all means every rule. What the command line asks for, the settings cannot ignore.
    """
    chosen = select or settings.select
    wanted = (*chosen, *settings.extend_select, *extend_select) if chosen else ()
    asked = (*select, *extend_select)
    kept = (code for code in settings.ignore if not any(a.startswith(code) for a in asked))
    return wanted, (*kept, *ignore)


def check_codes(codes: Sequence[str]) -> None:
    """See that there are rules that begin with these codes, or have these names.

    Raises:
        ValueError: there is none; the nearest is named if it is near.
    """
    if not codes:
        return
    from fwdoctor.rulebook import nearest, rulebook

    known = {rule.id: rule.name for rule in rulebook().values()}
    if all(_is_known(code, known) for code in codes):
        return
    from fwdoctor.explain.catalogue import catalogue

    known |= {entry.rule.id: entry.name for entry in catalogue().values()}
    for code in codes:
        if not _is_known(code, known):
            raise ValueError(f"no rule begins with {code!r}; {nearest(code, known)}")


def _is_known(code: str, known: Mapping[str, str]) -> bool:
    return any(rule.startswith(code) or name == code for rule, name in known.items())


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is to be a string")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("is to be a list of strings")
    return tuple(value)


def _rules(value: Any) -> tuple[str, ...]:
    codes = _texts(value)
    check_codes(codes)
    return codes


def _patterns(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError('is to be a table: "pattern" = ["FWD101"]')
    return {str(pattern): _rules(codes) for pattern, codes in value.items()}


_KEYS: dict[str, Callable[[Any], Any]] = {
    "target": _text,
    "select": _rules,
    "extend_select": _rules,
    "ignore": _rules,
    "per_file_ignores": _patterns,
    "exclude": _texts,
    "baseline": _text,
}
