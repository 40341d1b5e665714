"""FWD213: a chain of checkpoints that begins with a delta."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule

RULE = Rule(
    id="FWD213",
    name="first-checkpoint-type-not-base",
    severity=Severity.ERROR,
    side=Side.USER,
    message="first_checkpoint_type is {value}: the first checkpoint must be a base",
    why="A delta holds what changed since a base. Without one before it, the deployment has nothing to apply it to.",
    remedy=(Remedy('Leave it out: "base" is the default, and deltas follow by themselves.'),),
    applicability=Applicability.UNSAFE,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/weight_syncer.py, _snapshot_chain.py",
    bad=(
        """
from fireworks.training.sdk import WeightSyncer


def syncer(client, manager):
    return WeightSyncer(
        policy_client=client,
        deploy_mgr=manager,
        deployment_id="serving",
        base_model="accounts/fireworks/models/qwen3-8b",
        «first_checkpoint_type="delta"»,
    )
""",
    ),
    good=(
        """
# target: may
from training.utils import WeightSyncConfig


def settings(kind):
    return WeightSyncConfig(first_checkpoint_type="base"), WeightSyncConfig(first_checkpoint_type=kind)
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Known values that are not base."""
    if file.is_test or not file.is_used("first_checkpoint_type"):
        return
    for setting in file.settings("first_checkpoint_type"):
        value = file.known_text(setting.value)
        if value and value.lower() != "base":
            yield Hit(setting.node, {"value": repr(value)}, file.without(setting.node))
