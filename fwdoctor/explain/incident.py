"""Matches → findings: one per class, wrappers only where nothing inside is known, consequences folded."""

from __future__ import annotations

import bisect
import dataclasses
import re
import shlex
from collections import deque
from dataclasses import field

from fwdoctor.explain.catalogue import Catalogue, Entry
from fwdoctor.explain.places import by_place
from fwdoctor.explain.quote import quoted, visible
from fwdoctor.explain.scan import AFTER, ErrorLine, Match
from fwdoctor.explain.unknown import Unknown
from fwdoctor.finding import Finding, Location, Remedy
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.redact import redact_log

#: A consequence stands within so many lines of its cause.
_SAME_INCIDENT = 120
#: Matches that error lines are compared with, and lines of a class that are remembered.
_REMEMBERED, _MOST_LINES = 300, 100_000
#: Bytes beyond which nothing belongs to a line any more.
_FAR = 20_000
_SHOWN_LINES, _SHOWN_WIDTH = 4, 300
#: Where the SDK's own advice begins, which is the same for every cause.
_BOILERPLATE = re.compile(r"\s*(?:Solution|Agent debug|Docs|Support|Console):")
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
    """Takes what the scanner found, in the order of the stream, and tells what it amounts to."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._incidents: dict[str, Incident] = {}
        self._lines: dict[str, list[int]] = {}
        self._wrappers: list[Match] = []
        self._recent: deque[Match] = deque(maxlen=_REMEMBERED)
        self._pending: deque[ErrorLine] = deque()
        self.unknown = Unknown()

    def add(self, found: Match | ErrorLine) -> list[str]:
        """Add what was found; the names of classes that are new by it."""
        new = self._settle(found.start)
        if isinstance(found, ErrorLine):
            self._pending.append(found)
        elif (name := self._add(found)) is not None:
            new.append(name)
        return new

    def pause(self) -> list[str]:
        """Nothing comes for a while: decide on what was left open. The names of classes new by that."""
        return self._settle(None)

    def close(self) -> list[str]:
        """Nothing more comes: decide on what was left open. The names of classes that are new by that."""
        return self._settle(None)

    def findings(self, path: str) -> list[Finding]:
        """What was found in the input called ``path``: a stale SDK first, then as it came."""
        found = sorted(self._incidents.values(), key=lambda i: (not i.first.entry.stale_sdk, i.first.start))
        return [finding(i, path) for i in found]

    def incident(self, name: str) -> Incident:
        """The incident of a class that was found."""
        return self._incidents[name]

    # --- deciding ------------------------------------------------------------------------------------

    def _add(self, match: Match) -> str | None:
        if match.entry.wrapper:
            if not any(self._is_inside(m, match) for m in self._recent):
                self._wrappers.append(match)
            self._recent.append(match)
            return None
        self._wrappers = [w for w in self._wrappers if not self._is_inside(match, w)]
        self._recent.append(match)
        root = self._root(match.entry, match.line)
        if root is not None:
            root.folded[match.entry.name] = root.folded.get(match.entry.name, 0) + 1
            root.last_line = max(root.last_line, match.line)
            return None
        return self._count(match)

    @staticmethod
    def _is_inside(inner: Match, wrapper: Match) -> bool:
        """Whether a match says what a wrapper carries: it stands in its block, or around its beginning."""
        if inner.entry.wrapper:
            return False
        return wrapper.start <= inner.start < wrapper.record_end or inner.start <= wrapper.start < inner.end

    def _root(self, entry: Entry, line: int) -> Incident | None:
        """The incident of which a match of ``entry`` is a mere consequence."""
        for name in entry.follows:
            lines = self._lines.get(name, [])
            i = bisect.bisect_right(lines, line)
            if i and line - lines[i - 1] <= _SAME_INCIDENT:
                return self._incidents[name]
        return None

    def _settle(self, start: int | None) -> list[str]:
        """Decide on wrappers and error lines whose end the stream has passed, or on all."""
        new: list[str | None] = []
        done = [w for w in self._wrappers if start is None or w.record_end <= start]
        self._wrappers = [w for w in self._wrappers if w not in done]
        new += [self._count(w) for w in done if self._root(w.entry, w.line) is None]
        while self._pending and (start is None or self._pending[0].record_end + AFTER <= start):
            line = self._pending.popleft()
            if self._is_known(line):
                continue
            match = by_place(self._catalogue, line)
            if match is None:
                self.unknown.add(line)
            else:
                new.append(self._add(match))
        return [name for name in new if name is not None]

    def _is_known(self, line: ErrorLine) -> bool:
        """Whether some match lies in the record of an error line."""
        for match in reversed(self._recent):
            if match.start < line.record_end and line.start < match.record_end:
                return True
            if match.start < line.start - _FAR:
                break
        return False

    def _count(self, match: Match) -> str | None:
        name = match.entry.name
        incident = self._incidents.get(name)
        new = incident is None
        if incident is None:
            incident = self._incidents[name] = Incident(match)
        incident.add(match)
        lines = self._lines.setdefault(name, [])
        if len(lines) < _MOST_LINES and (not lines or match.line >= lines[-1]):
            lines.append(match.line)
        return name if new else None


def finding(incident: Incident, path: str) -> Finding:
    """The finding of one incident."""
    match, rule = incident.first, incident.first.entry.rule
    variables = {n: visible(redact_log(v)) for n, v in match.variables.items()}
    told = variables | {n: quoted(variables[n]) for n in _free(match) if n in variables}
    last = incident.last_line if incident.last_line != match.line else None
    made = Finding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        side=rule.side,
        message=_filled(rule.message, told),
        location=Location(path, match.line, end_line=last),
        resource=next((variables[r] for r in _RESOURCES if variables.get(r)), None),
        evidence=shown(match.evidence),
        variables=variables,
        count=incident.count,
        cause=_filled(rule.why, told),
        remedy=tuple(
            Remedy(_filled(s.text, told), tuple(_command(c, variables) for c in s.commands))
            for s in rule.remedy
        ),
        matched_by=match.pattern.matched_by,
        reference=rule.reference,
    )
    if incident.folded:
        then = ", ".join(sorted(incident.folded))
        made = dataclasses.replace(made, variables={**variables, "then": then})
    return made


def _free(match: Match) -> set[str]:
    """The values of a match that may be any text; those of other kinds are a word or a number."""
    return {g.name for g in match.pattern.template.gaps if g.name and g.kind in ("text", "line")}


def _command(template: str, variables: dict[str, str]) -> str:
    """A command with the captured values in it, quoted for a shell; one that is a value itself is left."""
    if re.fullmatch(r"\{[a-z_]+\}", template):
        return _filled(template, variables)
    return _filled(template, {n: shlex.quote(v) for n, v in variables.items() if v})


def shown(record: str) -> str:
    """The few lines of a record that are shown as evidence, cut, without secrets and orders to terminals."""
    lines = [line.rstrip() for line in record.splitlines() if line.strip()]
    told = next((i for i, line in enumerate(lines) if _BOILERPLATE.match(line)), len(lines))
    lines = lines[: min(max(told, 1), _SHOWN_LINES)]
    cut = [line if len(line) <= _SHOWN_WIDTH else line[:_SHOWN_WIDTH] + " …" for line in lines]
    return visible(redact_log("\n".join(cut)))


def _filled(template: str, variables: dict[str, str]) -> str:
    """A text with the captured values in it; what was not captured stays open as ``<name>``."""
    return re.sub(r"\{([a-z_]+)\}", lambda m: variables.get(m[1]) or f"<{m[1]}>", template)
