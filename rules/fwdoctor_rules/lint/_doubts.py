"""What the lifecycle rules share about doubt: code that asks what a value is, and values that may be stand-ins."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from fwdoctor.lint.file import File
from fwdoctor.lint.flow import Use, Way, called
from fwdoctor_codemods.core.model import Binding, BindingKind

#: Functions that ask what a value is, or what it has.
_ASKING = frozenset(
    {"callable", "getattr", "hasattr", "isawaitable", "iscoroutine", "isfuture", "isinstance", "type"}
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Words in the name of what makes a stand-in.
_STAND_IN = re.compile(r"mock|fake|stub|dummy|autospec|stand_?in", re.IGNORECASE)


# --- code that asks ---------------------------------------------------------------------------------------


def is_asked(found: Iterable[Use]) -> bool:
    """Whether one of the things that happen to a value is the question what it is."""
    return any(
        u.way is Way.ARGUMENT and isinstance(u.by, ast.Call) and called(u.by) in _ASKING for u in found
    )


def is_narrowed(file: File, value: ast.expr) -> bool:
    """Whether the function around a value asks whether it is something else than what it is taken for."""
    text, function, kind = ast.unparse(value), file.port.function_of(value), file.port.type_of(value)
    for call in file.model.calls:
        if called(call) not in _ASKING or not call.args or ast.unparse(call.args[0]) != text:
            continue
        confirms = called(call) == "isinstance" and len(call.args) == 2 and file.resolve(call.args[1]) == kind
        if not confirms and file.port.function_of(call) is function:
            return True
    return False


def is_caught(file: File, node: ast.AST, *errors: str) -> bool:
    """Whether a place is in a ``try`` (or ``suppress``) that is there for one of these errors, by name."""
    child: ast.AST = node
    for parent in file.model.ancestors(node):
        if isinstance(parent, _FUNCTIONS):
            return False
        if isinstance(parent, ast.Try) and child in parent.body:
            caught = {name for handler in parent.handlers for name in _names(handler.type)}
        else:
            caught = set(suppressed(parent))
        if caught & set(errors):
            return True
        child = parent
    return False


def suppressed(node: ast.AST) -> Iterator[str]:
    """The names of the errors that ``with contextlib.suppress(…)`` keeps in."""
    for item in node.items if isinstance(node, ast.With | ast.AsyncWith) else ():
        if isinstance(item.context_expr, ast.Call) and called(item.context_expr) == "suppress":
            for argument in item.context_expr.args:
                yield from _names(argument)


def _names(errors: ast.expr | None) -> Iterator[str]:
    for error in errors.elts if isinstance(errors, ast.Tuple) else [errors]:
        if isinstance(error, ast.Name | ast.Attribute):
            yield error.id if isinstance(error, ast.Name) else error.attr


# --- stand-ins --------------------------------------------------------------------------------------------


def may_be_stand_in(file: File, value: ast.expr) -> bool:
    """Whether a value may be something else than its annotation says: a test's own, or an unknown class's.

    An annotation is believed where what makes the value is a function or method that cannot be seen, except
    in tests, and of names that speak of stand-ins.
    """
    return _may_be(file, value, set())


def _may_be(file: File, value: ast.expr, seen: set[ast.AST]) -> bool:
    if value in seen:  # names of names may go round in a circle
        return False
    seen.add(value)
    match value:
        case ast.Name():
            return any(_is_bound_so(file, value, b, seen) for b in file.model.bindings(value))
        case ast.Attribute():
            return any(_may_be(file, made, seen) for made in _stored(file, value))
        case ast.Call():
            return _makes(file, value, seen)
        case ast.IfExp():
            return any(_may_be(file, v, seen) for v in (value.body, value.orelse))
        case ast.BoolOp():
            return any(_may_be(file, v, seen) for v in value.values)
    return False


def _stored(file: File, attribute: ast.Attribute) -> Iterator[ast.expr]:
    """What calls give an attribute of ``self``, within the class, or of another name, wherever it stands."""
    owner, text = file.model.class_around(attribute), ast.unparse(attribute)
    for store in file.port.stores:
        if not isinstance(store, ast.Attribute) or store.attr != attribute.attr or ast.unparse(store) != text:
            continue
        made = getattr(file.model.parents[store], "value", None)
        if isinstance(made, ast.Call) and file.model.class_around(store) is owner:
            yield made


def _is_bound_so(file: File, name: ast.Name, binding: Binding, seen: set[ast.AST]) -> bool:
    if binding.kind is not BindingKind.PARAMETER:
        return binding.value is not None and _may_be(file, binding.value, seen)
    function = next((a for a in file.model.ancestors(binding.node) if isinstance(a, _FUNCTIONS)), None)
    if function is None or not file.is_test:
        return False
    if file.port.is_fixture(name.id):
        made = file.model.module.bindings[name.id][0].node
        return isinstance(made, _FUNCTIONS) and _gives(file, made, seen)
    # The fixture of another file may be anything, whatever the test says that it is.
    return function.name.startswith("test") or file.port.is_fixture(function.name)


def _makes(file: File, call: ast.Call, seen: set[ast.AST]) -> bool:
    """Whether a call may make a stand-in."""
    kind = file.port.type_of(call)
    function = file.model.local_function(call.func)
    if function is not None:
        return _gives(file, function, seen)
    if file.type_of(call) is not None:
        made_of = call.func.value if isinstance(call.func, ast.Attribute) else None
        return made_of is not None and file.resolve(made_of) is None and _may_be(file, made_of, seen)
    if kind is not None or file.is_test or _STAND_IN.search(ast.unparse(call.func)):
        return True
    return called(call)[:1].isupper()


def _gives(file: File, function: ast.FunctionDef | ast.AsyncFunctionDef, seen: set[ast.AST]) -> bool:
    """Whether a function of this file may return, or yield, a stand-in."""
    given = (n.value for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield))
    return any(value is not None and _may_be(file, value, seen) for value in given)
