"""What ``fwdoctor surface show``, ``diff`` and ``build`` answer, as results."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.moves import successor
from fwdoctor.results import (
    BuildResult,
    ChangeResult,
    DiffResult,
    Event,
    MethodResult,
    ModuleResult,
    PartChange,
    ShowResult,
    Signature,
    SiteResult,
    VersionRef,
)
from fwdoctor.surface import codec, lookup, places, timeline
from fwdoctor.surface.compare import Change, Detail, How, What, compare, described, own_names
from fwdoctor.surface.essence import is_private
from fwdoctor.surface.model import UNKNOWN, Class, Function, Module, Parameter, Surface, signature_of
from fwdoctor.surface.places import Place
from fwdoctor.surface.timeline import Product, Timeline, Version

_SIGNS = {How.ADDED: "+", How.REMOVED: "-", How.CHANGED: "~", How.MOVED: ">"}


def ref(version: Version) -> VersionRef:
    """A version as it stands in results."""
    return VersionRef(
        product="cookbook" if version.product is Product.COOKBOOK else "fireworks-ai",
        id=version.id,
        label=version.label,
        date=version.date.isoformat(),
        commit=version.commit,
        tag=version.tag,
        sdk_pin=version.sdk_pin,
    )


#: So many answers to one name are worth reading; of more, so many are named.
_MOST, _MANY = 5, 10


# --- show ---------------------------------------------------------------------------------------------


def show(name: str, place: Place) -> list[ShowResult]:
    """What ``name`` is in a place, and what became of it over time; several if it may mean several things.

    Raises:
        FwdoctorError: no version has such a name.
    """
    line = timeline.timeline(place.product)
    left_out = next((p for p in place.surface.partial if f"{name}.".startswith(f"{p}.")), None)
    if left_out is not None:
        raise FwdoctorError(f"{name}: what is below {left_out} is not stored; give a folder with --at")
    paths = lookup.search(name, place.surface) or lookup.search_ever(name, line) or _inside(name, place, line)
    if not paths:
        near = lookup.near(name, place.surface)
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise FwdoctorError(f"{place.label} has no {name}, and no version known ever had{hint}")
    return [_show(name, path, place) for path in paths]


def _inside(name: str, place: Place, line: timeline.Timeline) -> list[str]:
    """The fields and methods of that name, for who does not know the class.

    Raises:
        FwdoctorError: there are too many to be shown.
    """
    paths = lookup.search_inside(name, place.surface) or lookup.search_inside_ever(name, line)
    if len(paths) > _MOST:
        told = ", ".join(path.split(".", 1)[1] for path in paths[:_MANY])
        more = f" and {len(paths) - _MANY} more" if len(paths) > _MANY else ""
        raise FwdoctorError(f"{name} is in {len(paths)} places, name one: {told}{more}")
    return paths


def _show(asked: str, path: str, place: Place) -> ShowResult:
    surface = place.surface
    located = surface.locate(path)
    canonical, symbol = located if isinstance(located, tuple) else (path, None)
    line = timeline.timeline(place.product)
    cls = symbol if isinstance(symbol, Class) else None
    signature = signature_of(symbol) if symbol is not None else None
    module = symbol if isinstance(symbol, Module) else None
    depth = path.count(".") + 1
    below = tuple(sorted({m.split(".")[depth] for m in surface.modules if m.startswith(f"{path}.")}))
    return ShowResult(
        asked=asked,
        version=place.label,
        path=canonical,
        what="unknown" if located is UNKNOWN else None if symbol is None else _word(path, symbol, surface),
        source=_source(surface, canonical) if symbol is not None else _last_source(canonical, line),
        complete=not (located is UNKNOWN or _is_opaque(symbol) or (module is not None and module.dynamic)),
        deprecated=getattr(symbol, "deprecated", False) or _is_deprecated_field(surface, canonical),
        bases=cls.bases if cls else (),
        members=cls.members if cls else (),
        fields=_signatures(cls.fields) if cls else (),
        parameters=_signatures(signature.parameters) if signature is not None else (),
        methods=_methods(cls) if cls else (),
        attributes=_attributes(cls) if cls else (),
        names=tuple(sorted(own_names(surface, canonical))) if module is not None else below,
        history=tuple(
            Event(str(h.how), ref(h.version), parts(h.change) if h.change else ())
            for h in lookup.history(path, line)
        ),
        replaced_by=successor(canonical),
    )


def _word(path: str, symbol: object, surface: Surface) -> str:
    if isinstance(symbol, Class | Function | Module):
        return str(lookup.what_is(symbol))
    owner = surface.class_at(path.rpartition(".")[0])
    name = path.rpartition(".")[2]
    if owner is None:
        return str(What.VARIABLE)
    if name in owner.members:
        return str(What.MEMBER)
    return str(What.FIELD if owner.field_named(name) else What.ATTRIBUTE)


def _is_opaque(symbol: object) -> bool:
    if isinstance(symbol, Class):
        return symbol.constructor.opaque and not symbol.members
    return isinstance(symbol, Function) and symbol.opaque


def _is_deprecated_field(surface: Surface, path: str) -> bool:
    owner = surface.class_at(path.rpartition(".")[0])
    found = owner.field_named(path.rpartition(".")[2]) if owner else None
    return found is not None and found.deprecated


def _source(surface: Surface, path: str) -> str | None:
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        head = ".".join(parts[:cut])
        if head in surface.modules:
            name = head.replace(".", "/")
            return f"{name}/__init__.py" if surface.is_package(head) else f"{name}.py"
    return None


def _last_source(path: str, line: Timeline) -> str | None:
    """Where a name that is gone stood, in the last version that had it."""
    last = next((s for s in reversed(line.spans(path)) if isinstance(s.found, tuple)), None)
    if last is None or not isinstance(last.found, tuple):
        return None
    version = line.states[last.last][-1]
    return f"{_source(line.of_state(last.last), last.found[0])} at {version.id}"


def _signatures(given: Sequence[Parameter]) -> tuple[Signature, ...]:
    return tuple(
        Signature(p.name, str(p.kind), p.annotation, p.default, p.deprecated, described(p)) for p in given
    )


def _methods(cls: Class) -> tuple[MethodResult, ...]:
    return tuple(
        MethodResult(n, _signatures(m.parameters), not m.opaque, m.deprecated)
        for n, m in sorted(cls.methods.items())
        if not n.startswith("_")
    )


def _attributes(cls: Class) -> tuple[str, ...]:
    known = {f.name for f in cls.fields} | set(cls.members) | set(cls.methods)
    return tuple(sorted(n for n in cls.attributes - known if not n.startswith("_")))


# --- diff ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallSite:
    """A call: the arguments that it passes by name or place, and how many of them by place."""

    site: SiteResult
    given: frozenset[str]
    positional: int


@dataclass(frozen=True)
class Usage:
    """What some code uses: where it names a path (or an argument, a field, a method: ``path.name``), and
    where it calls one. ``path`` is how the code is called."""

    path: str
    names: Mapping[str, Sequence[SiteResult]]
    calls: Mapping[str, Sequence[CallSite]]


def diff(
    old: Place,
    new: Place,
    *,
    names: Sequence[str] = (),
    private: bool = False,
    usage: Usage | None = None,
) -> DiffResult:
    """What changed from one place to the other.

    ``names`` limits it to paths that end so or lie below, ``usage`` to what touches some code.

    Raises:
        FwdoctorError: one is a cookbook and the other an SDK.
    """
    if old.product is not new.product:
        raise FwdoctorError(f"{old.label} and {new.label} are different things and cannot be compared")
    found = compare(old.surface, new.surface, private=private)
    for name in names:
        places_ = (old.surface, new.surface)
        if not any(_is_about(c.path, name) for c in found) and not any(
            lookup.search(name, s) for s in places_
        ):
            raise FwdoctorError(f"neither {old.label} nor {new.label} has {name}")
    if names:
        found = [c for c in found if any(_is_about(c.path, n) for n in names)]
    changes = [change(c) for c in found]
    if usage is not None:
        changes = [c for raw in changes if (c := _limited(raw, usage)) is not None]
    return DiffResult(old.label, new.label, usage.path if usage else None, tuple(changes))


def _is_about(path: str, name: str) -> bool:
    return f".{path}.".find(f".{name}.") >= 0


def change(found: Change) -> ChangeResult:
    """A change as it stands in results."""
    return ChangeResult(
        how=str(found.how),
        what=str(found.what),
        path=found.path,
        moved_to=found.moved_to,
        replaced_by=successor(found.path) if found.how is How.REMOVED else None,
        names=found.names,
        parts=parts(found),
    )


def parts(found: Change) -> tuple[PartChange, ...]:
    """The parts of a change as they stand in results."""
    return tuple(
        PartChange(str(d.how), str(d.what), d.name, d.before, d.after, _part_text(found, d))
        for d in found.details
    )


def _part_text(found: Change, d: Detail) -> str:
    if d.what in (What.FIELD, What.PARAMETER) and not d.name:
        return f"~ order of the {d.what}s"
    word = "" if d.what in (What.FIELD, What.PARAMETER) and "(" not in d.name else f"{d.what} "
    sign = _SIGNS[d.how]
    if d.how is How.CHANGED:
        text = f"{sign} {word}{d.before} → {d.after}" if d.what in (What.FIELD, What.PARAMETER) else ""
        return text or f"{sign} {word}{d.name or found.path.rpartition('.')[2]}: {d.before} → {d.after}"
    detail = (d.after if d.how is How.ADDED else d.name) or d.name
    if "(" in d.name:  # a method's parameter
        method, _, inner = d.name.partition("(")
        detail = f"{method}({(d.after if d.how is How.ADDED else None) or inner[:-1]})"
        word = "method "
    if d.how is How.REMOVED and (next_name := successor(f"{found.path}.{d.name}")) is not None:
        detail += f"  (now {next_name})"
    return f"{sign} {word}{detail}"


def _limited(raw: ChangeResult, usage: Usage) -> ChangeResult | None:
    """The change as far as code is touched by it; None if it is not."""
    touched: dict[SiteResult, None] = {}
    kept: list[PartChange] = []
    if raw.how in (How.REMOVED, How.MOVED):
        below = [f"{raw.path}.{n}" for n in raw.names] if raw.what == What.MODULE else []
        for path in (raw.path, *below):
            touched.update(dict.fromkeys(usage.names.get(path, ())))
    for part in raw.parts:
        owner, name = raw.path, part.name
        if "(" in name:  # a method's parameter
            method, _, name = name[:-1].partition("(")
            owner = f"{raw.path}.{method}"
        calls = usage.calls.get(owner, ())
        if part.what in (What.FIELD, What.PARAMETER) and not name:  # their order
            found = [call.site for call in calls if call.positional > 1]
        else:
            found = (
                [] if _only_default(part) else [*usage.names.get(f"{owner}.{name}" if name else owner, ())]
            )
            if part.what in (What.FIELD, What.PARAMETER) and _concerns_omission(part):
                found += [call.site for call in calls if name not in call.given]
        if found:
            kept.append(part)
            touched.update(dict.fromkeys(found))
    if not touched:
        return None
    sites = sorted(touched, key=lambda s: (s.path, s.line or 0, s.column or 0))
    return dataclasses.replace(raw, parts=tuple(kept), sites=tuple(sites))


def _only_default(part: PartChange) -> bool:
    """Whether nothing but the default changed, which who passes the argument does not notice."""
    if part.how != How.CHANGED or part.before is None or part.after is None:
        return False
    before, after = _default(part.before), _default(part.after)
    return before != after and part.before.replace(before or "", "") == part.after.replace(after or "", "")


def _concerns_omission(part: PartChange) -> bool:
    """Whether a call that leaves it out notices: it is needed now, or its default changed."""
    before, after = _default(part.before), _default(part.after)
    if part.how == How.ADDED:
        return after is None and "*" not in (part.after or "")
    return part.how == How.CHANGED and before != after


def _default(text: str | None) -> str | None:
    """``0.5`` of ``rate: float = 0.5``."""
    _, sign, default = (text or "").removesuffix(" (deprecated)").partition("=")
    return default.strip() if sign else None


# --- build --------------------------------------------------------------------------------------------


def build(path: Path, save: Path | None = None) -> tuple[BuildResult, Surface]:
    """Read the surface of a folder or wheel, find its place in the timeline, and save it if asked.

    Raises:
        FwdoctorError: there is neither a cookbook nor an SDK, or it cannot be saved.
    """
    from fwdoctor.source.write import put
    from fwdoctor.surface import identity

    place = places.read(path)
    line = timeline.timeline(place.product)
    found = identity.match(place.surface, line)
    if save is not None:
        try:
            put(save, codec.dumps(place.surface).encode())
        except OSError as error:
            raise FwdoctorError(f"{save}: cannot save the surface: {error.strerror or error}") from error
    modules = []
    for name in sorted(place.surface.modules):
        if is_private(name):
            continue
        module = place.surface.modules[name]
        own = {n: str(lookup.what_is(s)) for n, s in own_names(place.surface, name).items()}
        modules.append(ModuleResult(name, dict(sorted(own.items())), not module.dynamic))
    result = BuildResult(
        path=str(path),
        product="cookbook" if place.product is Product.COOKBOOK else "fireworks-ai",
        modules=tuple(modules),
        version=ref(found.twin) if found.twin else None,
        nearest=ref(found.nearest),
        distance=found.distance,
        saved=str(save) if save else None,
    )
    return result, place.surface
