"""What a project itself says that it needs: pyproject.toml, requirements files, lock files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from fwdoctor.environment.reading import Reader
from fwdoctor.environment.repository import COMMIT
from fwdoctor.environment.requirements_file import requirement_lines
from fwdoctor.lean_dataclass import dataclass

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_PACKAGE = re.compile(r"(?m)^\[\[package\]\]$")
_LOCKED_NAME = re.compile(r'(?m)^name = "([^"]+)"$')
_LOCKED_VERSION = re.compile(r'(?m)^version = "([^"]+)"$')
_LOCKED_COMMIT = re.compile(r'(?m)^(?:source = \{ git = ".*#|resolved_reference = ")([0-9a-f]{40})"')
_CARET_OR_TILDE = re.compile(r"([~^])\s*(\d+(?:\.\d+)*\S*)")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One dependency as it is declared.

    ``text`` is what should be a PEP 508 requirement. ``line`` counts from 1. ``extra`` or ``group`` is
    the part of the project that needs it. ``checkout`` is the folder that it is taken from, ``commit``
    the commit that its URL names.
    """

    name: str
    text: str
    path: Path
    line: int | None
    extra: str | None = None
    group: str | None = None
    checkout: Path | None = None
    commit: str | None = None
    locked: bool = False


def declarations(folder: Path, names: frozenset[str], reader: Reader) -> Iterator[Declaration]:
    """The dependencies with one of these canonical names that the project in ``folder`` declares.

    What people wrote comes first, then what tools locked.
    """
    yield from (d for d in pyproject_declarations(folder / "pyproject.toml", reader) if d.name in names)
    for path in _requirements_files(folder, reader):
        for line in requirement_lines(path, reader):
            if line.editable:
                yield from _editable(line.text, line.path, line.line, names)
            elif (name := name_of(line.text)) in names:
                yield Declaration(name, line.text, line.path, line.line, commit=_commit_in(line.text))
    for lock in ("uv.lock", "poetry.lock"):
        yield from _locked(folder / lock, names, reader)


def pyproject_declarations(path: Path, reader: Reader) -> Iterator[Declaration]:
    """Every dependency that a pyproject.toml declares: PEP 621, PEP 735, Poetry and uv."""
    table = reader.toml(path)
    if table is None:
        return
    find = _LineFinder(reader.text(path) or "")
    sources = _table(table, "tool", "uv", "sources")
    for texts, extra, group in _requirement_lists(table):
        for text in texts:
            if not isinstance(text, str) or (name := name_of(text)) is None:
                continue
            source = _table(sources, name)
            yield Declaration(
                name,
                text,
                path,
                find.text(text),
                extra,
                group,
                checkout=_local(path, source),
                commit=_commit(source.get("rev")) or _commit_in(text),
            )
    poetry = _table(table, "tool", "poetry")
    groups = [(None, _table(poetry, "dependencies")), ("dev", _table(poetry, "dev-dependencies"))]
    groups += [(name, _table(poetry, "group", name, "dependencies")) for name in _table(poetry, "group")]
    for group, dependencies in groups:
        for key, value in dependencies.items():
            yield _from_poetry(canonicalize_name(key), value, path, find.key(key), group)


def name_of(text: str) -> str | None:
    """The canonical name at the start of a requirement, whatever comes after it."""
    found = _NAME.match(text)
    return canonicalize_name(found[1]) if found else None


def _requirement_lists(table: Mapping[str, Any]) -> Iterator[tuple[Sequence[Any], str | None, str | None]]:
    project = _table(table, "project")
    yield _list(project.get("dependencies")), None, None
    for extra, texts in _table(project, "optional-dependencies").items():
        yield _list(texts), extra, None
    for group, texts in _table(table, "dependency-groups").items():
        yield _list(texts), None, group
    uv = _table(table, "tool", "uv")
    yield _list(uv.get("dev-dependencies")), None, "dev"
    for key in ("override-dependencies", "constraint-dependencies"):
        yield _list(uv.get(key)), None, None


def _from_poetry(name: str, value: Any, path: Path, line: int | None, group: str | None) -> Declaration:
    table = value if isinstance(value, dict) else {"version": value}
    extras = ",".join(str(extra) for extra in _list(table.get("extras")))
    version = table.get("version")
    text = name + (f"[{extras}]" if extras else "") + _from_poetry_version(version)
    checkout, commit = _local(path, table), _commit(table.get("rev"))
    return Declaration(name, text, path, line, group=group, checkout=checkout, commit=commit)


def _from_poetry_version(version: Any) -> str:
    """Poetry's own notation as PEP 440 has it: ``^1.2`` is ``>=1.2,<2``."""
    if not isinstance(version, str) or version.strip() in ("", "*"):
        return ""
    return ",".join(_CARET_OR_TILDE.sub(_bounds, part.strip()) or part for part in _exact(version).split(","))


def _exact(version: str) -> str:
    return f"=={version.strip()}" if version.strip()[:1].isdigit() else version


def _bounds(found: re.Match[str]) -> str:
    sign, low = found[1], found[2]
    try:
        release = list(Version(low).release)
    except InvalidVersion:
        return found[0]
    if sign == "~":
        keep = min(len(release), 2)
    else:
        # The first number that is not zero must not change.
        keep = next((i + 1 for i, n in enumerate(release) if n), len(release))
    upper = [*release[: keep - 1], release[keep - 1] + 1]
    return f">={low},<{'.'.join(map(str, upper))}"


def _requirements_files(folder: Path, reader: Reader) -> Iterator[Path]:
    def names(where: Path, fits: Callable[[str], bool]) -> Iterator[Path]:
        found = [name for name in reader.names(where) if name.endswith(".txt") and fits(name)]
        yield from (where / name for name in sorted(found, key=lambda n: (n != "requirements.txt", n)))

    yield from names(folder, lambda name: name.startswith("requirements"))
    if (folder / "requirements").is_dir():
        yield from names(folder / "requirements", lambda name: True)


def _editable(what: str, path: Path, line: int, names: frozenset[str]) -> Iterator[Declaration]:
    """``-e ./cookbook/training`` names no distribution: whoever asks looks into the folder."""
    if "://" in what:
        found = re.search(r"#(?:.*&)?egg=([\w.-]+)", what)
        egg = canonicalize_name(found[1]) if found else ""
        if egg in names:
            yield Declaration(egg, egg, path, line, commit=_commit_in(what))
    else:
        folder = path.parent / what.partition("[")[0]
        for name in sorted(names):
            yield Declaration(name, name, path, line, checkout=folder)


def _locked(path: Path, names: frozenset[str], reader: Reader) -> Iterator[Declaration]:
    # A regular expression, not a TOML parser: these files have megabytes, and tools write them all alike.
    text = reader.text(path) or ""
    starts = [found.end() for found in _PACKAGE.finditer(text)]
    for start, end in itertools.pairwise([*starts, len(text)]):
        found = _LOCKED_NAME.search(text, start, end)
        version = _LOCKED_VERSION.search(text, start, end)
        if not found or not version or (name := canonicalize_name(found[1])) not in names:
            continue
        commit = _LOCKED_COMMIT.search(text, start, end)
        line = text.count("\n", 0, version.start()) + 1
        yield Declaration(name, f"{name}=={version[1]}", path, line, commit=commit and commit[1], locked=True)


class _LineFinder:
    """Where something stands in a TOML file: the parser does not say."""

    def __init__(self, text: str) -> None:
        lines = (line.partition(" #")[0] for line in text.splitlines())
        self._lines = ["" if line.lstrip().startswith("#") else line for line in lines]

    def text(self, value: str) -> int | None:
        """The first line with this string, in quotes."""
        wanted = (f'"{value}"', f"'{value}'")
        return self._first(lambda line: any(w in line for w in wanted))

    def key(self, key: str) -> int | None:
        """The first line that sets this key, or opens a table with its name."""
        pattern = re.compile(rf"""\s*(?:["']?{re.escape(key)}["']?\s*=|\[.*\.["']?{re.escape(key)}["']?\])""")
        return self._first(lambda line: pattern.match(line) is not None)

    def _first(self, fits: Callable[[str], bool]) -> int | None:
        return next((number for number, line in enumerate(self._lines, 1) if fits(line)), None)


def _table(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _local(path: Path, source: Mapping[str, Any]) -> Path | None:
    return path.parent / source["path"] if isinstance(source.get("path"), str) else None


def _commit(revision: Any) -> str | None:
    return revision if isinstance(revision, str) and re.fullmatch(r"[0-9a-f]{7,40}", revision) else None


def _commit_in(text: str) -> str | None:
    found = re.search(rf"@({COMMIT.pattern}|[0-9a-f]{{7,39}})(?=[#&?\s]|$)", text)
    return found[1] if found and "://" in text else None
