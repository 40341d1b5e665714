"""One file on its way to a target: what the codemods share.

A :class:`Port` holds the parsed file, the surfaces, and the edits. Codemods answer for single nodes
("this call becomes that text"); the port splices their answers into the source, outermost node first,
so that every byte that no codemod spoke for stays what it was.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import Any

from fwdoctor.finding import Finding, Location
from fwdoctor.moves import ClassMove, Moves
from fwdoctor.rulebook import Rulebook
from fwdoctor.surface.model import Absent, Class, Function, Surface
from fwdoctor_codemods._arguments import CallText, comments_in
from fwdoctor_codemods._model import LOCAL, Binding, BindingKind, Model, Scope

MARKER = "# TODO(fwdoctor): "
_RECIPE_CONFIG = re.compile(r"training\.recipes\.\w+\.Config")
_RECIPE_MAIN = re.compile(r"training\.recipes\.\w+\.main")
_COPIES = frozenset({"dataclasses.replace", "copy.copy", "copy.deepcopy", "copy.replace"})


@dataclass(frozen=True)
class Surfaces:
    """The surfaces of one migration.

    ``origins`` are older versions of the cookbook, newest first: what a name meant in old code. ``sdk``
    is the SDK that goes with the target, ``sdk_origins`` older ones.
    """

    target: Surface
    label: str
    origins: tuple[Surface, ...]
    sdk: Surface | None = None
    sdk_origins: tuple[Surface, ...] = ()

    _canonical: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def canonical(self, path: str) -> str | None:
        """Where ``path`` lives in the target, or else in the newest older version that has it."""
        if path not in self._canonical:
            surfaces = (*self.all_targets(), *self.origins, *self.sdk_origins)
            places = (s.canonical(path) for s in surfaces if s.covers(path))
            self._canonical[path] = next((place for place in places if place), None)
        return self._canonical[path]

    def all_targets(self) -> tuple[Surface, ...]:
        """The target's surfaces: the cookbook's, and the SDK's where it is known."""
        return (self.target,) if self.sdk is None else (self.target, self.sdk)


@dataclass(frozen=True)
class Edit:
    """Replace the bytes ``start`` to ``end`` of the source."""

    start: int
    end: int
    text: str


@dataclass
class Todo:
    """Something left for a person: a finding, and whether a marker goes above its statement."""

    node: ast.AST
    finding: Finding
    marker: bool = True


class Codemod:
    """Base of the codemods: a port of one kind of construct, one file each.

    Subclasses answer :meth:`call` and :meth:`name` for single expressions, do what concerns several
    places in :meth:`plan` (before anything is written), and whole statements in :meth:`finish`.
    """

    #: codemods that must have had their turn before this one
    after: tuple[str, ...] = ()

    def __init__(self, port: Port) -> None:
        self.port = port

    def plan(self) -> None:
        """Look at the file before any text is made."""

    def call(self, node: ast.Call) -> str | None:
        """The new text of a call; None leaves it to the next codemod."""
        return None

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        """The new text of a name or attribute; None leaves it to the next codemod."""
        return None

    def quoted(self, node: ast.Constant) -> str | None:
        """The new text of an annotation in quotes; None leaves it to the next codemod."""
        return None

    def finish(self) -> None:
        """Add statement edits, when the text of every expression is known."""


class Source:
    """The text of the file with byte offsets, as ``ast`` counts."""

    def __init__(self, text: str, newline: str) -> None:
        self.text = text
        self.newline = newline
        self.data = text.encode("utf-8")
        self.lines = [0, *(m.end() for m in re.finditer(rb"\r\n|\r|\n", self.data))]

    def start(self, node: ast.AST) -> int:
        """Offset of the first byte of ``node``."""
        line, column, _, _ = span(node)
        return self.lines[line - 1] + column

    def end(self, node: ast.AST) -> int:
        """Offset of the byte after ``node``."""
        _, _, line, column = span(node)
        return self.lines[line - 1] + column

    def slice(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8")

    def line_start(self, line: int) -> int:
        """Offset of the first byte of a line, counted from 1; the end of the file for the line after."""
        return self.lines[line - 1] if line <= len(self.lines) else len(self.data)

    def line(self, line: int) -> str:
        return self.slice(self.line_start(line), self.line_start(line + 1))

    def indent(self, line: int) -> str:
        text = self.line(line)
        return text[: len(text) - len(text.lstrip(" \t\f"))]

    def location(self, path: str, node: ast.AST) -> Location:
        def column(line: int, offset: int) -> int:
            begin = self.lines[line - 1]
            return len(self.slice(begin, begin + offset)) + 1

        line, start, end_line, end = span(node)
        return Location(path, line, column(line, start), end_line, column(end_line, end))


@dataclass
class ImportRequest:
    """A name that new code needs: ``path`` imported as ``local`` where ``scope`` sees it."""

    path: str
    local: str
    scope: Scope


class Port:
    """The port of one file.

    Args:
        path: how messages name the file.
        source: its text.
        tree: its parsed ``ast``.
        fixture_type: the type of a pytest fixture that another file defines, by name, or None.
        model: its semantic model, if another port of the same tree has made it already.
    """

    def __init__(
        self,
        path: str,
        source: Source,
        tree: ast.Module,
        surfaces: Surfaces,
        moves: Moves,
        rules: Rulebook,
        *,
        module_name: str | None = None,
        fixture_type: Callable[[str], str | None] = lambda _: None,
        model: Model | None = None,
    ) -> None:
        self.path = path
        #: whether the file uses anything that the target lacks and an older version had
        self.is_old = False
        self.source = source
        self.surfaces = surfaces
        self.moves = moves
        self.rules = rules
        self.fixture_type = fixture_type
        self.model = model or Model(
            tree,
            module_name=module_name,
            is_package=PurePath(path).stem == "__init__",
            star_exports=self._exports,
        )
        self.todo: list[Todo] = []
        self.done: Counter[str] = Counter()
        self.requests: list[ImportRequest] = []
        self.removed: set[ast.AST] = set()
        self.kept: set[ast.AST] = set()
        self.renamed: set[ast.AST] = set()
        self.orphans: list[tuple[ast.AST, list[str]]] = []
        self.extra_arguments: dict[ast.Call, list[tuple[str, str]]] = {}
        self.edits: list[Edit] = []
        self._gone_lines: list[tuple[int, int, str]] = []
        self._codemods: Sequence[Codemod] = ()
        self._answers: dict[ast.AST, str | None] = {}
        self._types: dict[ast.AST, str | None] = {}
        self._interesting: set[ast.AST] = set()
        self._stored: dict[ast.ClassDef, dict[str, list[ast.expr]]] = {}

    # --- names ---------------------------------------------------------------------------------------

    def _exports(self, module: str) -> frozenset[str] | None:
        for surface in (*self.surfaces.origins, self.surfaces.target):
            found = surface.modules.get(module)
            if found is not None:
                names = found.exports or [n for n in found.names if not n.startswith("_")]
                return frozenset(names)
        return None

    def canonical(self, path: str | None) -> str | None:
        """Where the thing that old code calls ``path`` lived: the newest version that had it decides."""
        return None if path is None else self.surfaces.canonical(path)

    def resolve(self, node: ast.expr) -> str | None:
        """The canonical path of a name or attribute of the cookbook or SDK, or None."""
        return self.canonical(self.model.resolve(node))

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

    def is_copy(self, call: ast.Call) -> bool:
        """Whether a call is ``dataclasses.replace(x, …)`` or another copy of its first argument."""
        return bool(call.args) and self.model.resolve(call.func) in _COPIES

    def applied(self, call: ast.Call) -> ast.expr | None:
        """What ``functools.partial(x, …)`` will call, or None for every other call."""
        if call.args and self.model.resolve(call.func) == "functools.partial":
            return call.args[0]
        return None

    def own_fields(self, callee: ast.expr) -> set[str]:
        """Fields that a subclass of this file adds to a recipe's Config."""
        local = self.model.local_class(callee)
        if local is None:
            return set()
        return {
            s.target.id for s in local.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
        }

    def origin_class(self, path: str) -> Class | None:
        """The class at ``path`` in the newest old version that has it."""
        return next((c for s in self.surfaces.origins if (c := s.class_at(path))), None)

    def origin_accepts(self, path: str, keyword: str) -> bool:
        """Whether some older version of ``path`` took ``keyword=``."""
        for surface in (*self.surfaces.origins, *self.surfaces.sdk_origins):
            signature = surface.signature(path)
            if signature is not None and signature.parameter(keyword):
                return True
        return False

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

    @cached_property
    def names_old_classes(self) -> bool:
        """Whether the file names a settings class that the moves replace, be it importable or not."""
        return any(self.resolve(n) in self.moves.classes for n in (*self.model.names, *self.model.attributes))

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
                return self._agreed(self._type_of_binding(node, b) for b in self.model.bindings(node))
            case ast.Attribute():
                return self._type_of_attribute(node)
            case ast.IfExp():
                branches = [b for b in (node.body, node.orelse) if not _is_none(b)]
                return self._agreed(self.type_of(b) for b in branches)
            case ast.BoolOp():
                return self._agreed(self.type_of(v) for v in node.values)
            case ast.NamedExpr():
                return self.type_of(node.value)
            case ast.Await():
                return self.type_of(node.value)
        return None

    @staticmethod
    def _agreed(types: Iterable[str | None]) -> str | None:
        found = set(types)
        return found.pop() if len(found) == 1 else None

    def _type_of_call(self, node: ast.Call) -> str | None:
        if self.is_copy(node):
            return self.type_of(node.args[0])
        if (local := self.model.local_class(node.func)) is not None:
            return LOCAL + local.name
        if (function := self.model.local_function(node.func)) is not None:
            return self._type_of_result(function)
        path = self.resolve(node.func)
        return path if path and self._is_class(path) else None

    def _is_class(self, path: str) -> bool:
        return any(
            s.class_at(path)
            for s in (self.surfaces.target, *self.surfaces.origins, *self.surfaces.sdk_origins)
        )

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
            return self._agreed(self.annotated(s) for s in (node.left, node.right) if not _is_none(s))
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
            return path if path and self._is_class(path) else None
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
        for surface in (*self.surfaces.origins, self.surfaces.target):
            cls = surface.class_at(owner)
            found = cls.field_named(field_name) if cls else None
            if found and found.annotation:
                name = found.annotation.replace("| None", "").strip().strip("'\"")
                if name.isidentifier():
                    return self.canonical(f"{owner.rpartition('.')[0]}.{name}")
        return None

    def _local_attribute(self, class_name: str, attribute: str) -> str | None:
        found = self.model.module.bindings.get(class_name, [])
        node = found[0].node if len(found) == 1 else None
        if not isinstance(node, ast.ClassDef):
            return None
        for statement in node.body:
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and statement.target.id == attribute
            ):
                return self.annotated(statement.annotation)
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

    # --- writing -------------------------------------------------------------------------------------

    def run(self, codemods: Sequence[Codemod]) -> None:
        """Let the codemods plan, answer for every expression, and finish."""
        self._codemods = codemods
        for codemod in codemods:
            codemod.plan()
        for node in (*self.model.calls, *self.model.names, *self.model.attributes, *self.model.quoted):
            # Mark the way down to every node that might get an answer.
            current: ast.AST | None = node
            while current is not None and current not in self._interesting:
                self._interesting.add(current)
                current = self.model.parents.get(current)
        self.edits += self._spans(self.model.tree)
        for codemod in codemods:
            codemod.finish()
        self._close_gaps()

    def _spans(self, node: ast.AST) -> list[Edit]:
        result: list[Edit] = []
        # Depth first with an explicit stack; a node with an answer hides what is below it.
        stack = [node]
        while stack:
            current = stack.pop()
            if current not in self._interesting or current in self.removed:
                continue
            answer = self.answer(current)
            if answer is not None:
                result.append(Edit(self.source.start(current), self.source.end(current), answer))
            else:
                stack.extend(ast.iter_child_nodes(current))
        return result

    def is_gone(self, node: ast.AST) -> bool:
        """Whether ``node`` is part of something that was removed."""
        return node in self.removed or any(a in self.removed for a in self.model.ancestors(node))

    def answer(self, node: ast.AST) -> str | None:
        """What the codemods make of this very node; asked once."""
        if not isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.Constant):
            return None
        if node not in self._answers:
            self._answers[node] = None
            if not self._is_in_place(node):
                return None
            for codemod in self._codemods:
                text = None
                if isinstance(node, ast.Call):
                    text = codemod.call(node)
                elif isinstance(node, ast.Name | ast.Attribute):
                    text = codemod.name(node)
                elif isinstance(node, ast.Constant):
                    text = codemod.quoted(node)
                if text is not None:
                    self._answers[node] = text
                    break
        return self._answers[node]

    def _is_in_place(self, node: ast.AST) -> bool:
        """Whether the source at a node's place is that node: before Python 3.12 not so in all f-strings."""
        if not any(isinstance(a, ast.JoinedStr) for a in self.model.ancestors(node)):
            return True
        try:
            there = ast.parse(f"({self.original(node)})", mode="eval").body
        except (SyntaxError, ValueError, UnicodeDecodeError):
            return False
        return ast.unparse(there) == ast.unparse(node)

    def text(self, node: ast.AST) -> str:
        """The new text of an expression: its source with everything below it ported."""
        start, end = self.source.start(node), self.source.end(node)
        return splice(self.source.slice(start, end).encode(), self._spans(node), start).decode()

    def open_call(self, node: ast.Call) -> tuple[CallText, list[ast.expr | ast.keyword]]:
        """A call to be edited, its argument values ported already, and its arguments in source order."""
        call = CallText(self.original(node), self.source.newline)
        arguments = call_arguments(node)
        for i, argument in enumerate(arguments):
            value = argument_value(argument)
            if (text := self.text(value)) != self.original(value):
                call.set_value(i, text)
        if (callee := self.text(node.func)) != self.original(node.func):
            call.set_callee(callee)
        return call, arguments

    def original(self, node: ast.AST) -> str:
        """The source of an expression as it stands in the file."""
        return self.source.slice(self.source.start(node), self.source.end(node))

    def remove(self, node: ast.AST) -> None:
        """Say that ``node`` will not be in the new text: names below it are no longer used there."""
        self.removed.add(node)

    def remove_statement(self, statement: ast.stmt) -> None:
        """Remove a whole statement; comments inside it stay, a body left empty gets ``pass``."""
        source = self.source
        start, end = source.start(statement), source.end(statement)
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        comments = comments_in(source.slice(start, source.line_start(last + 1)))
        before = source.slice(source.line_start(first), start)
        after = source.slice(end, source.line_start(last + 1))
        alone = not before.strip(" \t\f") and not after.split("#")[0].strip()
        self.remove(statement)
        if not alone or self._is_only_one(statement):
            # The comment behind it, if any, stays where it is.
            kept = "".join(
                f"{c}{source.newline}{before}" for c in comments_in(source.slice(start, end)) if alone
            )
            self.edits.append(Edit(start, end, f"{kept}pass"))
            return
        text = "".join(f"{before}{c}{source.newline}" for c in comments)
        self._gone_lines.append((first, last, text))

    def _close_gaps(self) -> None:
        """Take removed statements out, neighbours together, with the blank line that they leave behind."""
        source = self.source
        blocks: list[tuple[int, int, str]] = []
        for first, last, text in sorted(self._gone_lines):
            if blocks and blocks[-1][1] + 1 == first:
                blocks[-1] = (blocks[-1][0], last, blocks[-1][2] + text)
            else:
                blocks.append((first, last, text))
        for first, last, text in blocks:
            stop = last + 1
            after_blank = first == 1 or not source.line(first - 1).strip()
            opens_block = first > 1 and source.line(first - 1).rstrip().endswith(":")
            next_is_blank = stop < len(source.lines) and not source.line(stop).strip()
            if next_is_blank and (after_blank or opens_block) and not text:
                stop += 1
            self.edits.append(Edit(source.line_start(first), source.line_start(stop), text))

    def _is_only_one(self, statement: ast.stmt) -> bool:
        parent = self.model.parents[statement]
        for _, body in ast.iter_fields(parent):
            if isinstance(body, list) and statement in body:
                return not isinstance(parent, ast.Module) and all(s in self.removed for s in body)
        return False

    def note(self, rule: str, node: ast.AST, *, marker: bool = True, **variables: str) -> None:
        """Leave something for a person: a finding at ``node``, and a marker above its statement."""
        filled = {"path": self.path, "target": self.surfaces.label} | variables
        finding = self.rules[rule].fill(filled, location=self.source.location(self.path, node))
        self.todo.append(Todo(node, finding, marker))

    def lost_setting(self, rule: str, node: ast.AST, setting: str, name: str) -> None:
        """Note that a setting is not passed on because the target has nothing of the kind."""
        advice = self.moves.advice.get(name, "this version dropped it")
        self.note(rule, node, setting=_one_line(setting), advice=advice)

    def need(self, path: str, at: ast.AST, preferred: str | None = None) -> str:
        """The local name under which new code at ``at`` may use ``path``; imports it if needed."""
        wanted = preferred or path.rpartition(".")[2]
        canonical = self.canonical(path) or path
        scope: Scope | None = self.model.scope_of(at)
        while scope is not None:
            for name, bindings in scope.bindings.items():
                if bindings and all(
                    b.kind is BindingKind.IMPORT and (self.canonical(b.path) or b.path) == canonical
                    for b in bindings
                ):
                    return name
            scope = scope.parent
        for request in self.requests:
            if request.path == path:
                return request.local
        taken = self.model.scope_of(at).lookup(wanted)
        local = (
            wanted if taken is None else f"fireworks_{wanted}" if wanted.islower() else f"Fireworks{wanted}"
        )
        self.requests.append(ImportRequest(path, local, self.model.module))
        return local

    def stays_old(self, node: ast.expr) -> bool:
        """Whether the value of ``node`` will still be of a class that was to be renamed: see ``kept``."""
        if node in self.kept:
            return True
        if isinstance(node, ast.Call) and self.is_copy(node):
            return self.stays_old(node.args[0])
        if not isinstance(node, ast.Name):
            return False
        for binding in self.model.bindings(node):
            if binding.value is not None and binding.value is not node and binding.value in self.kept:
                return True
            if binding.annotation is not None and any(p in self.kept for p in ast.walk(binding.annotation)):
                return True
        return False

    def class_move(self, path: str | None) -> ClassMove | None:
        """The move of a settings class that the target can take part in, or None."""
        move = self.moves.classes.get(path or "")
        if move is None or move.new is None or not self.target_has(move.new):
            return None
        return move


def span(node: ast.AST) -> tuple[int, int, int, int]:
    """First line, byte in it, last line, byte in it, as ``ast`` counts: lines from 1, bytes from 0."""
    place: Any = node  # not every node has a place, but all that anybody asks for
    return place.lineno, place.col_offset, place.end_lineno, place.end_col_offset


def call_arguments(node: ast.Call) -> list[ast.expr | ast.keyword]:
    """All arguments of a call in the order in which they are written."""
    arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    return sorted(arguments, key=lambda a: (a.lineno, a.col_offset))


def argument_value(argument: ast.expr | ast.keyword) -> ast.expr:
    """The expression that an argument passes, without ``name=``, ``*`` or ``**``."""
    return argument.value if isinstance(argument, ast.keyword | ast.Starred) else argument


def spread_of(node: ast.Call) -> ast.expr | ast.keyword | None:
    """The first ``*x`` or ``**x`` among the arguments of a call."""
    for argument in call_arguments(node):
        if isinstance(argument, ast.Starred) or (isinstance(argument, ast.keyword) and argument.arg is None):
            return argument
    return None


def splice(data: bytes, edits: Iterable[Edit], offset: int = 0) -> bytes:
    """Apply edits that do not overlap; ``offset`` is where ``data`` begins in the file."""
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        data = data[: edit.start - offset] + edit.text.encode() + data[edit.end - offset :]
    return data


def is_literal_none(node: ast.expr) -> bool:
    """Whether an expression is the constant None."""
    return _is_none(node)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else line[:97] + "..."
