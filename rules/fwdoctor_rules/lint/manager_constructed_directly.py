"""A manager that is made by hand where the target has the managed service.

The managers are a low-level API that stays for old integrations and for looking after single jobs. So what
counts is what a manager is made for, as far as the file shows it (through its functions and ``self``):

- it starts trainers, connects clients, syncs weights, or is given to the cookbook's calls that do: told, the
  managed service does that; a WeightSyncer is for nothing else, and a ReconnectableClient that is given a
  manager connects by itself instead of taking the client that the service made;
- it is asked only what needs no trainer (checkpoints, promotion, training shapes): told, for a trainer
  manager, because FireworksClient has just that;
- it only waits for, resumes, reads, scales or deletes what is there: silent, no other API does that;
- a deployment manager that creates a deployment in a file that trains nothing, or trains with the managed
  service or serverless: silent, it serves a model;
- not used, or given out of sight: silent.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import Call, File, Hit
from fwdoctor.lint.flow import Use, Way, uses
from fwdoctor.rulebook import Rule

_MANAGERS = ("TrainerJobManager", "DeploymentManager")
_SINGLE = ("WeightSyncer", "ReconnectableClient")
_SERVICES = (
    "training.utils.service.build_service_client",
    "fireworks.training.sdk.client.FiretitanServiceClient.from_firetitan_config",
)
_FREE_CLIENT = "fireworks.training.sdk.fireworks_client.FireworksClient"
#: Methods that do what the managed service does.
_STARTS = frozenset({"create", "create_and_wait"})
_SYNCS = frozenset({"hotload", "hotload_and_wait", "reattach_trainer", "wait_for_hotload"})
_CREATES = frozenset({"create_or_get"})
#: Calls that need no trainer, and take a FireworksClient as well.
_FREE_CALLS = ("TrainingCheckpoints", "auto_select_training_shape")
#: What shows that a file trains.
_TRAINS = (
    "TrainerJobManager.create",
    "TrainerJobManager.create_and_wait",
    "ReconnectableClient",
    "WeightSyncer",
    "create_trainer_job",
    "setup_infra",
)
#: Settings of a deployment that wire it to a trainer.
_WIRES = ("hot_load_trainer_job", "hot_load_bucket_url")

RULE = Rule(
    id="FWD303",
    name="manager-constructed-directly",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{name} is the low-level API: {detail}",
    why="Code that starts trainers and deployments by hand has to wire buckets, wait, reconnect and clean up "
    "itself, and follows every change of the platform. The vendor keeps the managers for old integrations.",
    remedy=(Remedy("{advice}"),),
    applicability=Applicability.MANUAL,
    source="the vendor's TrainerJobManager reference, training and sampling guide, and cookbook reference "
    "(ReconnectableClient); SDK 1.2.0a74 to 1.2.30",
    versions="cookbook 517d206d and later, SDK 1.2.0a74 and later",
    bad=(
        """
from fireworks.training.sdk import DeploymentManager, TrainerJobConfig, TrainerJobManager, WeightSyncer

jobs = «TrainerJobManager»(api_key="key")
deployments = «DeploymentManager»(api_key="key")
endpoint = jobs.create_and_wait(TrainerJobConfig(base_model="accounts/fireworks/models/qwen3-8b"))
deployments.reattach_trainer("serving", endpoint.job_name)
""",
        """
from fireworks.training.sdk import TrainerJobManager

manager = «TrainerJobManager»(api_key="key")
name = manager.list_checkpoints("job-1")[0]["name"]
manager.promote_checkpoint(name=name, output_model_id="mine", base_model="accounts/fireworks/models/qwen3-8b")
""",
        """
from fireworks.training.sdk import TrainerJobManager
from training.utils import ReconnectableClient


class Policy:
    def __init__(self, key: str, job: str) -> None:
        self.manager = «TrainerJobManager»(api_key=key)
        self.client = «ReconnectableClient»(self.manager, job, "accounts/fireworks/models/qwen3-8b")
""",
    ),
    good=(
        """
from fireworks.training.sdk import TrainerJobManager

# Nothing else looks after a job that is there.
jobs = TrainerJobManager(api_key="key")
print(jobs.get("job-1")["state"])
jobs.resume_and_wait("job-1")
jobs.delete("job-1")
""",
        """
from fireworks.training.sdk import DeploymentConfig, DeploymentManager

deployments = DeploymentManager(api_key="key")
model = "accounts/fireworks/models/qwen3-8b"
deployments.create_or_get(DeploymentConfig(deployment_id="chat", base_model=model))
deployments.wait_for_ready("chat")
""",
        """
from fireworks.training.sdk import FireworksClient

with FireworksClient(api_key="key") as client:
    print(client.list_checkpoints("job-1"))
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Every manager that the managed service, or FireworksClient, takes the place of."""
    if not any(file.port.target_has(path) for path in _SERVICES):
        return
    for call in file.calls_of(*_MANAGERS, *_SINGLE):
        if file.may_be_mocked(call.node) or file.is_expected_to_fail(call.node):
            continue
        name = call.path.rpartition(".")[2]
        told = _alone(call, name) if name in _SINGLE else _by_uses(file, call, name)
        if told is not None:
            yield Hit(call.node.func, {"name": name, "detail": told[0], "advice": told[1]})


#: What to say, and what to do instead.
_START = (
    "the managed service starts trainers and deployments, connects them and cleans up",
    "Let the service do it: FiretitanServiceClient.from_firetitan_config(...), or build_service_client(...).",
)
_RECIPE = (
    "recipes provision what they need by themselves",
    "Leave it out, and the argument with it; trainer=TrainerConfig(job_id=...) attaches to a trainer.",
)
_FREE = (
    "what it is used for here needs no trainer, and FireworksClient has it",
    "Write FireworksClient(...): it takes the same arguments.",
)
_SYNC = (
    "the managed service keeps the chain of snapshots and syncs them itself",
    "Save with save_weights_for_sampler(...), sync with service.create_deployment_sampler(model_path=...).",
)
_CONNECT = (
    "given a manager, it connects to the trainer by itself",
    "Make a managed service (trainer_job_id= attaches it), and wrap its client: from_training_client(...).",
)


def _alone(call: Call, name: str) -> tuple[str, str] | None:
    """What to say of a class that is there for one purpose only."""
    if name == "WeightSyncer":
        return _SYNC
    return _CONNECT if call.sets("rlor_mgr") is not None else None


def _by_uses(file: File, call: Call, name: str) -> tuple[str, str] | None:
    """What to say of a manager, which depends on what it is made for."""
    found = [u for u in uses(file, call.node, far=True) if not file.is_expected_to_fail(u.node)]
    managed = [use for use in found if _is_managed(file, use)]
    if managed:
        return _RECIPE if all(_is_recipe(file, use) for use in managed) else _START
    free = [use for use in found if _is_free(file, use)]
    return _FREE if name == "TrainerJobManager" and free and len(free) == len(found) else None


def _is_managed(file: File, use: Use) -> bool:
    if use.attribute is not None:
        starts = use.attribute in _STARTS | _SYNCS
        return starts or (use.attribute in _CREATES and _trains(file))
    taker = file.call_at(use.by) if use.way is Way.ARGUMENT else None
    return taker is not None and not taker.path.endswith(tuple(f".{name}" for name in _FREE_CALLS))


def _trains(file: File) -> bool:
    """Whether a file trains with what it makes by hand; the managed service makes its own deployments."""
    wired = (a for name in _WIRES for a in file.passing(name))
    return any(file.calls_of(*_TRAINS)) or any(wired)


def _is_recipe(file: File, use: Use) -> bool:
    taker = file.call_at(use.by)
    return taker is not None and taker.path.startswith("training.recipes.") and taker.path.endswith(".main")


def _is_free(file: File, use: Use) -> bool:
    """Whether FireworksClient of the target can do what a trainer manager is asked."""
    if use.way in (Way.ENTERED, Way.TESTED):
        return True
    if use.way is Way.ARGUMENT:
        return file.call_at(use.by) is not None
    if use.attribute in ("account_id", "close"):
        return True
    path = f"{_FREE_CLIENT}.{use.attribute}"
    return use.attribute is not None and not use.attribute.startswith("_") and file.port.target_has(path)
