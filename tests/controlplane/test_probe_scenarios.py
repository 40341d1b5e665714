"""What probes say of every scenario, and that nothing they say stands on a field that is not there."""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest

from tests.controlplane.probing import Ask, Change, Inside, messages, of_words, probed, readable, rules, wrong
from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.scenarios import SCENARIOS

# The rules of the look that a scenario is made for, of its deployment and trainer together, and of the account.
# One more or less is a change that users notice.
SHOWN: dict[str, tuple[str, str, str]] = {
    "healthy": ("", "FWP321", ""),
    "stale-attachment": ("FWP302 FWP321", "FWP301 FWP302 FWP321", "FWP302"),
    "dead-trainer": ("FWP302 FWP321", "FWP114 FWP302 FWP321", "FWP302 FWP602"),
    "detached": ("FWP302", "FWP114 FWP302", "FWP302 FWP602"),
    "pending": ("FWP101", "FWP101 FWP322", "FWP101"),
    "quota-full": ("FWP102", "FWP102 FWP322", "FWP102 FWP601"),
    "unreachable": ("FWP104", "FWP104 FWP322", ""),
    "idle": ("FWP106", "FWP106 FWP322", "FWP106"),
    "failed": ("FWP109 FWP111", "FWP109 FWP111 FWP322", ""),
    "failed-silently": ("FWP110 FWP112", "FWP110 FWP112 FWP322", ""),
    "preempted": ("FWP119", "FWP119 FWP322", "FWP119"),
    "tombstone": ("FWP114", "FWP114 FWP322", ""),
    "deltas-only": ("FWP201 FWP204", "FWP107 FWP322", "FWP107"),
    "no-resume-point": ("FWP204", "FWP107 FWP322", "FWP107"),
    "two-drivers": ("FWP206", "FWP322", ""),
    "regions-apart": ("FWP208 FWP321", "FWP208 FWP321", "FWP208"),
    "replicas-differ": ("FWP321 FWP402", "FWP321 FWP402", "FWP402"),
    "behind": ("FWP321 FWP401", "FWP321 FWP401", "FWP401"),
    "load-failed": ("FWP321 FWP403", "FWP321 FWP403", "FWP403"),
    "adapter-failed": ("FWP321 FWP409", "FWP107 FWP321 FWP409", "FWP107 FWP409"),
    "never-synced": ("FWP321 FWP412", "FWP321 FWP412", "FWP412"),
    "rolling": ("FWP321", "FWP321", ""),
    "crash-loop": ("FWP321 FWP408", "FWP321 FWP408", "FWP408"),
    "unknown-status": ("FWP321 FWP414", "FWP321 FWP414", "FWP414"),
    "serving-failed": ("FWP308", "FWP308", "FWP308"),
    "no-capacity": ("FWP309 FWP321", "FWP309 FWP321", "FWP309"),
    "asleep": ("FWP311 FWP321", "FWP311 FWP321", "FWP311"),
    "crossed-scopes": ("FWP319", "FWP305 FWP321", "FWP319"),
    "wrong-bucket": ("FWP303 FWP321", "FWP303 FWP321", "FWP303"),
    "shape-outdated": ("FWP509", "FWP321 FWP509", ""),
    "suspended": ("FWP004 FWP111", "FWP111 FWP322", "FWP004 FWP111"),
    "two-accounts": ("FWP002", "FWP002", "FWP002"),
    "no-account": ("FWP003", "FWP003", "FWP003"),
    "inference-only": ("FWP009", "FWP009", "FWP009"),
    "orphan": ("FWP117", "FWP114 FWP322", "FWP117"),
    "duplicates": ("FWP118", "FWP115 FWP322", "FWP118"),
    "leaked-sessions": ("FWP611 FWP612", "FWP115 FWP322", "FWP611 FWP612"),
    "proxy": ("", "", ""),
    "storm": ("", "FWP321", ""),
    "slow": ("", "FWP321", ""),
    "from-the-future": ("", "", ""),
    "large": ("FWP105", "FWP115 FWP322", "FWP105"),
}


def looks(name: str) -> tuple[str, str, str]:
    """What is looked at, in the order of the table."""
    return SCENARIOS[name].look, "deployment serving my-trainer", "account"


def test_all_scenarios_are_in_the_table() -> None:
    assert set(SHOWN) == set(SCENARIOS)


@pytest.mark.parametrize(
    ("name", "look", "shown"),
    [(n, look, told) for n in SHOWN for look, told in dict(zip(looks(n), SHOWN[n], strict=True)).items()],
)
def test_a_scenario(name: str, look: str, shown: str) -> None:
    with FakeControlPlane() as plane:
        SCENARIOS[name].prepare(plane)
        plane.settings.latency_s = 0
        said = probed(plane, of_words(look))
    assert " ".join(sorted(rules(said))) == shown, messages(said)
    assert bool(said.problems) is (name == "proxy")
    readable(said)


def made(name: str, *, omit_zero: bool = False) -> FakeControlPlane:
    """A scenario that is asked without a network, in no time."""
    plane = FakeControlPlane(omit_zero=omit_zero)
    SCENARIOS[name].prepare(plane)
    plane.settings.latency_s = 0
    return plane


#: Others say nothing more of a field: they are a healthy one with a network that is not, or show no rows.
SMALL = [
    name
    for name in SCENARIOS
    if name not in ("large", "slow", "storm", "two-accounts", "no-account", "inference-only", "proxy")
]


#: In these, everything is looked at; in the others, what they are made for (``HYPOTHESIS_PROFILE=long``: all).
TELLING = {"healthy", "stale-attachment", "crossed-scopes", "adapter-failed", "quota-full", "suspended"}


def asks(name: str) -> dict[str, Ask]:
    wanted = (*looks(name), "checkpoints my-trainer")
    is_long = os.environ.get("HYPOTHESIS_PROFILE") == "long"
    return {look: of_words(look) for look in (wanted if is_long or name in TELLING else wanted[:1])}


@functools.cache
def full(name: str) -> dict[str, frozenset[tuple[str, str | None]]]:
    """What is wrong in a scenario, by what is looked at, where no field is left out."""
    found = {}
    for look, ask in asks(name).items():
        plane = made(name)
        found[look] = frozenset(wrong(probed(plane, ask, Inside(plane))))
    return found


@pytest.mark.parametrize("name", SMALL)
def test_zeros_that_are_left_out_are_no_fault(name: str) -> None:
    for look, ask in asks(name).items():
        plane = made(name, omit_zero=True)
        said = probed(plane, ask, Inside(plane))
        assert wrong(said) <= full(name)[look], messages(said)
        assert said.problems == []


#: The rows of each kind: where their answers come from, and below which key of a list.
ROWS = {
    "job": ("/rlorTrainerJobs", "rlorTrainerJobs"),
    "deployment": ("/deployments", "deployments"),
    "checkpoint": ("/checkpoints", "checkpoints"),
    "replica": ("/hot_load/", "replicas"),
}
# All fields that a row may have: what the fake shows of it.
FIELDS = {
    "job": (
        "acceleratorSeconds completedTime createTime createdBy dataset disableInactivityCleanup displayName "
        "forwardOnly hotLoadDeploymentId inactivityTimeout keepAlive managedBy name nodeCount purpose serviceMode "
        "state status trainerReplicaCount trainingConfig trainingShapeVersion"
    ),
    "deployment": (
        "acceleratorCount acceleratorType annotations baseModel createTime deploymentShape description "
        "desiredReplicaCount enableHotLoad hotLoadBucketType hotLoadBucketUrl hotLoadTrainerJob "
        "hotLoadTransitionType maxReplicaCount minReplicaCount name placement precision preemptible region "
        "replicaCount replicaStats state status updateTime"
    ),
    "checkpoint": "checkpointType createTime name promotable updateTime",
    "replica": (
        "current_snapshot_identity identity loaded_adapters loading_state rdma_weight_sync_enabled readiness "
        "supports_rdma_weight_sync"
    ),
}


def rows_of(kind: str, path: str, answer: Any) -> list[Any]:
    """The rows of a kind in an answer: of a list, or the one that was asked for."""
    place, key = ROWS[kind]
    if not isinstance(answer, dict) or place not in path:
        return []
    if isinstance(answer.get(key), list):
        return [row for row in answer[key] if isinstance(row, dict)]
    single = path.split("/")[-2] == place.strip("/")
    return [answer] if single and "name" in answer and kind in ("job", "deployment") else []


def without(kind: str, field: str) -> Change:
    """Leaves a field out of all rows of a kind."""

    def change(path: str, answer: Any) -> Any:
        for row in rows_of(kind, path, answer):
            row.pop(field, None)
        return answer

    return change


def test_the_fields_are_those_that_rows_have() -> None:
    seen: dict[str, set[str]] = {kind: set() for kind in ROWS}

    def note(path: str, answer: Any) -> Any:
        for kind, fields in seen.items():
            fields.update(*rows_of(kind, path, answer))
        return answer

    for name in ("failed", "healthy"):
        for ask in asks(name).values():
            plane = made(name)
            probed(plane, ask, Inside(plane, note))
    assert {kind: " ".join(sorted(fields)) for kind, fields in seen.items()} == FIELDS


#: What may take the place of something more exact, which stood on the field: it is true as well.
INSTEAD = {
    "FWP101": {"FWP102"},
    "FWP110": {"FWP109"},
    "FWP302": {"FWP303"},
    "FWP305": {"FWP319"},
    "FWP401": {"FWP403"},
    "FWP412": {"FWP305", "FWP319"},
}
#: Servers leave out what is false, and never what is true: a job that does not say that it is a reference is none.
SAYS_SO = {("job", "forwardOnly")}


@pytest.mark.parametrize("name", SMALL)
def test_a_field_that_is_not_there_is_no_fault(name: str) -> None:
    plane = made(name)
    for kind, fields in FIELDS.items():
        for field in fields.split():
            if (kind, field) in SAYS_SO:
                continue
            for look, ask in asks(name).items():
                if kind in ("deployment", "replica") and look.startswith(("job", "checkpoints")):
                    continue
                said = probed(plane, ask, Inside(plane, without(kind, field)))
                before = {rule for rule, _ in full(name)[look]}
                more = {rule for rule, _ in wrong(said)} - before
                more = {rule for rule in more if not INSTEAD.get(rule, set()) & before}
                assert not more, (kind, field, look, messages(said))
                assert said.problems == [], (kind, field, look)
