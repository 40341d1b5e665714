"""FWD208: an id that is put together while the program runs, and checked by nobody before it is needed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.model import BindingKind

from fwdoctor_rules.lint._model_ids import fault, promotions

RULE = Rule(
    id="FWD208",
    name="unvalidated-output-model-id",
    severity=Severity.WARNING,
    side=Side.USER,
    message="the output_model_id is put together here, and nothing in this file checks it",
    why="An id is 1 to 63 characters of a-z, 0-9 and the hyphen. Another one is refused only when the checkpoint "
    "is promoted, which is after the training; the checkpoint may be gone before it is tried again.",
    remedy=(
        Remedy("Before the training, fail on what validate_output_model_id of fireworks.training.sdk says."),
    ),
    applicability=Applicability.MANUAL,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/fireworks_client.py (validate_output_model_id); the vendor's "
    "skill fireworks-training (non-negotiables)",
    bad=(
        """
from fireworks.training.sdk import FireworksClient

client = FireworksClient(api_key="...")


def promote(checkpoint: str, run_name: str):
    return client.promote_checkpoint(
        name=checkpoint,
        «output_model_id=f"qwen3-{run_name}"»,
        base_model="accounts/fireworks/models/qwen3-8b",
    )
""",
        """
from training.utils.checkpoints import TrainingCheckpoints


def finish(checkpoints: TrainingCheckpoints, base_model: str, dataset: str):
    model_id = base_model.split("/")[-1] + "-" + dataset
    checkpoints.promote_latest(«model_id», base_model)
""",
    ),
    good=(
        """
from fireworks.training.sdk import FireworksClient, validate_output_model_id

client = FireworksClient(api_key="...")


def promote(checkpoint: str, run_name: str):
    model_id = f"qwen3-{run_name}"
    if errors := validate_output_model_id(model_id):
        raise ValueError(errors)
    return client.promote_checkpoint(
        name=checkpoint, output_model_id=model_id, base_model="accounts/fireworks/models/qwen3-8b"
    )
""",
        """
import uuid

from fireworks.training.sdk import FireworksClient

client = FireworksClient(api_key="...")


def promote(checkpoint: str, config):
    run = uuid.uuid4().hex[:8]
    for step in range(3):
        client.promote_checkpoint(
            name=checkpoint, output_model_id=f"qwen3-{run}-{step}", base_model=config.base_model
        )
    client.promote_checkpoint(
        name=checkpoint, output_model_id=config.output_model_id, base_model=config.base_model
    )
""",
    ),
)

#: Functions whose names say that they check an id, or make one that needs no check.
_CHECKS = re.compile(
    r"valid|saniti[sz]e|slug|normali[sz]e|check_(model|output)|safe_(id|name)", re.IGNORECASE
)
#: Calls whose result fits into any id.
_PLAIN = frozenset({"int", "len", "round", "time_ns", "uuid1", "uuid4"})
#: What strftime writes as digits.
_DIRECTIVE = re.compile(r"%[YmdHMSyjf]")


def check(file: File) -> Iterator[Hit]:
    """Ids that are put together in this file from parts that may hold anything.

    One that comes from somewhere else (a setting, a parameter, the command line) may have been checked there.
    """
    if file.is_test or any(_CHECKS.search(_last_name(c.func)) for c in file.model.calls):
        return
    for call in promotions(file):
        argument = call.arguments.get("output_model_id")
        if argument is None or not _is_open(file, argument.value):
            continue
        text = file.text(argument.value)
        if text is None or fault(text) is None:  # what is certainly wrong has a rule of its own
            yield Hit(argument.node)


def _is_open(file: File, value: ast.expr) -> bool:
    """Whether an id is put together here from at least one part that may hold anything."""
    match file.origin(value):
        case ast.JoinedStr(values=values):
            parts = (v for v in values if isinstance(v, ast.FormattedValue))
            return any(not _is_number_format(v) and _may_hold_anything(file, v.value) for v in parts)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return any(_is_open(file, v) or _may_hold_anything(file, v) for v in (left, right))
    return False


def _is_number_format(part: ast.FormattedValue) -> bool:
    """Whether a part of an f-string is written as a whole number: ``{step:05d}``."""
    return part.format_spec is not None and ast.unparse(part.format_spec).rstrip("'\"").endswith("d")


def _may_hold_anything(file: File, value: ast.expr) -> bool:
    if file.known_text(value) is not None:
        return False
    match file.origin(value):
        case ast.Constant():
            return False
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return _may_hold_anything(file, inner)
        case ast.Call(func=func, args=[*_, ast.Constant(value=str() as form)]) if (
            _last_name(func) == "strftime"
        ):
            return fault(_DIRECTIVE.sub("", form)) is not None
        case ast.Call(func=func):
            return _last_name(func) not in _PLAIN
        case ast.Attribute(attr="hex") | ast.Subscript(value=ast.Attribute(attr="hex")):
            return False
        case ast.Name() as name:
            return not _counts(file, name)
        case ast.JoinedStr() | ast.BinOp() as made:
            return _is_open(file, made)
    return True


def _counts(file: File, name: ast.Name) -> bool:
    """Whether a name is a number: annotated as one, or what a loop over range() or enumerate() counts with."""
    for binding in file.model.bindings(name):
        if binding.annotation is not None:
            if ast.unparse(binding.annotation) != "int":
                return False
        elif binding.kind is BindingKind.ASSIGN and binding.value is not None:
            if not isinstance(file.value(binding.value), int):
                return False
        elif not _is_counter(file, binding.node):
            return False
    return bool(file.model.bindings(name))


def _is_counter(file: File, target: ast.AST) -> bool:
    parent = file.model.parents.get(target)
    if isinstance(parent, ast.AugAssign):
        return isinstance(file.value(parent.value), int)
    first = True
    if isinstance(parent, ast.Tuple):
        first, parent = parent.elts[0] is target, file.model.parents.get(parent)
    if not isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension) or not isinstance(
        parent.iter, ast.Call
    ):
        return False
    return first and _last_name(parent.iter.func) in ("range", "enumerate", "trange")


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
