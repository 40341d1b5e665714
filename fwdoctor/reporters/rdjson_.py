"""reviewdog's rdjson: one DiagnosticResult. Its columns count bytes of UTF-8, and its ends are exclusive."""

from __future__ import annotations

import json
from typing import Any

from fwdoctor.finding import Finding, Location, Report, Severity
from fwdoctor.reporters import Style
from fwdoctor.reporters._common import message, safe, steps, would_change
from fwdoctor.reporters._excerpt import byte_columns

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFO: "INFO"}

Data = dict[str, Any]


def render(report: Report, style: Style) -> str:
    """The report as one JSON document; paths are those that the user sees, as reviewdog expects them."""
    diagnostics: list[Data] = [
        {"message": safe(p.message), "location": {"path": safe(p.path or "")}, "severity": "ERROR"}
        for p in report.problems
    ]
    diagnostics += [
        {"message": safe(text), "location": {"path": safe(path)}, "severity": "WARNING"}
        for path, text in would_change(report)
    ]
    diagnostics += map(_diagnostic, report.findings)
    result: Data = {"source": {"name": "fwdoctor"}}
    found = {d["severity"] for d in diagnostics}
    if worst := next((s for s in _SEVERITIES.values() if s in found), None):
        result["severity"] = worst
    result["diagnostics"] = diagnostics
    return json.dumps(result, indent=2, ensure_ascii=not style.unicode) + "\n"


def _diagnostic(finding: Finding) -> Data:
    code = {"value": finding.rule}
    if finding.reference and finding.reference.startswith("https://"):
        code["url"] = finding.reference
    return {
        "message": "\n".join([f"{finding.name}: {message(finding)}", *steps(finding.remedy)]),
        "location": _location(finding, finding.location),
        "severity": _SEVERITIES[finding.severity],
        "code": code,
    }


def _location(finding: Finding, place: Location | None) -> Data:
    if place is None:
        return {"path": ""}  # its readers expect the key
    data: Data = {"path": safe(place.path)}
    if place.line is None or place.cell is not None:  # the cell's lines are not those of the file
        return data
    column, end_column = byte_columns(finding)
    start: Data = {"line": place.line}
    end: Data = {"line": place.end_line or place.line}
    if column is not None:
        start["column"] = column
    if end_column is not None:
        end["column"] = end_column
    data["range"] = {"start": start}
    if place.end_line is not None or (column is not None and end_column is not None):
        data["range"]["end"] = end
    return data
