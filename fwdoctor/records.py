"""What a migration did, in the shape of the report that ``migrate --report`` writes.

Texts in it are redacted: they are the user's code, and reports are handed on.
"""

from __future__ import annotations

from collections.abc import Mapping

from fwdoctor.finding import FileStatus, Severity
from fwdoctor.lean_dataclass import dataclass

#: Raised when a field goes or changes its meaning.
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Site:
    """One place that is left for a person, in the file as it is now; in a notebook, ``line`` is the cell's.

    ``code`` are the lines of its statement, ``signature`` what the target takes there, where the finding is
    about a call; ``unresolved`` is what could not be seen through. ``verify`` is the command that proves it
    done.
    """

    rule: str
    name: str
    severity: Severity
    message: str
    cell: int | None
    line: int | None
    column: int | None
    code: str
    signature: str | None
    unresolved: str | None
    remedy: tuple[str, ...]
    verify: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file: what became of it, what was rewritten (by rule name), and what is left."""

    path: str
    status: FileStatus
    changed: bool
    reason: str | None
    moves: Mapping[str, int]
    sites: tuple[Site, ...]
    notes: tuple[Site, ...]
    diff: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Record:
    """The whole migration: ``command`` repeats it, ``totals`` counts files by status."""

    tool: str
    version: str
    schema: int
    target: str
    command: str
    totals: Mapping[str, int]
    moves: Mapping[str, int]
    left: int
    problems: tuple[str, ...]
    files: tuple[FileRecord, ...]
