"""Which version a cookbook or SDK on disk is: by what it says of itself, or else by reading it.

The cookbook's own version number said 0.1.0 for months, so it does not count. What does: the commit of a
checkout or of an install from git (PEP 610), a tag, and in the end the surface itself. What was read from
the disk is always what code is compared with; the version is only how it is called.
"""

from __future__ import annotations

import functools
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version as Number

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface import timeline
from fwdoctor.surface.compare import fingerprint
from fwdoctor.surface.essence import essence
from fwdoctor.surface.folders import COOKBOOK_LEFT_OUT, read_cookbook
from fwdoctor.surface.model import Surface, Unreadable
from fwdoctor.surface.timeline import Timeline, Version


@dataclass(frozen=True)
class Match:
    """What was read, and where it belongs in the timeline.

    ``twin`` is the newest version that offers the very same; ``nearest`` the one that differs least (the
    twin, if there is one), in ``distance`` names.
    """

    surface: Surface
    twin: Version | None
    nearest: Version
    distance: int
    #: ``nearest`` is what it says it is
    says_so: bool = False

    @property
    def label(self) -> str:
        """How messages name it: the version that it is, or says it is, or else the nearest."""
        if self.twin is not None:
            return self.twin.label
        differ = f"{self.distance} name{' differs' if self.distance == 1 else 's differ'}"
        if self.says_so:
            return f"{self.nearest.label}, edited ({differ})"
        return f"cookbook nearest to {self.nearest.id} ({self.nearest.date}; {differ})"


@functools.cache
def of_folder(
    folder: Path, commit: str | None = None, number: str | None = None, pin: str | None = None
) -> Match:
    """Read the cookbook in ``folder`` and find its place.

    ``commit``, ``number`` and ``pin`` (its requirement of the SDK) are what it says of itself: they decide
    between versions that are equally near.

    Raises:
        FwdoctorError: there is no cookbook.
    """
    line = timeline.cookbook()
    hint = line.by_commit(commit) if commit else None
    if hint is None and number:
        hint = line.tagged(number)
    return match(_read(folder), line, hint, pin)


@functools.cache
def _read(folder: Path) -> Surface:
    return read_cookbook(folder)


def forget() -> None:
    """Read what is on disk anew: for a process that outlives it."""
    of_folder.cache_clear()
    _read.cache_clear()


def match(surface: Surface, line: Timeline, hint: Version | None = None, pin: str | None = None) -> Match:
    """Find the place of a surface.

    Of several that offer the same, ``hint`` is taken, or else the newest. What offers the same as none is
    near ``hint``; without one, to the version with the same ``pin`` that differs least, or of all versions.
    """
    public = _comparable(surface, line)
    digest = fingerprint(public)
    states = [i for i, known in enumerate(line.fingerprints) if known == digest]
    if states:
        twin = hint if hint is not None and hint.state in states else line.states[states[-1]][-1]
        return Match(surface, twin, twin, 0)
    distances = _distances(public, line)
    if hint is not None:
        return Match(surface, None, hint, distances[hint.state], says_so=True)
    low = _lowest(pin)
    near = {v.state for v in line.versions if low is not None and _lowest(v.sdk_pin) == low}
    state = min(near or range(len(distances)), key=lambda i: (distances[i], -i))
    return Match(surface, None, line.states[state][-1], distances[state])


def _lowest(pin: str | None) -> Number | None:
    """The lower bound of a requirement."""
    if pin is None:
        return None
    lows = [Number(s.version) for s in Requirement(pin).specifier if s.operator in (">=", "==", "~=")]
    return max(lows, default=None)


def _comparable(surface: Surface, line: Timeline) -> Surface:
    """The part of a surface that is stored of every version."""
    limited = Surface(surface.name, surface.modules, surface.roots, line.history.partial, surface.unreadable)
    return essence(limited)


def _distances(surface: Surface, line: Timeline) -> list[int]:
    """In how many names each state differs from a surface."""
    states = len(line.states)
    # Differences from state to state, added up in the end: what differs in a whole span is noted twice only.
    steps = [0] * (states + 1)
    for name in {*surface.modules, *line.history.toggles}:
        own = surface.modules[name].names if name in surface.modules else {}
        stored = line.history.module(name).names if name in line.history.toggles else {}
        for symbol_name in {*own, *stored}:
            mine = own.get(symbol_name)
            if symbol_name not in stored:
                steps[0] += 1
                continue
            module = line.history.module(name)
            points = sorted({0, *module.points(symbol_name), *line.history.toggles[name]})
            for first, last in zip(points, [*points[1:], states], strict=True):
                there = line.history.has_module(name, first)
                if (module.symbol(symbol_name, first) if there else None) != mine:
                    steps[first] += 1
                    steps[last] -= 1
    totals, total = [], 0
    for step in steps[:states]:
        total += step
        totals.append(total)
    return totals


def half_written(file: Unreadable) -> str:
    """The message about a file of a cookbook or SDK that is no Python."""
    place = f"{file.path}:{file.line}" if file.line else file.path
    return f"{place}: {reason(file, line=False)}"


def reason(file: Unreadable, *, line: bool = True) -> str:
    """The same without the path, which stands beside it."""
    place = f"line {file.line}: " if line and file.line else ""
    return f"{place}cannot be read as Python ({file.reason}): what {file.module} offers is unknown"


def judged(surface: Surface) -> list[Unreadable]:
    """The unreadable files that matter: those of examples and tests do not."""
    return [
        u
        for u in surface.unreadable
        if not any(u.module == p or u.module.startswith(p + ".") for p in COOKBOOK_LEFT_OUT)
    ]
