"""Every scenario can be set up and read, shows what it says, and can be started by hand."""

from __future__ import annotations

import datetime as dt
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.catalogue import MODEL
from tests.fake_control_plane.clock import moment, stamp
from tests.fake_control_plane.scenarios import SCENARIOS, TRAINER
from tests.fake_control_plane.state import ENDED

ROOT = Path(__file__).parents[2]
BASE = "/v1/accounts/acme"
JOB, SERVING = f"{BASE}/rlorTrainerJobs/{TRAINER}", f"{BASE}/deployments/serving"
HOT_LOAD = "/hot_load/v1/models/hot_load"
TOLD = {"fireworks-deployment": "accounts/acme/deployments/serving", "fireworks-model": MODEL}

Read = Callable[[str], Any]


def pods(read: Read) -> list[str | None]:
    return [r["current_snapshot_identity"] for r in read(HOT_LOAD)["replicas"]]


def kinds(read: Read) -> list[str]:
    rows = read(f"{JOB}/checkpoints")["checkpoints"]
    return [r["checkpointType"].removeprefix("CHECKPOINT_TYPE_") for r in rows]


# What can be read in each that matters, by its name. A number is the status of an answer that is not good.
SHOWN: dict[str, Callable[[Read], bool]] = {
    "healthy": lambda r: (
        r(JOB)["state"] == "JOB_STATE_RUNNING"
        and pods(r) == ["step-20-8c48d803"] * 2
        and kinds(r) == ["INFERENCE_BASE", "TRAINING", "INFERENCE_ARC_V2"]
    ),
    "stale-attachment": lambda r: (
        r(SERVING)["hotLoadTrainerJob"].endswith("/old-trainer")
        and r(SERVING)["hotLoadBucketUrl"].endswith("trainer-old-trainer")
    ),
    "dead-trainer": lambda r: (
        r(JOB)["state"] == "JOB_STATE_DELETED"
        and r(f"{BASE}/rlorTrainerJobs")["rlorTrainerJobs"] == []
        and r(SERVING)["hotLoadTrainerJob"].endswith(TRAINER)
    ),
    "detached": lambda r: r(JOB)["state"] == "JOB_STATE_DELETED" and not r(SERVING)["hotLoadTrainerJob"],
    "pending": lambda r: r(JOB)["state"] == "JOB_STATE_PENDING",
    "quota-full": lambda r: r(f"{BASE}/quotas")["quotas"][0]["usage"] == 8,
    "unreachable": lambda r: (
        r(JOB)["state"] == "JOB_STATE_RUNNING"
        and r(f"/training/v1/rlorTrainerJobs/acme/{TRAINER}/api/v1/healthz") == 404
    ),
    "idle": lambda r: r(JOB)["state"] == "JOB_STATE_IDLE",
    "failed": lambda r: r(JOB)["status"]["details"][0]["reason"] == "ACCELERATOR_TIER_REQUIRED",
    "failed-silently": lambda r: "details" not in r(JOB)["status"] and kinds(r) == [],
    "preempted": lambda r: r(JOB)["state"] == "JOB_STATE_RE_QUEUEING",
    "tombstone": lambda r: r(JOB)["state"] == "JOB_STATE_DELETED" and len(kinds(r)) == 3,
    "deltas-only": lambda r: set(kinds(r)) == {"INFERENCE_ARC_V2"},
    "no-resume-point": lambda r: kinds(r) == ["INFERENCE_BASE"],
    "two-drivers": lambda r: len({c["name"][-8:] for c in r(f"{JOB}/checkpoints")["checkpoints"]}) == 3,
    "regions-apart": lambda r: (
        r(f"{JOB}/checkpoints")["checkpoints"][0]["availability"][0]["region"] != r(SERVING)["region"]
    ),
    "replicas-differ": lambda r: pods(r) == ["step-20-8c48d803"] * 2 + ["step-10-8c48d803"],
    "behind": lambda r: pods(r) == ["step-10-8c48d803"],
    "load-failed": lambda r: r(HOT_LOAD)["replicas"][0]["loading_state"]["stage"] == "error",
    "adapter-failed": lambda r: r(HOT_LOAD)["replicas"][0]["loaded_adapters"][0]["status"] == "failed",
    "never-synced": lambda r: pods(r) == [None],
    "rolling": lambda r: r(HOT_LOAD) == {"replicas": []},
    "crash-loop": lambda r: r(HOT_LOAD) == 503 and "space" in r(f"{SERVING}/terminationMessage")["message"],
    "unknown-status": lambda r: "replicas" not in r(HOT_LOAD),
    "serving-failed": lambda r: r(SERVING)["state"] == "FAILED",
    "no-capacity": lambda r: (
        r(SERVING)["replicaStats"]["pendingSchedulingReplicaCount"] == 2
        and r(SERVING)["desiredReplicaCount"] == 3
    ),
    "asleep": lambda r: (r(SERVING)["replicaCount"], r(SERVING)["maxReplicaCount"]) == (0, 1),
    "crossed-scopes": lambda r: (
        r(JOB)["hotLoadDeploymentId"] == "first" and r(SERVING)["hotLoadTrainerJob"].endswith(TRAINER)
    ),
    "wrong-bucket": lambda r: (
        r(SERVING)["hotLoadTrainerJob"].endswith(TRAINER)
        and r(SERVING)["hotLoadBucketUrl"].endswith("old-trainer")
    ),
    "shape-outdated": lambda r: not r(f"/v1/{r(JOB)['trainingShapeVersion']}")["validated"],
    "suspended": lambda r: r(BASE)["suspendState"] == "CREDIT_DEPLETED",
    "two-accounts": lambda r: r("/v1/accounts")["totalSize"] == 2,
    "no-account": lambda r: r("/v1/accounts")["totalSize"] == 0,
    "inference-only": lambda r: r("/v1/accounts") == 403 and len(pods(r)) == 2,
    "orphan": lambda r: [j["forwardOnly"] for j in r(f"{BASE}/rlorTrainerJobs")["rlorTrainerJobs"]] == [True],
    "duplicates": lambda r: (
        [j["displayName"] for j in r(f"{BASE}/rlorTrainerJobs")["rlorTrainerJobs"]] == ["my run"] * 3
    ),
    "leaked-sessions": lambda r: r(f"{BASE}/trainingSessions")["totalSize"] == 8,
    "proxy": lambda r: "Sign in" in r("/v1/accounts"),
    "storm": lambda r: [r(f"{BASE}/deployments") for _ in range(4)][:3] == [429] * 3,
    "slow": lambda r: (start := time.monotonic()) > 0 and r(JOB) and time.monotonic() - start >= 0.5,
    "from-the-future": lambda r: r(JOB)["state"] == "JOB_STATE_HIBERNATING" and "region" not in r(SERVING),
    "large": lambda r: (
        r(f"{BASE}/rlorTrainerJobs")["totalSize"] == 500 and r(f"{BASE}/deployments")["totalSize"] == 100
    ),
}


def test_the_table_is_whole() -> None:
    assert set(SHOWN) == set(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario(name: str) -> None:
    told: list[str] = []
    start = dt.datetime(2027, 3, 31, 23, 59, tzinfo=dt.UTC)
    with FakeControlPlane(start=start) as plane:
        SCENARIOS[name].prepare(plane)
        headers = {"Authorization": f"Bearer {plane.key}", **TOLD}
        with httpx.Client(base_url=plane.url, headers=headers) as http:

            def read(path: str) -> Any:
                answer = http.get(path)
                told.append(answer.text)
                if answer.status_code != 200:
                    return answer.status_code
                is_json = answer.headers["content-type"] == "application/json"
                return answer.json() if is_json else answer.text

            assert SHOWN[name](read)
        times = re.findall(r'"(?:create|update|completed)Time": "([^"]+)"', "".join(told))
        assert all(moment(t) <= plane.clock.now() for t in times), "nothing is of the future"
        for trainer in plane.world.trainers.values():
            ended = trainer.entered if trainer.state in ENDED else plane.clock.now()
            order = [trainer.row["createTime"], *(c.created for c in trainer.checkpoints), stamp(ended)]
            assert order == sorted(order), "nothing is saved before it is made or after it has ended"


@pytest.mark.skipif(sys.platform == "win32", reason="there, no other process can be interrupted alone")
def test_by_hand() -> None:
    """Only the standard library is needed: not even site-packages are looked at."""
    order = [sys.executable, "-I", "-S", "-c", "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "]
    order[-1] += "runpy.run_module('tests.fake_control_plane', run_name='__main__', alter_sys=True)"
    process = subprocess.Popen(
        [*order, str(ROOT), "--scenario", "stale-attachment", "--verbose"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(7)]
        exports = dict(re.findall(r"^export (\w+)=(\S+)$", "".join(lines), re.MULTILINE))
        headers = {"X-Api-Key": exports["FIREWORKS_API_KEY"]}
        shown = httpx.get(exports["FIREWORKS_BASE_URL"] + SERVING, headers=headers).json()
        assert shown["hotLoadTrainerJob"].endswith("old-trainer")
        age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(shown["createTime"])
        assert abs(age - dt.timedelta(days=2)) < dt.timedelta(hours=1), "the plane lives in the present"
        assert process.stdout.readline() == f"200 GET {SERVING}\n"
        assert lines[-1] == "# then: fwdoctor probe deployment serving\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


#: A command that says where the control plane is.
ASK = "import os, sys; print(os.environ['FIREWORKS_BASE_URL'], flush=True); sys.exit(3)"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--list"], 0, "stale-attachment   the deployment follows"),
        (["--scenario", "none"], 2, "invalid choice: 'none'"),
        (["--port", "99999"], 2, "must be a number up to 65535"),
        (["--port", "x"], 2, "must be a number up to 65535"),
        (["--", sys.executable, "-c", ASK], 3, "http://127.0.0.1:"),
        (["--", "no-such-command"], 2, "no command no-such-command"),
    ],
)
def test_its_options(arguments: list[str], status: int, words: str) -> None:
    order = [sys.executable, "-m", "tests.fake_control_plane", *arguments]
    ended = subprocess.run(order, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, words in ended.stdout + ended.stderr) == (status, True), ended


def test_a_port_that_is_taken() -> None:
    with FakeControlPlane() as plane:
        order = [sys.executable, "-m", "tests.fake_control_plane", "--port", plane.url.rsplit(":", 1)[1]]
        ended = subprocess.run(order, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.startswith("cannot listen on port")
    assert "Traceback" not in ended.stderr
