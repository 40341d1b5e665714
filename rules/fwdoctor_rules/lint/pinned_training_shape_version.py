"""FWD202: a training shape that is pinned to one of its versions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import HOLE, File, Hit
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.source import Edit

from fwdoctor_rules.lint._shapes import shapes
from fwdoctor_rules.lint._text import shown

RULE = Rule(
    id="FWD202",
    name="pinned-training-shape-version",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{owner}.{field} pins {shape} to version {version}",
    why="A shape without a version is launched with the latest version that was validated; a pinned one "
    "goes stale, and is refused when it is withdrawn.",
    remedy=(Remedy("End the name behind the shape: accounts/<account>/trainingShapes/<shape>."),),
    applicability=Applicability.UNSAFE,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/managed.py (_trainer_create_shape_ref); "
    "the vendor's skill fireworks-training",
    bad=(
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(
    «training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200/versions/abc123"»
)
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

VERSION = "abc123"
REFERENCE = f"accounts/fireworks/trainingShapes/qwen3-8b-128k-h200-forward/versions/{VERSION}"
service = FiretitanServiceClient.from_firetitan_config(
    base_model="accounts/fireworks/models/qwen3-8b", lora_rank=0, «reference_training_shape_id=REFERENCE»
)
""",
        """
import os

from fireworks.training.sdk import TrainerJobConfig

job = TrainerJobConfig(
    base_model="accounts/fireworks/models/qwen3-8b",
    «training_shape_ref="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200/versions/" + os.environ["SHAPE_VERSION"]»,
)
""",
    ),
    good=(
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200")
""",
        """
from training.utils import TrainerConfig

trainer = TrainerConfig(training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k-h200/versions/latest")
""",
        """
from fireworks.training.sdk import FireworksClient

client = FireworksClient(api_key="...")
profile = client.resolve_training_profile("accounts/fireworks/trainingShapes/qwen3-8b-128k-h200/versions/abc123")
print(profile.training_shape_version)
""",
    ),
)

_PINNED = re.compile(r"(?P<shape>.+?)(?P<pin>/versions/(?P<version>[^/]+))")
#: What takes the place of a value in the two older ways to format a text.
_PERCENT = re.compile(r"%[sdr]")
_BRACES = re.compile(r"\{[^{}]*\}")


def check(file: File) -> Iterator[Hit]:
    """Shapes whose text certainly names a version. Tests make names up that reach no server."""
    if file.is_test or not file.is_used("/versions/"):
        return
    for setting in shapes(file):
        pins = [_pin(file, choice) for choice in file.choices(setting.value)]
        if pins and all(pins) and (found := pins[0]):
            variables = {
                "owner": setting.owner,
                "field": setting.name,
                "shape": shown(found["shape"]),
                "version": shown(found["version"]),
            }
            yield Hit(setting.node, variables, _cut(file, setting.value, found["pin"]))


def _pin(file: File, value: ast.expr) -> re.Match[str] | None:
    """What is pinned to which version, if a text names one."""
    found = _PINNED.fullmatch(_text(file, value) or "")
    return None if found is None or found["version"] == "latest" else found


def _text(file: File, value: ast.expr) -> str | None:
    """The text of a shape; of ``"…%s" % x`` and ``"…{}".format(x)``, with a hole for each ``x``."""
    match file.origin(value):
        case ast.BinOp(left=form, op=ast.Mod()):
            text = file.known_text(form)
            return None if text is None else _PERCENT.sub(HOLE, text)
        case ast.Call(func=ast.Attribute(value=form, attr="format")):
            text = file.known_text(form)
            return None if text is None else _BRACES.sub(HOLE, text)
    return file.text(value)


def _cut(file: File, value: ast.expr, pin: str) -> tuple[Edit, ...]:
    """The version taken out of a string that is written at this very place, in one piece."""
    source = file.port.source
    if not isinstance(value, ast.Constant) or value in file.model.in_f_strings:
        return ()
    start, text = source.start(value), source.slice(source.start(value), source.end(value))
    if text.count(pin) != 1 or "\n" in text:
        return ()
    begin = start + len(text[: text.index(pin)].encode())
    return (Edit(begin, begin + len(pin.encode()), ""),)
