"""Marker and comment lines above statements: where they may stand, and never twice."""

from __future__ import annotations

import ast
import bisect
import dataclasses
from collections.abc import Iterable, Sequence

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import Edit, Source

from fwdoctor.finding import Finding, Location

#: What every marker line begins with.
MARKER = "# TODO(fwdoctor): "


def marker(finding: Finding) -> str:
    """The marker line for a finding, without indentation."""
    return f"{MARKER}{finding.rule} {' '.join(finding.message.split())}"


def above(port: Port, lines: Iterable[tuple[ast.AST, str]]) -> list[Edit]:
    """Edits that write each line above the statement of its node, a marker never twice."""
    wanted: dict[int, list[str]] = {}
    for node, text in lines:
        line = anchor(port, node)
        rows = wanted.setdefault(line, [])
        known = text.startswith(MARKER) and (text in rows or text in _comments_above(port.source, line))
        if not known:
            rows.append(text)
    edits = []
    for line, rows in wanted.items():
        at = port.source.line_start(line)
        indent = port.source.indent(line)
        text = "".join(f"{indent}{row}{port.source.newline}" for row in rows)
        if text:
            edits.append(Edit(at, at, text))
    return edits


def rescued(port: Port, comments: Iterable[tuple[int, str]], edits: Sequence[Edit]) -> list[Edit]:
    """Edits that write comments, given with their lines, above the statements that they stood in.

    They are those for which the ``edits`` left no place. One that stands outside of all of them was not lost.
    """
    statements = [node for node in ast.walk(port.model.tree) if isinstance(node, ast.stmt)]

    def around(line: int) -> ast.stmt | None:
        inside = [s for s in statements if s.lineno <= line <= (s.end_lineno or s.lineno)]
        return max(inside, key=lambda s: (s.lineno, s.col_offset), default=None)

    wanted: list[tuple[ast.AST, str]] = []
    for line, text in comments:
        begin, end = port.source.line_start(line), port.source.line_start(line + 1)
        touched = [e for e in edits if e.start < end and begin < e.end]
        statement = around(line)
        while touched and statement is not None:
            # What is written into a piece of text that is replaced as a whole would be in its way.
            at = port.source.line_start(anchor(port, statement))
            covering = next((e for e in edits if e.start < at < e.end), None)
            if covering is None:
                wanted.append((statement, text))
                break
            statement = around(bisect.bisect_right(port.source.lines, covering.start))
    return above(port, wanted)


def located(port: Port, findings: Iterable[Finding]) -> list[Finding]:
    """The findings at the lines where their markers stand now."""
    lines: dict[str, list[int]] = {}
    for number in range(1, len(port.source.lines) + 1):
        text = port.source.line(number).strip()
        if text.startswith(MARKER):
            lines.setdefault(text, []).append(number)
    result = []
    for finding in findings:
        places = lines.get(marker(finding), [])
        if finding.location and places:
            # One marker may speak for two equal findings of one statement.
            line = places.pop(0) if len(places) > 1 else places[0]
            column = len(port.source.indent(line)) + 1
            finding = dataclasses.replace(finding, location=Location(finding.location.path, line, column))
        result.append(finding)
    return result


def anchor(port: Port, node: ast.AST) -> int:
    """The first line of the innermost statement around ``node`` above which a comment line can stand."""
    statement = port.model.statement(node)
    while True:
        line = statement.lineno
        decorators = getattr(statement, "decorator_list", [])
        if decorators:
            line = min(line, *(d.lineno for d in decorators))
        before = port.source.slice(
            port.source.line_start(line), port.source.start(decorators[0] if decorators else statement)
        )
        continued = line > 1 and port.source.line(line - 1).rstrip("\r\n").endswith("\\")
        clean = not before.strip(" \t\f") or (decorators and before.strip() == "@")
        if clean and not continued:
            return line
        parent = next((p for p in port.model.ancestors(statement) if isinstance(p, ast.stmt)), None)
        earlier = _same_line_sibling(port, statement)
        if earlier is not None:
            statement = earlier
        elif parent is not None:
            statement = parent
        else:
            return line


def _same_line_sibling(port: Port, statement: ast.stmt) -> ast.stmt | None:
    """``a; b``: what stands before ``b``."""
    parent = port.model.parents.get(statement)
    for _, body in ast.iter_fields(parent) if parent else ():
        if isinstance(body, list) and statement in body:
            i = body.index(statement)
            return body[i - 1] if i else None
    return None


def _comments_above(source: Source, line: int) -> set[str]:
    found = set()
    while line > 1:
        line -= 1
        text = source.line(line).strip()
        if not text.startswith("#"):
            break
        found.add(text)
    return found
