"""What was found: findings, outcomes and the report that carries them.

Everything here is frozen data. The verbs (check, migrate, …) produce it, the reporters render it, and
the JSON that users and agents read is this module's shape, field by field; ``docs/schema/output.json``
is generated from it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    # Most commands have none of these, and dataclasses take their time.
    from fwdoctor.results import BuildResult, DiffResult, FitResult, ShowResult, SkillResult

    Result = tuple[ShowResult, ...] | DiffResult | FitResult | BuildResult | SkillResult


class Severity(enum.StrEnum):
    """How bad it is: fails or will fail; works but is wrong or about to break; good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Side(enum.StrEnum):
    """Who must act."""

    USER = "user"
    PLATFORM = "platform"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class Applicability(enum.StrEnum):
    """Of a fix: applied; applied only when asked for; never rewritten (marker and finding)."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file. Lines and columns count from 1; columns count characters, not bytes.

    In a notebook, ``cell`` counts all cells from 1, and the lines are those of the cell.
    """

    path: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    cell: int | None = None

    def __str__(self) -> str:
        # A name may hold what moves the cursor, or ends the line.
        parts = [_CONTROL.sub(lambda c: f"\\x{ord(c[0]):02x}", self.path)]
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Remedy:
    """One step that mends it: what to do, and the commands that do it, ready to paste."""

    text: str
    commands: tuple[str, ...] = ()


class Witness(enum.StrEnum):
    """Who says so: the code, a log, or the state of the control plane."""

    CODE = "code"
    LOG = "log"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class Link:
    """What one witness says of a cause: its words, and the place or rule that they come from."""

    witness: Witness
    text: str
    location: Location | None = None
    rule: str | None = None

    def __str__(self) -> str:
        place = f"{self.location} " if self.location else ""
        rule = f" ({self.rule})" if self.rule else ""
        return f"{place}{self.text}{rule}"


class Standing(enum.StrEnum):
    """What became of an explanation when the control plane was asked."""

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the control plane's state says about an error of a log; ``rules`` are the findings it rests on."""

    standing: Standing
    message: str
    rules: tuple[str, ...] = ()

    def __str__(self) -> str:
        by = f" by {', '.join(self.rules)}" if self.rules else ""
        return f"{self.standing}{by}: {self.message}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. ``rule`` and ``name`` come from the rulebook, the rest from the case."""

    rule: str
    name: str
    severity: Severity
    side: Side
    message: str
    location: Location | None = None
    resource: str | None = None
    evidence: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    count: int = 1
    cause: str | None = None
    remedy: tuple[Remedy, ...] = ()
    matched_by: str | None = None
    reference: str | None = None
    applicability: Applicability | None = None
    #: of a migration: it was so before, with every version known, and the port has nothing to do with it
    preexisting: bool = False
    #: the whole source line that the location begins in, as it stands in the file; reporters redact it
    excerpt: str | None = None
    #: what code, log and remote state say of the same cause, from what brings it about to what it leads to
    chain: tuple[Link, ...] = ()
    #: what else was found and only follows from this
    consequences: tuple[Link, ...] = ()
    #: of an error of a log: what the state of the resources that it names says about it
    verdict: Verdict | None = None


class CheckStatus(enum.StrEnum):
    """How one section of ``fwdoctor check`` ended."""

    OK = "ok"
    FINDING = "finding"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One section of ``fwdoctor check``: its verdict, what was seen, and its findings.

    ``detail`` is the fact behind the verdict ("Python 3.11.7"); for ``skipped`` and ``error`` it is the
    reason, which is never empty.
    """

    section: str
    status: CheckStatus
    detail: str
    findings: tuple[Finding, ...] = ()


class FileStatus(enum.StrEnum):
    """How the migration of one file ended."""

    PORTED = "ported"
    PARTIAL = "partial"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


#: Why findings are not told, where no comment asks for that.
SEVERAL_VERSIONS = "the code is written for several versions, or expected to fail"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    ``moves`` counts the rewrites by the name of the rule that they answer; ``todo`` is what was left for
    a person; ``reason`` says why a file was skipped or failed; ``diff`` is a unified diff when one was
    asked for; ``ignored`` is what comments of the file keep from being told, their reasons as evidence;
    ``guarded`` is what stays because its code is written for several versions, or expected to fail.
    """

    path: str
    status: FileStatus
    moves: Mapping[str, int] = field(default_factory=dict)
    todo: tuple[Finding, ...] = ()
    reason: str | None = None
    diff: str | None = None
    changed: bool = False
    ignored: tuple[Finding, ...] = ()
    guarded: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be looked at. Any problem makes the exit status 2."""

    message: str
    path: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(frozen=True, slots=True)
class Summary:
    """Findings by severity."""

    errors: int
    warnings: int
    infos: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run of one command has to say."""

    command: str
    findings: tuple[Finding, ...] = ()
    checks: tuple[CheckOutcome, ...] | None = None
    files: tuple[FileOutcome, ...] | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    #: notes that come before all findings
    preface: tuple[str, ...] = ()
    would_change: bool = False
    #: files looked at; ``files`` holds only those that may use Fireworks
    looked_at: int | None = None
    #: what ``surface`` and ``skill`` answer
    result: Result | None = None
    #: somebody stopped it in the middle; what was done is told
    interrupted: bool = False
    #: an info is an answer, too (``explain``)
    infos_count: bool = False

    @property
    def summary(self) -> Summary:
        """The number of findings of each severity."""
        return summarize(self.findings)

    def exit_status(self, *, exit_zero: bool = False) -> int:
        """0 nothing found (or all fixed), 1 findings, 2 could not do the job, 130 interrupted; 2 wins over 1.

        Infos never set the status where they are advice: a doctor that fails on advice gets wrapped in
        ``|| true``.
        ``exit_zero`` relaxes 1, never 2.
        """
        if self.interrupted:
            return 130
        if self.problems:
            return 2
        summary = self.summary
        found = summary.errors or summary.warnings or (self.infos_count and summary.infos)
        if (found or self.would_change) and not exit_zero:
            return 1
        return 0


def summarize(findings: Iterable[Finding]) -> Summary:
    """Count findings by severity."""
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return Summary(counts[Severity.ERROR], counts[Severity.WARNING], counts[Severity.INFO])
