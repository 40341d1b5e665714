"""Code that is written for several versions, or whose failing is what is wanted.

``try: new() / except TypeError: old()``, ``if hasattr(rl_loop, "InfraConfig"):``, ``with pytest.raises(TypeError):``.
To rewrite one branch breaks the other, and what is expected to fail must go on failing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property

from fwdoctor_codemods.core.model import Binding, BindingKind
from fwdoctor_codemods.core.names import Names

#: What a use of an API that is not there raises.
ERRORS = frozenset({"AttributeError", "ImportError", "ModuleNotFoundError", "TypeError"})
_ALL = frozenset({"BaseException", "Exception"})
#: Context managers in which an error is what is wanted; to be deaf to all errors is no sign of that.
_EXPECTING = frozenset({"assertRaises", "assertRaisesRegex", "raises"})
_DEAF = frozenset({"suppress"})
_LOOKS_UP = frozenset({"getattr", "hasattr"})
_LOOKS_INTO = frozenset({"fields", "signature"})
_KNOWS = frozenset({"__dataclass_fields__", "__version__"})
#: Functions that tell the version of an installed package.
_METADATA = frozenset({"importlib.metadata", "importlib_metadata"})
_VERSION_OF = frozenset(
    {
        *(f"{module}.{name}" for module in _METADATA for name in ("distribution", "version")),
        "pkg_resources.get_distribution",
        "pkg_resources.require",
    }
)
#: What the names of our packages have in common.
_OUR_PACKAGES = ("cookbook", "fireworks")
_EXITS = frozenset({"os._exit", "os.abort", "sys.exit"})
#: Without one of these in its text, a file has no guard.
_WORDS = (*_EXPECTING, *_DEAF, *_LOOKS_UP, *_LOOKS_INTO, *_KNOWS, "metadata", "pkg_resources", "except")
#: How far the values of flags are followed.
_DEEPEST = 2


class Guards:
    """The guarded statements of one file.

    Args:
        names: what the file's names mean.
        text: its text.
    """

    def __init__(self, names: Names, text: str) -> None:
        self._names = names
        self._model = names.model
        self._may_have_any = any(word in text for word in _WORDS)

    def __bool__(self) -> bool:
        return self._may_have_any and bool(self._branches)

    def around(self, node: ast.AST, *, in_handlers: bool = True) -> bool:
        """Whether a node stands in a guarded branch; ``in_handlers``: what handles the error is one, too."""
        if not self:
            return False
        around = (node, *self._model.ancestors(node))
        return any(
            p in self._branches and (in_handlers or not isinstance(p, ast.ExceptHandler)) for p in around
        )

    def looks_up(self, node: ast.AST, name: str) -> bool:
        """Whether the guard around a node asks for ``name`` itself, or bears that it is not there."""
        for parent in self._model.ancestors(node):
            match parent:
                case ast.If(test=test) | ast.IfExp(test=test):
                    if any(isinstance(n, ast.Constant) and n.value == name for n in ast.walk(test)):
                        return True
                case ast.Try() | ast.TryStar():
                    if any(names(h.type) & {"AttributeError"} for h in self.alternatives(parent)):
                        return True
        return False

    def alternatives(self, node: ast.Try | ast.TryStar) -> list[ast.ExceptHandler]:
        """The handlers that go on in another way; one that only ends the program is no way for a version."""
        return [h for h in node.handlers if not self._gives_up(h.body)]

    @cached_property
    def _branches(self) -> frozenset[ast.AST]:
        """The statements and expressions that a guard stands in front of."""
        found: set[ast.AST] = set()
        choices: list[tuple[Sequence[ast.AST], Sequence[ast.AST]]] = []
        for node in set(self._model.parents.values()):
            match node:
                case ast.Try() | ast.TryStar():
                    handlers = [h for h in self.alternatives(node) if names(h.type) & ERRORS]
                    if handlers:
                        found.update((*node.body, *handlers, *node.orelse))
                case ast.With() | ast.AsyncWith():
                    if any(_expects(item.context_expr) for item in node.items):
                        found.update(node.body)
                case ast.If():
                    if self._tells_versions_apart(node.test):
                        rest = self._other_branch(node)
                        found.update((*node.body, *node.orelse, *rest))
                        choices.append((node.body, [*node.orelse, *rest]))
                case ast.IfExp():
                    if self._tells_versions_apart(node.test):
                        found.update((node.body, node.orelse))
                        choices.append(([node.body], [node.orelse]))
        for one, other in choices:
            found.update(self._chosen(one, other, found))
        return frozenset(found)

    # --- branches --------------------------------------------------------------------------------------

    def _other_branch(self, node: ast.If) -> list[ast.stmt]:
        """What follows an ``if`` whose body leaves the block: it is what an ``else`` would be.

        A body that only gives up states what the code needs, and what follows is no second way.
        """
        leaves = [b for b in (node.body, node.orelse) if b and _leaves(b)]
        if not leaves or all(self._gives_up(body) for body in leaves):
            return []
        statement: ast.stmt = node
        while isinstance(parent := self._model.parents[statement], ast.If) and parent.orelse == [statement]:
            statement = parent  # of an ``elif``, what follows the first ``if``
        for _, block in ast.iter_fields(parent):
            if isinstance(block, list) and statement in block:
                return block[block.index(statement) + 1 :]
        return []

    def _gives_up(self, body: list[ast.stmt]) -> bool:
        """Whether a block says something at most, and ends the program or raises."""
        *before, last = body
        if not isinstance(last, ast.Raise) and not self._exits(last):
            return False
        if not all(isinstance(s, ast.Expr | ast.Assign) for s in before):
            return False
        calls = (n for s in body for n in ast.walk(s) if isinstance(n, ast.Call))
        return not any(_is_ours(self._model.resolve(call.func)) for call in calls)

    def _exits(self, statement: ast.stmt) -> bool:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call):
            return False
        if isinstance(call.func, ast.Name) and call.func.id in ("exit", "quit"):
            return not self._model.bindings(call.func)
        return self._model.resolve(call.func) in _EXITS

    def _chosen(
        self, one: Sequence[ast.AST], other: Sequence[ast.AST], branches: set[ast.AST]
    ) -> Iterator[ast.AST]:
        """The functions and classes of the file between which two branches choose.

        Only those that nothing else uses; if but one branch uses such, it is the way of all versions.
        """
        first, second = self._definitions(one), self._definitions(other)
        if not first - second or not second - first:
            return
        for node in first ^ second:
            uses = self._model.loads(node.name, self._model.scope_of(node))
            if all(self._is_below(use, node, branches) for use in uses):
                yield node

    def _is_below(self, use: ast.AST, node: ast.AST, branches: set[ast.AST]) -> bool:
        return any(part is node or part in branches for part in (use, *self._model.ancestors(use)))

    def _definitions(
        self, branch: Sequence[ast.AST]
    ) -> set[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
        """The functions and classes of the file that a branch uses."""
        uses = (n for part in branch for n in ast.walk(part) if isinstance(n, ast.Name))
        found = (self._model.local_function(n) or self._model.local_class(n) for n in uses)
        return {node for node in found if node is not None}

    # --- tests -----------------------------------------------------------------------------------------

    def _tells_versions_apart(self, test: ast.expr, depth: int = 0) -> bool:
        for node in ast.walk(test):
            match node:
                case ast.Call():
                    if self._asks(node) or self._is_asked(node, depth):
                        return True
                case ast.Attribute(attr=name):
                    if name in _KNOWS and self._path(node.value):
                        return True
                case ast.Name():
                    if self._is_flag(node, depth):
                        return True
        return False

    def _is_flag(self, name: ast.Name, depth: int) -> bool:
        """Whether a name's value depends on the version."""
        bindings = self._model.bindings(name)
        if any(b.path and _is_ours(b.path) and b.path.endswith(".__version__") for b in bindings):
            return True
        # HAVE_NEW = True in the try, False in the except; or the import itself, and None in the except
        if len(bindings) > 1 and any(self._is_tried_import(b) for b in bindings):
            return True
        values = [b.value for b in bindings if b.value is not None]
        return depth < _DEEPEST and any(self._tells_versions_apart(v, depth + 1) for v in values)

    def _is_asked(self, call: ast.Call, depth: int) -> bool:
        """Whether a call is of a function of this file that says which version it is."""
        function = self._model.local_function(call.func) if depth < _DEEPEST else None
        body = function.body if function else []
        values = [s.value for s in body if isinstance(s, ast.Return) and s.value is not None]
        return any(self._tells_versions_apart(value, depth + 1) for value in values)

    def _asks(self, call: ast.Call) -> bool:
        name = _last_name(call.func)
        if name in _LOOKS_UP and len(call.args) > 1:
            owner = self._path(call.args[0])
            return owner is not None and self._differs(owner, _text(call.args[1]))
        if name in _LOOKS_INTO and call.args:
            return self._path(call.args[0]) is not None
        return self._asks_for_version(call)

    def _asks_for_version(self, call: ast.Call) -> bool:
        """Whether a call reads the version of an installed package of ours."""
        bound = self._model.bindings(call.func) if isinstance(call.func, ast.Name) else []
        paths = {b.path for b in bound} or {self._model.resolve(call.func)}
        if not paths <= _VERSION_OF or not call.args:
            return False
        name = call.args[0]
        value = self._model.single_value(name) if isinstance(name, ast.Name) else name
        package = _text(value) if value is not None else None
        return package is None or any(word in package.lower() for word in _OUR_PACKAGES)

    def _is_tried_import(self, binding: Binding) -> bool:
        """Whether a name is bound where an import of ours may fail, in some versions and not in others."""
        for parent in self._model.ancestors(binding.node):
            if isinstance(parent, ast.Try) and any(names(h.type) & ERRORS for h in parent.handlers):
                imports = [s for s in parent.body if isinstance(s, ast.Import | ast.ImportFrom)]
                if binding.kind is BindingKind.IMPORT:
                    return any(binding.node in s.names for s in imports) and self._may_miss(binding.path)
                return any(self._may_miss(path) for s in imports for path in self._imported(s))
        return False

    def _imported(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        source = self._model.source_of(node) or ""
        return [f"{source}.{alias.name}" for alias in node.names]

    def _may_miss(self, path: str | None) -> bool:
        """Whether a path is ours, and some versions have it and others do not."""
        if path is None or not _is_ours(path):
            return False
        owner, _, name = path.rpartition(".")
        return not owner or self._differs(owner, name)

    def _differs(self, owner: str, name: str | None) -> bool:
        """Whether it depends on the version if ``owner`` has ``name``. What cannot be told may do so."""
        if name is None or not name.isidentifier():
            return True
        # The old classes can still be imported from some versions that have no use for them.
        classes = self._names.moves.classes
        if self._names.canonical(f"{owner}.{name}") in classes:
            return True
        return self._names.surfaces.tells_apart(owner, name)

    def _path(self, node: ast.expr) -> str | None:
        """The path of something of ours, or that of its class."""
        path = self._model.resolve(node) or self._names.type_of(node)
        return path if _is_ours(path) else None


def names(node: ast.expr | None) -> set[str]:
    """The last names of everything that an expression names: of ``(TypeError, x.Error)`` both."""
    if node is None:
        return set()
    parts = (n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute))
    return {name for part in parts if (name := _last_name(part)) is not None}


def _expects(node: ast.expr) -> bool:
    """Whether a context manager wants the errors, or goes on without what is not there."""
    name = _last_name(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or name not in _EXPECTING | _DEAF:
        return False
    wanted = ERRORS if name in _DEAF else ERRORS | _ALL
    return any(names(argument) & wanted for argument in node.args)


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether nothing behind a block is reached from it."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _leaves(last.body) and _leaves(last.orelse)
    return isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break)


def _is_ours(path: str | None) -> bool:
    return f"{path}.".startswith(("training.", "fireworks."))


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _last_name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
