"""One parsed file as lint rules see it: its calls of the cookbook and the SDK, and what values are.

Rules ask; nothing here judges. What cannot be told is None or :data:`UNKNOWN`, and rules stay silent on it.
"""

from __future__ import annotations

import ast
import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from pathlib import PurePath
from typing import Any

import fwdoctor_rules
from fwdoctor_codemods.core.model import LOCAL
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import Edit, call_arguments, is_none, span

from fwdoctor.finding import Severity
from fwdoctor.fit.uses import is_ours, short
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint.values import HOLE, UNKNOWN, Values
from fwdoctor.surface.model import Function, Parameter

__all__ = [
    "HOLE",
    "UNKNOWN",
    "Argument",
    "Call",
    "File",
    "Hit",
    "Setting",
    "Types",
    "ends_with",
    "spoken",
    "types",
]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Fixtures of pytest that put stand-ins in the place of what is called.
_PATCHERS = frozenset({"monkeypatch", "mocker"})

#: Context managers in which an error or a warning is what is wanted.
_EXPECTING = frozenset(
    {
        "raises",
        "assertRaises",
        "assertRaisesRegex",
        "warns",
        "assertWarns",
        "assertWarnsRegex",
        "deprecated_call",
    }
)
#: How many names of names, or copies of copies, are followed.
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule has something to say.

    ``variables`` fill the rule's templates. ``fix`` are edits that mend it, in the bytes of the source; a
    rule that gives them says in its ``applicability`` whether they are safe. ``severity`` is for a place
    that is better or worse than the rule's others.
    """

    node: ast.AST
    variables: Mapping[str, str] = field(default_factory=dict)
    fix: tuple[Edit, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call: its name, the node to point at, and the expression that it passes."""

    name: str
    node: ast.AST
    value: ast.expr


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the cookbook or the SDK.

    ``path`` is the dotted path of what is called, where it lives in the target (or else lived before):
    ``training.recipes.rl_loop.Config``, ``fireworks.training.sdk.client.FiretitanServiceClient.close``. Of
    ``dataclasses.replace(x, …)`` it is the class of ``x``. ``arguments`` are those that can be named:
    keywords, positional ones where the order is known, the keys of a dict that is spread into the call.
    ``opaque``: there are more, which cannot be seen. ``copies``: it is such a copy, and sets only what
    differs.
    """

    node: ast.Call
    path: str
    arguments: Mapping[str, Argument]
    opaque: bool = False
    copies: bool = False

    @property
    def name(self) -> str:
        """How people call it: ``rl_loop.Config``, ``TrainerConfig``, ``FiretitanServiceClient.close``."""
        return spoken(self.path)

    def get(self, name: str) -> ast.expr | None:
        """The value of an argument; None where it is not passed (or cannot be seen)."""
        found = self.arguments.get(name)
        return found.value if found else None

    def sets(self, name: str) -> ast.expr | None:
        """As :meth:`get`, and None as well where None itself is passed."""
        value = self.get(name)
        return None if value is None or is_none(value) else value


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a setting of the cookbook or the SDK gets, wherever it gets it.

    As an argument (``call`` says of what), by an assignment to an attribute of an object whose class is
    known (or setattr), or as the default of a field that a class of this file declares again. ``path`` is the
    class or function that it is a setting of, as :attr:`Call.path`; ``node`` is the place to point at.
    """

    name: str
    node: ast.AST
    value: ast.expr
    path: str
    call: Call | None = None

    @property
    def owner(self) -> str:
        """How people call what it is a setting of."""
        return spoken(self.path)

    def is_of(self, *names: str) -> bool:
        """Whether it is a setting of what has one of these last parts of a path."""
        return ends_with(self.path, *names)


def spoken(path: str) -> str:
    """A path as people say it: ``rl_loop.Config``, ``TrainerConfig``, ``FiretitanServiceClient.close``."""
    owner, last = path.split(".")[-2:]
    return short(path) if last in ("Config", "main") or owner[:1].isupper() else last


def ends_with(path: str, *names: str) -> bool:
    """Whether a path ends in one of these parts: ``TrainerConfig``, ``rl_loop.Config``."""
    return path.endswith(tuple(f".{name}" for name in names))


class File:
    """A file that is being linted."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.model = port.model
        port.returns = _returns(port)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call of the cookbook or the SDK whose meaning is certain, in the order of the text."""
        found = (self._call(node) for node in self.model.calls)
        return tuple(sorted((c for c in found if c), key=lambda c: span(c.node)))

    @cached_property
    def named(self) -> tuple[tuple[ast.AST, str], ...]:
        """Every import and every use of a name of the cookbook or the SDK, with its canonical path."""
        found: list[tuple[ast.AST, str]] = []
        for statement in self.model.imports:
            source = self.model.source_of(statement) if isinstance(statement, ast.ImportFrom) else None
            if source is not None and is_ours(f"{source}."):
                found += ((alias, f"{source}.{alias.name}") for alias in statement.names)
        nodes: list[ast.Name | ast.Attribute] = [*self.model.names, *self.model.attributes]
        for name in nodes:
            if isinstance(name.ctx, ast.Load):
                path = self.model.resolve(name)
                if path is not None and is_ours(path):
                    found.append((name, path))
        return tuple((node, self.port.canonical(path) or path) for node, path in found)

    def calls_of(self, *names: str) -> Iterator[Call]:
        """The calls of what has these last parts of a path: ``TrainerConfig``, ``rl_loop.Config``."""
        return (c for c in self.calls if ends_with(c.path, *names))

    def passing(self, name: str) -> Iterator[tuple[Call, Argument]]:
        """Every argument of that name that some call of the cookbook or the SDK passes, None left out."""
        for call in self.calls:
            argument = call.arguments.get(name)
            if argument is not None and not is_none(argument.value):
                yield call, argument

    def call_at(self, node: ast.AST | None) -> Call | None:
        """The call of the cookbook or the SDK that an expression is."""
        return self._by_node.get(node) if node is not None else None

    @cached_property
    def _by_node(self) -> dict[ast.AST, Call]:
        return {call.node: call for call in self.calls}

    def made_by(self, value: ast.expr | None) -> Call | None:
        """The call that makes a value: the expression itself, or the only one that its name is given."""
        return self.call_at(self.origin(value)) if value is not None else None

    def origin(self, value: ast.expr) -> ast.expr:
        """What stands behind a name that has one value only; else the expression itself."""
        for _ in range(_DEEPEST):  # names of names
            found = self.model.single_value(value) if isinstance(value, ast.Name) else None
            if found is None or found is value:
                break
            value = found
        return value

    def type_of(self, value: ast.expr | None) -> str | None:
        """The class of a value by its last name: ``FiretitanServiceClient``; None where it is not certain."""
        path = self.port.type_of(value)
        return None if path is None or path.startswith(LOCAL) else path.rpartition(".")[2]

    def resolve(self, node: ast.expr) -> str | None:
        """The dotted path of a name or attribute of the cookbook or the SDK, or None."""
        path = self.port.resolve(node)
        return path if path is not None and is_ours(path) else None

    def is_used(self, name: str) -> bool:
        """Whether the word stands anywhere in the file: to leave early what cannot be there."""
        return name in self.port.source.text

    def may_be_mocked(self, node: ast.AST) -> bool:
        """Whether a test may have put a stand-in in the place of what is called here."""
        if self._has_stand_ins:
            return True
        return any(_patches(a) for a in self.model.ancestors(node) if isinstance(a, _FUNCTIONS))

    @cached_property
    def _has_stand_ins(self) -> bool:
        """Whether the file imports what makes stand-ins, or one of its fixtures puts some in place."""
        paths = {*self.model.imported, *(a.name for s in self.model.imports for a in s.names)}
        if any(path == "mock" or path.startswith(("unittest.mock", "mock.")) for path in paths):
            return True
        functions = (s.node for s in self.model.scopes.values() if isinstance(s.node, _FUNCTIONS))
        patching = (decorator for f in functions if _patches(f) for decorator in f.decorator_list)
        return any("fixture" in ast.unparse(decorator) for decorator in patching)

    # --- settings ------------------------------------------------------------------------------------

    def settings(self, *names: str) -> Iterator[Setting]:
        """Every value that settings of these names get in this file, None left out.

        Without settings that the target does not take (which is the affair of FWD1xx), and those of which a
        test says that they are wrong, see :meth:`is_expected_to_fail`.
        """
        for name in names if any(map(self.is_used, names)) else ():
            for setting in self._settings.get(name, ()):
                if is_none(self.origin(setting.value)) or not self.accepts(setting.path, name):
                    continue
                if not self.is_expected_to_fail(setting.node):
                    yield setting

    def is_expected_to_fail(self, node: ast.AST) -> bool:
        """Whether a place is inside ``with pytest.raises(…)`` or the like: what is wrong there is wanted."""
        for parent in self.model.ancestors(node):
            for item in parent.items if isinstance(parent, ast.With | ast.AsyncWith) else ():
                callee = item.context_expr.func if isinstance(item.context_expr, ast.Call) else None
                name = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", None)
                if name in _EXPECTING:
                    return True
        return False

    def fields(self, call: Call) -> Mapping[str, Sequence[Setting]]:
        """What the object that a call makes may have in its fields.

        By name: the value that it is made with (of a copy, also what it is a copy of), and what is assigned
        to the field of the variable that holds it. More than one value: which one counts is not certain.
        """
        return self._fields(call, 0)

    def part(self, call: Call, name: str) -> Mapping[str, Sequence[Setting]]:
        """What the object in a field of what a call makes may have in its own fields, as :meth:`fields`.

        Of ``Config(trainer=TrainerConfig(…))`` those of the trainer; without the argument, what is assigned
        to the trainer that the config comes with. Empty where it is not certain which object that is.
        """
        values = self.fields(call).get(name, ())
        if values:
            made = self.made_by(values[0].value) if len(values) == 1 else None
            return self.fields(made) if made else {}
        found: dict[str, list[Setting]] = {}
        for setting in () if call.opaque else self._stored_in_defaults.get((call.node, name), ()):
            found.setdefault(setting.name, []).append(setting)
        return found

    def _fields(self, call: Call, depth: int) -> dict[str, list[Setting]]:
        found: dict[str, list[Setting]] = {}
        local = None if call.copies else self.model.local_class(call.node.func)
        for setting in self._redeclared(local) if local else ():
            found[setting.name] = [setting]
        original = self._maker(call.node.args[0]) if call.copies and depth < _DEEPEST else None
        if original is not None:
            found = self._fields(original, depth + 1)
        found |= {name: [_setting(call, a)] for name, a in call.arguments.items()}
        for setting in self._stored_by_call.get(call.node, ()):
            found.setdefault(setting.name, []).append(setting)
        return found

    def accepts(self, path: str, name: str) -> bool:
        """Whether the target takes a setting; True where it cannot tell."""
        signature = self.port.target_signature(path)
        return signature is None or signature.accepts_keyword(name)

    def parameter(self, path: str, name: str) -> Parameter | None:
        """What the target says about a setting; None where it has no such one, or cannot tell."""
        signature = self.port.target_signature(path)
        return signature.parameter(name) if signature else None

    def sdk_is(self, requirement: str) -> bool:
        """Whether the SDK that goes with the target fits ``>=1.2.4``; one that is not known is the newest."""
        sdk = self.port.surfaces.sdk
        if sdk is None:
            return not requirement.startswith("<")
        from packaging.specifiers import SpecifierSet

        return sdk.name.rpartition(" ")[2] in SpecifierSet(requirement, prereleases=True)

    @cached_property
    def is_test(self) -> bool:
        """Whether the file is a test: what it passes is often made up, and reaches no server."""
        name = PurePath(self.port.path).stem
        if name.startswith("test_") or name.endswith("_test") or name == "conftest":
            return True
        return bool({"pytest", "unittest", "unittest.mock"} & self.model.imported)

    @cached_property
    def _settings(self) -> Mapping[str, Sequence[Setting]]:
        found: dict[str, list[Setting]] = {}
        for call in (*self.calls, *self._applied()):
            for argument in call.arguments.values():
                found.setdefault(argument.name, []).append(_setting(call, argument))
        classes = (scope.node for scope in self.model.scopes.values() if scope.is_class)
        declared = (s for c in classes if isinstance(c, ast.ClassDef) for s in self._redeclared(c))
        for setting in (*(s for _, s in self._stored), *declared):
            found.setdefault(setting.name, []).append(setting)
        return {name: sorted(all_, key=lambda s: span(s.node)) for name, all_ in found.items()}

    def _applied(self) -> Iterator[Call]:
        """``functools.partial(Config, …)``, with what it passes by name: a call that is made later."""
        for node in self.model.calls:
            callee = self.port.applied(node)
            path = (self.port.recipe_config(callee) or self.resolve(callee)) if callee else None
            if path is not None:
                yield Call(node, path, *self._arguments(node, None))

    @cached_property
    def _stored(self) -> Sequence[tuple[ast.expr, Setting]]:
        """What is assigned to attributes of objects whose class is known, each with the object."""
        found = []
        for node in self.port.stores:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                path = self._class_of(node.value)
                if path is not None:
                    value = self._assigned(node)
                    found.append((node.value, Setting(node.attr, self._whole(node), value, path)))
        for call in self.model.calls if self.is_used("setattr") else ():
            match call:
                case ast.Call(
                    func=ast.Name(id="setattr"),
                    args=[owner, ast.Constant(value=str(name)), value],
                    keywords=[],
                ) if (path := self._class_of(owner)) is not None:
                    found.append((owner, Setting(name, call, value, path)))
        return found

    @cached_property
    def _stored_by_call(self) -> Mapping[ast.AST, Sequence[Setting]]:
        """The same, by the call that makes the object."""
        found: dict[ast.AST, list[Setting]] = {}
        for owner, setting in self._stored:
            if (maker := self._maker(owner)) is not None:
                found.setdefault(maker.node, []).append(setting)
        return found

    @cached_property
    def _stored_in_defaults(self) -> Mapping[tuple[ast.AST, str], Sequence[Setting]]:
        """What is assigned through an object to a part that it makes itself: ``config.trainer.region = …``.

        By the call that makes the object, and the name of the part.
        """
        found: dict[tuple[ast.AST, str], list[Setting]] = {}
        for owner, setting in self._stored:
            whole = self._maker(owner.value) if isinstance(owner, ast.Attribute) else None
            if whole is not None and isinstance(owner, ast.Attribute):
                found.setdefault((whole.node, owner.attr), []).append(setting)
        return found

    def _assigned(self, target: ast.Attribute) -> ast.expr:
        """What an assignment gives an attribute; the attribute itself stands for what cannot be told."""
        statement = self.model.parents[target]
        match statement:
            case ast.Assign(value=value, targets=targets) if target in targets:
                return value
            case ast.AnnAssign(value=ast.expr() as value):
                return value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                match self.model.parents[statement]:
                    case ast.Assign(value=ast.Tuple(elts=values) | ast.List(elts=values), targets=outer) if (
                        statement in outer and len(values) == len(targets)
                    ):
                        starred = any(isinstance(e, ast.Starred) for e in (*targets, *values))
                        return target if starred else values[targets.index(target)]
        return target

    def _whole(self, target: ast.Attribute) -> ast.AST:
        """The assignment that has this target alone, or else the target."""
        statement = self.model.parents[target]
        alone = isinstance(statement, ast.AnnAssign) or getattr(statement, "targets", None) == [target]
        return statement if alone else target

    def _maker(self, value: ast.expr) -> Call | None:
        """The call that makes what an expression means: ``cfg.trainer`` is what cfg was made with."""
        if isinstance(value, ast.Attribute):
            owner = self._maker(value.value)
            return self.made_by(owner.get(value.attr)) if owner else None
        return self.made_by(value)

    def _class_of(self, value: ast.expr) -> str | None:
        """The class of an object; of one of this file, the cookbook's or SDK's class that it extends."""
        path = self.port.type_of(value)
        if path is not None and path.startswith(LOCAL):
            found = self.model.module.bindings.get(path.removeprefix(LOCAL), [])
            node = found[0].node if len(found) == 1 else None
            path = self._extended(node) if isinstance(node, ast.ClassDef) else None
        return path if path is not None and is_ours(path) else None

    def _extended(self, node: ast.ClassDef) -> str | None:
        """The class of the cookbook or the SDK that a class of this file extends."""
        for base in node.bases:
            path = self.port.recipe_config(base) or self.resolve(base)
            if path is not None:
                return path
        return None

    def _redeclared(self, node: ast.ClassDef) -> Iterator[Setting]:
        """The fields that a class of this file declares again, with another default."""
        path = self._extended(node)
        for statement in node.body if path else ():
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and statement.value is not None
            ):
                yield Setting(statement.target.id, statement, statement.value, path or "")

    # --- edits ---------------------------------------------------------------------------------------

    def without(self, argument: ast.AST) -> tuple[Edit, ...]:
        """Edits that take a keyword argument out of its call; none where a comment would go with it."""
        call = self.model.parents.get(argument)
        if not isinstance(argument, ast.keyword) or not isinstance(call, ast.Call):
            return ()
        source = self.port.source
        start, end = source.start(argument), source.end(argument)
        all_ = call_arguments(call)
        place = all_.index(argument)
        if place + 1 < len(all_):
            stop = source.start(all_[place + 1])
            return (Edit(start, stop, ""),) if _is_gap(source.slice(end, stop)) else ()
        if place == 0:
            return ()  # with nothing left of the call, somebody has to look
        stop = source.end(all_[place - 1])
        return (Edit(stop, end, ""),) if _is_gap(source.slice(stop, start)) else ()

    # --- values --------------------------------------------------------------------------------------

    @cached_property
    def _values(self) -> Values:
        return Values(self.origin)

    def value(self, node: ast.expr | None) -> Any:
        """What an expression is worth, if that can be read: constants, names of constants, signs, sums.

        :data:`UNKNOWN` otherwise.
        """
        found = UNKNOWN if node is None else self._values.of(node)
        return UNKNOWN if isinstance(found, str) and HOLE in found else found

    def text(self, node: ast.expr | None) -> str | None:
        """The text that an expression makes, with a :data:`HOLE` for every part that is not known.

        None where it is no text, or nothing of it is known.
        """
        found = None if node is None else self._values.of(node)
        if not isinstance(found, str):
            return None
        return found if found.strip(HOLE) or not found else None

    def choices(self, node: ast.expr) -> list[ast.expr]:
        """The values that ``x if c else y`` chooses from, None left out; of another expression, itself."""
        made = self.origin(node)
        if not isinstance(made, ast.IfExp):
            return [] if is_none(made) else [node]
        return [*self.choices(made.body), *self.choices(made.orelse)]

    def known_text(self, node: ast.expr | None) -> str | None:
        """The text that an expression makes, if all of it is known."""
        text = self.text(node)
        return None if text is None or HOLE in text else text

    def is_set(self, node: ast.expr | None) -> bool:
        """Whether a value is certainly there: no None, no empty text, no 0, nothing unknown."""
        return bool(self.text(node)) or self.value(node) not in (UNKNOWN, None, "", 0, False)

    def member(self, node: ast.expr | None) -> str | None:
        """The member of an enum of the cookbook or the SDK that an expression names: ``PER_TRAINER``."""
        if node is None:
            return None
        path = self.resolve(self.origin(node))
        return path.rpartition(".")[2] if path else None

    # --- building ------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Call | None:
        if self.port.is_copy(node):
            path = self.port.type_of(node.args[0])
            if path is None or not is_ours(path):
                return None
            return Call(node, path, *self._arguments(node, None), copies=True)
        path = self.port.recipe_config(node.func) or self.port.resolve(node.func)
        if path is None and isinstance(node.func, ast.Attribute):
            owner = self.port.type_of(node.func.value)
            path = f"{owner}.{node.func.attr}" if owner and not owner.startswith(LOCAL) else None
        if path is None or not is_ours(path):
            return None
        return Call(node, path, *self._arguments(node, self._signature(path)))

    def _signature(self, path: str) -> Function | None:
        found = self.port.target_signature(path)
        return found or next(iter(self.port.surfaces.old_signatures(path)), None)

    def _arguments(self, node: ast.Call, signature: Function | None) -> tuple[Mapping[str, Argument], bool]:
        found: dict[str, Argument] = {}
        opaque = False
        order = signature.positional if signature and not signature.opaque else ()
        for place, value in enumerate(node.args):
            if isinstance(value, ast.Starred):
                opaque = True
                break
            if place < len(order):
                name = order[place].name
                found[name] = Argument(name, value, value)
        for keyword in node.keywords:
            if keyword.arg is not None:
                found[keyword.arg] = Argument(keyword.arg, keyword, keyword.value)
                continue
            inside, hidden = self._spread(keyword.value, node, 0)
            opaque = opaque or hidden
            found |= inside
        return found, opaque

    def _spread(self, spread: ast.expr, call: ast.Call, depth: int) -> tuple[dict[str, Argument], bool]:
        """The arguments in a dict that is spread into a call, and whether there may be others.

        A name counts if it is only spread, read, and given keys by ``name["key"] = …``: else keys may go.
        """
        if depth > _DEEPEST:  # a dict that is made of itself
            return {}, True
        if not isinstance(spread, ast.Name):
            return self._written(spread, call, depth)
        made = self.model.single_value(spread)
        scope = self.model.scope_of(spread).lookup(spread.id)
        if made is None or scope is None:
            return {}, True
        found, opaque = self._written(made, call, depth)
        loads = self.model.loads(spread.id, scope[0])
        stored = [(n, s) for n in loads if (s := self._stored_key(n)) is not None]
        if len(stored) + sum(map(self._leaves_alone, loads)) < len(loads):
            return {}, True
        for name, argument in stored:
            if argument.name in found or not self._comes_before(name, call):
                return {}, True  # which of the values counts is not certain
            found[argument.name] = argument
        return found, opaque

    def _written(self, made: ast.expr, call: ast.Call, depth: int) -> tuple[dict[str, Argument], bool]:
        """The same of an expression that makes a dict: ``{…}`` or ``dict(…)``."""
        found: dict[str, Argument] = {}
        opaque = False
        match made:
            case ast.Dict(keys=keys, values=values):
                pairs: list[tuple[ast.AST | None, ast.expr]] = [*zip(keys, values, strict=True)]
            case ast.Call(func=ast.Name(id="dict"), args=args, keywords=keywords) if len(args) < 2:
                pairs = [(None, a) for a in args] + [(k if k.arg else None, k.value) for k in keywords]
            case _:
                return {}, True
        for key, value in pairs:
            match key:
                case ast.Constant(value=str(name)) | ast.keyword(arg=str(name)):
                    found[name] = Argument(name, key, value)
                case None:
                    inside, hidden = self._spread(value, call, depth + 1)
                    # What is not seen may take the place of what stands before it.
                    found = inside if hidden else found | inside
                    opaque = opaque or hidden
                case _:
                    found, opaque = {}, True
        return found, opaque

    def _leaves_alone(self, name: ast.Name) -> bool:
        """Whether a dict is only read here, or spread into another or into a call."""
        match self.model.parents[name]:
            case ast.keyword(arg=None) | ast.Subscript(ctx=ast.Load()):
                return True
            case ast.Dict(keys=keys, values=values):
                return any(k is None and v is name for k, v in zip(keys, values, strict=True))
            case ast.Call(func=ast.Name(id="dict"), args=args):
                return name in args
        return False

    def _stored_key(self, name: ast.Name) -> Argument | None:
        """What ``name["key"] = value`` puts into a dict."""
        target = self.model.parents[name]
        match target, self.model.parents[target]:
            case (
                ast.Subscript(ctx=ast.Store(), slice=ast.Constant(value=str(key)) as at),
                ast.Assign(value=value, targets=targets),
            ) if target in targets:
                return Argument(key, at, value)
        return None

    def _comes_before(self, store: ast.AST, call: ast.Call) -> bool:
        """Whether what a statement does is done, or left undone, when a call of its function is made."""
        same = self.port.function_of(store) is self.port.function_of(call)
        return same and span(store) < span(call)


def _patches(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function asks pytest for something that puts stand-ins in place."""
    return any(a.arg in _PATCHERS for a in (*function.args.args, *function.args.kwonlyargs))


def _setting(call: Call, argument: Argument) -> Setting:
    return Setting(argument.name, argument.node, argument.value, call.path, call)


def _is_gap(text: str) -> bool:
    """Whether nothing but a comma stands between two arguments."""
    return text.strip() == ","


@dataclass(frozen=True, slots=True)
class Types:
    """What calls return, and which methods return a future, by dotted paths."""

    returns: Mapping[str, str]
    futures: Mapping[str, Sequence[str]]


@functools.cache
def types() -> Types:
    """The bundled facts about the values of calls."""
    data = tomllib.loads((fwdoctor_rules.DATA / "types.toml").read_text("utf-8"))
    return Types(data["returns"], data["futures"])


def _returns(port: Port) -> Mapping[str, str]:
    """What calls return, by the paths of the target."""
    pairs = ((_canonical(port, k), port.canonical(v)) for k, v in types().returns.items())
    return {k: v for k, v in pairs if v}


def _canonical(port: Port, path: str) -> str:
    owner, _, method = path.rpartition(".")
    if found := port.canonical(path):
        return found
    return f"{port.canonical(owner) or owner}.{method}"
