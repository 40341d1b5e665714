"""Reads a surface from a folder of sources, without importing or running any of it.

Tolerant: a file that does not parse, a decorator or base class that cannot be followed, ``__getattr__``,
``import *`` from elsewhere all make the part they touch unknown, never an error.
"""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface.model import Alias, Class, Function, Kind, Module, Parameter, Surface, Symbol, Variable

#: Decorators that leave the signature of what they wrap as it is.
TRANSPARENT_DECORATORS = frozenset(
    [
        "staticmethod",
        "classmethod",
        "abstractmethod",
        "contextmanager",
        "asynccontextmanager",
        "cache",
        "lru_cache",
        "final",
        "override",
        "overload",
        "runtime_checkable",
        "total_ordering",
        "deprecated",
    ]
)
_PROPERTIES = frozenset({"property", "cached_property"})
_ENUM_BASES = frozenset({"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"})
#: Bases that add neither constructor parameters nor attributes a caller would use.
_PLAIN_BASES = frozenset({"object", "Protocol", "ABC", "Generic"})
_LONGEST_TEXT = 120


@dataclass
class _RawClass:
    node: ast.ClassDef
    bases: list[str | None]
    is_dataclass: bool
    keyword_only: bool
    opaque: bool


@dataclass
class _RawModule:
    name: str
    is_package: bool
    names: dict[str, Symbol | _RawClass] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    exports: list[str] | None = None
    dynamic: bool = False


def read_surface(
    folder: Path,
    packages: Sequence[str],
    *,
    name: str,
    leave_out: Sequence[str] = (),
    date: str | None = None,
    commit: str | None = None,
    tag: str | None = None,
    sdk_pin: str | None = None,
) -> Surface:
    """Read the dotted ``packages`` below ``folder`` (``training`` is ``folder/training``).

    ``leave_out`` are dotted subpackages that are not read and so stay unknown.

    Raises:
        FwdoctorError: none of the packages is there.
    """
    raw: dict[str, _RawModule] = {}
    for package in packages:
        root = folder.joinpath(*package.split("."))
        for module_name, path, is_package in _files(root, package, leave_out):
            raw[module_name] = _read_module(module_name, path, is_package)
    if not raw:
        wanted = " or ".join(str(folder.joinpath(*p.split("."))) for p in packages)
        raise FwdoctorError(f"{folder}: no Python package here; expected {wanted}")
    return Surface(
        name=name,
        modules=_resolve(raw),
        roots=tuple(packages),
        partial=tuple(leave_out),
        date=date,
        commit=commit,
        tag=tag,
        sdk_pin=sdk_pin,
    )


def _files(root: Path, package: str, leave_out: Sequence[str]) -> Iterator[tuple[str, Path, bool]]:
    if root.with_suffix(".py").is_file() and not root.is_dir():
        yield package, root.with_suffix(".py"), False
        return
    for directory, folders, files in os.walk(root):
        relative = Path(directory).relative_to(root).parts
        dotted = ".".join((package, *relative))
        folders[:] = sorted(
            f for f in folders if f.isidentifier() and f"{dotted}.{f}" not in leave_out and f != "__pycache__"
        )
        if dotted in leave_out:
            continue
        for file in sorted(files):
            stem, suffix = os.path.splitext(file)
            if suffix != ".py" or not stem.isidentifier():
                continue
            path = Path(directory, file)
            yield (dotted, path, True) if stem == "__init__" else (f"{dotted}.{stem}", path, False)


def _read_module(name: str, path: Path, is_package: bool) -> _RawModule:
    module = _RawModule(name, is_package)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
        module.dynamic = True
        return module
    _Reader(module).statements(tree.body)
    return module


class _Reader:
    """Collects the top-level names of one module."""

    def __init__(self, module: _RawModule) -> None:
        self.module = module
        self.transparent = set(TRANSPARENT_DECORATORS)

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        names = self.module.names
        match node:
            case ast.Import():
                for a in node.names:
                    names[a.asname or a.name.split(".")[0]] = Alias(
                        a.name if a.asname else a.name.split(".")[0]
                    )
            case ast.ImportFrom():
                self.import_from(node)
            case ast.ClassDef():
                names[node.name] = self.raw_class(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if node.name == "__getattr__":
                    self.module.dynamic = True
                if _gives_back_its_argument(node):
                    self.transparent.add(node.name)
                names[node.name] = function(node, method=False)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                self.assign(node)
            case ast.If() | ast.For() | ast.While():
                self.statements(node.body)
                self.statements(node.orelse)
            case ast.Try():
                # The body wins over the handlers: a fallback import must not hide the real one.
                self.statements(s for h in node.handlers for s in h.body)
                self.statements(node.body)
                self.statements(node.orelse)
                self.statements(node.finalbody)
            case ast.With():
                self.statements(node.body)
            case _:
                pass

    def import_from(self, node: ast.ImportFrom) -> None:
        source = self.absolute(node)
        for a in node.names:
            if a.name == "*":
                self.module.stars.append(source)
            else:
                self.module.names[a.asname or a.name] = Alias(f"{source}.{a.name}")

    def absolute(self, node: ast.ImportFrom) -> str:
        return absolute_import(
            node.module or "", node.level, self.module.name, is_package=self.module.is_package
        )

    def assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for name_node in ast.walk(target):
                if not isinstance(name_node, ast.Name):
                    continue
                if name_node.id == "__all__":
                    self.exports(node)
                elif isinstance(node.value, ast.Name) and target is name_node:
                    # X = Y: X lives where Y lives.
                    self.module.names[name_node.id] = Alias(f"{self.module.name}.{node.value.id}")
                else:
                    self.module.names.setdefault(name_node.id, Variable())
        if isinstance(node.value, ast.Call) and _last_name(node.value.func) in ("globals", "vars"):
            self.module.dynamic = True

    def exports(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        values: list[str] | None = None
        if isinstance(node.value, ast.List | ast.Tuple):
            values = [
                e.value for e in node.value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)
            ]
            if len(values) != len(node.value.elts):
                values = None
        if isinstance(node, ast.AugAssign):
            known = self.module.exports
            self.module.exports = None if known is None or values is None else known + values
        else:
            self.module.exports = values

    def raw_class(self, node: ast.ClassDef) -> _RawClass:
        is_dataclass, keyword_only, opaque = False, False, bool(node.keywords)
        for decorator in node.decorator_list:
            name = _last_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name == "dataclass":
                is_dataclass = True
                for k in decorator.keywords if isinstance(decorator, ast.Call) else []:
                    true = isinstance(k.value, ast.Constant) and k.value.value is True
                    keyword_only |= k.arg == "kw_only" and true
                    opaque |= k.arg == "init" and not true
            elif name not in self.transparent:
                opaque = True
        bases = [self.dotted(b.value if isinstance(b, ast.Subscript) else b) for b in node.bases]
        return _RawClass(node, bases, is_dataclass, keyword_only, opaque)

    def dotted(self, node: ast.expr) -> str | None:
        """The absolute dotted path that an expression in this module names, if it is a plain one."""
        node, attributes = split_attributes(node)
        if not isinstance(node, ast.Name):
            return None
        head = self.module.names.get(node.id)
        if isinstance(head, Alias):
            start = head.target
        elif head is not None:
            start = f"{self.module.name}.{node.id}"
        else:
            start = node.id
        return ".".join((start, *attributes))


def _gives_back_its_argument(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator returns the very class it gets, with no other signature than it had.

    The cookbook's TrainerConfig has such a one: it wraps ``__init__`` with ``functools.wraps`` to refuse
    removed arguments with a message of its own.
    """
    if len(node.args.args) != 1:
        return False
    own = node.args.args[0].arg
    wrapped = {
        s.name
        for s in node.body
        if isinstance(s, ast.FunctionDef)
        and any(isinstance(d, ast.Call) and _last_name(d.func) == "wraps" for d in s.decorator_list)
    }
    returns = [s.value for s in node.body if isinstance(s, ast.Return)]
    replaced = [
        s.value
        for s in node.body
        if isinstance(s, ast.Assign)
        and any(isinstance(t, ast.Attribute) and t.attr in ("__init__", "__new__") for t in s.targets)
    ]
    if not all(isinstance(value, ast.Name) and value.id in wrapped for value in replaced):
        return False
    return bool(returns) and all(isinstance(r, ast.Name) and r.id == own for r in returns)


def split_attributes(node: ast.expr) -> tuple[ast.expr, list[str]]:
    """``a.b.c`` as ``a`` and ``["b", "c"]``."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    return node, attributes


def absolute_import(module: str, level: int, importer: str, *, is_package: bool) -> str:
    """The absolute dotted name that ``from <level dots><module> import …`` in ``importer`` means."""
    if not level:
        return module
    parts = importer.split(".")
    base = parts[: len(parts) - level + (1 if is_package else 0)]
    return ".".join([*base, module] if module else base)


def function(node: ast.FunctionDef | ast.AsyncFunctionDef, *, method: bool) -> Function:
    """The signature of a ``def``; ``method`` drops the first parameter unless it is a staticmethod."""
    decorators = {_last_name(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
    parameters = _parameters(node.args)
    if (
        method
        and "staticmethod" not in decorators
        and parameters
        and parameters[0].kind
        in (
            Kind.POSITIONAL_ONLY,
            Kind.POSITIONAL_OR_KEYWORD,
        )
    ):
        parameters = parameters[1:]
    return Function(tuple(parameters), opaque=not decorators <= TRANSPARENT_DECORATORS)


def _parameters(args: ast.arguments) -> list[Parameter]:
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults))
    defaults += args.defaults
    result = [
        Parameter(
            a.arg,
            Kind.POSITIONAL_ONLY if i < len(args.posonlyargs) else Kind.POSITIONAL_OR_KEYWORD,
            _text(d),
            _text(a.annotation),
        )
        for i, (a, d) in enumerate(zip(positional, defaults, strict=True))
    ]
    if args.vararg:
        result.append(Parameter(args.vararg.arg, Kind.VAR_POSITIONAL, None, _text(args.vararg.annotation)))
    for a, kw_default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        result.append(Parameter(a.arg, Kind.KEYWORD_ONLY, _text(kw_default), _text(a.annotation)))
    if args.kwarg:
        result.append(Parameter(args.kwarg.arg, Kind.VAR_KEYWORD, None, _text(args.kwarg.annotation)))
    return result


def _text(node: ast.expr | None) -> str | None:
    if node is None:
        return None
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST_TEXT else "..."


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


# --- second pass: names that live elsewhere, and what classes inherit ---------------------------------


def _resolve(raw: dict[str, _RawModule]) -> dict[str, Module]:
    _spread_stars(raw)
    builder = _Builder(raw)
    modules = {}
    for name, module in raw.items():
        names = {
            n: builder.class_(f"{name}.{n}", s) if isinstance(s, _RawClass) else s
            for n, s in module.names.items()
        }
        exports = None if module.exports is None else tuple(module.exports)
        modules[name] = Module(names, exports, module.dynamic)
    return modules


def _spread_stars(raw: Mapping[str, _RawModule]) -> None:
    for _ in range(len(raw)):
        changed = False
        for module in raw.values():
            for source in module.stars:
                origin = raw.get(source)
                if origin is None:
                    module.dynamic = True
                    continue
                public = origin.exports or [n for n in origin.names if not n.startswith("_")]
                for n in public:
                    if n not in module.names:
                        module.names[n] = Alias(f"{source}.{n}")
                        changed = True
        if not changed:
            return


class _Builder:
    """Turns raw classes into classes, bases first."""

    def __init__(self, raw: Mapping[str, _RawModule]) -> None:
        self.raw = raw
        self.done: dict[str, Class] = {}
        self.busy: set[str] = set()

    def locate(self, path: str | None, depth: int = 0) -> tuple[str, _RawClass] | None:
        if path is None or depth > 20 or "." not in path:
            return None
        module_name, _, name = path.rpartition(".")
        module = self.raw.get(module_name)
        found = module.names.get(name) if module else None
        if isinstance(found, Alias):
            return self.locate(found.target, depth + 1)
        return (path, found) if isinstance(found, _RawClass) else None

    def class_(self, path: str, raw: _RawClass) -> Class:
        if path in self.done:
            return self.done[path]
        if path in self.busy:  # a class that is its own base: broken code, but code
            return Class(Function((), opaque=True), opaque=True)
        self.busy.add(path)
        bases: list[Class] = []
        known, enum = True, False
        for base in raw.bases:
            found = self.locate(base)
            last = (base or "").rpartition(".")[2]
            if found:
                bases.append(self.class_(*found))
                enum |= bool(bases[-1].members)
            elif last in _ENUM_BASES:
                enum = True
            elif last not in _PLAIN_BASES:
                known = False
        built = self.build(raw, bases, known=known, enum=enum)
        self.done[path] = built
        self.busy.discard(path)
        return built

    def build(self, raw: _RawClass, bases: list[Class], *, known: bool, enum: bool) -> Class:
        body = _ClassBody(raw, enum=enum)
        opaque = not known or body.dynamic or any(b.opaque for b in bases)
        fields = _merge_fields([f for b in reversed(bases) for f in b.fields], body.fields)
        named_tuple = any((b or "").endswith("NamedTuple") for b in raw.bases)
        if body.init is not None:
            constructor = body.init
        elif raw.opaque or enum or body.new:
            constructor = Function((), opaque=True)
        elif named_tuple:
            constructor = Function(tuple(body.annotated))
        elif raw.is_dataclass and not opaque:
            constructor = Function(tuple(_constructor_order(fields)))
        elif not known:
            constructor = Function((), opaque=True)
        else:
            constructor = next((b.constructor for b in bases), Function(()))
        methods = {n: m for b in reversed(bases) for n, m in b.methods.items()} | body.methods
        attributes = frozenset().union(body.attributes, *(b.attributes for b in bases))
        return Class(
            constructor=constructor,
            fields=tuple(fields) if raw.is_dataclass else tuple(body.annotated) if named_tuple else (),
            methods=methods,
            attributes=attributes - methods.keys(),
            members=tuple(body.members),
            bases=tuple(b for b in raw.bases if b),
            deprecated=body.deprecated,
            opaque=opaque,
        )


class _ClassBody:
    """What the statements of one class body say."""

    def __init__(self, raw: _RawClass, *, enum: bool) -> None:
        self.fields: list[Parameter] = []
        self.annotated: list[Parameter] = []
        self.methods: dict[str, Function] = {}
        self.attributes: set[str] = set()
        self.members: list[str] = []
        self.init: Function | None = None
        self.new = self.dynamic = False
        self.deprecated = ".. deprecated" in (ast.get_docstring(raw.node) or "").lower()
        keyword_only = raw.keyword_only
        for node in raw.node.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if raw.is_dataclass and _text(node.annotation) in ("KW_ONLY", "dataclasses.KW_ONLY"):
                    keyword_only = True
                    continue
                self.annotation(node, node.target.id, keyword_only=keyword_only)
            elif isinstance(node, ast.Assign):
                names = [t.id for t in node.targets if isinstance(t, ast.Name)]
                self.attributes.update(names)
                if enum:
                    self.members += [n for n in names if not n.startswith("_")]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.method(node)
            elif isinstance(node, ast.ClassDef):
                self.attributes.add(node.name)
            elif isinstance(node, ast.If | ast.Try | ast.With | ast.For):
                self.dynamic = True

    def annotation(self, node: ast.AnnAssign, name: str, *, keyword_only: bool) -> None:
        annotation = _text(node.annotation) or ""
        self.attributes.add(name)
        if "ClassVar" in annotation:
            return
        default, in_init, kw = _field_default(node.value)
        kind = Kind.KEYWORD_ONLY if (keyword_only if kw is None else kw) else Kind.POSITIONAL_OR_KEYWORD
        parameter = Parameter(name, kind, default, annotation)
        self.annotated.append(parameter)
        if in_init:
            self.fields.append(parameter)

    def method(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = {_last_name(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
        if node.name in ("__getattr__", "__getattribute__"):
            self.dynamic = True
        self.new |= node.name == "__new__"
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                self.attributes.add(inner.attr)
            elif (
                node.name in ("__init__", "__post_init__")
                and isinstance(inner, ast.Name)
                and inner.id in ("DeprecationWarning", "FutureWarning")
                and self._only_statement_kind(node)
            ):
                self.deprecated = True
        if decorators & _PROPERTIES or "setter" in decorators:
            self.attributes.add(node.name)
        elif node.name == "__init__":
            self.init = function(node, method=True)
        else:
            self.methods[node.name] = function(node, method=True)

    @staticmethod
    def _only_statement_kind(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Whether the warning is raised unconditionally: a warning inside ``if`` is about one argument."""
        return any(isinstance(s, ast.Expr) and "warn" in ast.unparse(s.value)[:20] for s in node.body)


def _field_default(value: ast.expr | None) -> tuple[str | None, bool, bool | None]:
    """Default text, whether the field is in ``__init__``, and its own ``kw_only`` if it says so."""
    if not (isinstance(value, ast.Call) and _last_name(value.func) == "field"):
        return _text(value), True, None
    default, in_init, kw = None, True, None
    for k in value.keywords:
        if k.arg == "default":
            default = _text(k.value)
        elif k.arg == "default_factory":
            factory = _text(k.value) or ""
            default = f"{factory}()" if factory.replace(".", "").isidentifier() else "..."
        elif k.arg == "init" and isinstance(k.value, ast.Constant):
            in_init = bool(k.value.value)
        elif k.arg == "kw_only" and isinstance(k.value, ast.Constant):
            kw = bool(k.value.value)
    return default, in_init, kw


def _merge_fields(inherited: list[Parameter], own: list[Parameter]) -> list[Parameter]:
    """Dataclass order: a field that is declared again keeps the place of the first declaration."""
    merged = {f.name: f for f in inherited}
    for f in own:
        merged[f.name] = f
    return list(merged.values())


def _constructor_order(fields: list[Parameter]) -> list[Parameter]:
    return sorted(fields, key=lambda f: f.kind is Kind.KEYWORD_ONLY)
