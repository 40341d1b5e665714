"""Explains inputs: pieces of text → one report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from fwdoctor.errors import FwdoctorError
from fwdoctor.explain.catalogue import Catalogue, catalogue
from fwdoctor.explain.incident import Collector, finding
from fwdoctor.explain.inputs import Piece
from fwdoctor.explain.scan import ErrorLine, Match, Scanner
from fwdoctor.explain.unknown import Group, Unknown
from fwdoctor.finding import Finding, Problem, Side
from fwdoctor.lean_dataclass import dataclass

#: Pauses of a log after which nothing is waited for any more: two seconds.
_LONG = 8
#: Called with each finding as soon as its class is seen.
Listener = Callable[[Finding], None]


@dataclass
class Explained:
    """What was found in all inputs: findings, how much was read, and the errors that no class explains."""

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0
    unknown: list[tuple[str, Unknown]] = field(default_factory=list)
    #: somebody stopped the reading
    interrupted: bool = False

    @property
    def unknown_lines(self) -> int:
        return sum(u.lines for _, u in self.unknown)

    @property
    def groups(self) -> list[tuple[str, Group]]:
        """Groups of unknown error lines, with their inputs, the most frequent first."""
        found = [(path, group) for path, unknown in self.unknown for group in unknown.groups.values()]
        return sorted(found, key=lambda f: (-f[1].count, f[0], f[1].first))


def explain(
    inputs: Iterable[Iterator[Piece]],
    *,
    known: Catalogue | None = None,
    listener: Listener | None = None,
) -> Explained:
    """Look for known errors in inputs. What cannot be read becomes a problem; the others are still read.

    ``known`` are the classes, by default the bundled ones. An interruption ends the reading; what was found
    until then is in the result.
    """
    known = known or catalogue()
    result = Explained()
    for pieces in inputs:
        try:
            for piece in pieces:
                _read(piece, known, result, listener)
        except FwdoctorError as error:
            result.problems.append(Problem(str(error)))
        except KeyboardInterrupt:
            result.interrupted = True
            break
    return result


def _read(piece: Piece, known: Catalogue, result: Explained, listener: Listener | None) -> None:
    scanner, collector = Scanner(known), Collector(known)

    def tell(names: list[str]) -> None:
        if listener is not None:
            for name in names:
                listener(_placed(finding(collector.incident(name), piece.path), piece))

    try:
        still = 0
        for chunk in piece.chunks:
            still = 0 if chunk else still + 1
            if chunk:
                news: Iterator[Match | ErrorLine] = scanner.feed(chunk)
            else:
                news = scanner.peek() if still < _LONG else scanner.flush(at_end=False)
            for found in news:
                tell(collector.add(found))
            if still == _LONG:
                tell(collector.pause())
    finally:
        # Also where reading ends in the middle: what was read is worth telling.
        for found in scanner.flush():
            tell(collector.add(found))
        tell(collector.close())
        result.lines += scanner.lines
        result.findings += [_placed(f, piece) for f in collector.findings(piece.path)]
        if collector.unknown.lines:
            result.unknown.append((piece.path, collector.unknown))


def _placed(found: Finding, piece: Piece) -> Finding:
    """A finding of a notebook's cell, or of a test case."""
    if found.location is not None and piece.cell is not None:
        found = dataclasses.replace(found, location=dataclasses.replace(found.location, cell=piece.cell))
    if piece.name is not None:
        found = dataclasses.replace(found, variables={**found.variables, "test": piece.name})
    return found


def next_step(result: Explained) -> str:
    """One line: what to do next, as far as the evidence tells."""
    sides = {f.side for f in result.findings}
    if Side.USER in sides:
        return "next: do what the findings say; run again; what then remains is news"
    if Side.PLATFORM in sides:
        return (
            "next: do what the findings say, and look at the state (fwdoctor check --log FILE --job JOB); "
            "what remains is for support: fwdoctor explain --support-bundle FILE collects what it needs"
        )
    if result.findings:
        return "next: nothing has to be done about these"
    if not result.unknown_lines:
        return "next: give the whole log, from the start of the run to its last line"
    if any(group.is_ours for _, group in result.groups):
        return (
            "next: the errors come out of the SDK or the cookbook: 'fwdoctor check' first (a stale SDK looks "
            "like a server's fault), then --support-bundle FILE with the whole log"
        )
    return "next: no traceback runs through the SDK or the cookbook: look at the script's own code first"
