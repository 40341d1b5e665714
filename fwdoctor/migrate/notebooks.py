"""Jupyter notebooks: the Python of the code cells is ported, every other byte stays.

The cells of one notebook belong together: the first imports what the seventh uses. So they are ported as one
module. The file is never written anew from its data: the texts of the cells that change are spliced into
it, in the form that they had, so that outputs, ids, indentation and escapes stay what they were.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from fwdoctor_codemods.core.port import Port

from fwdoctor.finding import Finding
from fwdoctor.fit import project
from fwdoctor.fit.session import Context
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.migrate import ipython
from fwdoctor.migrate.pieces import (
    NotOurs,
    parsed,
    port_together,
    shifted,
    with_indent,
    without_indent,
)
from fwdoctor.migrate.transform import NotVerified, Ported
from fwdoctor.source.sieve import may_use_fireworks
from fwdoctor.source.text import UnreadableSource

SUFFIXES = (".ipynb",)
_FORMAT = 4
_BLANK = re.compile(r"[ \t\r\n]*")
#: One character as JSON writes it in a string.
_CHARACTER = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Source:
    """The source of a code cell.

    ``cell`` counts all cells from 1; ``start`` and ``end`` are its place in the file. ``lines`` is None if
    it is one string in the file, and else the strings that are there.
    """

    cell: int
    start: int
    end: int
    code: str
    lines: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of Python: its text without the indentation that all of it has, IPython's lines masked."""

    source: _Source
    indent: str
    masked: ipython.Masked


def port_notebook(path: str, text: str, context: Context, newline: str) -> Ported:
    """Port the code cells of a notebook and verify them; findings have the cells' numbers and lines.

    Args:
        newline: the file's, as for a document; nothing is asked of it: the cells have line ends of their own.

    Raises:
        UnreadableSource: it is no notebook of format 4; the reason says what to do.
        NotOurs: it is another language's, or not about the cookbook.
        NotVerified: it cannot be ported so that it fits; the notebook must stay as it was.
    """
    sources = _sources(path, text)
    cells = _python(sources)
    if not cells:
        return Ported(text, {}, ())
    code_newline = _usual_newline(sources)

    def look(port: Port) -> None:
        if (other := project.lookalike(path, port.model)) is not None:
            raise NotOurs(f"its imports reach the package {other}, which is not the cookbook")

    together = port_together(path, [c.masked.code for c in cells], context, code_newline, look=look)
    new: dict[int, str] = {}
    todo: list[Finding] = []
    notes: list[Finding] = []
    for cell, piece in zip(cells, together.pieces, strict=True):
        if piece.code != cell.masked.code:
            new[cell.source.cell] = _unmasked(cell, piece.code)
        todo += (_in_cell(f, cell) for f in piece.todo)
        notes += (_in_cell(f, cell) for f in piece.notes)
    result = _spliced(text, sources, new)
    if new:
        _verify(path, text, sources, result, new)
    return Ported(result, together.done, tuple(todo), tuple(notes))


def cell_diff(path: str, old: str, new: str) -> str:
    """The difference of two states of a notebook as text, cell by cell: ``--- nb.ipynb:cell 3``."""
    result: list[str] = []
    for before, after in zip(_sources(path, old), _sources(path, new), strict=True):
        name = f"{path}:cell {before.cell}"
        rows = difflib.unified_diff(_rows(before.code), _rows(after.code), name, name)
        result += (row if row.endswith("\n") else f"{row}\n" for row in rows)
    return "".join(result)


@dataclass(frozen=True, slots=True)
class Joined:
    """The Python of a notebook as one module; :meth:`in_cell` takes its findings back to the cells."""

    code: str
    _cells: tuple[tuple[int, _Cell], ...]

    def in_cell(self, finding: Finding) -> Finding:
        """A finding of the module at its place in a cell."""
        line = finding.location.line if finding.location else None
        starts = [(start, cell) for start, cell in self._cells if start <= (line or 0)]
        if not starts:
            return finding
        start, cell = starts[-1]
        found = _in_cell(shifted(finding, 1 - start), cell)
        # What stands in for IPython's own lines is for no eyes.
        rows = _rows(cell.source.code)
        at = (found.location.line or 1) - 1 if found.location else 0
        return replace(found, excerpt=rows[at].rstrip("\r\n") if at < len(rows) else None)


def joined(path: str, text: str) -> Joined:
    """The Python cells of a notebook, one after the other.

    Raises:
        UnreadableSource: it is no notebook of format 4; the reason says what to do.
        NotOurs: it is another language's.
        NotVerified: a cell that uses Fireworks has a syntax error.
    """
    parts: list[str] = []
    found = []
    line = 1
    for cell in _python(_sources(path, text)):
        code = cell.masked.code.replace("\r\n", "\n").replace("\r", "\n")
        code = code if not code or code.endswith("\n") else f"{code}\n"
        found.append((line, cell))
        parts.append(code)
        line += code.count("\n")
    return Joined("".join(parts), tuple(found))


def cells(path: str, text: str) -> list[tuple[int, str]]:
    """The code cells of a notebook: their numbers and their sources.

    Raises:
        UnreadableSource: it is no notebook.
    """
    return [(s.cell, s.code) for s in _sources(path, text)]


def _rows(code: str) -> list[str]:
    """The lines of a cell; its last line mostly has no end, which is nothing to tell."""
    lines = _split(code)
    return [*lines[:-1], lines[-1].removesuffix("\n") + "\n"] if lines else []


# --- what a notebook says ------------------------------------------------------------------------------


def _sources(path: str, text: str) -> list[_Source]:
    """The sources of the code cells that are Python's, in their order."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"{error.msg}, line {error.lineno}, column {error.colno}"
        raise _broken(path, reason, error.lineno) from error
    except ValueError as error:  # a number with more digits than Python takes
        raise _broken(path, str(error)) from error
    _check_format(path, data)
    _check_language(data)
    found = []
    (cells,) = [span for key, *span in _members(text, _skip(text, 0)) if key == "cells"][-1:]
    for number, (start, _) in enumerate(_elements(text, cells[0]), 1):
        cell = data["cells"][number - 1]
        if not isinstance(cell, dict) or not _is_source(cell.get("source")):
            raise UnreadableSource(
                path, f"not a notebook: cell {number} has no source; mend it in Jupyter or restore it"
            )
        if cell.get("cell_type") != "code" or not _is_python_cell(cell):
            continue
        (span,) = [span for key, *span in _members(text, start) if key == "source"][-1:]
        source = cell["source"]
        lines = None if isinstance(source, str) else tuple(source)
        found.append(_Source(number, span[0], span[1], "".join(source), lines))
    return found


def _broken(path: str, reason: str, line: int | None = None) -> UnreadableSource:
    text = f"not a notebook: not JSON ({reason}); mend it in a text editor or restore it"
    return UnreadableSource(path, text, line)


def _is_source(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def _check_format(path: str, data: Any) -> None:
    version = data.get("nbformat") if isinstance(data, dict) else None
    if isinstance(data, dict) and ("worksheets" in data or (type(version) is int and version < _FORMAT)):
        command = f"jupyter nbconvert --to notebook --nbformat {_FORMAT} --inplace {shlex.quote(path)}"
        raise UnreadableSource(path, f"a notebook of an old format, not of {_FORMAT}; first run: {command}")
    if version is None or not isinstance(data.get("cells"), list):
        raise UnreadableSource(
            path, "not a notebook: JSON without nbformat and cells; give it another suffix or restore it"
        )
    if version != _FORMAT or type(version) is not int:
        raise UnreadableSource(
            path, f"a notebook of format {version!r}, and only {_FORMAT} is known; save it in that format"
        )


def _check_language(data: dict[str, Any]) -> None:
    metadata = _dict(data.get("metadata"))
    told = [
        _dict(metadata.get("kernelspec")).get("language"),
        _dict(metadata.get("language_info")).get("name"),
    ]
    languages = [t for t in told if isinstance(t, str) and t]
    if languages and not any(_is_python(language) for language in languages):
        raise NotOurs(f"a notebook in {languages[0]}, not Python")


def _is_python_cell(cell: dict[str, Any]) -> bool:
    """Whether a code cell is the notebook's language: VS Code keeps another one in the metadata."""
    told = _dict(_dict(cell.get("metadata")).get("vscode")).get("languageId")
    return not isinstance(told, str) or _is_python(told)


def _is_python(language: str) -> bool:
    return language.lower().startswith(("python", "ipython"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# --- Python in the cells -------------------------------------------------------------------------------


def _python(sources: Sequence[_Source]) -> list[_Cell]:
    """The cells that are Python.

    Raises:
        NotVerified: one is broken that uses Fireworks: nobody could say whether it still fits.
    """
    cells: list[_Cell] = []
    broken: list[_Source] = []
    for source in sources:
        lines = list(io.StringIO(source.code, newline=""))
        first = next((line for line in lines if line.strip()), "")
        indent = first[: len(first) - len(first.lstrip(" \t"))]
        code = without_indent(lines, indent)
        if code is None:
            broken.append(source)
            continue
        try:
            masked = ipython.mask(code, str(source.cell))
        except NotVerified as error:
            raise NotVerified(f"cell {source.cell}: {error}") from error
        if masked is None:
            continue
        if parsed(masked.code) is None:
            broken.append(source)
        else:
            cells.append(_Cell(source, indent, masked))
    names = _fireworks_names(cells)
    for source in broken:
        used = set(re.findall(r"\w+", source.code))
        if names & used or may_use_fireworks(source.code.encode("utf-8", "replace")):
            raise NotVerified(f"cell {source.cell} has a syntax error and uses Fireworks; mend it first")
    return cells


def _fireworks_names(cells: Sequence[_Cell]) -> set[str]:
    """The names that the cells import from the cookbook and the SDK."""
    names = set()
    for cell in cells:
        for node in ast.walk(parsed(cell.masked.code) or ast.Module([], [])):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else None
            for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
                if (module or alias.name).split(".")[0] in ("training", "fireworks"):
                    names.add((alias.asname or alias.name).split(".")[0])
    return names


def _usual_newline(sources: Sequence[_Source]) -> str:
    ends = [source.code.count("\r\n") for source in sources]
    return "\r\n" if 2 * sum(ends) > sum(source.code.count("\n") for source in sources) else "\n"


def _unmasked(cell: _Cell, code: str) -> str:
    try:
        code = ipython.unmask(code, cell.masked.masks)
    except NotVerified as error:
        raise NotVerified(f"cell {cell.source.cell}: {error}") from error
    return "".join(with_indent(code, cell.indent)) if cell.indent else code


def _in_cell(finding: Finding, cell: _Cell) -> Finding:
    moved = shifted(finding, 0, len(cell.indent))
    if moved.location is None:
        return moved
    return replace(moved, location=replace(moved.location, cell=cell.source.cell))


# --- places in JSON ------------------------------------------------------------------------------------

_DECODER = json.JSONDecoder()


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """The keys of the object that begins here, and where their values begin and end."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _next(text, end)


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Where the elements of the array that begins here begin and end."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _next(text, end)


def _next(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


# --- new sources in the form of the old ones -----------------------------------------------------------


def _spliced(text: str, sources: Sequence[_Source], new: dict[int, str]) -> str:
    form = _Form(text, sources)
    parts = []
    end = 0
    for source in sources:
        if source.cell in new:
            parts += [text[end : source.start], form.written(source, new[source.cell])]
            end = source.end
    return "".join([*parts, text[end:]])


class _Form:
    """How a notebook writes the sources of its cells."""

    def __init__(self, text: str, sources: Sequence[_Source]) -> None:
        self._text = text
        self._escapes: dict[str, str] = {}
        plain: set[str] = set()
        for source in sources:
            for raw in _CHARACTER.findall(text[source.start : source.end]):
                if len(raw) > 1:
                    self._escapes.setdefault(json.loads(f'"{raw}"'), raw)
                else:
                    plain.add(raw)
        for character in plain & set(self._escapes) - set('"'):
            del self._escapes[character]
        self._ascii = any(c > "\x7f" for c in self._escapes)
        #: how the array of another cell with several lines is laid out
        self._usual = next((self._layout(s) for s in sources if len(s.lines or ()) > 1), None)

    def written(self, source: _Source, code: str) -> str:
        """A cell's new source; lines that it had already are written as they were."""
        if source.lines is None:
            raw = _raw_lines(self._text[source.start + 1 : source.end - 1])
            return f'"{"".join(self._merged(_split(source.code), raw, _split(code)))}"'
        new = _split(code)
        if list(source.lines) == source.code.splitlines(keepends=True):
            new = code.splitlines(keepends=True)  # as nbformat does: at form feeds, too
        raw = [self._text[start + 1 : end - 1] for start, end in _elements(self._text, source.start)]
        elements = [f'"{line}"' for line in self._merged(source.lines, raw, new)]
        if not elements:
            return "[]"
        lead, separator, tail = self._layout(source)
        return f"[{lead}{separator.join(elements)}{tail}]"

    def _layout(self, source: _Source) -> tuple[str, str, str]:
        """What stands before, between and behind the elements of an array."""
        text = self._text
        places = list(_elements(text, source.start))
        if not places:
            return self._usual or ("", ", ", "")
        lead = text[source.start + 1 : places[0][0]]
        tail = text[places[-1][1] : source.end - 1]
        if len(places) > 1:
            return lead, text[places[0][1] : places[1][0]], tail
        blank = text[source.start - 1 : source.start]
        usual = f",{lead}" if lead else ", " if blank == " " else ","
        return lead, self._usual[1] if self._usual and bool(self._usual[0]) is bool(lead) else usual, tail

    def _merged(self, old: Sequence[str], raw: Sequence[str], new: Sequence[str]) -> list[str]:
        """The new lines as JSON writes them; ``raw`` is how the file has the old ones."""
        result: list[str] = []
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        for kind, first, last, start, stop in matcher.get_opcodes():
            result += raw[first:last] if kind == "equal" else map(self._encoded, new[start:stop])
        return result

    def _encoded(self, line: str) -> str:
        return "".join(map(self._character, line))

    def _character(self, character: str) -> str:
        if (known := self._escapes.get(character)) is not None:
            return known
        surrogate = "\ud800" <= character <= "\udfff"
        return json.dumps(character, ensure_ascii=self._ascii or surrogate)[1:-1]


def _split(code: str) -> list[str]:
    """Lines that end with a line feed."""
    return re.findall(r"[^\n]*\n|[^\n]+", code)


def _raw_lines(raw: str) -> list[str]:
    """The inside of a string of JSON, cut behind its line feeds."""
    lines = [""]
    for character in _CHARACTER.findall(raw):
        lines[-1] += character
        if character.startswith("\\") and json.loads(f'"{character}"') == "\n":
            lines.append("")
    return lines if lines[-1] else lines[:-1]


def _verify(path: str, old: str, sources: Sequence[_Source], text: str, new: dict[int, str]) -> None:
    """That the new file is the old notebook with the new sources.

    Raises:
        NotVerified: it is not.
    """
    written = _sources(path, text)
    same = [(s.cell, new.get(s.cell, s.code)) for s in sources] == [(s.cell, s.code) for s in written]
    if not same or _around(old, sources) != _around(text, written):
        raise NotVerified("the new cells would not come back from the file as they are")


def _around(text: str, sources: Sequence[_Source]) -> list[str]:
    """What is in the file beside the sources."""
    places = [0, *chain.from_iterable((s.start, s.end) for s in sources), len(text)]
    return [text[a:b] for a, b in zip(places[::2], places[1::2], strict=True)]
