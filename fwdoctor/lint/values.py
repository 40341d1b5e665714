"""What expressions are worth, as far as that can be read: constants, names of constants, texts with holes."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable
from typing import Any

#: Stands in a text for every part of it that only the running program knows.
HOLE = "\0"
#: Longer texts and larger numbers are put together by programs, and mean nothing to a rule.
_LONGEST = 4_000
_LARGEST = 1 << 63


class Unknown(enum.Enum):
    """The value of an expression that only the running program knows."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


class Values:
    """The values of the expressions of one file, each worked out once.

    Args:
        origin: what stands behind a name that has one value only; else the expression itself.
    """

    def __init__(self, origin: Callable[[ast.expr], ast.expr]) -> None:
        self._origin = origin
        self._known: dict[ast.expr, Any] = {}

    def of(self, node: ast.expr) -> Any:
        """A constant, a text (with a :data:`HOLE` for every unknown part), or :data:`UNKNOWN`."""
        node = self._origin(node)
        if node not in self._known:
            self._known[node] = UNKNOWN  # a value that depends on itself is not known
            self._known[node] = self._work_out(node)
        return self._known[node]

    def _work_out(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.of(operand)
                return -inner if is_number(inner) else UNKNOWN
            case ast.JoinedStr(values=values):
                return _text("".join(map(self._part, values)))
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                parts = self.of(left), self.of(right)
                if any(isinstance(p, str) for p in parts):
                    return _text("".join(p if isinstance(p, str) else HOLE for p in parts))
                return _number(parts[0] + parts[1]) if all(map(is_number, parts)) else UNKNOWN
            case ast.BinOp(op=ast.Sub() | ast.Mult() as op, left=left, right=right):
                one, other = self.of(left), self.of(right)
                if is_number(one) and is_number(other):
                    return _number(one - other if isinstance(op, ast.Sub) else one * other)
        return UNKNOWN

    def _part(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            return str(node.value)
        if not isinstance(node, ast.FormattedValue) or node.conversion != -1 or node.format_spec is not None:
            return HOLE
        known = self.of(node.value)
        return known if isinstance(known, str) else str(known) if is_number(known) else HOLE


def is_number(value: Any) -> bool:
    """Whether a known value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(text: str) -> Any:
    return text if len(text) <= _LONGEST else UNKNOWN


def _number(value: Any) -> Any:
    return value if abs(value) < _LARGEST else UNKNOWN
