"""The real, unmodified SDK against the fake: its whole managed path, and the managers of old scripts.

What is asserted here is what the SDK asks for and what the platform is left with: the base on which ports are
compared with what they port.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.catalogue import LORA_SHAPE, MODEL, POLICY_SHAPE, REFERENCE_SHAPE

if TYPE_CHECKING:
    from tests.behaviour.conftest import Run

SERVICE = f"""
from fireworks.training.sdk import FiretitanServiceClient
from sample_data import ADAM, batch

MODEL = {MODEL!r}
SHAPE = {POLICY_SHAPE!r}
REFERENCE = {REFERENCE_SHAPE!r}
LORA = {LORA_SHAPE!r}


def connect(**options):
    settings = dict(base_model=MODEL, tokenizer_model="Qwen/Qwen3-8B", training_shape_id=SHAPE)
    return FiretitanServiceClient.from_firetitan_config(**settings | options)

"""

MANAGERS = f"""
import os
from fireworks.training.sdk import (
    DeploymentConfig, DeploymentManager, FiretitanServiceClient, TrainerJobConfig, TrainerJobManager, WeightSyncer
)
from sample_data import ADAM, batch

MODEL = {MODEL!r}
SHAPE = {POLICY_SHAPE!r}
account = dict(api_key=os.environ["FIREWORKS_API_KEY"], base_url=os.environ["FIREWORKS_BASE_URL"])
jobs = TrainerJobManager(**account)
deployments = DeploymentManager(**account)

"""

WHOLE = (
    SERVICE
    + """
service = connect(
    deployment_id="serving", learning_rate=2e-5, display_name="mine", region="US_VIRGINIA_1",
    cleanup_trainer_on_close=True, cleanup_deployment_on_close="scale_to_zero",
)
client = service.create_training_client(MODEL, lora_rank=0)
assert client.forward(batch(), "cross_entropy").result().metrics["loss:sum"] == 2.5
client.forward_backward(batch(), "cross_entropy").result()
client.optim_step(ADAM).result()
assert client.save_state("dcp-1").result().path == "dcp-1"
assert client.list_checkpoints() == ["dcp-1"]
for step in range(2):
    saved = client.save_weights_for_sampler(f"step-{step}").result()
    service.hotload_sampler_snapshot(saved.path)
kinds = [row["checkpointType"] for row in service.list_checkpoints(service.trainer_job_id)]
assert [k.removeprefix("CHECKPOINT_TYPE_") for k in kinds] == ["TRAINING", "INFERENCE_BASE", "INFERENCE_ARC_V2"]
client.load_state_with_optimizer("dcp-1").result()
service.close()
"""
)


def test_the_managed_path(run: Run, plane: FakeControlPlane) -> None:
    run(WHOLE)
    log = plane.log
    job = log.one("POST", "rlorTrainerJobs$")
    trainer = plane.world.trainer(job.query["rlorTrainerJobId"])
    assert job.query["trainingShape"].split("/versions/")[0] == POLICY_SHAPE
    assert "skipValidations" not in job.query
    assert job.body == {
        "serviceMode": True,
        "keepAlive": False,
        "dataset": "",
        "displayName": "mine",
        "trainingConfig": {
            "baseModel": MODEL,
            "loraRank": 0,
            "learningRate": 2e-5,
            "region": "US_VIRGINIA_1",
        },
        "useReservation": True,
    }
    deployment = log.one("POST", "/deployments$")
    assert deployment.query == {"deploymentId": "serving"}
    del (body := dict(deployment.body))["description"]
    body.pop("annotations", None)  # up to 1.2.24 or so
    assert body == {
        "baseModel": MODEL,
        "deploymentShape": "accounts/fireworks/deploymentShapes/rft-qwen3-8b/versions/d1",
        "enableHotLoad": True,
        "forTraining": True,
        "hotLoadBucketType": "FW_HOSTED",
        "hotLoadTrainerJob": trainer.name,
        "maxReplicaCount": 1,
        "minReplicaCount": 1,
        "placement": {"region": "US_VIRGINIA_1"},
    }
    assert log.changes() == [
        "POST rlorTrainerJobs",
        "POST deployments",
        "POST /hot_load/v1/models/hot_load",
        "POST /hot_load/v1/models/hot_load",
        "PATCH deployments/serving",
        "DELETE rlorTrainerJobs/<trainer-1>",
    ]
    base, delta = (c.body for c in log.find("POST", "hot_load"))
    assert "incremental_snapshot_metadata" not in base
    assert delta["incremental_snapshot_metadata"]["previous_snapshot_identity"] == base["identity"]


@pytest.mark.parametrize(
    ("trainer", "deployment", "state", "replicas"),
    [
        (False, None, "JOB_STATE_RUNNING", 1),
        (True, None, "JOB_STATE_DELETED", 1),
        (False, "scale_to_zero", "JOB_STATE_RUNNING", 0),
        (True, "delete", "JOB_STATE_DELETED", None),
    ],
)
def test_what_close_leaves(
    run: Run,
    plane: FakeControlPlane,
    trainer: bool,
    deployment: str | None,
    state: str,
    replicas: int | None,
) -> None:
    run(
        SERVICE
        + f"""
with __import__("contextlib").closing(connect(
    deployment_id="serving", cleanup_trainer_on_close={trainer}, cleanup_deployment_on_close={deployment!r}
)) as service:
    service.create_training_client(MODEL)
"""
    )
    (job,) = plane.world.trainers.values()
    assert job.state == state
    left = plane.world.deployments.get("serving")
    assert (left and left.row["maxReplicaCount"]) == replicas


@pytest.mark.parametrize("state", ["JOB_STATE_RUNNING", "JOB_STATE_CANCELLED"])
def test_an_attached_trainer_is_resumed_if_need_be_and_never_deleted(
    run: Run, plane: FakeControlPlane, state: str
) -> None:
    job = plane.add_trainer("my-job", state)
    run(
        SERVICE
        + """
service = connect(trainer_job_id="my-job", create_deployment=False, cleanup_trainer_on_close=True)
service.create_training_client(MODEL).forward(batch(), "cross_entropy").result()
assert service.trainer_job_id == "my-job"
service.close()
"""
    )
    resumed = ["POST rlorTrainerJobs/my-job:resume"] if state == "JOB_STATE_CANCELLED" else []
    assert plane.log.changes() == resumed
    assert job.state == "JOB_STATE_RUNNING"


def test_a_full_reference_is_a_second_trainer_and_goes_with_the_service(
    run: Run, plane: FakeControlPlane
) -> None:
    run(
        SERVICE
        + """
service = connect(create_deployment=False, reference_required=True, reference_training_shape_id=REFERENCE)
client = service.create_training_client(MODEL)
reference = service.create_reference_client(MODEL, lora_rank=0)
reference.forward(batch(), "cross_entropy").result()
assert service.reference_trainer_job_id != service.trainer_job_id
try:
    reference.optim_step(ADAM).result()
except Exception as error:
    assert "frozen" in str(error)
else:
    raise SystemExit("a reference was trained")
service.close()
"""
    )
    policy, reference = plane.world.trainers.values()
    assert (policy.forward_only, reference.forward_only) == (False, True)
    assert (policy.state, reference.state) == ("JOB_STATE_RUNNING", "JOB_STATE_DELETED")
    assert (reference.shape_version or "").split("/versions/")[0] == REFERENCE_SHAPE


def test_a_lora_reference_shares_the_trainer(run: Run, plane: FakeControlPlane) -> None:
    run(
        SERVICE
        + """
service = connect(training_shape_id=LORA, lora_rank=16, create_deployment=False, reference_required=True)
client = service.create_training_client(MODEL, lora_rank=16)
reference = service.create_reference_client(MODEL, lora_rank=16)
reference.forward(batch(), "cross_entropy").result()
assert service.reference_client_job_id == service.trainer_job_id
service.close()
"""
    )
    assert len(plane.world.trainers) == 1
    policy, base = (c.body for c in plane.log.find("POST", "create_model$"))
    assert policy["lora_config"]["rank"] == 16
    assert base["base_only"] is True


def test_a_lora_adapter_is_reported_as_an_adapter(run: Run, plane: FakeControlPlane) -> None:
    run(
        SERVICE
        + """
service = connect(training_shape_id=LORA, lora_rank=16, deployment_id="serving")
client = service.create_training_client(MODEL, lora_rank=16)
for step in range(2):
    service.hotload_sampler_snapshot(client.save_weights_for_sampler(f"step-{step}").result().path)
service.close()
"""
    )
    (replica,) = plane.world.deployment("serving").replicas
    assert replica.current is None
    assert [a["identity"][:7] for a in replica.adapters] == ["step-1-"]
    assert all("incremental_snapshot_metadata" not in c.body for c in plane.log.find("POST", "hot_load"))


def test_a_kept_deployment_is_pointed_at_the_new_trainer(run: Run, plane: FakeControlPlane) -> None:
    run(
        SERVICE
        + """
for number in range(2):
    service = connect(
        deployment_id="serving", cleanup_trainer_on_close=True, cleanup_deployment_on_close="delete" if number else None,
        reattach_poll_interval_s=0.01,
    )
    client = service.create_training_client(MODEL)
    assert service.requires_initial_sampler_sync() is bool(number)
    service.hotload_sampler_snapshot(client.save_weights_for_sampler("step", checkpoint_type="base").result().path)
    service.close()
"""
    )
    first, second = plane.world.trainers.values()
    patch = plane.log.one("PATCH", "deployments/serving")
    assert patch.query == {"updateMask": "hot_load_trainer_job"}
    assert patch.body == {"hotLoadTrainerJob": second.name}
    # A deployment that was there before belongs to somebody else: it stays.
    deployment = plane.world.deployment("serving")
    assert deployment.row["hotLoadBucketUrl"] == second.bucket != first.bucket
    assert [r.identity for r in deployment.replicas] == ["serving-pod-2"]


def test_sampling_through_the_deployment(run: Run) -> None:
    ended = run(
        SERVICE
        + """
import asyncio
service = connect(deployment_id="serving")
client = service.create_training_client(MODEL)
saved = client.save_weights_for_sampler("step").result()
sampler = service.create_deployment_sampler(model_path=saved.path)

async def sample():
    for echo in (False, True):
        found = await sampler.sample_with_prompt_tokens([1, 2], n=2, max_tokens=2, logprobs=True, echo=echo)
        print(sampler.model, [c.full_tokens for c in found])

asyncio.run(sample())
service.close()
"""
    )
    sampled = "accounts/acme/deployments/serving [[1, 2, 7, 8], [1, 2, 7, 8]]"
    assert ended.output.count(sampled) == 2


def test_the_managers_path(run: Run, plane: FakeControlPlane) -> None:
    run(
        MANAGERS
        + """
profile = jobs.resolve_training_profile(SHAPE)
endpoint = jobs.create_and_wait(TrainerJobConfig(
    base_model=MODEL, lora_rank=0, learning_rate=1e-5, training_shape_ref=profile.training_shape_version,
    display_name="policy", inactivity_timeout="1800s",
))
deployments.create_or_get(DeploymentConfig(
    deployment_id="serving", base_model=MODEL, deployment_shape=profile.deployment_shape_version,
    min_replica_count=1, max_replica_count=2, hot_load_trainer_job=endpoint.job_name,
))
info = deployments.wait_for_ready("serving")
assert info.hot_load_trainer_job == endpoint.job_name
service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=account["api_key"])
client = service.create_training_client(base_model=MODEL, lora_rank=0)
syncer = WeightSyncer(policy_client=client, deploy_mgr=deployments, deployment_id="serving", base_model=MODEL)
for step in range(3):
    client.forward_backward(batch(step), "cross_entropy").result()
    client.optim_step(ADAM).result()
    syncer.save_and_hotload(f"step-{step}")
deployments.scale_to_zero("serving")
jobs._post(f"/v1/accounts/{jobs.account_id}/rlorTrainerJobs/{endpoint.job_id}:cancel", json={})
assert jobs.get(endpoint.job_id)["state"] == "JOB_STATE_CANCELLED"
assert jobs.reconnect_and_wait(endpoint.job_id).job_id == endpoint.job_id
jobs.delete(endpoint.job_id)
deployments.delete("serving")
assert jobs.get(endpoint.job_id)["state"] == "JOB_STATE_DELETED"
assert deployments.get("serving") is None
assert jobs._get(f"/v1/accounts/{jobs.account_id}/rlorTrainerJobs").json()["rlorTrainerJobs"] == []
"""
    )
    job = plane.log.one("POST", "rlorTrainerJobs$")
    assert job.query["trainingShape"] == f"{POLICY_SHAPE}/versions/v2"
    assert (job.body["displayName"], job.body["inactivityTimeout"]) == ("policy", "1800s")
    assert plane.log.one("POST", "/deployments$").body["forTraining"] is False
    loads = [c.body for c in plane.log.find("POST", "hot_load")]
    bases = [c.get("incremental_snapshot_metadata", {}).get("previous_snapshot_identity") for c in loads]
    assert bases == [None, loads[0]["identity"], loads[1]["identity"]]
    assert plane.log.changes()[-5:] == [
        "PATCH deployments/serving",
        "POST rlorTrainerJobs/<trainer-1>:cancel",
        "POST rlorTrainerJobs/<trainer-1>:resume",
        "DELETE rlorTrainerJobs/<trainer-1>",
        "DELETE deployments/serving",
    ]


def test_a_bucket_of_the_deployment(run: Run, plane: FakeControlPlane) -> None:
    """PER_DEPLOYMENT: the deployment is first and has the bucket; trainers write into it, one after the other."""
    run(
        MANAGERS
        + """
shape = jobs.resolve_training_profile(SHAPE)
config = DeploymentConfig(
    deployment_id="serving", base_model=MODEL, deployment_shape=shape.deployment_shape_version, min_replica_count=1
)
assert deployments.create_or_get(config).hot_load_bucket_url.endswith("/rl-checkpoints/acme/serving")
for number in range(2):
    endpoint = jobs.create_and_wait(TrainerJobConfig(
        base_model=MODEL, training_shape_ref=shape.training_shape_version, hot_load_deployment_id="serving"
    ))
    deployments.wait_for_ready("serving")
    client = FiretitanServiceClient(base_url=endpoint.base_url, api_key=account["api_key"]).create_training_client(MODEL)
    syncer = WeightSyncer(policy_client=client, deploy_mgr=deployments, deployment_id="serving", base_model=MODEL)
    syncer.save_and_hotload("step", checkpoint_type="base")
try:
    deployments.create_or_get(DeploymentConfig(
        deployment_id="other", base_model=MODEL, deployment_shape=shape.deployment_shape_version,
        hot_load_trainer_job=endpoint.job_name,
    ))
except Exception as error:
    print("refused", error.response.json()["message"])
"""
    )
    assert [t.bucket for t in plane.world.trainers.values()] == [plane.world.bucket("serving")] * 2
    assert plane.log.find("POST", "/deployments$")[1].status == 400


def test_checkpoints_come_in_pages_and_are_promoted(run: Run, plane: FakeControlPlane) -> None:
    ended = run(
        SERVICE
        + """
service = connect(create_deployment=False, cleanup_trainer_on_close=True)
client = service.create_training_client(MODEL)
for step in range(5):
    client.save_weights_for_sampler(f"step-{step}").result()
job = service.trainer_job_id
service.close()
from fireworks.training.sdk import FireworksClient
import os
plain = FireworksClient(api_key=os.environ["FIREWORKS_API_KEY"], base_url=os.environ["FIREWORKS_BASE_URL"])
rows = plain.list_checkpoints(job, page_size=2)
assert len(rows) == 5 and [r["promotable"] for r in rows] == [True, False, False, False, False]
for row in rows[:2]:
    try:
        print(plain.promote_checkpoint(name=row["name"], output_model_id="tuned", base_model=MODEL))
    except RuntimeError as error:
        print("refused:", "cannot be promoted" in str(error))
"""
    )
    assert len(plane.log.find("GET", "/checkpoints$")) == 3
    assert plane.world.models["accounts/acme/models/tuned"]["kind"] == "HF_BASE_MODEL"
    assert "'state': 'READY'" in ended.output
    assert "refused: True" in ended.output


@pytest.mark.parametrize("zeros", [True, False])
def test_answers_with_and_without_zero_values(run: Run, plane: FakeControlPlane, zeros: bool) -> None:
    plane.settings.omit_zeros = not zeros
    plane.settings.futures_try_again = 1
    run(WHOLE)
    assert plane.log.find("POST", "retrieve_future")


# What goes wrong, and the words of the SDK for it. (how the fake is set, the call, what is printed)
FAILURES = {
    "401": (
        lambda p: None,
        "TrainerJobManager(api_key='fw_other', base_url=account['base_url']).account_id",
        "401 Unauthorized",
    ),
    "403 with a reason": (
        lambda p: p.settings.fail(
            "POST", "rlorTrainerJobs$", 403, "not your tier", reason="ACCELERATOR_TIER_REQUIRED"
        ),
        "jobs.create(TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE))",
        "not your tier",
    ),
    "more than one account": (
        lambda p: p.reading.accounts.append({"name": "accounts/other"}),
        "jobs.account_id",
        "multiple accounts",
    ),
    "an unknown job": (lambda p: None, "jobs.get('gone')", "was not found in this account"),
    "a job that fails": (
        lambda p: p.settings.plan_trainer(
            "JOB_STATE_CREATING", "JOB_STATE_FAILED", code="INTERNAL", message="the image has no entry point"
        ),
        "jobs.create_and_wait(TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE))",
        "the image has no entry point",
    ),
    "a shape without a validated version": (
        lambda p: None,
        "jobs.resolve_training_profile('accounts/fireworks/trainingShapes/qwen3-8b-next')",
        "Failed to resolve latest validated",
    ),
    "a version that is not validated": (
        lambda p: None,
        "jobs.create(TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE + '/versions/v3'))",
        "is not validated",
    ),
    "accelerators by hand": (
        lambda p: None,
        "jobs.create(TrainerJobConfig(base_model=MODEL, accelerator_type='NVIDIA_H200_141GB'))",
        "requires a superuser API key",
    ),
    "the id of a deleted job": (
        lambda p: p.add_trainer("mine", "JOB_STATE_DELETED"),
        "jobs.create(TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE, requested_job_id='mine'))",
        "cannot be recreated",
    ),
    "resuming what runs": (lambda p: p.add_trainer("mine"), "jobs._resume('mine')", "400 Bad Request"),
    "a deployment that fails": (
        lambda p: p.settings.plan_deployment("CREATING", "FAILED", message="no capacity"),
        "deployments.create_or_get(DeploymentConfig(deployment_id='d', base_model=MODEL)); deployments.wait_for_ready('d')",
        "entered bad state: FAILED",
    ),
    "a snapshot that is not in the bucket": (
        lambda p: None,
        """
deployments.create_or_get(DeploymentConfig(deployment_id='d', base_model=MODEL))
deployments.wait_for_ready('d')
assert deployments.hotload_and_wait('d', MODEL, 'nowhere') is False
exit(deployments.last_hotload_error_message)
""",
        "Hotload failed for snapshot 'nowhere'",
    ),
}


@pytest.mark.parametrize(("prepare", "code", "words"), FAILURES.values(), ids=FAILURES)
def test_failures(run: Run, plane: FakeControlPlane, prepare, code: str, words: str) -> None:  # type: ignore[no-untyped-def]
    prepare(plane)
    ended = run(MANAGERS + code, fails=True)
    assert words in ended.output


def test_one_503_is_survived(run: Run, plane: FakeControlPlane) -> None:
    plane.settings.fail("GET", "/v1/accounts$", 503, times=1)
    # The real back-off is a second; what counts is that it asks again.
    run("import time\ntime.sleep = lambda _: None\n" + MANAGERS + "print(jobs.account_id)")
    assert [c.status for c in plane.log.calls] == [503, 200]


def test_pending_is_waited_for(run: Run, plane: FakeControlPlane) -> None:
    plane.settings.plan_trainer(
        "JOB_STATE_PENDING", "JOB_STATE_PENDING", "JOB_STATE_CREATING", "JOB_STATE_RUNNING"
    )
    run(
        MANAGERS
        + """
jobs.create_and_wait(TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE), poll_interval_s=0.01)
"""
    )
    assert len(plane.log.find("GET", "rlorTrainerJobs/")) == 3 + len(plane.log.find("GET", "healthz$"))


def test_nothing_is_said_to_the_outside(run: Run, plane: FakeControlPlane) -> None:
    """The runs are quiet: no telemetry, whose flushing takes seconds, and no variables of the developer."""
    ended = run(
        SERVICE
        + """
import json, os
connect(create_deployment=False).create_training_client(MODEL)
print(json.dumps(sorted(k for k in os.environ if k.startswith(("FIREWORKS_", "TINKER_")))))
"""
    )
    assert json.loads(ended.output.strip().splitlines()[-1]) == [
        "FIREWORKS_API_KEY",
        "FIREWORKS_BASE_URL",
        "TINKER_TELEMETRY",
    ]
    assert not plane.log.find("POST", "telemetry")
