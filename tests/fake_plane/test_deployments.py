"""Deployments and their pods as probes read them, and who may write to whose bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from fwdoctor.explain.inputs import open_file
from fwdoctor.explain.run import explain
from tests.fake_control_plane import ABSENT, FakeControlPlane, Replica
from tests.fake_control_plane.catalogue import DEPLOYMENT_SHAPE, MODEL, POLICY_SHAPE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_plane.conftest import Get

TOLD = {"fireworks-deployment": "accounts/acme/deployments/serving", "fireworks-model": MODEL}
JOB = "accounts/acme/rlorTrainerJobs/"
OURS = "gs://fireworks-artifacts-acme-0a1b2c/rl-checkpoints/acme/"


def hot_load(http: httpx.Client) -> Any:
    return http.get("/hot_load/v1/models/hot_load", headers=TOLD).json()


def test_what_a_deployment_shows(plane: FakeControlPlane, get: Get) -> None:
    trainer = plane.add_trainer("mine")
    plane.add_deployment("serving", trainer, replicas=2, placement={"region": "US_OHIO_1"})
    plane.deployments.get("serving").replicas[1].ready = False
    plane.deployments.waiting("serving", pending=1, downloading=2, revocable=1)
    shown = get("deployments/serving")
    assert shown["replicaStats"] == {
        "readyReplicaCount": 1,
        "pendingSchedulingReplicaCount": 1,
        "downloadingModelReplicaCount": 2,
        "initializingReplicaCount": 1,
        "revocableReplicaCount": 1,
        "effectiveReplicaCount": 1.0,
    }
    counts = ("minReplicaCount", "maxReplicaCount", "desiredReplicaCount", "replicaCount")
    assert [shown[c] for c in counts] == [2, 2, 5, 5]
    assert (shown["region"], shown["hotLoadTrainerJob"]) == ("US_OHIO_1", trainer.name)
    assert shown["hotLoadBucketUrl"] == f"{OURS}trainer-mine"
    assert "createdBy" not in shown


@pytest.mark.parametrize("state", ["CREATING", "READY", "UPDATING", "FAILED", "DELETING", "NEW_STATE"])
def test_its_states(plane: FakeControlPlane, get: Get, state: str) -> None:
    plane.add_deployment("serving", None)
    plane.deployments.set_state("serving", state, message="so", termination="out of memory")
    shown = get("deployments/serving")
    assert (shown["state"], shown["status"]["message"]) == (state, "so")
    assert get("deployments/serving/terminationMessage") == {"message": "out of memory"}
    (shard,) = get("deployments/serving/shards")["shards"]
    assert (shard["state"], shard["replicaStats"]) == (state, shown["replicaStats"])


def test_a_deleted_one_is_purged(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    plane.add_deployment("serving", None)
    path = "/v1/accounts/acme/deployments/serving"
    gone = http.delete(path, params={"ignoreChecks": "true"}).json()
    assert gone["state"] == "DELETED"
    assert get("deployments")["deployments"] == []
    assert [d["purgeTime"] for d in get("deployments", showDeleted="true")["deployments"]] == [
        gone["purgeTime"]
    ]
    plane.clock.advance(6 * 86400)
    assert get("deployments/serving")["state"] == "DELETED"
    plane.clock.advance(86400)
    assert http.get(path).status_code == 404


def test_edits(plane: FakeControlPlane, get: Get) -> None:
    plane.add_deployment("serving", None)
    plane.deployments.edit("serving", replicaStats={"readyReplicaCount": 7}, region=ABSENT, extra=[1])
    shown = get("deployments/serving")
    assert (shown["replicaStats"]["readyReplicaCount"], shown["extra"]) == (7, [1])
    assert shown["replicaStats"]["pendingSchedulingReplicaCount"] == 0
    assert "region" not in shown
    plane.deployments.edit("serving", replicaStats=ABSENT)
    assert "replicaStats" not in get("deployments/serving")


def test_each_pod_has_its_own_snapshot(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.add_deployment("serving", None)
    adapter = {"identity": "step-1", "status": "failed"}
    plane.deployments.pods(
        "serving",
        {"current": "step-2", "stage": "completed", "target": "step-2"},
        {"current": None, "stage": "loading", "target": "step-2", "ready": False, "adapters": [adapter]},
        Replica("pod-x", "step-1", supports_rdma=True, rdma=True, edits={"new": 1, "readiness": ABSENT}),
    )
    first, second, third = hot_load(http)["replicas"]
    assert (first["current_snapshot_identity"], first["readiness"]) == ("step-2", True)
    assert second["current_snapshot_identity"] is None
    assert (second["loading_state"]["stage"], second["readiness"]) == ("loading", False)
    assert second["loaded_adapters"] == [adapter]
    assert (third["identity"], third["new"], "readiness" in third) == ("pod-x", 1, False)
    assert third["supports_rdma_weight_sync"]
    assert third["rdma_weight_sync_enabled"]


@pytest.mark.parametrize("status", [None, [], {}, {"replicas": None}, {"replicas": []}, {"state": "ok"}])
def test_odd_statuses(plane: FakeControlPlane, http: httpx.Client, status: Any) -> None:
    plane.add_deployment("serving", None)
    plane.deployments.answer_hot_load("serving", status)
    assert hot_load(http) == status


@pytest.mark.parametrize(("state", "count"), [("READY", 1), ("UPDATING", 1), ("CREATING", 0), ("FAILED", 0)])
def test_pods_that_are_not_there_do_not_answer(
    plane: FakeControlPlane, http: httpx.Client, state: str, count: int
) -> None:
    plane.add_deployment("serving", None)
    plane.deployments.set_state("serving", state)
    assert len(hot_load(http)["replicas"]) == count


@pytest.mark.parametrize("before", [0, 2])
def test_pods_roll_after_a_reattach(plane: FakeControlPlane, http: httpx.Client, before: int) -> None:
    plane.settings.reads_before_rolling = before
    plane.add_deployment("serving", plane.add_trainer("mine"))
    plane.deployments.load("serving", "step-1")
    body = {"hotLoadTrainerJob": plane.add_trainer("other").name}
    http.patch("/v1/accounts/acme/deployments/serving", json=body).raise_for_status()
    seen = [
        [(r["identity"], r["current_snapshot_identity"]) for r in hot_load(http)["replicas"]]
        for _ in range(4)
    ]
    old, new = [("serving-pod-1", "step-1")], [("serving-pod-2", None)]
    assert seen == ([old] * before + [[]] + [new] * 3)[:4]


def test_the_ledger(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    trainer = plane.add_trainer("mine")
    plane.trainers.save("mine", "one", "INFERENCE_BASE")
    plane.add_deployment("serving", trainer, replicas=2)
    for snapshot in ("one", "none"):
        http.post("/hot_load/v1/models/hot_load", headers=TOLD, json={"identity": snapshot})
    told = [row["value"] for row in get("deployments/serving/ledger")["ledger"]]
    assert told == [
        "serving-pod-1 loaded one",
        "serving-pod-2 loaded one",
        "serving-pod-1 failed to load none",
        "serving-pod-2 failed to load none",
    ]
    http.delete("/v1/accounts/acme/deployments/serving/ledger")
    assert get("deployments/serving/ledger") == {"ledger": []}


# How bucket scopes get crossed. (method, path, query, body, what is said, the class that explains it)
DEPLOY = {
    "baseModel": MODEL,
    "deploymentShape": DEPLOYMENT_SHAPE,
    "minReplicaCount": 1,
    "maxReplicaCount": 1,
    "enableHotLoad": True,
    "hotLoadBucketType": "FW_HOSTED",
}
NEW = ("POST", "deployments", {"deploymentId": "new"})
REFUSALS: dict[str, tuple[tuple[str, str, dict[str, str]], dict[str, Any], str, str]] = {
    "a trainer for a deployment that follows one": (
        (
            "POST",
            "rlorTrainerJobs",
            {"rlorTrainerJobId": "t", "deploymentId": "following", "trainingShape": POLICY_SHAPE},
        ),
        {"trainingConfig": {"baseModel": MODEL}, "hotLoadDeploymentId": "following"},
        (
            "hotload flow mismatch: trainer wants deployment-first (hot_load_deployment_id=following) but "
            f"deployment following is trainer-first (hot_load_trainer_job={JOB}free)"
        ),
        "FWE704",
    ),
    "a deployment for a trainer that writes elsewhere": (
        NEW,
        DEPLOY | {"hotLoadTrainerJob": f"{JOB}keyed"},
        (
            f"hotload flow mismatch: trainer {JOB}keyed is deployment-first-keyed for deployment owner, but you're "
            "trying to use it as the source for deployment new"
        ),
        "FWE705",
    ),
    "reattached to it": (
        ("PATCH", "deployments/following", {"updateMask": "hot_load_trainer_job"}),
        {"hotLoadTrainerJob": f"{JOB}keyed"},
        (
            f"hotload flow mismatch: trainer {JOB}keyed is deployment-first-keyed for deployment owner, but you're "
            "trying to use it as the source for deployment following"
        ),
        "FWE705",
    ),
    "a bucket and a trainer": (
        NEW,
        DEPLOY | {"hotLoadTrainerJob": f"{JOB}free", "hotLoadBucketUrl": f"{OURS}x"},
        f'hot_load_bucket_url "{OURS}x" conflicts with hot_load_trainer_job {JOB}free; set exactly one',
        "FWE706",
    ),
    "a bucket beside the trainer": (
        ("PATCH", "deployments/following", {"updateMask": "hot_load_bucket_url"}),
        {"hotLoadBucketUrl": f"{OURS}x"},
        (
            f'hot_load_bucket_url "{OURS}x" conflicts with hot_load_trainer_job {JOB}free; update '
            "hot_load_trainer_job instead, or clear it first"
        ),
        "FWE707",
    ),
    "no URL": (
        NEW,
        DEPLOY | {"hotLoadBucketUrl": "acme/rl"},
        'invalid FW_HOSTED hot_load_bucket_url "acme/rl"',
        "FWE708",
    ),
    "another scheme": (
        NEW,
        DEPLOY | {"hotLoadBucketUrl": "s3://acme/rl-checkpoints/acme/x"},
        "FW_HOSTED hot_load_bucket_url must use gs:// scheme, got s3://acme/rl-checkpoints/acme/x",
        "FWE708",
    ),
    "another account's path": (
        NEW,
        DEPLOY | {"hotLoadBucketUrl": OURS.replace("/acme/", "/other/") + "x"},
        "path must start with rl-checkpoints/acme/",
        "FWE708",
    ),
    "a bucket that is not there": (
        NEW,
        DEPLOY | {"hotLoadBucketUrl": "gs://elsewhere/rl-checkpoints/acme/x"},
        "configured FW_HOSTED hot_load bucket is not reachable",
        "FWE709",
    ),
    "a bucket that cannot be read": (
        NEW,
        DEPLOY | {"hotLoadBucketUrl": f"{OURS}x"},
        "control plane lacks permission to read the configured FW_HOSTED hot_load bucket",
        "FWE709",
    ),
}


@pytest.mark.parametrize(("where", "body", "words", "rule"), REFUSALS.values(), ids=REFUSALS)
def test_crossed_scopes(
    plane: FakeControlPlane,
    http: httpx.Client,
    tmp_path: Path,
    where: tuple[str, str, dict[str, str]],
    body: dict[str, Any],
    words: str,
    rule: str,
) -> None:
    """The words are production's: fwdoctor knows them."""
    plane.settings.bucket_readable = "lacks permission" not in words
    plane.add_deployment("owner", None)
    keyed = plane.add_trainer("keyed")
    keyed.row["hotLoadDeploymentId"] = "owner"
    plane.add_deployment("following", plane.add_trainer("free"))
    method, path, query = where
    answer = http.request(method, f"/v1/accounts/acme/{path}", params=query, json=body)
    assert answer.status_code == 400
    assert words in answer.json()["message"]
    log = tmp_path / "run.log"
    log.write_text(answer.text, "utf-8")
    assert [f.rule for f in explain([open_file(str(log))]).findings] == [rule]


def test_what_is_accepted(plane: FakeControlPlane, http: httpx.Client) -> None:
    own = http.post(
        "/v1/accounts/acme/deployments?deploymentId=own", json=DEPLOY | {"hotLoadBucketUrl": f"{OURS}x"}
    )
    assert own.json()["hotLoadBucketUrl"] == f"{OURS}x"
    plane.add_deployment("following", plane.add_trainer("free"))
    path = "/v1/accounts/acme/deployments/following"
    cleared = http.patch(path, params={"updateMask": "hot_load_trainer_job"}, json={}).json()
    assert (cleared["hotLoadTrainerJob"], cleared["hotLoadBucketUrl"]) == ("", f"{OURS}following")
    moved = http.patch(path, json={"hotLoadBucketUrl": f"{OURS}y"}).json()
    assert moved["hotLoadBucketUrl"] == f"{OURS}y"
