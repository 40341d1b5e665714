"""What two runs differ in: made-up ids do not count, everything else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.fake_control_plane import Call, Log, differences

JOBS = "/v1/accounts/acme/rlorTrainerJobs"
LOAD = "/hot_load/v1/models/hot_load"


def call(method: str, path: str, body: Any = None, *, status: int = 200, **query: str) -> Call:
    return Call(method, path, query, body, status, {})


def a_run(job: str, suffix: str, deployment: str, *more: Call) -> Log:
    trainer = f"/training/v1/rlorTrainerJobs/acme/{job}/api/v1"
    follows = f"accounts/acme/rlorTrainerJobs/{job}"
    loaded = Call("POST", LOAD, {}, {"identity": f"step-1-{suffix}"}, 200, _about(deployment))
    return Log(
        [
            call("POST", JOBS, {"displayName": "x", "trainingConfig": {"loraRank": 0}}, rlorTrainerJobId=job),
            call("GET", f"{JOBS}/{job}"),
            call(
                "POST",
                "/v1/accounts/acme/deployments",
                {"hotLoadTrainerJob": follows},
                deploymentId=deployment,
            ),
            call("POST", f"{trainer}/save_weights_for_sampler", {"path": f"step-1-{suffix}", "seq_id": 1}),
            call("POST", f"{trainer}/retrieve_future", {"request_id": suffix}),
            call("POST", f"{trainer}/session_heartbeat", {"session_id": suffix}),
            loaded,
            *more,
        ],
        "acme",
    )


def _about(deployment: str) -> dict[str, str]:
    return {"fireworks-deployment": f"accounts/acme/deployments/{deployment}"}


FIRST = ("training-api-service-0622909f", "8c48d803", "qwen3-8b-1724080000")
SECOND = ("training-api-service-ab12cd34", "00ff00ff", "qwen3-8b-1724081111")


def test_ids_of_a_run_do_not_count() -> None:
    assert differences(a_run(*FIRST), a_run(*SECOND), reads=True) == []
    assert str(a_run(*FIRST)) == str(a_run(*SECOND))
    assert "<trainer-1>" in str(a_run(*FIRST))
    assert "step-1-<client-1>" in str(a_run(*FIRST))
    assert "deployments/<deployment-1>" in str(a_run(*FIRST))
    assert not any(word in str(a_run(*FIRST)) for word in ("heartbeat", "retrieve", "seq_id", *FIRST))


def test_ids_that_somebody_chose_count() -> None:
    assert differences(a_run("mine", *FIRST[1:]), a_run("yours", *FIRST[1:])) != []


def test_lanes_may_interleave_as_they_like() -> None:
    log = a_run(*FIRST)
    trainer = [c for c in log.calls if "deploy" not in c.path and c.path != LOAD]
    others = [c for c in log.calls if c not in trainer]
    assert differences(log, Log([*trainer, *others], "acme"), reads=True) == []


JOB = f"{JOBS}/{FIRST[0]}"
DIFFERENCES: dict[str, tuple[Sequence[Call], Sequence[Call], list[str]]] = {
    "something more": ([], [call("DELETE", JOB)], ["+ DELETE rlorTrainerJobs/<trainer-1>"]),
    "something less": (
        [call("POST", f"{JOB}:cancel", {})],
        [],
        ["- POST rlorTrainerJobs/<trainer-1>:cancel"],
    ),
    "something else": (
        [call("POST", f"{JOB}:cancel", {})],
        [call("DELETE", JOB)],
        ["- POST rlorTrainerJobs/<trainer-1>:cancel", "+ DELETE rlorTrainerJobs/<trainer-1>"],
    ),
    "other words, at any depth": (
        [call("PATCH", JOB, {"a": {"b": 1, "c": [1]}}, mask="a")],
        [call("PATCH", JOB, {"a": {"b": 2, "c": [1]}, "d": None})],
        [
            "~ PATCH rlorTrainerJobs/<trainer-1>: ?mask: a -> (absent)",
            "~ PATCH rlorTrainerJobs/<trainer-1>: a.b: 1 -> 2",
            "~ PATCH rlorTrainerJobs/<trainer-1>: d: (absent) -> null",
        ],
    ),
    "the outcome": (
        [call("DELETE", JOB)],
        [call("DELETE", JOB, status=403)],
        ["~ DELETE rlorTrainerJobs/<trainer-1>: status: (absent) -> 403"],
    ),
    "the order": (
        [call("DELETE", JOB), call("POST", f"{JOB}:resume")],
        [call("POST", f"{JOB}:resume"), call("DELETE", JOB)],
        ["+ POST rlorTrainerJobs/<trainer-1>:resume", "- POST rlorTrainerJobs/<trainer-1>:resume"],
    ),
    "one of several that ask the same place": (
        [call("PATCH", JOB, {"n": n}) for n in (1, 2, 3)],
        [call("PATCH", JOB, {"n": n}) for n in (1, 3)],
        ["- PATCH rlorTrainerJobs/<trainer-1> n=2"],
    ),
    "reads do not count": ([call("GET", JOB)] * 3, [], []),
}


@pytest.mark.parametrize(("before", "after", "expected"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_differences(before: Sequence[Call], after: Sequence[Call], expected: list[str]) -> None:
    one, other = a_run(*FIRST, *before), a_run(*FIRST, *after)
    assert differences(one, other) == expected
    assert differences(one, one, reads=True) == []


def test_reads_count_if_wanted() -> None:
    one, other = a_run(*FIRST, call("GET", JOB)), a_run(*FIRST)
    assert differences(one, other, reads=True) == ["- GET rlorTrainerJobs/<trainer-1>"]


def test_changes_are_what_succeeded_on_the_platform() -> None:
    log = a_run(*FIRST, call("DELETE", JOB, status=404), call("DELETE", JOB))
    assert log.changes() == [
        "POST rlorTrainerJobs",
        "POST deployments",
        f"POST {LOAD}",
        "DELETE rlorTrainerJobs/<trainer-1>",
    ]
