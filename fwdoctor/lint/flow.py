"""Where a value goes within one file: what is read of it, who is given it, and where it gets out of sight.

Flow-insensitive: a name means all that it is ever given, in whatever order. That is the right way round for
rules that stay silent where anything *may* mend what they would blame.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator

from fwdoctor_codemods.core.model import BindingKind

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint.file import File

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Way(enum.Enum):
    """What happens to a value at one place."""

    #: an attribute of it is read, or a method called: ``by`` is the ``ast.Attribute``
    ATTRIBUTE = enum.auto()
    #: it is passed to a call: ``by`` is the ``ast.Call``
    ARGUMENT = enum.auto()
    #: ``with value:``; ``by`` is the ``ast.withitem``
    ENTERED = enum.auto()
    #: a statement of its own: nobody gets it
    DROPPED = enum.auto()
    #: ``await value``; ``by`` is the ``ast.Await``
    AWAITED = enum.auto()
    #: compared or asked for its truth
    TESTED = enum.auto()
    #: becomes part of a text: ``by`` is the f-string or the sum
    TEXT = enum.auto()
    #: an element of a list, tuple, dict …: ``by`` is that
    ELEMENT = enum.auto()
    #: returned, yielded, stored in something, unpacked: out of sight
    ESCAPES = enum.auto()


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that happens to a value: ``node`` is the value at that place, ``by`` what takes it."""

    way: Way
    node: ast.expr
    by: ast.AST

    @property
    def attribute(self) -> str | None:
        """The name of the attribute that is read."""
        return self.by.attr if self.way is Way.ATTRIBUTE and isinstance(self.by, ast.Attribute) else None

    @property
    def keyword(self) -> str | None:
        """The name under which it is passed, if it is a keyword argument."""
        if isinstance(self.by, ast.Call):
            return next((k.arg for k in self.by.keywords if k.value is self.node), None)
        return None


def uses(file: File, value: ast.expr, *, far: bool = False) -> list[Use]:
    """What happens to a value, in the order of the text.

    Followed are names, ``x if c else y``, ``x or y`` and ``a, b = x, y``. With ``far`` also the parameters of
    functions of this file, their results, and ``self.x`` within its class.
    """
    return sorted(_Follower(file, far).follow(value), key=lambda u: (u.node.lineno, u.node.col_offset))


class _Follower:
    def __init__(self, file: File, far: bool) -> None:
        self.file = file
        self.model = file.model
        self.far = far
        self.seen: set[ast.AST] = set()

    def follow(self, value: ast.expr) -> Iterator[Use]:
        if value in self.seen:
            return
        self.seen.add(value)
        parent = self.model.parents[value]
        match parent:
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from self._bound(value, target)
            case ast.AnnAssign(target=target):
                yield from self._bound(value, target)
            case ast.NamedExpr(target=target):
                yield from self._bound(value, target)
                yield from self.follow(parent)
            case ast.IfExp() if value is not parent.test:
                yield from self.follow(parent)
            case ast.BoolOp():
                yield Use(Way.TESTED, value, parent)
                yield from self.follow(parent)
            case ast.Call() if value is not parent.func:
                yield from self._passed(value, parent)
            case ast.Tuple() | ast.List() if (part := self._unpacked(value, parent)) is not None:
                yield from self._bound(value, part)
            case ast.ListComp() | ast.SetComp() if self._is_dropped(value, parent):
                yield Use(Way.DROPPED, value, self.model.parents[parent])
            case ast.withitem(optional_vars=ast.Name() as name):
                yield Use(Way.ENTERED, value, parent)
                yield from self._loads(name)
            case ast.keyword(arg=str()):
                call = self.model.parents[parent]
                yield from self._passed(value, call) if isinstance(call, ast.Call) else ()
            case ast.Return() if self.far:
                yield from self._returned(value, parent)
            case _:
                yield Use(_way(value, parent), value, self._taker(value, parent))

    def _taker(self, value: ast.expr, parent: ast.AST) -> ast.AST:
        """The whole text of which a value becomes a part; else what holds it."""
        if isinstance(parent, ast.FormattedValue):
            return self.model.parents[parent]
        while isinstance(parent, ast.BinOp) and isinstance(self.model.parents[parent], ast.BinOp):
            parent = self.model.parents[parent]
        return parent

    def _unpacked(self, value: ast.expr, parts: ast.Tuple | ast.List) -> ast.expr | None:
        """What a part of ``a, b = x, y`` is assigned to."""
        statement = self.model.parents[parts]
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        target = statement.targets[0]
        if not isinstance(target, ast.Tuple | ast.List) or len(target.elts) != len(parts.elts):
            return None
        if any(isinstance(e, ast.Starred) for e in (*target.elts, *parts.elts)):
            return None
        return target.elts[parts.elts.index(value)]

    def _is_dropped(self, value: ast.expr, parent: ast.ListComp | ast.SetComp) -> bool:
        """Whether a comprehension is a statement: a loop in disguise, whose values nobody gets."""
        return value is parent.elt and isinstance(self.model.parents[parent], ast.Expr)

    def _bound(self, value: ast.expr, target: ast.expr) -> Iterator[Use]:
        if isinstance(target, ast.Name):
            yield from self._loads(target)
        elif self.far and isinstance(target, ast.Attribute) and _is_self(target.value):
            yield from self._stored(target)
        else:
            yield Use(Way.ESCAPES, value, target)

    def _loads(self, name: ast.Name) -> Iterator[Use]:
        found = self.model.scope_of(name).lookup(name.id)
        if found is None:
            return
        scope, bindings = found
        if any(isinstance(b.node, ast.Global | ast.Nonlocal) for b in bindings):
            yield Use(Way.ESCAPES, name, name)
        for load in self.model.loads(name.id, scope):
            yield from self.follow(load)

    def _stored(self, target: ast.Attribute) -> Iterator[Use]:
        owner = self.model.class_around(target)
        for node in ast.walk(owner) if owner else ():
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            if node.attr == target.attr and _is_self(node.value):
                yield from self.follow(node)

    def _passed(self, value: ast.expr, call: ast.Call) -> Iterator[Use]:
        function = self.model.local_function(call.func) if self.far else None
        parameter = _parameter(function, call, value) if function else None
        if function is None or parameter is None:
            yield Use(Way.ARGUMENT, value, call)
            return
        for load in self.model.loads(parameter, self.model.scopes[function]):
            yield from self.follow(load)

    def _returned(self, value: ast.expr, statement: ast.Return) -> Iterator[Use]:
        function = next((a for a in self.model.ancestors(statement) if isinstance(a, _FUNCTIONS)), None)
        calls = [c for c in self.model.calls if function and self.model.local_function(c.func) is function]
        if not calls:
            yield Use(Way.ESCAPES, value, statement)
        for call in calls:
            yield from self.follow(call)


def _way(value: ast.expr, parent: ast.AST) -> Way:
    match parent:
        case ast.Attribute(ctx=ast.Load()):
            return Way.ATTRIBUTE
        case ast.withitem():
            return Way.ENTERED
        case ast.Expr():
            return Way.DROPPED
        case ast.Await():
            return Way.AWAITED
        case ast.Compare() | ast.UnaryOp() | ast.If() | ast.While() | ast.IfExp() | ast.Assert():
            return Way.TESTED
        case ast.FormattedValue() | ast.BinOp():
            return Way.TEXT
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return Way.ELEMENT
    return Way.ESCAPES


def block_of(file: File, statement: ast.stmt) -> list[ast.stmt]:
    """The statements among which one stands: a body, an ``else``, a ``finally``."""
    parent = file.model.parents[statement]
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _parameter(
    function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, value: ast.expr
) -> str | None:
    """The parameter that an argument fills; None where that is not plain to see."""
    if any(isinstance(a, ast.Starred) for a in call.args):
        return None
    named = next((k.arg for k in call.keywords if k.value is value), None)
    order = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if named is not None:
        return named if named in {*order, *(a.arg for a in function.args.kwonlyargs)} else None
    place = call.args.index(value)
    return order[place] if place < len(order) else None


def is_steady(file: File, name: ast.Name) -> bool:
    """Whether a name is bound once in its scope, by an assignment: then every load is that value."""
    bindings = file.model.bindings(name)
    if len(bindings) != 1:
        return False
    unpacked = isinstance(bindings[0].node, ast.Name) and _is_unpacked(file, bindings[0].node)
    return unpacked or bindings[0].kind is BindingKind.ASSIGN


def _is_unpacked(file: File, target: ast.Name) -> bool:
    """Whether a name is a part of what an assignment fills, and no loop's."""
    parts = file.model.parents[target]
    return isinstance(parts, ast.Tuple | ast.List) and isinstance(file.model.parents[parts], ast.Assign)


def called(call: ast.Call) -> str:
    """The last name of what is called: ``info`` of ``logging.info(…)``; empty where it has none."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
