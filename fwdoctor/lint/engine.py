"""Runs the rules over one parsed file."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import Edit, span

from fwdoctor.finding import Finding, Remedy
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint import api, rules
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule, rulebook

#: Rules that say in general what a rule of its own may say better.
_GENERAL = frozenset({"FWD111", "FWD118"})


_LONGEST_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, the node that it is about, and the edits that mend it."""

    finding: Finding
    node: ast.AST
    fix: tuple[Edit, ...] = ()


def find(port: Port, allows: Callable[[str], bool] = lambda _: True) -> list[Found]:
    """What the rules say about a file, in the order of the text; ``allows``: whether a rule is wanted."""
    file = File(port)
    found: dict[tuple[str, tuple[int, int, int, int]], tuple[Rule, Hit]] = {}
    for rule, hit in _hits(file, allows):
        found.setdefault((rule.id, span(hit.node)), (rule, hit))
    # A rule of its own says more than that the argument is deprecated, or not read.
    told = {place for rule, place in found if not rule.startswith("FWD1")}
    kept = (p for (rule, place), p in found.items() if rule not in _GENERAL or place not in told)
    made = [Found(_finding(port, rule, hit), hit.node, hit.fix) for rule, hit in kept]
    return sorted(made, key=lambda f: (*span(f.node), f.finding.rule))


def _hits(file: File, allows: Callable[[str], bool]) -> Iterator[tuple[Rule, Hit]]:
    uses_fireworks = file.port.uses_fireworks
    if uses_fireworks and any(allows(rule) for rule in api.RULES):
        book = rulebook()
        yield from ((book[rule], hit) for rule, hit in api.find(file) if allows(rule))
    for check in rules.checks():
        if (uses_fireworks or check.anywhere) and allows(check.rule.id):
            yield from ((check.rule, hit) for hit in check.find(file))


def _finding(port: Port, rule: Rule, hit: Hit) -> Finding:
    variables: Mapping[str, str] = {"path": port.path, "target": port.surfaces.label, **hit.variables}
    location = port.source.location(port.path, hit.node)
    line = port.source.line(location.line or 1).rstrip("\r\n")
    finding = rule.fill(variables, location=location, severity=hit.severity)
    new = variables.get("successor")
    if new and not new.startswith("nothing") and "{detail}" not in rule.message:
        finding = replace(finding, remedy=(Remedy(f"Use {new}."), *finding.remedy))
    # Nobody reads a longer line, and every finding on it would carry it along.
    return replace(finding, excerpt=line if len(line) <= _LONGEST_LINE else None)
