"""Keys, accounts, and what an account holds beside trainers and deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.catalogue import DEPLOYMENT_SHAPE, MODEL, POLICY_SHAPE, UNVALIDATED_SHAPE
from tests.fake_control_plane.clock import stamp

if TYPE_CHECKING:
    from tests.fake_plane.conftest import Get

TRAINING = "/training/v1/rlorTrainerJobs/acme/mine/api/v1/healthz"
ASKED = (
    "/v1/accounts",
    "/v1/accounts/acme",
    "/v1/accounts/acme/rlorTrainerJobs/mine",
    "/v1/accounts/acme/deployments",
    f"/v1/{MODEL}",
    TRAINING,
    "/hot_load/v1/models/hot_load",
)
#: What each key gets for these. A key of two accounts sees what either has.
KEYS: dict[str, list[int]] = {
    "fw_fake_key": [200] * 7,
    "fw_unknown": [401] * 7,
    "fw_inference": [403] * 6 + [200],
    "fw_other": [200, 403, 403, 403, 200, 403, 403],
    "fw_both": [200] * 7,
}


def ask(plane: FakeControlPlane, path: str, key: str, *, bearer: bool = True) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if bearer else {"X-Api-Key": key}
    if path.startswith("/hot_load"):
        headers |= {"fireworks-deployment": "accounts/acme/deployments/serving", "fireworks-model": MODEL}
    return httpx.get(plane.url + path, headers=headers)


@pytest.mark.parametrize("bearer", [True, False])
@pytest.mark.parametrize(("key", "statuses"), KEYS.items(), ids=KEYS)
def test_keys(plane: FakeControlPlane, key: str, statuses: list[int], bearer: bool) -> None:
    plane.add_key("fw_inference", inference_only=True)
    plane.add_key("fw_other", accounts=("other",))
    plane.add_key("fw_both", accounts=("acme", "other"))
    plane.add_deployment("serving", plane.add_trainer("mine"))
    assert [ask(plane, path, key, bearer=bearer).status_code for path in ASKED] == statuses
    assert key not in repr(plane.log.calls)
    assert key not in str(plane.log)


def test_a_key_of_another_account(plane: FakeControlPlane) -> None:
    plane.add_key("fw_other", accounts=("other",))
    plane.add_trainer("mine")
    listed = ask(plane, "/v1/accounts", "fw_other").json()["accounts"]
    assert [a["name"] for a in listed] == ["accounts/other"]
    assert ask(plane, "/v1/accounts/other/rlorTrainerJobs", "fw_other").json()["rlorTrainerJobs"] == []
    assert ask(plane, "/v1/accounts/other/rlorTrainerJobs/mine", "fw_other").status_code == 404
    plane.settings.foreign_status = 404
    assert ask(plane, "/v1/accounts/acme/rlorTrainerJobs/mine", "fw_other").status_code == 404


def test_two_accounts_of_one_key(plane: FakeControlPlane) -> None:
    plane.reading.accounts.append({**plane.reading.accounts[0], "name": "accounts/other"})
    assert ask(plane, "/v1/accounts/other", plane.key).json()["name"] == "accounts/other"
    assert ask(plane, "/v1/accounts/other/deployments", plane.key).json() == {
        "deployments": [],
        "totalSize": 0,
    }
    assert ask(plane, "/v1/accounts/third", plane.key).status_code == 403


def test_read_masks(plane: FakeControlPlane, get: Get) -> None:
    plane.add_trainer("mine")
    (row,) = get("rlorTrainerJobs", readMask="name,create_time,trainingConfig.baseModel")["rlorTrainerJobs"]
    assert set(row) == {"name", "createTime", "trainingConfig"}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_accounts(plane: FakeControlPlane, count: int) -> None:
    first = plane.reading.accounts[0]
    plane.reading.accounts[:] = [first, {**first, "name": "accounts/other"}][:count]
    answer = ask(plane, "/v1/accounts?pageSize=2", plane.key).json()
    assert (len(answer["accounts"]), answer["totalSize"]) == (count, count)


def test_a_suspended_account_makes_nothing(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    plane.suspend("CREDIT_DEPLETED")
    assert http.get("/v1/accounts/acme").json()["suspendState"] == "CREDIT_DEPLETED"
    refused = http.post("/v1/accounts/acme/rlorTrainerJobs", json={"trainingConfig": {"baseModel": MODEL}})
    assert (refused.status_code, refused.json()["code"]) == (412, 9)
    assert get("rlorTrainerJobs")["rlorTrainerJobs"] == []


def test_quotas(plane: FakeControlPlane, get: Get) -> None:
    plane.set_quota("training-h200-count", 16, 8)
    plane.set_quota("training-h200-count", 16, 15.5)
    (quota,) = get("quotas")["quotas"]
    assert (quota["value"], quota["maxValue"], quota["usage"]) == ("16", "16", 15.5)


def test_the_audit_log_is_for_enterprise(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    plane.add_trainer("mine")
    plane.add_trainer("other")
    path = "/v1/accounts/acme/rlorTrainerJobs"
    http.post(f"{path}/mine:cancel", json={})
    http.delete(f"{path}/other")
    plane.clock.advance(3600)
    between = stamp(plane.clock.now())
    http.delete(f"{path}/mine")
    http.post(f"{path}/mine:cancel", json={})
    plane.fail("rlorTrainerJobs/mine", faults.error(503), method="DELETE", times=1)
    assert http.delete(f"{path}/mine").status_code == 503
    assert httpx.delete(f"{plane.url}{path}/mine", headers={"X-Api-Key": "fw_wrong"}).status_code == 401
    assert http.get("/v1/accounts/acme/auditLogs").status_code == 403
    plane.settings.enterprise = True
    rows = get("auditLogs", filter='resource:"rlorTrainerJobs/mine"')["auditLogs"]
    assert [(r["method"], r["status"]["code"]) for r in rows] == [
        ("CancelRlorTrainerJob", "OK"),
        ("DeleteRlorTrainerJob", "OK"),
        ("CancelRlorTrainerJob", "FAILED_PRECONDITION"),
    ]
    late = get("auditLogs", startTime=between)["auditLogs"]
    assert [r["method"] for r in late] == ["DeleteRlorTrainerJob", "CancelRlorTrainerJob"]
    plane.clock.advance(-1)
    early = get("auditLogs", endTime=stamp(plane.clock.now()))["auditLogs"]
    assert [r["method"] for r in early] == ["CancelRlorTrainerJob", "DeleteRlorTrainerJob"]
    assert http.get("/v1/accounts/acme/auditLogs", params={"startTime": "noon"}).status_code == 400


def test_sessions(plane: FakeControlPlane, http: httpx.Client, get: Get) -> None:
    plane.add_session("ts-1", age_s=3600)
    plane.add_session("ts-2", "UNSPECIFIED", displayName="leaked")
    row = {"name": "accounts/acme/trainingSessions/ts-1/checkpoints/run-1-step-1", "promotable": True}
    plane.world.session_checkpoints["ts-1"] = [row]
    states = [s["state"] for s in get("trainingSessions")["trainingSessions"]]
    assert states == ["READY", "TRAINING_SESSION_STATE_UNSPECIFIED"]
    assert get("trainingSessions/ts-1/checkpoints")["trainingSessionCheckpoints"] == [row]
    assert http.delete("/v1/accounts/acme/trainingSessions/ts-1").json() == {}
    assert get("trainingSessions/ts-1")["state"] == "DELETING"
    assert http.get("/v1/accounts/acme/trainingSessions/none").status_code == 404


def test_models(plane: FakeControlPlane, get: Get) -> None:
    plane.add_model("tuned", state="UPLOADING", tunable=False)
    assert get("models/tuned")["state"] == "UPLOADING"
    assert [m["name"] for m in get("models")["models"]] == ["accounts/acme/models/tuned"]


@pytest.mark.parametrize(
    ("refused", "statuses"),
    [(None, [200, 200, 200]), (403, [403, 403, 403]), (404, [404] * 3), (412, [200, 200, 412])],
)
def test_shapes_that_are_not_for_everybody(
    plane: FakeControlPlane, http: httpx.Client, refused: int | None, statuses: list[int]
) -> None:
    if refused:
        plane.world.refused_shapes[POLICY_SHAPE] = refused
    body = {"trainingConfig": {"baseModel": MODEL}}
    query = {"rlorTrainerJobId": "mine", "trainingShape": POLICY_SHAPE}
    answers = [
        http.get(f"/v1/{POLICY_SHAPE}"),
        http.get(f"/v1/{POLICY_SHAPE}/versions/v1"),
        http.post("/v1/accounts/acme/rlorTrainerJobs", params=query, json=body),
    ]
    assert [a.status_code for a in answers] == statuses
    everything = http.get("/v1/accounts/-/trainingShapes/-/versions").json()["trainingShapeVersions"]
    assert any(v["name"].startswith(POLICY_SHAPE) for v in everything) is (refused is None)


def test_which_versions_are_validated(http: httpx.Client) -> None:
    def names(shape: str) -> list[str]:
        query = {"filter": "latest_validated=true", "pageSize": "1"}
        answer = http.get(f"/v1/{shape}/versions", params=query).json()
        return [v["name"] for v in answer["trainingShapeVersions"]]

    assert names(POLICY_SHAPE) == [f"{POLICY_SHAPE}/versions/v2"]
    assert names(UNVALIDATED_SHAPE) == []
    version = http.get(f"/v1/{DEPLOYMENT_SHAPE}/versions/d1").json()
    assert (version["validated"], version["latestValidated"]) == (True, False)
