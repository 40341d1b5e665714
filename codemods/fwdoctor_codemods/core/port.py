"""One file on its way to a target: what the codemods share.

A :class:`Port` holds the parsed file, the surfaces, and the edits. Codemods answer for single nodes
("this call becomes that text"); the port splices their answers into the source, outermost node first,
so that every byte that no codemod spoke for stays what it was.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fwdoctor.finding import SEVERAL_VERSIONS, Finding, Remedy
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.moves import ClassMove, Moves
from fwdoctor.rulebook import Rulebook
from fwdoctor.surface.model import Class, Parameter
from fwdoctor_codemods.core.guards import Guards
from fwdoctor_codemods.core.ignores import Ignore, Ignores
from fwdoctor_codemods.core.model import BindingKind, Scope, children
from fwdoctor_codemods.core.names import Names
from fwdoctor_codemods.core.source import Edit, Source, argument_value, call_arguments, splice, spread_of
from fwdoctor_codemods.core.surfaces import Surfaces

if TYPE_CHECKING:
    # libcst comes with it: only where text is written (linters and `check` write none).
    from fwdoctor_codemods.core.arguments import CallText, NewArgument
    from fwdoctor_codemods.core.service import Service

#: Rules about code that is written for several versions.
_ABOUT_GUARDS = frozenset({"FWD112"})
#: Settings whose values are never shown: messages end up in logs and in other people's hands.
_SECRET = re.compile("key|token|secret|password|header", re.IGNORECASE)


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
    #: codemods without which this one ports nothing, and they nothing without it
    needs: tuple[str, ...] = ()

    def __init__(self, port: Port) -> None:
        self.port = port

    @classmethod
    def concerns(cls, port: Port) -> bool:
        """Whether this codemod may port something in a file that fits the target as it is."""
        return False

    def plan(self) -> None:
        """Look at the file before any text is made."""

    def settle(self) -> None:
        """Act on what the plans of all codemods say together; no text is made yet."""

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


#: The method that answers for a kind of node.
_HOOKS: dict[type, str] = {ast.Call: "call", ast.Name: "name", ast.Attribute: "name", ast.Constant: "quoted"}


@dataclass
class ImportRequest:
    """A name that new code needs: ``path`` imported as ``local``, above ``line``, the first that uses it."""

    path: str
    local: str
    line: int


class Port(Names):
    """The port of one file.

    Args:
        path: how messages name the file.
        source: its text.
        tree: its parsed ``ast``.
        module_name, fixture_type: as for :class:`Names`.
        taken: the names that other files import from this one, ``*`` for all.
        abbreviated: calls may leave out what they need, as in the snippets of a document.
        preserve_defaults: write out old defaults that changed, instead of telling them.
        noqa: leave statements alone, too, that linters are told to leave alone.
        allows: whether a rule is wanted; the others neither rewrite nor tell anything.
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
        taken: Callable[[], Collection[str]] = lambda: (),
        abbreviated: bool = False,
        preserve_defaults: bool = False,
        noqa: bool = False,
        allows: Callable[[str], bool] = lambda _: True,
    ) -> None:
        super().__init__(path, tree, surfaces, moves, module_name=module_name, fixture_type=fixture_type)
        self.path = path
        self._taken = taken
        self.abbreviated = abbreviated
        self.preserve_defaults = preserve_defaults
        self.allows = allows
        self.ignores = Ignores(source.text, noqa=noqa)
        self.guards = Guards(self, source.text)
        #: what a comment of the file keeps from being told, with its reason as evidence
        self.ignored: list[Finding] = []
        #: what is not told because its code is written for several versions, or expected to fail
        self.guarded: list[Finding] = []
        #: the state of the cookbook that the code was written for, as far as its own words tell
        self.origin: Callable[[], int | None] = lambda: None
        #: all states of which that may be said
        self.origins: Callable[[], Sequence[int]] = lambda: ()
        #: whether the file uses anything that the target lacks and an older version had
        self.is_old = False
        self.source = source
        self.rules = rules
        self.todo: list[Todo] = []
        self.done: Counter[str] = Counter()
        self.requests: list[ImportRequest] = []
        #: statements that become something else as a whole
        self.replaced: dict[ast.stmt, Callable[[], str]] = {}
        #: the service clients that take the place of what the file provisions for itself
        self.services: list[Service] = []
        self.removed: set[ast.AST] = set()
        self.reused: set[ast.AST] = set()
        self.kept: set[ast.AST] = set()
        #: calls whose ``**options`` hide nothing: every key was seen
        self.seen_through: set[ast.Call] = set()
        self.renamed: set[ast.AST] = set()
        self.orphans: list[tuple[ast.AST, list[str]]] = []
        self.extra_arguments: dict[ast.Call, list[tuple[str, str]]] = {}
        self.edits: list[Edit] = []
        self._gone_lines: list[tuple[int, int, str]] = []
        self._hooks: dict[str, list[Callable[[Any], str | None]]] = {}
        self._answers: dict[ast.AST, str | None] = {}
        self._interesting: set[ast.AST] = set()

    def order_then(self, path: str, given: Sequence[ast.expr]) -> list[str] | None:
        """The names of the fields that positional arguments were meant for when the code was written.

        None where versions that it may have been written for differ.
        """
        then = [self.surfaces.class_then(path, state) for state in self.origins()]
        classes = [c for c in then if c is not None]
        if not classes:
            classes = [s for _, s in self.surfaces.old(path) if isinstance(s, Class)]
        likely = [c for c in classes if all(map(_may_hold, c.fields, given))]
        orders = {tuple(f.name for f in c.fields)[: len(given)] for c in likely or classes}
        return list(orders.pop()) if len(orders) == 1 else None

    @functools.cached_property
    def stores(self) -> list[ast.Name | ast.Attribute | ast.Subscript]:
        """Everything that is assigned or deleted, in the order of the tree."""
        return [
            n
            for n in ast.walk(self.model.tree)
            if isinstance(n, ast.Name | ast.Attribute | ast.Subscript) and not isinstance(n.ctx, ast.Load)
        ]

    @functools.cached_property
    def global_names(self) -> frozenset[str]:
        """Names that some function declares global, or nonlocal: calls may change them."""
        declared = [n for n in self.model.parents if isinstance(n, ast.Global | ast.Nonlocal)]
        return frozenset(name for n in declared for name in n.names)

    def receiver(self, node: ast.expr) -> str:
        """The new text of an expression in front of a dot: in parentheses where it needs them."""
        text = self.text(node)
        plain = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
        return text if plain else f"({text})"

    @property
    def names_old_classes(self) -> bool:
        """Whether the file names a settings class that the moves replace, be it importable or not."""
        classes = self.moves.classes
        if not any(path.rpartition(".")[2] in self.source.text for path in classes):
            return False
        if any(self.resolve(n) in classes for n in (*self.model.names, *self.model.attributes)):
            return True
        return any(self.annotated(quoted) in classes for quoted in self.model.quoted)

    def run(self, codemods: Sequence[Codemod]) -> None:
        """Let the codemods plan, answer for every expression, and finish."""
        # Only methods that a codemod has of its own: there are many nodes.
        self._hooks = {
            kind: [getattr(c, kind) for c in codemods if getattr(type(c), kind) is not getattr(Codemod, kind)]
            for kind in ("call", "name", "quoted")
        }
        if self.ignores or self.guards:
            nodes = (*self.model.calls, *self.model.names, *self.model.attributes)
            self.kept.update(node for node in nodes if self.is_ignored(node))
        for codemod in codemods:
            codemod.plan()
        for codemod in codemods:
            codemod.settle()
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
            if isinstance(current, ast.stmt) and current in self.replaced:
                answer: str | None = self.replaced[current]()
            else:
                answer = self.answer(current)
            if answer is not None:
                result.append(Edit(self.source.start(current), self.source.end(current), answer))
            else:
                stack += children(current)
        return result

    def is_taken(self, name: str, at: ast.AST) -> bool:
        """Whether a name that is bound at ``at`` is the whole module's, and other files use it."""
        if self.model.scope_of(at) is not self.model.module:
            return False
        taken = self._taken()
        return name in taken or "*" in taken

    def is_gone(self, node: ast.AST) -> bool:
        """Whether ``node`` is part of something that was removed, and not written again elsewhere."""
        for part in (node, *self.model.ancestors(node)):
            if part in self.reused:
                return False
            if part in self.removed:
                return True
        return False

    def hidden(self, node: ast.Call) -> ast.expr | ast.keyword | None:
        """The ``*x`` or ``**x`` of a call in which something may hide."""
        return None if node in self.seen_through else spread_of(node)

    def reuse(self, node: ast.expr) -> str:
        """The new text of an expression that is written somewhere else: its names stay in use."""
        self.reused.add(node)
        return self.text(node)

    def answer(self, node: ast.AST) -> str | None:
        """What the codemods make of this very node; asked once."""
        if not isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.Constant):
            return None
        if node not in self._answers:
            self._answers[node] = None
            if self.is_ignored(node) or not self._is_in_place(node):
                return None
            for hook in self._hooks[_HOOKS[type(node)]]:
                if (text := hook(node)) is not None:
                    self._answers[node] = text
                    break
        return self._answers[node]

    def is_ignored(self, node: ast.AST) -> bool:
        """Whether a comment, or what stands around, asks to leave the statement of ``node`` as it is."""
        if self.ignores and self.ignores.at(self.model.statement(node), None) is not None:
            return True
        return self.guards.around(node)

    def _is_in_place(self, node: ast.AST) -> bool:
        """Whether the source at a node's place is that node: before Python 3.12 not so in all f-strings."""
        if node not in self.model.in_f_strings:
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
        from fwdoctor_codemods.core.arguments import CallText

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
        from fwdoctor_codemods.core.arguments import comments_in

        source = self.source
        start, end = source.start(statement), source.end(statement)
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        comments = comments_in(source.slice(start, source.line_start(last + 1)))
        before = source.slice(source.line_start(first), start)
        alone = self.has_own_lines(statement)
        self.edits = [e for e in self.edits if not start <= e.start <= e.end <= end]
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
        if isinstance(self.model.parents[statement], ast.Module):
            return False
        return all(s in self.removed for s in self.block(statement))

    def note(self, rule: str, node: ast.AST, *, marker: bool = True, **variables: str) -> None:
        """Leave something for a person: a finding at ``node``, and a marker above its statement."""
        filled = {"path": self.path, "target": self.surfaces.label} | variables
        finding = left(self.rules[rule].fill(filled, location=self.source.location(self.path, node)))
        if not self.allows(rule):
            return
        if (ignore := self.ignored_at(node, rule)) is not None:
            silent = self.ignored if ignore.is_comment else self.guarded
            silent.append(replace(finding, evidence=ignore.reason or None))
        else:
            self.todo.append(Todo(node, finding, marker))

    def ignored_at(self, node: ast.AST, rule: str) -> Ignore | None:
        """What keeps a finding of a rule from being told at ``node``: a comment, or what stands around."""
        found = self.ignores.at(self.model.statement(node), rule) if self.ignores else None
        if found is None and rule not in _ABOUT_GUARDS and self.guards.around(node):
            return Ignore(frozenset(), SEVERAL_VERSIONS, is_comment=False)
        return found

    def tell_lost(self, node: ast.AST, owner: Class | None, field: str, value: ast.expr, name: str) -> None:
        """Note that a setting is not passed on: the target has no ``name``.

        ``field`` is what the old class ``owner`` called it; its default needs no word.
        """
        old = owner.field_named(field) if owner else None
        if old is not None and ast.unparse(value) == old.default:
            return
        advice = self.moves.advice.get(name, "this version dropped it")
        self.note("FWD106", node, setting=shown_setting(f"{name}={self.original(value)}"), advice=advice)

    def tell_ignored(self, node: ast.AST, path: str | None, field: str, value: ast.expr) -> None:
        """Note that the class at ``path`` still takes a field and nothing reads it, if that is so."""
        ignored = self.moves.ignored.get((path or "", field))
        if ignored and ast.unparse(value) not in ignored.default:
            setting = shown_setting(f"{field}={self.original(value)}")
            self.note("FWD111", node, setting=setting, advice=ignored.advice)

    def need(self, path: str, at: ast.AST) -> str:
        """The local name under which new code at ``at`` may use ``path``; imports it if needed."""
        wanted = path.rpartition(".")[2]
        canonical = self.canonical(path) or path
        scope: Scope | None = self.model.scope_of(at)
        while scope is not None:
            for name, bindings in scope.bindings.items():
                if bindings and all(
                    b.kind is BindingKind.IMPORT
                    and (self.canonical(b.path) or b.path) == canonical
                    and self._is_bound(b.node, at)
                    for b in bindings
                ):
                    return name
            scope = scope.parent
        line = self.top_level(at).lineno
        for request in self.requests:
            if request.path == path:
                request.line = min(request.line, line)
                return request.local
        taken = self.model.scope_of(at).lookup(wanted)
        local = (
            wanted if taken is None else f"fireworks_{wanted}" if wanted.islower() else f"Fireworks{wanted}"
        )
        self.requests.append(ImportRequest(path, local, line))
        return local

    def _is_bound(self, binding: ast.AST, at: ast.AST) -> bool:
        """Whether a name is bound when ``at`` is evaluated; a function is, when all of its module was."""
        function = self.function_of(at)
        if not isinstance(function, ast.Module) and function is not self.function_of(binding):
            return True
        return getattr(binding, "lineno", 0) < getattr(at, "lineno", 0)

    def with_fields(self, node: ast.expr, text: str, new: Sequence[NewArgument], at: ast.AST) -> str:
        """The text of a settings object with more fields set; an object that others share is copied.

        ``node`` is the old expression and ``text`` its new text; ``at`` is where the result will stand.
        """
        if not new:
            return text
        if not self._takes_fields(node):
            fields = ", ".join(f"{n.keyword}={n.value}" for n in new)
            return f"{self._replace(at)}({text}, {fields})"
        from fwdoctor_codemods.core.arguments import CallText

        call = CallText(text, self.source.newline)
        for argument in new:
            if call.index(argument.keyword) is None:
                call.append(argument)
        return call.code()

    def _takes_fields(self, node: ast.expr) -> bool:
        """Whether a value is a call that takes the settings' fields: of their class, or a copy of one."""
        if not isinstance(node, ast.Call):
            return False
        if self.is_copy(node):
            return self.model.resolve(node.func) == "dataclasses.replace"
        path = self.resolve(node.func)
        known = {*self.moves.classes, *(m.new for m in self.moves.classes.values())}
        return path is not None and path in known

    def _replace(self, at: ast.AST) -> str:
        found = self.model.scope_of(at).lookup("replace")
        if found and {b.path for b in found[1]} == {"dataclasses.replace"}:
            return "replace"
        return self.need("dataclasses", at) + ".replace"

    def function_of(self, node: ast.AST) -> ast.AST:
        """The function (or the module) in which a node is evaluated."""
        scope: Scope | None = self.model.scope_of(node)
        while scope is not None and not isinstance(
            scope.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module
        ):
            scope = scope.parent
        return scope.node if scope is not None else self.model.tree

    def insert_after(self, statement: ast.stmt, lines: Sequence[str]) -> None:
        """Write statements behind another, at its indentation."""
        source = self.source
        at = source.line_start((statement.end_lineno or statement.lineno) + 1)
        begin = "" if source.data[at - 1 : at] in (b"\n", b"\r") else source.newline
        self.edits.append(Edit(at, at, begin + self.indented(statement, lines) + source.newline))

    def insert_before(self, statement: ast.stmt, lines: Sequence[str]) -> None:
        """Write statements before another, at its indentation."""
        at = self.source.line_start(statement.lineno)
        self.edits.append(Edit(at, at, self.indented(statement, lines) + self.source.newline))

    def indented(self, statement: ast.stmt, lines: Sequence[str]) -> str:
        """Lines of code, each at the indentation of a statement, without a line ending behind the last."""
        indent = self.source.indent(statement.lineno)
        return self.source.newline.join(f"{indent}{line}" for line in lines)

    def top_level(self, node: ast.AST) -> ast.stmt:
        """The statement of the module in which a node stands."""
        return next(
            part
            for part in (node, *self.model.ancestors(node))
            if isinstance(part, ast.stmt) and self.model.parents[part] is self.model.tree
        )  # every node that a codemod writes for stands in one

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements in which a statement stands."""
        for _, body in ast.iter_fields(self.model.parents[statement]):
            if isinstance(body, list) and statement in body:
                return body
        return [statement]

    def has_own_lines(self, statement: ast.stmt) -> bool:
        """Whether nothing but white space and a comment stands beside a statement on its lines."""
        source = self.source
        start, end = source.start(statement), source.end(statement)
        before = source.slice(source.line_start(statement.lineno), start)
        after = source.slice(end, source.line_start((statement.end_lineno or statement.lineno) + 1))
        return not before.strip(" \t\f") and not after.split("#")[0].strip()

    def stays_old(self, node: ast.expr) -> bool:
        """Whether the value of ``node`` will still be of a class that was to be renamed: see ``kept``."""
        return self._is_kept(node, set())

    def _is_kept(self, node: ast.expr | None, seen: set[ast.AST]) -> bool:
        """As :meth:`stays_old`, along the same ways on which types are found."""
        if node is None or node in seen:
            return False
        seen.add(node)
        match node:
            case _ if node in self.kept:
                return True
            case ast.Call() if self.is_copy(node):
                return self._is_kept(node.args[0], seen)
            case ast.Call():
                function = self.model.local_function(node.func)
                return function is not None and self._names_kept(function.returns)
            case ast.Name():
                return any(
                    self._is_kept(b.value, seen) or self._names_kept(b.annotation)
                    for b in self.model.bindings(node)
                )
            case ast.Attribute():
                return self._names_kept(self.declared(node))
            case ast.IfExp():
                return self._is_kept(node.body, seen) or self._is_kept(node.orelse, seen)
            case ast.BoolOp():
                return any(self._is_kept(value, seen) for value in node.values)
            case ast.NamedExpr() | ast.Await():
                return self._is_kept(node.value, seen)
        return False

    def _names_kept(self, annotation: ast.expr | None) -> bool:
        return annotation is not None and any(part in self.kept for part in ast.walk(annotation))

    def class_move(self, path: str | None) -> ClassMove | None:
        """The move of a settings class that the target can take part in, or None."""
        move = self.moves.classes.get(path or "")
        if move is None or move.new is None or not self.target_has(move.new):
            return None
        return move


def left(finding: Finding) -> Finding:
    """A finding of what a port leaves: to run the very command that leaves it is no remedy."""
    commands = [command for remedy in finding.remedy for command in remedy.commands]
    if any(c.startswith("fwdoctor migrate ") and not c.startswith("fwdoctor migrate --") for c in commands):
        return replace(finding, remedy=(Remedy("Port it by hand, then delete the marker."),))
    return finding


def _may_hold(field: Parameter, value: ast.expr) -> bool:
    """Whether a field may be given a value: literals of another type speak against it."""
    if not isinstance(value, ast.Constant) or field.annotation not in ("str", "int", "float", "bool"):
        return True
    if field.annotation == "str":
        return isinstance(value.value, str)
    return isinstance(value.value, int | float)


def shown_setting(setting: str) -> str:
    """``name=value`` for a message: on one line, not too long, and without what may be a secret."""
    line = " ".join(setting.split())
    name = line.partition("=")[0]
    if _SECRET.search(name):
        return f"{name}=..."
    return line if len(line) <= 100 else line[:97] + "..."
