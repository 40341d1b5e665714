"""FWD212: a run that goes on from a checkpoint and makes none on its way."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import Call, File, Hit, Setting
from fwdoctor.lint.flow import Use, Way, uses
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._recipes import is_config

RULE = Rule(
    id="FWD212",
    name="no-resumable-checkpoints",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{owner} goes on from an earlier run ({resume}) and saves no resumable checkpoint {when}: "
    "dcp_save_interval is {value}",
    why="The default of dcp_save_interval is 0. Recipes save one resumable checkpoint when they are done; a run "
    "that is interrupted before has none, and all that was trained since its start is lost.",
    remedy=(Remedy("Set dcp_save_interval to a number of steps, such as dcp_save_interval=50."),),
    applicability=Applicability.MANUAL,
    source="the vendor's page on the cookbook (weight sync and checkpoints); fw-ai/cookbook 76821fa1, training/recipes",
    versions="of recipes whose Config has the field; an info where init_from_checkpoint may only be a warm start, and "
    "save_final_checkpoint is not off",
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
adapter = Config(log_path="runs/3", lora_rank=16, warm_start_from_adapter="gs://bucket/adapter")
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
_FINAL = "save_final_checkpoint"
_WARM = "init_from_checkpoint"
#: Calls that look at what they are given, and change nothing in it.
_LOOKING = frozenset(
    {"asdict", "astuple", "debug", "info", "isinstance", "len", "pprint", "print", "repr", "str", "type"}
)


def check(file: File) -> Iterator[Hit]:
    """Configs of recipes that certainly resume, and certainly save nothing on the way."""
    if file.is_test:
        return
    for call in file.calls_of("Config"):
        if call.opaque or call.copies or not is_config(call.path) or not file.parameter(call.path, _FIELD):
            continue
        fields = file.fields(call)
        resume = _resume(file, call, fields)
        values = (*fields.get(_FIELD, ()), *_in_weight_sync(file, call, fields))
        if resume is None or not _is_off(file, values) or _may_be_set_elsewhere(file, call, bool(values)):
            continue
        saves_last = _saves_last(file, fields)
        variables = {
            "owner": call.name,
            "resume": resume,
            "when": "on the way" if saves_last else "at all",
            "value": "0" if values else "left out, which is 0",
        }
        severity = Severity.INFO if saves_last and resume == _WARM else None
        yield Hit(values[-1].node if values else call.node.func, variables, severity=severity)


def _is_off(file: File, values: Sequence[Setting]) -> bool:
    known = [file.value(v.value) for v in values]
    return all(not isinstance(v, bool) and v == 0 for v in known)


def _resume(file: File, call: Call, fields: Mapping[str, Sequence[Setting]]) -> str | None:
    """The setting that makes a run go on from an earlier one: one that names a trainer, rather than a warm start."""
    own = file.port.own_fields(call.node.func)  # a field that a class of this file adds means something else
    if _all_set(file, file.part(call, "trainer").get("job_id", ())):
        return "trainer.job_id"
    for name in ("policy_job_id", "trainer_job_id", _WARM):
        if name not in own and _all_set(file, fields.get(name, ())):
            return name
    return None


def _all_set(file: File, values: Sequence[Setting]) -> bool:
    return bool(values) and all(file.is_set(v.value) for v in values)


def _in_weight_sync(file: File, call: Call, fields: Mapping[str, Sequence[Setting]]) -> Sequence[Setting]:
    """What older code sets in ``weight_sync=WeightSyncConfig(…)``; where it cannot be seen, the argument itself."""
    given = fields.get("weight_sync", ())
    if len(given) > 1 or not all(file.made_by(g.value) for g in given):
        return given
    return file.part(call, "weight_sync").get(_FIELD, ())


def _saves_last(file: File, fields: Mapping[str, Sequence[Setting]]) -> bool:
    """Whether a recipe saves a resumable checkpoint when it is done: all do, unless they are told not to."""
    values = [file.value(v.value) for v in fields.get(_FINAL, ())]
    return not values or any(values)


def _may_be_set_elsewhere(file: File, call: Call, is_given: bool) -> bool:
    """Whether the field may get another value out of sight.

    Another setattr or copy may mean this config, some text of the file names the field, or code that nobody
    can see is given the config, such as one that lets a command line override it.
    """
    if any(_overrides(node) for node in file.model.calls) or any(c.copies and c.opaque for c in file.calls):
        return True
    if any(_may_set(file, use) for use in uses(file, call.node, far=True)):
        return True
    stored = any(isinstance(n, ast.Attribute) and n.attr == _FIELD for n in file.port.stores)
    copied = any(c.copies and c.get(_FIELD) for c in file.calls)
    return not is_given and (stored or copied or any(_FIELD in str(s.value) for s in file.model.strings))


def _overrides(node: ast.Call) -> bool:
    """Whether a call sets an attribute whose name only the running program knows."""
    match node:
        case ast.Call(func=ast.Name(id="setattr"), args=[_, name, _]):
            return not isinstance(name, ast.Constant)
    return False


def _may_set(file: File, use: Use) -> bool:
    """Whether what happens to a config at one place may change its fields."""
    if use.way is Way.ATTRIBUTE:
        return (use.attribute or "").startswith("__")
    if use.way is not Way.ARGUMENT or not isinstance(use.by, ast.Call):
        return False
    callee = use.by.func
    name = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")
    # What the cookbook, the SDK and copies do with it is known; so is asyncio.to_thread(main, config).
    known = file.resolve(callee) is not None or file.model.resolve(callee) in _COPYING
    runs = any((file.resolve(a) or "").endswith(".main") for a in use.by.args)
    return name not in _LOOKING and not known and not runs


_COPYING = ("dataclasses.replace", "copy.copy", "copy.deepcopy", "copy.replace")
