"""Whether an expression means the same elsewhere: earlier, later, twice, or in another scope.

A port writes old arguments at new places. That is right only where nothing in between, and nothing at the
new place, gives their names another meaning. What cannot be told counts as changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from fwdoctor.lean_dataclass import dataclass
from fwdoctor_codemods.core.port import Port

#: Calls that only read: later or earlier, once or twice, they give the same value.
_READERS = frozenset({"os.getenv", "os.environ.get"})
_PURE_BUILTINS = frozenset({"bool", "float", "getattr", "int", "len", "max", "min", "str"})
_IMPURE = (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Lambda, ast.comprehension)


@dataclass(frozen=True)
class _Reads:
    """What an expression reads: names, attribute paths, and names whose whole object it hands on."""

    names: frozenset[str]
    paths: frozenset[str]
    whole: frozenset[str]


def is_pure(port: Port, node: ast.expr) -> bool:
    """Whether evaluating an expression does nothing but give its value."""
    for part in ast.walk(node):
        if isinstance(part, _IMPURE) or (isinstance(part, ast.Call) and not _only_reads(port, part)):
            return False
    return True


def _only_reads(port: Port, call: ast.Call) -> bool:
    if port.model.resolve(call.func) in _READERS:
        return True
    match call.func:
        case ast.Name(id=name) if name in _PURE_BUILTINS and not port.model.bindings(call.func):
            return True
        case ast.Attribute(attr="get"):  # of a mapping: what has a get() that acts takes no name
            return bool(call.args) and isinstance(call.args[0], ast.Constant)
    path = port.resolve(call.func)  # a settings object: making it does nothing else
    cls = port.surfaces.target.class_at(path) if path else None
    return path in port.moves.classes or (cls is not None and bool(cls.fields))


def means_same(port: Port, node: ast.expr, place: ast.AST) -> bool:
    """Whether the names of an expression belong to the same scopes at ``place``."""
    here = port.model.scope_of(place)
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            there, now = port.model.scope_of(part).lookup(part.id), here.lookup(part.id)
            if (there and there[0]) is not (now and now[0]):
                return False
    return True


def changes(port: Port, node: ast.expr, first: int, last: int) -> bool:
    """Whether something between two lines (both excluded) assigns what an expression reads."""
    reads = _reads(node)
    for store in port.stores:
        if not first < store.lineno < last:
            continue
        match store:
            case ast.Name(id=name):
                if name in reads.names and means_same(port, store, node):
                    return True
            case ast.Attribute():
                path = ast.unparse(store)
                if any(p == path or p.startswith(f"{path}.") for p in reads.paths):
                    return True
                if _root(store) in reads.whole:
                    return True
            case ast.Subscript(value=base):
                if _root(base) in reads.whole or ast.unparse(base) in reads.paths:
                    return True
    return False


def may_change(port: Port, node: ast.expr, between: Iterable[ast.stmt]) -> bool:
    """Whether some statements may change what an expression reads: they assign it, or hand its objects on."""
    reads = _reads(node)
    roots = reads.names
    unsafe_names = {n for n in roots if n in port.global_names}
    for statement in between:
        for part in ast.walk(statement):
            if not isinstance(part, ast.Call):
                continue
            if unsafe_names:
                return True
            values = [*part.args, *(k.value for k in part.keywords)]
            if any(isinstance(v, ast.Name) and v.id in roots for v in values):
                return True
        if changes(port, node, statement.lineno - 1, (statement.end_lineno or statement.lineno) + 1):
            return True
    return False


def _reads(node: ast.expr) -> _Reads:
    names: set[str] = set()
    paths: set[str] = set()
    whole: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.Attribute | ast.Subscript):
            paths.add(ast.unparse(part))
            root = _root(part)
            if root is not None:
                names.add(root)
                if isinstance(part, ast.Subscript):
                    whole.add(root)
                    stack.append(part.slice)
                continue
        if isinstance(part, ast.Name):
            names.add(part.id)
            whole.add(part.id)
        stack.extend(ast.iter_child_nodes(part))
    return _Reads(frozenset(names), frozenset(paths), frozenset(whole))


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
