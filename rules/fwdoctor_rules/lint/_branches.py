"""What the rules share about branches: whether two places are reached together, and what is tested."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from fwdoctor.lint.file import File, Setting


def may_meet(file: File, one: ast.AST, other: ast.AST) -> bool:
    """Whether two places may be reached in one run: one function, or the module around it, no two branches."""
    first, second = file.port.function_of(one), file.port.function_of(other)
    if first is not second and file.model.tree not in (first, second):
        return False
    mine, others = _conditions(file, one), _conditions(file, other)
    return all(mine[branch] == others[branch] for branch in mine.keys() & others.keys())


def go_together(file: File, one: Setting, other: Setting) -> bool:
    """Whether one setting is certainly made where the other is.

    What objects are made with, they have. What is assigned later counts only in the very same branches.
    """
    if not may_meet(file, one.node, other.node):
        return False
    if _is_given(file, one) and _is_given(file, other):
        return True
    return _conditions(file, one.node) == _conditions(file, other.node)


def is_certain(file: File, values: Sequence[Setting], other: Setting) -> bool:
    """Whether a field is certainly set, by all that it may be given, where another setting is made."""
    return bool(values) and all(file.is_set(v.value) and go_together(file, v, other) for v in values)


def _is_given(file: File, setting: Setting) -> bool:
    """Whether an object is made with a setting; not so with ``options["key"] = …`` before it is made."""
    return setting.call is not None and not isinstance(file.model.parents[setting.node], ast.Subscript)


def _conditions(file: File, node: ast.AST) -> dict[ast.AST, object]:
    """The branches that a place is in: each statement with a choice, and which of its parts it is.

    The body of a ``try`` is no branch; its handlers are. Loops are none: their bodies are what a program does.
    """
    found: dict[ast.AST, object] = {}
    part = node
    for parent in file.model.ancestors(node):
        match parent:
            case ast.If(body=body, orelse=orelse):
                if part in body or part in orelse:
                    found[parent] = part in body
            case ast.IfExp(body=chosen, orelse=other):
                if part in (chosen, other):
                    found[parent] = part is chosen
            case ast.Try(handlers=handlers, orelse=orelse):
                if part in handlers or part in orelse:
                    found[parent] = part if part in handlers else None
            case ast.Match(cases=cases):
                if part in cases:
                    found[parent] = part
        part = parent
    return found


def is_tested(file: File, name: ast.Name) -> bool:
    """Whether code around a name asks whether it has a value: ``if url``, ``url or …``, ``bool(url)``."""
    found = file.model.scope_of(name).lookup(name.id)
    for load in file.model.loads(name.id, found[0]) if found else ():
        part: ast.AST = load
        for parent in file.model.ancestors(load):
            match parent:
                case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                    return True
                case ast.Call(func=ast.Name(id="bool")):
                    return True
                case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.Assert(test=test):
                    if test is part:
                        return True
                case ast.stmt():
                    break
            part = parent
    return False
