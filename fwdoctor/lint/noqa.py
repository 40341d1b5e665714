"""Writes ``# noqa`` comments behind the lines of findings, for a project that starts with many of them."""

from __future__ import annotations

import ast
import warnings

from fwdoctor_codemods.core.source import Edit, Source, splice

from fwdoctor.lint.rules import UNUSED
from fwdoctor.lint.session import Linted
from fwdoctor.lint.suppress import Comments


def silence(linted: Linted) -> tuple[str, int]:
    """The text with a comment for every finding, and how many findings it silences.

    Of a string or a statement that goes on over several lines, the last one takes the comment: it speaks for
    all of them. A text that would not be the same code is not made: then nothing is silenced.
    """
    assert linted.source is not None
    old = linted.source.text
    source = Source(old, linted.source.newline)
    known = Comments(old)
    wanted: dict[int, set[str]] = {}
    count = 0
    for found in linted.found:
        place = found.finding.location
        # A comment that has no effect is to go, not to get another one.
        if place is not None and place.line is not None and found.finding.rule != UNUSED:
            wanted.setdefault(known.last_line(place.line), set()).add(found.finding.rule)
            count += 1
    edits = [_edit(source, line, rules, known) for line, rules in sorted(wanted.items())]
    new = splice(source.data, edits).decode()
    return (new, count) if _is_same_code(old, new) else (old, 0)


def _edit(source: Source, line: int, rules: set[str], known: Comments) -> Edit:
    text = source.line(line)
    begin = source.line_start(line)
    there = next((n for n in known.noqas if n.line == line and n.codes and not n.whole_file), None)
    if there is not None:
        at = begin + len(text[: there.spans[-1][1]].encode())
        new = sorted(rules - {code.upper() for code in there.codes})
        return Edit(at, at, "".join(f", {rule}" for rule in new))
    at = begin + len(text.rstrip().encode())
    return Edit(at, begin + len(text.rstrip("\r\n").encode()), f"  # noqa: {', '.join(sorted(rules))}")


def _is_same_code(old: str, new: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(ast.parse(old)) == ast.dump(ast.parse(new))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
