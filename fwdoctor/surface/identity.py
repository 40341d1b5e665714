"""Which version a cookbook or SDK on disk is: by what it says of itself, or else by reading it.

The cookbook's own version number said 0.1.0 for months, so it does not count. What does: the commit of a
checkout or of an install from git (PEP 610), a tag, and in the end the surface itself. What was read from
the disk is always what code is compared with; the version is only how it is called.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

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


@functools.cache
def of_folder(folder: Path) -> Match:
    """Read the cookbook in ``folder`` and find its place.

    Raises:
        FwdoctorError: there is no cookbook.
    """
    surface = read_cookbook(folder)
    return match(surface, timeline.cookbook())


def match(surface: Surface, line: Timeline, hint: Version | None = None) -> Match:
    """Find the place of a surface; of several that fit alike, ``hint`` decides, or else the newest."""
    public = _comparable(surface, line)
    digest = fingerprint(public)
    states = [i for i, known in enumerate(line.fingerprints) if known == digest]
    if states:
        if hint is not None and hint.state in states:
            return Match(surface, hint, hint, 0)
        twin = line.states[states[-1]][-1]
        return Match(surface, twin, twin, 0)
    state, distance = _nearest(public, line)
    if hint is not None and hint.state == state:
        return Match(surface, None, hint, distance)
    return Match(surface, None, line.states[state][-1], distance)


def _comparable(surface: Surface, line: Timeline) -> Surface:
    """The part of a surface that is stored of every version."""
    limited = Surface(surface.name, surface.modules, surface.roots, line.history.partial, surface.unreadable)
    return essence(limited)


def _nearest(surface: Surface, line: Timeline) -> tuple[int, int]:
    """The state that differs in the fewest names, and in how many; of several, the newest."""
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
    best = min(totals)
    return max(i for i, t in enumerate(totals) if t == best), best


def half_written(file: Unreadable) -> str:
    """The message about a file of a cookbook or SDK that is no Python."""
    place = f"{file.path}:{file.line}" if file.line else file.path
    return f"{place}: cannot be read as Python ({file.reason}): what {file.module} offers is unknown"


def judged(surface: Surface) -> list[Unreadable]:
    """The unreadable files that matter: those of examples and tests do not."""
    return [
        u
        for u in surface.unreadable
        if not any(u.module == p or u.module.startswith(p + ".") for p in COOKBOOK_LEFT_OUT)
    ]
