"""What code asks of the cookbook and the SDK: the names, attributes and arguments that it uses.

A use is a place in a file and a :class:`Question`, which any surface can answer, see
:mod:`fwdoctor.fit.answers`. Uses are found once a file, whatever number of versions it is compared with.
"""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterator, Sequence

from fwdoctor_codemods.core.guards import names
from fwdoctor_codemods.core.model import LOCAL, BindingKind, last_name
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import call_arguments, spread_of

from fwdoctor.lean_dataclass import dataclass

_DOTTED = re.compile(r"(training|fireworks\.training)(\.\w+)+")
_IMPORT_ERRORS = frozenset(
    {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}
)
_ERRORS = _IMPORT_ERRORS | {"TypeError"}
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
    #: the same, of one that the file itself sets, or asks for with hasattr: it need not be there
    OWN_ATTRIBUTE = "own attribute"
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


def uses(port: Port, *, look_through: bool = False) -> list[Use]:
    """Every use of a file. What cannot be told is not among them.

    ``look_through``: also names that only ``import *`` can have brought, and the arguments in dicts that are
    spread into a call. (Migrate leaves these alone, and says so with rules of its own.)
    """
    if not port.uses_fireworks:
        return []
    found = [
        *_imports(port),
        *(_star_names(port) if look_through else ()),
        *_attributes(port),
        *_calls(port, look_through=look_through),
        *_subclasses(port),
        *_strings(port),
    ]
    return [use for use in found if is_ours(use.question.path)]


def is_ours(path: str) -> bool:
    """Whether a path is the cookbook's or the training SDK's."""
    return f"{path}.".startswith(("training.", "fireworks.training."))


def unseen(port: Port) -> list[ast.expr]:
    """What is spread into a call of the cookbook or the SDK, and cannot be looked into."""
    found = []
    for node in port.model.calls if port.uses_fireworks else ():
        path = port.recipe_config(node.func) or port.resolve(node.func)
        if path is not None and is_ours(path) and port.surfaces.is_called(path):
            found += [a.value for a in node.args if isinstance(a, ast.Starred)]
            spreads = (k.value for k in node.keywords if k.arg is None)
            found += [s for s in spreads if spread_keys(port, s) is None]
    return found


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


def _is_guarded(port: Port, node: ast.AST) -> bool:
    return any(
        isinstance(parent, ast.Try | ast.TryStar) and _catches(port, parent, _IMPORT_ERRORS)
        for parent in port.model.ancestors(node)
    )


def _catches(port: Port, node: ast.Try | ast.TryStar, errors: frozenset[str]) -> bool:
    """Whether some error of these leads to code that goes on in another way."""
    return any(h.type is None or errors & names(h.type) for h in port.guards.alternatives(node))


def is_guarded(port: Port, node: ast.AST) -> bool:
    """Whether code goes on where what ``node`` asks for is not there, as code for two versions does.

    Where it is written for several versions, or inside of a try whose errors it bears, whatever they are.
    """
    if port.guards.around(node, in_handlers=False):
        return True
    child = node
    for parent in port.model.ancestors(node):
        tried = parent if isinstance(parent, ast.Try | ast.TryStar) and child in parent.body else None
        if tried is not None and _catches(port, tried, _ERRORS):
            return True
        child = parent
    return False


def _star_names(port: Port) -> Iterator[Use]:
    if not any(scope.stars for scope in (port.model.module, *port.model.scopes.values())):
        return
    for node in port.model.names:
        if isinstance(node.ctx, ast.Load) and not port.model.bindings(node):
            path = port.model.resolve(node)
            if path is not None and "." in path:
                yield Use(node, Question(Asks.NAME, path))


def _attributes(port: Port) -> Iterator[Use]:
    stored = _assigned(port)
    own = {n.attr for n in port.model.attributes if not isinstance(n.ctx, ast.Load)} | _asked_for(port)
    for node in port.model.attributes:
        raw = port.model.resolve(node)
        if raw is not None:
            # Every class has an __init__, whoever wrote it.
            if raw not in stored and not _is_dunder(node.attr):
                yield Use(node, Question(Asks.NAME, raw, name=port.model.resolve(node.value) or ""))
            continue
        if node.attr.startswith("__"):
            continue
        owner = port.type_of(node.value)
        owner = port.config_of(owner, node.attr) or owner
        if (
            owner is not None
            and not owner.startswith(LOCAL)
            and not _comes_ported(port, node.value, node.attr)
        ):
            asks = Asks.OWN_ATTRIBUTE if node.attr in own else Asks.ATTRIBUTE
            yield Use(node, Question(asks, owner, node.attr))


def _comes_ported(port: Port, node: ast.expr, field: str) -> bool:
    """Whether a test's fixture, whose class is renamed where it is made, has a field from then on."""
    if not isinstance(node, ast.Name):
        return False
    bindings = port.model.bindings(node)
    if not bindings or any(b.kind is not BindingKind.PARAMETER or b.annotation for b in bindings):
        return False
    move = port.class_move(port.type_of(node))
    cls = port.surfaces.target.class_at(move.new) if move is not None and move.new else None
    return cls is not None and cls.field_named(field) is not None


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _assigned(port: Port) -> set[str]:
    """Paths that the file assigns: ``rl_loop.Config = …``."""
    found = (port.model.resolve(n) for n in port.model.attributes if not isinstance(n.ctx, ast.Load))
    return {path for path in found if path}


def _rebound(port: Port) -> set[str]:
    """Paths that the file gives another value, by ``patch.object(rl_loop, "Config")`` and the like, too."""
    looked_up = (_looked_up(port, node) for node in port.model.calls)
    return _assigned(port) | {found[1] for found in looked_up if found}


def _asked_for(port: Port) -> set[str]:
    """Names that the file looks up in objects by hasattr, getattr or setattr."""
    calls = (c for c in port.model.calls if last_name(c.func) in _BY_NAME)
    names = (c.args[1] for c in calls if len(c.args) > 1)
    return {n.value for n in names if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _calls(port: Port, *, look_through: bool) -> Iterator[Use]:
    rebound = _rebound(port)
    for node in port.model.calls:
        callee, given = port.called(node)
        if port.model.resolve(callee) in rebound or _constructs_itself(port, callee):
            continue
        if port.passes_mains:
            yield from _handed_over(port, node)
        if look_through:
            yield from _looked_through(port, node)
        if (config := port.recipe_config(node.func)) is not None:
            yield from _bound(port, node, _raw(port, node.func, config), config)
        elif callee is not node.func:
            yield from _applied(port, node, callee, given)
        elif port.is_copy(node):
            path = port.type_of(node.args[0])
            if path is not None and not path.startswith(LOCAL):
                for keyword in node.keywords:
                    if keyword.arg and not _comes_ported(port, node.args[0], keyword.arg):
                        yield Use(keyword, Question(Asks.COPIED_FIELD, path, keyword.arg), short(path))
        elif (path := port.resolve(node.func)) is not None:
            yield from _bound(port, node, _raw(port, node.func, path), path)
        elif isinstance(node.func, ast.Attribute):
            owner = port.type_of(node.func.value)
            if owner is not None and not owner.startswith(LOCAL):
                path = f"{owner}.{node.func.attr}"
                yield from _bound(port, node, path, path)


def _applied(port: Port, node: ast.Call, callee: ast.expr, given: list[ast.expr]) -> Iterator[Use]:
    """What a call passes on to what is called later, or elsewhere."""
    path = port.recipe_config(callee) or port.resolve(callee)
    if path is None:
        return
    raw, own = _raw(port, callee, path), port.own_fields(callee)
    for use in _keywords(port, node, raw, path, own):
        if not port.is_open(node) or port.origin_accepts(path, use.question.name):
            yield use
    passed = [a for a in node.args if a in given and not isinstance(a, ast.Starred)]
    if not passed or own:
        return
    # What a partial got before is too many there, and not here.
    places = [a if a in passed else passed[0] for a in given if not isinstance(a, ast.Starred)]
    through_class = port.is_class(raw.rpartition(".")[0])
    yield _positional(node, raw, short(path), places[1:] if through_class else places)


def _handed_over(port: Port, node: ast.Call) -> Iterator[Use]:
    """What a call passes to a recipe's main() that it gets as a value, or that it was given before.

    ``Thread(target=main, args=(…), kwargs={…})``; ``retry(main)(…)``, of which only such keywords count as
    main() itself took once.
    """
    wrapped = _wrapped(port, node)
    if wrapped is None or port.called(node)[0] is not node.func:
        return
    path = port.recipe_main(wrapped) or ""
    raw, callee = _raw(port, wrapped, path), short(path)
    for use in _keywords(port, node, raw, path, set()):
        if port.origin_accepts(path, use.question.name):
            yield use
    for keyword in node.keywords:
        if keyword.arg in ("kwargs", "kwds"):
            for key, name in spread_keys(port, keyword.value) or ():
                yield Use(key, Question(Asks.KEYWORD, raw, name), callee)
    target = next((k.value for k in node.keywords if k.arg == "target"), None)
    args = next((k.value for k in node.keywords if k.arg == "args"), None)
    places = args.elts if isinstance(args, ast.Tuple | ast.List) else []
    if wrapped is target and places and not any(isinstance(a, ast.Starred) for a in places):
        yield _positional(node, raw, callee, places)


def _wrapped(port: Port, node: ast.Call) -> ast.expr | None:
    """The main() of a recipe that a call gets as a value, or that what it calls was made with."""
    seen: set[ast.Call] = set()
    call: ast.expr | None = node
    while isinstance(call, ast.Call) and call not in seen:
        seen.add(call)
        values = (*call.args, *(k.value for k in call.keywords if k.arg))
        found = next((v for v in values if port.recipe_main(v)), None)
        if found is not None:
            return found
        call = call.func
        while isinstance(call, ast.Attribute):
            call = call.value  # ray.remote(main).remote(…)
        if isinstance(call, ast.Name):
            call = port.model.single_value(call)
    return None


def _constructs_itself(port: Port, callee: ast.expr) -> bool:
    """Whether a class of this file, or a base of it, takes arguments in its own way."""
    local = port.model.local_class(callee)
    if local is None:
        return False
    own = {s.name for s in local.body if isinstance(s, ast.FunctionDef)}
    if own & {"__init__", "__new__"} or local.keywords:
        return True
    return any(_constructs_itself(port, base) for base in local.bases if base is not callee)


def _looked_through(port: Port, node: ast.Call) -> Iterator[Use]:
    """The arguments in dicts that are spread into a call."""
    callee, _ = port.called(node)
    path = port.recipe_config(callee) or port.resolve(callee)
    if path is None:
        return
    own = port.own_fields(callee)
    for spread in (k.value for k in node.keywords if k.arg is None):
        for key, name in spread_keys(port, spread) or ():
            if name not in own:
                question = Question(Asks.KEYWORD, _raw(port, callee, path), name)
                yield Use(key, question, short(path))


def spread_keys(port: Port, spread: ast.expr) -> list[tuple[ast.AST, str]] | None:
    """The keys of a dict that is written out, here or where the name gets its only value; None: not so.

    A name counts only if it is used for nothing but spreading: else keys may come and go.
    """
    if isinstance(spread, ast.Name):
        value = port.model.single_value(spread)
        found = port.model.scope_of(spread).lookup(spread.id)
        if value is None or found is None:
            return None
        loads = port.model.loads(spread.id, found[0])
        if not all(isinstance(port.model.parents.get(n), ast.keyword) for n in loads):
            return None
        spread = value
    if isinstance(spread, ast.Dict):
        keys = [(k, k.value) for k in spread.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)]
        return [(k, name) for k, name in keys] if len(keys) == len(spread.keys) else None
    if isinstance(spread, ast.Call) and last_name(spread.func) == "dict" and not spread.args:
        names = [(k, k.arg) for k in spread.keywords if k.arg]
        return [(k, name) for k, name in names] if len(names) == len(spread.keywords) else None
    return None


def _raw(port: Port, callee: ast.expr, path: str) -> str:
    """The path by which the code itself names what it calls: other versions may keep it elsewhere."""
    return port.model.resolve(callee) or path


def _bound(port: Port, node: ast.Call, path: str, canonical: str) -> Iterator[Use]:
    own = port.own_fields(node.func)
    spread = spread_of(node) is not None
    positional = tuple(a for a in node.args if not isinstance(a, ast.Starred))
    callee = short(canonical)
    if positional and not own:
        # Of ``Class.method(x)``, a surface does not tell whether x is the object itself.
        through_class = port.resolve(node.func) is not None and port.is_class(path.rpartition(".")[0])
        yield _positional(node, path, callee, positional[1:] if through_class else positional)
    yield from _keywords(port, node, path, canonical, own)
    if spread or own or port.model.local_class(node.func) is not None:
        return
    given = frozenset(k.arg for k in node.keywords if k.arg)
    yield Use(node, Question(Asks.ENOUGH, path, positional=len(positional), given=given), callee)


def _positional(node: ast.Call, path: str, callee: str, places: Sequence[ast.expr]) -> Use:
    question = Question(Asks.POSITIONAL, path, positional=len(places))
    return Use(node, question, callee, places=tuple(places))


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
        if (found := _looked_up(port, node)) is not None and not _may_be_missing(node):
            constant, path = found
            yield Use(constant, Question(Asks.STRING, path), text=repr(constant.value))


def _may_be_missing(call: ast.Call) -> bool:
    """Whether a call that looks a name up gets along without it."""
    name = last_name(call.func)
    if name == "hasattr" or (name == "getattr" and len(call.args) > 2):
        return True
    # monkeypatch.setattr(…, raising=False), mock.patch.object(…, create=True)
    quiet = {"raising": False, "create": True}
    given = ((k.arg, k.value) for k in call.keywords if k.arg in quiet)
    return any(isinstance(v, ast.Constant) and v.value is quiet[name or ""] for name, v in given)


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
