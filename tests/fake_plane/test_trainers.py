"""Trainers over time: what the clock does to them, what tests do to them, what is shown of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fake_control_plane import ABSENT, FakeControlPlane, Timing
from tests.fake_control_plane.catalogue import MODEL, POLICY_SHAPE
from tests.fake_control_plane.control import JOB_STATES

if TYPE_CHECKING:
    from tests.fake_plane.conftest import Get

DAY = 86400
#: Known to the server only: in no answer, whatever state a trainer is in.
SERVER_ONLY = {"hotLoadBucketUrl", "updateTime", "deletionTime", "deleteTime", "lastActivityTime", "entered"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def make(http: httpx.Client, job: str = "mine", **fields: Any) -> httpx.Response:
    body = {"serviceMode": True, "trainingConfig": {"baseModel": MODEL}} | fields
    query = {"rlorTrainerJobId": job, "trainingShape": POLICY_SHAPE}
    return http.post("/v1/accounts/acme/rlorTrainerJobs", params=query, json=body)


def test_the_life_of_a_trainer_follows_the_clock(
    plane: FakeControlPlane, http: httpx.Client, get: Get
) -> None:
    plane.settings.by_clock, plane.settings.capacity = True, False
    plane.settings.timing = Timing(creating_s=60, starting_s=120, idle_s=600)
    assert make(http, inactivityTimeout="1800s").json()["state"] == "JOB_STATE_CREATING"

    def after(seconds: float) -> str:
        plane.clock.advance(seconds)
        return str(get("rlorTrainerJobs/mine")["state"])

    assert [after(0), after(50), after(10)] == [
        "JOB_STATE_CREATING",
        "JOB_STATE_CREATING",
        "JOB_STATE_PENDING",
    ]
    assert after(DAY) == "JOB_STATE_PENDING", "nobody gave it GPUs"
    plane.trainers.grant("mine")
    assert [after(100), after(20)] == ["JOB_STATE_PENDING", "JOB_STATE_RUNNING"]
    assert after(1700) == "JOB_STATE_RUNNING"
    beat = "/training/v1/rlorTrainerJobs/acme/mine/api/v1/session_heartbeat"
    assert http.post(beat, json={}).status_code == 200
    assert after(1700) == "JOB_STATE_RUNNING", "a client was there"
    assert after(100) == "JOB_STATE_IDLE"
    assert "completedTime" not in get("rlorTrainerJobs/mine")
    assert after(600) == "JOB_STATE_CANCELLED"
    assert TIME.fullmatch(get("rlorTrainerJobs/mine")["completedTime"])
    again = http.post("/v1/accounts/acme/rlorTrainerJobs/mine:resume", json={}).json()
    assert again["state"] == "JOB_STATE_CREATING"
    assert "completedTime" not in again


def test_capacity_that_comes_counts_from_then(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    plane.settings.by_clock, plane.settings.capacity = True, False
    make(http)
    plane.clock.advance(3600)
    assert get("rlorTrainerJobs/mine")["state"] == "JOB_STATE_PENDING"
    plane.settings.capacity = True
    assert get("rlorTrainerJobs/mine")["state"] == "JOB_STATE_PENDING"
    plane.clock.advance(121)
    assert get("rlorTrainerJobs/mine")["state"] == "JOB_STATE_RUNNING"


def test_no_cleanup_means_none(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    plane.settings.by_clock = True
    make(http, disableInactivityCleanup=True)
    plane.clock.advance(30 * DAY)
    assert get("rlorTrainerJobs/mine")["state"] == "JOB_STATE_RUNNING"


def test_preemption(plane: FakeControlPlane, get: Get, http: httpx.Client) -> None:
    plane.add_trainer("mine")
    plane.trainers.follow_clock("mine")
    root = "/training/v1/rlorTrainerJobs/acme/mine/api/v1"
    model = {
        "session_id": http.post(f"{root}/create_session", json={}).json()["session_id"],
        "model_seq_id": 0,
    }
    http.post(f"{root}/create_model", json={**model, "base_model": MODEL})
    plane.trainers.preempt("mine")
    assert http.get(f"{root}/healthz").status_code == 404
    seen = [get("rlorTrainerJobs/mine")["state"]]
    for seconds in (60, 120):
        plane.clock.advance(seconds)
        seen.append(get("rlorTrainerJobs/mine")["state"])
    assert seen == ["JOB_STATE_RE_QUEUEING", "JOB_STATE_PENDING", "JOB_STATE_RUNNING"]
    later = http.post(f"{root}/unload_model", json={"model_id": f"{model['session_id']}:train:0"}).json()
    answer = http.post(f"{root}/retrieve_future", json=later).json()
    assert "is not loaded" in answer["error"], "the new process knows no model"


@pytest.mark.parametrize("state", JOB_STATES)
def test_each_state(plane: FakeControlPlane, get: Get, state: str) -> None:
    plane.add_trainer("mine")
    plane.trainers.set_state(
        "mine", state, {"code": "ABORTED", "message": "so it is", "details": []}, age_s=60
    )
    for _ in range(2):
        shown = get("rlorTrainerJobs/mine")
        assert (shown["state"], shown["status"]["message"]) == (state, "so it is")
    assert not SERVER_ONLY & set(shown)
    assert TIME.fullmatch(shown["createTime"])
    listed = bool(get("rlorTrainerJobs")["rlorTrainerJobs"])
    archived = bool(get("rlorTrainerJobs", includeArchived="true")["rlorTrainerJobs"])
    hidden = state in ("JOB_STATE_DELETED", "JOB_STATE_ARCHIVED")
    assert (listed, archived) == (not hidden, state != "JOB_STATE_DELETED")


def test_a_failure_has_its_reason(plane: FakeControlPlane, get: Get) -> None:
    plane.add_trainer("mine")
    plane.trainers.fail("mine", "too many", reason="QUOTA_EXCEEDED", metadata={"quota_required": "8"})
    shown = get("rlorTrainerJobs/mine")
    (info,) = shown["status"]["details"]
    assert (shown["state"], info["reason"], info["metadata"]["quota_required"]) == (
        "JOB_STATE_FAILED",
        "QUOTA_EXCEEDED",
        "8",
    )
    assert TIME.fullmatch(shown["completedTime"])


def test_a_tombstone_stays_thirty_days(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    plane.add_trainer("mine")
    plane.trainers.save("mine", "step-1", "INFERENCE_BASE", session="0badcafe")
    path = "/v1/accounts/acme/rlorTrainerJobs/mine"
    http.delete(path)
    plane.clock.advance(29 * DAY)
    http.delete(path)  # does not start the time again
    assert get("rlorTrainerJobs/mine")["state"] == "JOB_STATE_DELETED"
    assert len(get("rlorTrainerJobs/mine/checkpoints")["checkpoints"]) == 1
    assert promote(http, "kept").status_code == 200
    assert make(http).json()["message"].endswith("already exists")
    plane.clock.advance(DAY)
    for gone in (http.get(path), http.get(f"{path}/checkpoints"), promote(http, "late"), http.delete(path)):
        assert (gone.status_code, gone.json()["code"]) == (404, 5)
    assert "cannot be recreated" in make(http).json()["message"]


def promote(http: httpx.Client, model: str, checkpoint: str = "step-1-0badcafe") -> httpx.Response:
    body = {
        "output_model": f"accounts/acme/models/{model}",
        "trainer_job_id": "accounts/acme/rlorTrainerJobs/mine",
        "base_model": MODEL,
    }
    return http.post(f"/v1/accounts/acme/checkpoints/{checkpoint}:promote", json=body)


@pytest.mark.parametrize(
    ("model", "checkpoint", "status", "words"),
    [
        ("tuned", "base-0badcafe", 200, ""),
        ("tuned", "lora-0badcafe", 200, ""),
        ("tuned", "delta-0badcafe", 400, "cannot be promoted"),
        ("tuned", "dcp", 400, "cannot be promoted"),
        ("tuned", "odd", 200, ""),
        ("tuned", "none", 404, 'checkpoint "none" not found in GCS'),
        ("taken", "base-0badcafe", 409, "already exists"),
        ("My_Model", "base-0badcafe", 400, "must match ^[a-z0-9-]{1,63}$"),
        ("m" * 64, "base-0badcafe", 400, "must match"),
    ],
)
def test_promotion(
    plane: FakeControlPlane, http: httpx.Client, model: str, checkpoint: str, status: int, words: str
) -> None:
    plane.add_trainer("mine")
    plane.add_model("taken", state="UPLOADING")
    for name, kind in (("base", "INFERENCE_BASE"), ("lora", "INFERENCE_LORA"), ("delta", "INFERENCE_ARC_V2")):
        plane.trainers.save("mine", name, kind, session="0badcafe")
    plane.trainers.save("mine", "dcp", "TRAINING_LORA")
    plane.trainers.save("mine", "odd", "UNSPECIFIED", promotable=True)
    answer = promote(http, model, checkpoint)
    assert (answer.status_code, words in answer.json().get("message", "")) == (status, True)


def test_checkpoints_as_they_are_told(plane: FakeControlPlane, get: Get) -> None:
    plane.add_trainer("mine")
    place = [{"availabilityClass": "MANAGED_DURABLE", "region": ""}]
    plane.trainers.save("mine", "new", "TRAINING", availability=place)
    plane.trainers.save("mine", "old", "INFERENCE_BASE", age_s=60, promotable=False, updateTime=ABSENT)
    old, new = get("rlorTrainerJobs/mine/checkpoints")["checkpoints"]
    assert (old["name"].rsplit("/", 1)[1], old["promotable"], "updateTime" in old) == ("old", False, False)
    assert new["availability"] == place


EDITS: dict[str, tuple[dict[str, Any], Callable[[Any], bool]]] = {
    "an unknown state": ({"state": "JOB_STATE_NEW"}, lambda j: j["state"] == "JOB_STATE_NEW"),
    "a new field": ({"carbon": {"g": 1}}, lambda j: j["carbon"] == {"g": 1}),
    "no state": ({"state": ABSENT}, lambda j: "state" not in j),
    "part of an object": (
        {"trainingConfig": {"loraRank": 8}},
        lambda j: j["trainingConfig"]["loraRank"] == 8 and j["trainingConfig"]["baseModel"] == MODEL,
    ),
    "no part of an object": (
        {"trainingConfig": {"loraRank": ABSENT}},
        lambda j: set(j["trainingConfig"]) == {"baseModel", "learningRate", "maxContextLength"},
    ),
}


@pytest.mark.parametrize(("fields", "holds"), EDITS.values(), ids=EDITS)
def test_edits(
    plane: FakeControlPlane, get: Get, fields: dict[str, Any], holds: Callable[[Any], bool]
) -> None:
    plane.add_trainer("mine")
    plane.trainers.edit("mine", **fields)
    assert holds(get("rlorTrainerJobs/mine"))
    assert holds(get("rlorTrainerJobs")["rlorTrainerJobs"][0])


@pytest.mark.parametrize("zeros", [True, False])
@pytest.mark.parametrize("version", [True, False])
def test_how_answers_look(zeros: bool, version: bool) -> None:
    plane = FakeControlPlane(omit_zero=not zeros, training_shape_version=version)
    with plane, httpx.Client(base_url=plane.url, headers={"X-Api-Key": plane.key}) as http:
        plane.add_trainer("mine")
        shown = http.get("/v1/accounts/acme/rlorTrainerJobs/mine").json()
    assert ("trainingShapeVersion" in shown) is version
    for field in ("displayName", "keepAlive", "purpose", "dataset"):
        assert (field in shown) is zeros
    assert ("code" in shown["status"]) is zeros, "OK is the zero of its enum"
    assert shown["trainingConfig"].get("loraRank") == (0 if zeros else None)
