"""A stream of bytes → the places where a known message stands, in constant memory.

One automaton holds a piece of every template. It runs over the squeezed stream; only where it hits is text
looked at closely. Memory does not grow with the length of the stream, nor with that of its lines.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Iterable, Iterator

import ahocorasick_rs

from fwdoctor.explain.catalogue import Catalogue, Entry, Pattern
from fwdoctor.explain.checks import CHECKS
from fwdoctor.explain.context import Context, is_ours
from fwdoctor.explain.squeeze import Squeezed, squeeze
from fwdoctor.lean_dataclass import dataclass

#: Bytes before and behind a place that are kept to understand it.
BEFORE, AFTER = 16_384, 6_144
#: What a template may stretch over, before and behind its anchor.
_REACH_BACK, _REACH_ON = 3_072, 4_096
_BLOCK = 2_048
_DIGITS = re.compile(rb"[0-9]+")
_MOST_VERDICTS = 4_096
#: Squeezed characters at the beginning of a piece of stream around which nothing is decided quickly.
_EDGE = _REACH_BACK
#: How far a place in one squeezed text may be off in another that begins or ends inside an escape.
_DRIFT = 64


@dataclass(frozen=True)
class Match:
    """A known message: its class, where it stands in the stream, and what it says.

    ``start``, ``end`` and ``record_end`` are offsets in bytes; ``line`` counts from 1. ``record_end`` is
    the end of the block that belongs to the message.
    """

    entry: Entry
    pattern: Pattern
    start: int
    end: int
    record_end: int
    line: int
    variables: dict[str, str]
    evidence: str


@dataclass(frozen=True)
class ErrorLine:
    """A line that reports an error, known or not: an exception, or a record of level ERROR or worse.

    ``exception`` is its type, None of a record; ``path`` and ``code`` are those of the innermost frame of
    the traceback above it.
    """

    start: int
    record_end: int
    line: int
    text: str
    exception: str | None
    path: str | None
    code: str | None
    is_ours: bool


#: The same as they stand in a text.
_SIGNS_IN_TEXT = re.compile(
    rb"(?:Error|Exception|Timeout|Interrupt|Exit)(?:\x1b\[[0-9;]*m)*:|ERROR|CRITICAL|FATAL"
)
#: Squeezed pieces that lines have which report errors.
_SIGNS = (b"Error:", b"Exception:", b"ERROR", b"CRITICAL", b"FATAL", b"Timeout:", b"Interrupt:", b"Exit:")
_EXCEPTION_LINE = re.compile(
    r"^(?:\[?rank ?\d+\]?:?\s*|E\s{2,}|\s*\|\s+|[^\n]{0,120}?[\s\]:](?=[\w.]*[A-Z]))?"
    r"(?P<type>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout|Interrupt|Exit))(?::\s|\s*$)"
)
_RECORD_LINE = re.compile(r"^(?:[^\n]{0,80}?[\s\[|:\"'])?(?:ERROR|CRITICAL|FATAL)(?:[\s\]|:\"',-]|$)(?!\s*=)")


class Automaton:
    """All anchors of a catalogue, and which patterns each is an anchor of."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.patterns: dict[bytes, list[tuple[Entry, Pattern]]] = {}
        for entry in catalogue.values():
            for pattern in entry.patterns:
                self.patterns.setdefault(pattern.template.anchor, []).append((entry, pattern))
        self.anchors = [*self.patterns, *_SIGNS]
        self.first_sign = len(self.patterns)
        self._found = ahocorasick_rs.BytesAhoCorasick(
            self.anchors, implementation=ahocorasick_rs.Implementation.DFA
        )

    def hits(self, text: bytes) -> list[tuple[int, int, int]]:
        """(number of the anchor, start, end) of every hit in a squeezed text, overlapping ones too."""
        return self._found.find_matches_as_indexes(text, overlapping=True)


@functools.lru_cache(maxsize=4)
def automaton(catalogue: Catalogue) -> Automaton:
    """The automaton of a catalogue; building it takes longer than scanning a megabyte."""
    return Automaton(catalogue)


class Scanner:
    """Reads a stream piece by piece. Feed it, take the matches; close it for what the end still holds."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._automaton = automaton(catalogue)
        self._text = b""
        self._scanned = 0
        self._offset = 0
        self._line = 1
        self._told: dict[tuple[str, int], None] = {}
        self._last_error = -1
        self._last_sign = -1
        self._counted = (0, 0)
        self._seen: set[str] = set()
        self._verdicts: dict[tuple[int, bytes], dict[str, str] | None] = {}

    @property
    def lines(self) -> int:
        """Lines seen so far; one that has not ended counts."""
        begun = bool(self._text) and not self._text.endswith(b"\n")
        return self._line - 1 + self._text.count(b"\n") + begun

    def feed(self, data: bytes) -> Iterator[Match | ErrorLine]:
        """Add to the stream; gives what can be told already (the last few kB wait for what follows)."""
        self._text += data
        yield from self._scan(len(self._text) - AFTER)
        self._forget()

    def peek(self) -> Iterator[Match]:
        """When a log stands still: what its whole lines tell already; they are looked at again later.

        What may still change by the next line is not told: wrappers, and lines that no class knows.
        """
        scanned, last_error, last_sign = self._scanned, self._last_error, self._last_sign
        for found in self._scan(self._text.rfind(b"\n") + 1):
            if isinstance(found, Match) and not found.entry.wrapper:
                yield found
            elif isinstance(found, Match):
                del self._told[found.entry.name, found.start]
        self._scanned, self._last_error, self._last_sign = scanned, last_error, last_sign

    def flush(self, *, at_end: bool = True) -> Iterator[Match | ErrorLine]:
        """Tell all that is known, without waiting for more: ``at_end``, or of all whole lines."""
        yield from self._scan(len(self._text) if at_end else self._text.rfind(b"\n") + 1)
        self._forget()

    def _forget(self) -> None:
        drop = self._scanned - BEFORE
        if drop > 0:
            self._line += self._text.count(b"\n", 0, drop)
            self._offset += drop
            self._scanned -= drop
            self._text = self._text[drop:]
            self._counted = (0, 0)

    def _scan(self, limit: int) -> Iterator[Match | ErrorLine]:
        first = self._scanned
        if limit <= first:
            return
        self._scanned = limit
        text = self._text[first : limit + _REACH_ON]
        squeezed = squeeze(text)
        hits = [h for h in self._automaton.hits(squeezed) if self._is_promising(squeezed, h)]
        if not hits:
            return
        starts = range(0, len(text), _BLOCK)
        lengths = [0, *itertools.accumulate(len(squeeze(text[at : at + _BLOCK])) for at in starts)]
        for number, group in itertools.groupby(hits, lambda h: bisect.bisect_right(lengths, h[1]) - 1):
            place = first + min(number, len(starts) - 1) * _BLOCK
            if place >= limit:
                continue
            there = list(group)
            wanted = [h for h in there if h[0] < self._automaton.first_sign]
            found: list[Match | ErrorLine] = []
            if len(wanted) < len(there):
                found += self._error_lines(place, limit)
            if wanted:
                low, high = max(0, place - _REACH_BACK), place + _BLOCK + _REACH_ON
                window = Squeezed(self._text[low:high])
                base = window.position(place - low) - lengths[number]
                found += self._in_window(window, low, base, wanted, first, limit)
            yield from sorted(found, key=lambda f: f.start)

    def _is_promising(self, squeezed: bytes, hit: tuple[int, int, int]) -> bool:
        """Whether a hit is worth a close look: an anchor alone is not much."""
        number, start, _ = hit
        if number >= self._automaton.first_sign:
            return True
        anchor = self._automaton.anchors[number]
        if start < _EDGE:  # the template may begin in what was scanned before
            return True
        return any(p.template.may_match(squeezed, start) for _, p in self._automaton.patterns[anchor])

    def _in_window(
        self,
        window: Squeezed,
        low: int,
        base: int,
        hits: Iterable[tuple[int, int, int]],
        first: int,
        limit: int,
    ) -> Iterator[Match]:
        found: list[tuple[int, int, Entry, Pattern, dict[str, str]]] = []
        for number, start, _ in hits:
            anchor = self._automaton.anchors[number]
            at = _nearest(window.text, anchor, base + start)
            if at < 0 or not first <= low + window.start(at) < limit:
                continue
            for entry, pattern in self._automaton.patterns[anchor]:
                span = pattern.template.match(window, at)
                if span is not None:
                    found.append((low + span.start, low + span.end, entry, pattern, span.variables))
        # Of what overlaps and is of one class, the longest says most.
        found.sort(key=lambda f: (f[2].name, f[0] - f[1]))
        taken: dict[str, list[tuple[int, int]]] = {}
        for start, end, entry, pattern, variables in found:
            spans = taken.setdefault(entry.name, [])
            if any(start < e and s < end for s, e in spans):
                continue
            match = self._match(start, end, entry, pattern, variables)
            if match is not None:
                spans.append((start, end))
                yield match

    def _error_lines(self, place: int, limit: int) -> Iterator[ErrorLine]:
        """The lines of a block that report errors."""
        for sign in _SIGNS_IN_TEXT.finditer(self._text, place, min(place + _BLOCK + 16, limit)):
            if (line := self._error_line(sign.start())) is not None:
                yield line

    def _is_in_last_error(self, place: int) -> bool:
        """Whether a sign stands in the line of the one before it that reported an error.

        Of a line without an end, only a part around each sign is looked at: its beginning says nothing.
        """
        since = self._last_sign - self._offset
        if since < 0 or any(self._text.find(end, since, place) >= 0 for end in (b"\n", b"\\n")):
            return False
        self._last_sign = self._offset + place
        return True

    def _error_line(self, place: int) -> ErrorLine | None:
        """The line around a sign, if it reports an error; each line once."""
        if self._is_in_last_error(place):
            return None
        context = Context(self._text, place, place + 1)
        # In a record that holds a whole text, its escaped lines are lines.
        escaped = self._text.rfind(b"\\n", context.line_start, place)
        begin = escaped + 2 if escaped >= 0 else context.line_start
        start = self._offset + begin
        if start <= self._last_error:
            return None
        text = context.prefix + chr(self._text[place]) + context.rest.partition("\n")[0]
        text = text[:2000].rstrip("\r\n")
        raised = _EXCEPTION_LINE.match(text)
        if raised is None and not _RECORD_LINE.match(text):
            return None
        if raised is not None and Context(self._text, begin + raised.start("type"), place).is_quoted:
            return None
        self._last_error, self._last_sign = start, self._offset + place
        last = context.frames[-1] if raised is not None and context.frames else None
        return ErrorLine(
            start=start,
            record_end=self._offset + context.record_end,
            line=self._line_at(context.line_start),
            text=text,
            exception=raised["type"] if raised else None,
            path=last.path if last else None,
            code=last.code if last else None,
            is_ours=any(is_ours(f.path) for f in context.frames),
        )

    def _match(
        self, start: int, end: int, entry: Entry, pattern: Pattern, said: dict[str, str]
    ) -> Match | None:
        key = (entry.name, self._offset + start)
        if key in self._told:
            return None
        context = Context(self._text, start, end)
        variables = self._verdict(entry, pattern, context, said)
        if variables is None:
            return None
        self._told[key] = None
        if len(self._told) > 512:
            del self._told[next(iter(self._told))]
        return Match(
            entry=entry,
            pattern=pattern,
            start=key[1],
            end=self._offset + end,
            record_end=self._offset + context.record_end,
            line=self._line_at(start),
            variables=variables,
            evidence=self._evidence(entry, context),
        )

    def _verdict(
        self, entry: Entry, pattern: Pattern, context: Context, said: dict[str, str]
    ) -> dict[str, str] | None:
        """What a match says, or None; of a line that came before, but for its numbers, what was said then."""
        if entry.name not in self._seen:
            return accepted(pattern, context, said)
        line = self._text[context.line_start : min(context.end, context.line_start + 1000)]
        key = (id(pattern), _DIGITS.sub(b"0", line))
        if key not in self._verdicts:
            if len(self._verdicts) >= _MOST_VERDICTS:
                self._verdicts.clear()
            self._verdicts[key] = accepted(pattern, context, said)
        known = self._verdicts[key]
        return None if known is None else {**known, **said}

    def _evidence(self, entry: Entry, context: Context) -> str:
        """The record around the first match of a class; of the others nothing is shown."""
        if entry.name in self._seen:
            return ""
        self._seen.add(entry.name)
        return context.record

    def _line_at(self, place: int) -> int:
        """The number of the line in which a place lies."""
        before, lines = self._counted
        if place >= before:
            lines += self._text.count(b"\n", before, place)
        else:
            lines -= self._text.count(b"\n", place, before)
        self._counted = (place, lines)
        return self._line + lines


def _nearest(text: bytes, anchor: bytes, place: int) -> int:
    """The occurrence of an anchor nearest to a place, -1 if there is none; escapes may have moved it."""
    place = max(0, place)
    behind = text.find(anchor, place, place + _DRIFT + len(anchor))
    ahead = text.rfind(anchor, max(0, place - _DRIFT), place + len(anchor) - 1)
    return min((p for p in (behind, ahead) if p >= 0), key=lambda p: abs(p - place), default=-1)


def accepted(pattern: Pattern, context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """What a match says, or None where its surroundings speak against it."""
    for name, allowed in pattern.values.items():
        if variables.get(name) not in allowed:
            return None
    if context.is_quoted or context.is_about_others:
        return None
    if pattern.exception:
        raised = context.exception
        if raised is not None and raised.rpartition(".")[2] not in pattern.exception:
            return None
    if pattern.status:
        shown = variables.get("status")
        status = int(shown) if shown and shown.isdigit() else context.status
        if status not in pattern.status:
            return None
    if pattern.unless and context.has(pattern.unless):
        return None
    if pattern.near and not context.has(pattern.near):
        return None
    if pattern.check is not None:
        return CHECKS[pattern.check](context, variables)
    return variables
