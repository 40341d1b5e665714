"""FWD211: a deployment that never gets the weights that are trained."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit, Setting
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._recipes import SAMPLING, is_config

RULE = Rule(
    id="FWD211",
    name="weight-sync-disabled",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{owner}: weight_sync_interval={value} turns weight sync off",
    why="The deployment goes on to sample from the weights that it began with: what is learned never reaches "
    "the rollouts that it is learned from.",
    remedy=(Remedy("Set weight_sync_interval=1, which is the default."),),
    applicability=Applicability.MANUAL,
    source="the vendor's page on the cookbook (weight sync and checkpoints); fw-ai/cookbook 76821fa1, "
    "training/recipes/igpo_loop.py",
    versions="of recipes whose Config has the field; distillation_loop offers 0 as a choice, and it is told as an info",
    bad=(
        """
from training.recipes.igpo_loop import Config

config = Config(log_path="runs/1", «weight_sync_interval=0»)
""",
        """
from training.recipes import distillation_loop

config = distillation_loop.Config(log_path="runs/1")
«config.weight_sync_interval = 0»
""",
        """
# target: may
from training.recipes.rl_loop import Config
from training.utils import WeightSyncConfig

config = Config(log_path="runs/1", weight_sync=WeightSyncConfig(«weight_sync_interval=0»))
""",
    ),
    good=(
        """
from training.recipes.igpo_loop import Config

config = Config(log_path="runs/1", weight_sync_interval=2)
""",
        """
# target: may
from training.utils import WeightSyncConfig

settings = WeightSyncConfig(weight_sync_interval=0)
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Known zeros in what the Config of a sampling recipe is made of."""
    if file.is_test or not file.is_used("weight_sync_interval"):
        return
    for setting in file.settings("weight_sync_interval"):
        if file.value(setting.value) == 0 and _reaches_a_recipe(file, setting):
            # This recipe offers it: its loss may compare with answers that another model wrote.
            severity = Severity.INFO if is_config(setting.path, "distillation_loop") else None
            variables = {"owner": setting.owner, "value": repr(file.value(setting.value))}
            yield Hit(setting.node, variables, severity=severity)


def _reaches_a_recipe(file: File, setting: Setting) -> bool:
    if is_config(setting.path, *SAMPLING):
        return file.parameter(setting.path, setting.name) is not None
    if not setting.is_of("WeightSyncConfig"):
        return False
    used = (f"training.recipes.{r}" for r in SAMPLING if _is_imported(file, f"training.recipes.{r}"))
    return any(file.parameter(f"{r}.Config", "weight_sync") for r in used)


def _is_imported(file: File, module: str) -> bool:
    return any(f"{path}.".startswith(f"{module}.") for path in file.model.imported)
