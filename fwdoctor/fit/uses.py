"""What code asks of the cookbook and the SDK: the names, attributes and arguments that it uses.

A use is a place in a file and a :class:`Question`, which any surface can answer, see
:mod:`fwdoctor.fit.answers`. Uses are found once a file, whatever number of versions it is compared with.
"""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fwdoctor_codemods.core.model import LOCAL, BindingKind
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import call_arguments, spread_of

_DOTTED = re.compile(r"(training|fireworks\.training)(\.\w+)+")
#: Functions that look a name up in their first argument, and where the name stands.
_BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr"})
_BY_NAME_METHODS = frozenset({"setattr", "delattr", "object"})


class Asks(enum.StrEnum):
    """The kinds of questions."""

    #: is there something at this path
    NAME = "name"
    #: the same, of an import that is inside try/except
    GUARDED_NAME = "guarded name"
    #: the same, of a path in a string
    STRING = "string"
    #: has the class at this path an attribute ``name``
    ATTRIBUTE = "attribute"
    #: does the call take ``name=``
    KEYWORD = "keyword"
    #: does the call take that many positional arguments
    POSITIONAL = "positional"
    #: does the call need no more than these arguments
    ENOUGH = "enough"
    #: may a copy of an object of the class set the field ``name``
    COPIED_FIELD = "copied field"
    #: has the class a field ``name``, which a subclass declares again
    REDECLARED_FIELD = "redeclared field"


@dataclass(frozen=True, slots=True)
class Question:
    """What a surface is asked: about a dotted path, and about a ``name`` of it or a call of it."""

    asks: Asks
    path: str
    name: str = ""
    positional: int = 0
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Use:
    """A question and the place that asks it.

    ``callee`` is how people call what is called; ``places`` are a call's positional arguments, to point at
    the one that is too many; ``text`` is a string as it is written.
    """

    node: ast.AST
    question: Question
    callee: str = ""
    places: tuple[ast.expr, ...] = ()
    text: str = ""


def uses(port: Port) -> list[Use]:
    """Every use of a file. What cannot be told is not among them."""
    if not port.uses_fireworks:
        return []
    return [*_imports(port), *_attributes(port), *_calls(port), *_subclasses(port), *_strings(port)]


def _imports(port: Port) -> Iterator[Use]:
    for node in port.model.imports:
        paths: list[tuple[ast.alias, str]]
        if isinstance(node, ast.ImportFrom):
            source = port.model.source_of(node)
            paths = [(a, f"{source}.{a.name}" if a.name != "*" else source) for a in node.names if source]
        else:
            paths = [(a, a.name) for a in node.names]
        for alias, path in paths:
            if path:
                asks = Asks.GUARDED_NAME if _is_guarded(port, alias) else Asks.NAME
                yield Use(alias, Question(asks, path))


def _is_guarded(port: Port, alias: ast.alias) -> bool:
    for parent in port.model.ancestors(alias):
        if isinstance(parent, ast.Try) and any(_catches_import_error(h) for h in parent.handlers):
            return True
    return False


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = {
        ast.unparse(n).rpartition(".")[2]
        for n in ast.walk(handler.type)
        if isinstance(n, ast.Name | ast.Attribute)
    }
    return bool(
        caught & {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}
    )


def _attributes(port: Port) -> Iterator[Use]:
    stored = {port.model.resolve(n) for n in port.model.attributes if isinstance(n.ctx, ast.Store)}
    for node in port.model.attributes:
        raw = port.model.resolve(node)
        if raw is not None:
            if raw not in stored:
                yield Use(node, Question(Asks.NAME, raw, name=port.model.resolve(node.value) or ""))
            continue
        if node.attr.startswith("__"):
            continue
        owner = port.type_of(node.value)
        if owner is not None and not owner.startswith(LOCAL):
            yield Use(node, Question(Asks.ATTRIBUTE, owner, node.attr))


def _calls(port: Port) -> Iterator[Use]:
    for node in port.model.calls:
        if (config := port.recipe_config(node.func)) is not None:
            yield from _bound(port, node, _raw(port, node.func, config), config)
        elif (applied := port.applied(node)) is not None:
            path = port.recipe_config(applied) or port.resolve(applied)
            if path is not None:
                yield from _keywords(port, node, _raw(port, applied, path), path, port.own_fields(applied))
        elif port.is_copy(node):
            path = port.type_of(node.args[0])
            if path is not None and not path.startswith(LOCAL):
                for keyword in node.keywords:
                    if keyword.arg:
                        yield Use(keyword, Question(Asks.COPIED_FIELD, path, keyword.arg), short(path))
        elif (path := port.resolve(node.func)) is not None:
            yield from _bound(port, node, _raw(port, node.func, path), path)
        elif isinstance(node.func, ast.Attribute):
            owner = port.type_of(node.func.value)
            if owner is not None and not owner.startswith(LOCAL):
                path = f"{owner}.{node.func.attr}"
                yield from _bound(port, node, path, path)


def _raw(port: Port, callee: ast.expr, path: str) -> str:
    """The path by which the code itself names what it calls: other versions may keep it elsewhere."""
    return port.model.resolve(callee) or path


def _bound(port: Port, node: ast.Call, path: str, canonical: str) -> Iterator[Use]:
    own = port.own_fields(node.func)
    spread = spread_of(node) is not None
    positional = tuple(a for a in node.args if not isinstance(a, ast.Starred))
    callee = short(canonical)
    if positional and not own:
        question = Question(Asks.POSITIONAL, path, positional=len(positional))
        yield Use(node, question, callee, places=positional)
    yield from _keywords(port, node, path, canonical, own)
    if spread or own or port.model.local_class(node.func) is not None:
        return
    given = frozenset(k.arg for k in node.keywords if k.arg)
    yield Use(node, Question(Asks.ENOUGH, path, positional=len(positional), given=given), callee)


def _keywords(port: Port, node: ast.Call, path: str, canonical: str, own: set[str]) -> Iterator[Use]:
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in own:
            yield Use(keyword, Question(Asks.KEYWORD, path, keyword.arg), short(canonical))


def short(path: str) -> str:
    """``training.recipes.rl_loop.Config`` as people say it: ``rl_loop.Config``."""
    return ".".join(path.split(".")[-2:])


def _subclasses(port: Port) -> Iterator[Use]:
    """Fields that a subclass of a recipe's Config declares again, and that the recipe may no longer have."""
    for cls in (s.node for s in port.model.scopes.values() if s.is_class):
        assert isinstance(cls, ast.ClassDef)
        config = next((c for base in cls.bases if (c := port.recipe_config(base))), None)
        for statement in cls.body if config else ():
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                assert config is not None
                question = Question(Asks.REDECLARED_FIELD, config, statement.target.id)
                yield Use(statement, question, short(config))


def _strings(port: Port) -> Iterator[Use]:
    for string in port.model.strings:
        text = str(string.value)
        if _DOTTED.fullmatch(text):
            yield Use(string, Question(Asks.STRING, text), text=repr(text))
    for node in port.model.calls:
        if (found := _looked_up(port, node)) is not None:
            constant, path = found
            yield Use(constant, Question(Asks.STRING, path), text=repr(constant.value))


def _looked_up(port: Port, node: ast.Call) -> tuple[ast.Constant, str] | None:
    """``monkeypatch.setattr(rl_loop, "setup_infra", …)``: the string and what it names."""
    by_name = (isinstance(node.func, ast.Name) and node.func.id in _BY_NAME) or (
        isinstance(node.func, ast.Attribute) and node.func.attr in _BY_NAME_METHODS
    )
    arguments = call_arguments(node)
    if not by_name or len(arguments) < 2:
        return None
    owner, name = arguments[0], arguments[1]
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isidentifier()):
        return None
    if not isinstance(owner, ast.Name | ast.Attribute):
        return None
    if isinstance(owner, ast.Name) and any(
        b.kind is not BindingKind.IMPORT for b in port.model.bindings(owner)
    ):
        return None
    path = port.model.resolve(owner)
    return None if path is None else (name, f"{path}.{name.value}")
