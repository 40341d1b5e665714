"""What ports ask of the platform: by hand against what they port, and fwdoctor's against those by hand.

``scripts/direct`` holds old scripts that use the SDK's managers, each with a port by hand to
``FiretitanServiceClient.from_firetitan_config``. Each pair runs against the fake. What changes on the platform
may differ only as the table says, and each difference is there for a reason.

What fwdoctor makes of the old script is compared with the port by hand: where it rewrites, both must ask for
exactly the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from tests.behaviour.running import SCRIPTS, ScriptFailed, Sdk, port_script, run_script
from tests.fake_control_plane import FakeControlPlane, Log, differences
from tests.fake_control_plane.catalogue import DEPLOYMENT_SHAPE, LORA_SHAPE, POLICY_SHAPE

DIRECT = SCRIPTS / "direct"

#: The release that the table was written for.
RELEASE = "1.2.28"


def _unpinned(shape: str) -> str:
    """The managed service names the shape; the platform takes its latest validated version (since 1.2.10 or later)."""
    return f"~ POST rlorTrainerJobs: ?trainingShape: {shape}/versions/v2 -> {shape}"


#: The service says of its deployment that it is made for training: it can be reclaimed if the client vanishes.
RECLAIMABLE = "~ POST deployments: forTraining: false -> true"


def _warm_up(deployment: str) -> str:
    """The weight syncer asked the deployment something after each load; the service does not."""
    return (
        f"- POST /inference/v1/completions model=accounts/acme/deployments/{deployment} prompt=[1, 2] max_tokens=4 "
        "temperature=0.0"
    )


@dataclass(frozen=True)
class Case:
    """A pair of scripts, what is set up before each, and how the port differs from the old script.

    ``fwdoctor`` says what it makes of the old script: ``ported`` (as the port by hand), ``kept`` (ported, and
    still asks for exactly what the old script asked for) or ``left`` (nothing to do or to say).
    """

    script: str
    differences: Sequence[str]
    prepare: Callable[[FakeControlPlane], object] = lambda _: None
    fails: bool = False
    fwdoctor: str = "left"


def _running_job(plane: FakeControlPlane) -> None:
    plane.add_trainer("my-job").save("step-100", "CHECKPOINT_TYPE_TRAINING", plane.world.clock())


def _cancelled_job(plane: FakeControlPlane) -> None:
    plane.add_trainer("my-job", "JOB_STATE_CANCELLED")


def _served_by_another(plane: FakeControlPlane) -> None:
    job = plane.add_trainer("yesterday")
    plane.add_deployment("serving", job, shape=DEPLOYMENT_SHAPE)


def _training_fails(plane: FakeControlPlane) -> None:
    plane.settings.fail("POST", "optim_step$", 400, "the loss is not a number")


def _deployment_fails(plane: FakeControlPlane) -> None:
    plane.settings.plan_deployment("CREATING", "FAILED", message="no capacity")


def _trainer_fails(plane: FakeControlPlane) -> None:
    for _ in range(2):  # made, and resumed
        plane.settings.plan_trainer("JOB_STATE_CREATING", "JOB_STATE_FAILED", message="no capacity")


CASES = {
    "supervised": Case("supervised", [_unpinned(POLICY_SHAPE)], fwdoctor="ported"),
    "supervised, and a step fails": Case(
        "supervised",
        [_unpinned(POLICY_SHAPE)],
        prepare=_training_fails,
        fails=True,
        fwdoctor="ported",
    ),
    "supervised, and the trainer fails": Case(
        # The service tries to resume what fails before it was ready. Neither deletes it; it holds no GPUs.
        "supervised",
        [_unpinned(POLICY_SHAPE), "+ POST rlorTrainerJobs/<trainer-1>:resume"],
        prepare=_trainer_fails,
        fails=True,
        fwdoctor="ported",
    ),
    "rollouts": Case(
        "rollouts",
        [RECLAIMABLE, *[_warm_up("rollouts")] * 3, _unpinned(POLICY_SHAPE)],
        fwdoctor="ported",
    ),
    "rollouts, and a step fails": Case(
        "rollouts",
        [RECLAIMABLE, _warm_up("rollouts"), _unpinned(POLICY_SHAPE)],
        prepare=_training_fails,
        fails=True,
        fwdoctor="ported",
    ),
    "rollouts, and the deployment fails": Case(
        # The old script's ``finally`` let the trainer go. The service raises before it knows that it owns one,
        # and leaks it: a port must say so, or somebody pays for it.
        "rollouts",
        [
            RECLAIMABLE,
            "- PATCH deployments/rollouts maxReplicaCount=0 minReplicaCount=0",
            _unpinned(POLICY_SHAPE),
            "- DELETE rlorTrainerJobs/<trainer-1>",
        ],
        prepare=_deployment_fails,
        fails=True,
        fwdoctor="ported",
    ),
    "lora": Case("lora", [RECLAIMABLE], fwdoctor="ported"),
    "reference": Case(
        # One display name for all trainers of a service.
        "reference",
        [
            _unpinned(POLICY_SHAPE),
            _unpinned(LORA_SHAPE),
            "~ POST rlorTrainerJobs: displayName: dpo-reference -> dpo-policy",
        ],
    ),
    "attached": Case("attached", [], prepare=_running_job, fwdoctor="ported"),
    "resumed": Case(
        # The service leaves alone what it did not create; it used to be cancelled.
        "resumed",
        ["- POST rlorTrainerJobs/my-job:cancel"],
        prepare=_cancelled_job,
        fwdoctor="kept",
    ),
    "cancelled": Case(
        # What could be resumed is now deleted: its checkpoints stay for 30 days, the job is a tombstone.
        "cancelled",
        ["- POST rlorTrainerJobs/<trainer-1>:cancel", "+ DELETE rlorTrainerJobs/<trainer-1>"],
        fwdoctor="kept",
    ),
    "kept deployment": Case("kept_deployment", [_warm_up("serving")], prepare=_served_by_another),
    "deployment first": Case(
        # No port keeps this scope: the bucket is the trainer's, and a new trainer means a new bucket.
        "deployment_first",
        [
            "~ POST deployments: forTraining: false -> true",
            "~ POST deployments: hotLoadTrainerJob: (absent) -> accounts/acme/rlorTrainerJobs/<trainer-1>",
            "~ POST rlorTrainerJobs: ?deploymentId: serving -> (absent)",
            _unpinned(POLICY_SHAPE),
            "~ POST rlorTrainerJobs: hotLoadDeploymentId: serving -> (absent)",
        ],
    ),
    "promoted": Case("promoted", []),
}


def run(text: str, case: Case, sdk: Sdk) -> Log:
    """The log of a script that ends as the case says."""
    if not case.fails:
        return run_script(text, sdk=sdk, prepare=case.prepare)
    with pytest.raises(ScriptFailed) as failed:
        run_script(text, sdk=sdk, prepare=case.prepare)
    return failed.value.log


def stable(lines: Sequence[str], sdk: Sdk) -> list[str]:
    """The differences without those that other releases of the SDK make, or do not make, by themselves.

    Up to some release after 1.2.9 the managed service pins the shape's version and annotates its deployment.
    """
    if sdk.release == RELEASE:
        return list(lines)
    own = ("?trainingShape:", "annotations.fireworks-training-sdk/managed-rollout:")
    return [line for line in lines if not any(o in line for o in own)]


def text_of(case: Case, which: str) -> str:
    return (DIRECT / case.script / f"{which}.py").read_text("utf-8")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_port_by_hand_differs_only_as_stated(case: Case, sdk: Sdk) -> None:
    old, new = (run(text_of(case, which), case, sdk) for which in ("old", "new"))
    assert stable(differences(old, new), sdk) == stable(case.differences, sdk)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_fwdoctor_rewrites_asks_for_the_same_as_the_port_by_hand(case: Case, sdk: Sdk) -> None:
    old = text_of(case, "old")
    ported = port_script(old, "latest")
    assert "TODO(fwdoctor)" not in ported
    assert (ported == old) == (case.fwdoctor == "left"), ported
    if case.fwdoctor == "ported":
        by_hand = run(text_of(case, "new"), case, sdk)
        assert differences(by_hand, run(ported, case, sdk), reads=True) == []
    elif case.fwdoctor == "kept":
        assert differences(run(old, case, sdk), run(ported, case, sdk)) == []


def test_every_script_is_in_the_table() -> None:
    assert {case.script for case in CASES.values()} == {p.name for p in DIRECT.iterdir() if p.is_dir()}
