"""What names of a file mean to the cookbook and the SDK: canonical paths, recipes, types of expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import PurePath

from fwdoctor.moves import Moves
from fwdoctor.surface.model import MISSING, Absent, Class, Function
from fwdoctor_codemods.core.model import LOCAL, Binding, BindingKind, Model
from fwdoctor_codemods.core.source import is_none
from fwdoctor_codemods.core.surfaces import Surfaces

_RECIPE_CONFIG = re.compile(r"training\.recipes\.\w+\.Config")
_RECIPE_MAIN = re.compile(r"training\.recipes\.\w+\.main")
_CASTS = frozenset({"typing.cast", "typing_extensions.cast"})
_COPIES = frozenset({"dataclasses.replace", "copy.copy", "copy.deepcopy", "copy.replace"})
#: Methods that run what they are given, with the arguments behind it, and where it stands among theirs.
_RUNNERS = {"submit": 0, "run_in_executor": 1}


class Names:
    """The names of one file, resolved against the surfaces.

    Args:
        path: the file; only its name matters here.
        tree: its parsed ``ast``.
        module_name: its own dotted name, for relative imports; None where it is not known.
        fixture_type: the type of a pytest fixture that another file defines, by name, or None.
    """

    def __init__(
        self,
        path: str,
        tree: ast.Module,
        surfaces: Surfaces,
        moves: Moves,
        *,
        module_name: str | None,
        fixture_type: Callable[[str], str | None],
    ) -> None:
        self.surfaces = surfaces
        self.moves = moves
        self.fixture_type = fixture_type
        self.model = Model(
            tree,
            module_name=module_name,
            is_package=PurePath(path).stem == "__init__",
            star_exports=self._exports,
        )
        #: the classes of what calls return, by canonical path, where surfaces do not tell (for lint)
        self.returns: Mapping[str, str] = {}
        self._types: dict[ast.AST, str | None] = {}
        self._called: dict[ast.Call, tuple[ast.expr, list[ast.expr]]] = {}
        self._stored: dict[ast.ClassDef, dict[str, list[ast.expr]]] = {}

    # --- names ---------------------------------------------------------------------------------------

    def _exports(self, module: str) -> frozenset[str] | None:
        target = self.surfaces.target.modules.get(module)
        old = self.surfaces.old_exports(module)
        if target is None:
            return old or None
        return old | frozenset(target.exports or [n for n in target.names if not n.startswith("_")])

    def canonical(self, path: str | None) -> str | None:
        """Where the thing that old code calls ``path`` lived: the newest version that had it decides."""
        return None if path is None else self.surfaces.canonical(path)

    def resolve(self, node: ast.expr) -> str | None:
        """The canonical path of a name or attribute of the cookbook or SDK, or None."""
        return self.canonical(self.model.resolve(node))

    def means(self, node: ast.expr, path: str) -> bool:
        """Whether a name or attribute is the thing that some version has at ``path``."""
        found = self.resolve(node)
        return found is not None and found == (self.canonical(path) or path)

    def recipe_config(self, callee: ast.expr) -> str | None:
        """The canonical path of a recipe's Config if calling ``callee`` makes one (or a subclass)."""
        path = self.resolve(callee)
        if path and _RECIPE_CONFIG.fullmatch(path):
            return path
        local = self.model.local_class(callee)
        for base in local.bases if local else ():
            if base is not callee and (found := self.recipe_config(base)):
                return found
        return None

    def recipe_main(self, callee: ast.expr) -> str | None:
        """The canonical path of a recipe's main() if that is what ``callee`` is."""
        path = self.resolve(callee)
        return path if path and _RECIPE_MAIN.fullmatch(path) else None

    def is_open(self, call: ast.Call) -> bool:
        """Whether a call may take keywords that are none of what it runs: every executor has its own."""
        return isinstance(call.func, ast.Attribute) and self._runs_at(call) is not None

    @cached_property
    def passes_mains(self) -> bool:
        """Whether the file uses a recipe's main() otherwise than to call it: few files do."""
        uses = (*self.model.names, *self.model.attributes)
        parents = ((use, self.model.parents.get(use)) for use in uses if self.recipe_main(use) is not None)
        return any(not (isinstance(parent, ast.Call) and parent.func is use) for use, parent in parents)

    def is_copy(self, call: ast.Call) -> bool:
        """Whether a call is ``dataclasses.replace(x, …)`` or another copy of its first argument."""
        return bool(call.args) and self.model.resolve(call.func) in _COPIES

    def applied(self, call: ast.Call) -> ast.expr | None:
        """What a call will have called, if that is not what stands in front of its parentheses."""
        callee, _ = self.called(call)
        return None if callee is call.func else callee

    def called(self, call: ast.Call) -> tuple[ast.expr, list[ast.expr]]:
        """What a call calls in the end, now or later, and all that it gets by place.

        Seen through are ``functools.partial`` and calls of what it made, and calls that run a recipe
        elsewhere: ``asyncio.to_thread(main, …)``, ``pool.submit(main, …)`` and the like. Of a class below a
        recipe's Config, the constructor that it hands its arguments to.
        """
        if call not in self._called:
            self._called[call] = (call.func, call.args)  # for a partial of itself
            self._called[call] = self._find_called(call)
        return self._called[call]

    def _find_called(self, call: ast.Call) -> tuple[ast.expr, list[ast.expr]]:
        callee, given = self._handed_on(call)
        if (made := self.application(call)) is not None:
            callee, before = self.called(made)
            given = [*before, *given]
        is_recipe = self.recipe_main(callee) or self.recipe_config(callee)
        if is_recipe or self._is_partial(call) or (made is not None and self._runs_at(call) is None):
            return callee, given
        return call.func, call.args  # what else is run is nobody's business

    def application(self, call: ast.Call) -> ast.Call | None:
        """The ``functools.partial(…)`` whose result a call calls, runs elsewhere or applies further."""
        callee, _ = self._handed_on(call)
        made = self.model.single_value(callee) if isinstance(callee, ast.Name) else callee
        return made if isinstance(made, ast.Call) and self._is_partial(made) else None

    def steps(self, call: ast.Call) -> list[ast.Call]:
        """A call, and the partials through which it calls what it calls, the nearest first."""
        found = [call]
        while (made := self.application(found[-1])) is not None and made not in found:
            found.append(made)
        return found

    def _handed_on(self, call: ast.Call) -> tuple[ast.expr, list[ast.expr]]:
        """What a call calls, and with what, where it may hand both on to another."""
        place = 0 if self._is_partial(call) else self._runs_at(call)
        if place is not None:
            return call.args[place], call.args[place + 1 :]
        if (above := self._class_above(call)) is not None:
            return above, call.args
        return call.func, call.args

    def _runs_at(self, call: ast.Call) -> int | None:
        """Where what a call runs elsewhere stands among its arguments; None if it does no such thing."""
        place = None
        if self.model.resolve(call.func) == "asyncio.to_thread":
            place = 0
        elif isinstance(call.func, ast.Attribute):
            place = _RUNNERS.get(call.func.attr)
        return place if place is not None and place < len(call.args) else None

    def _class_above(self, call: ast.Call) -> ast.expr | None:
        """The recipe's Config whose constructor ``super().__init__(…)`` calls, in a class below it.

        Of ``cls(…)`` likewise, in a class that leaves the constructor alone. Arguments for fields that the
        class declares itself are its own affair.
        """
        func = call.func
        is_super = (
            isinstance(func, ast.Attribute)
            and func.attr == "__init__"
            and isinstance(func.value, ast.Call)
            and isinstance(func.value.func, ast.Name)
            and func.value.func.id == "super"
            and not func.value.args
        )
        if not is_super and not (isinstance(func, ast.Name) and func.id == "cls"):
            return None
        cls = self.model.class_around(call)
        if cls is None or len(cls.bases) != 1 or self.model.local_class(cls.bases[0]) is not None:
            return None
        own = {s.name for s in cls.body if isinstance(s, ast.FunctionDef)}
        if not is_super and own & {"__init__", "__new__"}:
            return None
        if any(k.arg in _fields_of(cls) for k in call.keywords):
            return None
        return cls.bases[0] if self.recipe_config(cls.bases[0]) else None

    def _is_partial(self, call: ast.Call) -> bool:
        return bool(call.args) and self.model.resolve(call.func) == "functools.partial"

    def own_fields(self, callee: ast.expr) -> set[str]:
        """Fields that a subclass of this file adds to a recipe's Config."""
        local = self.model.local_class(callee)
        if local is None:
            return set()
        return set(_fields_of(local))

    def origin_class(self, path: str) -> Class | None:
        """The class at ``path`` in the newest old version that has it."""
        return self.surfaces.old_class(path)

    def origin_accepts(self, path: str, keyword: str) -> bool:
        """Whether some older version of ``path`` took ``keyword=``."""
        return any(s.parameter(keyword) for s in self.surfaces.old_signatures(path))

    def target_signature(self, path: str) -> Function | None:
        """How ``path`` is called in the target; None where the target lacks it or cannot tell."""
        for surface in self.surfaces.all_targets():
            if (found := surface.signature(path)) is not None:
                return found
        return None

    def target_has(self, path: str) -> bool:
        """Whether the target certainly offers ``path``."""
        return any(not isinstance(s.locate(path), Absent) for s in self.surfaces.all_targets())

    @cached_property
    def leads_on(self) -> bool:
        """Whether the target is a version to which the moves lead, or cannot tell.

        A target from before them has the old names: nothing is ported to it, it is only compared.
        """
        return self.surfaces.target.locate(self.moves.leads_to) is not MISSING

    @cached_property
    def uses_fireworks(self) -> bool:
        """Whether anything in the file can reach the cookbook or the SDK at all."""
        roots = {"training", "fireworks"}
        for node in self.model.imports:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            if isinstance(node, ast.ImportFrom) and node.level:
                names = [self.model.source_of(node) or ""]
            if any(name.split(".")[0] in roots for name in names):
                return True
        return any(str(s.value).partition(".")[0] in roots for s in self.model.strings)

    # --- types ---------------------------------------------------------------------------------------

    def type_of(self, node: ast.expr | None) -> str | None:
        """The canonical class of an expression's value; ``<local>.Name`` for a class of this file."""
        if node is None:
            return None
        if node not in self._types:
            self._types[node] = None  # a value that depends on itself has no type
            self._types[node] = self._type_of(node)
        return self._types[node]

    def _type_of(self, node: ast.expr) -> str | None:
        match node:
            case ast.Call():
                return self._type_of_call(node)
            case ast.Name(id="self" | "cls"):
                return self._type_of_self(node)
            case ast.Name():
                return self._agreed(self._type_of_binding(node, b) for b in self._telling(node))
            case ast.Attribute():
                return self._type_of_attribute(node)
            case ast.IfExp():
                branches = [b for b in (node.body, node.orelse) if not is_none(b)]
                return self._agreed(self.type_of(b) for b in branches)
            case ast.BoolOp():
                return self._agreed(self.type_of(v) for v in node.values)
            case ast.NamedExpr():
                return self.type_of(node.value)
            case ast.Await():
                return self.type_of(node.value)
        return None

    def _telling(self, name: ast.Name) -> Iterable[Binding]:
        """The bindings that say what a name holds: not ``x = None``, and not ``x = replace(x, …)``."""
        found = self.model.bindings(name)
        telling = [
            b for b in found if b.value is None or not (is_none(b.value) or self._copies(b.value, name))
        ]
        return telling or found

    def _copies(self, value: ast.expr, name: ast.Name) -> bool:
        return (
            isinstance(value, ast.Call)
            and self.is_copy(value)
            and isinstance(value.args[0], ast.Name)
            and value.args[0].id == name.id
        )

    def config_of(self, owner: str | None, attribute: str) -> str | None:
        """The recipe's Config that an attribute of a class belongs to.

        Of a class of this file that extends a Config, these are the attributes that it does not define itself.
        """
        if owner is None or owner.startswith("training.recipes."):
            return owner
        cls = self._local_class(owner[len(LOCAL) :]) if owner.startswith(LOCAL) else None
        if cls is None or len(cls.bases) != 1 or attribute in _own_names(cls):
            return None
        return self.recipe_config(cls.bases[0])

    @staticmethod
    def _agreed(types: Iterable[str | None]) -> str | None:
        found = set(types)
        return found.pop() if len(found) == 1 else None

    def _type_of_call(self, node: ast.Call) -> str | None:
        if self.is_copy(node):
            return self.type_of(node.args[0])
        if self.model.resolve(node.func) in _CASTS:
            types = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "typ")]
            return self.annotated(types[0]) if types else None
        if (local := self.model.local_class(node.func)) is not None:
            return LOCAL + local.name
        if (function := self.model.local_function(node.func)) is not None:
            return self._type_of_result(function)
        if self.application(node) is not None and not self._is_partial(node) and self._runs_at(node) is None:
            return self.annotated(self.called(node)[0])  # what a partial of a class makes
        path = self.resolve(node.func)
        if self.returns:
            return self._returned(node, path)
        return path if path and self.is_class(path) else None

    def _returned(self, node: ast.Call, path: str | None) -> str | None:
        if isinstance(node.func, ast.Attribute) and path is None:
            if node.func.attr == "enter_context" and node.args:
                return self.type_of(node.args[0])
            owner = self.type_of(node.func.value)
            path = f"{owner}.{node.func.attr}" if owner else None
        elif self.model.resolve(node.func) == "contextlib.closing" and node.args:
            return self.type_of(node.args[0])
        if path in self.returns:
            return self.returns[path or ""]
        return path if path and self.is_class(path) else None

    def is_class(self, path: str) -> bool:
        """Whether some version has a class at a path."""
        targets = self.surfaces.all_targets()
        return any(s.class_at(path) for s in targets) or self.surfaces.old_class(path) is not None

    def _type_of_result(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
        if function.returns is not None:
            return self.annotated(function.returns)
        returns = [
            n for n in ast.walk(function) if isinstance(n, ast.Return) and self._function_of(n) is function
        ]
        return self._agreed(self.type_of(r.value) for r in returns) if returns else None

    def _function_of(self, node: ast.AST) -> ast.AST | None:
        return next(
            (
                a
                for a in self.model.ancestors(node)
                if isinstance(a, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            ),
            None,
        )

    def _type_of_self(self, node: ast.Name) -> str | None:
        function = self._function_of(node)
        owner = self.model.parents.get(function) if function else None
        return LOCAL + owner.name if isinstance(owner, ast.ClassDef) else None

    def _type_of_binding(self, name: ast.Name, binding: Binding) -> str | None:
        if binding.annotation is not None:
            return self.annotated(binding.annotation)
        if binding.kind in (BindingKind.ASSIGN, BindingKind.WITH):
            return self.type_of(binding.value)
        if binding.kind is BindingKind.PARAMETER:
            return self.fixture(name.id)
        return self._type_of_element(binding.node)

    def _type_of_element(self, target: ast.AST) -> str | None:
        """The type of a variable of a loop over values that are written out."""
        match self.model.parents.get(target):
            case ast.For(target=found, iter=values) | ast.comprehension(target=found, iter=values):
                if isinstance(values, ast.Name):
                    values = self.model.single_value(values) or values
                if found is target and isinstance(values, ast.List | ast.Tuple):
                    return self._agreed(self.type_of(v) for v in values.elts)
        return None

    def is_fixture(self, name: str) -> bool:
        """Whether this file defines a pytest fixture of that name."""
        return self._fixture_function(name) is not None

    def fixture(self, name: str) -> str | None:
        """The type of the value of a pytest fixture, of this file or of a conftest.py that it sees."""
        function = self._fixture_function(name)
        return self._type_of_result(function) if function else self.fixture_type(name)

    def _fixture_function(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        found = self.model.module.bindings.get(name, [])
        node = found[0].node if len(found) == 1 else None
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        return node if any("fixture" in ast.unparse(d) for d in node.decorator_list) else None

    def annotated(self, node: ast.expr) -> str | None:
        """The class that an annotation names: quotes, ``X | None`` and ``Optional[X]`` seen through."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError):
                return None
            for child in ast.walk(inner):
                self.model.parents.setdefault(child, node)
            return self.annotated(inner)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._agreed(self.annotated(s) for s in (node.left, node.right) if not is_none(s))
        if isinstance(node, ast.Subscript):
            last = ast.unparse(node.value).rpartition(".")[2]
            if last in ("Optional", "Annotated", "Iterator", "Generator", "Final"):
                inner_node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
                return self.annotated(inner_node)
            return None
        if isinstance(node, ast.Name | ast.Attribute):
            if (local := self.model.local_class(node)) is not None:
                return LOCAL + local.name
            path = self.resolve(node)
            return path if path and self.is_class(path) else None
        return None

    def _type_of_attribute(self, node: ast.Attribute) -> str | None:
        owner = self.type_of(node.value)
        if owner is None:
            return None
        if owner.startswith(LOCAL):
            return self._local_attribute(owner[len(LOCAL) :], node.attr)
        return self.field_type(owner, node.attr)

    def field_type(self, owner: str, field_name: str) -> str | None:
        """The class of a dataclass field of the cookbook, as its annotation says."""
        old = (s for _, s in self.surfaces.old(owner) if isinstance(s, Class))
        for cls in (*old, self.surfaces.target.class_at(owner)):
            found = cls.field_named(field_name) if cls else None
            if found and found.annotation:
                name = found.annotation.replace("| None", "").strip().strip("'\"")
                if name.isidentifier():
                    return self.canonical(f"{owner.rpartition('.')[0]}.{name}")
        return None

    def declared(self, node: ast.Attribute) -> ast.expr | None:
        """The annotation of an attribute in its class, where that is a class of this file."""
        owner = self.type_of(node.value) or ""
        cls = self._local_class(owner[len(LOCAL) :]) if owner.startswith(LOCAL) else None
        return _fields_of(cls).get(node.attr) if cls is not None else None

    def _local_class(self, name: str) -> ast.ClassDef | None:
        found = self.model.module.bindings.get(name, [])
        node = found[0].node if len(found) == 1 else None
        return node if isinstance(node, ast.ClassDef) else None

    def _local_attribute(self, class_name: str, attribute: str) -> str | None:
        node = self._local_class(class_name)
        if node is None:
            return None
        if (annotation := _fields_of(node).get(attribute)) is not None:
            return self.annotated(annotation)
        if values := self._stored_on_self(node).get(attribute):
            return self._agreed(self.type_of(v) for v in values)
        for base in node.bases:
            if (config := self.recipe_config(base)) is not None:
                return self.field_type(config, attribute)
        return None

    def _stored_on_self(self, node: ast.ClassDef) -> dict[str, list[ast.expr]]:
        """What a class assigns to ``self.x``, by x; looked up once per class."""
        if node not in self._stored:
            found: dict[str, list[ast.expr]] = {}
            for part in ast.walk(node):
                for target in part.targets if isinstance(part, ast.Assign) else ():
                    if (
                        isinstance(target, ast.Attribute)
                        and isinstance(target.value, ast.Name)
                        and target.value.id == "self"
                    ):
                        found.setdefault(target.attr, []).append(part.value)  # type: ignore[attr-defined]
            self._stored[node] = found
        return self._stored[node]


def _fields_of(cls: ast.ClassDef) -> dict[str, ast.expr]:
    """The fields that a class declares itself, with their annotations; of two of a name, the first."""
    found: dict[str, ast.expr] = {}
    for statement in cls.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found.setdefault(statement.target.id, statement.annotation)
    return found


def _own_names(cls: ast.ClassDef) -> set[str]:
    """What a class defines in its body."""
    found = set(_fields_of(cls))
    for statement in cls.body:
        match statement:
            case ast.Assign(targets=targets):
                found |= {t.id for t in targets if isinstance(t, ast.Name)}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
    return found
