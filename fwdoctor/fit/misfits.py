"""Where code does not fit a surface: names it lacks, arguments it does not take, strings that name them.

This is the one comparison of code with a surface. Migrate runs it on its own result, to prove that it
fits and to mark what does not; check runs it on the code as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fwdoctor_codemods.core.model import LOCAL, BindingKind
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import call_arguments, span, spread_of

from fwdoctor.surface.model import MISSING, Class, Function, Kind

_DOTTED = re.compile(r"(training|fireworks\.training)(\.\w+)+")
#: Functions that look a name up in their first argument, and where the name stands.
_BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr"})
_BY_NAME_METHODS = frozenset({"setattr", "delattr", "object"})


@dataclass(frozen=True)
class Misfit:
    """One place that does not fit. ``known``: an older version of the surface had it."""

    node: ast.AST
    rule: str
    known: bool
    variables: Mapping[str, str] = field(default_factory=dict)
    #: the full path of what does not fit
    subject: str = ""

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it is about, wherever it stands: to tell new misfits from old ones."""
        return self.rule, tuple(sorted(self.variables.items()))


def find(port: Port) -> list[Misfit]:
    """Every misfit of a file, in the order of its lines. What cannot be told is not reported."""
    if not port.uses_fireworks:
        return []
    found = [*_imports(port), *_attributes(port), *_calls(port), *_subclasses(port), *_strings(port)]
    return sorted((m for m in found if m.known or not _is_sdk(m)), key=lambda m: span(m.node))


def _is_sdk(misfit: Misfit) -> bool:
    """Whether it is about the SDK: the stored release is one of many that go with a cookbook.

    A name that no stored release has may well be in the user's own, so only what an older one had counts.
    """
    return misfit.subject.startswith("fireworks.")


def _lacks(port: Port, path: str) -> bool:
    """Whether the target certainly has no ``path``."""
    return any(s.covers(path) and s.locate(path) is MISSING for s in port.surfaces.all_targets())


def _known(port: Port, path: str) -> bool:
    """Whether an older version had it, or none of those that could tell is stored (the examples)."""
    older = [s for s in port.surfaces.older() if s.covers(path)]
    return not older or any(s.canonical(path) for s in older)


def _imports(port: Port) -> Iterator[Misfit]:
    for node in port.model.imports:
        paths: list[tuple[ast.alias, str]]
        if isinstance(node, ast.ImportFrom):
            source = port.model.source_of(node)
            paths = [(a, f"{source}.{a.name}" if a.name != "*" else source) for a in node.names if source]
        else:
            paths = [(a, a.name) for a in node.names]
        for alias, path in paths:
            if path and _lacks(port, path):
                rule = "FWD112" if _is_guarded(port, alias) else "FWD107"
                yield Misfit(alias, rule, _known(port, path), {"old": path}, path)


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


def _attributes(port: Port) -> Iterator[Misfit]:
    stored = {port.model.resolve(n) for n in port.model.attributes if isinstance(n.ctx, ast.Store)}
    for node in port.model.attributes:
        raw = port.model.resolve(node)
        if raw is not None:
            inner = port.model.resolve(node.value)
            if _lacks(port, raw) and not (inner and _lacks(port, inner)) and raw not in stored:
                yield Misfit(node, "FWD107", _known(port, raw), {"old": raw}, raw)
            continue
        owner = port.type_of(node.value)
        if owner is None and _looks_nested(port, node):
            what = port.original(node)
            advice = "if it reads a recipe's Config, these settings moved"
            yield Misfit(node, "FWD110", True, {"what": what, "advice": advice})
        if owner is None or owner.startswith(LOCAL):
            continue
        cls = _target_class(port, owner)
        if cls is None or cls.opaque or _has_attribute(cls, node.attr) or node.attr.startswith("__"):
            continue
        known = any((c := s.class_at(owner)) and _has_attribute(c, node.attr) for s in port.surfaces.older())
        if known:
            yield Misfit(node, "FWD107", True, {"old": f"{owner.rpartition('.')[2]}.{node.attr}"})


def _looks_nested(port: Port, node: ast.Attribute) -> bool:
    """``x.infra.training_shape_id`` with x unknown, in a file that uses recipes of another shape."""
    inner = node.value
    if not isinstance(inner, ast.Attribute):
        return False
    if not any(path.startswith("training.recipes") for path in port.model.imported):
        return False
    move = port.moves.config.get(inner.attr)
    if move is None or move.how not in ("rename", "flatten") or port.type_of(inner.value) is not None:
        return False
    owner = move.class_ or next(
        (c for c in port.moves.classes if port.moves.classes[c].rule == move.rule), None
    )
    origin = port.origin_class(owner) if owner else None
    if origin is None or origin.field_named(node.attr) is None:
        return False
    configs = [m for m in port.surfaces.target.modules if m.startswith("training.recipes.")]
    return not any(
        (c := port.surfaces.target.class_at(f"{m}.Config")) and c.field_named(inner.attr) for m in configs
    )


def _target_class(port: Port, path: str) -> Class | None:
    return next((c for s in port.surfaces.all_targets() if (c := s.class_at(path))), None)


def _has_attribute(cls: Class, name: str) -> bool:
    return (
        name in cls.methods
        or name in cls.attributes
        or name in cls.members
        or cls.field_named(name) is not None
    )


def _calls(port: Port) -> Iterator[Misfit]:
    for node in port.model.calls:
        if (config := port.recipe_config(node.func)) is not None:
            signature = port.target_signature(config)
            path: str | None = config
        elif (applied := port.applied(node)) is not None:
            path = port.recipe_config(applied) or port.resolve(applied)
            signature = port.target_signature(path) if path else None
            if path and signature and not signature.opaque:
                yield from _keywords(port, node, path, signature, port.own_fields(applied))
            continue
        elif port.is_copy(node):
            path = port.type_of(node.args[0])
            if path is None or path.startswith(LOCAL):
                continue
            yield from _copied(port, node, path)
            continue
        else:
            path, signature = _method_or_function(port, node)
        if path is not None and signature is not None and not signature.opaque:
            yield from _bind(port, node, path, signature)


def _method_or_function(port: Port, node: ast.Call) -> tuple[str | None, Function | None]:
    path = port.resolve(node.func)
    if path is not None:
        return path, port.target_signature(path)
    if isinstance(node.func, ast.Attribute):
        owner = port.type_of(node.func.value)
        if owner and not owner.startswith(LOCAL):
            cls = _target_class(port, owner)
            if cls is not None and node.func.attr in cls.methods:
                return f"{owner}.{node.func.attr}", cls.methods[node.func.attr]
    return None, None


def _copied(port: Port, node: ast.Call, path: str) -> Iterator[Misfit]:
    cls = _target_class(port, path)
    if cls is None or not cls.fields:
        return
    for keyword in node.keywords:
        if keyword.arg and cls.field_named(keyword.arg) is None:
            yield _unaccepted(port, keyword, path, f"{keyword.arg}=", keyword.arg)


def _unaccepted(port: Port, node: ast.AST, path: str, argument: str, keyword: str | None) -> Misfit:
    known = keyword is not None and (port.origin_accepts(path, keyword) or keyword in port.moves.config)
    return Misfit(node, "FWD108", known, {"callee": _short(path), "argument": argument}, path)


def _short(path: str) -> str:
    """``training.recipes.rl_loop.Config`` as people say it: ``rl_loop.Config``."""
    return ".".join(path.split(".")[-2:])


def _bind(port: Port, node: ast.Call, path: str, signature: Function) -> Iterator[Misfit]:
    own = port.own_fields(node.func)
    spread = spread_of(node) is not None
    positional = [a for a in node.args if not isinstance(a, ast.Starred)]
    order = signature.positional
    if len(positional) > len(order) and not signature.accepts_any_positional and not own:
        extra = positional[len(order)]
        yield _unaccepted(port, extra, path, f"{len(positional)} positional arguments", None)
    yield from _keywords(port, node, path, signature, own)
    if spread or own or port.model.local_class(node.func) is not None:
        return
    given = {k.arg for k in node.keywords} | {p.name for p in order[: len(positional)]}
    for p in signature.parameters:
        required = p.default is None and p.kind not in (Kind.VAR_POSITIONAL, Kind.VAR_KEYWORD)
        if required and p.name not in given:
            older = _optional_before(port, path, p.name)
            variables = {"callee": _short(path), "argument": f"{p.name}="}
            yield Misfit(node, "FWD114", older, variables, path)


def _keywords(port: Port, node: ast.Call, path: str, signature: Function, own: set[str]) -> Iterator[Misfit]:
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in own and not signature.accepts_keyword(keyword.arg):
            yield _unaccepted(port, keyword, path, f"{keyword.arg}=", keyword.arg)


def _subclasses(port: Port) -> Iterator[Misfit]:
    """Fields that a subclass of a recipe's Config declares again, and that the recipe no longer has."""
    for cls in (s.node for s in port.model.scopes.values() if s.is_class):
        assert isinstance(cls, ast.ClassDef)
        config = next((c for base in cls.bases if (c := port.recipe_config(base))), None)
        target = _target_class(port, config) if config else None
        if config is None or target is None or target.opaque:
            continue
        for statement in cls.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                if target.field_named(name) is None and port.origin_accepts(config, name):
                    yield Misfit(statement, "FWD107", True, {"old": f"{_short(config)}.{name}"}, config)


def _optional_before(port: Port, path: str, name: str) -> bool:
    """Whether an older version could be called without ``name=``."""
    for surface in port.surfaces.older():
        signature = surface.signature(path)
        if signature is not None:
            found = signature.parameter(name)
            if found is None or found.default is not None:
                return True
    return False


def _strings(port: Port) -> Iterator[Misfit]:
    for string in port.model.strings:
        text = str(string.value)
        if _DOTTED.fullmatch(text) and _lacks(port, text) and _known(port, text):
            yield Misfit(string, "FWD113", True, {"text": repr(text), "old": text})
    for node in port.model.calls:
        if (found := _looked_up(port, node)) is not None:
            constant, path = found
            if _lacks(port, path) and _known(port, path):
                yield Misfit(constant, "FWD113", True, {"text": repr(constant.value), "old": path})


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
