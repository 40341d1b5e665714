"""Files that hold Python in pieces: ported together as one module, and taken apart again.

The blocks of a document and the cells of a notebook belong together: the first imports what the third uses.
So they are ported as one module, each behind a string that tells where it begins.
"""

from __future__ import annotations

import ast
import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

from fwdoctor_codemods.core.port import Port

from fwdoctor.finding import Finding
from fwdoctor.fit.session import Context, open_port
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.migrate.transform import NotVerified, Ported, port_opened

_SIGN = "fwdoctor: block"
_SIGNED = re.compile(rf'"{_SIGN} (\d+)"')


class NotOurs(Exception):
    """The file is not for us to port, and nothing is wrong with it; the message says why."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece's new code, and what is to tell about it, by its own lines (from 1)."""

    code: str
    todo: tuple[Finding, ...]
    notes: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """Pieces after the port: their new code, and what is to tell about each, by its own lines (from 1).

    ``done`` counts the rewrites of all pieces.
    """

    pieces: tuple[Piece, ...]
    done: dict[str, int]


def port_together(
    path: str,
    codes: Sequence[str],
    context: Context,
    newline: str,
    *,
    look: Callable[[Port], None] = lambda _: None,
) -> Together:
    """Port pieces as one module.

    Args:
        look: is shown the module before it is ported; what it raises goes to the caller.

    Raises:
        NotVerified: it does not fit, or would not come apart again.
        SyntaxError, ValueError, RecursionError, MemoryError: it is no module; as ``ast.parse``.
    """
    if any(_SIGN in code for code in codes):
        raise NotVerified(f'it says "{_SIGN}" itself, which fwdoctor needs to tell the pieces apart')
    signed = "".join(f'"{_SIGN} {i}"{newline}{_ended(code, newline)}' for i, code in enumerate(codes))
    first = open_port(path, signed, context, newline)
    look(first)
    ported = port_opened(first, context)
    starts, texts = _apart(ported.text)
    if len(texts) != len(codes):
        raise NotVerified("the code blocks would not come apart again")
    pieces = []
    for i, (start, text) in enumerate(zip(starts, texts, strict=True)):
        stop = starts[i + 1] if i + 1 < len(starts) else len(ported.text)
        code = text if codes[i].endswith(("\n", "\r")) else text.removesuffix(newline)
        pieces.append(Piece(code, _of_piece(ported.todo, start, stop), _of_piece(ported.notes, start, stop)))
    return Together(tuple(pieces), dict(ported.done))


def as_piece(ported: Ported) -> Piece:
    """What was ported by itself, as a piece."""
    return Piece(ported.text, ported.todo, ported.notes)


def _apart(text: str) -> tuple[list[int], list[str]]:
    """The pieces, and the line in which the sign of each stands."""
    starts: list[int] = []
    pieces: list[list[str]] = []
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        sign = _SIGNED.fullmatch(line.strip())
        if sign and int(sign[1]) == len(pieces):
            starts.append(number)
            pieces.append([])
        elif pieces:
            pieces[-1].append(line)
        else:
            raise NotVerified("something would stand before the first code block")
    return starts, ["".join(piece) for piece in pieces]


def _ended(code: str, newline: str) -> str:
    return code if not code or code.endswith(("\n", "\r")) else code + newline


def _of_piece(findings: Sequence[Finding], start: int, stop: int) -> tuple[Finding, ...]:
    """The findings between two lines, with lines counted from the first of them."""
    return tuple(
        shifted(f, -start)
        for f in findings
        if f.location is not None and start < (f.location.line or 0) < stop
    )


def shifted(finding: Finding, by: int, indent: int = 0) -> Finding:
    """The finding so many lines further down and so many columns further right."""
    place = finding.location
    if place is None or place.line is None:
        return finding

    def moved(value: int | None, by: int) -> int | None:
        return None if value is None else value + by

    moved_place = replace(
        place,
        line=place.line + by,
        column=moved(place.column, indent),
        end_line=moved(place.end_line, by),
        end_column=moved(place.end_column, indent),
    )
    return replace(finding, location=moved_place)


def without_indent(lines: Sequence[str], indent: str) -> str | None:
    """The text of lines that share an indentation, without it; None if a line has less of it."""
    result = []
    for line in lines:
        if line.startswith(indent):
            result.append(line[len(indent) :])
        elif not line.strip():
            result.append(line.lstrip(" \t"))
        else:
            return None
    return "".join(result)


def with_indent(code: str, indent: str) -> list[str]:
    """The lines of a text, each that is not blank indented."""
    return [indent + line if line.strip() else line for line in io.StringIO(code, newline="")]


def parsed(code: str) -> ast.Module | None:
    """The syntax tree of a piece; None if it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in the user's code are not our business
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
