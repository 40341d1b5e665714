"""Reads requirements files as pip does: continued lines, comments, hashes, files that include files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fwdoctor.environment.reading import Reader, shown
from fwdoctor.lean_dataclass import dataclass

# -r and -c: what a constraints file says about a version binds as much.
_INCLUDE = re.compile(r"(?:-[rc]\s*|--(?:requirement|constraint)(?:\s+|=))(?P<file>\S.*)")
_EDITABLE = re.compile(r"(?:-e\s*|--editable(?:\s+|=))(?P<what>\S.*)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTION = re.compile(r"\s--?[A-Za-z].*$")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One requirement: its text without comment and options, and where it begins (lines from 1)."""

    text: str
    path: Path
    line: int
    editable: bool = False


def requirement_lines(
    path: Path, reader: Reader, _seen: frozenset[Path] = frozenset()
) -> Iterator[RequirementLine]:
    """The requirements in a file and in those that it includes, in their order.

    A file that is included but cannot be read is a problem.
    """
    seen = _seen | {path.resolve()}
    for number, line in _logical_lines(reader.text(path) or ""):
        if found := _INCLUDE.fullmatch(line):
            name = found["file"].strip("\"'")
            included = path.parent / name
            if _REMOTE.match(name) or included.resolve() in seen:
                continue
            if not included.exists() and not included.is_symlink():
                reader.problem(included, f"no such file, but {shown(path)}:{number} includes it")
                continue
            yield from requirement_lines(included, reader, seen)
        elif found := _EDITABLE.fullmatch(line):
            yield RequirementLine(_OPTION.sub("", found["what"]).strip("\"'"), path, number, editable=True)
        elif not line.startswith("-"):
            yield RequirementLine(_OPTION.sub("", line).strip(), path, number)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their continuations joined and their comments gone, each with its first number."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), start=1):
        if not parts:
            first = number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        # A comment ends a continued line, as it does for pip.
        parts.append("" if comment else line)
        joined = _COMMENT.sub("", "".join(parts)).strip()
        parts = []
        if joined:
            yield first, joined
    if parts and (joined := _COMMENT.sub("", "".join(parts)).strip()):
        yield first, joined
