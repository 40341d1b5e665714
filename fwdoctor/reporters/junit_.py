"""JUnit's XML, as Jenkins and GitLab read it: a suite for each file, a case for each finding.

Names of cases hold no line numbers: services compare them with those of the run before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from fwdoctor.finding import Finding, Report
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.reporters import Style
from fwdoctor.reporters._common import is_failure, is_file, message, safe, steps, would_change

#: What XML 1.0 has no way to write.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Case:
    """``outcome`` is the element that tells what was wrong; an empty one means that it passed."""

    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""
    line: int | None = None
    in_file: bool = False


def render(report: Report, style: Style) -> str:
    """The report as one XML document; a clean run has one case, which passed."""
    suites: dict[str, list[_Case]] = {}
    everywhere = f"fwdoctor {report.command}"
    for problem in report.problems:
        told = (problem.message, str(problem))
        case = _Case("cannot be looked at", "error", "problem", *told, in_file=bool(problem.path))
        suites.setdefault(problem.path or everywhere, []).append(case)
    for path, text in would_change(report):
        case = _Case("is up to date", "failure", "warning", text, text, in_file=True)
        suites.setdefault(path, []).append(case)
    for finding in report.findings:
        path = finding.location.path if finding.location else finding.resource or everywhere
        suites.setdefault(path, []).append(_case(finding, report))
    if not suites:
        suites[everywhere] = [_Case("nothing found")]
    cases = [case for found in suites.values() for case in found]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {_head(everywhere, cases)}>"]
    for path, found in suites.items():
        lines += _suite(path, found)
    text = "\n".join([*lines, "</testsuites>", ""])
    return text if style.unicode else text.encode("ascii", "xmlcharrefreplace").decode()


def _case(finding: Finding, report: Report) -> _Case:
    place = finding.location
    where = f"at {safe(str(place or finding.resource))}\n" if place or finding.resource else ""
    text = where + "\n".join([message(finding), *steps(finding.remedy)])
    line = place.line if place and place.cell is None else None
    outcome = "failure" if is_failure(finding, report) else ""
    name = f"{finding.rule} {finding.name}"
    in_file = place is not None and is_file(place.path)
    return _Case(name, outcome, finding.severity, message(finding), text, line, in_file)


def _suite(path: str, cases: Iterable[_Case]) -> list[str]:
    cases = list(cases)
    lines = [f"  <testsuite {_head(path, cases)}>"]
    seen: Counter[str] = Counter()
    for case in cases:
        seen[case.name] += 1
        name = f"{case.name} ({seen[case.name]})" if seen[case.name] > 1 else case.name
        lines += _element(path, name, case)
    return [*lines, "  </testsuite>"]


def _head(name: str, cases: list[_Case]) -> str:
    counts = Counter(case.outcome for case in cases)
    return (
        f'name={_attribute(name)} tests="{len(cases)}" failures="{counts["failure"]}" '
        f'errors="{counts["error"]}" skipped="0" time="0"'
    )


def _element(path: str, name: str, case: _Case) -> list[str]:
    line = f' line="{case.line}"' if case.line is not None else ""
    file = f" file={_attribute(path)}" if case.in_file else ""
    start = f"    <testcase classname={_attribute(path)} name={_attribute(name)}{file}{line}"
    if case.outcome:
        kind, told = _attribute(case.kind), _attribute(case.message)
        body = f"      <{case.outcome} type={kind} message={told}>{_body(case.text)}</{case.outcome}>"
    elif case.text:  # advice fails nothing
        body = f"      <system-out>{_body(case.text)}</system-out>"
    else:
        return [f'{start} time="0"/>']
    return [f'{start} time="0">', body, "    </testcase>"]


def _attribute(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("", safe(text)))


def _body(text: str) -> str:
    # A parser takes a bare return for a line's end.
    return escape(_FORBIDDEN.sub("", safe(text)), {"\r": "&#13;"})
