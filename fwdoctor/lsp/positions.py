"""Places: from files and lines as fwdoctor counts to addresses and positions as editors do.

Lines end where the protocol says (LF, CRLF, CR), which is where Python's parser ends them. Not so
``str.splitlines``, for which a form feed ends one, too.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from fwdoctor.finding import Location

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_DRIVE = re.compile(r"/[A-Za-z]:(?:/|\Z)")
BOM = "\ufeff"


def path_of(uri: str, *, windows: bool = os.name == "nt") -> str | None:
    """The path of a ``file:`` address; None for any other, and for one that names no file."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path, errors="surrogateescape")  # as Python reads names that are no UTF-8
    if parts.scheme.lower() != "file" or path in ("", "/") or "\0" in path:
        return None
    host = unquote(parts.netloc)
    if host and host.lower() != "localhost":
        path = f"//{host}{path}"
    elif windows and _DRIVE.match(path):
        path = path[1:]
    return path.replace("/", "\\") if windows else path


class Lines:
    """A text by its lines; ``units`` says how long the client takes a string to be."""

    def __init__(self, text: str, units: Callable[[str], int]) -> None:
        self.lines = _LINE.findall(text)
        self._units = units
        # The linter reads the text behind the mark; for the editor it is one more character.
        self._shift = 1 if text.startswith(BOM) else 0

    def range(self, place: Location) -> types.Range:
        """The range of a finding's place; without an end, all of the line."""
        line = place.line or 1
        start = self._position(line, place.column or 1)
        if place.end_line is None or place.end_column is None:
            return types.Range(start, self.end_of(line - 1))
        return types.Range(start, self._position(place.end_line, place.end_column))

    def _position(self, line: int, column: int) -> types.Position:
        text = self.lines[line - 1].rstrip("\r\n") if line <= len(self.lines) else ""
        before = text[: column - 1 + (self._shift if line == 1 else 0)]
        return types.Position(line - 1, self._units(before))

    def end_of(self, line: int) -> types.Position:
        """The end of a line, counted from 0, before what ends it."""
        text = self.lines[line].rstrip("\r\n") if line < len(self.lines) else ""
        return types.Position(line, self._units(text))

    def start_of(self, line: int) -> types.Position:
        """The start of a line, counted from 0; of the line after the last one the end of the text."""
        if line < len(self.lines) or not self.lines or self.lines[-1].endswith(("\r", "\n")):
            return types.Position(line, 0)
        return self.end_of(len(self.lines) - 1)

    def edits(self, text: str) -> list[types.TextEdit]:
        """What turns the text into another one, in as few lines as there are."""
        new = _LINE.findall(text)
        matcher = difflib.SequenceMatcher(None, self.lines, new, autojunk=False)
        return [
            types.TextEdit(types.Range(self.start_of(i1), self.start_of(i2)), "".join(new[j1:j2]))
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
            if tag != "equal"
        ]


def overlap(one: types.Range, other: types.Range) -> bool:
    """Whether two ranges have a place in common; a cursor at the end of one counts."""
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
