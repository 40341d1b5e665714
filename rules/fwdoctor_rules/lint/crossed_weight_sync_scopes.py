"""FWD204: a trainer that writes to a deployment's bucket, beside a deployment that reads a trainer's."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit, Setting
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._branches import may_meet
from fwdoctor_rules.lint._hot_load import may_be_none

RULE = Rule(
    id="FWD204",
    name="crossed-weight-sync-scopes",
    severity=Severity.ERROR,
    side=Side.USER,
    message="hot_load_deployment_id makes the trainer write to the deployment's bucket, but {other} makes the "
    "deployment read the trainer's",
    why="hot_load_deployment_id belongs to WeightSyncScope.PER_DEPLOYMENT. With PER_TRAINER the server refuses "
    "the trainer (hotload flow mismatch), or the deployment never sees its weights.",
    remedy=(
        Remedy("Remove hot_load_deployment_id: PER_TRAINER is the default and needs none."),
        Remedy("Or choose PER_DEPLOYMENT throughout, and remove hot_load_trainer_job."),
    ),
    applicability=Applicability.MANUAL,
    source="the vendor's skill fireworks-training (non-negotiables, error table); fireworks-ai 1.2.28, "
    "fireworks/training/sdk/trainer.py",
    bad=(
        """
from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig

MODEL = "accounts/fireworks/models/qwen3-8b"


def launch(trainers, deployments):
    job = trainers.create_and_wait(TrainerJobConfig(base_model=MODEL, «hot_load_deployment_id="serving"»))
    return deployments.create_or_get(
        DeploymentConfig(deployment_id="serving", base_model=MODEL, hot_load_trainer_job=job.job_name)
    )
""",
        """
# target: may
from training.utils import DeployConfig, WeightSyncScope, create_trainer_job

deploy = DeployConfig(deployment_id="serving", weight_sync_scope=WeightSyncScope.PER_TRAINER)


def launch(manager, infra):
    return create_trainer_job(
        manager, base_model="accounts/a/models/m", infra=infra, «hot_load_deployment_id=deploy.deployment_id»
    )
""",
    ),
    good=(
        """
from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig

MODEL = "accounts/fireworks/models/qwen3-8b"


def launch(trainers, deployments):
    job = trainers.create_and_wait(TrainerJobConfig(base_model=MODEL))
    return deployments.create_or_get(
        DeploymentConfig(deployment_id="serving", base_model=MODEL, hot_load_trainer_job=job.job_name)
    )
""",
        """
# target: may
from training.utils import DeployConfig, WeightSyncScope, create_trainer_job

deploy = DeployConfig(deployment_id="serving", weight_sync_scope=WeightSyncScope.PER_DEPLOYMENT)


def launch(manager, infra):
    return create_trainer_job(
        manager, base_model="accounts/a/models/m", infra=infra, hot_load_deployment_id=deploy.deployment_id
    )
""",
    ),
)

#: What creates a trainer. (To promote a checkpoint, the same name says where an old one lies.)
_TRAINERS = ("TrainerJobConfig", "create_trainer_job")


def check(file: File) -> Iterator[Hit]:
    """Trainers with hot_load_deployment_id, in the function or module that speaks of PER_TRAINER alone."""
    if not file.is_used("hot_load_deployment_id") or "PER_DEPLOYMENT" in file.port.source.text.upper():
        return
    others = [
        s for s in file.settings("weight_sync_scope", "hot_load_trainer_job") if _is_per_trainer(file, s)
    ]
    for setting in file.settings("hot_load_deployment_id"):
        if not setting.is_of(*_TRAINERS) or may_be_none(file, setting.value):
            continue
        other = next((o for o in others if _belong_together(file, setting, o)), None)
        if other is not None:
            yield Hit(setting.node, {"other": _shown(other)})


def _is_per_trainer(file: File, setting: Setting) -> bool:
    if setting.name == "hot_load_trainer_job":
        return not may_be_none(file, setting.value)
    return file.member(setting.value) == "PER_TRAINER"


def _shown(other: Setting) -> str:
    return "WeightSyncScope.PER_TRAINER" if other.name == "weight_sync_scope" else f"{other.name}="


def _belong_together(file: File, setting: Setting, other: Setting) -> bool:
    return may_meet(file, setting.node, other.node) and not _are_of_two(file, setting, other)


def _are_of_two(file: File, trainer: Setting, other: Setting) -> bool:
    """Whether the two settings name deployments that are certainly not the same."""
    mine = file.known_text(trainer.value)
    others = file.known_text(other.call.get("deployment_id")) if other.call else None
    return bool(mine and others) and mine != others
