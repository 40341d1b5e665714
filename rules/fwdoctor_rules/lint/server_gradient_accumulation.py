"""FWD209: gradient accumulation that the trainer is asked for, and does not do."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import UNKNOWN, File, Hit
from fwdoctor.rulebook import Rule

RULE = Rule(
    id="FWD209",
    name="server-gradient-accumulation",
    severity=Severity.ERROR,
    side=Side.USER,
    message="{owner}: gradient_accumulation_steps={value} {effect}",
    why="The trainer does not accumulate: each forward_backward adds to the gradients until optim_step.",
    remedy=(
        Remedy("Remove it, and call forward_backward as often as needed before each optim_step."),
        Remedy("Choose how the sum is divided with grad_accumulation_normalization= of optim_step."),
    ),
    applicability=Applicability.UNSAFE,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/trainer.py (TrainerJobConfig.validate)",
    versions="fireworks-ai 1.2.0a70 and later",
    bad=(
        """
from fireworks.training.sdk import TrainerJobConfig

job = TrainerJobConfig(base_model="accounts/fireworks/models/qwen3-8b", «gradient_accumulation_steps=4»)
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(
    base_model="accounts/fireworks/models/qwen3-8b",
    lora_rank=16,
    «gradient_accumulation_steps=1»,  # one at a time
)
""",
    ),
    good=(
        """
from fireworks.training.sdk import TrainerJobConfig

job = TrainerJobConfig(base_model="accounts/fireworks/models/qwen3-8b")
""",
        """
import argparse

from fireworks.training.sdk import FiretitanServiceClient
from transformers import TrainingArguments

args = argparse.ArgumentParser().parse_args()
service = FiretitanServiceClient.from_firetitan_config(
    base_model="accounts/fireworks/models/qwen3-8b", lora_rank=16
)
local = TrainingArguments(gradient_accumulation_steps=8, output_dir=args.output)
""",
    ),
)

_TAKERS = ("TrainerJobConfig", "FiretitanProvisioningConfig", "from_firetitan_config")


def check(file: File) -> Iterator[Hit]:
    """Every known value: 1 is taken and means nothing, others are refused."""
    if not file.is_used("gradient_accumulation_steps") or not file.sdk_is(">=1.2.0a70"):
        return
    for setting in file.settings("gradient_accumulation_steps"):
        value = file.value(setting.value)
        if not setting.is_of(*_TAKERS) or value is UNKNOWN or not isinstance(value, int):
            continue
        variables = {
            "owner": setting.owner,
            "value": str(value),
            "effect": "is deprecated and means nothing" if value == 1 else "is refused: it must be 1",
        }
        severity = Severity.WARNING if value == 1 else None
        yield Hit(setting.node, variables, file.without(setting.node), severity)
