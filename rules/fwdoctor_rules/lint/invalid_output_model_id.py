"""FWD207: an id that no model can have."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._model_ids import fault
from fwdoctor_rules.lint._text import shown

RULE = Rule(
    id="FWD207",
    name="invalid-output-model-id",
    severity=Severity.ERROR,
    side=Side.USER,
    message="the output_model_id {model_id} {fault}",
    why="An id is 1 to 63 characters of a-z, 0-9 and the hyphen. Another one is refused when the checkpoint is "
    "promoted, which is after the training; the checkpoint may be gone before it is tried again.",
    remedy=(Remedy("Use lower-case letters, digits and hyphens, 63 characters at most: my-model-v2."),),
    applicability=Applicability.MANUAL,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/fireworks_client.py (validate_output_model_id)",
    bad=(
        """
from training.recipes.sft_loop import Config

config = Config(log_path="runs/1", «output_model_id="My_Model.v2"»)
""",
        """
from fireworks.training.sdk import FireworksClient

client = FireworksClient(api_key="...")


def promote(name: str, step: int):
    return client.promote_checkpoint(
        name=name,
        «output_model_id=f"qwen3/step-{step}"»,
        base_model="accounts/fireworks/models/qwen3-8b",
    )
""",
        """
from training.recipes import rl_loop

config = rl_loop.Config(log_path="runs/1")
«config.output_model_id = "a-model-that-was-trained-on-everything-that-anybody-has-ever-said-to-us"»
""",
    ),
    good=(
        """
from training.recipes.sft_loop import Config

config = Config(log_path="runs/1", output_model_id="my-model-v2")
other = Config(log_path="runs/2", output_model_id=None)
""",
        """
import uuid

from training.recipes import rl_loop

config = rl_loop.Config(log_path="runs/1", output_model_id=f"my-model-{uuid.uuid4().hex[:8]}")
""",
        """
from fireworks.training.sdk import validate_output_model_id

assert validate_output_model_id("My_Model.v2")
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Ids whose known parts are wrong, or too long in themselves. Tests try wrong ones on purpose."""
    if file.is_test:
        return
    for setting in file.settings("output_model_id"):
        if setting.is_of("validate_output_model_id"):
            continue
        texts = [file.text(choice) for choice in file.choices(setting.value)]
        faults = [fault(text) if text else None for text in texts]
        if texts and all(faults):
            yield Hit(setting.node, {"model_id": repr(shown(texts[0] or "")), "fault": faults[0] or ""})
