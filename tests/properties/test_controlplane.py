"""Of any rows of the control plane: no failure, and what a row does not say is never a finding."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.controlplane.diagnoses import account, checkpoints, deployments, jobs, shapes, weight_sync
from fwdoctor.controlplane.diagnoses.deployments import Attached
from fwdoctor.controlplane.diagnoses.shapes import Wanted
from fwdoctor.controlplane.resources import (
    Checkpoint,
    Deployment,
    Job,
    Model,
    Quota,
    Replica,
    ShapeVersion,
    Stop,
)
from fwdoctor.controlplane.sparse import scrub
from fwdoctor.finding import Finding
from tests.properties.generators import json_values

NOW = datetime(2026, 8, 19, 12, tzinfo=UTC)


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat().replace("+00:00", "Z")


#: One healthy run, as the platform tells it: nothing is to be said about it.
HEALTHY: dict[str, Any] = {
    "account": {"name": "accounts/acme", "suspendState": "UNSUSPENDED", "state": "READY"},
    "job": {
        "name": "accounts/acme/rlorTrainerJobs/train-1",
        "state": "JOB_STATE_RUNNING",
        "createTime": ago(minutes=40),
        "completedTime": None,
        "displayName": "mine",
        "forwardOnly": False,
        "inactivityTimeout": "3600s",
        "disableInactivityCleanup": False,
        "nodeCount": 1,
        "trainerReplicaCount": 1,
        "hotLoadDeploymentId": "",
        "status": {"code": "OK", "message": "", "details": [{"reason": ""}]},
        "statusMessage": "",
        "trainingShapeVersion": "accounts/fireworks/trainingShapes/s/versions/2",
        "trainingConfig": {
            "baseModel": "accounts/fireworks/models/qwen3-8b",
            "loraRank": 0,
            "region": "US_IOWA_1",
        },
    },
    "checkpoints": [
        {
            "name": f"accounts/acme/rlorTrainerJobs/train-1/checkpoints/{name}",
            "checkpointType": f"CHECKPOINT_TYPE_{kind}",
            "promotable": kind != "TRAINING",
            "createTime": ago(minutes=minutes),
            "updateTime": ago(minutes=minutes),
            "availability": [{"region": "US_IOWA_1", "availabilityClass": "SINGLE_REGION"}],
        }
        for name, kind, minutes in (
            ("step-1-8c48d803", "INFERENCE_BASE", 20),
            ("state-1", "TRAINING", 19),
            ("step-2-8c48d803", "INFERENCE_BASE", 10),
            ("state-2", "TRAINING", 9),
        )
    ],
    "deployment": {
        "name": "accounts/acme/deployments/serving",
        "state": "READY",
        "baseModel": "accounts/fireworks/models/qwen3-8b",
        "minReplicaCount": 1,
        "maxReplicaCount": 1,
        "desiredReplicaCount": 1,
        "replicaStats": {"readyReplicaCount": 1, "pendingSchedulingReplicaCount": 0},
        "acceleratorCount": 4,
        "acceleratorType": "NVIDIA_H200_141GB",
        "enableHotLoad": True,
        "enableAddons": False,
        "precision": "BF16",
        "preemptible": False,
        "region": "US_IOWA_1",
        "placement": {"region": "US_IOWA_1"},
        "hotLoadBucketType": "FW_HOSTED",
        "hotLoadTransitionType": "SYNC",
        "hotLoadTrainerJob": "accounts/acme/rlorTrainerJobs/train-1",
        "hotLoadBucketUrl": "gs://fireworks-artifacts-acme-0a1b2c/rl-checkpoints/acme/trainer-train-1",
        "deploymentShape": "accounts/fireworks/deploymentShapes/d/versions/1",
        "createTime": ago(minutes=41),
        "updateTime": ago(minutes=40),
        "purgeTime": None,
        "status": {"code": "OK", "message": ""},
    },
    "replicas": [
        {
            "identity": "pod-1",
            "current_snapshot_identity": "step-2-8c48d803",
            "readiness": True,
            "loading_state": {"stage": "idle", "target_snapshot_identity": "step-2-8c48d803"},
            "loaded_adapters": [],
            "rdma_weight_sync_enabled": True,
        }
    ],
    "shape": {
        "name": "accounts/fireworks/trainingShapes/s/versions/2",
        "validated": True,
        "latestValidated": True,
        "snapshot": {
            "baseModel": "accounts/fireworks/models/qwen3-8b",
            "trainerMode": "POLICY_TRAINER",
            "modelType": "qwen3",
            "maxSupportedContextLength": 4096,
            "acceleratorType": "NVIDIA_H200_141GB",
            "acceleratorCount": 4,
            "nodeCount": 1,
            "deploymentShapeVersion": "accounts/fireworks/deploymentShapes/d/versions/1",
        },
    },
    "quota": {"name": "accounts/acme/quotas/training-h200-count", "value": "64", "usage": 8},
    "model": {
        "name": "accounts/fireworks/models/qwen3-8b",
        "state": "READY",
        "tunable": True,
        "supportsLora": True,
        "createTime": ago(days=90),
    },
    "audit": {
        "timestamp": ago(minutes=1),
        "method": "GetJob",
        "resource": "accounts/acme/rlorTrainerJobs/train-1",
    },
    "session": {"name": "accounts/acme/trainingSessions/s", "state": "TRAINING_SESSION_STATE_ENDED"},
}


#: The same with the deployment's own bucket between the two.
KEYED = copy.deepcopy(HEALTHY)
KEYED["job"]["hotLoadDeploymentId"] = "accounts/acme/deployments/serving"
KEYED["deployment"]["hotLoadTrainerJob"] = ""
KEYED["deployment"]["hotLoadBucketUrl"] = "gs://fireworks-artifacts-acme-0a1b2c/rl-checkpoints/acme/serving"
RUNS = {"of the trainer": HEALTHY, "of the deployment": KEYED}


def diagnosed(rows: Mapping[str, Any]) -> Iterator[Finding]:
    """What all diagnoses say about rows of this form."""
    job, deployment = Job.of(rows["job"]), Deployment.of(rows["deployment"])
    saved = [Checkpoint.of(row) for row in rows["checkpoints"]]
    replicas = [Replica.of(row) for row in rows["replicas"]]
    shape, model, quota = ShapeVersion.of(rows["shape"]), Model.of(rows["model"]), Quota.of(rows["quota"])
    attached = Attached(deployment.trainer, job.state) if deployment.trainer else None
    loaded = weight_sync.has_weights(replicas)
    stop = Stop.of(rows["audit"], job.id)
    yield from account.diagnose_account(rows["account"], told="acme")
    yield from account.diagnose_jobs([job], NOW)
    yield from account.diagnose_quotas([quota])
    yield from account.explain_quotas([quota], [(job, shape)], [deployment])
    yield from account.diagnose_sessions([rows["session"]])
    yield from jobs.diagnose(
        job, NOW, saved, answer=200, shape=shape, latest=shape, quotas=[quota], stop=stop
    )
    yield from checkpoints.diagnose(job, saved, NOW)
    yield from deployments.diagnose(
        deployment, "acme", NOW, job=job, attached=attached, has_weights=loaded, shape=shape, writers=[job]
    )
    yield from deployments.only_reader(job, [deployment])
    left = deployments.left_behind(deployment, job, NOW, checkpoints=saved, has_weights=loaded)
    stale = deployments.stale_attachment(deployment, job, attached)
    yield from (found for found in (left, stale) if found is not None)
    yield from weight_sync.diagnose(deployment, replicas, NOW, job=job, checkpoints=saved)
    yield from shapes.diagnose(
        "s", shape, shape, Wanted("accounts/fireworks/models/qwen3-8b", 0, context=2048)
    )
    yield from shapes.diagnose_model(model, Wanted(lora_rank=0))


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all fields, at any depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if len(path) or isinstance(value, dict):
            yield (*path, key)
        yield from paths(inner, (*path, key))


#: What a row is, and what is in a list, must be there; what it says need not.
FIELDS = sorted((p for p in paths(HEALTHY) if len(p) > 1 and isinstance(p[-1], str)), key=str)


def changed(rows: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    """Replace or, with ``...``, remove the field at a path, if its row still is one."""
    place: Any = rows
    for key in path[:-1]:
        try:
            place = place[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(place, dict):
        place.pop(path[-1], None)
        if value is not ...:
            place[path[-1]] = value


@pytest.mark.parametrize("run", RUNS)
def test_the_healthy_run_is_healthy(run: str) -> None:
    assert [f.rule for f in diagnosed(RUNS[run])] == []


@given(
    st.sampled_from(sorted(RUNS)),
    st.lists(st.sampled_from(FIELDS), max_size=12, unique=True),
    st.sampled_from([..., None]),
)
def test_what_is_not_there_is_no_finding(run: str, gone: list[tuple[Any, ...]], value: Any) -> None:
    rows = copy.deepcopy(RUNS[run])
    for path in gone:
        # A replica that has loaded nothing says so with null: there, it is an answer.
        changed(rows, path, ... if path[-1] == "current_snapshot_identity" else value)
    assert [f.rule for f in diagnosed(rows)] == []


@given(st.sampled_from(sorted(RUNS)), st.lists(st.tuples(st.sampled_from(FIELDS), json_values), max_size=12))
def test_whatever_a_row_says_can_be_read(run: str, values: list[tuple[tuple[Any, ...], Any]]) -> None:
    rows = copy.deepcopy(RUNS[run])
    for path, value in values:
        changed(rows, path, value)
    for found in diagnosed(rows):
        assert found.message
        assert found.message.isprintable()
    scrub(rows)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_any_object_can_be_a_row(row: dict[str, Any]) -> None:
    rows = {k: [row] if isinstance(v, list) else row for k, v in HEALTHY.items()}
    list(diagnosed(rows))
