"""The shape of the JSON output, as dataclasses; ``docs/schema/output.json`` is generated from them."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from fwdoctor import __version__
from fwdoctor.finding import (
    Applicability,
    CheckOutcome,
    CheckStatus,
    FileOutcome,
    FileStatus,
    Finding,
    Link,
    Location,
    Problem,
    Report,
    Severity,
    Side,
    Summary,
    Verdict,
)
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.redact import redact
from fwdoctor.reporters._excerpt import excerpt
from fwdoctor.results import BuildResult, DiffResult, FitResult, ShowResult, SkillResult

#: Raised when a field goes or changes its meaning; new fields may come without it.
SCHEMA = 1


@dataclass(frozen=True)
class FindingDocument:
    """A finding: what, where, why, and what to do. ``commands`` are those of the remedy, in order.

    ``excerpt`` is the source line at the location, with what looks like a secret hidden. ``verdict`` is what
    the control plane says about an error of a log, where it was asked. ``chain`` is what code, log and remote
    state say of the same cause, ``consequences`` what else follows from it.
    """

    rule: str
    name: str
    severity: Severity
    side: Side
    message: str
    location: Location | None
    resource: str | None
    evidence: str | None
    variables: Mapping[str, str]
    count: int
    cause: str | None
    remedy: tuple[str, ...]
    commands: tuple[str, ...]
    matched_by: str | None
    reference: str | None
    applicability: Applicability | None
    preexisting: bool
    excerpt: str | None
    verdict: Verdict | None
    chain: tuple[Link, ...]
    consequences: tuple[Link, ...]


@dataclass(frozen=True)
class CheckDocument:
    """One section of ``check``; its findings stand in ``findings`` by rule."""

    section: str
    status: CheckStatus
    detail: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class FileDocument:
    """One file of ``migrate``."""

    path: str
    status: FileStatus
    changed: bool
    moves: Mapping[str, int]
    todo: tuple[FindingDocument, ...]
    reason: str | None
    diff: str | None
    ignored: tuple[FindingDocument, ...]
    guarded: tuple[FindingDocument, ...]


@dataclass(frozen=True)
class Document:
    """The whole output of one command. What stands below ``notes`` is there where the command has it."""

    tool: str
    version: str
    command: str
    schema: int
    findings: tuple[FindingDocument, ...]
    summary: Summary
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    checks: tuple[CheckDocument, ...] | None = None
    files: tuple[FileDocument, ...] | None = None
    show: tuple[ShowResult, ...] | None = None
    diff: DiffResult | None = None
    fit: FitResult | None = None
    build: BuildResult | None = None
    skill: SkillResult | None = None


#: Keys that are there only where the command has them.
_OPTIONAL = frozenset({"checks", "files", "show", "diff", "fit", "build", "skill"})


def document(report: Report) -> dict[str, Any]:
    """The report as JSON-ready data."""
    made = Document(
        tool="fwdoctor",
        version=__version__,
        command=report.command,
        schema=SCHEMA,
        findings=tuple(map(finding, report.findings)),
        summary=report.summary,
        problems=report.problems,
        notes=(*report.preface, *report.notes),
        checks=None if report.checks is None else tuple(map(_check, report.checks)),
        files=None if report.files is None else tuple(map(_file, report.files)),
        show=report.result if isinstance(report.result, tuple) else None,
        diff=report.result if isinstance(report.result, DiffResult) else None,
        fit=report.result if isinstance(report.result, FitResult) else None,
        build=report.result if isinstance(report.result, BuildResult) else None,
        skill=report.result if isinstance(report.result, SkillResult) else None,
    )
    data: dict[str, Any] = plain(made)
    return {k: v for k, v in data.items() if not (k in _OPTIONAL and v is None)}


def finding(found: Finding) -> FindingDocument:
    """A finding as it stands in the JSON."""
    fields = {
        f.name: getattr(found, f.name) for f in dataclasses.fields(FindingDocument) if f.name != "commands"
    }
    fields["remedy"] = tuple(step.text for step in found.remedy)
    fields["excerpt"] = excerpt(found)
    return FindingDocument(commands=tuple(c for step in found.remedy for c in step.commands), **fields)


def _check(outcome: CheckOutcome) -> CheckDocument:
    return CheckDocument(
        outcome.section, outcome.status, outcome.detail, tuple(f.rule for f in outcome.findings)
    )


def _file(outcome: FileOutcome) -> FileDocument:
    return FileDocument(
        outcome.path,
        outcome.status,
        outcome.changed,
        outcome.moves,
        tuple(map(finding, outcome.todo)),
        outcome.reason,
        None if outcome.diff is None else redact(outcome.diff),
        tuple(map(finding, outcome.ignored)),
        tuple(map(finding, outcome.guarded)),
    )


def plain(value: Any) -> Any:
    """Dataclasses, tuples and enums as dicts, lists and strings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    return str(value) if isinstance(value, enum.Enum) else value
