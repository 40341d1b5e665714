"""What the names of one file mean: scopes, bindings, imports and the types of simple expressions.

Built on ``ast`` because it is read-only and has exact positions; libcst comes in where text is written.
Nothing is guessed: a name with two meanings, a rebound import, an argument of unknown origin resolve to
None, and the codemods leave alone what they cannot resolve.
"""

from __future__ import annotations

import ast
import enum
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import field
from functools import cached_property

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.parse import absolute_import, split_attributes

_SCOPE_NODES = frozenset(
    {
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.ListComp,
        ast.SetComp,
        ast.DictComp,
        ast.GeneratorExp,
    }
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Functions that take types, which may be in quotes: at which places, and by which names.
_TYPE_ARGUMENTS = {
    "cast": (slice(0, 1), ("typ",)),
    "NewType": (slice(1, 2), ("tp",)),
    "TypeVar": (slice(1, None), ("bound", "default")),
}
#: How a class that the file itself defines is written as a type.
LOCAL = "<local>."


#: Nodes that bind a name or that the codemods look at; most nodes are neither.
_BINDERS = frozenset(
    {
        ast.Name,
        ast.Attribute,
        ast.Constant,
        ast.JoinedStr,
        ast.Call,
        ast.Import,
        ast.ImportFrom,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.arg,
        ast.Global,
        ast.Nonlocal,
        ast.ExceptHandler,
        ast.MatchAs,
        ast.MatchStar,
    }
)
#: Fields without nodes that have a place in the text: plain values, and the contexts and operators that are
#: half of a tree.
_PLAIN = frozenset({"ctx", "op", "ops", "id", "attr", "arg", "asname", "module", "level", "kind"})
#: The fields of each class of nodes in which children may be; a table, because every node is looked up here.
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    cls: () if cls is ast.Constant else tuple(f for f in cls._fields if f not in _PLAIN)
    for cls in vars(ast).values()
    if isinstance(cls, type) and issubclass(cls, ast.AST)
}


def children(node: ast.AST) -> list[ast.AST]:
    """The child nodes, without contexts and operators: those say nothing here."""
    found = []
    for name in _FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def last_name(node: ast.expr) -> str | None:
    """What stands behind the last dot of a name: ``c`` of ``a.b.c``; None of anything else."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


class BindingKind(enum.Enum):
    """What gives a name its meaning."""

    IMPORT = enum.auto()
    ASSIGN = enum.auto()
    PARAMETER = enum.auto()
    DEFINITION = enum.auto()
    WITH = enum.auto()
    OTHER = enum.auto()


@dataclass(frozen=True, eq=False)
class Binding:
    """One place where a name gets a meaning.

    ``path`` is what an import names, ``value`` the expression of an assignment (None when it is unpacked
    or looped over), ``node`` the statement, parameter or alias.
    """

    kind: BindingKind
    node: ast.AST
    path: str | None = None
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    #: inside ``try``: another binding may take its place at run time
    guarded: bool = False


@dataclass(eq=False)
class Scope:
    """A module, function, class, lambda or comprehension and the names bound in it."""

    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    outer: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    def lookup(self, name: str) -> tuple[Scope, list[Binding]] | None:
        """The scope that binds ``name`` as Python sees it from here, and its bindings."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            if name not in scope.outer and name in scope.bindings and (first or not scope.is_class):
                return scope, scope.bindings[name]
            scope, first = scope.parent, False
        return None


class Model:
    """The semantic model of one parsed file.

    Args:
        tree: the file's ``ast``.
        module_name: its own dotted name, for relative imports; None where it is not known.
        star_exports: for ``from x import *``: the names that ``x`` exports; None where not known.
    """

    def __init__(
        self,
        tree: ast.Module,
        *,
        module_name: str | None = None,
        is_package: bool = False,
        star_exports: Callable[[str], frozenset[str] | None] = lambda _: None,
    ) -> None:
        self.tree = tree
        self.module_name = module_name
        self.is_package = is_package
        self.star_exports = star_exports
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self.module = Scope(tree, None)
        self.calls: list[ast.Call] = []
        self.names: list[ast.Name] = []
        self.attributes: list[ast.Attribute] = []
        self.quoted: list[ast.Constant] = []
        self.strings: list[ast.Constant] = []
        #: everything below an f-string: before Python 3.12 such nodes have no true place in the text
        self.in_f_strings: set[ast.AST] = set()
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self._scope_of: dict[ast.AST, Scope] = {}
        self._resolved: dict[ast.expr, str | None] = {}
        self._collect(tree, self.module, guarded=False)

    # --- building ------------------------------------------------------------------------------------

    def _collect(self, node: ast.AST, scope: Scope, *, guarded: bool) -> None:
        # An explicit stack: user code nests deeper than Python's own recursion allows.
        stack: list[tuple[ast.AST, Scope, bool]] = [(node, scope, guarded)]
        self.scopes[node] = scope
        parents = self.parents
        while stack:
            node, scope, guarded = stack.pop()
            opens_scope = node.__class__ in _SCOPE_NODES
            in_try = node.__class__ is ast.Try
            for child in children(node):
                parents[child] = node
                inner, safe = scope, guarded
                if opens_scope and not self._outside(node, child):
                    inner = self.scopes[node]
                if in_try and self._may_fail(node, child):
                    safe = True
                kind = child.__class__
                if kind in _SCOPE_NODES:
                    self.scopes[child] = Scope(child, inner)
                if kind in _BINDERS:
                    self._bind(child, inner, guarded=safe)
                if _FIELDS[kind]:
                    stack.append((child, inner, safe))

    @staticmethod
    def _may_fail(node: ast.AST, child: ast.AST) -> bool:
        return isinstance(node, ast.Try) and (child in node.body or child in node.handlers)

    @staticmethod
    def _outside(node: ast.AST, child: ast.AST) -> bool:
        """Whether ``child`` of a scope node is evaluated in the enclosing scope."""
        if isinstance(node, ast.ClassDef):
            return child in node.decorator_list or child in node.bases or child in node.keywords
        if isinstance(node, _FUNCTIONS):
            return child in node.decorator_list or child is node.returns
        return False

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope in which ``node`` is evaluated."""
        if node not in self._scope_of:
            self._scope_of[node] = self._find_scope(node)
        return self._scope_of[node]

    def _find_scope(self, node: ast.AST) -> Scope:
        child = node
        parent = self.parents.get(node)
        while parent is not None:
            if parent.__class__ in _SCOPE_NODES and not self._outside(parent, child):
                if isinstance(child, ast.arguments) and self._is_default(node, child):
                    child, parent = parent, self.parents.get(parent)
                    continue
                return self.scopes[parent]
            child, parent = parent, self.parents.get(parent)
        return self.module

    def _is_default(self, node: ast.AST, args: ast.arguments) -> bool:
        """Whether ``node`` is below a default or an annotation: both belong to the enclosing scope."""
        child = node
        while self.parents[child] is not args:
            child = self.parents[child]
            if isinstance(child, ast.arg):
                return True
        return not isinstance(child, ast.arg)

    def _bind(self, node: ast.AST, scope: Scope, *, guarded: bool) -> None:
        """Note what a node is and what it binds."""
        match node:
            case ast.Name():
                self.names.append(node)
                if isinstance(node.ctx, ast.Store | ast.Del):
                    self._bind_name(node, scope, guarded=guarded)
            case ast.Attribute():
                self.attributes.append(node)
            case ast.JoinedStr():
                self.in_f_strings.update(ast.walk(node))
            case ast.Constant(value=str()):
                self.strings.append(node)
                if self._annotates(node):
                    self.quoted.append(node)
            case ast.Call():
                self.calls.append(node)
            case ast.Import() | ast.ImportFrom():
                self.imports.append(node)
                self._bind_imports(node, scope, guarded=guarded)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope.bindings[node.name].append(Binding(BindingKind.DEFINITION, node, guarded=guarded))
            case ast.arg():
                scope.bindings[node.arg].append(
                    Binding(BindingKind.PARAMETER, node, annotation=node.annotation)
                )
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                scope.outer.update(names)
                owner = self.module if isinstance(node, ast.Global) else scope.parent
                for name in names:
                    # Assigned from elsewhere: its value is no longer certain.
                    (owner or self.module).bindings[name].append(Binding(BindingKind.OTHER, node))
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                scope.bindings[name].append(Binding(BindingKind.OTHER, node))
            case _:
                pass

    def _bind_imports(self, node: ast.Import | ast.ImportFrom, scope: Scope, *, guarded: bool) -> None:
        source = self.source_of(node) if isinstance(node, ast.ImportFrom) else None
        for a in node.names:
            if isinstance(node, ast.Import):
                # ``import a.b`` binds ``a``.
                target: str | None = a.name if a.asname else a.name.split(".")[0]
                name = a.asname or a.name.split(".")[0]
            elif a.name == "*":
                scope.stars.append(source or "?")
                continue
            else:
                target = f"{source}.{a.name}" if source else None
                name = a.asname or a.name
            scope.bindings[name].append(Binding(BindingKind.IMPORT, a, target, guarded=guarded))

    def _annotates(self, node: ast.Constant) -> bool:
        child: ast.AST = node
        parent = self.parents[node]
        while isinstance(parent, ast.Subscript | ast.Tuple | ast.BinOp | ast.List):
            child, parent = parent, self.parents[parent]
        if isinstance(parent, ast.arg | ast.AnnAssign):
            return child is parent.annotation
        if isinstance(parent, ast.Call | ast.keyword):
            return self._is_type_argument(child, parent)
        return isinstance(parent, _FUNCTIONS) and child is parent.returns

    def _is_type_argument(self, child: ast.AST, parent: ast.Call | ast.keyword) -> bool:
        """Whether a call takes an argument for a type, as ``cast("Config", x)`` does."""
        call = self.parents[parent] if isinstance(parent, ast.keyword) else parent
        # What names mean is not known yet; the functions have the same names wherever they come from.
        name = last_name(call.func) if isinstance(call, ast.Call) else None
        if not isinstance(call, ast.Call) or name not in _TYPE_ARGUMENTS:
            return False
        places, keywords = _TYPE_ARGUMENTS[name]
        if isinstance(parent, ast.keyword):
            return parent.arg in keywords
        return child in call.args[places]

    def _bind_name(self, node: ast.Name, scope: Scope, *, guarded: bool) -> None:
        parent = self.parents[node]
        binding = Binding(BindingKind.OTHER, node, guarded=guarded)
        match parent:
            case ast.Assign() if node in parent.targets:
                binding = Binding(BindingKind.ASSIGN, parent, value=parent.value, guarded=guarded)
            case ast.AnnAssign() if node is parent.target:
                binding = Binding(
                    BindingKind.ASSIGN,
                    parent,
                    value=parent.value,
                    annotation=parent.annotation,
                    guarded=guarded,
                )
            case ast.NamedExpr():
                binding = Binding(BindingKind.ASSIGN, parent, value=parent.value, guarded=guarded)
                while isinstance(scope.node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
                    scope = scope.parent or self.module
            case ast.withitem():
                binding = Binding(BindingKind.WITH, parent, value=parent.context_expr)
            case _:
                pass
        scope.bindings[node.id].append(binding)

    def source_of(self, node: ast.ImportFrom) -> str | None:
        """The absolute module that ``from … import`` names; None for a relative one of unknown place."""
        if not node.level:
            return node.module
        if self.module_name is None:
            return None
        return absolute_import(node.module or "", node.level, self.module_name, is_package=self.is_package)

    # --- asking --------------------------------------------------------------------------------------

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, innermost first."""
        parent = self.parents.get(node)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def class_around(self, node: ast.AST) -> ast.ClassDef | None:
        """The innermost class that ``node`` stands in."""
        return next((a for a in self.ancestors(node) if isinstance(a, ast.ClassDef)), None)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that contains ``node``, itself if it is one."""
        if isinstance(node, ast.stmt):
            return node
        return next(p for p in self.ancestors(node) if isinstance(p, ast.stmt))

    def bindings(self, name: ast.Name) -> list[Binding]:
        """Everything that may give this name its value; empty where nothing in the file does."""
        found = self.scope_of(name).lookup(name.id)
        return found[1] if found else []

    def resolve(self, node: ast.expr) -> str | None:
        """The dotted path that a name or attribute reaches through imports; None if it is not certain."""
        if node not in self._resolved:
            self._resolved[node] = self._resolve(node)
        return self._resolved[node]

    def _resolve(self, node: ast.expr) -> str | None:
        node, attributes = split_attributes(node)
        if not isinstance(node, ast.Name):
            return None
        head = self._resolve_name(node)
        return None if head is None else ".".join((head, *attributes))

    def _resolve_name(self, node: ast.Name) -> str | None:
        found = self.scope_of(node).lookup(node.id)
        if found is None:
            return self._from_star(node)
        if len(found[1]) == 1 and isinstance(found[1][0].value, ast.Name | ast.Attribute):
            value = found[1][0].value
            if found[1][0].kind is BindingKind.ASSIGN and value is not node:
                return self.resolve(value)  # X = Y: another name for it
        paths = {b.path for b in found[1]}
        if len(paths) != 1 or any(b.kind is not BindingKind.IMPORT for b in found[1]):
            # ``import a.b`` and ``import a.c`` both bind ``a``: the same path, and fine.
            return None
        if any(b.guarded for b in found[1]) and not self._only_optional(found[1]):
            return None
        return paths.pop()

    def _only_optional(self, bindings: list[Binding]) -> bool:
        """A guarded import whose name nothing else binds: it is that, or the file does not get so far."""
        return len({b.path for b in bindings}) == 1

    def _from_star(self, node: ast.Name) -> str | None:
        candidates = []
        scope: Scope | None = self.scope_of(node)
        while scope is not None:
            for source in scope.stars:
                exports = self.star_exports(source)
                if exports is None or node.id in exports:
                    candidates.append(f"{source}.{node.id}" if exports else None)
            scope = scope.parent
        return candidates[-1] if candidates else None

    @cached_property
    def imported(self) -> frozenset[str]:
        """The dotted path of everything that the file imports, in whatever scope, ``import *`` included."""
        scopes = (self.module, *self.scopes.values())
        bound = {b.path for s in scopes for bindings in s.bindings.values() for b in bindings if b.path}
        return frozenset(bound.union(*(s.stars for s in scopes)))

    def is_exported(self, name: str) -> bool:
        """Whether ``__all__`` names it: then it may be used from elsewhere."""
        return any(
            isinstance(part, ast.Constant) and part.value == name
            for b in self.module.bindings.get("__all__", [])
            if b.value is not None
            for part in ast.walk(b.value)
        )

    def local_class(self, node: ast.expr) -> ast.ClassDef | None:
        """The class of this file that a name reaches."""
        definition = self._definition(node)
        return definition if isinstance(definition, ast.ClassDef) else None

    def local_function(self, node: ast.expr) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The function of this file that a name reaches."""
        definition = self._definition(node)
        return definition if isinstance(definition, _FUNCTIONS) else None

    def _definition(self, node: ast.expr) -> ast.AST | None:
        if not isinstance(node, ast.Name):
            return None
        bindings = self.bindings(node)
        if len(bindings) == 1 and bindings[0].kind is BindingKind.DEFINITION:
            return bindings[0].node
        return None

    def single_value(self, name: ast.Name) -> ast.expr | None:
        """The expression that ``name`` is assigned, if it is assigned once and nothing else binds it."""
        bindings = self.bindings(name)
        if len(bindings) == 1 and bindings[0].kind is BindingKind.ASSIGN:
            return bindings[0].value
        return None

    def loads(self, name: str, scope: Scope) -> list[ast.Name]:
        """Every read of the variable ``name`` that ``scope`` binds, in nested scopes too."""
        result = []
        for node in self.names:
            if node.id == name and isinstance(node.ctx, ast.Load):
                found = self.scope_of(node).lookup(name)
                if found and found[0] is scope:
                    result.append(node)
        return sorted(result, key=lambda n: (n.lineno, n.col_offset))
