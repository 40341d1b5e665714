"""One module's source → what it defines, as far as this one file tells: the first half of reading a surface.

Nothing is imported or run. What a file cannot tell (a decorator that is not known, ``globals()``) is
remembered as unknown. The second half, what depends on other modules, is :mod:`fwdoctor.surface.resolve`.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import field

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.model import Alias, Function, Kind, Parameter, Symbol, Unreadable, Variable

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
        "field_validator",
        "model_validator",
    ]
)
_PROPERTIES = frozenset({"property", "cached_property"})
_DEPRECATION_WARNINGS = frozenset({"DeprecationWarning", "FutureWarning", "PendingDeprecationWarning"})
#: "Deprecated. Use …", "**Deprecated.** …", "DEPRECATED and ignored", or Sphinx's directive on its own line.
_SAYS_DEPRECATED = re.compile(r"\A\W*deprecated\b|^\s*\.\.\s+deprecated::", re.IGNORECASE | re.MULTILINE)
_LONGEST_TEXT = 120
#: What a module's ``__getattr__`` may use and still offer no more names than its table lists.
_LAZY_WORDS = frozenset(
    {*dir(builtins), "__all__", "__package__", "Any", "ModuleType", "import_module", "importlib", "sys"}
)


#: Dotted paths of decorators, None where they cannot be told.
Decorators = tuple[str | None, ...]


@dataclass(slots=True)
class RawModule:
    """What one file says. ``lazy`` are names that ``__getattr__`` brings, and the paths where they live."""

    name: str
    is_package: bool
    names: dict[str, Symbol | RawClass] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    exports: list[str] | None = None
    dynamic: bool = False
    lazy: dict[str, str] = field(default_factory=dict)
    #: its own functions that, as decorators, leave signatures as they are
    transparent: set[str] = field(default_factory=set)
    #: functions under decorators from elsewhere, and the paths of these
    decorated: dict[str, Decorators] = field(default_factory=dict)
    unreadable: Unreadable | None = None


@dataclass(slots=True)
class RawClass:
    """A class before its bases are known. ``bases`` are dotted paths, None where they cannot be told."""

    bases: list[str | None]
    is_dataclass: bool
    opaque: bool
    #: dataclass fields, or the annotated names of any other class, in order
    annotated: list[Parameter] = field(default_factory=list)
    #: those of ``annotated`` that the generated constructor takes, and those that are no field but an InitVar
    not_in_init: set[str] = field(default_factory=set)
    init_only: set[str] = field(default_factory=set)
    methods: dict[str, Function] = field(default_factory=dict)
    decorated: dict[str, Decorators] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    #: names assigned in the body, in order: the members, if it is an enum
    assigned: list[str] = field(default_factory=list)
    init: Function | None = None
    has_new: bool = False
    dynamic: bool = False
    deprecated: bool = False
    #: what a pydantic model's ``model_config`` says about surplus arguments
    extra: str | None = None
    #: fields whose arguments have another name (pydantic's alias)
    aliased: bool = False


def parse_module(name: str, source: bytes, path: str, *, is_package: bool) -> RawModule:
    """What the file says; a file that is no Python has only unknown names, and says why."""
    module = RawModule(name, is_package)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        module.dynamic = True
        line = error.lineno if isinstance(error, SyntaxError) else None
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        module.unreadable = Unreadable(name, path, line, reason)
        return module
    reader = _ModuleReader(module)
    reader.statements(tree.body)
    reader.finish()
    return module


class _ModuleReader:
    """Collects the top-level names of one module."""

    def __init__(self, module: RawModule) -> None:
        self.module = module
        #: module-level tables of strings: name → (attribute → path)
        self.tables: dict[str, dict[str, str]] = {}
        self.lists: dict[str, list[str]] = {}
        self.getattr: ast.FunctionDef | None = None

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        names = self.module.names
        match node:
            case ast.Import():
                for a in node.names:
                    first = a.name.split(".")[0]
                    names[a.asname or first] = Alias(a.name if a.asname else first)
            case ast.ImportFrom():
                self.import_from(node)
            case ast.ClassDef():
                names[node.name] = self.raw_class(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if node.name == "__getattr__" and isinstance(node, ast.FunctionDef):
                    self.getattr = node
                if _is_transparent(node):
                    self.module.transparent.add(node.name)
                self.decorators(node, self.module.decorated)
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

    def finish(self) -> None:
        """Judge ``__getattr__`` when all tables are known."""
        if self.getattr is None:
            return
        named = [n for n in ast.walk(self.getattr) if isinstance(n, ast.Name)]
        used = {n.id for n in named}
        tables = used & self.tables.keys()
        for table in sorted(tables):
            self.module.lazy |= self.tables[table]
        own = {
            n.id for n in ast.walk(self.getattr) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        own |= {a.arg for a in self.getattr.args.args}
        if "__all__" in used and not tables:
            self.module.lazy |= dict.fromkeys(self.module.exports or (), "")
        closed = used <= own | tables | self.lists.keys() | _LAZY_WORDS
        known = bool(tables) or ("__all__" in used and self.module.exports is not None)
        if not (closed and known):
            self.module.dynamic = True
            return
        for text in (n.value for n in ast.walk(self.getattr) if isinstance(n, ast.Constant)):
            if isinstance(text, str) and text.isidentifier():
                self.module.lazy.setdefault(text, "")  # if name == "types": …

    def decorators(self, node: ast.FunctionDef | ast.AsyncFunctionDef, into: dict[str, Decorators]) -> None:
        """Note the decorators that are not known by their names alone."""
        into.pop(node.name, None)
        if not _decorators(node) <= TRANSPARENT_DECORATORS:
            into[node.name] = tuple(
                self.dotted(d)
                for d in node.decorator_list
                if last_name(d.func if isinstance(d, ast.Call) else d) not in TRANSPARENT_DECORATORS
            )

    def import_from(self, node: ast.ImportFrom) -> None:
        source = absolute_import(
            node.module or "", node.level, self.module.name, is_package=self.module.is_package
        )
        for a in node.names:
            if a.name == "*":
                self.module.stars.append(source)
            else:
                self.module.names[a.asname or a.name] = Alias(f"{source}.{a.name}")

    def assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for name_node in _names_in(target):
                if name_node.id == "__all__":
                    self.exports(node)
                elif isinstance(node.value, ast.Name) and target is name_node:
                    # X = Y: X lives where Y lives.
                    self.module.names[name_node.id] = Alias(f"{self.module.name}.{node.value.id}")
                else:
                    self.module.names.setdefault(name_node.id, Variable())
                    if target is name_node and node.value is not None:
                        self.table(name_node.id, node.value)
        if isinstance(node.value, ast.Call) and last_name(node.value.func) in ("globals", "vars"):
            self.module.dynamic = True

    def table(self, name: str, value: ast.expr) -> None:
        """Remember ``{"Name": ("package.module", "Name")}`` and lists of strings: lazy modules use them."""
        if isinstance(value, ast.Dict) and value.keys:
            rows = {}
            for key, row in zip(value.keys, value.values, strict=True):
                if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                    return
                path = self.path(row, key.value)
                if path is None:
                    return
                rows[key.value] = path
            self.tables[name] = rows
        elif (strings := self.strings(value)) is not None:
            self.lists[name] = strings

    def path(self, row: ast.expr, key: str) -> str | None:
        """``("package.module", "Name")``, ``"package.module:Name"`` or ``".module"`` as a dotted path."""
        if isinstance(row, ast.Tuple | ast.List) and len(row.elts) == 2:
            parts = [e.value for e in row.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
        elif isinstance(row, ast.Constant) and isinstance(row.value, str):
            parts = row.value.split(":") if ":" in row.value else [row.value, key]
        else:
            return None
        if len(parts) != 2:
            return None
        module, name = parts
        level = len(module) - len(module.lstrip("."))
        module = absolute_import(module[level:], level, self.module.name, is_package=self.module.is_package)
        dotted = f"{module}.{name}"
        return dotted if all(p.isidentifier() for p in dotted.split(".")) else None

    def exports(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        values = None if node.value is None else self.strings(node.value)
        if isinstance(node, ast.AugAssign):
            known = self.module.exports
            self.module.exports = None if known is None or values is None else known + values
        else:
            self.module.exports = values

    def strings(self, node: ast.expr) -> list[str] | None:
        """The strings of a list that is written out, or put together from such lists and tables."""
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                result: list[str] = []
                for element in elements:
                    if isinstance(element, ast.Constant) and isinstance(element.value, str):
                        result.append(element.value)
                    elif (
                        isinstance(element, ast.Starred) and (more := self.strings(element.value)) is not None
                    ):
                        result += more
                    else:
                        return None
                return result
            case ast.Call(func=ast.Name(id="sorted" | "list" | "tuple" | "set"), args=[inner], keywords=[]):
                return self.strings(inner)
            case ast.Call(func=ast.Attribute(value=inner, attr="keys"), args=[]):
                return self.strings(inner)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                first, second = self.strings(left), self.strings(right)
                return None if first is None or second is None else first + second
            case ast.Name(id=name):
                if name == "__all__":
                    return self.module.exports
                table = self.tables.get(name)
                return list(table) if table is not None else self.lists.get(name)
            case _:
                return None

    def raw_class(self, node: ast.ClassDef) -> RawClass:
        is_dataclass, keyword_only, opaque = False, False, bool(node.keywords)
        for decorator in node.decorator_list:
            name = last_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name == "dataclass":
                is_dataclass = True
                for k in decorator.keywords if isinstance(decorator, ast.Call) else []:
                    true = isinstance(k.value, ast.Constant) and k.value.value is True
                    keyword_only |= k.arg == "kw_only" and true
                    opaque |= k.arg == "init" and not true
            elif name not in TRANSPARENT_DECORATORS | self.module.transparent:
                opaque = True
        bases = [self.dotted(b.value if isinstance(b, ast.Subscript) else b) for b in node.bases]
        raw = RawClass(bases, is_dataclass, opaque)
        _read_body(raw, node, keyword_only=keyword_only)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self.decorators(statement, raw.decorated)
        return raw

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


def _read_body(raw: RawClass, node: ast.ClassDef, *, keyword_only: bool) -> None:
    raw.deprecated = _is_deprecated(node) or "deprecated" in _decorators(node)
    # (Not for a hand-written __init__: that warns as the function that it is.)
    warned: set[str] = set()
    told = False  # the string below a field is about that field
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if raw.is_dataclass and _type_text(statement.annotation) in ("KW_ONLY", "dataclasses.KW_ONLY"):
                keyword_only = True
                continue
            told = _annotation(raw, statement, statement.target.id, keyword_only=keyword_only)
            continue
        if isinstance(statement, ast.Assign):
            names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
            raw.attributes.update(names)
            raw.assigned += names
            if "model_config" in names:
                raw.extra = _extra(statement.value)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            warned |= _method(raw, statement)
        elif isinstance(statement, ast.ClassDef):
            raw.attributes.add(statement.name)
        elif isinstance(statement, ast.If | ast.Try | ast.With | ast.For):
            raw.dynamic = True
        elif told and isinstance(statement, ast.Expr) and _says_deprecated(statement.value):
            warned.add(raw.annotated[-1].name)
        told = False
    if warned:
        raw.annotated = [_marked(p, warned) for p in raw.annotated]


def _annotation(raw: RawClass, node: ast.AnnAssign, name: str, *, keyword_only: bool) -> bool:
    """Note an annotated name; True if it is a field."""
    annotation = _type_text(node.annotation) or ""
    raw.attributes.add(name)
    if "ClassVar" in annotation:
        return False
    default, in_init, kw = _field_default(raw, node.value)
    kind = Kind.KEYWORD_ONLY if (keyword_only if kw is None else kw) else Kind.POSITIONAL_OR_KEYWORD
    raw.annotated.append(Parameter(name, kind, default, annotation))
    if not in_init:
        raw.not_in_init.add(name)
    if annotation.partition("[")[0].rpartition(".")[2] == "InitVar":
        raw.init_only.add(name)
    return True


def _method(raw: RawClass, node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Note a method and the attributes that it sets; return the names it warns about."""
    decorators = _decorators(node)
    if node.name in ("__getattr__", "__getattribute__"):
        raw.dynamic = True
    raw.has_new |= node.name == "__new__"
    for statement in _statements(node.body):
        for target in _targets(statement):
            raw.attributes.update(_set_attributes(target))
    always, about = _warnings(node)
    if node.name == "__post_init__" or node.name == "__init__":
        raw.deprecated |= always
    if decorators & _PROPERTIES or "setter" in decorators:
        raw.attributes.add(node.name)
    elif node.name == "__init__":
        raw.init = function(node, method=True)
    else:
        raw.methods[node.name] = function(node, method=True)
    return about if node.name == "__post_init__" else set()


def _field_default(raw: RawClass, value: ast.expr | None) -> tuple[str | None, bool, bool | None]:
    """Default text, whether the field is in ``__init__``, and its own ``kw_only`` if it says so."""
    if not (isinstance(value, ast.Call) and last_name(value.func) in ("field", "Field", "PrivateAttr")):
        return _text(value), True, None
    default, in_init, kw = None, last_name(value.func) != "PrivateAttr", None
    if value.args and last_name(value.func) == "Field":
        default = _text(value.args[0])
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
        elif k.arg in ("alias", "validation_alias"):
            raw.aliased = True
    if (last_name(value.func) == "Field" and default == "Ellipsis") or (default == "..." and value.args):
        default = None  # Field(...): required
    return default, in_init, kw


def _extra(value: ast.expr) -> str | None:
    """``extra`` of a pydantic ``ConfigDict(extra="forbid")``."""
    keywords = value.keywords if isinstance(value, ast.Call) else []
    found = next((k.value for k in keywords if k.arg == "extra"), None)
    return str(found.value) if isinstance(found, ast.Constant) else None


def function(node: ast.FunctionDef | ast.AsyncFunctionDef, *, method: bool) -> Function:
    """The signature of a ``def``; ``method`` drops the first parameter unless it is a staticmethod."""
    decorators = _decorators(node)
    parameters = _parameters(node.args)
    bound = method and "staticmethod" not in decorators
    if bound and parameters and parameters[0].kind in (Kind.POSITIONAL_ONLY, Kind.POSITIONAL_OR_KEYWORD):
        parameters = parameters[1:]
    always, about = _warnings(node)
    if about:
        parameters = [_marked(p, about) for p in parameters]
    return Function(
        tuple(parameters),
        opaque=not decorators <= TRANSPARENT_DECORATORS,
        deprecated=always or "deprecated" in decorators or _is_deprecated(node),
    )


def _parameters(args: ast.arguments) -> list[Parameter]:
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults))
    defaults += args.defaults
    result = [
        Parameter(
            a.arg,
            Kind.POSITIONAL_ONLY if i < len(args.posonlyargs) else Kind.POSITIONAL_OR_KEYWORD,
            _text(d),
            _type_text(a.annotation),
        )
        for i, (a, d) in enumerate(zip(positional, defaults, strict=True))
    ]
    if args.vararg:
        result.append(
            Parameter(args.vararg.arg, Kind.VAR_POSITIONAL, None, _type_text(args.vararg.annotation))
        )
    for a, kw_default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        result.append(Parameter(a.arg, Kind.KEYWORD_ONLY, _text(kw_default), _type_text(a.annotation)))
    if args.kwarg:
        result.append(Parameter(args.kwarg.arg, Kind.VAR_KEYWORD, None, _type_text(args.kwarg.annotation)))
    return result


# --- deprecation --------------------------------------------------------------------------------------


def _is_deprecated(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0]
    return isinstance(first, ast.Expr) and _says_deprecated(first.value)


def _says_deprecated(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _SAYS_DEPRECATED.search(node.value) is not None
    )


def _warnings(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[bool, set[str]]:
    """Whether every call raises a deprecation warning, and the arguments that raise one when passed.

    ``if old is not None: warnings.warn(...)`` is about the argument ``old`` (or ``self.old``); a condition
    on several is about those that the message names.
    """
    always, about = False, set[str]()
    for statement in node.body:
        if _is_deprecation(statement):
            always = True
        elif isinstance(statement, ast.If):
            about |= _warned_about(statement)
            if any(isinstance(s, ast.Return) for s in statement.body):
                break  # what follows is not for every call
    return always, about


def _warned_about(node: ast.If) -> set[str]:
    found = [s for s in node.body if _is_deprecation(s)]
    if not found:
        return set()
    tested = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
    tested |= {n.attr for n in ast.walk(node.test) if isinstance(n, ast.Attribute)}
    text = " ".join(str(n.value) for s in found for n in ast.walk(s) if isinstance(n, ast.Constant))
    return {name for name in tested if re.search(rf"\b{re.escape(name)}\b", text)}


def _is_deprecation(node: ast.stmt) -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    call = node.value
    given = [*call.args, *(k.value for k in call.keywords)]
    return last_name(call.func) == "warn" and any(last_name(a) in _DEPRECATION_WARNINGS for a in given)


def _marked(parameter: Parameter, names: set[str]) -> Parameter:
    if parameter.name not in names:
        return parameter
    return Parameter(parameter.name, parameter.kind, parameter.default, parameter.annotation, deprecated=True)


# --- small things -------------------------------------------------------------------------------------


def _is_transparent(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator leaves the signature as it was, to callers and to ``inspect``.

    Either it returns a function that is wrapped with ``functools.wraps`` and passes on whatever it gets, or
    the very class that it got, with such an ``__init__`` at most: the cookbook's TrainerConfig has one that
    refuses removed arguments with a message of its own.
    """
    if len(node.args.args) != 1:
        return False
    own = node.args.args[0].arg
    wrapped = {s.name for s in node.body if isinstance(s, ast.FunctionDef) and _passes_on(s)}
    replaced = [
        s.value
        for s in node.body
        if isinstance(s, ast.Assign)
        and any(isinstance(t, ast.Attribute) and t.attr in ("__init__", "__new__") for t in s.targets)
    ]
    if not all(isinstance(value, ast.Name) and value.id in wrapped for value in replaced):
        return False
    returns = [s.value for s in node.body if isinstance(s, ast.Return)]
    return bool(returns) and all(isinstance(r, ast.Name) and r.id in {own, *wrapped} for r in returns)


def _passes_on(node: ast.FunctionDef) -> bool:
    wraps = any(isinstance(d, ast.Call) and last_name(d.func) == "wraps" for d in node.decorator_list)
    return wraps and node.args.vararg is not None and node.args.kwarg is not None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements, nested ones too; expressions are not entered, which is most of the work saved."""
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Assign | ast.Expr | ast.Return | ast.AnnAssign | ast.Raise):
            continue
        for name in ("body", "orelse", "finalbody"):
            waiting += getattr(node, name, ())
        if isinstance(node, ast.Try | ast.TryStar):
            waiting += (s for handler in node.handlers for s in handler.body)
        elif isinstance(node, ast.Match):
            waiting += (s for case in node.cases for s in case.body)


def _targets(node: ast.stmt) -> list[ast.expr]:
    match node:
        case ast.Assign():
            return node.targets
        case ast.AnnAssign() | ast.AugAssign() | ast.For() | ast.AsyncFor():
            return [node.target]
        case ast.With() | ast.AsyncWith():
            return [i.optional_vars for i in node.items if i.optional_vars]
        case _:
            return []


def _set_attributes(target: ast.expr) -> Iterator[str]:
    """The attributes that an assignment to ``target`` sets: of ``self.a, (self.b, *self.c)`` a, b and c."""
    match target:
        case ast.Attribute(attr=name):
            yield name
        case ast.Tuple(elts=inner) | ast.List(elts=inner):
            for element in inner:
                yield from _set_attributes(element)
        case ast.Starred(value=value):
            yield from _set_attributes(value)


def _names_in(node: ast.expr) -> list[ast.Name]:
    if isinstance(node, ast.Name):
        return [node]
    return [n for n in ast.walk(node) if isinstance(n, ast.Name)]


def _decorators(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> set[str | None]:
    return {last_name(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}


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


def _text(node: ast.expr | None) -> str | None:
    if node is None:
        return None
    if isinstance(node, ast.Name):  # most of them; unparse is slow
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | type(None)):
        return repr(node.value)
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST_TEXT else "..."


def _type_text(node: ast.expr | None) -> str | None:
    """An annotation as text; one in quotes means the same as one without."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            node = ast.parse(node.value, mode="eval").body
    return _text(node)


def last_name(node: ast.expr) -> str | None:
    """``c`` of ``a.b.c``; None where the expression is no such path."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
