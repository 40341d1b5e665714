"""FWD216: a trainer for the reference of a LoRA policy, which needs none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import Call, File, Hit, Setting
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._branches import go_together, is_certain
from fwdoctor_rules.lint._recipes import is_config
from fwdoctor_rules.lint._shapes import REFERENCE

RULE = Rule(
    id="FWD216",
    name="reference-shape-with-lora",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{field} asks for a reference trainer of its own, though {rank} trains LoRA",
    why="The reference of a LoRA policy is its own trainer with the adapter switched off. Another trainer costs "
    "its GPUs and gives the same numbers; the SDK deprecates it and will refuse it.",
    remedy=(Remedy("Remove {field}."),),
    applicability=Applicability.UNSAFE,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/managed.py (FiretitanProvisioningConfig)",
    bad=(
        """
from training.recipes.dpo_loop import Config
from training.utils import TrainerConfig

trainer = TrainerConfig(
    «reference_training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200-forward"»,
    region="US_VIRGINIA_1",
)
config = Config(log_path="runs/1", lora_rank=16, trainer=trainer)
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(
    base_model="accounts/fireworks/models/qwen3-8b",
    max_lora_rank=32,
    «reference_training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200-forward"»,
)
""",
    ),
    good=(
        """
from training.recipes.dpo_loop import Config
from training.utils import TrainerConfig

SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200-forward"
full = Config(log_path="runs/1", lora_rank=0, trainer=TrainerConfig(reference_training_shape_id=SHAPE))
lora = Config(log_path="runs/2", lora_rank=16, trainer=TrainerConfig(reference_training_shape_id=None))
""",
        """
import os

from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(
    base_model="accounts/fireworks/models/qwen3-8b",
    lora_rank=int(os.environ["RANK"]),
    reference_training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200-forward",
)
""",
    ),
)

_RANKS = ("lora_rank", "max_lora_rank")
_WHOLE = ("FiretitanServiceClient.from_firetitan_config", "FiretitanProvisioningConfig")
#: Where a call keeps how its trainers are launched.
_PARTS = ("trainer", "infra", "infra_cfg")


def check(file: File) -> Iterator[Hit]:
    """Reference shapes that are certainly set, beside a rank that is certainly above 0."""
    if not any(map(file.is_used, REFERENCE)):
        return
    for call in (c for c in file.calls if is_config(c.path) or _is_service(c)):
        if file.is_expected_to_fail(call.node):
            continue
        fields = file.fields(call)
        for setting in _references(file, call):
            rank = next((r for r in _RANKS if _is_lora(file, fields.get(r, ()), setting)), None)
            if rank is not None:
                variables = {"field": setting.name, "rank": f"{rank}={file.value(fields[rank][-1].value)}"}
                yield Hit(setting.node, variables, file.without(setting.node))


def _is_service(call: Call) -> bool:
    return call.name in (*_WHOLE, "build_service_client", "setup_infra")


def _is_lora(file: File, values: Sequence[Setting], reference: Setting) -> bool:
    """Whether a rank is certainly above 0 where the reference is set."""
    known = [file.value(v.value) for v in values]
    if not known or not all(isinstance(v, int) and v > 0 for v in known):
        return False
    return all(go_together(file, v, reference) for v in values)


def _references(file: File, call: Call) -> Iterator[Setting]:
    """The reference shapes that are certainly set in an object, or in the settings that it is given."""
    for fields in (file.fields(call), *(file.part(call, part) for part in _PARTS)):
        for name in REFERENCE:
            values = fields.get(name, ())
            if values and is_certain(file, values, values[-1]):
                yield values[-1]
