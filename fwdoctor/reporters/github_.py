"""Annotations of GitHub Actions: workflow commands on the standard output; and the summary of the job.

GitHub shows ten annotations of each level a step, whichever come first; so no more than ten are written, and
a line that says how many there are. The summary has all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwdoctor.finding import Finding, Location, Report, Severity, Summary
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.reporters import Style, ascii_only
from fwdoctor.reporters._common import from_root, is_file, message, safe, steps, would_change

#: Annotations of one level that a step may have.
ANNOTATIONS = 10
#: Bytes that the summary of a step may have.
SUMMARY = 1024 * 1024
_LEVELS = {"error": "error", "warning": "warning", "notice": "notice"}
_LEVEL_OF = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


@dataclass(frozen=True, slots=True)
class _Annotation:
    level: str
    title: str
    text: str
    path: str | None = None
    place: Location | None = None


def render(report: Report, style: Style) -> str:
    """A command a line, the worst first, and how many more there are; nothing if nothing was found."""
    annotations = list(_annotations(report))
    lines = []
    left = []
    for level in _LEVELS:
        same = [a for a in annotations if a.level == level]
        lines += [_command(a, style) for a in same[:ANNOTATIONS]]
        if more := len(same) - ANNOTATIONS:
            left += [f"{more} more {level}{'s' if more != 1 else ''}"] if more > 0 else []
    if left:
        where = "; see the job summary" if style.job_summary else ""
        lines.append(f"… and {', '.join(left)}{where}")
    text = "".join(f"{line}\n" for line in lines)
    return text if style.unicode else ascii_only(text)


def _annotations(report: Report) -> Iterator[_Annotation]:
    """What could not be looked at first: what else is wrong there is not known."""
    for problem in report.problems:
        yield _Annotation("error", "fwdoctor", safe(problem.message), problem.path)
    for path, text in would_change(report):
        yield _Annotation("warning", "fwdoctor migrate", safe(text), path)
    for finding in sorted(report.findings, key=_position):
        text = "\n".join([message(finding), *steps(finding.remedy)])
        place = finding.location
        title = f"{finding.rule} {finding.name}"
        yield _Annotation(_LEVEL_OF[finding.severity], title, text, place.path if place else None, place)
    for note in report.preface:
        yield _Annotation("notice", "fwdoctor", safe(note))


def _position(finding: Finding) -> tuple[str, int, int, int]:
    place = finding.location
    return (place.path, place.cell or 0, place.line or 0, place.column or 0) if place else ("", 0, 0, 0)


def _command(annotation: _Annotation, style: Style) -> str:
    properties = dict(_properties(annotation, style)) | {"title": annotation.title}
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{annotation.level} {given}::{_data(annotation.text)}"


def _properties(annotation: _Annotation, style: Style) -> Iterator[tuple[str, str]]:
    path, place = annotation.path, annotation.place
    if path is None or not is_file(path):
        return
    yield "file", from_root(path, style) or path
    if place is None or place.line is None or place.cell is not None:
        return  # the cell's lines are not those of the file
    last = place.end_line or place.line
    yield "line", str(place.line)
    # Columns of different lines make no span there.
    if place.column is not None and last == place.line:
        yield "col", str(place.column)
    yield "endLine", str(last)
    if place.column is not None and place.end_column is not None and last == place.line:
        yield "endColumn", str(place.end_column)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(safe(text)).replace(":", "%3A").replace(",", "%2C")


# --- the summary of the job ---------------------------------------------------------------------------


def summary(report: Report, style: Style, room: int = SUMMARY) -> str:
    """All findings as a Markdown table of at most ``room`` bytes; what did not fit is counted below it."""
    head = f"### fwdoctor {report.command}\n\n{_counts(report)}\n"
    rows = list(_rows(report, style))
    if not rows:
        return _fitting(f"{head}\n", room)
    head += "\n| | rule | place | message |\n|---|---|---|---|\n"
    tail = "\n… {} of {} rows are left out: GitHub takes no more than 1 MiB a step.\n\n"
    space = room - len(head.encode()) - len(tail.format(len(rows), len(rows)).encode())
    kept = 0
    for row in rows:
        space -= len(row.encode())
        if space < 0:
            break
        kept += 1
    end = "\n" if kept == len(rows) else tail.format(len(rows) - kept, len(rows))
    return _fitting(head + "".join(rows[:kept]) + end, room)


def _fitting(text: str, room: int) -> str:
    return text if len(text.encode()) <= room else ""


def _counts(report: Report) -> str:
    counts: Summary = report.summary
    parts = [
        f"{count} {word}{'s' if count != 1 else ''}"
        for count, word in (
            (len(report.problems), "problem"),
            (counts.errors, "error"),
            (counts.warnings, "warning"),
            (counts.infos, "info"),
        )
        if count
    ]
    return ", ".join(parts) or "nothing found"


def _rows(report: Report, style: Style) -> Iterator[str]:
    for a in sorted(_annotations(report), key=lambda a: list(_LEVELS).index(a.level)):
        where = ""
        if a.path is not None:
            path = (from_root(a.path, style) or a.path) if is_file(a.path) else a.path
            line = f":{a.place.line}" if a.place and a.place.line and a.place.cell is None else ""
            where = f"{path}{line}"
        yield f"| {a.level} | {_cell(a.title)} | {_cell(safe(where))} | {_cell(a.text)} |\n"


def _cell(text: str) -> str:
    """Text that Markdown and HTML leave as it is, in one line."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return "<br>".join(re.sub(r"([\\`*_\[\]|~#])", r"\\\1", text).splitlines())
