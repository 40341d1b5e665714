"""The surface of one version: modules, names, classes with their fields, functions with parameters.

A surface answers three ways: the symbol, :data:`MISSING` (this version certainly has no such name), or
:data:`UNKNOWN` (it cannot be told from the source). Unknown is never reported as wrong.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from functools import cached_property

from fwdoctor.lean_dataclass import dataclass


class Kind(enum.StrEnum):
    """How an argument may be passed; the names are those of ``inspect.Parameter.kind``."""

    POSITIONAL_ONLY = "positional_only"
    POSITIONAL_OR_KEYWORD = "positional_or_keyword"
    VAR_POSITIONAL = "var_positional"
    KEYWORD_ONLY = "keyword_only"
    VAR_KEYWORD = "var_keyword"


class Absent(enum.Enum):
    """Why there is no symbol."""

    MISSING = "missing"
    UNKNOWN = "unknown"


#: How many re-exports are followed, one after the other.
MOST_ALIASES = 20

MISSING = Absent.MISSING
UNKNOWN = Absent.UNKNOWN


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter or dataclass field.

    ``default`` is its source text, None where there is none. ``deprecated``: the string below the field
    says so, or a warning that is raised when it is passed.
    """

    name: str
    kind: Kind = Kind.POSITIONAL_OR_KEYWORD
    default: str | None = None
    annotation: str | None = None
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function, method or constructor. ``self`` and ``cls`` are left out.

    ``deprecated``: its docstring, a decorator or a warning that every call raises says so.
    """

    parameters: tuple[Parameter, ...]
    #: a decorator or the like changes the signature in a way that the source does not show
    opaque: bool = False
    deprecated: bool = False

    def parameter(self, name: str) -> Parameter | None:
        """The parameter that a keyword argument ``name`` reaches, or None (``**kwargs`` not counted)."""
        for p in self.parameters:
            if p.name == name and p.kind in (Kind.POSITIONAL_OR_KEYWORD, Kind.KEYWORD_ONLY):
                return p
        return None

    def accepts_keyword(self, name: str) -> bool:
        """Whether a call may pass ``name=``; True where that cannot be told."""
        return (
            self.opaque
            or self.parameter(name) is not None
            or any(p.kind is Kind.VAR_KEYWORD for p in self.parameters)
        )

    @property
    def positional(self) -> tuple[Parameter, ...]:
        """The parameters that positional arguments fill, in order."""
        return tuple(
            p for p in self.parameters if p.kind in (Kind.POSITIONAL_ONLY, Kind.POSITIONAL_OR_KEYWORD)
        )

    def missing(self, positional: int, given: Collection[str]) -> tuple[str, ...]:
        """The parameters that a call must pass and does not: so many positional arguments, these keywords."""
        filled = {p.name for p in self.positional[:positional]}
        return tuple(
            p.name
            for p in self.parameters
            if p.default is None
            and p.kind not in (Kind.VAR_POSITIONAL, Kind.VAR_KEYWORD)
            and p.name not in filled
            and p.name not in given
        )

    @property
    def accepts_any_positional(self) -> bool:
        """Whether surplus positional arguments are accepted; True where that cannot be told."""
        return self.opaque or any(p.kind is Kind.VAR_POSITIONAL for p in self.parameters)


@dataclass(frozen=True, slots=True)
class Class:
    """A class: how it is called, its methods, and the names of its other attributes.

    ``constructor`` is opaque where a base class is not in the surface. ``fields`` are the dataclass
    fields in order; ``members`` the members of an enum. ``deprecated``: its docstring or a warning in
    ``__post_init__`` says so.
    """

    constructor: Function
    fields: tuple[Parameter, ...] = ()
    methods: Mapping[str, Function] = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    members: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    deprecated: bool = False
    #: attributes may exist that the source does not show
    opaque: bool = False

    def field_named(self, name: str) -> Parameter | None:
        """The dataclass field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that lives elsewhere: the full dotted path of where."""

    target: str


#: A name that lives outside of the surface, wherever that is.
IMPORTED = Alias("")


@dataclass(frozen=True, slots=True)
class Variable:
    """A module-level name that is neither class nor function."""


Symbol = Class | Function | Alias | Variable


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its public and private top-level names, and what ``import *`` brings."""

    names: Mapping[str, Symbol]
    exports: tuple[str, ...] | None = None
    #: ``__getattr__``, ``import *`` from an unknown place, ``globals()``: more names may exist
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is no Python: half-written, or too new for the Python that reads it."""

    module: str
    path: str
    line: int | None
    reason: str


@dataclass(frozen=True)
class Surface:
    """What one version offers.

    ``roots`` are the dotted packages that were read; a name outside them is :data:`UNKNOWN`. ``partial``
    are packages below a root that were left out on purpose (examples, tests) and are unknown, too.
    """

    name: str
    modules: Mapping[str, Module]
    roots: tuple[str, ...]
    partial: tuple[str, ...] = ()
    #: modules whose source could not be parsed, and why; what they offer is unknown
    unreadable: tuple[Unreadable, ...] = ()

    _located: dict[str, tuple[str, Symbol | Module] | Absent] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def _packages(self) -> frozenset[str]:
        return frozenset(p for name in self.modules for p in _prefixes(name))

    def is_package(self, module: str) -> bool:
        """Whether there are modules below this one."""
        return module in self._parents

    @cached_property
    def _parents(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[0] for name in self.modules)

    def covers(self, path: str) -> bool:
        """Whether this surface can say anything about the dotted ``path``."""
        return any(_within(path, r) for r in self.roots) and not any(_within(path, p) for p in self.partial)

    def locate(self, path: str) -> tuple[str, Symbol | Module] | Absent:
        """Follow ``path`` through re-exports: the canonical dotted path and what stands there.

        ``training.utils.TrainerConfig`` gives ``("training.utils.config.TrainerConfig", Class(…))``.
        """
        if path not in self._located:
            self._located[path] = self._locate(path, 0)
        return self._located[path]

    def _locate(self, path: str, depth: int) -> tuple[str, Symbol | Module] | Absent:
        if depth > MOST_ALIASES or not self.covers(path):
            return UNKNOWN
        if path in self.modules:
            return path, self.modules[path]
        head, rest = self._module_prefix(path)
        if head is None:
            return self._below_namespace("", rest)
        module = self.modules[head]
        name = rest[0]
        symbol = module.names.get(name)
        if symbol is None:
            if module.dynamic or (name.startswith("__") and name.endswith("__")):
                return UNKNOWN  # __file__ and the like: every module has them
            return self._below_namespace(f"{head}.", rest)
        if isinstance(symbol, Alias):
            return self._locate(".".join((symbol.target, *rest[1:])), depth + 1)
        here = f"{head}.{name}"
        if len(rest) == 1:
            return here, symbol
        return self._member(here, symbol, rest[1:])

    def _below_namespace(self, start: str, rest: list[str]) -> Absent:
        """Of a package without ``__init__``, only modules are known, and these all."""
        for i, name in enumerate(rest):
            path = start + ".".join(rest[: i + 1])
            if not self.covers(path):
                return UNKNOWN
            if path not in self._packages:
                # A private module may be left out of what is stored.
                return UNKNOWN if i and name.startswith("_") else MISSING
        return UNKNOWN

    def _member(self, here: str, symbol: Symbol, rest: list[str]) -> tuple[str, Symbol | Module] | Absent:
        if not isinstance(symbol, Class) or len(rest) > 1:
            return UNKNOWN
        name = rest[0]
        if name in symbol.methods:
            return f"{here}.{name}", symbol.methods[name]
        if name in symbol.members or name in symbol.attributes or symbol.field_named(name):
            return f"{here}.{name}", Variable()
        return UNKNOWN if symbol.opaque else MISSING

    def _module_prefix(self, path: str) -> tuple[str | None, list[str]]:
        parts = path.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            head = ".".join(parts[:cut])
            if head in self.modules:
                return head, parts[cut:]
        return None, parts

    def canonical(self, path: str) -> str | None:
        """Where ``path`` really lives, or None if it is missing or unknown."""
        found = self.locate(path)
        return None if isinstance(found, Absent) else found[0]

    def class_at(self, path: str) -> Class | None:
        """The class at ``path``, or None."""
        found = self.locate(path)
        return found[1] if isinstance(found, tuple) and isinstance(found[1], Class) else None

    def signature(self, path: str) -> Function | None:
        """How ``path`` is called: a function's parameters or a class's constructor; None if not known."""
        found = self.locate(path)
        return None if isinstance(found, Absent) else signature_of(found[1])


def signature_of(symbol: Symbol | Module) -> Function | None:
    """How a symbol is called; None if it cannot be."""
    if isinstance(symbol, Class):
        return symbol.constructor
    return symbol if isinstance(symbol, Function) else None


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    for cut in range(1, len(parts) + 1):
        yield ".".join(parts[:cut])


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root + ".")
