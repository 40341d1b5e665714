"""Where code does not fit the surfaces that it shall fit.

Migrate runs it on its own result, to prove that it fits and to mark what does not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import argument_value, call_arguments, span

from fwdoctor.fit.answers import Wrong, answer, eras, product_of, was_right
from fwdoctor.fit.uses import Asks, Use, is_ours, uses
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.model import Absent
from fwdoctor.surface.timeline import Product

#: Misfits that make code fail; the others are doubts.
BREAKING = frozenset({"FWD107", "FWD108", "FWD114"})

#: How the marker of a read of unknown origin begins.
_LEFT_TO_A_PERSON = "TODO(fwdoctor): FWD110 "


@dataclass(frozen=True)
class Misfit:
    """One place that does not fit. ``known``: an older version of the surface had it."""

    node: ast.AST
    rule: str
    known: bool
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it is about, wherever it stands: to tell new misfits from old ones."""
        return self.rule, tuple(sorted(self.variables.items()))


def find(port: Port, *, is_old: bool = False) -> list[Misfit]:
    """Every misfit of a file, in the order of its lines. What cannot be told is not reported.

    ``is_old``: the file is known to be written for an older version, see :func:`nested`.
    """
    if not port.uses_fireworks:
        return []
    asked = (u for u in uses(port) if not (port.abbreviated and u.question.asks is Asks.ENOUGH))
    found = [m for use in asked for m in judge(port, use)]
    is_old = is_old or any(m.known for m in found)
    return sorted([*found, *nested(port, is_old=is_old)], key=lambda m: span(m.node))


def judge(port: Port, use: Use) -> Iterator[Misfit]:
    """What is wrong with one use."""
    for surface in port.surfaces.all_targets():
        for wrong in answer(use.question, surface):
            known = _known(port, use, wrong)
            if known or not _only_if_known(use):
                found = misfit(use, wrong, known=known)
                if wrong.rule == "FWD107":
                    found = replace(
                        found, variables={**found.variables, "otherwise": _otherwise(port, use, wrong)}
                    )
                if surface is port.surfaces.sdk:  # else messages would speak of the cookbook
                    found = replace(found, variables={**found.variables, "target": surface.name})
                yield found


def _otherwise(port: Port, use: Use, wrong: Wrong) -> str:
    """What else there is to do about a name that the target lacks: of the versions, who has it."""
    product = product_of(use.question.path)
    past = next((p for p in port.surfaces.past if p.timeline.product is product), None)
    if past is None:
        return ""
    states = past.timeline.states
    having = [e for e in eras(use.question) if e.there and wrong not in e.wrong]
    before = [e for e in having if e.first < past.states]
    if before:
        last = states[min(before[-1].last, past.states - 1)][-1]
        return f", or stay with {last.label}, the last that has it"
    if having:
        first = states[having[0].first][0]
        return f", or move on to {first.label}, the first that has it"
    if any(span.found is Absent.UNKNOWN for span in past.timeline.spans(use.question.path)):
        return ""
    return ", or see whether it is spelt right: no version that is known ever had it"


def _only_if_known(use: Use) -> bool:
    """Whether a misfit counts only where an older version had it.

    The stored SDK is one of many that go with a cookbook: a name that none of them has may well be in the
    user's own. Of an object, attributes may have been set anywhere. And a string may mean anything.
    """
    asks = use.question.asks
    return product_of(use.question.path) is Product.SDK or asks in (
        Asks.ATTRIBUTE,
        Asks.OWN_ATTRIBUTE,
        Asks.REDECLARED_FIELD,
        Asks.STRING,
    )


def _known(port: Port, use: Use, wrong: Wrong) -> bool:
    """Whether an older version had it, or none of those that could tell is stored (the examples)."""
    question = use.question
    if question.asks in (Asks.KEYWORD, Asks.COPIED_FIELD) and question.name in port.moves.config:
        return True
    if question.asks in (Asks.NAME, Asks.GUARDED_NAME, Asks.STRING) and not port.surfaces.old_knows(
        question.path
    ):
        return True
    return any(
        was_right(question, wrong, past.states)
        for past in port.surfaces.past
        if past.timeline.product is product_of(question.path)
    )


def misfit(use: Use, wrong: Wrong, *, known: bool) -> Misfit:
    """The misfit of a use, with the words that its message needs."""
    question = use.question
    if wrong.rule in ("FWD108", "FWD114"):
        variables = {"callee": use.callee, "argument": wrong.name}
    elif question.asks in (Asks.ATTRIBUTE, Asks.OWN_ATTRIBUTE):
        variables = {"old": f"{question.path.rpartition('.')[2]}.{question.name}"}
    elif question.asks is Asks.REDECLARED_FIELD:
        variables = {"old": f"{use.callee}.{question.name}"}
    elif question.asks is Asks.STRING:
        variables = {"text": use.text, "old": question.path}
    else:
        variables = {"old": question.path}
    return Misfit(place_of(use, wrong), wrong.rule, known, variables)


def place_of(use: Use, wrong: Wrong) -> ast.AST:
    """The very place of what is wrong: of too many arguments, the first that is too many."""
    return use.node if wrong.place is None else use.places[wrong.place]


def nested(port: Port, *, is_old: bool) -> Iterator[Misfit]:
    """``x.infra.training_shape_id`` with x unknown, in a file that uses recipes of another shape.

    Applications have settings with such names, too. So the file must be old (``is_old``, or it names an old
    class, or an earlier port left such a read to a person), or must hand x to the cookbook, or get it from
    there.
    """
    is_old = is_old or port.names_old_classes or _LEFT_TO_A_PERSON in port.source.text
    for node in port.model.attributes:
        if (
            port.model.resolve(node) is None
            and port.type_of(node.value) is None
            and _looks_nested(port, node)
            and (is_old or _belongs_to_cookbook(port, node.value))
        ):
            advice = "if it reads a recipe's Config, these settings moved"
            yield Misfit(node, "FWD110", True, {"what": port.original(node), "advice": advice})


def _belongs_to_cookbook(port: Port, inner: ast.expr) -> bool:
    """Whether the object of an attribute is made from a recipe's Config, or is what the cookbook is given."""
    if not isinstance(inner, ast.Attribute):
        return False
    owner = inner.value
    bindings = port.model.bindings(owner) if isinstance(owner, ast.Name) else []
    parts = (n for b in bindings if b.value is not None for n in ast.walk(b.value))
    if any(isinstance(n, ast.Name | ast.Attribute) and port.recipe_config(n) for n in parts):
        return True
    text = ast.unparse(owner)
    return any(
        ast.unparse(argument_value(argument)) == text
        for call in port.model.calls
        if is_ours(port.resolve(call.func) or "")
        for argument in call_arguments(call)
    )


def _looks_nested(port: Port, node: ast.Attribute) -> bool:
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
