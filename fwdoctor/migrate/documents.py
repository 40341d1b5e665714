"""Markdown: the Python blocks of a document are ported, every other byte stays.

The blocks of one document belong together: the first imports what the third uses. So they are ported as one
module, each behind a string that tells where it begins. Where that is no module, or where something would
have to stand between two blocks, each is ported by itself. Blocks that are no Python are left alone.

Documents often show a call without its imports. Where a recipe is called by its module's name
(``rl_loop.Config(…)``) and nothing in the document says what that is, the names mean the cookbook's.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.finding import Finding, Location
from fwdoctor.fit.session import Context
from fwdoctor.migrate.transform import NotVerified, Ported, port

SUFFIXES = (".md", ".markdown", ".mdx")
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\r\n]*)")
_LANGUAGES = frozenset({"py", "py3", "python", "python3"})
_SIGN = "fwdoctor: block"
_SIGNED = re.compile(rf'"{_SIGN} (\d+)"')


@dataclass(frozen=True)
class _Block:
    """The lines ``first`` to ``last`` (exclusive, from 0) of a document, each indented by ``indent``."""

    first: int
    last: int
    indent: str


def port_document(path: str, text: str, context: Context, newline: str) -> Ported:
    """Port the Python blocks of a document and verify them; findings have the document's lines.

    Raises:
        NotVerified: a block cannot be ported so that it fits; the document must stay as it was.
    """
    lines = list(io.StringIO(text, newline=""))
    code = {b: c for b in _blocks(lines) if (c := _code(lines, b)) is not None and _tree(c) is not None}
    blocks = list(code)
    if not blocks:
        return Ported(text, {}, ())
    try:
        pieces = _together(path, list(code.values()), context, newline)
    except (NotVerified, SyntaxError, ValueError):
        pieces = [_one(path, c, context, newline) for c in code.values()]
    return _put_back(path, lines, blocks, pieces)


def _blocks(lines: Sequence[str]) -> list[_Block]:
    """The fenced blocks that say that they are Python."""
    found = []
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        number += 1
        if opening is None:
            continue
        first, fence = number, opening["fence"]
        while number < len(lines) and not _closes(lines[number], fence):
            number += 1
        language = re.split(r"[\s,{}:]", opening["info"].strip().lstrip("{."), maxsplit=1)[0].lower()
        if language in _LANGUAGES and number < len(lines):
            found.append(_Block(first, number, opening["indent"]))
        number += 1
    return found


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and set(mark) == {fence[0]}


def _code(lines: Sequence[str], block: _Block) -> str | None:
    """The block's text without its indentation; None if a line has less of it."""
    result = []
    for line in lines[block.first : block.last]:
        if line.startswith(block.indent):
            result.append(line[len(block.indent) :])
        elif not line.strip():
            result.append(line.lstrip(" \t"))
        else:
            return None
    return "".join(result)


def _tree(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@dataclass(frozen=True)
class _Piece:
    """A block's new code, and what is to tell about it, by its own lines (from 1)."""

    code: str
    done: Mapping[str, int]
    todo: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def _one(path: str, code: str, context: Context, newline: str) -> _Piece:
    ported = port(path, code, context, newline=newline)
    return _Piece(ported.text, ported.done, ported.todo, ported.notes)


def _together(path: str, codes: Sequence[str], context: Context, newline: str) -> list[_Piece]:
    """Port the blocks as one module.

    Raises:
        NotVerified: it does not fit, or would not come apart again; SyntaxError: it is no module.
    """
    # The first block is ours: the imports that the document takes for granted. It is not put back.
    codes = [_implied(codes, context.surfaces, newline), *codes]
    signed = "".join(f'"{_SIGN} {i}"{newline}{_ended(code, newline)}' for i, code in enumerate(codes))
    ported = port(path, signed, context, newline=newline)
    starts: list[int] = []
    pieces: list[list[str]] = []
    for number, line in enumerate(io.StringIO(ported.text, newline=""), 1):
        sign = _SIGNED.fullmatch(line.strip())
        if sign and int(sign[1]) == len(pieces):
            starts.append(number)
            pieces.append([])
        elif pieces:
            pieces[-1].append(line)
        else:
            raise NotVerified("something would stand before the first code block")
    if len(pieces) != len(codes):
        raise NotVerified("the code blocks would not come apart again")
    result = []
    for i, (start, piece) in enumerate(zip(starts, pieces, strict=True)):
        stop = starts[i + 1] if i + 1 < len(starts) else start + len(piece) + 1
        code = "".join(piece)
        if not codes[i].endswith(("\n", "\r")):
            code = code.removesuffix(newline)
        result.append(
            _Piece(
                code,
                ported.done if i == 1 else {},
                _of_piece(ported.todo, start, stop),
                _of_piece(ported.notes, start, stop),
            )
        )
    return result[1:]


def _implied(codes: Sequence[str], surfaces: Surfaces, newline: str) -> str:
    """Imports of the cookbook's names that a document uses and never binds; none unless it calls a recipe."""
    bound: set[str] = set(dir(builtins))
    used: set[str] = set()
    called: set[str] = set()
    for node in (n for code in codes for n in ast.walk(ast.parse(code))):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Import() | ast.ImportFrom():
                bound |= {(a.asname or a.name).split(".")[0] for a in node.names}
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="Config" | "main")):
                called.add(name)
    free = used - bound
    recipes = {n for n in free & called if any(surfaces.old(f"training.recipes.{n}.Config"))}
    if not recipes:
        return ""
    classes = {n for n in free - recipes if surfaces.old_class(f"training.utils.{n}") is not None}
    lines = [f"from training.recipes import {name}" for name in sorted(recipes)]
    lines += [f"from training.utils import {name}" for name in sorted(classes)]
    return "".join(line + newline for line in lines)


def _ended(code: str, newline: str) -> str:
    return code if not code or code.endswith(("\n", "\r")) else code + newline


def _of_piece(findings: Sequence[Finding], start: int, stop: int) -> tuple[Finding, ...]:
    """The findings between two lines, with lines counted from the first of them."""
    return tuple(
        _shifted(f, -start)
        for f in findings
        if f.location is not None and start < (f.location.line or 0) < stop
    )


def _shifted(finding: Finding, by: int, indent: int = 0) -> Finding:
    place = finding.location
    if place is None or place.line is None:
        return finding

    def moved(value: int | None, by: int) -> int | None:
        return None if value is None else value + by

    columns = moved(place.column, indent), moved(place.end_line, by), moved(place.end_column, indent)
    return replace(finding, location=Location(place.path, place.line + by, *columns))


def _put_back(path: str, lines: Sequence[str], blocks: Sequence[_Block], pieces: Sequence[_Piece]) -> Ported:
    result: list[str] = []
    todo: list[Finding] = []
    notes: list[Finding] = []
    done: Counter[str] = Counter()
    end = 0
    for block, piece in zip(blocks, pieces, strict=True):
        result += lines[end : block.first]
        todo += (_shifted(f, len(result), len(block.indent)) for f in piece.todo)
        notes += (_shifted(f, len(result), len(block.indent)) for f in piece.notes)
        done.update(piece.done)
        if piece.code == _code(lines, block):
            result += lines[block.first : block.last]  # blank lines may have had an indentation of their own
        else:
            code = io.StringIO(piece.code, newline="")
            result += (block.indent + line if line.strip() else line for line in code)
        end = block.last
    result += lines[end:]
    return Ported("".join(result), dict(sorted(done.items())), tuple(todo), tuple(notes))
