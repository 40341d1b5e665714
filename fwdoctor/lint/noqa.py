"""Writes ``# noqa`` comments behind the lines of findings, for a project that starts with many of them."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Mapping

from fwdoctor_codemods.core.source import Edit, Source, splice

from fwdoctor.lint.session import Linted
from fwdoctor.lint.suppress import Noqa, comments


def silence(linted: Linted) -> tuple[str, int, list[str]]:
    """The text with a comment for every finding, how many findings it silences, and which lines could not be.

    A line cannot take a comment where a string or a backslash goes on behind its end.
    """
    assert linted.source is not None
    source = Source(linted.source.text, linted.source.newline)
    known = {n.line: n for n in comments(linted.source.text) if not n.whole_file}
    open_lines = _open_lines(linted.source.text)
    wanted: dict[int, list[str]] = {}
    for found in linted.found:
        place = found.finding.location
        if place is not None and place.line is not None:
            wanted.setdefault(place.line, []).append(found.finding.rule)
    edits, count, left = [], 0, []
    for line, rules in sorted(wanted.items()):
        if line in open_lines:
            left.append(f"{linted.path}:{line}: no comment can stand behind this line")
            continue
        edits.append(_edit(source, line, sorted(set(rules)), known))
        count += len(rules)
    return splice(source.data, edits).decode(), count, left


def _edit(source: Source, line: int, rules: list[str], known: Mapping[int, Noqa]) -> Edit:
    text = source.line(line)
    begin = source.line_start(line)
    there = known.get(line)
    if there is not None and there.codes:
        at = begin + len(text[: there.spans[-1][1]].encode())
        return Edit(at, at, "".join(f", {rule}" for rule in rules))
    at = begin + len(text.rstrip().encode())
    return Edit(at, begin + len(text.rstrip("\r\n").encode()), f"  # noqa: {', '.join(rules)}")


def _open_lines(text: str) -> set[int]:
    """The lines behind which no comment can stand: inside a string, or continued by a backslash."""
    found: set[int] = set()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return set(range(1, text.count("\n") + 2))
    starts: list[int] = []
    f_start = getattr(tokenize, "FSTRING_START", None)
    f_end = getattr(tokenize, "FSTRING_END", None)
    for token in tokens:
        if token.type == tokenize.STRING:
            found.update(range(token.start[0], token.end[0]))
        elif token.type == f_start:
            starts.append(token.start[0])
        elif token.type == f_end:
            found.update(range(starts.pop(), token.end[0]))
    lines = text.splitlines()
    found.update(i for i, line in enumerate(lines, 1) if line.endswith("\\"))
    return found
