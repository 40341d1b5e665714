"""Every diagnosis has a state that calls for it, and a healthy twin that is silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fwdoctor.controlplane.diagnoses import account as of_account
from fwdoctor.controlplane.diagnoses import checkpoints as of_checkpoints
from fwdoctor.controlplane.diagnoses import deployments as of_deployments
from fwdoctor.controlplane.diagnoses import jobs as of_jobs
from fwdoctor.controlplane.diagnoses import shapes as of_shapes
from fwdoctor.controlplane.diagnoses import weight_sync as of_weights
from fwdoctor.controlplane.diagnoses.deployments import Attached
from fwdoctor.controlplane.diagnoses.shapes import Wanted
from fwdoctor.controlplane.resources import Checkpoint, Deployment, Job, Model, Quota, Replica, ShapeVersion
from fwdoctor.controlplane.states import job_state
from fwdoctor.finding import Finding, Severity

NOW = datetime(2026, 8, 19, 12, tzinfo=UTC)


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat().replace("+00:00", "Z")


def job(state: str = "RUNNING", **row: Any) -> Job:
    base = {
        "name": "accounts/acme/rlorTrainerJobs/train-1",
        "state": f"JOB_STATE_{state}",
        "createTime": ago(minutes=10),
        "trainingConfig": {"baseModel": "accounts/fireworks/models/qwen3-8b", "loraRank": 0},
    }
    return Job.of(base | row)


def saved(name: str, kind: str = "INFERENCE_BASE", promotable: bool = True, **span: float) -> Checkpoint:
    return Checkpoint.of(
        {
            "name": f"accounts/acme/rlorTrainerJobs/train-1/checkpoints/{name}",
            "checkpointType": f"CHECKPOINT_TYPE_{kind}",
            "promotable": promotable,
            "createTime": ago(**(span or {"minutes": 5})),
        }
    )


def state_of(name: str, **span: float) -> Checkpoint:
    return saved(name, "TRAINING", False, **span)


def deployment(**row: Any) -> Deployment:
    base: dict[str, Any] = {
        "name": "accounts/acme/deployments/serving",
        "state": "READY",
        "baseModel": "accounts/fireworks/models/qwen3-8b",
        "minReplicaCount": 2,
        "maxReplicaCount": 2,
        "desiredReplicaCount": 2,
        "replicaStats": {"readyReplicaCount": 2},
        "acceleratorCount": 4,
        "acceleratorType": "NVIDIA_H200_141GB",
        "enableHotLoad": True,
        "hotLoadBucketType": "FW_HOSTED",
        "hotLoadTrainerJob": "accounts/acme/rlorTrainerJobs/train-1",
        "hotLoadBucketUrl": "gs://fireworks-artifacts-acme-0a1b2c/rl-checkpoints/acme/trainer-train-1",
    }
    return Deployment.of({k: v for k, v in (base | row).items() if v is not None})


def replica(current: str | None = "s-2-8c48d803", **row: Any) -> Replica:
    told = {
        "identity": "pod-1",
        "current_snapshot_identity": current,
        "loaded_adapters": [],
        "readiness": True,
    }
    return Replica.of(told | row)


def about_job(made: Job, found: Sequence[Checkpoint] | None = None, **more: Any) -> list[Finding]:
    return list(of_jobs.diagnose(made, NOW, found, **more))


def about_saves(made: Job, *found: Checkpoint) -> list[Finding]:
    return list(of_checkpoints.diagnose(made, found, NOW))


def about_deployment(made: Deployment, **more: Any) -> list[Finding]:
    return list(of_deployments.diagnose(made, "acme", NOW, **more))


def about_weights(replicas: Sequence[Replica] | None, *found: Checkpoint, **more: Any) -> list[Finding]:
    made = more.pop("deployment", deployment())
    known = {"job": job(), "checkpoints": found} if found else {}
    return list(of_weights.diagnose(made, replicas, NOW, **known, **more))


def about_model(record: dict[str, Any] | None) -> list[Finding]:
    made = Model.of(record) if record is not None else None
    return list(of_checkpoints.diagnose_model("my-model", made, NOW))


BASE, DELTA = saved("s-1-8c48d803", minutes=9), saved("s-2-8c48d803", "INFERENCE_ARC_V2", False, minutes=5)
Case = tuple[str, Callable[[], list[Finding]]]
FOUND: list[Case] = [
    ("FWP101", lambda: about_job(job("PENDING", createTime=ago(minutes=31)))),
    ("FWP103", lambda: about_job(job("CREATING", createTime=ago(minutes=16)))),
    ("FWP104", lambda: about_job(job(), answer=404)),
    ("FWP105", lambda: about_job(job(createTime=ago(hours=3), inactivityTimeout="10800s"), [])),
    ("FWP106", lambda: about_job(job("IDLE"))),
    ("FWP107", lambda: about_job(job(createTime=ago(minutes=90)), [saved("a", minutes=50)])),
    ("FWP108", lambda: about_job(job(disableInactivityCleanup=True))),
    ("FWP109", lambda: about_job(job("FAILED", status={"message": "dataset is empty"}))),
    ("FWP110", lambda: about_job(job("FAILED", status={"message": "Internal error"}))),
    ("FWP111", lambda: about_job(job("CANCELLED"), [state_of("step-10")])),
    ("FWP112", lambda: about_job(job("PAUSED"), [saved("a")])),
    ("FWP113", lambda: about_job(job("EXPIRED"))),
    ("FWP114", lambda: about_job(job("DELETED"), [saved("a")])),
    ("FWP116", lambda: about_job(job(status={"message": "Warning: node slow"}))),
    ("FWP119", lambda: about_job(job("RE_QUEUEING"))),
    ("FWP201", lambda: about_saves(job(), DELTA, state_of("step-10"))),
    ("FWP202", lambda: about_saves(job(), state_of("step-10"))),
    (
        "FWP203",
        lambda: about_saves(
            job(),
            saved("s-1", minutes=60),
            *(saved(f"d-{i}", "INFERENCE_ARC_V2", False, minutes=50 - i) for i in range(4)),
        ),
    ),
    ("FWP204", lambda: about_saves(job(), BASE)),
    (
        "FWP205",
        lambda: about_saves(job(), *(state_of(f"step-{i}", minutes=200 - i) for i in range(4))),
    ),
    ("FWP206", lambda: about_saves(job(), BASE, saved("s-3-11112222"), state_of("x"))),
    ("FWP207", lambda: about_saves(job(), saved("s-9", minutes=60), saved("s-2", minutes=5), state_of("x"))),
    ("FWP209", lambda: list(of_checkpoints.diagnose_model_id("My_Model"))),
    ("FWP209", lambda: list(of_checkpoints.diagnose_model_id("a" * 64))),
    ("FWP210", lambda: about_model({"state": "READY"})),
    ("FWP211", lambda: about_model({"state": "UPLOADING", "createTime": ago(hours=3)})),
    ("FWP212", lambda: about_saves(job(), saved("a", "INFERENCE_LORA"), state_of("x"))),
    (
        "FWP301",
        lambda: [
            f
            for f in [
                of_deployments.stale_attachment(deployment(hotLoadTrainerJob="x/y/train-0"), job(), None)
            ]
            if f
        ],
    ),
    (
        "FWP302",
        lambda: about_deployment(deployment(), attached=Attached("train-1", job_state("JOB_STATE_DELETED"))),
    ),
    ("FWP302", lambda: about_deployment(deployment(), attached=Attached("train-1", None))),
    (
        "FWP303",
        lambda: about_deployment(deployment(hotLoadBucketUrl="gs://b/rl-checkpoints/acme/trainer-train-0")),
    ),
    ("FWP304", lambda: about_deployment(deployment(), job=job(hotLoadDeploymentId="serving"))),
    ("FWP305", lambda: about_deployment(deployment(), job=job(hotLoadDeploymentId="other"))),
    ("FWP306", lambda: about_deployment(deployment(hotLoadBucketUrl="s3://b/rl-checkpoints/acme/x"))),
    ("FWP306", lambda: about_deployment(deployment(hotLoadBucketUrl="gs://b/rl-checkpoints/other/x"))),
    ("FWP306", lambda: about_deployment(deployment(hotLoadBucketUrl="gs://b/elsewhere/acme/x"))),
    ("FWP307", lambda: about_deployment(deployment(enableHotLoad=False), job=job())),
    ("FWP308", lambda: about_deployment(deployment(state="FAILED", status={"message": "out of memory"}))),
    (
        "FWP309",
        lambda: about_deployment(
            deployment(replicaStats={"readyReplicaCount": 1, "pendingSchedulingReplicaCount": 1})
        ),
    ),
    ("FWP310", lambda: about_deployment(deployment(replicaStats={"initializingReplicaCount": 2}))),
    (
        "FWP311",
        lambda: about_deployment(deployment(minReplicaCount=0, desiredReplicaCount=0, replicaStats={})),
    ),
    (
        "FWP312",
        lambda: about_deployment(
            deployment(hotLoadTrainerJob=None, hotLoadBucketUrl="gs://b/rl-checkpoints/acme/serving"),
            has_weights=False,
            writers=[job("DELETED", hotLoadDeploymentId="serving")],
        ),
    ),
    ("FWP313", lambda: about_deployment(deployment(state="UPDATING", updateTime=ago(minutes=11)))),
    ("FWP314", lambda: about_deployment(deployment(state="DELETED", purgeTime=ago(days=-3)))),
    ("FWP315", lambda: about_deployment(deployment(baseModel="accounts/fireworks/models/other"), job=job())),
    ("FWP317", lambda: about_deployment(deployment(region="A"), job=job(trainingConfig={"region": "B"}))),
    ("FWP318", lambda: about_deployment(deployment(preemptible=True))),
    (
        "FWP319",
        lambda: list(of_deployments.only_reader(job(hotLoadDeploymentId="other"), [deployment()])),
    ),
    ("FWP320", lambda: about_deployment(deployment(enableAddons=True, precision="FP8"))),
    ("FWP321", lambda: about_deployment(deployment(hotLoadTransitionType="ASYNC"))),
    ("FWP401", lambda: about_weights([replica("s-1-8c48d803")], BASE, DELTA)),
    ("FWP402", lambda: about_weights([replica(), replica("s-1-8c48d803")])),
    (
        "FWP403",
        lambda: about_weights(
            [replica(loading_state={"stage": "error", "target_snapshot_identity": "s-2-8c48d803"})],
            BASE,
            DELTA,
        ),
    ),
    (
        "FWP404",
        lambda: about_weights(
            [replica(loading_state={"stage": "error", "target_snapshot_identity": "s-1-8c48d803"})],
            BASE,
            DELTA,
        ),
    ),
    ("FWP406", lambda: about_weights([])),
    ("FWP407", lambda: about_weights([replica()])),
    ("FWP408", lambda: about_weights(None, crashes=503)),
    ("FWP409", lambda: about_weights([replica(loaded_adapters=[{"identity": "a", "status": "failed"}])])),
    ("FWP410", lambda: about_weights([replica("other-1-00000000")], BASE, DELTA)),
    ("FWP412", lambda: about_weights([replica(None)], BASE, DELTA)),
    (
        "FWP413",
        lambda: about_weights(
            [replica(rdma_weight_sync_enabled=True), replica(rdma_weight_sync_enabled=False)]
        ),
    ),
    ("FWP414", lambda: about_weights(None)),
]
SILENT: dict[str, Callable[[], list[Finding]]] = {
    "a running job": lambda: about_job(job(), [state_of("step-1")], answer=200),
    "a new job": lambda: about_job(job("CREATING", createTime=ago(minutes=14))),
    "a job that waits": lambda: about_job(job("PENDING", createTime=ago(minutes=29))),
    "a job that says nothing": lambda: about_job(Job.of({})),
    "no checkpoints were read": lambda: about_job(job(createTime=ago(days=2))),
    "a reference": lambda: about_job(job(createTime=ago(hours=9), forwardOnly=True), []),
    "a deleted job with nothing to promote": lambda: about_job(job("DELETED"), [DELTA]),
    "a good chain": lambda: about_saves(job(), BASE, DELTA, state_of("step-10")),
    "an adapter": lambda: about_saves(
        job(trainingConfig={"loraRank": 16}), saved("a", "INFERENCE_LORA"), state_of("x", minutes=3)
    ),
    "nothing saved yet": lambda: about_saves(job()),
    "a good id": lambda: list(of_checkpoints.diagnose_model_id("my-model")),
    "an id that is free": lambda: about_model(None),
    "a deployment that works": lambda: about_deployment(
        deployment(),
        job=job(),
        attached=Attached("train-1", job_state("JOB_STATE_RUNNING")),
        has_weights=True,
    ),
    "a deployment of its own bucket": lambda: about_deployment(
        deployment(hotLoadTrainerJob=None, hotLoadBucketUrl="gs://b/rl-checkpoints/acme/serving/"),
        job=job(hotLoadDeploymentId="serving"),
    ),
    "a deployment that says nothing": lambda: about_deployment(Deployment.of({})),
    "the same weights": lambda: about_weights([replica(), replica()], BASE, DELTA),
    "weights, and no job": lambda: about_weights([replica(), replica()]),
    "it loads": lambda: about_weights(
        [replica(loading_state={"stage": "loading", "target_snapshot_identity": "s-2-8c48d803"}), replica()],
        BASE,
        DELTA,
    ),
}


@pytest.mark.parametrize(("rule", "look"), FOUND, ids=[f"{i}-{r}" for i, (r, _) in enumerate(FOUND)])
def test_found(rule: str, look: Callable[[], list[Finding]]) -> None:
    found = look()
    assert rule in {f.rule for f in found}
    for finding in found:
        assert finding.evidence
        assert finding.resource
        assert "{" not in finding.message
        assert all("{" not in step.text for step in finding.remedy)


@pytest.mark.parametrize("look", SILENT.values(), ids=SILENT)
def test_silent(look: Callable[[], list[Finding]]) -> None:
    assert [f.message for f in look() if f.severity is not Severity.INFO] == []


def test_a_deleted_job_counts_from_its_last_sign_of_life() -> None:
    made = job("DELETED", createTime=ago(days=29))
    (finding,) = about_job(made, [saved("a", days=28)])
    assert finding.severity is Severity.ERROR
    assert finding.variables["earliest"] == "2026-08-21"
    (finding,) = about_job(made, [saved("a", days=28), saved("b", days=1)])
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("row", "scope"),
    [
        ({}, "PER_TRAINER"),
        ({"hotLoadTrainerJob": None}, "PER_TRAINER"),
        (
            {"hotLoadTrainerJob": None, "hotLoadBucketUrl": "gs://b/rl-checkpoints/acme/serving"},
            "PER_DEPLOYMENT",
        ),
        ({"hotLoadTrainerJob": None, "hotLoadBucketUrl": None}, None),
    ],
)
def test_scope(row: dict[str, Any], scope: str | None) -> None:
    assert deployment(**row).scope == scope


def shape(**row: Any) -> ShapeVersion:
    inner = {
        "baseModel": "accounts/fireworks/models/qwen3-8b",
        "trainerMode": "POLICY_TRAINER",
        "maxSupportedContextLength": 131072,
        "deploymentShapeVersion": "accounts/fireworks/deploymentShapes/d/versions/v",
    } | row.pop("snapshot", {})
    name = f"accounts/fireworks/trainingShapes/qwen3-8b-128k/versions/{row.pop('version', 'v2')}"
    return ShapeVersion.of({"name": name, "validated": True, "snapshot": inner} | row)


def about_shape(
    latest: ShapeVersion | None, pinned: ShapeVersion | None = None, **wanted: Any
) -> list[Finding]:
    return list(
        of_shapes.diagnose(
            "trainingShapes/qwen3-8b-128k", latest, pinned, Wanted(**wanted) if wanted else None
        )
    )


QWEN = "accounts/fireworks/models/qwen3-8b"
ACROSS: list[Case] = [
    ("FWP501", lambda: about_shape(None)),
    ("FWP502", lambda: about_shape(shape(), shape(version="v1"))),
    ("FWP504", lambda: about_shape(shape(), lora_rank=16)),
    ("FWP504", lambda: about_shape(shape(), reference=True)),
    ("FWP504", lambda: about_shape(shape(snapshot={"trainerMode": "LORA_TRAINER"}), lora_rank=0)),
    ("FWP505", lambda: about_shape(shape(), context=131088)),
    ("FWP505", lambda: about_shape(shape(), context=1000)),
    ("FWP506", lambda: about_shape(shape(snapshot={"deploymentShapeVersion": ""}))),
    ("FWP507", lambda: about_shape(shape(), base_model="accounts/fireworks/models/other")),
    ("FWP117", lambda: list(of_account.diagnose_jobs([job(forwardOnly=True, createTime=ago(hours=1))], NOW))),
    (
        "FWP118",
        lambda: list(
            of_account.diagnose_jobs([job(), job(name="a/b/train-2", createTime=ago(minutes=8))], NOW)
        ),
    ),
    (
        "FWP004",
        lambda: list(
            of_account.diagnose_account({"name": "accounts/acme", "suspendState": "CREDIT_DEPLETED"})
        ),
    ),
    ("FWP007", lambda: list(of_account.diagnose_account({"name": "accounts/acme"}, told="other"))),
    ("FWP601", lambda: list(of_account.diagnose_quotas([Quota("training-h200-count", 16, 15)]))),
    ("FWP611", lambda: list(of_account.diagnose_sessions([{"state": "READY"}] * 7))),
    ("FWP612", lambda: list(of_account.diagnose_sessions([{"state": "TRAINING_SESSION_STATE_UNSPECIFIED"}]))),
]
QUIET: dict[str, Callable[[], list[Finding]]] = {
    "a shape that fits": lambda: about_shape(shape(), shape(), base_model=QWEN, lora_rank=0, context=131072),
    "a reference on a LoRA shape": lambda: about_shape(
        shape(snapshot={"trainerMode": "LORA_TRAINER"}), reference=True
    ),
    "a shape that says nothing": lambda: about_shape(
        shape(snapshot=dict.fromkeys(("baseModel", "trainerMode", "maxSupportedContextLength"))),
        lora_rank=4,
        context=5,
    ),
    "a reference beside its policy": lambda: list(
        of_account.diagnose_jobs(
            [
                job(forwardOnly=True, createTime=ago(hours=1)),
                job(forwardOnly=False, name="a/b/c", createTime=ago(hours=3)),
            ],
            NOW,
        )
    ),
    "a job a day": lambda: list(
        of_account.diagnose_jobs([job(), job(name="a/b/c", createTime=ago(days=1))], NOW)
    ),
    "an account in order": lambda: list(
        of_account.diagnose_account({"name": "accounts/acme", "suspendState": "UNSUSPENDED"}, told="acme")
    ),
    "room in the quota": lambda: list(
        of_account.diagnose_quotas([Quota("a", 16, 8), Quota("b", 0, 0), Quota("c", None, 9)])
    ),
    "a few sessions": lambda: list(of_account.diagnose_sessions([{"state": "READY"}] * 3)),
}


@pytest.mark.parametrize(("rule", "look"), ACROSS, ids=[f"{i}-{r}" for i, (r, _) in enumerate(ACROSS)])
def test_found_across(rule: str, look: Callable[[], list[Finding]]) -> None:
    test_found(rule, look)


@pytest.mark.parametrize("look", QUIET.values(), ids=QUIET)
def test_silent_across(look: Callable[[], list[Finding]]) -> None:
    assert look() == []
