"""Finds names in surfaces, and tells what became of them over time."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.compare import Change, How, What, compare_symbols, kind_of
from fwdoctor.surface.essence import is_private
from fwdoctor.surface.model import UNKNOWN, Alias, Class, Module, Surface, Symbol
from fwdoctor.surface.timeline import Timeline, Version

_NEAR = 3


def search(name: str, surface: Surface) -> list[str]:
    """The paths that ``name`` may mean: a full path, or the end of one (``rl_loop.Config``).

    Where it lives counts, not where it is imported; public places win over private ones.
    """
    if isinstance(surface.locate(name), tuple) or any(m.startswith(f"{name}.") for m in surface.modules):
        return [name]  # the second is a package without a file of its own
    found = {p for p in _matches(name.split("."), surface) if isinstance(surface.locate(p), tuple)}
    places: dict[str, str] = {}
    for path in sorted(found, key=lambda p: (is_private(p), len(p), p)):
        canonical = surface.canonical(path) or path
        places.setdefault(canonical, canonical if not is_private(canonical) else path)
    result = sorted(places.values())
    return [p for p in result if not is_private(p)] or result


def _matches(parts: list[str], surface: Surface) -> Iterator[str]:
    for module_name in surface.modules:
        own = module_name.split(".")
        if own[-len(parts) :] == parts:
            yield module_name
        for cut in range(len(parts)):
            if cut and own[-cut:] != parts[:cut]:
                continue
            symbol = surface.modules[module_name].names.get(parts[cut])
            if symbol is None or (isinstance(symbol, Alias) and not surface.covers(symbol.target)):
                continue
            yield ".".join((module_name, *parts[cut:]))


def search_inside(name: str, surface: Surface) -> list[str]:
    """The public fields and methods of classes that have this name, for who does not know the class."""
    return sorted(
        f"{module_name}.{class_name}.{name}"
        for module_name, module in surface.modules.items()
        for class_name, symbol in module.names.items()
        if isinstance(symbol, Class)
        and (name in symbol.methods or symbol.field_named(name))
        and not is_private(f"{module_name}.{class_name}.{name}")
    )


@functools.lru_cache(maxsize=8)  # the walk over all versions takes a second, and who asks twice asks the same
def search_inside_ever(name: str, line: Timeline) -> list[str]:
    """The same in the newest version that had one."""
    return next(filter(None, (search_inside(name, line.of_state(n)) for n in _newest_first(line))), [])


def _newest_first(line: Timeline) -> range:
    return range(len(line.states) - 1, -1, -1)


def search_ever(name: str, line: Timeline) -> list[str]:
    """The paths that ``name`` meant in any version, the newest that had one deciding."""
    for state in _newest_first(line):
        if found := search(name, line.of_state(state)):
            return found
    return []


def near(name: str, surface: Surface) -> list[str]:
    """Public names that are spelled like ``name``'s last part."""
    last = name.rpartition(".")[2]
    known = {
        n
        for m, module in surface.modules.items()
        if not is_private(m)
        for n in module.names
        if not n.startswith("_")
    }
    return difflib.get_close_matches(last, sorted(known), n=_NEAR, cutoff=0.6)


@dataclass(frozen=True, slots=True)
class Happened:
    """What a version did to a name; ``change`` tells the parts, where it only changed."""

    how: How
    version: Version
    change: Change | None = None


def history(path: str, line: Timeline) -> list[Happened]:
    """Everything that happened to a path, oldest first."""
    result: list[Happened] = []
    before: Symbol | Module | None = None
    for span in line.spans(path):
        version = line.states[span.first][0]
        now = span.found[1] if isinstance(span.found, tuple) else None
        if now is None and before is not None and span.found is not UNKNOWN:
            result.append(Happened(How.REMOVED, version))
        elif now is not None and before is None:
            result.append(Happened(How.ADDED, version))
        elif now is not None and before is not None and not isinstance(now, Module):
            assert not isinstance(before, Module)
            change = compare_symbols(path, before, now)
            if change is not None:
                result.append(Happened(How.CHANGED, version, change))
        if now is not None or span.found is not UNKNOWN:
            before = now
    return result


def what_is(symbol: Symbol | Module) -> What:
    """The word for what stands at a path."""
    return What.MODULE if isinstance(symbol, Module) else kind_of(symbol)
