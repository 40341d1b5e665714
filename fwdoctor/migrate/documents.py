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
from collections import Counter
from collections.abc import Sequence

from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.finding import Finding
from fwdoctor.fit.session import Context
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.migrate.pieces import (
    Piece,
    as_piece,
    parsed,
    port_together,
    shifted,
    with_indent,
    without_indent,
)
from fwdoctor.migrate.transform import NotVerified, Ported, port

SUFFIXES = (".md", ".markdown", ".mdx")
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\r\n]*)")
_LANGUAGES = frozenset({"py", "py3", "python", "python3"})


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
    code = {b: c for b in _blocks(lines) if (c := _code(lines, b)) is not None and parsed(c)}
    blocks = list(code)
    if not blocks:
        return Ported(text, {}, ())
    done: Counter[str] = Counter()
    try:
        # The first block is ours: the imports that the document takes for granted. It is not put back.
        implied = _implied(list(code.values()), context.surfaces, newline)
        together = port_together(path, [implied, *code.values()], context, newline)
        pieces: Sequence[Piece] = together.pieces[1:]
        done.update(together.done)
    except (NotVerified, SyntaxError, ValueError):
        alone = [port(path, c, context, newline=newline) for c in code.values()]
        pieces = [as_piece(ported) for ported in alone]
        for ported in alone:
            done.update(ported.done)
    return _put_back(lines, blocks, pieces, done)


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
    return without_indent(lines[block.first : block.last], block.indent)


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


def _put_back(
    lines: Sequence[str], blocks: Sequence[_Block], pieces: Sequence[Piece], done: Counter[str]
) -> Ported:
    result: list[str] = []
    todo: list[Finding] = []
    notes: list[Finding] = []
    end = 0
    for block, piece in zip(blocks, pieces, strict=True):
        result += lines[end : block.first]
        todo += (shifted(f, len(result), len(block.indent)) for f in piece.todo)
        notes += (shifted(f, len(result), len(block.indent)) for f in piece.notes)
        if piece.code == _code(lines, block):
            result += lines[block.first : block.last]  # blank lines may have had an indentation of their own
        else:
            result += with_indent(piece.code, block.indent)
        end = block.last
    result += lines[end:]
    return Ported("".join(result), dict(sorted(done.items())), tuple(todo), tuple(notes))
