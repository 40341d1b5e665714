"""What becomes of a job that is resumed, whatever the platform makes of the one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fwdoctor.controlplane.client import ControlPlane
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.names import Kind, parse
from fwdoctor.controlplane.probes import Look
from fwdoctor.controlplane.resume import Candidate, Ending, Resuming, inspect, plan
from fwdoctor.controlplane.timing import Limits
from tests.controlplane.fakes import PATH, clock_of, connection_to, posts
from tests.fake_control_plane import ABSENT, FakeControlPlane, Timing, faults
from tests.fake_control_plane.scenarios import HOUR, MINUTE, SCENARIOS, TRAINER, train
from tests.fake_control_plane.wire import Request, Response

CREATING, PENDING, RUNNING = "JOB_STATE_CREATING", "JOB_STATE_PENDING", "JOB_STATE_RUNNING"
PAUSED, FAILED = "JOB_STATE_PAUSED", "JOB_STATE_FAILED"
ONCE = [(f"{PATH}:resume", {})]

Prepare = Callable[[FakeControlPlane], object]


@pytest.fixture
def plane() -> Iterator[FakeControlPlane]:
    """A trainer that was stopped an hour ago."""
    with FakeControlPlane() as made:
        train(made)
        made.trainers.set_state(TRAINER, "JOB_STATE_CANCELLED", age_s=HOUR)
        yield made


def look(plane: FakeControlPlane) -> Candidate | None:
    async def ask() -> Candidate | None:
        async with ControlPlane(connection_to(plane), clock=clock_of(plane)) as control:
            return await inspect(Look(control, plane.clock.now()), parse(TRAINER, Kind.TRAINER_JOB))

    return asyncio.run(ask())


@dataclass
class Run:
    """One resume: how it ended, what was told on the way, and how long it took."""

    ending: Ending
    told: list[str]
    seconds: float
    rules: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = [f.rule for f in self.ending.findings]


def resume(
    plane: FakeControlPlane,
    *,
    timeout: float = 3600,
    then: Callable[[], object] | None = None,
    connection: Connection | None = None,
    limits: Limits | None = None,
    **options: Any,
) -> Run:
    """Resume the trainer, in the fake's time."""
    candidate = look(plane)
    assert candidate is not None
    told: list[str] = []
    clock = clock_of(plane, then)
    connection = connection or connection_to(plane)
    start = clock.now()

    async def run() -> Ending:
        async with ControlPlane(connection, clock=clock) as control:
            job = Resuming(candidate, connection, control, told.append, clock)
            if limits is not None:
                job.limits = limits
            return await job.run(timeout=timeout, **options)

    return Run(asyncio.run(run()), told, clock.now() - start)


# --- waiting --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wait:
    """What happens after the request, and how waiting for it ends."""

    happens: Prepare
    detail: str
    rules: tuple[str, ...] = ()
    problem: str | None = None
    told: str = ""
    message: str = ""
    within: tuple[float, float] = (0, 30)
    timeout: float = 3600
    #: is done during the first wait
    then: Prepare | None = None


def goes(*states: str) -> Prepare:
    return lambda plane: plane.settings.plan_trainer(*states)


def by_clock(creating: float, starting: float, *, capacity: bool = True) -> Prepare:
    def prepare(plane: FakeControlPlane) -> None:
        plane.settings.by_clock = True
        plane.settings.capacity = capacity
        plane.settings.timing = Timing(creating_s=creating, starting_s=starting)

    return prepare


def paused_for(reads: int) -> Prepare:
    def prepare(plane: FakeControlPlane) -> None:
        plane.trainers.set_state(TRAINER, PAUSED)
        plane.settings.plan_trainer(*[PAUSED] * reads, RUNNING)

    return prepare


def silent(plane: FakeControlPlane) -> None:
    plane.trainers.get(TRAINER).healthy = False
    plane.settings.plan_trainer(RUNNING)


def resumed_and(prepare: Prepare, plane: FakeControlPlane) -> faults.Fault:
    """The right answer, after which something happens."""

    def change(answer: Any) -> Any:
        prepare(plane)
        return answer

    return faults.Fault(change=change)


def unreadable(times: int | None, status: int = 503) -> Prepare:
    return lambda plane: plane.fail(f"{TRAINER}$", faults.error(status), method="GET", times=times)


def state(name: str) -> Prepare:
    return lambda plane: plane.trainers.set_state(TRAINER, f"JOB_STATE_{name}")


def gone(plane: FakeControlPlane) -> None:
    del plane.world.trainers[TRAINER]


@pytest.mark.parametrize(
    "case",
    {
        "at once": Wait(goes(RUNNING), "RUNNING, and its trainer answers, 0 s after it was resumed"),
        "by reads": Wait(
            goes(CREATING, PENDING, RUNNING), "its trainer answers", told="PENDING: it waits for free GPUs"
        ),
        "by the clock": Wait(
            by_clock(60, 120), "its trainer answers, 3 min after", told="CREATING", within=(180, 190)
        ),
        "queues again": Wait(
            goes("JOB_STATE_RE_QUEUEING", "JOB_STATE_RE_QUEUEING", RUNNING),
            "its trainer answers",
            told="RE_QUEUEING",
        ),
        "no capacity": Wait(
            by_clock(60, 120, capacity=False),
            "PENDING: it waits for free GPUs",
            ("FWP133",),
            message="my-trainer is not ready 10 min after it was resumed: PENDING: it waits for free GPUs",
            timeout=600,
            within=(600, 601),
        ),
        "lingers": Wait(
            paused_for(20), "RUNNING, and its trainer answers", told="still PAUSED", within=(60, 120)
        ),
        "does not begin": Wait(
            paused_for(100),
            "still PAUSED",
            ("FWP131",),
            message="my-trainer is still PAUSED, 2 min after it was resumed",
            within=(120, 130),
        ),
        "fails again": Wait(
            goes(CREATING, CREATING, FAILED),
            "FAILED: it failed",
            ("FWP132",),
            message="my-trainer was resumed, and is FAILED",
        ),
        "fails again between two looks": Wait(
            goes(CREATING),
            "FAILED: it failed",
            ("FWP132",),
            told="CREATING",
            then=lambda p: p.trainers.fail(TRAINER, "no room"),
            message="no room",
        ),
        "is cancelled anew, unseen": Wait(
            goes("JOB_STATE_CANCELLED"),
            "CANCELLED: it was stopped",
            ("FWP132",),
            told="still CANCELLED",
            then=state("CANCELLED"),
        ),
        "is deleted": Wait(goes(CREATING), "DELETED: it was deleted", ("FWP132",), then=state("DELETED")),
        "is being deleted first": Wait(
            goes(CREATING, "JOB_STATE_DELETING", "JOB_STATE_DELETED"),
            "DELETED: it was deleted",
            ("FWP132",),
            told="DELETING: it is being deleted",
        ),
        "is gone": Wait(
            goes(CREATING),
            "last seen CREATING: its machines are being set up",
            problem="can no longer be read",
            then=gone,
        ),
        "is idle": Wait(goes(CREATING, "JOB_STATE_IDLE"), "IDLE: no client", ("FWP106",)),
        "an unknown state passes": Wait(
            goes("JOB_STATE_HIBERNATING", "JOB_STATE_HIBERNATING", RUNNING),
            "its trainer answers",
            told="HIBERNATING",
        ),
        "does not answer": Wait(
            silent,
            "RUNNING, and its trainer does not answer yet (HTTP 404)",
            ("FWP133",),
            message="does not answer yet (HTTP 404)",
            timeout=60,
            within=(60, 61),
        ),
        "is unreadable for two looks": Wait(
            lambda p: p.fail(":resume$", resumed_and(unreadable(8), p)),
            "its trainer answers",
            told="cannot be read now (503",
        ),
        "stays unreadable": Wait(
            goes(CREATING),
            "last seen CREATING",
            problem="can no longer be read",
            told="cannot be read now (503",
            then=unreadable(None),
            within=(5, 60),
        ),
        "the key is revoked": Wait(goes(CREATING), "CREATING", ("FWP001",), then=unreadable(None, 401)),
    }.items(),
    ids=lambda case: case[0],
)
def test_waiting(plane: FakeControlPlane, case: tuple[str, Wait]) -> None:
    _, wait = case
    wait.happens(plane)
    then = wait.then
    run = resume(plane, timeout=wait.timeout, then=(lambda: then(plane)) if then else None)
    assert wait.detail in run.ending.detail
    assert tuple(run.rules) == wait.rules
    assert (run.ending.problem is None) == (wait.problem is None)
    assert (wait.problem or "") in (run.ending.problem or "")
    assert wait.told in "\n".join(run.told)
    assert wait.message in "\n".join(f.message for f in run.ending.findings)
    assert wait.within[0] <= run.seconds <= wait.within[1]
    assert posts(plane) == ONCE


def test_without_waiting(plane: FakeControlPlane) -> None:
    run = resume(plane, wait=False)
    assert run.ending == Ending("resumed; it was CANCELLED")
    assert posts(plane) == ONCE
    assert plane.log.calls[-1].method == "POST"


# --- the request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "rules", "problem"),
    [
        (
            faults.error(400, "cannot resume job in state: RUNNING"),
            [],
            "400 INVALID_ARGUMENT: cannot resume job in state: RUNNING",
        ),
        (faults.error(401), ["FWP001"], None),
        (faults.error(403), ["FWP006"], None),
        (faults.error(402), ["FWP004"], None),
        (faults.error(404), [], "404"),
        (faults.error(409, "in transition"), [], "in transition"),
        (faults.error(412), [], "the account is suspended"),
        (faults.error(429, "quota"), [], "quota"),
        (faults.redirect("https://other.example"), [], "redirects"),
        (faults.html(400, "Nope"), [], "an HTML page"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_refusal_is_final(
    plane: FakeControlPlane, fault: faults.Fault, rules: list[str], problem: str | None
) -> None:
    plane.fail(":resume$", fault)
    run = resume(plane)
    assert run.rules == rules
    assert run.ending.detail == "CANCELLED: it was stopped; it was not resumed"
    assert (run.ending.problem is None) == (problem is None)
    assert (problem or "") in (run.ending.problem or "")
    assert posts(plane) == ONCE
    assert plane.log.calls[-1].method == "POST"


LATE = Limits(read=0.2, total=0.2)


@pytest.mark.parametrize(
    ("fault", "limits"),
    [
        (faults.error(500), None),
        (faults.error(503, retry_after="0"), None),
        (faults.error(504), None),
        (faults.error(408), None),
        (faults.html(502), None),
        (faults.drop(), None),
        (faults.Fault(instead=faults.error(500).instead, delay_s=0.6), LATE),
    ],
    ids=["500", "503", "504", "408", "page", "dropped", "late"],
)
def test_without_a_clear_answer_the_job_is_looked_at(
    plane: FakeControlPlane, fault: faults.Fault, limits: Limits | None
) -> None:
    plane.fail(":resume$", fault)
    run = resume(plane, limits=limits)
    assert "my-trainer is still CANCELLED" in (run.ending.problem or "")
    assert "fwdoctor probe job my-trainer" in (run.ending.problem or "")
    assert "looking whether it was resumed" in "\n".join(run.told)
    assert posts(plane) == ONCE


def test_a_good_status_is_an_answer(plane: FakeControlPlane) -> None:
    plane.fail(":resume$", faults.endless())
    run = resume(plane)
    assert run.rules == ["FWP131"]  # the fake did not resume it
    assert posts(plane) == ONCE


@pytest.mark.parametrize("how", ["drop", "half", "late", "503"])
def test_an_answer_that_is_lost_may_have_been_yes(plane: FakeControlPlane, how: str) -> None:
    changes: dict[str, faults.Fault] = {
        "drop": faults.Fault(change=lambda answer: replace(answer, cut="drop")),
        "half": faults.half(),
        "late": faults.delay(0.6),
        "503": faults.Fault(change=lambda answer: replace(answer, status=503)),
    }
    plane.settings.plan_trainer(CREATING, CREATING, RUNNING)
    plane.fail(":resume$", changes[how])
    run = resume(plane, limits=LATE if how == "late" else None)
    assert "its trainer answers" in run.ending.detail
    assert run.ending.problem is None
    assert posts(plane) == ONCE


def test_what_cannot_be_reached_was_sent_nothing(plane: FakeControlPlane) -> None:
    run = resume(plane, connection=Connection("http://127.0.0.1:1", plane.key))
    assert "refuses the connection" in (run.ending.problem or "")
    assert run.ending.detail == "CANCELLED: it was stopped; it was not resumed"
    assert posts(plane) == []


def test_neither_an_answer_nor_a_look(plane: FakeControlPlane) -> None:
    def drop(request: Request) -> Response:
        unreadable(None)(plane)
        return Response(0, b"", cut="drop")

    plane.fail(":resume$", faults.Fault(instead=drop))
    run = resume(plane)
    assert "my-trainer cannot be read, and its request had no clear answer" in (run.ending.problem or "")
    assert posts(plane) == ONCE


# --- before ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            lambda p: None,
            {"base model  accounts/fireworks/models/qwen3-8b", "GPUs        8 × NVIDIA_H200_141GB"},
        ),
        (lambda p: None, {"made        2026-08-19 08:00 UTC, 2 h ago"}),
        (lambda p: None, {"checkpoint  step-20-dcp, saved 2026-08-19 09:40 UTC: training can go on from it"}),
        (
            lambda p: None,
            {
                "cost        its GPUs are billed from the moment it runs until it is stopped: by you, or after 60 min without activity"
            },
        ),
        (
            lambda p: p.trainers.edit(TRAINER, inactivityTimeout=ABSENT),
            {
                "cost        its GPUs are billed from the moment it runs until it is stopped: by you, or after 60 min without activity (the default)"
            },
        ),
        (
            lambda p: p.trainers.edit(TRAINER, inactivityTimeout="1800s"),
            {
                "cost        its GPUs are billed from the moment it runs until it is stopped: by you, or after 30 min without activity"
            },
        ),
        (
            lambda p: p.trainers.edit(TRAINER, disableInactivityCleanup=True),
            {
                "cost        its GPUs are billed from the moment it runs until it is stopped: by you alone, for its inactivity cleanup is off"
            },
        ),
        (
            lambda p: p.trainers.get(TRAINER).checkpoints.pop(1),
            {"checkpoint  none to train on from: it starts from the base weights"},
        ),
        (
            lambda p: p.trainers.edit(TRAINER, forwardOnly=True),
            {"checkpoint  none needed: it computes references"},
        ),
        (
            lambda p: p.fail("/checkpoints$", faults.error(403)),
            {"checkpoint  not known: its checkpoints could not be read"},
        ),
        (
            lambda p: p.trainers.save(TRAINER, "step-30-dcp", "TRAINING", age_s=5 * MINUTE),
            {"checkpoint  step-30-dcp, saved 2026-08-19 09:55 UTC: training can go on from it"},
        ),
        (
            lambda p: p.trainers.edit(TRAINER, nodeCount=2, trainerReplicaCount=3),
            {"GPUs        8 × NVIDIA_H200_141GB, 2 nodes, 3 replicas"},
        ),
        (lambda p: setattr(p.settings, "shape_version_on_jobs", False), {"GPUs        not known"}),
        (lambda p: p.fail("trainingShapes", faults.error(403)), {"GPUs        not known"}),
        (lambda p: p.trainers.edit(TRAINER, trainingShapeVersion="../secret"), {"GPUs        not known"}),
        (
            lambda p: p.trainers.fail(TRAINER, "out of memory", reason="OOM"),
            {"status      OOM: out of memory"},
        ),
        (
            lambda p: p.suspend("CREDIT_DEPLETED"),
            {"account     the account acme is suspended: CREDIT_DEPLETED; the platform may refuse"},
        ),
    ],
)
def test_what_is_said_before(plane: FakeControlPlane, change: Prepare, lines: set[str]) -> None:
    change(plane)
    candidate = look(plane)
    assert candidate is not None
    assert lines <= set(plan(candidate, plane.clock.now()))
    assert posts(plane) == []


def test_a_job_that_is_not_there(plane: FakeControlPlane) -> None:
    gone(plane)
    assert look(plane) is None


@pytest.mark.parametrize("name", ["healthy", "unreachable"])
def test_a_running_trainer_is_asked_whether_it_answers(name: str) -> None:
    with FakeControlPlane() as plane:
        SCENARIOS[name].prepare(plane)
        candidate = look(plane)
    assert candidate is not None
    assert candidate.answers == (200 if name == "healthy" else 404)
