"""One parsed file as lint rules see it: its calls of the cookbook and the SDK, and what values are.

Rules ask; nothing here judges. What cannot be told is None or :data:`UNKNOWN`, and rules stay silent on it.
"""

from __future__ import annotations

import ast
import enum
import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import fwdoctor_rules
from fwdoctor_codemods.core.model import LOCAL
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import Edit, is_none, span

from fwdoctor.fit.uses import is_ours, spread_keys
from fwdoctor.surface.model import Function

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Fixtures of pytest that put stand-ins in the place of what is called.
_PATCHERS = frozenset({"monkeypatch", "mocker"})

#: Stands in a text for every part of it that only the running program knows.
HOLE = "\0"


class Unknown(enum.Enum):
    """The value of an expression that only the running program knows."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule has something to say.

    ``variables`` fill the rule's templates. ``fix`` are edits that mend it, in the bytes of the source; a
    rule that gives them says in its ``applicability`` whether they are safe.
    """

    node: ast.AST
    variables: Mapping[str, str] = field(default_factory=dict)
    fix: tuple[Edit, ...] = ()


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
        *_, owner, last = self.path.split(".")
        return f"{owner}.{last}" if last in ("Config", "main") or owner[:1].isupper() else last

    def get(self, name: str) -> ast.expr | None:
        """The value of an argument; None where it is not passed (or cannot be seen)."""
        found = self.arguments.get(name)
        return found.value if found else None

    def sets(self, name: str) -> ast.expr | None:
        """As :meth:`get`, and None as well where None itself is passed."""
        value = self.get(name)
        return None if value is None or is_none(value) else value


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

    def calls_of(self, *names: str) -> Iterator[Call]:
        """The calls of what has these last parts of a path: ``TrainerConfig``, ``rl_loop.Config``."""
        endings = tuple(f".{name}" for name in names)
        return (c for c in self.calls if c.path.endswith(endings))

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
        for _ in range(10):  # names of names
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
        if any(path.startswith(("unittest.mock", "mock.")) for path in self.model.imported):
            return True
        functions = (a for a in self.model.ancestors(node) if isinstance(a, _FUNCTIONS))
        return any(a.arg in _PATCHERS for f in functions for a in (*f.args.args, *f.args.kwonlyargs))

    # --- values --------------------------------------------------------------------------------------

    def value(self, node: ast.expr | None) -> Any:
        """What an expression is worth, if that can be read: constants, names of constants, signs, sums.

        :data:`UNKNOWN` otherwise.
        """
        if node is None:
            return UNKNOWN
        match self.origin(node):
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.value(operand)
                return -inner if isinstance(inner, int | float) else UNKNOWN
            case ast.JoinedStr() | ast.BinOp() as made:
                text = self.text(made)
                return text if text is not None and HOLE not in text else self._number(made)
        return UNKNOWN

    def _number(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.BinOp):
            return UNKNOWN
        left, right = self.value(node.left), self.value(node.right)
        if not (_is_number(left) and _is_number(right)):
            return UNKNOWN
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
        return UNKNOWN

    def text(self, node: ast.expr | None) -> str | None:
        """The text that an expression makes, with a :data:`HOLE` for every part that is not known.

        None where it is no text, or nothing of it is known.
        """
        if node is None:
            return None
        text = self._text(node, 0)
        return None if text is None or (not text.strip(HOLE) and text) else text

    def _text(self, node: ast.expr, depth: int) -> str | None:
        if depth > 20:  # names of names: they may go round in a circle
            return None
        match self.origin(node):
            case ast.Constant(value=str() as value):
                return value
            case ast.JoinedStr(values=values):
                return "".join(self._part(v, depth) for v in values)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                parts = [self._text(left, depth + 1), self._text(right, depth + 1)]
                if parts == [None, None]:
                    return None
                return "".join(HOLE if p is None else p for p in parts)
        return None

    def _part(self, node: ast.expr, depth: int) -> str:
        if isinstance(node, ast.Constant):
            return str(node.value)
        if not isinstance(node, ast.FormattedValue) or node.conversion != -1 or node.format_spec is not None:
            return HOLE
        known = self.value(node.value)
        if _is_number(known):
            return str(known)
        text = self._text(node.value, depth + 1)
        return HOLE if text is None else text

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
            inside = self._spread(keyword.value)
            opaque = opaque or inside is None
            found |= {a.name: a for a in inside or ()}
        return found, opaque

    def _spread(self, spread: ast.expr) -> list[Argument] | None:
        """The arguments in a dict that is spread into a call and written out; None: it is not."""
        keys = spread_keys(self.port, spread)
        if keys is None:
            return None
        made = self.origin(spread)
        if isinstance(made, ast.Dict):
            values: Sequence[ast.expr] = made.values
        else:
            values = [k.value for k in made.keywords] if isinstance(made, ast.Call) else []
        pairs = zip(keys, values, strict=True)
        return [Argument(name, key, value) for (key, name), value in pairs]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
