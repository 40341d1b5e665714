"""The real SDK reads what probes will read: the fake says it in words and fields that the SDK knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.behaviour.test_fake_runs_the_sdk import MANAGERS
from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.scenarios import SCENARIOS, TRAINER

if TYPE_CHECKING:
    from tests.behaviour.conftest import Run

READS = (
    MANAGERS
    + f"""
from fireworks.training.sdk import FireworksClient
plain = FireworksClient(**account)
JOB = {TRAINER!r}
"""
)

Prepare = Callable[[FakeControlPlane], object]


def scenario(name: str) -> Prepare:
    return SCENARIOS[name].prepare


def purged(plane: FakeControlPlane) -> None:
    SCENARIOS["tombstone"].prepare(plane)
    plane.clock.advance(3 * 86400)


# How the fake is set, what the SDK is asked, whether it raises, what is printed.
SEEN: dict[str, tuple[Prepare, str, bool, str]] = {
    "a healthy pair": (
        scenario("healthy"),
        """
info = deployments.get('serving')
print(jobs.get(JOB)['state'], info.state, info.hot_load_trainer_job, info.hot_load_bucket_url)
print([c['promotable'] for c in plain.list_checkpoints(JOB)])
print(deployments.hotload_check_status('serving', MODEL)['replicas'][1]['current_snapshot_identity'])
""",
        False,
        (
            "JOB_STATE_RUNNING READY accounts/acme/rlorTrainerJobs/my-trainer gs://fireworks-artifacts-acme-0a1b2c/"
            "rl-checkpoints/acme/trainer-my-trainer\n[True, False, False]\nstep-20-8c48d803"
        ),
    ),
    "only the first replica counts": (
        scenario("replicas-differ"),
        "print(deployments.wait_for_hotload('serving', MODEL, 'step-20-8c48d803', timeout_seconds=1, poll_interval=1))",
        False,
        "True",
    ),
    "a reason for failing": (
        scenario("failed"),
        "jobs.wait_for_ready(JOB, timeout_s=5, poll_interval_s=0.01)",
        True,
        "tier does not include this accelerator",
    ),
    "a tombstone is promoted": (
        scenario("tombstone"),
        """
(name,) = [c['name'] for c in plain.list_checkpoints(JOB) if c['promotable']]
print(plain.promote_checkpoint(name=name, output_model_id='kept', base_model=MODEL)['state'])
""",
        False,
        "READY",
    ),
    "later it is gone": (purged, "jobs.get(JOB)", True, "was not found in this account"),
    "two accounts": (scenario("two-accounts"), "jobs.account_id", True, "multiple accounts"),
    "no account": (
        scenario("no-account"),
        "jobs.account_id",
        True,
        "not associated with any Fireworks account",
    ),
    "no replicas": (
        scenario("unknown-status"),
        "deployments.wait_for_hotload('serving', MODEL, 'step-20-8c48d803', timeout_seconds=1, poll_interval=1)",
        True,
        "Unrecognized hotload status response format",
    ),
    "a newer server": (
        scenario("from-the-future"),
        "print(jobs.get(JOB)['state'], deployments.get('serving').state)",
        False,
        "JOB_STATE_HIBERNATING MIGRATING",
    ),
    "a hidden shape": (
        lambda p: p.world.refused_shapes.update(
            {"accounts/fireworks/trainingShapes/qwen3-8b-128k-h200": 403}
        ),
        "jobs.resolve_training_profile(SHAPE)",
        True,
        "403",
    ),
    "a refusal below error": (
        lambda p: p.fail("trainingShapes", faults.error(403, "not for you", nested=True)),
        "jobs.resolve_training_profile(SHAPE)",
        True,
        "not for you",
    ),
}


@pytest.mark.parametrize(("prepare", "code", "fails", "words"), SEEN.values(), ids=SEEN)
def test_reads(
    run: Run, plane: FakeControlPlane, prepare: Prepare, code: str, fails: bool, words: str
) -> None:
    prepare(plane)
    ended = run(READS + code, fails=fails)
    assert words in ended.output


def test_waiting_for_a_trainer_that_follows_the_clock(run: Run, plane: FakeControlPlane) -> None:
    """Each look of the SDK is half a minute of the fake's time."""
    plane.settings.by_clock = True
    plane.rewrite("rlorTrainerJobs/", lambda answer: (plane.clock.advance(30), answer)[1])
    run(
        READS
        + """
config = TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE)
jobs.create_and_wait(config, poll_interval_s=0.01)
"""
    )
    (trainer,) = plane.world.trainers.values()
    assert trainer.state == "JOB_STATE_RUNNING"
    looks = plane.log.find("GET", "rlorTrainerJobs/[^/]+$")
    assert len(looks) >= 6, "a minute to be made, two to start"
