"""The text of a file, with places as ``ast`` counts them, and edits of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from fwdoctor.finding import Location
from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True)
class Edit:
    """Replace the bytes ``start`` to ``end`` of the source."""

    start: int
    end: int
    text: str


class Source:
    """The text of the file with byte offsets, as ``ast`` counts."""

    def __init__(self, text: str, newline: str) -> None:
        self.text = text
        self.newline = newline
        self.data = text.encode("utf-8")
        self.lines = [0, *(m.end() for m in re.finditer(rb"\r\n|\r|\n", self.data))]

    def start(self, node: ast.AST) -> int:
        """Offset of the first byte of ``node``."""
        line, column, _, _ = span(node)
        return self.lines[line - 1] + column

    def end(self, node: ast.AST) -> int:
        """Offset of the byte after ``node``."""
        _, _, line, column = span(node)
        return self.lines[line - 1] + column

    def slice(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8")

    def line_start(self, line: int) -> int:
        """Offset of the first byte of a line, counted from 1; the end of the file for the line after."""
        return self.lines[line - 1] if line <= len(self.lines) else len(self.data)

    def line(self, line: int) -> str:
        return self.slice(self.line_start(line), self.line_start(line + 1))

    def indent(self, line: int) -> str:
        text = self.line(line)
        return text[: len(text) - len(text.lstrip(" \t\f"))]

    def location(self, path: str, node: ast.AST) -> Location:
        def column(line: int, offset: int) -> int:
            begin = self.lines[line - 1]
            return len(self.slice(begin, begin + offset)) + 1

        line, start, end_line, end = span(node)
        return Location(path, line, column(line, start), end_line, column(end_line, end))


def span(node: ast.AST) -> tuple[int, int, int, int]:
    """First line, byte in it, last line, byte in it, as ``ast`` counts: lines from 1, bytes from 0."""
    place: Any = node  # not every node has a place, but all that anybody asks for
    return place.lineno, place.col_offset, place.end_lineno, place.end_col_offset


def call_arguments(node: ast.Call) -> list[ast.expr | ast.keyword]:
    """All arguments of a call in the order in which they are written."""
    arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    return sorted(arguments, key=lambda a: (a.lineno, a.col_offset))


def argument_value(argument: ast.expr | ast.keyword) -> ast.expr:
    """The expression that an argument passes, without ``name=``, ``*`` or ``**``."""
    return argument.value if isinstance(argument, ast.keyword | ast.Starred) else argument


def spread_of(node: ast.Call) -> ast.expr | ast.keyword | None:
    """The first ``*x`` or ``**x`` among the arguments of a call."""
    for argument in call_arguments(node):
        if isinstance(argument, ast.Starred) or (isinstance(argument, ast.keyword) and argument.arg is None):
            return argument
    return None


def splice(data: bytes, edits: Iterable[Edit], offset: int = 0) -> bytes:
    """Apply edits that do not overlap; ``offset`` is where ``data`` begins in the file."""
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        data = data[: edit.start - offset] + edit.text.encode() + data[edit.end - offset :]
    return data


def is_none(node: ast.AST) -> bool:
    """Whether an expression is the constant None."""
    return isinstance(node, ast.Constant) and node.value is None
