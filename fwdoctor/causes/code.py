"""What the code sets: the places where a setting gets a value, as lint sees them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from fwdoctor.finding import Location, Problem
from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    from fwdoctor.lint.file import File
    from fwdoctor.lint.session import Session


@dataclass(frozen=True, slots=True)
class CodeSetting:
    """A place in the code that sets something; ``value`` is None where the code does not tell it."""

    name: str
    value: str | None
    location: Location


def settings_in(
    paths: Sequence[str], names: Sequence[str], begin: Callable[[], Session]
) -> list[CodeSetting]:
    """Every place under ``paths`` that gives one of these settings a value, but for tests.

    ``begin`` makes lint's session; it is not called where no file uses Fireworks. What cannot be read is
    told by whoever checks the code.
    """
    from fwdoctor.source.discovery import discover
    from fwdoctor.source.sieve import sieve

    found: list[CodeSetting] = []
    session: Session | None = None
    for path, data in sieve(discover(list(paths)).files):
        if isinstance(data, Problem) or not any(name.encode() in data for name in names):
            continue
        session = session or begin()
        found += _in_file(path, data, names, session)
    return found


def _in_file(path: str, data: bytes, names: Sequence[str], session: Session) -> Iterator[CodeSetting]:
    from fwdoctor.lint.file import File
    from fwdoctor.source.text import UnreadableSource, decode_source, parse_guarded

    try:
        source = decode_source(path, data)
        file = File(session.open(path, source.text, source.newline, parse_guarded(source)))
    except (UnreadableSource, RecursionError):
        return
    if file.is_test:
        return
    seen = set()
    for name in names:
        for node, value in _places(file, name):
            location = file.port.source.location(path, node)
            if location not in seen:
                seen.add(location)
                yield CodeSetting(name, _value(file, value), location)


def _value(file: File, node: ast.expr) -> str | None:
    """A value, written as in the code but for the quotes of a text; None if it is not known."""
    from fwdoctor.lint.values import UNKNOWN

    told = file.known_text(node) or file.member(node)
    value = file.value(node)
    return told or (None if value is UNKNOWN or value is None else str(value))


def _places(file: File, name: str) -> Iterator[tuple[ast.AST, ast.expr]]:
    for setting in file.settings(name):
        yield setting.node, setting.value
    # Old code sets what the target does not take any more, and ran all the same.
    for _, argument in file.passing(name):
        yield argument.node, argument.value
