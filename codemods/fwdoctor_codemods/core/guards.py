"""Code that is written for several versions, or whose failing is what is wanted.

``try: new() / except TypeError: old()``, ``if hasattr(rl_loop, "InfraConfig"):``, ``with pytest.raises(TypeError):``.
To rewrite one branch breaks the other, and what is expected to fail must go on failing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property

from fwdoctor_codemods.core.model import Binding, BindingKind, last_name
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
#: Decorators that skip a test on a condition.
_SKIPS = frozenset({"skipIf", "skipUnless", "skipif"})
_IMPORTS = (ast.Import, ast.ImportFrom)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
#: Without one of these in its text, a file has no guard.
_WORDS = (
    *_EXPECTING,
    *_DEAF,
    *_LOOKS_UP,
    *_LOOKS_INTO,
    *_KNOWS,
    "metadata",
    "pkg_resources",
    "except",
    "xfail",
)
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
                    if handlers := self._bearing(node):
                        found.update((*node.body, *handlers, *node.orelse))
                        found.update(self._behind_try(node, handlers))
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
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    if any(self._is_for_some_versions(d) for d in node.decorator_list):
                        found.add(node)
        for one, other in choices:
            found.update(self._chosen(one, other, found))
        return frozenset(found)

    def _bearing(self, node: ast.Try | ast.TryStar) -> list[ast.ExceptHandler]:
        """The handlers that go on without what is not there; around imports alone, any handler does."""
        handlers = self.alternatives(node)
        if _only_imports(node.body) and any(self._may_miss(path) for path in self._imports(node.body)):
            return [h for h in handlers if h.type is None or names(h.type) & (ERRORS | _ALL)]
        return [h for h in handlers if names(h.type) & ERRORS]

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
        return self._behind(statement)

    def _behind_try(self, node: ast.Try | ast.TryStar, handlers: list[ast.ExceptHandler]) -> list[ast.stmt]:
        """What follows a ``try`` that is left when it succeeds: only an error that is borne leads there."""
        succeeds = node.orelse or node.body
        falls_through = any(not _leaves(handler.body) for handler in handlers)
        parts = (n for s in succeeds for n in ast.walk(s) if isinstance(n, ast.Name | ast.Attribute))
        is_shim = _leaves(succeeds) and falls_through and any(self._path(part) for part in parts)
        return self._behind(node) if is_shim else []

    def _behind(self, statement: ast.stmt) -> list[ast.stmt]:
        for _, block in ast.iter_fields(self._model.parents[statement]):
            if isinstance(block, list) and statement in block:
                return block[block.index(statement) + 1 :]
        return []

    def _is_for_some_versions(self, decorator: ast.expr) -> bool:
        """Whether a decorator skips a test by the version, or says that what is not there makes it fail."""
        if not isinstance(decorator, ast.Call):
            return False
        name = last_name(decorator.func)
        if name in _SKIPS and decorator.args:
            return self._tells_versions_apart(decorator.args[0])
        raises = (k.value for k in decorator.keywords if k.arg == "raises")
        return name == "xfail" and any(names(value) & ERRORS for value in raises)

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
            if all(self._is_below(use, node, branches) for use in self._uses(node)):
                yield node

    def _is_below(self, use: ast.AST, node: ast.AST, branches: set[ast.AST]) -> bool:
        return any(part is node or part in branches for part in (use, *self._model.ancestors(use)))

    def _definitions(self, branch: Sequence[ast.AST]) -> set[_Definition]:
        """The functions, classes and methods of the file that a branch uses."""
        uses = (n for part in branch for n in ast.walk(part))
        return {found for node in uses if (found := self._definition(node)) is not None}

    def _definition(self, node: ast.AST) -> _Definition | None:
        match node:
            case ast.Name():
                return self._model.local_function(node) or self._model.local_class(node)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                owner = self._model.class_around(node)
                methods = owner.body if owner is not None else []
                found = [m for m in methods if isinstance(m, _FUNCTIONS) and m.name == name]
                return found[0] if len(found) == 1 else None
        return None

    def _uses(self, node: _Definition) -> Sequence[ast.AST]:
        """Everything that may call a function, a class or a method."""
        scope = self._model.scope_of(node)
        if scope.is_class:
            return [a for a in self._model.attributes if a.attr == node.name]
        return self._model.loads(node.name, scope)

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
        name = last_name(call.func)
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
            match parent:
                case ast.Try() | ast.TryStar():
                    tried = any(h.type is None or names(h.type) & (ERRORS | _ALL) for h in parent.handlers)
                case ast.With():
                    tried = any(_expects(item.context_expr) for item in parent.items)
                case _:
                    continue
            if tried and binding.kind is BindingKind.IMPORT:
                here = any(isinstance(s, _IMPORTS) and binding.node in s.names for s in parent.body)
                return here and self._may_miss(binding.path)
            if tried:
                return any(self._may_miss(path) for path in self._imports(parent.body))
        return False

    def _imports(self, body: Sequence[ast.stmt]) -> Iterator[str]:
        """The paths of what the statements of a block import."""
        for statement in body:
            if isinstance(statement, ast.Import):
                yield from (alias.name for alias in statement.names)
            elif isinstance(statement, ast.ImportFrom):
                source = self._model.source_of(statement) or ""
                yield from (f"{source}.{alias.name}" for alias in statement.names)

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
    return {name for part in parts if (name := last_name(part)) is not None}


def _expects(node: ast.expr) -> bool:
    """Whether a context manager wants the errors, or goes on without what is not there."""
    name = last_name(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or name not in _EXPECTING | _DEAF:
        return False
    wanted = ERRORS if name in _DEAF else ERRORS | _ALL
    return any(names(argument) & wanted for argument in node.args)


def _only_imports(body: Sequence[ast.stmt]) -> bool:
    """Whether a block imports, sets flags, and does nothing else."""
    return all(
        isinstance(s, _IMPORTS) or (isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant))
        for s in body
    )


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
