"""FWD203: a training shape that is not named in full."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._shapes import shapes
from fwdoctor_rules.lint._text import shown

RULE = Rule(
    id="FWD203",
    name="training-shape-not-full-path",
    severity=Severity.ERROR,
    side=Side.USER,
    message="{owner}.{field} is {shape}, which is not the full name of a training shape",
    why="The SDK takes accounts/<account>/trainingShapes/<shape>, with or without /versions/<version>, and "
    "raises ValueError for everything else: no version of it completes short names.",
    remedy=(
        Remedy("Write accounts/<account>/trainingShapes/<shape>, or leave it out to have one selected."),
    ),
    applicability=Applicability.MANUAL,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/fireworks_client.py (resolve_training_profile), trainer.py "
    "(_SHAPE_REF_RE); the same in 1.2.0a73",
    bad=(
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(«training_shape_id="qwen3-8b-128k-h200"»)
""",
        """
from fireworks.training.sdk import FireworksClient, TrainerJobConfig

SHAPE = "fireworks/qwen3-8b-128k-h200"
client = FireworksClient(api_key="...")
profile = client.resolve_training_profile(«SHAPE»)
job = TrainerJobConfig(base_model="accounts/fireworks/models/qwen3-8b", «training_shape_ref=SHAPE»)
""",
    ),
    good=(
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200")
""",
        """
import os

from training.utils import TrainerConfig

trainer = TrainerConfig(training_shape_id=os.environ["SHAPE"], reference_training_shape_id="")
""",
        """
from unittest import mock

from training.utils import TrainerConfig

trainer = TrainerConfig(training_shape_id="ts-1")
service = mock.Mock()
""",
    ),
)

_FULL = re.compile(r"accounts/[^/]+/trainingShapes/[^/]+(/versions/[^/]+)?")


def check(file: File) -> Iterator[Hit]:
    """Shapes whose whole text is known. Tests make names up that reach no server."""
    if file.is_test:
        return
    for setting in shapes(file, lookups=True):
        names = [file.known_text(choice) for choice in file.choices(setting.value)]
        if names and all(name and not _FULL.fullmatch(name) for name in names):
            shape = " or ".join(repr(shown(name or "")) for name in names)
            yield Hit(setting.node, {"owner": setting.owner, "field": setting.name, "shape": shape})
