"""FWD1xx: uses of an API that the target lacks, deprecates, or takes and does not read.

What is wrong is what :mod:`fwdoctor.fit` says; here it gets the most telling rule, and the successor that the
moves name.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from fwdoctor_codemods.core.port import shown_setting

from fwdoctor.fit import misfits
from fwdoctor.fit.uses import Asks, Question, Use, short, uses
from fwdoctor.lint.file import Call, File, Hit
from fwdoctor.moves import provisioning, successor
from fwdoctor.surface import timeline
from fwdoctor.surface.model import Class, Function, Surface

#: The rules that lint finds; the other FWD1xx rules are about ports, and only `migrate` has them.
RULES = (
    "FWD101",
    "FWD102",
    "FWD103",
    "FWD104",
    "FWD105",
    "FWD106",
    "FWD107",
    "FWD108",
    "FWD110",
    "FWD111",
    "FWD112",
    "FWD113",
    "FWD114",
    "FWD117",
    "FWD118",
    "FWD120",
)
#: What setup_infra returned.
_BUNDLE = "training.utils.infra.Infra"
#: Questions about what a recipe's Config or main() takes, or about a field of a settings class.
_SETTINGS = (Asks.KEYWORD, Asks.COPIED_FIELD, Asks.ATTRIBUTE, Asks.OWN_ATTRIBUTE, Asks.REDECLARED_FIELD)


def find(file: File) -> Iterator[tuple[str, Hit]]:
    """Every use of the old API in a file, with its rule."""
    told: set[ast.AST] = set()
    is_old = False
    for use in uses(file.port, look_through=True):
        if _is_own_affair(file, use):
            continue
        for found in misfits.judge(file.port, use):
            is_old = is_old or found.known
            if found.known or not _is_somebody_elses(file, use.question.path):
                told.add(use.node)
                yield from _unguarded(file, *_named(file, use, found))
    for misfit in misfits.nested(file.port, is_old=is_old):
        yield from _unguarded(file, misfit.rule, Hit(misfit.node, misfit.variables))
    for rule, hit in (*_moved_classes(file), *_provisioning(file), *_deprecated(file), *_unread(file)):
        if hit.node not in told:
            told.add(hit.node)
            yield from _unguarded(file, rule, hit)


def _unguarded(file: File, rule: str, hit: Hit) -> Iterator[tuple[str, Hit]]:
    """A hit, unless its code is written for several versions: of such code, imports are told, as a doubt."""
    if rule == "FWD112" or not file.port.guards.around(hit.node):
        yield rule, hit
    elif isinstance(hit.node, ast.alias) and rule != "FWD113":
        yield "FWD112", Hit(hit.node, {"old": hit.node.name})


def _is_own_affair(file: File, use: Use) -> bool:
    """Whether a subclass declares a field of its own, which the recipe happened to have once."""
    if use.question.asks is not Asks.REDECLARED_FIELD or not isinstance(use.node, ast.AnnAssign):
        return False
    return file.port.annotated(use.node.annotation) not in file.port.moves.classes


def _is_somebody_elses(file: File, path: str) -> bool:
    """Whether a path leads into a module that no cookbook ever had: people call their own package so, too."""
    parts = path.split(".")
    if len(parts) < 2 or parts[0] != "training":
        return False
    place = f"training.{parts[1]}"
    target = file.port.surfaces.target
    return place not in _places() and place not in target.modules and not target.is_package(place)


@functools.cache
def _places() -> frozenset[str]:
    """The packages and modules right below ``training`` that some cookbook had."""
    history = timeline.cookbook().history
    return frozenset(".".join(name.split(".")[:2]) for name in (*history.toggles, *history.partial))


def _named(file: File, use: Use, misfit: misfits.Misfit) -> tuple[str, Hit]:
    """A misfit under the rule that tells most about it."""
    variables = {"target": file.port.surfaces.label, **misfit.variables}
    if (new := _successor(file, use.question)) is not None:
        variables["successor"] = new
    rule = _rule(file, use.question) if misfit.rule in misfits.BREAKING else None
    if rule not in RULES or misfit.rule == "FWD114":  # a rule about ports would lack what its message says
        return misfit.rule, Hit(misfit.node, variables)
    if rule == "FWD106":
        variables["setting"] = variables.get("argument") or use.question.name
        variables["advice"] = file.port.moves.advice.get(use.question.name, "this version dropped it")
        return rule, Hit(misfit.node, variables)
    variables.pop("otherwise", None)  # of FWD107
    detail = _gone(variables.get("old", ""), variables["target"], new)
    if "argument" in variables:
        fact = f"{variables['callee']} of {variables['target']} takes no {variables['argument']}"
        detail = f"{fact}; write {new}" if new and not new.startswith("nothing") else fact
    variables["detail"] = detail
    return rule, Hit(misfit.node, variables)


def _rule(file: File, question: Question) -> str | None:
    """The rule that the moves give to what is asked for."""
    moves = file.port.moves
    path = file.port.canonical(question.path) or question.path
    if question.asks in _SETTINGS:
        owner = path.rpartition(".")[2]
        if path.startswith("training.recipes.") and owner in ("Config", "main"):
            move = (moves.config if owner == "Config" else moves.main).get(question.name)
            return move.rule if move else None
        for cls in moves.classes.values():
            if path in (cls.old, cls.new) and question.name in cls.fields:
                return cls.rule
        return None
    if (moved := moves.classes.get(path)) is not None:
        return moved.rule
    known = provisioning()
    if path in (*known.calls, *known.deployments, known.cleanup):
        return "FWD120"
    return None


def _successor(file: File, question: Question) -> str | None:
    path = file.port.canonical(question.path) or question.path
    if question.asks in _SETTINGS:
        for cls in file.port.moves.classes.values():
            if path == cls.new and question.name in cls.fields:
                return f"{cls.fields[question.name]}="
        return successor(f"{path}.{question.name}")
    return successor(path)


# --- what is still there -------------------------------------------------------------------------------


def _moved_classes(file: File) -> Iterator[tuple[str, Hit]]:
    """Uses of settings classes that can still be imported, and that nothing takes any more."""
    port = file.port
    if not port.leads_on or not any(p.rpartition(".")[2] in port.source.text for p in port.moves.classes):
        return
    for node, path in file.named:
        move = port.moves.classes.get(path)
        if move is None or _is_its_own(file, path):
            continue
        name = path.rpartition(".")[2]
        new = successor(path)
        detail = f"{name} is still importable, and no recipe of {port.surfaces.label} takes it; write {new}"
        yield move.rule, Hit(node, {"detail": detail, "successor": new or ""})
    for attribute in port.model.attributes:
        move = port.moves.classes.get(port.type_of(attribute.value) or "")
        if move is not None and not attribute.attr.startswith("__"):
            name = move.old.rpartition(".")[2]
            field = move.fields.get(attribute.attr, attribute.attr)
            new = f"{move.new.rpartition('.')[2]}.{field}" if move.new else f"the Config's own {field}"
            detail = f"{port.original(attribute)} is a field of {name}; it became {new}"
            yield move.rule, Hit(attribute, {"detail": detail, "successor": new})


def _is_its_own(file: File, path: str) -> bool:
    """Whether a file belongs to the package that defines a name: it keeps the name for others."""
    module = file.model.module_name
    return module is not None and f"{module}.".startswith(f"{path.rpartition('.')[0].rpartition('.')[0]}.")


def _provisioning(file: File) -> Iterator[tuple[str, Hit]]:
    """Every use of a function that made trainers, and of what it returned; imports are told elsewhere."""
    port = file.port
    known = provisioning()
    gone = {p for p in (*known.calls, *known.deployments, known.cleanup) if not port.target_has(p)}
    if not gone or not any(path.rpartition(".")[2] in port.source.text for path in gone):
        return
    for node, path in file.named:
        if path in gone and not isinstance(node, ast.alias):
            detail = _gone(path.rpartition(".")[2], port.surfaces.label, successor(path))
            yield "FWD120", Hit(node, {"old": path, "detail": detail})
    for attribute in port.model.attributes:
        if port.type_of(attribute.value) == _BUNDLE and not port.target_has(_BUNDLE):
            new = known.bundle.get(attribute.attr, "").format(service="service") or None
            text = port.original(attribute)
            yield "FWD120", Hit(attribute, {"old": text, "detail": _gone(text, port.surfaces.label, new)})


def _gone(what: str, target: str, new: str | None) -> str:
    fact = f"{what} is not in {target}"
    return f"{fact}; write {new}" if new and not new.startswith("nothing") else fact


def _deprecated(file: File) -> Iterator[tuple[str, Hit]]:
    """Names and arguments that the target still has, and says it will drop."""
    for node, path in file.named:
        if isinstance(node, ast.alias) or _is_its_own(file, path):
            continue
        if (said := _deprecated_by(file, path)) is not None:
            new = successor(path)
            yield "FWD117", Hit(node, {"old": path, "target": said} | _if_known(new))
    for call in file.calls:
        if (
            isinstance(call.node.func, ast.Attribute)
            and (said := _deprecated_by(file, call.path)) is not None
        ):
            yield "FWD117", Hit(call.node.func, {"old": short(call.path), "target": said})
        for argument in call.arguments.values():
            if (said := _argument_deprecated_by(file, call, argument.name)) is not None:
                variables = {"callee": short(call.path), "argument": f"{argument.name}=", "target": said}
                yield "FWD118", Hit(argument.node, variables)


def _if_known(new: str | None) -> dict[str, str]:
    return {"successor": new} if new else {}


def _deprecated_by(file: File, path: str) -> str | None:
    """Which of the target's products says that it will drop a name; None if none does."""
    for surface in file.port.surfaces.all_targets():
        found = surface.locate(path) if surface.covers(path) else None
        if isinstance(found, tuple) and isinstance(found[1], Class | Function):
            return _called(file, surface) if found[1].deprecated else None
        owner, _, method = path.rpartition(".")
        cls = surface.class_at(owner) if surface.covers(owner) else None
        if cls is not None and method in cls.methods:
            return _called(file, surface) if cls.methods[method].deprecated else None
    return None


def _argument_deprecated_by(file: File, call: Call, name: str) -> str | None:
    """As :func:`_deprecated_by`, of an argument of a call."""
    for surface in file.port.surfaces.all_targets():
        signature = surface.signature(call.path) if surface.covers(call.path) else None
        parameter = signature.parameter(name) if signature else None
        if parameter is not None:
            return _called(file, surface) if parameter.deprecated else None
    return None


def _called(file: File, surface: Surface) -> str:
    """How messages call one of the target's products: what is the SDK's is not the cookbook's."""
    surfaces = file.port.surfaces
    return surfaces.label if surface is surfaces.target else surface.name


def _unread(file: File) -> Iterator[tuple[str, Hit]]:
    """Settings that the target takes and does not read."""
    port = file.port
    if not port.leads_on:
        return
    for call in file.calls:
        for argument in call.arguments.values():
            ignored = port.moves.ignored.get((call.path, argument.name))
            if ignored is None or ast.unparse(argument.value) in ignored.default:
                continue
            if port.target_signature(call.path) is None:
                continue
            setting = shown_setting(f"{argument.name}={port.original(argument.value)}")
            variables = {"setting": setting, "advice": ignored.advice, "target": port.surfaces.label}
            yield "FWD111", Hit(argument.node, variables)
