"""A value of ``cleanup_…_on_close`` that does something else than it says.

The SDK looks at the value only when the service is closed. What is not true (False, "") means the same as
None, and is let be.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import UNKNOWN, Argument, Call, File, Hit
from fwdoctor.lint.flow import uses
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.source import Edit

#: What closing may do with a deployment.
_DEPLOYMENT = ("scale_to_zero", "delete")
#: Arguments that say whether a trainer is deleted.
_FLAGS = (
    "cleanup_trainer_on_close",
    "cleanup_reference_trainer_on_close",
    "cleanup_reference_on_close",
)

RULE = Rule(
    id="FWD304",
    name="unknown-cleanup-value",
    severity=Severity.ERROR,
    side=Side.USER,
    message="{argument}={value}: {detail}",
    why="A deployment value that the SDK does not know is refused only when the service is closed, and the "
    "deployment is left running. A text where a bool is asked for counts as True: the trainer is deleted.",
    remedy=(Remedy("{advice}"),),
    applicability=Applicability.SAFE,
    source="SDK 1.2.28 fireworks/training/sdk/_constants.py and managed.py _ManagedTinkerHandle.close; the "
    "same two values since 1.2.0a74",
    bad=(
        """
from contextlib import closing

from fireworks.training.sdk import FiretitanServiceClient

KEEP = "false"

with closing(
    FiretitanServiceClient.from_firetitan_config(
        «cleanup_deployment_on_close="scale-to-zero"», «cleanup_trainer_on_close=KEEP»
    )
) as service:
    service.create_training_client()
""",
        """
from contextlib import closing

from training.utils.service import build_service_client

SETTINGS = {«"cleanup_deployment_on_close"»: True}

with closing(build_service_client(**SETTINGS)) as service:
    service.create_training_client()
""",
        """
from contextlib import closing

from fireworks.training.sdk import FiretitanServiceClient


def main(keep: bool) -> None:
    with closing(
        FiretitanServiceClient.from_firetitan_config(«cleanup_deployment_on_close=None if keep else "zero"»)
    ) as service:
        service.create_training_client()
""",
    ),
    good=(
        """
from contextlib import closing

from fireworks.training.sdk import CLEANUP_DEPLOYMENT_ON_CLOSE_DELETE, FiretitanServiceClient


def main(keep: bool) -> None:
    with closing(
        FiretitanServiceClient.from_firetitan_config(
            cleanup_deployment_on_close=None if keep else "scale_to_zero", cleanup_trainer_on_close=not keep
        )
    ) as service:
        service.create_training_client()
    with closing(
        FiretitanServiceClient.from_firetitan_config(
            cleanup_deployment_on_close=CLEANUP_DEPLOYMENT_ON_CLOSE_DELETE, cleanup_trainer_on_close=True
        )
    ) as service:
        service.create_training_client()
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Every cleanup setting whose value is known and means something else."""
    for call, argument in file.passing("cleanup_deployment_on_close"):
        if not _is_tried_out(file, call):
            yield from _deployment(file, argument)
    for call in file.calls_of("create_inference_deployment_sampler"):
        found = call.arguments.get("cleanup_on_close")
        if found is not None and not _is_tried_out(file, call):
            yield from _deployment(file, found)
    for flag in _FLAGS:
        for call, argument in file.passing(flag):
            if not _is_tried_out(file, call):
                yield from _trainer(file, argument)


def _is_tried_out(file: File, call: Call) -> bool:
    """Whether a test passes the value to see what becomes of it."""
    if file.may_be_mocked(call.node) or file.is_expected_to_fail(call.node):
        return True
    return any(file.is_expected_to_fail(use.node) for use in uses(file, call.node))


_ADVICE = 'Write "scale_to_zero" (it stays, without replicas), "delete", or None to leave it running.'


def _choices(value: ast.expr) -> Iterator[ast.expr]:
    """The values that an expression chooses from."""
    if isinstance(value, ast.IfExp):
        yield from _choices(value.body)
        yield from _choices(value.orelse)
    else:
        yield value


def _deployment(file: File, argument: Argument) -> Iterator[Hit]:
    for choice in _choices(argument.value):
        value = file.value(choice)
        if value is UNKNOWN or not value or value in _DEPLOYMENT:
            continue
        meant = _meant(value)
        variables = {
            "argument": argument.name,
            "value": repr(value),
            "detail": f"the SDK knows None, {' and '.join(map(repr, _DEPLOYMENT))}, and refuses this when "
            "the service is closed",
            "advice": f'Write "{meant}".' if meant else _ADVICE,
        }
        yield Hit(argument.node, variables, _replaced(file, choice, f'"{meant}"') if meant else ())


def _meant(value: object) -> str | None:
    """The one value of which another is only another spelling."""
    if not isinstance(value, str):
        return None
    plain = value.strip().lower().replace("-", "_").replace(" ", "_")
    return plain if plain in _DEPLOYMENT else None


def _trainer(file: File, argument: Argument) -> Iterator[Hit]:
    for choice in _choices(argument.value):
        value = file.value(choice)
        if value is UNKNOWN or not isinstance(value, str) or not value:
            continue
        means_true = value.strip().lower() in ("delete", "true")
        variables = {
            "argument": argument.name,
            "value": repr(value),
            "detail": "any text counts as True here: the trainer is deleted",
            "advice": "Write True." if means_true else "Write True (delete it) or False (leave it running).",
        }
        yield Hit(argument.node, variables, _replaced(file, choice, "True") if means_true else ())


def _replaced(file: File, node: ast.expr, text: str) -> tuple[Edit, ...]:
    """Another text in the place of a constant; nothing where the constant has a name of its own."""
    if not isinstance(node, ast.Constant) or node in file.model.in_f_strings:
        return ()
    source = file.port.source
    return (Edit(source.start(node), source.end(node), text),)
