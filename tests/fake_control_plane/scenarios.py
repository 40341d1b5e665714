"""Accounts in a known condition, for tests and for people who want to see what a probe says.

Each is a function on a plane; ``SCENARIOS`` lists them by name with what they show. All of them use the same
names: trainer ``my-trainer``, deployment ``serving``, and ``old-trainer`` if there was one before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import faults
from .catalogue import LORA_SHAPE, POLICY_SHAPE
from .plane import FakeControlPlane
from .state import ABSENT, Trainer

TRAINER, OLD, DEPLOYMENT = "my-trainer", "old-trainer", "serving"
#: What clients append to the names of their snapshots, one per process.
SESSION = "8c48d803"
MINUTE, HOUR, DAY = 60, 3600, 86400

Prepare = Callable[[FakeControlPlane], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """How to bring a plane into the condition, what that shows, and what to look at."""

    shows: str
    prepare: Prepare
    look: str = f"job {TRAINER}"


SCENARIOS: dict[str, Scenario] = {}


def scenario(shows: str, look: str = f"job {TRAINER}") -> Callable[[Prepare], Prepare]:
    """Put a function into the table, named as it is, with hyphens."""

    def keep(prepare: Prepare) -> Prepare:
        SCENARIOS[prepare.__name__.replace("_", "-")] = Scenario(shows, prepare, look)
        return prepare

    return keep


def snapshot(step: int) -> str:
    """The name that a client gives the snapshot of a step."""
    return f"step-{step}-{SESSION}"


def train(plane: FakeControlPlane, job: str = TRAINER, *, age_s: float = 2 * HOUR, **config: Any) -> Trainer:
    """A trainer that has run for two hours: base snapshot, a point to resume from, a delta.

    If it is older than two hours, it has saved nothing since.
    """
    trainer = plane.add_trainer(job, **config)
    plane.trainers.born(job, age_s)
    save = plane.trainers.save
    save(job, "step-10", "INFERENCE_BASE", age_s=age_s - 60 * MINUTE, session=SESSION)
    save(job, "step-20-dcp", "TRAINING", age_s=age_s - 100 * MINUTE)
    save(job, "step-20", "INFERENCE_ARC_V2", age_s=age_s - 110 * MINUTE, session=SESSION)
    return trainer


def serve(
    plane: FakeControlPlane, follows: Trainer, *, replicas: int = 1, age_s: float = 115 * MINUTE
) -> None:
    """A deployment that follows a trainer and has loaded nothing."""
    plane.add_deployment(DEPLOYMENT, follows, replicas=replicas)
    plane.deployments.born(DEPLOYMENT, age_s)


def pair(plane: FakeControlPlane, *, replicas: int = 1, age_s: float = 2 * HOUR) -> Trainer:
    """That trainer and a deployment that follows it and serves its newest snapshot."""
    trainer = train(plane, age_s=age_s)
    serve(plane, trainer, replicas=replicas, age_s=age_s - 5 * MINUTE)
    plane.deployments.load(DEPLOYMENT, snapshot(20))
    plane.set_quota("training-h200-count", 32, 8 + replicas)
    return trainer


@scenario("a trainer that runs, its deployment follows it and serves its newest snapshot")
def healthy(plane: FakeControlPlane) -> None:
    pair(plane, replicas=2)


@scenario("the deployment follows an older trainer, not the one that trains", f"deployment {DEPLOYMENT}")
def stale_attachment(plane: FakeControlPlane) -> None:
    serve(plane, train(plane, OLD, age_s=2 * DAY), age_s=2 * DAY - 5 * MINUTE)
    plane.deployments.load(DEPLOYMENT, snapshot(10))
    plane.trainers.set_state(OLD, "JOB_STATE_CANCELLED", age_s=DAY)
    train(plane)


@scenario("the trainer was deleted; its deployment still holds GPUs", f"deployment {DEPLOYMENT}")
def dead_trainer(plane: FakeControlPlane) -> None:
    pair(plane, age_s=3 * DAY)
    plane.trainers.set_state(TRAINER, "JOB_STATE_DELETED", age_s=2 * DAY)


@scenario("the trainer was deleted and the deployment follows nobody any more", f"deployment {DEPLOYMENT}")
def detached(plane: FakeControlPlane) -> None:
    dead_trainer(plane)
    plane.deployments.edit(DEPLOYMENT, hotLoadTrainerJob="")


@scenario("the trainer waits for GPUs since an hour")
def pending(plane: FakeControlPlane) -> None:
    plane.add_trainer(TRAINER)
    plane.trainers.born(TRAINER, HOUR)
    plane.trainers.set_state(TRAINER, "JOB_STATE_PENDING", age_s=HOUR)


@scenario("the trainer waits because the account's quota is used up")
def quota_full(plane: FakeControlPlane) -> None:
    pending(plane)
    train(plane, OLD)
    plane.set_quota("training-h200-count", 8, 8)


@scenario("the control plane says RUNNING, the trainer itself does not answer")
def unreachable(plane: FakeControlPlane) -> None:
    train(plane).healthy = False


@scenario("nobody has used the trainer; it is billed, and will be stopped")
def idle(plane: FakeControlPlane) -> None:
    train(plane, age_s=3 * HOUR)
    plane.trainers.set_state(TRAINER, "JOB_STATE_IDLE", age_s=5 * MINUTE)


@scenario("the trainer failed and says why; it can be resumed")
def failed(plane: FakeControlPlane) -> None:
    train(plane)
    plane.trainers.fail(
        TRAINER,
        "the account's tier does not include this accelerator",
        reason="ACCELERATOR_TIER_REQUIRED",
        metadata={"quota_required": "8", "quota_available": "0"},
        code="FAILED_PRECONDITION",
    )


@scenario("the trainer failed, says nothing of use, and left nothing to resume from")
def failed_silently(plane: FakeControlPlane) -> None:
    plane.add_trainer(TRAINER)
    plane.trainers.born(TRAINER, 2 * HOUR)
    plane.trainers.fail(TRAINER, "Internal error")


@scenario("another job took the trainer's GPUs; it queues again")
def preempted(plane: FakeControlPlane) -> None:
    train(plane)
    plane.trainers.preempt(TRAINER)


@scenario("deleted 28 days ago: what is left can be promoted for two more", f"checkpoints {TRAINER}")
def tombstone(plane: FakeControlPlane) -> None:
    train(plane, age_s=29 * DAY)
    plane.trainers.set_state(TRAINER, "JOB_STATE_DELETED", age_s=28 * DAY)


@scenario("only deltas were saved: nothing can be promoted", f"checkpoints {TRAINER}")
def deltas_only(plane: FakeControlPlane) -> None:
    plane.add_trainer(TRAINER)
    plane.trainers.born(TRAINER, 3 * HOUR)
    for step in (10, 20, 30):
        plane.trainers.save(TRAINER, f"step-{step}", "INFERENCE_ARC_V2", age_s=HOUR - step, session=SESSION)


@scenario("snapshots, but no point to resume from", f"checkpoints {TRAINER}")
def no_resume_point(plane: FakeControlPlane) -> None:
    plane.add_trainer(TRAINER)
    plane.trainers.born(TRAINER, 3 * HOUR)
    plane.trainers.save(TRAINER, "step-10", "INFERENCE_BASE", age_s=HOUR, session=SESSION)


@scenario("two driver processes wrote to one trainer", f"checkpoints {TRAINER}")
def two_drivers(plane: FakeControlPlane) -> None:
    train(plane)
    plane.trainers.save(TRAINER, "step-21", "INFERENCE_BASE", age_s=MINUTE, session="0badcafe")


@scenario("the snapshot lies in one region, the deployment is in another", f"deployment {DEPLOYMENT}")
def regions_apart(plane: FakeControlPlane) -> None:
    pair(plane)
    where = [{"availabilityClass": "SINGLE_REGION", "region": "US_OHIO_1"}]
    for checkpoint in plane.trainers.get(TRAINER).checkpoints:
        checkpoint.edits["availability"] = where


@scenario(
    "one replica serves older weights than the others, which the SDK cannot see", f"deployment {DEPLOYMENT}"
)
def replicas_differ(plane: FakeControlPlane) -> None:
    pair(plane, replicas=3)
    plane.deployments.get(DEPLOYMENT).replicas[2].current = snapshot(10)


@scenario("all replicas are a snapshot behind", f"deployment {DEPLOYMENT}")
def behind(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.load(DEPLOYMENT, snapshot(10))


@scenario("the newest snapshot could not be loaded", f"deployment {DEPLOYMENT}")
def load_failed(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.load(DEPLOYMENT, snapshot(10))
    (pod,) = plane.deployments.get(DEPLOYMENT).replicas
    pod.stage, pod.target = "error", snapshot(20)


@scenario("a LoRA adapter could not be loaded", f"deployment {DEPLOYMENT}")
def adapter_failed(plane: FakeControlPlane) -> None:
    trainer = plane.add_trainer(TRAINER, loraRank=16)
    trainer.shape_version = f"{LORA_SHAPE}/versions/v2"
    plane.trainers.save(TRAINER, "step-10", "INFERENCE_LORA", age_s=HOUR, session=SESSION)
    plane.trainers.born(TRAINER, 2 * HOUR)
    serve(plane, trainer)
    plane.deployments.pods(DEPLOYMENT, {"adapters": [{"identity": snapshot(10), "status": "failed"}]})


@scenario("no weights were ever synced: it serves the base model", f"deployment {DEPLOYMENT}")
def never_synced(plane: FakeControlPlane) -> None:
    serve(plane, train(plane))


@scenario("the deployment rolls: no pod answers", f"deployment {DEPLOYMENT}")
def rolling(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.set_state(DEPLOYMENT, "UPDATING")
    plane.deployments.answer_hot_load(DEPLOYMENT, {"replicas": []})


@scenario("the serving container crashes again and again", f"deployment {DEPLOYMENT}")
def crash_loop(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.set_state(DEPLOYMENT, "READY", termination="no space left on device")
    plane.fail("hot_load$", faults.error(503, "upstream connect error"))


@scenario("the serving image answers what the SDK does not know", f"deployment {DEPLOYMENT}")
def unknown_status(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.answer_hot_load(DEPLOYMENT, {"state": "ok"})


@scenario("the deployment failed", f"deployment {DEPLOYMENT}")
def serving_failed(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.set_state(
        DEPLOYMENT, "FAILED", message="replicas failed to start", termination="CUDA out of memory"
    )


@scenario("there is room for one of three replicas", f"deployment {DEPLOYMENT}")
def no_capacity(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.waiting(DEPLOYMENT, pending=2)
    plane.deployments.get(DEPLOYMENT).row.update(minReplicaCount=3, maxReplicaCount=3)


@scenario("the deployment sleeps; the first request gets 503", f"deployment {DEPLOYMENT}")
def asleep(plane: FakeControlPlane) -> None:
    serve(plane, train(plane))
    deployment = plane.deployments.get(DEPLOYMENT)
    deployment.row["minReplicaCount"] = 0
    deployment.replicas.clear()


@scenario("the trainer writes to one deployment's bucket, another one is expected to follow", "account")
def crossed_scopes(plane: FakeControlPlane) -> None:
    plane.add_deployment("first", None)
    trainer = train(plane)
    trainer.row["hotLoadDeploymentId"], trainer.bucket = "first", plane.world.bucket("first")
    # Checks at creation refuse this today; rows that are older than the checks have it.
    plane.add_deployment(DEPLOYMENT, None)
    plane.deployments.get(DEPLOYMENT).row["hotLoadTrainerJob"] = trainer.name


@scenario("the deployment follows the trainer, but watches another one's bucket", f"deployment {DEPLOYMENT}")
def wrong_bucket(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.edit(DEPLOYMENT, hotLoadBucketUrl=plane.world.bucket(f"trainer-{OLD}"))


@scenario("the trainer's shape has a newer version, and this one is no longer validated")
def shape_outdated(plane: FakeControlPlane) -> None:
    pair(plane)
    trainer = plane.trainers.get(TRAINER)
    trainer.shape_version = f"{POLICY_SHAPE}/versions/v1"
    plane.world.shapes[POLICY_SHAPE][0]["validated"] = False


@scenario("the account's bills are unpaid", "account")
def suspended(plane: FakeControlPlane) -> None:
    train(plane, age_s=DAY)
    plane.trainers.set_state(TRAINER, "JOB_STATE_PAUSED", age_s=HOUR)
    plane.suspend("CREDIT_DEPLETED")


@scenario("the key belongs to two accounts, which the SDK refuses", "account")
def two_accounts(plane: FakeControlPlane) -> None:
    healthy(plane)
    plane.reading.accounts.append({**plane.reading.accounts[0], "name": "accounts/other"})


@scenario("the key belongs to no account", "account")
def no_account(plane: FakeControlPlane) -> None:
    plane.reading.accounts.clear()


@scenario("the key is good for inference only", "account")
def inference_only(plane: FakeControlPlane) -> None:
    healthy(plane)
    plane.add_key(plane.key, inference_only=True)


@scenario("a reference trainer is left over; the policy's is gone", "account")
def orphan(plane: FakeControlPlane) -> None:
    train(plane, age_s=DAY)
    plane.trainers.set_state(TRAINER, "JOB_STATE_DELETED", age_s=HOUR)
    plane.add_trainer("reference").row["forwardOnly"] = True
    plane.trainers.born("reference", DAY)


@scenario("three trainers of one name: somebody tried again and again", "account")
def duplicates(plane: FakeControlPlane) -> None:
    for number in range(3):
        train(plane, f"{TRAINER}-{number}", age_s=2 * HOUR - number * MINUTE).row["displayName"] = "my run"


@scenario("serverless sessions that nobody closed hold all eight places", "account")
def leaked_sessions(plane: FakeControlPlane) -> None:
    for number in range(6):
        plane.add_session(f"ts-{number}", age_s=5 * DAY)
    for number in (6, 7):
        plane.add_session(f"ts-{number}", "UNSPECIFIED", age_s=DAY)


@scenario("a proxy answers with its own page", "account")
def proxy(plane: FakeControlPlane) -> None:
    healthy(plane)
    plane.fail("", faults.html(200, "Sign in"))


@scenario("lists are told three times to come back later", "account")
def storm(plane: FakeControlPlane) -> None:
    healthy(plane)
    plane.fail(
        "/checkpoints$|/deployments$", faults.error(429, "too many requests", retry_after="1"), times=3
    )


@scenario("everything takes half a second", "account")
def slow(plane: FakeControlPlane) -> None:
    healthy(plane)
    plane.settings.latency_s = 0.5


@scenario("a newer server: unknown states and fields, and some that are gone")
def from_the_future(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.trainers.edit(TRAINER, state="JOB_STATE_HIBERNATING", carbonGrams="12", inactivityTimeout=ABSENT)
    plane.deployments.edit(DEPLOYMENT, state="MIGRATING", replicaStats=ABSENT, region=ABSENT)


@scenario("an account with five hundred trainers and a hundred deployments", "account")
def large(plane: FakeControlPlane) -> None:
    for number in range(500):
        trainer = plane.add_trainer(f"trainer-{number:03}")
        plane.trainers.born(trainer.id, (500 - number) * HOUR)
        if number % 5:
            plane.trainers.set_state(trainer.id, "JOB_STATE_COMPLETED", age_s=(500 - number) * HOUR / 2)
        else:
            plane.add_deployment(f"serving-{number:03}", trainer)
