"""Code that is written for several versions, or whose failing is what is wanted.

``try: new() / except TypeError: old()``, ``if hasattr(rl_loop, "InfraConfig"):``, ``with pytest.raises(TypeError):``.
To rewrite one branch breaks the other, and what is expected to fail must go on failing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property

from fwdoctor_codemods.core.model import Model

#: What a use of an API that is not there raises.
ERRORS = frozenset({"AttributeError", "ImportError", "ModuleNotFoundError", "TypeError"})
_ALL = frozenset({"BaseException", "Exception"})
#: Context managers in which an error is what is wanted.
_EXPECTING = frozenset({"assertRaises", "assertRaisesRegex", "raises", "suppress"})
_LOOKS_UP = frozenset({"getattr", "hasattr"})
_LOOKS_INTO = frozenset({"fields", "signature"})
#: Without one of these in its text, a file has no guard.
_WORDS = (*_EXPECTING, *_LOOKS_UP, *_LOOKS_INTO, "__version__", "__dataclass_fields__", "except")


class Guards:
    """The guarded statements of one file.

    Args:
        is_ours: whether an expression is, or has the type of, something of the cookbook or the SDK.
    """

    def __init__(self, model: Model, text: str, is_ours: Callable[[ast.expr], bool]) -> None:
        self._model = model
        self._is_ours = is_ours
        self._may_have_any = any(word in text for word in _WORDS)

    def __bool__(self) -> bool:
        return self._may_have_any and bool(self._branches)

    def around(self, node: ast.AST) -> bool:
        """Whether a node stands in a guarded branch."""
        if not self:
            return False
        return any(part in self._branches for part in (node, *self._model.ancestors(node)))

    def looks_up(self, node: ast.AST, name: str) -> bool:
        """Whether the guard around a node asks for ``name`` itself, or bears that it is not there."""
        for parent in self._model.ancestors(node):
            match parent:
                case ast.If(test=test) | ast.IfExp(test=test):
                    if any(isinstance(n, ast.Constant) and n.value == name for n in ast.walk(test)):
                        return True
                case ast.Try() | ast.TryStar():
                    if any(names(h.type) & {"AttributeError"} for h in parent.handlers):
                        return True
        return False

    @cached_property
    def _branches(self) -> frozenset[ast.AST]:
        """The statements and expressions that a guard stands in front of."""
        found: list[ast.AST] = []
        for node in set(self._model.parents.values()):
            match node:
                case ast.Try() | ast.TryStar():
                    handlers = [h for h in node.handlers if names(h.type) & ERRORS]
                    if handlers:
                        found += (*node.body, *handlers, *node.orelse)
                case ast.With() | ast.AsyncWith():
                    if any(self._expects(item.context_expr) for item in node.items):
                        found += node.body
                case ast.If():
                    if self._tells_versions_apart(node.test):
                        found += (*node.body, *node.orelse)
                case ast.IfExp():
                    if self._tells_versions_apart(node.test):
                        found += (node.body, node.orelse)
        return frozenset(found)

    @staticmethod
    def _expects(node: ast.expr) -> bool:
        if not isinstance(node, ast.Call) or _last_name(node.func) not in _EXPECTING:
            return False
        return any(names(argument) & (ERRORS | _ALL) for argument in node.args)

    def _tells_versions_apart(self, test: ast.expr, depth: int = 0) -> bool:
        for node in ast.walk(test):
            if isinstance(node, ast.Call) and self._asks(node):
                return True
            if isinstance(node, ast.Attribute) and node.attr in ("__version__", "__dataclass_fields__"):
                if self._is_ours(node.value):
                    return True
            elif isinstance(node, ast.Name) and depth < 2:
                values = [b.value for b in self._model.bindings(node) if b.value is not None]
                if any(v is not test and self._tells_versions_apart(v, depth + 1) for v in values):
                    return True
                # HAVE_NEW = True in the try, False in the except
                if len(values) > 1 and any(self._is_tried_import(v) for v in values):
                    return True
        return False

    def _asks(self, call: ast.Call) -> bool:
        name = _last_name(call.func)
        if name in _LOOKS_UP and len(call.args) > 1:
            return self._is_ours(call.args[0])
        return name in _LOOKS_INTO and bool(call.args) and self._is_ours(call.args[0])

    def _is_tried_import(self, node: ast.AST) -> bool:
        for parent in self._model.ancestors(node):
            if isinstance(parent, ast.Try) and any(names(h.type) & ERRORS for h in parent.handlers):
                return any(isinstance(s, ast.Import | ast.ImportFrom) for s in parent.body)
        return False


def names(node: ast.expr | None) -> set[str]:
    """The last names of everything that an expression names: of ``(TypeError, x.Error)`` both."""
    if node is None:
        return set()
    parts = (n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute))
    return {name for part in parts if (name := _last_name(part)) is not None}


def _last_name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
