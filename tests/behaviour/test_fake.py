"""The fake by itself, asked as the doctor will ask it: what it keeps, shows, hides and refuses."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.catalogue import DEPLOYMENT_SHAPE, MODEL, POLICY_SHAPE, REFERENCE_SHAPE
from tests.fake_control_plane.listing import without_zeros

JOBS = "/v1/accounts/acme/rlorTrainerJobs"
DEPLOYMENTS = "/v1/accounts/acme/deployments"
HOT_LOAD = "/hot_load/v1/models/hot_load"
#: What only the server knows of a trainer: in no published schema, in no answer.
SERVER_ONLY = {"hotLoadBucketUrl", "updateTime", "deletionTime", "deleteTime", "lastActivityTime"}


@pytest.fixture
def http(plane: FakeControlPlane) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=plane.url, headers={"Authorization": f"Bearer {plane.key}"}) as client:
        yield client


def make_job(http: httpx.Client, job: str = "mine", **query: str) -> Any:
    body = {"serviceMode": True, "trainingConfig": {"baseModel": MODEL, "loraRank": 0, "region": "US_OHIO_1"}}
    answer = http.post(
        JOBS, params={"rlorTrainerJobId": job, "trainingShape": POLICY_SHAPE} | query, json=body
    )
    answer.raise_for_status()
    return answer.json()


def make_deployment(http: httpx.Client, identifier: str = "serving", **fields: object) -> httpx.Response:
    body = {
        "baseModel": MODEL,
        "deploymentShape": DEPLOYMENT_SHAPE,
        "minReplicaCount": 1,
        "maxReplicaCount": 1,
        "enableHotLoad": True,
    }
    return http.post(DEPLOYMENTS, params={"deploymentId": identifier}, json=body | fields)


def message(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.json()['message']}"


def test_a_trainers_life(http: httpx.Client) -> None:
    made = make_job(http)
    assert made["state"] == "JOB_STATE_CREATING"
    shown = http.get(f"{JOBS}/mine").json()
    assert shown["state"] == "JOB_STATE_RUNNING"
    assert shown["trainingShapeVersion"] == f"{POLICY_SHAPE}/versions/v2"
    assert shown["trainingConfig"] == {"baseModel": MODEL, "loraRank": 0, "maxContextLength": 131072}
    health = "/training/v1/rlorTrainerJobs/acme/mine/api/v1/healthz"
    assert http.get(health).status_code == 200

    assert http.post(f"{JOBS}/mine:cancel", json={}).status_code == 200
    assert http.get(health).status_code == 404
    assert "cannot cancel" in message(http.post(f"{JOBS}/mine:cancel", json={}))
    assert http.post(f"{JOBS}/mine:resume", json={}).json()["state"] == "JOB_STATE_CREATING"
    assert "cannot resume" in message(http.post(f"{JOBS}/mine:resume", json={}))

    for _ in range(2):  # the second changes nothing
        assert http.delete(f"{JOBS}/mine").json() == {}
    tombstone = http.get(f"{JOBS}/mine").json()
    assert tombstone["state"] == "JOB_STATE_DELETED"
    assert http.get(JOBS).json()["rlorTrainerJobs"] == []
    assert (
        message(http.post(f"{JOBS}/mine:cancel", json={}))
        == "400 cannot cancel job in state: JOB_STATE_DELETED"
    )
    assert "cannot resume" in message(http.post(f"{JOBS}/mine:resume", json={}))
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        make_job(http)
    assert not SERVER_ONLY & set(made | shown | tombstone)


def test_the_shape_version_may_be_absent(http: httpx.Client, plane: FakeControlPlane) -> None:
    plane.settings.shape_version_on_jobs = False
    make_job(http)
    assert "trainingShapeVersion" not in http.get(f"{JOBS}/mine").json()


@pytest.mark.parametrize(
    ("shape", "status"),
    [
        (f"{POLICY_SHAPE}/versions/v1", 200),
        (f"{POLICY_SHAPE}/versions/v3", 400),
        (f"{POLICY_SHAPE}/versions/v9", 404),
        ("accounts/fireworks/trainingShapes/qwen3-8b-next", 400),
        ("accounts/fireworks/trainingShapes/none", 404),
    ],
)
def test_which_shapes_can_be_launched(http: httpx.Client, shape: str, status: int) -> None:
    body = {"trainingConfig": {"baseModel": MODEL}}
    answer = http.post(JOBS, params={"rlorTrainerJobId": "mine", "trainingShape": shape}, json=body)
    assert answer.status_code == status


def test_a_superuser_may_skip_validations(http: httpx.Client, plane: FakeControlPlane) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        make_job(http, skipValidations="true")
    plane.settings.superuser = True
    shape = f"{POLICY_SHAPE}/versions/v3"
    assert make_job(http, skipValidations="true", trainingShape=shape)["trainingShapeVersion"] == shape


def test_a_deployments_life(http: httpx.Client) -> None:
    make_job(http)
    job = "accounts/acme/rlorTrainerJobs/mine"
    made = make_deployment(http, hotLoadTrainerJob=job).json()
    assert (made["state"], made["replicaCount"]) == ("CREATING", 0)
    shown = http.get(f"{DEPLOYMENTS}/serving").json()
    assert (shown["state"], shown["replicaStats"]["readyReplicaCount"]) == ("READY", 1)
    assert shown["deploymentShape"] == f"{DEPLOYMENT_SHAPE}/versions/d2"
    assert shown["hotLoadBucketUrl"].endswith("/rl-checkpoints/acme/trainer-mine")

    scaled = http.patch(f"{DEPLOYMENTS}/serving:scale", json={"replicaCount": 3}).json()
    assert (scaled["minReplicaCount"], scaled["replicaCount"]) == (3, 3)
    zero = http.patch(f"{DEPLOYMENTS}/serving", json={"minReplicaCount": 0, "maxReplicaCount": 0}).json()
    assert (zero["replicaCount"], zero["state"]) == (0, "READY")
    asleep = http.post("/inference/v1/completions", json={"model": "accounts/acme/deployments/serving"})
    assert asleep.status_code == 503
    assert asleep.json()["details"][0]["reason"] == "DEPLOYMENT_SCALING_UP"

    gone = http.delete(f"{DEPLOYMENTS}/serving").json()
    assert gone["state"] == "DELETED"
    assert gone["purgeTime"] > gone["deleteTime"]
    assert http.get(DEPLOYMENTS).json()["deployments"] == []
    assert len(http.get(DEPLOYMENTS, params={"showDeleted": "true"}).json()["deployments"]) == 1
    assert http.post(f"{DEPLOYMENTS}/serving:undelete", json={}).json()["state"] == "CREATING"
    http.delete(f"{DEPLOYMENTS}/serving", params={"hard": "true", "ignoreChecks": "true"})
    assert http.get(f"{DEPLOYMENTS}/serving").status_code == 404


def test_what_a_deployment_is_refused_for(http: httpx.Client) -> None:
    make_deployment(http, "first")
    make_job(http, "follower", deploymentId="first")
    owned = "accounts/acme/rlorTrainerJobs/follower"
    refusals = {
        "already exists": make_deployment(http, "first"),
        "do not give both": make_deployment(http, acceleratorType="NVIDIA_H200_141GB"),
        "accelerator_type is required": make_deployment(http, deploymentShape=None),
        "is deployment-first": make_deployment(http, hotLoadTrainerJob=owned),
        "needs enable_hot_load": make_deployment(http, hotLoadTrainerJob=owned, enableHotLoad=False),
        "not found": make_deployment(http, hotLoadTrainerJob="accounts/acme/rlorTrainerJobs/none"),
        "is larger than": make_deployment(http, minReplicaCount=2),
        "cannot be updated": http.patch(
            f"{DEPLOYMENTS}/first", params={"updateMask": "base_model"}, json={"baseModel": "other"}
        ),
        "served requests lately": http.delete(f"{DEPLOYMENTS}/first"),
    }
    assert [w for w, answer in refusals.items() if answer.status_code < 400 or w not in message(answer)] == []
    make_job(http, "free")
    make_deployment(http, "second", hotLoadTrainerJob="accounts/acme/rlorTrainerJobs/free")
    body = {"trainingConfig": {"baseModel": MODEL}}
    query = {"rlorTrainerJobId": "late", "deploymentId": "second", "trainingShape": POLICY_SHAPE}
    assert "is trainer-first" in message(http.post(JOBS, params=query, json=body))


def test_pods_load_only_what_a_pod_could(http: httpx.Client, plane: FakeControlPlane) -> None:
    trainer = plane.add_trainer("mine")
    deployment = plane.add_deployment("serving", trainer, shape=DEPLOYMENT_SHAPE)
    told = {"fireworks-deployment": "accounts/acme/deployments/serving", "fireworks-model": MODEL}
    for name, kind in (("one", "BASE"), ("two", "ARC_V2"), ("three", "ARC_V2")):
        trainer.save(name, f"CHECKPOINT_TYPE_INFERENCE_{kind}", plane.world.clock())
    trainer.save("dcp", "CHECKPOINT_TYPE_TRAINING", plane.world.clock())

    def load(identity: str, base: str | None = None) -> tuple[str | None, str]:
        body: dict[str, Any] = {"identity": identity, "reset_prompt_cache": True}
        if base:
            body["incremental_snapshot_metadata"] = {"previous_snapshot_identity": base}
        assert http.post(HOT_LOAD, headers=told, json=body).json() == {}
        (replica,) = http.get(HOT_LOAD, headers=told).json()["replicas"]
        assert replica["loading_state"]["target_snapshot_identity"] == identity
        return replica["current_snapshot_identity"], replica["loading_state"]["stage"]

    assert load("two", "one") == (None, "error"), "a delta on nothing"
    assert load("dcp") == (None, "error"), "no sampler snapshot"
    assert load("one") == ("one", "completed")
    assert load("three", "two") == ("one", "error"), "a delta on what it does not have"
    assert load("two") == ("one", "error"), "a delta as if it were a base"
    assert load("two", "one") == ("two", "completed")
    assert load("three", "two") == ("three", "completed")
    other = plane.add_trainer("other")
    http.patch(
        f"{DEPLOYMENTS}/serving",
        params={"updateMask": "hot_load_trainer_job"},
        json={"hotLoadTrainerJob": other.name},
    ).raise_for_status()
    assert http.get(HOT_LOAD, headers=told).json() == {"replicas": []}, "the pod rolls"
    assert load("one") == (None, "error"), "another bucket"
    assert [r.identity for r in deployment.replicas] == ["serving-pod-2"]
    wrong = http.get(HOT_LOAD, headers=told | {"fireworks-model": "other"})
    assert wrong.status_code == 404


def test_lists(http: httpx.Client) -> None:
    for number in range(5):
        make_job(http, f"job-{number}")
    rows, token = [], ""
    while True:
        answer = http.get(
            JOBS, params={"pageSize": 2, "pageToken": token, "orderBy": "create_time desc"}
        ).json()
        rows += [r["name"].rsplit("/", 1)[1] for r in answer["rlorTrainerJobs"]]
        assert answer["totalSize"] == 5
        if not (token := answer.get("nextPageToken", "")):
            break
    assert rows == ["job-4", "job-3", "job-2", "job-1", "job-0"]
    http.get(f"{JOBS}/job-1")
    running = http.get(JOBS, params={"filter": 'state="JOB_STATE_RUNNING"'}).json()["rlorTrainerJobs"]
    assert [r["name"][-5:] for r in running] == ["job-1"]
    assert http.get(JOBS, params={"pageToken": "page-99"}).status_code == 400
    assert http.get(JOBS, params={"filter": "this is none"}).status_code == 400
    wanted = (
        f'snapshot.base_model="{MODEL}" AND snapshot.trainer_mode="FORWARD_ONLY" AND latest_validated=true'
    )
    versions = http.get("/v1/accounts/-/trainingShapes/-/versions", params={"filter": wanted}).json()
    assert [v["name"] for v in versions["trainingShapeVersions"]] == [f"{REFERENCE_SHAPE}/versions/v2"]


def test_what_a_test_puts_in_can_be_read(http: httpx.Client, plane: FakeControlPlane) -> None:
    quota = {"name": "accounts/acme/quotas/training-h200-count", "value": "16", "maxValue": "32", "usage": 8}
    assert http.get("/v1/accounts/acme/quotas").json() == {"quotas": [], "totalSize": 0}
    plane.world.collections["quotas"] = [quota]
    assert http.get("/v1/accounts/acme/quotas").json()["quotas"] == [quota]
    for path in (
        "/v1/accounts/acme",
        f"/v1/{MODEL}",
        f"/v1/{POLICY_SHAPE}",
        f"/v1/{POLICY_SHAPE}/versions/v1",
    ):
        assert http.get(path).json()["name"] == path.removeprefix("/v1/")


def test_who_may_ask(http: httpx.Client, plane: FakeControlPlane) -> None:
    assert httpx.get(f"{plane.url}/v1/accounts").status_code == 401
    assert httpx.get(f"{plane.url}/v1/accounts", headers={"X-Api-Key": plane.key}).status_code == 200
    assert http.get("/v1/accounts/other/deployments").status_code == 403
    assert http.get("/v1/nothing").status_code == 404


def test_faults(http: httpx.Client, plane: FakeControlPlane) -> None:
    plane.settings.fail("GET", "rlorTrainerJobs$", 503, times=2)
    plane.settings.fail(
        "POST", "/deployments$", 429, "too many", reason="QUOTA", metadata={"quota_required": "8"}
    )
    assert [http.get(JOBS).status_code for _ in range(3)] == [503, 503, 200]
    refused = make_deployment(http).json()
    assert (refused["code"], refused["message"]) == (8, "too many")
    (info,) = refused["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert (info["reason"], info["metadata"]["quota_required"]) == ("QUOTA", "8")


def test_zero_values_go() -> None:
    full = {"a": 0, "b": False, "c": "", "d": [], "e": {"f": 0.0, "g": 1}, "h": [{"i": 0}], "j": {}}
    assert without_zeros(full) == {"e": {"g": 1}, "h": [{}], "j": {}}


def test_compressed_bodies(http: httpx.Client) -> None:
    body = gzip.compress(json.dumps({"trainingConfig": {"baseModel": MODEL}}).encode())
    answer = http.post(
        JOBS,
        params={"rlorTrainerJobId": "mine", "trainingShape": POLICY_SHAPE},
        content=body,
        headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
    )
    assert answer.json()["trainingConfig"]["baseModel"] == MODEL


def send_nonsense(plane: FakeControlPlane) -> None:
    """A batch that no SDK would send."""
    plane.add_trainer("mine")
    root = f"{plane.url}/training/v1/rlorTrainerJobs/acme/mine/api/v1"
    with httpx.Client(headers={"X-Api-Key": plane.key}) as http:
        session = http.post(f"{root}/create_session", json={}).json()["session_id"]
        model = {"session_id": session, "model_seq_id": 0, "base_model": MODEL}
        http.post(f"{root}/create_model", json=model)
        bad = {"model_id": f"{session}:train:0", "forward_input": {"data": [{"model_input": {}}]}}
        assert http.post(f"{root}/forward", json=bad).status_code == 418


def test_a_broken_fake_fails_the_test() -> None:
    plane = FakeControlPlane().__enter__()
    send_nonsense(plane)
    with pytest.raises(AssertionError, match="KeyError: 'chunks'"):
        plane.__exit__(None, None, None)
