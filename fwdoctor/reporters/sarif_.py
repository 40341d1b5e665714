"""SARIF 2.1.0, one run, as code-scanning services and editors read it.

The same findings make the same file on every machine: no absolute path of the repository, no time.
Curly braces in messages stand as they are: no viewer known undoes the doubling that the standard asks for.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from fwdoctor import __version__
from fwdoctor.finding import Finding, Location, Report, Severity
from fwdoctor.reporters import Style
from fwdoctor.reporters._common import (
    cell,
    characters,
    from_root,
    is_file,
    message,
    safe,
    steps,
    would_change,
)
from fwdoctor.reporters._excerpt import excerpt
from fwdoctor.reporters.rule_page import with_carets
from fwdoctor.rulebook import Rule, rulebook

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: What GitHub takes: results of a run, those of them that it shows, bytes when compressed, tags of a rule.
RESULTS = 25_000
SHOWN = 5_000
BYTES = 10_000_000
TAGS = 20
#: Names the way in which the fingerprint is made; another way needs another number.
FINGERPRINT = "fwdoctorFinding/v1"
ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SEVERITIES = tuple(Severity)
#: Longer lines are data; nobody reads them in an alert.
_SNIPPET = 500

Data = dict[str, Any]


def render(report: Report, style: Style) -> str:
    """The report as one SARIF log, ending in a newline; the least bad findings go where it has no room."""
    prints = _fingerprints(report.findings, style)
    results = {i: _result(report.findings[i], prints[i], style) for i in _worst(report.findings, RESULTS)}
    text = _text(report, results, style)
    while results and (size := _compressed(text)) > BYTES:
        fewer = min(len(results) - 1, len(results) * BYTES * 9 // (size * 10))
        results = {i: results[i] for i in _worst(report.findings, fewer)}
        text = _text(report, results, style)
    return text


def _worst(findings: Sequence[Finding], limit: int) -> list[int]:
    """The indexes of the findings that are kept, in their order."""
    ranked = sorted(range(len(findings)), key=lambda i: _SEVERITIES.index(findings[i].severity))
    return sorted(ranked[:limit])


def _compressed(text: str) -> int:
    data = text.encode("utf-8", "replace")
    # Compression never makes it much larger: most reports need none of it.
    return len(data) if len(data) <= BYTES else len(gzip.compress(data, 6, mtime=0))


def _text(report: Report, results: Mapping[int, Data], style: Style) -> str:
    findings = [report.findings[i] for i in results]
    rules = sorted({f.rule for f in findings})
    index = {rule: i for i, rule in enumerate(rules)}
    run: Data = {
        "tool": {"driver": _driver(findings, rules)},
        "invocations": [_invocation(report, style, kept=len(findings))],
        "originalUriBaseIds": {
            ROOT: {"description": {"text": "The root of the repository, else the folder of the run."}}
        },
        "columnKind": "unicodeCodePoints",
        "results": [{**result, "ruleIndex": index[result["ruleId"]]} for result in results.values()],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=not style.unicode) + "\n"


# --- rules --------------------------------------------------------------------------------------------


def _driver(findings: Sequence[Finding], rules: Sequence[str]) -> Data:
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.rule, finding)
    return {
        "name": "fwdoctor",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(first[rule]) for rule in rules],
    }


def _rule(finding: Finding) -> Data:
    rule = _looked_up(finding.rule)
    if rule is None:  # a finding of a version to come, or of a test
        severity, why = finding.severity, finding.cause
        remedy, applicability, reference = finding.remedy, finding.applicability, finding.reference
    else:
        severity, why = rule.severity, _slots(rule.why)
        remedy, applicability, reference = rule.remedy, rule.applicability, rule.reference
    todo = [_slots(line) for line in steps(remedy)]
    words = finding.name.split("-")
    title = " ".join(words).capitalize()
    described = safe(why or title)
    tags = ["fireworks-ai", *([f"fix-{applicability}"] if applicability else [])]
    data: Data = {
        "id": finding.rule,
        "name": "".join(map(str.capitalize, words)),
        "shortDescription": {"text": title},
        "fullDescription": {"text": described},
        "help": {
            "text": "\n".join([described, *todo, *_examples(rule)]),
            "markdown": "\n\n".join([described, *map(_markdown, todo), *_examples(rule, fenced=True)]),
        },
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"tags": tags[:TAGS]},
    }
    if reference and reference.startswith("https://"):
        data["helpUri"] = reference
    return data


def _looked_up(rule_id: str) -> Rule | None:
    if (rule := rulebook().get(rule_id)) is not None:
        return rule
    from fwdoctor.explain.catalogue import catalogue

    entry = catalogue().get(rule_id)
    return None if entry is None else entry.rule


def _slots(template: str) -> str:
    """The template with its variables in angle marks: braces mean something else in SARIF."""
    return re.sub(r"\{([a-z_]+)\}", r"‹\1›", template)


def _examples(rule: Rule | None, *, fenced: bool = False) -> Iterator[str]:
    """Bad and good code of the rule, a block each; a comment of carets points at what is bad."""
    for name, examples in (("Bad", rule.bad), ("Good", rule.good)) if rule else ():
        for example in examples[:1]:
            code = with_carets(example.strip("\n"))
            yield f"{name}:\n\n```python\n{code}```" if fenced else f"{name}:\n{code}"


def _markdown(step: str) -> str:
    return f"```sh\n{step[2:]}\n```" if step.startswith("$ ") else step


# --- results ------------------------------------------------------------------------------------------


def _result(finding: Finding, fingerprint: str, style: Style) -> Data:
    return {
        "ruleId": finding.rule,
        "ruleIndex": -1,  # the rules are not counted yet
        "level": _LEVELS[finding.severity],
        # "[a](b)" would be a link to a place of the result.
        "message": {"text": message(finding).replace("](", "] (")},
        "locations": [_location(finding, style)],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }


def _location(finding: Finding, style: Style) -> Data:
    """Where it is. Services refuse results without a file and a line, so that the root must do for some."""
    place = finding.location
    if place is None or not is_file(place.path):
        physical = {"artifactLocation": _artifact(".", style), "region": {"startLine": 1}}
    else:
        physical = {"artifactLocation": _artifact(place.path, style), **_regions(finding, place)}
    data: Data = {"physicalLocation": physical}
    name = _logical(finding)
    if name is not None:
        data["logicalLocations"] = [name]
    return data


def _logical(finding: Finding) -> Data | None:
    """What a file and a line cannot say: the cell, the stream, the thing that is no file."""
    place = finding.location
    if place is not None and place.cell is not None:
        return {"name": f"cell {place.cell}", "fullyQualifiedName": safe(f"{place.path}:{cell(place)}")}
    if place is not None and not is_file(place.path):
        return {"name": safe(str(place)), "kind": "stream"}
    if place is None and finding.resource:
        return {"name": safe(finding.resource), "kind": "resource"}
    return None


def _artifact(path: str, style: Style) -> Data:
    """The file, from the root; one that lies elsewhere by its whole address."""
    inside = from_root(path, style)
    if inside is not None:
        return {"uri": _quoted("./" if inside == "." else inside), "uriBaseId": ROOT}
    whole = os.path.normpath(os.path.join(style.folder or os.sep, path))
    return {"uri": PurePath(whole).as_uri()}


def _quoted(path: str) -> str:
    try:
        return quote(os.fsencode(path))
    except UnicodeEncodeError:  # no name that a file could have here
        return quote(path.encode("utf-8", "replace"))


def _regions(finding: Finding, place: Location) -> Data:
    if place.cell is not None or place.line is None:  # the cell's lines are not those of the file
        return {"region": {"startLine": 1}}
    region: Data = {"startLine": place.line}
    last = place.end_line or place.line
    if place.column is not None:
        region["startColumn"] = place.column
        region["endLine"] = last
        if place.end_column is not None:
            region["endColumn"] = place.end_column
    elif last != place.line:
        region["endLine"] = last
    line = excerpt(finding)
    if not line or len(line) > _SNIPPET or last != place.line:
        return {"region": region}
    snippet = {"text": characters(line)}
    if _is_whole(place, line):
        return {"region": {**region, "snippet": snippet}}
    return {"region": region, "contextRegion": {"startLine": place.line, "snippet": snippet}}


def _is_whole(place: Location, line: str) -> bool:
    """Whether it is the whole line, which no line can be the context of."""
    first = place.column in (None, 1)
    return first and (place.end_column is None or place.end_column > len(line))


# --- fingerprints -------------------------------------------------------------------------------------


def _fingerprints(findings: Sequence[Finding], style: Style) -> list[str]:
    """One for each finding, in their order; a line that moves keeps its own.

    Equal lines of a file are told apart by their order in it.
    """
    order = sorted(range(len(findings)), key=lambda i: _position(findings[i].location))
    seen: Counter[tuple[str, ...]] = Counter()
    prints = [""] * len(findings)
    for i in order:
        key = _identity(findings[i], style)
        text = "\0".join((*key, str(seen[key])))
        seen[key] += 1
        prints[i] = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
    return prints


def _position(place: Location | None) -> tuple[int, int, int]:
    return (place.cell or 0, place.line or 0, place.column or 0) if place else (0, 0, 0)


def _identity(finding: Finding, style: Style) -> tuple[str, ...]:
    """What stays of a finding while its file changes: rule, file, and the line without its spaces."""
    place = finding.location
    path = (from_root(place.path, style) or place.path) if place else ""
    line = excerpt(finding)
    if line is None:  # messages name places, which move
        line = f"{finding.resource or ''} {re.sub(r':[0-9]+', '', safe(finding.message))}"
    return finding.rule, path, " ".join(line.split())


# --- the run itself -----------------------------------------------------------------------------------


def _invocation(report: Report, style: Style, *, kept: int) -> Data:
    notes = [_notification("error", str(problem), problem.path, style) for problem in report.problems]
    if report.interrupted:
        notes.append(_notification("error", "interrupted: there may be more to find", None, style))
    notes += [_notification("warning", text, path, style) for path, text in would_change(report)]
    notes += [_notification("note", text, None, style) for text in report.preface]
    notes += [_notification("warning", text, None, style) for text in _cut(report, kept)]
    return {
        "executionSuccessful": not report.problems and not report.interrupted,
        "toolExecutionNotifications": notes,
    }


def _cut(report: Report, kept: int) -> Iterator[str]:
    found = len(report.findings)
    if kept < found:
        yield f"{found - kept:,} of {found:,} findings are left out, the least bad: services take no more"
    if kept > SHOWN:
        yield f"GitHub shows {SHOWN:,} of the {kept:,} findings in this file, the worst"


def _notification(level: str, text: str, path: str | None, style: Style) -> Data:
    data: Data = {"level": level, "message": {"text": safe(text).replace("](", "] (")}}
    if path is not None and is_file(path):
        data["locations"] = [{"physicalLocation": {"artifactLocation": _artifact(path, style)}}]
    return data
