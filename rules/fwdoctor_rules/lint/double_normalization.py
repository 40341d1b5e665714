"""FWD215: gradients that are divided on the trainer after the loss divided them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit, Setting
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._recipes import is_config

RULE = Rule(
    id="FWD215",
    name="double-normalization",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{owner}: grad_accumulation_normalization={value} normalizes a second time what the loss has normalized",
    why="The losses of SFT, DPO and ORPO are means already. Divided again, gradients shrink with the size of the "
    "batch. (The losses of the RL recipes are sums: there it is a choice.)",
    remedy=(Remedy("Remove it: the default of this recipe is None."),),
    applicability=Applicability.UNSAFE,
    source="the vendor's page on the cookbook (recipe defaults); fw-ai/cookbook 76821fa1, training/recipes/orpo_loop.py",
    versions="of recipes whose Config has the field, with the default None",
    bad=(
        """
from fireworks.training.sdk import GradAccNormalization
from training.recipes.orpo_loop import Config

config = Config(log_path="runs/1", «grad_accumulation_normalization=GradAccNormalization.NUM_LOSS_TOKENS»)
""",
        """
from training.recipes import orpo_loop

config = orpo_loop.Config(log_path="runs/1")
«config.grad_accumulation_normalization = "num_sequences"»
""",
    ),
    good=(
        """
from fireworks.training.sdk import GradAccNormalization
from training.recipes.orpo_loop import Config

config = Config(log_path="runs/1", grad_accumulation_normalization=GradAccNormalization.NONE)
other = Config(log_path="runs/2", grad_accumulation_normalization=None)
third = Config(log_path="runs/3", grad_accumulation_normalization="none")
""",
        """
from fireworks.training.sdk import GradAccNormalization
from training.recipes.async_rl_loop import Config

config = Config(log_path="runs/1", grad_accumulation_normalization=GradAccNormalization.NUM_LOSS_TOKENS)
""",
    ),
)

#: Recipes whose loss is a mean.
_MEANS = ("sft_loop", "dpo_loop", "orpo_loop")
#: The members of GradAccNormalization that divide.
_MODES = ("NUM_LOSS_TOKENS", "NUM_SEQUENCES")


def check(file: File) -> Iterator[Hit]:
    """Known modes other than none, in a recipe of a mean that leaves the gradients alone by default."""
    if not file.is_used("grad_accumulation_normalization"):
        return
    for setting in file.settings("grad_accumulation_normalization"):
        parameter = file.parameter(setting.path, setting.name) if is_config(setting.path, *_MEANS) else None
        mode = _mode(file, setting)
        if parameter is not None and parameter.default == "None" and mode is not None:
            yield Hit(setting.node, {"owner": setting.owner, "value": mode}, file.without(setting.node))


def _mode(file: File, setting: Setting) -> str | None:
    """The mode that is set, as its member is called; None for none and for what is not known."""
    value = file.origin(setting.value)
    if isinstance(value, ast.Attribute) and value.attr == "value":
        value = value.value
    mode = (file.member(value) or file.known_text(value) or "").upper()
    return mode if mode in _MODES else None
