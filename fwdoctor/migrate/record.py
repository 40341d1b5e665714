"""Makes the record of a migration that ``--report`` writes, from the results and the target's surfaces."""

from __future__ import annotations

import ast
import shlex
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence

from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor import __version__
from fwdoctor.finding import FileStatus, Finding, Location, Report
from fwdoctor.migrate import notebooks
from fwdoctor.migrate.writing import Result
from fwdoctor.records import SCHEMA, FileRecord, Record, Site
from fwdoctor.redact import redact
from fwdoctor.source.text import UnreadableSource, decode_source
from fwdoctor.source.write import unified_diff
from fwdoctor.surface.lookup import search
from fwdoctor.surface.model import Function

#: Variables of a finding that say what could not be seen.
_UNSEEN = ("spread", "what")
_MOST_LINES = 20


def record(
    report: Report, results: Sequence[Result], surfaces: Surfaces | None, target: str, command: str
) -> Record:
    """The record of a migration.

    Args:
        surfaces: the target's, None where no file needed them.
        target: as it was asked for; the commands in the record repeat it.
        command: the command line.
    """
    maker = _Maker(surfaces, target)
    files = tuple(
        maker.file(r) for r in results if r.outcome.status is not FileStatus.UNCHANGED or r.findings
    )
    totals = Counter(str(f.status) for f in report.files or ())
    totals[str(FileStatus.UNCHANGED)] += (report.looked_at or 0) - len(report.files or ())
    return Record(
        tool="fwdoctor",
        version=__version__,
        schema=SCHEMA,
        target=surfaces.label if surfaces is not None else target,
        command=redact(command),
        totals={str(s): totals[str(s)] for s in FileStatus if totals[str(s)]},
        moves=dict(sum((Counter(f.moves) for f in files), Counter())),
        left=sum(len(f.sites) for f in files),
        problems=tuple(redact(str(p)) for p in report.problems),
        files=files,
    )


class _Maker:
    def __init__(self, surfaces: Surfaces | None, target: str) -> None:
        self._surfaces = surfaces
        self._target = target
        self._known: dict[str, str | None] = {}

    def file(self, result: Result) -> FileRecord:
        outcome = result.outcome
        now = result.new if result.new is not None else result.old
        old, _ = _text(outcome.path, result.old)
        new, starts = _text(outcome.path, now)
        left = {id(f) for f in outcome.todo}
        code = _Code(new, starts)
        sites = [(f, self._site(f, outcome.path, code)) for f in result.findings]
        return FileRecord(
            path=outcome.path,
            status=outcome.status,
            changed=outcome.changed,
            reason=redact(outcome.reason) if outcome.reason else None,
            moves=dict(outcome.moves),
            sites=tuple(s for f, s in sites if id(f) in left),
            notes=tuple(s for f, s in sites if id(f) not in left),
            diff=redact(self._diff(outcome.path, result.old, now)) if now != result.old else "",
            old=redact(old),
            new=redact(new),
        )

    @staticmethod
    def _diff(path: str, old: bytes, new: bytes) -> str:
        if path.lower().endswith(notebooks.SUFFIXES):
            return notebooks.cell_diff(path, *(decode_source(path, data).text for data in (old, new)))
        return unified_diff(path, old, new)

    def _site(self, finding: Finding, path: str, code: _Code) -> Site:
        place = finding.location
        unseen = next((finding.variables[v] for v in _UNSEEN if v in finding.variables), None)
        check = ["fwdoctor", "migrate", "--check", "--target", self._target, path]
        return Site(
            rule=finding.rule,
            name=finding.name,
            severity=finding.severity,
            message=redact(finding.message),
            cell=place.cell if place else None,
            line=place.line if place else None,
            column=place.column if place else None,
            code=redact(code.statement(place)),
            signature=self._signature(finding),
            unresolved=redact(unseen) if unseen else None,
            remedy=tuple(redact(step.text) for step in finding.remedy),
            verify=shlex.join(check),
        )

    def _signature(self, finding: Finding) -> str | None:
        """What the target takes in the call that a finding is about."""
        name = finding.variables.get("callee")
        if name is None or self._surfaces is None:
            return None
        if name not in self._known:
            self._known[name] = self._look_up(name)
        return self._known[name]

    def _look_up(self, name: str) -> str | None:
        assert self._surfaces is not None
        for surface in self._surfaces.all_targets():
            for path in search(name, surface)[:1]:
                if (found := surface.signature(path)) is not None:
                    return f"{name}({_parameters(found)})"
        return None


def _parameters(function: Function) -> str:
    shown = []
    for parameter in function.parameters:
        text = parameter.name
        if parameter.default is not None:
            text += f"={parameter.default}"
        shown.append(text)
    return ", ".join(shown)


class _Code:
    """The statements of a text, by line."""

    def __init__(self, text: str, starts: Mapping[int, int]) -> None:
        self._lines = text.splitlines()
        self._starts = starts
        self._statements: list[ast.stmt] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        self._statements = [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]

    def statement(self, place: Location | None) -> str:
        """The lines of the innermost statement at a place, or below the marker there; "" without any."""
        line = place.line if place else None
        if place is not None and place.cell is not None and line is not None:
            line += self._starts.get(place.cell, 0)
        while line is not None and line <= len(self._lines) and self._lines[line - 1].strip().startswith("#"):
            line += 1
        if line is None or line > len(self._lines):
            return ""
        around = [s for s in self._statements if s.lineno <= line <= (s.end_lineno or s.lineno)]
        best = min(around, key=lambda s: (s.end_lineno or s.lineno) - s.lineno, default=None)
        first, last = (best.lineno, best.end_lineno or best.lineno) if best is not None else (line, line)
        shown = self._lines[first - 1 : last]
        if len(shown) > _MOST_LINES:
            shown = [*shown[:_MOST_LINES], "..."]
        return "\n".join(shown)


def _text(path: str, data: bytes) -> tuple[str, dict[int, int]]:
    """A file as people read it, and of a notebook the line behind which each cell begins."""
    try:
        text = decode_source(path, data).text
        if not path.lower().endswith(notebooks.SUFFIXES):
            return text, {}
        lines: list[str] = []
        starts: dict[int, int] = {}
        for number, code in notebooks.cells(path, text):
            lines.append(f"# cell {number}")
            starts[number] = len(lines)
            lines += code.splitlines()
        return "\n".join(lines), starts
    except UnreadableSource:
        return data.decode("utf-8", "replace"), {}
