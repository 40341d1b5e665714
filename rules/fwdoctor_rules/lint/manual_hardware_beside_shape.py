"""FWD201: hardware that is set by hand beside the training shape that owns it."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._branches import is_certain
from fwdoctor_rules.lint._shapes import LAUNCHERS, POLICY

RULE = Rule(
    id="FWD201",
    name="manual-hardware-beside-shape",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{owner} sets {field} beside {shape}: the training shape owns the hardware",
    why="TrainerJobConfig refuses it with a ValueError; a managed service warns and drops it. "
    "Either way the trainer runs on what the shape says.",
    remedy=(
        Remedy("Remove {field}; choose another training shape for other hardware."),
        Remedy("To scale out, set the trainer's replica count: it is no part of the shape."),
    ),
    applicability=Applicability.UNSAFE,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/trainer.py (_SHAPE_OWNED_FIELDS), client.py, managed.py",
    versions="custom_image_tag belongs to the shape up to fireworks-ai 1.2.0a83, and helps to select it since",
    bad=(
        """
from fireworks.training.sdk import TrainerJobConfig

job = TrainerJobConfig(
    base_model="accounts/fireworks/models/qwen3-8b",
    training_shape_ref="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200",
    «accelerator_type="NVIDIA_H200_141GB"»,
    «accelerator_count=8»,
)
""",
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200")
«trainer.node_count = 2»
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
options = {"training_shape_id": SHAPE, «"node_count"»: 2}
service = FiretitanServiceClient.from_firetitan_config(
    base_model="accounts/fireworks/models/qwen3-8b", lora_rank=0, **options
)
""",
        """
# target: may
from training.utils import InfraConfig

infra = InfraConfig(
    training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200", «custom_image_tag="0.9.1"»
)
""",
    ),
    good=(
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(
    training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200", node_count=None, replica_count=2
)
""",
        """
from fireworks.training.sdk import TrainerJobConfig

job = TrainerJobConfig(
    base_model="accounts/fireworks/models/qwen3-8b", accelerator_type="NVIDIA_H200_141GB", accelerator_count=8
)
""",
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(
    training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200", custom_image_tag="0.9.1"
)
""",
        """
from mylab.hardware import TrainerConfig

trainer = TrainerConfig(training_shape_id="accounts/a/trainingShapes/s", node_count=2)
""",
    ),
)

_OWNED = ("accelerator_type", "accelerator_count", "node_count")
_TAG = "custom_image_tag"
#: What raises an error where the others warn.
_REFUSING = ("TrainerJobConfig",)


def check(file: File) -> Iterator[Hit]:
    """Fields of a launcher that are certainly set, in an object whose shape is certainly set.

    Tests make up objects that nobody launches.
    """
    if file.is_test or not any(map(file.is_used, (*_OWNED, _TAG))):
        return
    owned = _OWNED if not file.is_used(_TAG) or file.sdk_is(">=1.2.0a84") else (*_OWNED, _TAG)
    for call in file.calls_of(*LAUNCHERS):
        fields = file.fields(call)
        if file.is_expected_to_fail(call.node):
            continue
        for name in owned:
            values = fields.get(name, ())
            if not values or not file.accepts(call.path, name):
                continue
            last = values[-1]
            shape = next((f for f in POLICY if is_certain(file, fields.get(f, ()), last)), None)
            if shape is not None and is_certain(file, values, last):
                variables = {"owner": call.name, "field": name, "shape": shape}
                severity = Severity.ERROR if last.is_of(*_REFUSING) else None
                yield Hit(last.node, variables, file.without(last.node), severity)
