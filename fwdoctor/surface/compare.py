"""What changed between two surfaces."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.codec import compact, encode
from fwdoctor.surface.model import Alias, Class, Function, Kind, Module, Parameter, Surface, Symbol


class How(enum.StrEnum):
    """What became of something."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class What(enum.StrEnum):
    """The kinds of things that change."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    VARIABLE = "variable"
    ALIAS = "alias"
    FIELD = "field"
    PARAMETER = "parameter"
    METHOD = "method"
    MEMBER = "member"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Detail:
    """One part of a symbol that changed: a field, a parameter, a method …, as text before and after."""

    how: How
    what: What
    name: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One name that came, went, moved (``moved_to``) or whose parts (``details``) changed.

    ``path`` is where it lives, ``names`` are its parts or, of a module, its public names.
    """

    how: How
    what: What
    path: str
    details: tuple[Detail, ...] = ()
    moved_to: str | None = None
    names: tuple[str, ...] = ()


def compare(old: Surface, new: Surface, *, private: bool = False) -> list[Change]:
    """All changes, by path. Without ``private``, only those of names without a leading underscore.

    Names that a module merely imports are not its own; in a package, or in ``__all__``, they are. What one
    of the two cannot tell is no change.
    """
    changes: list[Change] = []
    for name in sorted({*old.modules, *new.modules}):
        if not private and _is_private(name):
            continue
        if not (old.covers(name) and new.covers(name)):
            continue
        before, after = old.modules.get(name), new.modules.get(name)
        if before is None or after is None:
            changes.append(_whole_module(name, before, after, old if before else new, private=private))
            continue
        own_before = _own(old, name, before, private=private)
        own_after = _own(new, name, after, private=private)
        for symbol_name in sorted({*own_before, *own_after}):
            path = f"{name}.{symbol_name}"
            if path in old.modules or path in new.modules:
                continue  # a name for what is a module, which is told as such
            first, second = own_before.get(symbol_name), own_after.get(symbol_name)
            if first is None and before.names.get(symbol_name) is not None and second is not None:
                continue  # it was there, only not as a public name
            if second is None and after.names.get(symbol_name) is not None and first is not None:
                second = after.names[symbol_name]
            change = _symbol(path, first, second, before, after, private=private)
            if change is not None:
                changes.append(change)
    return _without_echoes(_with_moves(changes, old, new), old, new)


def _is_private(dotted: str) -> bool:
    return any(part.startswith("_") for part in dotted.split("."))


def own_names(surface: Surface, module: str) -> dict[str, Symbol]:
    """The public names that a module offers as its own, not merely imports."""
    return _own(surface, module, surface.modules[module], private=False)


def _own(surface: Surface, name: str, module: Module, *, private: bool) -> dict[str, Symbol]:
    """The names that a module offers as its own."""
    listed = frozenset(module.exports or ())
    package = surface.is_package(name)
    result = {}
    for n, symbol in module.names.items():
        if n.startswith("_") and not private:
            continue
        if n.startswith("__") and n.endswith("__"):
            continue
        if isinstance(symbol, Alias) and not (n in listed or (package and surface.covers(symbol.target))):
            continue
        result[n] = symbol
    return result


def compare_symbols(path: str, before: Symbol, after: Symbol) -> Change | None:
    """What changed between two states of one name; None if nothing that counts."""
    details = tuple(_details(before, after, private=False))
    return Change(How.CHANGED, kind_of(after), path, details) if details else None


def kind_of(symbol: Symbol) -> What:
    """The word for a symbol."""
    match symbol:
        case Class():
            return What.CLASS
        case Function():
            return What.FUNCTION
        case Alias():
            return What.ALIAS
        case _:
            return What.VARIABLE


def _whole_module(
    name: str, before: Module | None, after: Module | None, where: Surface, *, private: bool
) -> Change:
    module = before or after
    assert module is not None
    own = tuple(sorted(_own(where, name, module, private=private)))
    return Change(How.REMOVED if after is None else How.ADDED, What.MODULE, name, names=own)


def _symbol(
    path: str, before: Symbol | None, after: Symbol | None, old: Module, new: Module, *, private: bool
) -> Change | None:
    if before is None or after is None:
        there = before or after
        assert there is not None
        if (old if before is None else new).dynamic:
            return None  # it may have been, or be, there all the same
        parts = tuple(p.name for p in _call(there)) if not isinstance(there, Alias) else ()
        how = How.ADDED if before is None else How.REMOVED
        return Change(how, kind_of(there), path, names=parts)
    if isinstance(before, Alias) or isinstance(after, Alias):
        if isinstance(before, Alias) and isinstance(after, Alias) and before.target != after.target:
            return Change(How.MOVED, What.ALIAS, path, moved_to=after.target)
        return None  # it lives elsewhere now, or came from there: the change is told there
    details = tuple(_details(before, after, private=private))
    return Change(How.CHANGED, kind_of(after), path, details) if details else None


def _call(symbol: Symbol) -> tuple[Parameter, ...]:
    match symbol:
        case Class():
            return symbol.fields or symbol.constructor.parameters
        case Function():
            return symbol.parameters
        case _:
            return ()


def _details(before: Symbol, after: Symbol, *, private: bool) -> Iterator[Detail]:
    if type(before) is not type(after):
        yield Detail(How.CHANGED, kind_of(after), "", str(kind_of(before)), str(kind_of(after)))
        return
    if isinstance(before, Function) and isinstance(after, Function):
        yield from _parameters(before.parameters, after.parameters, What.PARAMETER)
        yield from _flags(before, after, What.FUNCTION)
    if isinstance(before, Class) and isinstance(after, Class):
        yield from _class(before, after, private=private)


def _flags(before: Function | Class, after: Function | Class, what: What, name: str = "") -> Iterator[Detail]:
    if before.deprecated != after.deprecated:
        words = ("deprecated", "not deprecated")
        first, second = words if before.deprecated else words[::-1]
        yield Detail(How.CHANGED, what, name, first, second)


def _class(before: Class, after: Class, *, private: bool) -> Iterator[Detail]:
    yield from _parameters(before.fields, after.fields, What.FIELD)
    of_fields = before.fields == before.constructor.parameters or after.fields == after.constructor.parameters
    if not of_fields and not (before.constructor.opaque or after.constructor.opaque):
        yield from _parameters(before.constructor.parameters, after.constructor.parameters, What.PARAMETER)
    for name in sorted({*before.methods, *after.methods}):
        if name.startswith("_") and not private:
            continue
        old, new = before.methods.get(name), after.methods.get(name)
        if old is None or new is None:
            if not (before if old is None else after).opaque:
                yield Detail(How.ADDED if old is None else How.REMOVED, What.METHOD, name)
            continue
        for detail in (
            *_parameters(old.parameters, new.parameters, What.PARAMETER),
            *_flags(old, new, What.METHOD),
        ):
            label = f"{name}({detail.name})" if detail.name else name
            yield Detail(detail.how, detail.what, label, detail.before, detail.after)
    yield from _names(before.members, after.members, What.MEMBER)
    hidden = {f.name for f in (*before.fields, *after.fields)} | {*before.members, *after.members}
    if not (before.opaque or after.opaque):
        first, second = before.attributes - after.methods.keys(), after.attributes - before.methods.keys()
        yield from _names(
            [n for n in sorted(first - hidden) if private or not n.startswith("_")],
            [n for n in sorted(second - hidden) if private or not n.startswith("_")],
            What.ATTRIBUTE,
        )
    yield from _flags(before, after, What.CLASS)


def _names(before: Sequence[str], after: Sequence[str], what: What) -> Iterator[Detail]:
    for name in before:
        if name not in after:
            yield Detail(How.REMOVED, what, name)
    for name in after:
        if name not in before:
            yield Detail(How.ADDED, what, name)


def _parameters(before: Sequence[Parameter], after: Sequence[Parameter], what: What) -> Iterator[Detail]:
    first, second = {p.name: p for p in before}, {p.name: p for p in after}
    for name in first:
        if name not in second:
            yield Detail(How.REMOVED, what, name, before=described(first[name]))
    for name, p in second.items():
        if name not in first:
            yield Detail(How.ADDED, what, name, after=described(p))
        elif first[name] != p:
            yield Detail(How.CHANGED, what, name, described(first[name]), described(p))
    kept_before = [n for n in first if n in second and _by_place(first[n])]
    kept_after = [n for n in second if n in first and _by_place(second[n])]
    if kept_before != kept_after and {*kept_before} == {*kept_after}:
        yield Detail(
            How.CHANGED, what, "", "order " + ", ".join(kept_before), "order " + ", ".join(kept_after)
        )


def _by_place(p: Parameter) -> bool:
    return p.kind in (Kind.POSITIONAL_ONLY, Kind.POSITIONAL_OR_KEYWORD)


def described(p: Parameter) -> str:
    """A parameter as Python writes it: ``timeout_s: float = 3600`` (deprecated)."""
    stars = {Kind.VAR_POSITIONAL: "*", Kind.VAR_KEYWORD: "**"}.get(p.kind, "")
    text = stars + p.name
    if p.annotation:
        text += f": {p.annotation}"
    if p.default is not None:
        text += f" = {p.default}" if p.annotation else f"={p.default}"
    return text + (" (deprecated)" if p.deprecated else "")


def _with_moves(changes: list[Change], old: Surface, new: Surface) -> list[Change]:
    """Names that went here and came there, the same kind of thing: they moved."""
    added = {c.path for c in changes if c.how is How.ADDED and c.what in (What.CLASS, What.FUNCTION)}
    for module in (c for c in changes if c.how is How.ADDED and c.what is What.MODULE):
        added |= {f"{module.path}.{n}" for n in module.names}
    by_name: dict[str, list[str]] = {}
    for path in added:
        by_name.setdefault(path.rpartition(".")[2], []).append(path)
    result = []
    for change in changes:
        places = by_name.get(change.path.rpartition(".")[2], [])
        if change.how is How.REMOVED and change.what in (What.CLASS, What.FUNCTION) and len(places) == 1:
            first, second = old.locate(change.path), new.locate(places[0])
            if isinstance(first, tuple) and isinstance(second, tuple) and type(first[1]) is type(second[1]):
                result.append(
                    Change(How.MOVED, change.what, change.path, moved_to=places[0], names=change.names)
                )
                continue
        result.append(change)
    return result


def _without_echoes(changes: list[Change], old: Surface, new: Surface) -> list[Change]:
    """Without re-exports that come and go with what they lead to: that is told already."""
    told = {(c.how, c.path) for c in changes if c.what is not What.ALIAS}
    told |= {(How.REMOVED, c.path) for c in changes if c.how is How.MOVED}
    for module in (c for c in changes if c.what is What.MODULE):
        told |= {(module.how, f"{module.path}.{n}") for n in module.names}
    result = []
    for change in changes:
        if change.what is What.ALIAS and change.how is not How.MOVED:
            where = (old if change.how is How.REMOVED else new).canonical(change.path)
            if (change.how, where) in told:
                continue
        result.append(change)
    return result


def fingerprint(surface: Surface) -> str:
    """A digest of what a surface offers: equal for equal surfaces, whatever their names are."""
    import hashlib

    digest = hashlib.sha256()
    for name in sorted(surface.modules):
        if surface.covers(name):
            module = surface.modules[name]
            rows = {n: encode(s) for n, s in module.names.items()}
            exports = None if module.exports is None else sorted(module.exports)
            digest.update(compact([name, rows, exports, module.dynamic]).encode())
    return digest.hexdigest()[:16]
