"""Modules as they were parsed → a surface's modules: what depends on other modules than one's own.

``import *`` is spread, lazy names are followed, and classes get what their bases give them.
"""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Mapping

from fwdoctor.surface.model import Alias, Class, Function, Kind, Module, Parameter, Symbol, Variable
from fwdoctor.surface.parse import Decorators, RawClass, RawModule

_ENUM_BASES = frozenset({"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"})
#: Bases that add neither constructor parameters nor attributes a caller would use.
_PLAIN_BASES = frozenset({"object", "Protocol", "ABC", "Generic"})
_PYDANTIC_MODELS = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel"})
_EXCEPTIONS = frozenset(
    n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, BaseException)
)
_ANYTHING = (Parameter("args", Kind.VAR_POSITIONAL),)


def resolve(raw: Mapping[str, RawModule]) -> dict[str, Module]:
    """Build the modules of a surface. ``raw`` is left as it is: it may serve for other versions, too."""
    names, dynamic = _all_names(raw)
    builder = _Builder(raw, names)
    modules = {}
    for name, module in raw.items():
        symbols: dict[str, Symbol] = {}
        for n, symbol in names[name].items():
            if isinstance(symbol, RawClass):
                symbols[n] = builder.class_(f"{name}.{n}", symbol)
            elif isinstance(symbol, Function) and n in module.decorated:
                symbols[n] = builder.undecorated(symbol, module.decorated[n])
            else:
                symbols[n] = symbol
        exports = None if module.exports is None else tuple(module.exports)
        modules[name] = Module(symbols, exports, name in dynamic)
    return modules


Names = dict[str, dict[str, "Symbol | RawClass"]]


def _all_names(raw: Mapping[str, RawModule]) -> tuple[Names, set[str]]:
    """Every module's names, with what ``import *`` and ``__getattr__`` bring; and the modules with more."""
    names: Names = {n: dict(m.names) for n, m in raw.items()}
    dynamic = {n for n, m in raw.items() if m.dynamic}
    for name, module in raw.items():
        for lazy, path in module.lazy.items():
            # A table may name modules as from the package itself.
            places = (p for p in (path, f"{name}.{path}") if p.rpartition(".")[0] in raw)
            if path and (place := next(places, None)) is not None:
                names[name].setdefault(lazy, Alias(place))
            elif f"{name}.{lazy}" not in raw:
                names[name].setdefault(lazy, Alias(path) if "." in path else Variable())
    starred = [m for m in raw.values() if m.stars]
    for _ in range(len(starred)):
        changed = False
        for module in starred:
            for source in module.stars:
                origin = raw.get(source)
                if origin is None:
                    dynamic.add(module.name)
                    continue
                public = origin.exports or [n for n in names[source] if not n.startswith("_")]
                for n in public:
                    if n not in names[module.name]:
                        names[module.name][n] = Alias(f"{source}.{n}")
                        changed = True
        if not changed:
            break
    return names, dynamic


class _Builder:
    """Turns raw classes into classes, bases first."""

    def __init__(self, raw: Mapping[str, RawModule], names: Names) -> None:
        self.raw = raw
        self.names = names
        self.done: dict[str, Class] = {}
        self.busy: set[str] = set()
        #: pydantic models, and what they do with surplus arguments
        self.models: dict[str, str | None] = {}

    def locate(self, path: str | None, depth: int = 0) -> tuple[str, RawClass] | None:
        if path is None or depth > 20 or "." not in path:
            return None
        module_name, _, name = path.rpartition(".")
        found = self.names.get(module_name, {}).get(name)
        if isinstance(found, Alias):
            return self.locate(found.target, depth + 1)
        return (path, found) if isinstance(found, RawClass) else None

    def undecorated(self, function: Function, decorators: Decorators) -> Function:
        """The function as callers see it, if its decorators are ours and leave signatures as they are."""
        if all(self.is_transparent(d) for d in decorators):
            return dataclasses.replace(function, opaque=False)
        return function

    def is_transparent(self, path: str | None, depth: int = 0) -> bool:
        if path is None or depth > 20:
            return False
        module, _, name = path.rpartition(".")
        found = self.names.get(module, {}).get(name)
        if isinstance(found, Alias):
            return self.is_transparent(found.target, depth + 1)
        return module in self.raw and name in self.raw[module].transparent

    def methods(self, raw: RawClass) -> dict[str, Function]:
        """A class's own methods."""
        decorated = raw.decorated
        return {n: self.undecorated(m, decorated[n]) if n in decorated else m for n, m in raw.methods.items()}

    def class_(self, path: str, raw: RawClass) -> Class:
        if path in self.done:
            return self.done[path]
        if path in self.busy:  # a class that is its own base: broken code, but code
            return Class(Function((), opaque=True), opaque=True)
        self.busy.add(path)
        bases: list[Class] = []
        known, enum, exception = True, False, False
        model = False
        extra = raw.extra
        for base in raw.bases:
            found = self.locate(base)
            last = (base or "").rpartition(".")[2]
            if found:
                bases.append(self.class_(*found))
                enum |= bool(bases[-1].members)
                if found[0] in self.models:
                    model, extra = True, extra or self.models[found[0]]
            elif last in _ENUM_BASES:
                enum = True
            elif base in _PYDANTIC_MODELS:
                model = True
            elif base in _EXCEPTIONS:
                exception = True
            elif last not in _PLAIN_BASES:
                known = False
        if model:
            self.models[path] = extra
            built = _model(raw, bases, extra)
        else:
            built = _build(raw, bases, known=known, enum=enum, exception=exception)
        if raw.decorated:
            built = dataclasses.replace(built, methods={**built.methods, **self.methods(raw)})
        self.done[path] = built
        self.busy.discard(path)
        return built


def _build(raw: RawClass, bases: list[Class], *, known: bool, enum: bool, exception: bool) -> Class:
    opaque = not known or raw.dynamic or exception or any(b.opaque for b in bases)
    inherited = [f for b in reversed(bases) for f in b.fields]
    own = [p for p in raw.annotated if p.name not in raw.init_only] if raw.is_dataclass else []
    named_tuple = any((b or "").endswith("NamedTuple") for b in raw.bases)
    if raw.init is not None:
        constructor = raw.init
    elif raw.opaque or enum or raw.has_new or _is_protocol(raw):
        constructor = Function((), opaque=True)
    elif named_tuple:
        constructor = Function(tuple(raw.annotated))
    elif raw.is_dataclass and known and not any(b.opaque for b in bases):
        given = [p for b in reversed(bases) for p in b.constructor.parameters]
        given = _merge(given, [p for p in raw.annotated if p.name not in raw.not_in_init])
        constructor = Function(tuple(sorted(given, key=lambda f: f.kind is Kind.KEYWORD_ONLY)))
    elif not known or (exception and raw.bases[1:]):
        constructor = Function((), opaque=True)
    else:
        # A mixin without a constructor leaves it to the base behind it.
        telling = (b.constructor for b in bases if b.constructor.opaque or b.constructor.parameters)
        constructor = next(telling, Function(_ANYTHING if exception else ()))
    annotated = tuple(raw.annotated) if named_tuple else ()
    return Class(
        constructor=constructor,
        fields=tuple(_merge(inherited, own)) or annotated,
        methods={n: m for b in reversed(bases) for n, m in b.methods.items()} | raw.methods,
        attributes=_attributes(raw, bases),
        members=_members(raw) if enum else (),
        bases=tuple(b for b in raw.bases if b),
        deprecated=raw.deprecated,
        opaque=opaque,
    )


def _attributes(raw: RawClass, bases: list[Class]) -> frozenset[str]:
    annotated = {p.name for p in raw.annotated}
    inherited = (b.attributes for b in bases)
    return (frozenset(raw.attributes).union(annotated, *inherited)) - raw.methods.keys()


def _is_protocol(raw: RawClass) -> bool:
    return any((b or "").rpartition(".")[2] == "Protocol" for b in raw.bases)


def _members(raw: RawClass) -> tuple[str, ...]:
    return tuple(n for n in raw.assigned if not n.startswith("_"))


def _model(raw: RawClass, bases: list[Class], extra: str | None) -> Class:
    """A pydantic model: it takes its fields by keyword, and swallows others unless told not to."""
    hidden = {p.name for p in raw.annotated if p.name.startswith("_") or p.name == "model_config"}
    own = [
        Parameter(p.name, Kind.KEYWORD_ONLY, p.default, p.annotation, p.deprecated)
        for p in raw.annotated
        if p.name not in hidden
    ]
    fields = _merge([f for b in reversed(bases) for f in b.fields], own)
    strict = extra == "forbid" and not raw.aliased and not raw.opaque
    constructor = raw.init or Function(tuple(fields), opaque=not strict)
    return Class(
        constructor=constructor,
        fields=tuple(fields),
        methods={n: m for b in reversed(bases) for n, m in b.methods.items()} | raw.methods,
        attributes=_attributes(raw, bases),
        bases=tuple(b for b in raw.bases if b),
        deprecated=raw.deprecated,
        opaque=True,  # what pydantic adds
    )


def _merge(inherited: list[Parameter], own: list[Parameter]) -> list[Parameter]:
    """Dataclass order: a field that is declared again keeps the place of the first declaration."""
    merged = {f.name: f for f in inherited}
    for f in own:
        merged[f.name] = f
    return list(merged.values())
