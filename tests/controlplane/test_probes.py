"""Every diagnosis of the checklist: a state of the platform that calls for it, and a healthy twin that is silent.

States are made in the fake control plane, probes ask it over HTTP. Ids are those of the checklist of diagnoses.
Not in the table, and why:

- ENV-1 to ENV-5 are about this machine, not about the platform: ``fwdoctor check`` tells them.
- ACC-5 (nobody answers, or no JSON) is a problem, not a finding of a probe: ``test_probe_faults.py``.
- SHP-10 (accelerators given by hand) is code, which ``fwdoctor lint`` reads; a job's row does not tell who
  chose its accelerators.
- QUO-3 (which quota a rollout deployment counts in) is told as DEP-2 or DEP-12: what follows is the same.
- JOB-20, its second half (no call in the log: the platform or inactivity): a log may be read in part only, so
  that it holds no call says nothing; the first half is in the table.
- JOB-19, its second half (preempted, then CREATING again) is seen by checkpoints that a job which is being set
  up already has; without any there is no telling.
- SYN-15 says that new replicas are still to come only where the old ones serve what the new trainer never saved;
  a control plane that keeps no names of replicas from before cannot show more.
- SHP-7 compares the base model; that a model type differs follows from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fwdoctor.finding import Severity
from tests.controlplane.probing import (
    Ask,
    account,
    checkpoints,
    deployment,
    job,
    messages,
    probed,
    readable,
    rules,
    shape,
    wrong,
)
from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.catalogue import (
    DEPLOYMENT_SHAPE,
    LORA_SHAPE,
    MODEL,
    POLICY_SHAPE,
    REFERENCE_SHAPE,
    UNVALIDATED_SHAPE,
)
from tests.fake_control_plane.scenarios import (
    DAY,
    DEPLOYMENT,
    HOUR,
    MINUTE,
    OLD,
    SCENARIOS,
    SESSION,
    TRAINER,
    pair,
    serve,
    snapshot,
    train,
)
from tests.fake_control_plane.state import Replica

Prepare = Callable[[FakeControlPlane], object]
E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741


@dataclass(frozen=True)
class Row:
    """A diagnosis: its id, what is shown, the state, what is asked, the rule and its severity, the twin."""

    id: str
    name: str
    prepare: Prepare
    ask: Ask
    rule: str
    severity: Severity
    twin: Prepare
    #: what is asked of the twin, if it is something else
    twin_ask: Ask | None = None


def scene(name: str) -> Prepare:
    return SCENARIOS[name].prepare


def both(*steps: Prepare) -> Prepare:
    """One step after the other."""

    def prepare(plane: FakeControlPlane) -> None:
        for step in steps:
            step(plane)

    return prepare


def edit_job(**fields: Any) -> Prepare:
    return lambda plane: plane.trainers.edit(TRAINER, **fields)


def edit_deployment(**fields: Any) -> Prepare:
    return lambda plane: plane.deployments.edit(DEPLOYMENT, **fields)


def row(**fields: Any) -> Prepare:
    """Fields of the deployment itself, so that its own parts know of them, too."""
    return lambda plane: plane.deployments.get(DEPLOYMENT).row.update(fields)


def state(name: str, *, age_s: float = 0, **status: Any) -> Prepare:
    return lambda plane: plane.trainers.set_state(TRAINER, f"JOB_STATE_{name}", status, age_s=age_s)


def serving(name: str) -> Prepare:
    return lambda plane: plane.deployments.set_state(DEPLOYMENT, name)


def loaded(name: str) -> Prepare:
    return lambda plane: plane.deployments.load(DEPLOYMENT, name)


def later(seconds: float) -> Prepare:
    return lambda plane: plane.clock.advance(seconds)


def bare(age_s: float = 2 * HOUR, name: str = TRAINER, **config: Any) -> Prepare:
    """A trainer that has saved nothing."""

    def prepare(plane: FakeControlPlane) -> None:
        plane.add_trainer(name, **config)
        plane.trainers.born(name, age_s)

    return prepare


def save(name: str, kind: str, age_s: float = 0, session: str | None = None, **fields: Any) -> Prepare:
    return lambda plane: plane.trainers.save(TRAINER, name, kind, age_s=age_s, session=session, **fields)


def base(step: int, age_s: float) -> Prepare:
    return save(f"step-{step}", "INFERENCE_BASE", age_s, SESSION)


def delta(step: int, age_s: float) -> Prepare:
    return save(f"step-{step}", "INFERENCE_ARC_V2", age_s, SESSION)


def point(step: int, age_s: float) -> Prepare:
    """A checkpoint to resume from."""
    return save(f"step-{step}-dcp", "TRAINING", age_s)


def api(method: str, path: str, key: str | None = None, **body: Any) -> Prepare:
    """A call that somebody made: the platform itself changes, and keeps an account of it."""

    def prepare(plane: FakeControlPlane) -> None:
        headers = {"X-Api-Key": key or plane.key}
        with httpx.Client(base_url=plane.url, headers=headers) as http:
            http.request(method, f"/v1/accounts/acme/{path}", json=body).raise_for_status()

    return prepare


def enterprise(plane: FakeControlPlane) -> None:
    """The account may read its audit log."""
    plane.settings.enterprise = True


def quota(value: int, usage: float) -> Prepare:
    return lambda plane: plane.set_quota("training-h200-count", value, usage)


def replicas(*pods: dict[str, Any]) -> Prepare:
    return lambda plane: plane.deployments.pods(
        DEPLOYMENT, *({"current": snapshot(20), "stage": "completed"} | pod for pod in pods)
    )


def keyed(plane: FakeControlPlane, to: str = DEPLOYMENT, **born: float) -> None:
    """A trainer that writes to the bucket of a deployment, which was made first."""
    plane.add_deployment(to, None)
    plane.deployments.born(to, 3 * HOUR)
    trainer = train(plane, **born)
    trainer.row["hotLoadDeploymentId"], trainer.bucket = to, plane.world.bucket(to)


def keyed_and_synced(plane: FakeControlPlane) -> None:
    keyed(plane)
    plane.deployments.load(DEPLOYMENT, snapshot(20))


def in_own_bucket(plane: FakeControlPlane) -> None:
    """A deployment with a bucket of its own, of which nobody has loaded anything."""
    plane.add_deployment(DEPLOYMENT, None)
    plane.deployments.born(DEPLOYMENT, 30 * MINUTE)


def writer(plane: FakeControlPlane) -> None:
    bare(20 * MINUTE)(plane)
    plane.trainers.get(TRAINER).row["hotLoadDeploymentId"] = DEPLOYMENT


def purge_trainer(plane: FakeControlPlane) -> None:
    del plane.world.trainers[TRAINER]


def lora(plane: FakeControlPlane) -> None:
    bare(loraRank=16)(plane)
    plane.trainers.get(TRAINER).shape_version = f"{LORA_SHAPE}/versions/v2"
    point(5, 50 * MINUTE)(plane)


def adapter(plane: FakeControlPlane) -> None:
    """A LoRA run whose deployment has loaded its adapter."""
    lora(plane)
    save("step-10", "INFERENCE_LORA", 30 * MINUTE, SESSION)(plane)
    serve(plane, plane.trainers.get(TRAINER))
    replicas({"current": None, "adapters": [{"identity": snapshot(10), "status": "loaded"}]})(plane)


def attached_anew(plane: FakeControlPlane) -> None:
    """The old trainer's deployment goes to a new one, through the API, a moment ago."""
    serve(plane, train(plane, OLD, age_s=DAY), age_s=DAY - 5 * MINUTE)
    loaded(snapshot(20))(plane)
    bare(10 * MINUTE)(plane)
    plane.settings.reads_while_rolling = 0
    name = plane.trainers.get(TRAINER).name
    api("PATCH", f"deployments/{DEPLOYMENT}?updateMask=hotLoadTrainerJob", hotLoadTrainerJob=name)(plane)


def attached_and_still_old(plane: FakeControlPlane) -> None:
    plane.settings.reads_before_rolling = 5
    attached_anew(plane)
    # What the first replica has is not among what the new trainer has saved.
    base(1, 5 * MINUTE)(plane)
    for pod in plane.deployments.get(DEPLOYMENT).replicas:
        pod.current = f"step-20-{'0badcafe'}"


def latest(**fields: Any) -> Prepare:
    """Change what the newest validated version of the shape for all parameters says."""

    def prepare(plane: FakeControlPlane) -> None:
        found = next(v for v in plane.world.shapes[POLICY_SHAPE] if v["latestValidated"])
        found["snapshot"].update(fields)

    return prepare


def serving_shape_not_validated(plane: FakeControlPlane) -> None:
    plane.world.shapes[DEPLOYMENT_SHAPE][0]["validated"] = False


def hours_apart(plane: FakeControlPlane) -> None:
    """Three runs of one kind, which nobody started by mistake."""
    for number in range(3):
        train(plane, f"{TRAINER}-{number}")
        plane.trainers.born(f"{TRAINER}-{number}", (2 + number) * HOUR)


def refuse_shape(status: int) -> Prepare:
    return lambda plane: plane.world.refused_shapes.update({POLICY_SHAPE: status})


def base_model(**fields: Any) -> Prepare:
    return lambda plane: plane.world.models[MODEL].update(fields)


def sessions(count: int) -> Prepare:
    def prepare(plane: FakeControlPlane) -> None:
        for number in range(count):
            plane.add_session(f"ts-{number}", age_s=5 * DAY)

    return prepare


def nothing(plane: FakeControlPlane) -> None:
    """As it comes."""


ALIVE: Prepare = train
PAIR: Prepare = pair
TWO: Prepare = scene("healthy")
NEW_JOB = bare(5 * MINUTE)
OURS = deployment(of=TRAINER)
PINNED = f"{POLICY_SHAPE}/versions"

TABLE = [
    # Access
    Row(
        "ACC-1",
        "a key that nobody knows",
        both(TWO, lambda p: p.access.keys.clear()),
        account(),
        "FWP001",
        E,
        TWO,
    ),
    Row(
        "ACC-1",
        "a key for inference, as 401",
        both(scene("inference-only"), lambda p: setattr(p.settings, "inference_only_status", 401)),
        job(),
        "FWP009",
        E,
        TWO,
    ),
    Row("ACC-1", "a key for inference, as 403", scene("inference-only"), job(), "FWP009", E, TWO),
    Row("ACC-1", "a role that may not", lambda p: p.fail("", faults.error(403)), job(), "FWP006", E, TWO),
    Row("ACC-2", "two accounts", scene("two-accounts"), deployment(), "FWP002", E, TWO),
    Row("ACC-3", "no account", scene("no-account"), account(), "FWP003", E, TWO),
    Row("ACC-4", "suspended", scene("suspended"), account(), "FWP004", E, TWO),
    Row("ACC-4", "suspended, seen from a paused job", scene("suspended"), job(), "FWP004", E, TWO),
    # Trainer jobs
    Row(
        "JOB-1",
        "pending for long",
        scene("pending"),
        job(),
        "FWP101",
        W,
        both(bare(20 * MINUTE), state("PENDING")),
    ),
    Row(
        "JOB-2",
        "pending on quota",
        scene("quota-full"),
        job(),
        "FWP102",
        W,
        both(bare(20 * MINUTE), state("PENDING"), quota(32, 8)),
    ),
    Row(
        "JOB-3",
        "set up for 20 minutes",
        both(bare(20 * MINUTE), state("CREATING")),
        job(),
        "FWP103",
        W,
        both(NEW_JOB, state("CREATING")),
    ),
    Row(
        "JOB-3",
        "validated for more than an hour",
        both(bare(61 * MINUTE), state("VALIDATING")),
        job(),
        "FWP103",
        E,
        both(NEW_JOB, state("VALIDATING")),
    ),
    Row("JOB-4", "RUNNING, and nobody there", scene("unreachable"), job(), "FWP104", E, ALIVE),
    Row(
        "JOB-4",
        "RUNNING, and only errors",
        both(ALIVE, lambda p: p.fail("healthz$", faults.error(503))),
        job(),
        "FWP104",
        E,
        both(ALIVE, lambda p: p.fail("healthz$", faults.error(503), times=2)),
    ),
    Row("JOB-5", "hours without a checkpoint", bare(3 * HOUR), job(), "FWP105", W, bare(40 * MINUTE)),
    Row("JOB-6", "idle", scene("idle"), job(), "FWP106", W, ALIVE),
    Row(
        "JOB-7",
        "nothing heard for most of the timeout",
        both(bare(), base(10, 50 * MINUTE), point(10, 55 * MINUTE)),
        job(),
        "FWP107",
        W,
        both(bare(), base(10, 10 * MINUTE), point(10, 55 * MINUTE)),
    ),
    Row(
        "JOB-7",
        "the same with a timeout of its own",
        both(bare(), base(10, 25 * MINUTE), edit_job(inactivityTimeout="1800s")),
        job(),
        "FWP107",
        W,
        # It runs on long after its timeout: somebody uses it, and cannot be seen.
        both(bare(), base(10, 100 * MINUTE), edit_job(inactivityTimeout="1800s")),
    ),
    Row(
        "JOB-8",
        "never stops",
        both(ALIVE, edit_job(disableInactivityCleanup=True)),
        job(),
        "FWP108",
        W,
        ALIVE,
    ),
    Row("JOB-9", "failed with a reason", scene("failed"), job(), "FWP109", E, ALIVE),
    Row(
        "JOB-9",
        "failed with a message",
        both(ALIVE, state("FAILED", message="dataset is empty")),
        job(),
        "FWP109",
        E,
        both(ALIVE, state("COMPLETED")),
    ),
    Row("JOB-10", "failed without a cause", scene("failed-silently"), job(), "FWP110", E, ALIVE),
    *(
        Row(
            "JOB-11",
            f"{name}, and there is a point to resume from",
            both(ALIVE, state(name)),
            job(),
            "FWP111",
            I,
            ALIVE,
        )
        for name in ("CANCELLED", "PAUSED", "COMPLETED")
    ),
    Row(
        "JOB-12",
        "cancelled, and nothing to resume from",
        both(bare(), base(10, HOUR), state("CANCELLED")),
        job(),
        "FWP112",
        E,
        both(ALIVE, state("CANCELLED")),
    ),
    *(
        Row(
            "JOB-13",
            f"{name}, which the SDK does not know",
            both(ALIVE, state(name)),
            job(),
            "FWP113",
            W,
            both(ALIVE, state("COMPLETED")),
        )
        for name in ("EXPIRED", "EARLY_STOPPED", "DELETING_CLEANING_UP")
    ),
    Row(
        "JOB-14",
        "deleted, with something to promote",
        both(lambda p: train(p, age_s=3 * DAY), state("DELETED", age_s=2 * DAY)),
        job(),
        "FWP114",
        W,
        both(bare(), delta(10, HOUR), state("DELETED")),
    ),
    Row(
        "JOB-14",
        "deleted, with days left",
        scene("tombstone"),
        checkpoints(),
        "FWP114",
        E,
        both(bare(), state("DELETED")),
    ),
    Row(
        "JOB-15",
        "past its 30 days",
        both(scene("tombstone"), later(3 * DAY)),
        job(),
        "FWP115",
        E,
        ALIVE,
    ),
    Row(
        "JOB-16",
        "a warning of the backend",
        both(ALIVE, state("RUNNING", message="Warning: node is slow")),
        job(),
        "FWP116",
        W,
        both(ALIVE, state("RUNNING", message="3 of 10 steps")),
    ),
    Row(
        "JOB-17",
        "a reference whose policy is gone",
        scene("orphan"),
        account(),
        "FWP117",
        W,
        both(scene("orphan"), lambda p: p.trainers.set_state(TRAINER, "JOB_STATE_RUNNING"), point(3, 9)),
    ),
    Row(
        "JOB-17",
        "the same, hours old",
        both(bare(5 * HOUR), edit_job(forwardOnly=True)),
        account(),
        "FWP117",
        W,
        # Made minutes ago: its policy may be on its way.
        both(bare(5 * MINUTE), edit_job(forwardOnly=True)),
    ),
    Row(
        "JOB-18",
        "a launch that was tried again",
        scene("duplicates"),
        account(),
        "FWP118",
        W,
        hours_apart,
    ),
    Row("JOB-19", "it queues again", scene("preempted"), job(), "FWP119", W, both(NEW_JOB, state("PENDING"))),
    Row(
        "JOB-19",
        "it is set up again",
        both(ALIVE, state("CREATING")),
        job(),
        "FWP119",
        W,
        both(NEW_JOB, state("CREATING")),
    ),
    Row(
        "JOB-20",
        "cancelled by somebody",
        both(enterprise, ALIVE, api("POST", f"rlorTrainerJobs/{TRAINER}:cancel")),
        job(),
        "FWP120",
        I,
        both(enterprise, ALIVE, state("CANCELLED")),
    ),
    Row(
        "JOB-20",
        "deleted by somebody",
        both(enterprise, ALIVE, api("DELETE", f"rlorTrainerJobs/{TRAINER}")),
        job(),
        "FWP120",
        I,
        both(enterprise, bare(), state("DELETED")),
    ),
    # Checkpoints
    Row(
        "CKP-1",
        "deltas only",
        both(bare(), delta(10, HOUR), point(10, MINUTE)),
        checkpoints(),
        "FWP201",
        E,
        both(bare(), base(5, HOUR + 60), delta(10, HOUR), point(10, MINUTE)),
    ),
    Row(
        "CKP-2",
        "over, and nothing for the sampler",
        both(bare(), point(10, HOUR), state("COMPLETED")),
        checkpoints(),
        "FWP202",
        E,
        both(bare(), point(10, HOUR), base(10, HOUR), state("COMPLETED")),
    ),
    Row(
        "CKP-2",
        "nothing for the sampler yet",
        both(bare(), point(10, HOUR)),
        checkpoints(),
        "FWP202",
        I,
        both(bare(), point(10, HOUR), base(10, HOUR)),
    ),
    Row(
        "CKP-3",
        "the newest full one is old",
        both(bare(), point(1, 9), base(1, HOUR), *(delta(n, HOUR - n * MINUTE) for n in range(2, 6))),
        checkpoints(),
        "FWP203",
        W,
        both(bare(), point(1, 9), base(1, HOUR), *(delta(n, HOUR - n * MINUTE) for n in range(2, 4))),
    ),
    Row("CKP-4", "no point to resume from", scene("no-resume-point"), checkpoints(), "FWP204", W, ALIVE),
    Row(
        "CKP-5",
        "the saves stopped",
        both(bare(), base(1, 80 * MINUTE), *(point(n, 80 * MINUTE - 5 * MINUTE * n) for n in range(4))),
        checkpoints(),
        "FWP205",
        W,
        both(bare(), base(1, 80 * MINUTE), *(point(n, 35 * MINUTE - 5 * MINUTE * n) for n in range(4))),
    ),
    Row("CKP-6", "two drivers", scene("two-drivers"), checkpoints(), "FWP206", I, ALIVE),
    Row(
        "CKP-7",
        "a restart that counts anew",
        both(bare(), point(1, 9), base(30, HOUR), base(5, 5 * MINUTE)),
        checkpoints(),
        "FWP207",
        I,
        both(bare(), point(1, 9), base(5, HOUR), base(30, 5 * MINUTE)),
    ),
    Row(
        "CKP-8",
        "a snapshot of another region",
        scene("regions-apart"),
        deployment(),
        "FWP208",
        W,
        both(scene("regions-apart"), edit_deployment(region="US_OHIO_1")),
    ),
    *(
        Row(
            "CKP-9",
            f"the id {name!r}"[:30],
            ALIVE,
            checkpoints(model=name),
            "FWP209",
            E,
            ALIVE,
            checkpoints(model="ok"),
        )
        for name in ("My_Model", "a" * 64, "a b")
    ),
    Row(
        "CKP-10",
        "an id that is taken",
        both(ALIVE, lambda p: p.add_model("mine")),
        checkpoints(model="mine"),
        "FWP210",
        E,
        ALIVE,
    ),
    Row(
        "CKP-11",
        "an upload without an end",
        both(ALIVE, lambda p: p.add_model("mine", state="UPLOADING", createTime="2026-08-19T05:00:00Z")),
        checkpoints(model="mine"),
        "FWP211",
        W,
        ALIVE,
    ),
    Row(
        "CKP-12",
        "a full model of a LoRA run",
        both(lora, base(10, HOUR)),
        checkpoints(),
        "FWP212",
        I,
        both(lora, save("step-10", "INFERENCE_LORA", HOUR, SESSION)),
    ),
    Row(
        "CKP-12",
        "an adapter of a run over all parameters",
        both(ALIVE, save("step-30", "INFERENCE_LORA", MINUTE, SESSION)),
        checkpoints(),
        "FWP212",
        I,
        ALIVE,
    ),
    # Deployments
    Row("DEP-1", "it follows another", scene("stale-attachment"), OURS, "FWP301", E, PAIR),
    Row("DEP-2", "the trainer is deleted", scene("dead-trainer"), deployment(), "FWP302", W, PAIR),
    Row("DEP-2", "the trainer is gone", both(PAIR, purge_trainer), deployment(), "FWP302", W, PAIR),
    Row("DEP-2", "and nobody is followed", scene("detached"), deployment(), "FWP302", W, PAIR),
    Row(
        "DEP-2",
        "the trainer failed",
        both(PAIR, state("FAILED")),
        deployment(),
        "FWP302",
        W,
        both(
            PAIR,
            state("FAILED"),
            row(minReplicaCount=0, maxReplicaCount=0),
            lambda p: p.deployments.get(DEPLOYMENT).replicas.clear(),
        ),
    ),
    Row("DEP-3", "the bucket of another", scene("wrong-bucket"), deployment(), "FWP303", E, PAIR),
    Row(
        "DEP-4",
        "both scopes at once",
        both(PAIR, edit_job(hotLoadDeploymentId=DEPLOYMENT)),
        OURS,
        "FWP304",
        E,
        keyed_and_synced,
    ),
    Row(
        "DEP-5",
        "the trainer writes elsewhere",
        both(lambda p: keyed(p, "first"), in_own_bucket),
        OURS,
        "FWP305",
        E,
        keyed_and_synced,
    ),
    *(
        Row(
            "DEP-6",
            f"the bucket {url}",
            both(PAIR, edit_deployment(hotLoadBucketUrl=url)),
            deployment(),
            "FWP306",
            E,
            PAIR,
        )
        for url in (
            f"gs://b/rl-checkpoints/other/trainer-{TRAINER}",
            f"s3://b/rl-checkpoints/acme/trainer-{TRAINER}",
            "gs://b/elsewhere/acme/x",
        )
    ),
    Row(
        "DEP-7",
        "weight sync is off",
        both(PAIR, edit_deployment(enableHotLoad=False)),
        OURS,
        "FWP307",
        E,
        PAIR,
    ),
    Row(
        "DEP-7",
        "a bucket of the user's own",
        both(PAIR, edit_deployment(hotLoadBucketType="MINIO")),
        OURS,
        "FWP307",
        E,
        PAIR,
    ),
    Row("DEP-8", "it failed", scene("serving-failed"), deployment(), "FWP308", E, PAIR),
    Row("DEP-9", "no room for two", scene("no-capacity"), deployment(), "FWP309", W, TWO),
    Row(
        "DEP-10",
        "one starts",
        both(PAIR, lambda p: p.deployments.waiting(DEPLOYMENT, downloading=1)),
        deployment(),
        "FWP310",
        I,
        PAIR,
    ),
    Row(
        "DEP-11",
        "asleep",
        scene("asleep"),
        deployment(),
        "FWP311",
        W,
        both(PAIR, row(minReplicaCount=0)),
    ),
    Row(
        "DEP-12",
        "nobody writes, nothing is loaded",
        in_own_bucket,
        deployment(),
        "FWP312",
        W,
        both(in_own_bucket, writer),
    ),
    Row(
        "DEP-13",
        "an update without an end",
        both(PAIR, serving("UPDATING"), later(11 * MINUTE)),
        deployment(),
        "FWP313",
        W,
        both(PAIR, serving("UPDATING"), later(5 * MINUTE)),
    ),
    Row(
        "DEP-14",
        "deleted, and kept for a while",
        both(PAIR, api("DELETE", f"deployments/{DEPLOYMENT}?ignoreChecks=true")),
        deployment(),
        "FWP314",
        I,
        PAIR,
    ),
    Row(
        "DEP-15",
        "another base model",
        both(PAIR, lambda p: p.add_model("other"), row(baseModel="accounts/acme/models/other")),
        deployment(),
        "FWP315",
        E,
        PAIR,
    ),
    Row(
        "DEP-16",
        "another shape",
        both(PAIR, edit_deployment(deploymentShape="accounts/acme/deploymentShapes/mine/versions/1")),
        deployment(),
        "FWP316",
        E,
        both(PAIR, edit_deployment(deploymentShape=f"{DEPLOYMENT_SHAPE}/versions/d2")),
    ),
    Row(
        "DEP-17",
        "regions apart",
        both(PAIR, edit_job(trainingConfig={"region": "US_OHIO_1"})),
        OURS,
        "FWP317",
        W,
        both(PAIR, edit_job(trainingConfig={"region": "US_VIRGINIA_1"})),
    ),
    Row("DEP-18", "preemptible", both(PAIR, row(preemptible=True)), deployment(), "FWP318", I, PAIR),
    Row(
        "DEP-18",
        "one replica can be taken",
        both(PAIR, lambda p: p.deployments.waiting(DEPLOYMENT, revocable=1)),
        deployment(),
        "FWP318",
        I,
        PAIR,
    ),
    Row("DEP-19", "a second reader", scene("crossed-scopes"), account(), "FWP319", W, keyed_and_synced),
    Row(
        "DEP-20",
        "adapters on FP8",
        both(PAIR, edit_deployment(enableAddons=True, precision="FP8")),
        deployment(),
        "FWP320",
        E,
        both(PAIR, edit_deployment(enableAddons=True, precision="BF16")),
    ),
    Row(
        "DEP-21",
        "weights change in the middle of an answer",
        PAIR,
        deployment(),
        "FWP321",
        I,
        both(PAIR, row(hotLoadTransitionType="SYNC")),
    ),
    Row(
        "§11",
        "a launch that failed on its way",
        lambda p: serve(p, (bare(2 * HOUR)(p), p.trainers.get(TRAINER))[1]),
        deployment(),
        "FWP323",
        W,
        lambda p: serve(p, (bare(20 * MINUTE)(p), p.trainers.get(TRAINER))[1], age_s=19 * MINUTE),
    ),
    Row("§3.5", "no such deployment", ALIVE, deployment("nothing"), "FWP322", E, PAIR, deployment()),
    # Weight sync
    Row("SYN-1", "one behind", scene("behind"), deployment(), "FWP401", W, PAIR),
    Row(
        "SYN-1",
        "four behind",
        both(PAIR, *(base(n, 9 * MINUTE - n) for n in (30, 40, 50, 60))),
        deployment(),
        "FWP401",
        E,
        both(PAIR, base(30, MINUTE)),  # it was saved a minute ago, and is on its way
    ),
    Row("SYN-2", "one of three is older", scene("replicas-differ"), deployment(), "FWP402", E, TWO),
    Row("SYN-3", "the newest does not load", scene("load-failed"), deployment(), "FWP403", E, PAIR),
    Row(
        "SYN-4",
        "an error of before",
        both(PAIR, replicas({"stage": "error", "target": snapshot(10)})),
        deployment(),
        "FWP404",
        I,
        PAIR,
    ),
    Row(
        "SYN-5",
        "a replica that does nothing",
        both(TWO, replicas({}, {"ready": False, "stage": "idle"})),
        deployment(),
        "FWP405",
        W,
        both(TWO, replicas({}, {"ready": False, "stage": "loading"})),
    ),
    Row(
        "SYN-6",
        "READY, and no replica",
        both(PAIR, lambda p: p.deployments.answer_hot_load(DEPLOYMENT, {"replicas": []})),
        deployment(),
        "FWP406",
        W,
        scene("rolling"),
    ),
    Row(
        "SYN-7",
        "two are ready, one reports",
        both(
            TWO,
            lambda p: p.deployments.answer_hot_load(
                DEPLOYMENT, {"replicas": [Replica("pod", snapshot(20), "completed").json()]}
            ),
        ),
        deployment(),
        "FWP407",
        W,
        TWO,
    ),
    Row(
        "SYN-8",
        "it crashes again and again",
        scene("crash-loop"),
        deployment(),
        "FWP408",
        E,
        both(PAIR, lambda p: p.fail("hot_load$", faults.error(503), times=2)),
    ),
    Row(
        "SYN-9", "an adapter that does not load", scene("adapter-failed"), deployment(), "FWP409", E, adapter
    ),
    Row(
        "SYN-10",
        "weights that nobody here saved",
        both(PAIR, loaded("step-9-0badcafe")),
        deployment(),
        "FWP410",
        E,
        PAIR,
    ),
    Row(
        "SYN-11",
        "a delta on what it does not have",
        both(PAIR, delta(30, 6 * MINUTE), loaded(snapshot(10))),
        deployment(),
        "FWP411",
        E,
        both(PAIR, delta(30, 6 * MINUTE), loaded(snapshot(30))),
    ),
    Row("SYN-12", "never synced", scene("never-synced"), deployment(), "FWP412", W, PAIR),
    Row(
        "SYN-13",
        "RDMA on one of two",
        both(TWO, replicas({"rdma": True}, {})),
        deployment(),
        "FWP413",
        W,
        both(TWO, replicas({"rdma": True}, {"rdma": True})),
    ),
    Row("SYN-14", "no list of replicas", scene("unknown-status"), deployment(), "FWP414", E, PAIR),
    Row(
        "SYN-15",
        "attached, and not restarted",
        attached_and_still_old,
        deployment(),
        "FWP415",
        W,
        attached_anew,
    ),
    # Shapes
    Row(
        "SHP-1",
        "nothing validated",
        nothing,
        shape(UNVALIDATED_SHAPE),
        "FWP501",
        E,
        nothing,
        shape(POLICY_SHAPE),
    ),
    Row(
        "SHP-2", "not validated", nothing, shape(f"{PINNED}/v3"), "FWP502", E, nothing, shape(f"{PINNED}/v2")
    ),
    Row("SHP-2", "older", nothing, shape(f"{PINNED}/v1"), "FWP502", I, nothing, shape(f"{PINNED}/v2")),
    *(
        Row(
            "SHP-3", f"refused with {status}", refuse_shape(status), shape(POLICY_SHAPE), "FWP503", E, nothing
        )
        for status in (403, 404)
    ),
    Row(
        "SHP-3",
        "no such version",
        nothing,
        shape(f"{PINNED}/v9"),
        "FWP503",
        E,
        nothing,
        shape(f"{PINNED}/v2"),
    ),
    Row(
        "SHP-3",
        "not enabled",
        lambda p: p.fail("/trainingShapes/", faults.error(412)),
        shape(POLICY_SHAPE),
        "FWP503",
        E,
        nothing,
    ),
    Row(
        "SHP-4",
        "LoRA on a shape for all parameters",
        nothing,
        shape(POLICY_SHAPE, lora_rank=16),
        "FWP504",
        E,
        nothing,
        shape(LORA_SHAPE, lora_rank=16),
    ),
    Row(
        "SHP-4",
        "all parameters on a LoRA shape",
        nothing,
        shape(LORA_SHAPE, lora_rank=0),
        "FWP504",
        E,
        nothing,
        shape(POLICY_SHAPE, lora_rank=0),
    ),
    Row(
        "SHP-4",
        "a reference on a shape for training",
        nothing,
        shape(POLICY_SHAPE, reference=True),
        "FWP504",
        E,
        nothing,
        shape(REFERENCE_SHAPE, reference=True),
    ),
    *(
        Row(
            "SHP-5",
            f"a context of {n}",
            nothing,
            shape(POLICY_SHAPE, context=n),
            "FWP505",
            E,
            nothing,
            shape(POLICY_SHAPE, context=131072),
        )
        for n in (131088, 1000)
    ),
    Row(
        "SHP-6",
        "no deployment shape",
        latest(deploymentShapeVersion=""),
        shape(POLICY_SHAPE),
        "FWP506",
        E,
        nothing,
    ),
    Row(
        "SHP-6",
        "a deployment shape that is not validated",
        serving_shape_not_validated,
        shape(POLICY_SHAPE),
        "FWP506",
        E,
        nothing,
    ),
    Row(
        "SHP-7",
        "for another model",
        lambda p: p.add_model("accounts/fireworks/models/other"),
        shape(POLICY_SHAPE, base_model="other"),
        "FWP507",
        E,
        nothing,
        shape(POLICY_SHAPE, base_model=MODEL),
    ),
    *(
        Row(
            "SHP-8",
            f"a model with {fields}",
            base_model(**fields),
            shape(LORA_SHAPE, base_model=MODEL, lora_rank=8),
            "FWP508",
            E,
            nothing,
        )
        for fields in ({"tunable": False}, {"supportsLora": False}, {"state": "UPLOADING"})
    ),
    Row("SHP-9", "a newer version", scene("shape-outdated"), job(), "FWP509", I, ALIVE),
    # Quotas and sessions
    Row("QUO-1", "nearly used up", both(PAIR, quota(10, 9)), account(), "FWP601", W, PAIR),
    Row("QUO-2", "more in use than can be seen", both(PAIR, quota(32, 17)), account(), "FWP602", W, PAIR),
    Row("SES-1", "seven sessions", sessions(7), account(), "FWP611", W, sessions(3)),
    Row(
        "SES-2",
        "a session that never was",
        lambda p: p.add_session("ts-1", "UNSPECIFIED", age_s=DAY),
        account(),
        "FWP612",
        W,
        sessions(1),
    ),
]
IDS = [f"{row.id}-{row.name}".replace(" ", "-") for row in TABLE]


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_a_diagnosis(row: Row) -> None:
    with FakeControlPlane() as plane:
        row.prepare(plane)
        said = probed(plane, row.ask)
    found = [f for f in said.findings if f.rule == row.rule]
    assert found, messages(said)
    assert {f.severity for f in found} == {row.severity}, messages(said)
    readable(said)


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_its_healthy_twin(row: Row) -> None:
    with FakeControlPlane() as plane:
        row.twin(plane)
        said = probed(plane, row.twin_ask or row.ask)
    assert (wrong(said), said.problems) == (set(), []), messages(said)
    assert row.rule not in rules(said)
    assert said.outcomes, "the twin was looked at"


def test_every_rule_of_a_probe_is_in_the_table() -> None:
    from fwdoctor.rulebook import rulebook

    of_probes = {rule for rule in rulebook() if rule.startswith("FWP")}
    # Those that ``check`` alone can tell, of this machine and of a control plane that does not answer, and what
    # ``resume`` and ``--watch`` say at their end.
    elsewhere = {"FWP005", "FWP007", "FWP008"} | {f"FWP{n:03}" for n in (*range(10, 18), *range(131, 135))}
    assert of_probes - {row.rule for row in TABLE} == elsewhere
