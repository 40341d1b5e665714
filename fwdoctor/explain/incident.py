"""Matches → findings: one per class, wrappers only where nothing inside is known, consequences folded."""

from __future__ import annotations

import bisect
import dataclasses
import re
from dataclasses import dataclass, field

from fwdoctor.explain.catalogue import Entry
from fwdoctor.explain.scan import Match
from fwdoctor.finding import Finding, Location, Remedy
from fwdoctor.redact import redact

#: A consequence stands within so many lines of its cause.
_SAME_INCIDENT = 120
_SHOWN_LINES, _SHOWN_WIDTH = 4, 300
#: What a finding is about, by the names that templates give to it.
_RESOURCES = ("job", "deployment", "shape", "checkpoint", "model", "snapshot")


@dataclass
class Incident:
    """All matches of one class in one input: the first, how many, and where they begin and end."""

    first: Match
    count: int = 0
    last_line: int = 0
    folded: dict[str, int] = field(default_factory=dict)
    values: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, match: Match) -> None:
        self.count += 1
        self.last_line = max(self.last_line, match.line)
        for name, value in match.variables.items():
            seen = self.values.setdefault(name, {})
            if len(seen) < 50:
                seen[value] = None


class Collector:
    """Takes matches in the order of the stream and tells what they amount to."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._lines: dict[str, list[int]] = {}
        self._wrappers: list[Match] = []
        self._recent: list[Match] = []

    def add(self, match: Match) -> bool:
        """Add a match; returns whether it is the first of its class, and worth telling at once."""
        entry = match.entry
        self._settle(match.start)
        if entry.wrapper:
            if not any(
                match.start <= m.start < match.record_end or m.start <= match.start < m.end
                for m in self._recent
            ):
                self._wrappers.append(match)
            return False
        self._wrappers = [w for w in self._wrappers if not w.start <= match.start < w.record_end]
        self._recent = [m for m in self._recent[-20:] if m.record_end > match.start - 20_000]
        self._recent.append(match)
        root = self._root(entry, match.line)
        if root is not None:
            root.folded[entry.name] = root.folded.get(entry.name, 0) + 1
            root.last_line = max(root.last_line, match.line)
            return False
        return self._count(match)

    def _root(self, entry: Entry, line: int) -> Incident | None:
        """The incident of which a match of ``entry`` is a mere consequence."""
        for name in entry.follows:
            lines = self._lines.get(name, [])
            i = bisect.bisect_right(lines, line)
            if i and line - lines[i - 1] <= _SAME_INCIDENT:
                return self._incidents[name]
        return None

    def _settle(self, start: int | None) -> None:
        """Wrappers whose end the stream has passed carry nothing that is known."""
        done = [w for w in self._wrappers if start is None or w.record_end <= start]
        self._wrappers = [w for w in self._wrappers if w not in done]
        for wrapper in done:
            if self._root(wrapper.entry, wrapper.line) is None:
                self._count(wrapper)

    def _count(self, match: Match) -> bool:
        name = match.entry.name
        incident = self._incidents.get(name)
        new = incident is None
        if incident is None:
            incident = self._incidents[name] = Incident(match)
        incident.add(match)
        lines = self._lines.setdefault(name, [])
        if len(lines) < 100_000 and (not lines or match.line >= lines[-1]):
            lines.append(match.line)
        return new

    def findings(self, path: str) -> list[Finding]:
        """What was found in the input called ``path``: causes before their consequences, as they came."""
        self._settle(None)
        found = sorted(self._incidents.values(), key=lambda i: (not i.first.entry.stale_sdk, i.first.start))
        return [finding(i, path) for i in found]


def finding(incident: Incident, path: str) -> Finding:
    """The finding of one incident."""
    match, rule = incident.first, incident.first.entry.rule
    variables = {n: redact(v) for n, v in match.variables.items()}
    last = incident.last_line if incident.last_line != match.line else None
    made = Finding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        side=rule.side,
        message=_filled(rule.message, variables),
        location=Location(path, match.line, end_line=last),
        resource=next((variables[r] for r in _RESOURCES if variables.get(r)), None),
        evidence=shown(match.evidence),
        variables=variables,
        count=incident.count,
        cause=_filled(rule.why, variables),
        remedy=tuple(
            Remedy(_filled(s.text, variables), tuple(_filled(c, variables) for c in s.commands))
            for s in rule.remedy
        ),
        matched_by=match.pattern.matched_by,
        reference=rule.reference,
    )
    if incident.folded:
        then = ", ".join(sorted(incident.folded))
        made = dataclasses.replace(made, variables={**variables, "then": then})
    return made


def shown(record: str) -> str:
    """The few lines of a record that are shown as evidence, without secrets."""
    lines = [line.rstrip() for line in record.splitlines() if line.strip()][:_SHOWN_LINES]
    cut = [line if len(line) <= _SHOWN_WIDTH else line[:_SHOWN_WIDTH] + " …" for line in lines]
    return redact("\n".join(cut))


def _filled(template: str, variables: dict[str, str]) -> str:
    """A text with the captured values in it; what was not captured stays open as ``<name>``."""
    return re.sub(r"\{([a-z_]+)\}", lambda m: variables.get(m[1]) or f"<{m[1]}>", template)
