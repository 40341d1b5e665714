"""FWD212: a run that goes on from a checkpoint and makes none."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit, Setting
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._recipes import is_config

RULE = Rule(
    id="FWD212",
    name="no-resumable-checkpoints",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{owner} goes on from an earlier run ({resume}) and saves nothing to go on from: dcp_save_interval is {value}",
    why="The default of dcp_save_interval is 0: no checkpoint that training can be resumed from is saved on the "
    "way, and what is trained since the last one is lost with the run.",
    remedy=(Remedy("Set dcp_save_interval to a number of steps, such as dcp_save_interval=50."),),
    applicability=Applicability.MANUAL,
    source="the vendor's page on the cookbook (weight sync and checkpoints); fw-ai/cookbook 76821fa1, training/recipes",
    versions="of recipes whose Config has the field",
    bad=(
        """
from training.recipes.sft_loop import Config

config = «Config»(log_path="runs/1", init_from_checkpoint="job-1:step-100")
""",
        """
from training.recipes import rl_loop
from training.utils import TrainerConfig

trainer = TrainerConfig(job_id="job-1")
config = rl_loop.Config(log_path="runs/1", trainer=trainer, «dcp_save_interval=0»)
""",
    ),
    good=(
        """
from training.recipes.sft_loop import Config

config = Config(log_path="runs/1", init_from_checkpoint="job-1:step-100", dcp_save_interval=50)
first = Config(log_path="runs/2")
""",
        """
import os

from training.recipes import rl_loop
from training.utils import TrainerConfig

config = rl_loop.Config(log_path="runs/1", trainer=TrainerConfig(job_id="job-1"))
config.dcp_save_interval = int(os.environ["SAVE_EVERY"])
other = rl_loop.Config(log_path="runs/2", trainer=TrainerConfig(job_id=os.environ.get("JOB")), dcp_save_interval=0)
""",
        """
# target: may
from training.recipes.rl_loop import Config
from training.utils import WeightSyncConfig

config = Config(
    log_path="runs/1", init_from_checkpoint="step-100", weight_sync=WeightSyncConfig(dcp_save_interval=10)
)
""",
    ),
)

_FIELD = "dcp_save_interval"


def check(file: File) -> Iterator[Hit]:
    """Configs of recipes that certainly resume, and certainly save nothing."""
    if file.is_test:
        return
    for call in file.calls_of("Config"):
        if call.opaque or call.copies or not is_config(call.path) or not file.parameter(call.path, _FIELD):
            continue
        fields = file.fields(call)
        resume = _resume(file, fields)
        values = fields.get(_FIELD, ())
        if resume is None or not _is_off(file, values) or (not values and _may_be_set_elsewhere(file)):
            continue
        variables = {"owner": call.name, "resume": resume, "value": "0" if values else "left out, which is 0"}
        yield Hit(values[-1].node if values else call.node.func, variables)


def _is_off(file: File, values: Sequence[Setting]) -> bool:
    known = [file.value(v.value) for v in values]
    return all(not isinstance(v, bool) and v == 0 for v in known)


def _resume(file: File, fields: Mapping[str, Sequence[Setting]]) -> str | None:
    """The setting that makes a run go on from an earlier one."""
    for name in ("init_from_checkpoint", "policy_job_id", "trainer_job_id"):
        if _all_set(file, fields.get(name, ())):
            return name
    trainers = fields.get("trainer", ())
    trainer = file.made_by(trainers[0].value) if len(trainers) == 1 else None
    if trainer is None or not _all_set(file, file.fields(trainer).get("job_id", ())):
        return None
    return "trainer.job_id"


def _all_set(file: File, values: Sequence[Setting]) -> bool:
    return bool(values) and all(file.is_set(v.value) for v in values)


def _may_be_set_elsewhere(file: File) -> bool:
    """Whether the file sets the field of something that may be this config, or names it in a text."""
    stored = any(isinstance(n, ast.Attribute) and n.attr == _FIELD for n in file.port.stores)
    copied = any(c.copies and c.get(_FIELD) for c in file.calls)
    return stored or copied or any(_FIELD in str(s.value) for s in file.model.strings)
