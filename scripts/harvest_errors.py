"""List what a source tree can tell its users, and which of it the error catalogue does not know.

    python scripts/harvest_errors.py FOLDER [--unknown]

Reads every Python file below the folder, but no tests, and imports none. A statement is a text that is
raised, logged as a warning or worse, warned about, or added to a list of errors. It is known if a template of
the catalogue matches it, if a class covers the place that raises it, or if
tests/explain/allowed_statements.toml says why no class is needed. Exit status 1: some are not.
"""

from __future__ import annotations

import argparse
import ast
import bisect
import itertools
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fwdoctor.explain.catalogue import Catalogue, catalogue
from fwdoctor.explain.places import by_place
from fwdoctor.explain.scan import ErrorLine, Scanner

ALLOWED = Path(__file__).parents[1] / "tests" / "explain" / "allowed_statements.toml"

# --- texts -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """What a text leaves open: the expression, its conversion and format, and what the name stands for."""

    expression: str
    conversion: str = ""
    spec: str = ""
    meaning: str = ""


Text = tuple[str | Field, ...]
#: Ways to word one statement that are followed, and calls inside calls.
_MOST_WORDINGS, _DEEPEST = 4, 6


def shown(text: Text) -> str:
    """A text as one template with ``{fields}``."""
    return "".join(p if isinstance(p, str) else f"{{{p.expression}}}" for p in text)


def says_something(text: Text) -> bool:
    """Whether a text has a word of its own."""
    return any(isinstance(p, str) and re.search(r"[A-Za-z]{2}", p) for p in text)


@dataclass(frozen=True)
class Statement:
    """One thing that the sources say. ``kind`` is the type of the exception, the level of a record in
    small letters, ``collect``, ``usage`` or ``message``."""

    file: str
    line: int
    kind: str
    text: Text

    @property
    def template(self) -> str:
        return shown(self.text)

    @property
    def is_raised(self) -> bool:
        return self.kind == "collect" or self.kind[0].isupper() or self.kind[0] == "_"


# --- reading sources ---------------------------------------------------------------------------------

_RAISED = re.compile(r"(?:Error|Exception|Exit|Warning|Interrupt|Timeout)$")
_LEVELS = {"warning": "warning", "warn": "warning", "error": "error", "exception": "error"}
_LEVELS |= {"critical": "critical", "fatal": "critical"}
_LISTS = re.compile(r"(?:^|_)(?:errors|problems|issues|violations)$")
_COLLECTIONS = ("sorted", "list", "tuple", "set", "frozenset")
_SAME = ("strip", "rstrip", "lstrip", "lower", "dedent", "str", "cleandoc")

#: The SDK's helper, for trees that import it.
_HELPER = "format_sdk_error"
_HELPER_SOURCE = """
def format_sdk_error(what, cause, solution, docs_url, show_support):
    return f"ERROR: {what}\\n  Cause: {cause}\\n  Solution: {solution}"
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module | ast.ClassDef


@dataclass
class Names:
    """What the names of one file, or of one function called in a certain way, stand for."""

    values: Mapping[str, list[ast.expr]]
    more: Mapping[str, list[ast.expr]]
    outer: Names | None = None
    bound: Mapping[str, list[Text]] = field(default_factory=dict)
    #: what the parameters are somewhere called with, behind a ``=``
    examples: Mapping[str, str] = field(default_factory=dict)


class Harvest:
    """Reads files; knows the functions and constants of all of them by their names."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.trees = {file: ast.parse(source) for file, source in sources.items()}
        trees = dict(self.trees)
        if not any(f"def {_HELPER}" in source for source in sources.values()):
            trees[""] = ast.parse(_HELPER_SOURCE)
        self._functions: dict[str, list[tuple[Function, str]]] = {}
        self._constants: dict[str, list[ast.expr]] = {}
        self._modules: dict[str, Names] = {}
        self._used: set[ast.AST] = set()
        #: of each exception class of the tree, which argument is the message (None: it makes its own)
        self._messages: dict[str, int | None] = {}
        self._bases: dict[str, list[str]] = {}
        self._called: dict[str, list[ast.Call]] = {}
        for file, tree in trees.items():
            self._modules[file] = names = _names(tree)
            for name, values in names.values.items():
                if name.isupper():
                    self._constants.setdefault(name, []).extend(values)
            for node in ast.walk(tree):
                if isinstance(node, Function):
                    self._functions.setdefault(node.name, []).append((node, file))
                elif isinstance(node, ast.ClassDef):
                    self._add_class(node)
                elif isinstance(node, ast.Call):
                    self._called.setdefault(_name(node.func), []).append(node)

    def _is_exception(self, name: str) -> bool:
        """Whether a class is one of exceptions, by its name or by those of its bases."""
        return bool(_RAISED.search(name)) or any(
            self._is_exception(b) for b in self._bases.get(name, ()) if b != name
        )

    def _add_class(self, node: ast.ClassDef) -> None:
        self._bases[node.name] = [_name(b) for b in node.bases]
        for inner in node.body:
            if isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name):
                if (name := inner.targets[0].id).isupper():
                    self._constants.setdefault(name, []).append(inner.value)
            elif isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                parameters = [a.arg for a in inner.args.args[1:]]
                told = [i for i, p in enumerate(parameters) if p in ("message", "msg", "detail")]
                self._messages[node.name] = told[0] if told else None

    def statements(self) -> list[Statement]:
        """All statements, each text once per file."""
        found: dict[tuple[str, str, str], Statement] = {}
        late = []
        for file, tree in self.trees.items():
            for call, scope, owner in _calls(tree):
                if _name(call.func) == _HELPER:
                    late.append((file, call, scope))
                elif (told := self._told(call, owner, file)) is not None:
                    for text in self._texts(told[1], self._scope(file, scope), 0):
                        _add(found, Statement(file, call.lineno, told[0], text))
        for file, call, scope in late:
            if call not in self._used:
                for text in self._texts(call, self._scope(file, scope), 0):
                    _add(found, Statement(file, call.lineno, "message", text))
        return sorted(found.values(), key=lambda s: (s.file, s.line))

    def _told(self, call: ast.Call, owner: str, file: str) -> tuple[str, ast.expr] | None:
        """What a call tells: the kind, and the expression of the text."""
        function, name = call.func, _name(call.func)
        first = call.args[0] if call.args else None
        if isinstance(function, ast.Attribute):
            receiver = ast.unparse(function.value)
            if receiver == "super()" and name == "__init__" and self._is_exception(owner):
                message = next((k.value for k in call.keywords if k.arg == "message"), first)
                return (owner, message) if message is not None else None
            if name in _LEVELS and first is not None and re.search(r"log", receiver, re.IGNORECASE):
                return _LEVELS[name], _record(call.args)
            if name == "log" and len(call.args) > 1 and re.search(r"log", receiver, re.IGNORECASE):
                return "warning", _record(call.args[1:])
            if name == "warn" and receiver == "warnings" and first is not None:
                return _warning(call), first
            if name == "append" and first is not None and _LISTS.search(receiver):
                return "collect", first
            if name == "error" and "parser" in receiver and first is not None:
                return "usage", first
            if name == "exit" and receiver == "sys" and first is not None:
                return "SystemExit", first
        if self._is_exception(name) and name[0] in "_ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            message = self._message(name, call)
            return (name, message) if message is not None else None
        if isinstance(getattr(call, "parent", None), ast.Raise):
            return self._raised_by(name), call
        return None

    def _message(self, name: str, call: ast.Call) -> ast.expr | None:
        """The argument of an exception that is its message."""
        for keyword in call.keywords:
            if keyword.arg in ("message", "msg", "detail"):
                return keyword.value
        at = self._messages.get(name, 0) or 0
        return call.args[at] if at < len(call.args) else None

    def _raised_by(self, name: str) -> str:
        """The type of the exception that a function makes."""
        for function, _ in self._functions.get(name, ()):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and self._is_exception(made := _name(node.func)):
                    return made
        return name if name.lstrip("_")[:1].isupper() else "RuntimeError"

    def _scope(self, file: str, function: Scope) -> Names:
        module = self._modules[file]
        if isinstance(function, ast.Module | ast.ClassDef):
            return module
        names = _names(function)
        return Names(names.values, names.more, module, examples=self._examples(function))

    def _examples(self, function: Function) -> dict[str, str]:
        """Constants that the tree calls a function with."""
        parameters = [a.arg for a in function.args.args if a.arg not in ("self", "cls")]
        found: dict[str, str] = {}
        for call in self._called.get(function.name, ()):
            given = [*zip(parameters, call.args, strict=False), *((k.arg, k.value) for k in call.keywords)]
            for name, value in given:
                if name and isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                    found.setdefault(name, f"={value.value}")
        return found

    # --- expressions ---------------------------------------------------------------------------------

    def _texts(self, node: ast.expr, names: Names, depth: int) -> list[Text]:
        """The wordings of an expression; those without a word of their own are left out."""
        return [t for t in _distinct(self._wordings(node, names, depth)) if says_something(t)]

    def _wordings(self, node: ast.expr, names: Names, depth: int) -> list[Text]:
        if depth > _DEEPEST:
            return [_open(node)]
        if isinstance(node, ast.Constant):
            return [(str(node.value),)]
        if isinstance(node, ast.JoinedStr):
            return self._joined([self._part(v, names, depth) for v in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([self._wordings(side, names, depth) for side in (node.left, node.right)])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            right = node.right
            values = right.elts if isinstance(right, ast.Tuple) else [right]
            return self._percent(node.left, values, names, depth)
        if isinstance(node, ast.IfExp):
            both = self._wordings(node.body, names, depth) + self._wordings(node.orelse, names, depth)
            return both[:_MOST_WORDINGS]
        if isinstance(node, ast.BoolOp):
            return [t for v in node.values for t in self._wordings(v, names, depth)][:_MOST_WORDINGS]
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self._wordings(node.value, names, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            sides = [self._wordings(side, names, depth) for side in (node.left, node.right)]
            return (
                self._joined([sides[0], [("/",)], sides[1]])
                if isinstance(node.right, ast.Constant)
                else [_open(node)]
            )
        if isinstance(node, ast.Call):
            return self._call(node, names, depth)
        if isinstance(node, ast.Name):
            return self._named(node, names, depth)
        if isinstance(node, ast.Attribute) and node.attr.isupper():
            values = self._constants.get(node.attr, [])
            if len(values) == 1:
                return self._wordings(values[0], names, depth + 1)
        return [self._literal(node, names)]

    def _part(self, node: ast.expr, names: Names, depth: int) -> list[Text]:
        """The wordings of a piece of an f-string."""
        if not isinstance(node, ast.FormattedValue):
            return self._wordings(node, names, depth)
        conversion = chr(node.conversion) if node.conversion > 0 else ""
        given = node.format_spec
        spec = "".join(ast.unparse(v) for v in given.values) if isinstance(given, ast.JoinedStr) else ""
        made = self._wordings(node.value, names, depth + 1)
        if conversion or spec.strip("'\""):
            made = [t for t in made if not any(isinstance(p, Field) for p in t)] or made[:1]
            if not all(isinstance(p, str) for p in made[0]) and len(made[0]) > 1:
                made = [_open(node.value)]
        if all(len(t) == 1 and isinstance(t[0], Field) for t in made) or len(made) > _MOST_WORDINGS:
            known = [p for t in made for p in t if isinstance(p, Field)]
            expression = known[0].expression if len(known) == 1 else ast.unparse(node.value)
            meaning = known[0].meaning if known else ""
            return [(Field(expression, conversion, spec.strip("'\""), meaning),)]
        if conversion:
            return [(repr("".join(p for p in t if isinstance(p, str))),) for t in made]
        return made

    def _joined(self, parts: Sequence[list[Text]]) -> list[Text]:
        """All ways to put parts together, the first few of them."""
        ways = itertools.islice(itertools.product(*parts), _MOST_WORDINGS * 2)
        return [tuple(itertools.chain.from_iterable(way)) for way in ways]

    def _percent(
        self, template: ast.expr, values: Sequence[ast.expr], names: Names, depth: int
    ) -> list[Text]:
        """``"..." % values``; a mapping fills by name."""
        found = []
        for text in self._wordings(template, names, depth):
            left = iter(values)
            parts: list[list[Text]] = []
            for piece in text:
                if isinstance(piece, Field):
                    parts.append([(piece,)])
                    continue
                at = 0
                for mark in re.finditer(r"%(?:\((\w+)\))?[-+ #0-9.*]*([a-zA-Z%])", piece):
                    parts.append([(piece[at : mark.start()],)])
                    at = mark.end()
                    if mark[2] == "%":
                        parts.append([("%",)])
                    elif (value := None if mark[1] else next(left, None)) is None:
                        parts.append([(Field(mark[1] or "value", spec=mark[2]),)])
                    elif mark[2] in "sr":
                        made = ast.FormattedValue(value, 114 if mark[2] == "r" else -1, None)
                        parts.append(self._part(made, names, depth))
                    else:
                        parts.append([(Field(ast.unparse(value), spec=mark[2]),)])
                parts.append([(piece[at:],)])
            found += self._joined(parts)
        return found

    def _call(self, node: ast.Call, names: Names, depth: int) -> list[Text]:
        name = _name(node.func)
        if isinstance(node.func, ast.Attribute) and name == "format":
            return self._formatted(node, names, depth)
        if name == "join" and len(node.args) > 1:  # os.path.join
            ends: list[list[Text]] = []
            for argument in node.args:
                ends += [[("/",)], self._wordings(argument, names, depth + 1)]
            return self._joined(ends[1:])
        if isinstance(node.func, ast.Attribute) and name == "join" and node.args:
            return self._list(node.func.value, node.args[0], names, depth)
        if name in _SAME:
            receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
            inner = node.args[0] if node.args and name in ("str", "dedent", "cleandoc") else receiver
            return self._wordings(inner, names, depth + 1) if inner is not None else [_open(node)]
        if name == "__percent__":
            return self._percent(node.args[0], node.args[1:], names, depth)
        if self._is_exception(name) and (message := self._message(name, node)) is not None:
            return self._wordings(message, names, depth + 1)
        if name == "__first__":
            value = self._value(node.args[0], names)
            return [(str(value[0]),)] if isinstance(value, list) and value else [_open(node)]
        known = self._functions.get(name, [])
        if len(known) == 1:
            self._used.add(node)
            if made := self._inlined(*known[0], node, names, depth):
                return made
        return [self._literal(node, names)]

    def _inlined(self, function: Function, file: str, call: ast.Call, names: Names, depth: int) -> list[Text]:
        """What a function of the tree returns if it is called so."""
        arguments = function.args
        parameters = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
        if parameters[:1] in (["self"], ["cls"]):
            parameters = parameters[1:]
        bound: dict[str, list[Text]] = {}
        for parameter, value in zip(parameters, call.args, strict=False):
            bound[parameter] = self._wordings(value, names, depth + 1)
        for keyword in call.keywords:
            if keyword.arg is not None:
                bound[keyword.arg] = self._wordings(keyword.value, names, depth + 1)
        here = _names(function)
        inside = Names(here.values, here.more, self._modules[file], bound)
        found = []
        for node in _within(function):
            if isinstance(node, ast.Return) and node.value is not None:
                found += self._wordings(node.value, inside, depth + 1)
        return [t for t in _distinct(found) if says_something(t)]

    def _formatted(self, node: ast.Call, names: Names, depth: int) -> list[Text]:
        """``"...".format(...)``."""
        assert isinstance(node.func, ast.Attribute)
        given = {k.arg: k.value for k in node.keywords if k.arg}
        found = []
        for text in self._wordings(node.func.value, names, depth):
            if not all(isinstance(p, str) for p in text):
                return [_open(node)]
            numbers = itertools.count()
            parts: list[list[Text]] = []
            for piece in re.split(r"(\{\{|\}\}|\{[^{}]*\})", "".join(map(str, text))):
                if not piece.startswith("{") or piece == "{{":
                    parts.append([(piece[:1] if piece in ("{{", "}}") else piece,)])
                    continue
                key = re.split(r"[!:.\[]", piece[1:-1])[0] or str(next(numbers))
                value = given.get(key)
                if key.isdigit() and int(key) < len(node.args):
                    value = node.args[int(key)]
                parts.append([(Field(key),)] if value is None else self._wordings(value, names, depth + 1))
            found += self._joined(parts)
        return found

    def _value(self, node: ast.expr, names: Names) -> object:
        """What an expression of constants is, None if it is none; collections become lists."""
        if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            inner = self._value(node.args[0], names)
            kind = _name(node.func)
            if not isinstance(inner, list) or kind not in _COLLECTIONS:
                return None
            return sorted(inner, key=str) if kind == "sorted" else inner
        if isinstance(node, ast.Name | ast.Attribute):
            found = _find(_name(node), names) if isinstance(node, ast.Name) else None
            found = found or self._constants.get(_name(node), [])
            known = len(found) == 1 and _name(node).isupper()
            return self._value(found[0], names) if known else None
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            values = [self._value(e, names) for e in node.elts]
            return None if None in values else values
        if isinstance(node, ast.Dict):
            return self._value(ast.List([k for k in node.keys if k is not None]), names)
        return node.value if isinstance(node, ast.Constant) else None

    def _literal(self, node: ast.expr, names: Names, between: str | None = None) -> Text:
        """The value of an expression of constants as it is shown; of any other, the expression."""
        value = self._value(node, names)
        if value is None:
            return _open(node)
        if isinstance(value, list):
            if between is not None:
                return (between.join(map(str, value)),)
            is_list = isinstance(node, ast.List) or _name(getattr(node, "func", node)) in ("sorted", "list")
            return (str(value if is_list else tuple(value)),)
        return (str(value),)

    def _list(self, separator: ast.expr, items: ast.expr, names: Names, depth: int) -> list[Text]:
        """``separator.join(items)``: of what a list is known to hold; one item stands for a comprehension."""
        between = separator.value if isinstance(separator, ast.Constant) else " "
        if isinstance(items, ast.GeneratorExp | ast.ListComp):
            made = self._wordings(items.elt, names, depth + 1)
            return made if any(isinstance(p, str) for t in made for p in t) else [_open(items)]
        elements: list[ast.expr] = []
        if isinstance(items, ast.Name):
            start = [v for v in _find(items.id, names) if isinstance(v, ast.List) and v.elts]
            if start:
                assert isinstance(start[-1], ast.List)
                elements = [*start[-1].elts, *_find(f"{items.id}[]", names)]
        elif isinstance(items, ast.List | ast.Tuple):
            elements = items.elts
        if not elements:
            return [self._literal(items, names, str(between))]
        parts: list[list[Text]] = []
        for element in elements:
            parts += [[(str(between),)]] if parts else []
            parts.append(self._wordings(element, names, depth + 1))
        return self._joined(parts)

    def _named(self, node: ast.Name, names: Names, depth: int) -> list[Text]:
        at: Names | None = names
        while at is not None and node.id not in at.values and node.id not in at.bound:
            at = at.outer
        if at is not None and node.id in at.bound:
            return at.bound[node.id]
        values = at.values[node.id] if at is not None else self._constants.get(node.id, [])
        # What is put behind or around an earlier value is one wording too many.
        values = [v for v in values if not any(_name_is(n, node.id) for n in ast.walk(v))]
        found = [t for v in values for t in self._wordings(v, at or names, depth + 1)]
        if at is not None:
            for added in at.more.get(node.id, ()):
                ends = self._wordings(added, at, depth + 1)
                found += [(*a, *b) for a, b in itertools.product(found[:2], ends[:2])]
        told = [t for t in _distinct(found) if any(isinstance(p, str) for p in t)]
        if not any(" " in shown(t) for t in told):  # a placeholder that is filled later says nothing
            told = [t for t in told if shown(t) not in ("", "None", "True", "False")]
        if told:
            return told[: _MOST_WORDINGS * 2]
        meant = " ".join(ast.unparse(v) for v in values) or (names.examples.get(node.id, ""))
        return [
            tuple(Field(p.expression, meaning=meant) if isinstance(p, Field) else p for p in text)
            for text in [self._literal(node, names)]
        ]


def _add(found: dict[tuple[str, str, str], Statement], statement: Statement) -> None:
    found.setdefault((statement.file, statement.kind, statement.template), statement)


def _distinct(texts: Iterable[Text]) -> list[Text]:
    return list(dict.fromkeys(texts))[: _MOST_WORDINGS * 2]


def _find(name: str, names: Names | None) -> list[ast.expr]:
    """What is assigned to a name; to ``name[]``, what is appended to it."""
    while names is not None:
        found = names.more.get(name) if name.endswith("[]") else names.values.get(name)
        if found:
            return found
        names = names.outer
    return []


def _name_is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _open(node: ast.expr) -> Text:
    return (Field(ast.unparse(node)),)


def _record(values: Sequence[ast.expr]) -> ast.expr:
    """The text of a log record from what a logger was given."""
    if len(values) == 1:
        return values[0]
    return ast.Call(ast.Name("__percent__"), list(values), [])


def _warning(call: ast.Call) -> str:
    category = call.args[1] if len(call.args) > 1 else None
    category = next((k.value for k in call.keywords if k.arg == "category"), category)
    name = _name(category) if category is not None else ""
    return name if name.endswith("Warning") else "UserWarning"


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _within(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a function, not those of functions inside."""
    todo: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while todo:
        node = todo.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo = [*ast.iter_child_nodes(node), *todo]


def _names(scope: Scope) -> Names:
    """What is assigned to the names of a function or file, and what is added to them later."""
    values: dict[str, list[ast.expr]] = {}
    more: dict[str, list[ast.expr]] = {}
    for node in _within(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            values.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            values.setdefault(node.target.id, []).append(ast.Call(ast.Name("__first__"), [node.iter], []))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            more.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.Call) and _name(node.func) == "append" and len(node.args) == 1:
            receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(receiver, ast.Name):
                more.setdefault(f"{receiver.id}[]", []).append(node.args[0])
    return Names(values, more)


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, Scope, str]]:
    """Every call, the function around it and the class around that; those of a raise know it."""

    def visit(node: ast.AST, scope: Scope, owner: str) -> Iterator[tuple[ast.Call, Scope, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                if isinstance(node, ast.Raise) and child is node.exc:
                    child.parent = node  # type: ignore[attr-defined]
                yield child, scope, owner
            inside: Scope = child if isinstance(child, Function | ast.ClassDef) else scope
            yield from visit(child, inside, child.name if isinstance(child, ast.ClassDef) else owner)

    yield from visit(tree, tree, "")


def sources(folder: Path) -> dict[str, str]:
    """The Python files below a folder that are no tests, by the path that a traceback shows of them."""
    folder = folder.resolve()
    base, prefix = folder.as_posix(), _COOKBOOK
    for root, shown_as in (("fireworks/training/sdk", _SDK), ("training", _COOKBOOK)):
        if (at := f"{folder.as_posix()}/".rfind(f"/{root}/")) >= 0:
            base, prefix = folder.as_posix()[:at] or "/", shown_as
            break
    found = {}
    for path in sorted(folder.rglob("*.py")):
        below = path.relative_to(folder)
        if "tests" in below.parts or path.name.startswith("test_") or path.name == "conftest.py":
            continue
        found[prefix + path.relative_to(base).as_posix()] = path.read_text("utf-8", "replace")
    return found


_SDK, _COOKBOOK = "/opt/venv/lib/python3.11/site-packages/", "/home/me/cookbook/"


def harvest(folder: Path) -> list[Statement]:
    """The statements of the files below a folder."""
    return Harvest(sources(folder)).statements()


# --- as users see them -------------------------------------------------------------------------------

#: What a field holds, by what stands for it; the first that fits.
_VALUES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), value)
    for pattern, value in (
        (r"\btype\(spec\)\.__name__$", "CosineSchedule"),
        (r"\btype\(.*\)\.__name__$|__class__\.__name__$", "dict"),
        (r"\btype\(", "<class 'dict'>"),
        (r"^output$", "embedding"),
        (r"status", "400"),
        (r"^(?:len|int|round|sum|max|min|float)\(", "12"),
        (
            r"(?:count|seconds|timeout\w*|_s|attempts?|retries|elapsed|rank|size|length|limit|total|num\w*)$",
            "12",
        ),
        (r"(?:line|line_no|lineno|row_index|idx|index|step|steps|epoch|port|max_\w+|min_\w+)$", "12"),
        (r"url$", "https://api.fireworks.ai/v1/accounts/acme/x"),
        (r"(?:path|file|filename|dir|directory)$", "/data/run/train.jsonl"),
        (r"base_model|(?:^|[_.])model$", "accounts/fireworks/models/qwen3-8b"),
        (r"shape", "accounts/fireworks/trainingShapes/qwen3-8b-lora"),
        (r"job_id|deployment_id|checkpoint_id|session_id|trajectory_id|_id$", "abc-123def"),
        (r"(?:^|[_.])(?:e|ex|exc|err|error|reason|cause)$|^str\(e", "the server said no"),
        (r"(?:^|[_.])state$", "JOB_STATE_FAILED"),
        (r"Signals\(|signum", "SIGTERM"),
        (r"^(?:sorted|list|tuple|set)\(|ids$|names$|keys$", "['alpha', 'beta']"),
    )
)
#: What any other field may hold, one after the other.
_MOODS = ("alpha", "7", "the server said no", "['a b', 7]", "{'type': 'x', 'n': 7}")


def filled(text: Text, mood: str) -> str:
    """A text with plausible values in its fields."""
    return "".join(p if isinstance(p, str) else _value(p, mood) for p in text)


def _value(field: Field, mood: str) -> str:
    if re.search(r"[defgG%]$|^,", field.spec):
        return "12.5" if field.spec[-1] in "efgG" else "12"
    if field.meaning.startswith("="):
        return repr(field.meaning[1:]) if field.conversion == "r" else field.meaning[1:]
    shown = (field.expression, field.meaning)
    value = next((v for of in shown if of for p, v in _VALUES if p.search(of)), mood)
    if field.conversion == "r" and value[0] not in "[<" and not value.isdigit():
        return repr(value)
    return value


def _pieces(statement: Statement, said: str) -> tuple[str, str]:
    """What a terminal shows of a statement: what stands before the text, and the text."""
    module = statement.file.split("site-packages/")[-1].split("cookbook/")[-1][:-3].replace("/", ".")
    kind = statement.kind
    if kind in ("warning", "error", "critical"):
        return f"2026-11-21 08:30:37,123 {kind.upper()} {module}: ", said
    if kind.endswith("Warning"):
        return f"{statement.file}:{statement.line}: {kind}: ", said
    if kind == "usage":
        return "usage: train.py [-h]\ntrain.py: error: ", said
    if kind == "KeyError":
        said = repr(said)
    kind = {"collect": "ValueError", "message": "RuntimeError"}.get(kind, kind)
    frame = f'  File "{statement.file}", line {statement.line}, in run\n    raise {kind}(\n'
    return f"Traceback (most recent call last):\n{frame}{kind}: ", said


#: Bytes that the scanner gets at a time.
_FED = 1 << 16
#: Lines between two texts: each is a story of its own, out of sight of its neighbours.
_APART = "\n" * 4100 + "--\nnext\n" + "\n" * 2100


def known(statements: Sequence[Statement], classes: Catalogue) -> dict[Statement, str]:
    """How each statement that the catalogue knows is known: ``text`` or ``place``, and the class."""
    found: dict[Statement, str] = {}
    for mood in _MOODS:
        left = [s for s in statements if not found.get(s, "").startswith("text ")]
        found.update(
            (s, how) for s, how in _scanned(left, classes, mood) if how.startswith("text ") or s not in found
        )
    return found


def _scanned(
    statements: Sequence[Statement], classes: Catalogue, mood: str
) -> Iterator[tuple[Statement, str]]:
    stream = bytearray()
    starts, spans = [], []
    for statement in statements:
        before, said = _pieces(statement, filled(statement.text, mood))
        starts.append(len(stream))
        stream += before.encode()
        spans.append((len(stream), len(stream) + len(said.encode())))
        stream += said.encode() + _APART.encode()
    scanner = Scanner(classes)
    told: dict[int, str] = {}
    parts = (bytes(stream[at : at + _FED]) for at in range(0, len(stream), _FED))
    for found in itertools.chain.from_iterable([*map(scanner.feed, parts), scanner.flush()]):
        i = bisect.bisect_right(starts, found.start) - 1
        if isinstance(found, ErrorLine):
            if (match := by_place(classes, found)) is not None and statements[i].is_raised:
                told.setdefault(i, f"place {match.entry.name}")
        elif found.end > spans[i][0] and not told.get(i, "").startswith("text "):
            told[i] = f"text {found.entry.name}"
    return iter([(statements[i], how) for i, how in told.items()])


# --- what needs no class -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Allowed:
    """Statements that need no class, and why: ``file: template prefix``. ``seen_in`` names the tree that
    has them if it is not the SDK of the test environment."""

    reason: str
    statements: tuple[str, ...]
    seen_in: str = ""

    def covering(self, statement: Statement) -> list[str]:
        """Its entries that name a statement."""
        return [s for s in self.statements if _names_it(s, statement)]


def _names_it(entry: str, statement: Statement) -> bool:
    file, _, prefix = entry.partition(": ")
    said = " ".join(statement.template.split())
    return statement.file.endswith("/" + file) and said.startswith(prefix)


def allowed(path: Path = ALLOWED) -> list[Allowed]:
    """The allow-list."""
    tables = tomllib.loads(path.read_text("utf-8")).get("allowed", [])
    return [Allowed(t["reason"], tuple(t["statements"]), t.get("seen_in", "")) for t in tables]


@dataclass
class Coverage:
    """The statements of one tree, by how they are known."""

    statements: list[Statement]
    known: dict[Statement, str]
    allowed: dict[Statement, str]
    #: entries of the allow-list that no statement needs
    idle: list[tuple[Allowed, str]]

    @property
    def unknown(self) -> list[Statement]:
        return [s for s in self.statements if s not in self.known and s not in self.allowed]

    def count(self, how: str) -> int:
        return sum(k.startswith(how) for k in self.known.values())


def coverage(statements: list[Statement], classes: Catalogue, lists: Sequence[Allowed]) -> Coverage:
    """Hold statements against the catalogue and the allow-list."""
    found = known(statements, classes)
    excused: dict[Statement, str] = {}
    needed: set[str] = set()
    for statement in statements:
        if statement in found:
            continue
        for table in lists:
            if entries := table.covering(statement):
                excused.setdefault(statement, table.reason)
                needed.update(entries)
    idle = [(table, entry) for table in lists for entry in table.statements if entry not in needed]
    return Coverage(statements, found, excused, idle)


def main(arguments: Sequence[str] | None = None, out: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unknown", action="store_true", help="list what is not known")
    parser.add_argument("--all", action="store_true", help="list everything, and how it is known")
    options = parser.parse_args(arguments)
    result = coverage(harvest(options.folder), catalogue(), allowed())
    out(
        f"{len(result.statements)} statements: {result.count('text')} by text, "
        f"{result.count('place')} by place, {len(result.allowed)} allowed, {len(result.unknown)} unknown"
    )
    for statement in result.statements if options.all else result.unknown if options.unknown else ():
        how = result.known.get(statement) or ("allowed" if statement in result.allowed else "unknown")
        said = " ".join(statement.template.split())
        out(f"{how}\t{statement.file}:{statement.line}\t{statement.kind}\t{said}")
    if options.unknown:
        kinds = Counter(s.file for s in result.unknown)
        out("\n".join(f"{count:4} {file}" for file, count in kinds.most_common()))
    return 1 if result.unknown else 0


if __name__ == "__main__":
    sys.exit(main())
