"""How a run is watched: what is waited for, what is told, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from fwdoctor.controlplane.client import ControlPlane
from fwdoctor.controlplane.names import Kind, parse
from fwdoctor.controlplane.watch import Sight, Verdict, Watch
from tests.controlplane.fakes import clock_of, connection_to, posts
from tests.fake_control_plane import FakeControlPlane, Replica, Timing, faults
from tests.fake_control_plane.scenarios import DEPLOYMENT, SCENARIOS, TRAINER, pair, snapshot, train

Prepare = Callable[[FakeControlPlane], object]
NEW, OLD = snapshot(20), snapshot(10)


@pytest.fixture
def plane() -> Iterator[FakeControlPlane]:
    with FakeControlPlane() as made:
        yield made


@dataclass
class Run:
    """One watch: how it ended, all looks, and how long it took."""

    verdict: Verdict
    sights: list[Sight]
    seconds: float

    @property
    def rules(self) -> list[str]:
        """The rules of the last look that are no mere advice, and of the verdict."""
        last = [f.rule for f in self.sights[-1].counting] if self.sights else []
        return sorted({*last, *(f.rule for f in self.verdict.findings)})


def watch(
    plane: FakeControlPlane,
    *,
    deployment: bool = False,
    interval: float = 5,
    timeout: float = 1800,
    at: dict[int, Prepare] | None = None,
) -> Run:
    """Watch the trainer or the deployment in the fake's time; ``at`` is done after so many looks."""
    sights: list[Sight] = []
    clock = clock_of(plane)
    start = clock.now()

    def show(sight: Sight) -> None:
        sights.append(sight)
        for number, change in (at or {}).items():
            if len(sights) == number:
                change(plane)

    name = parse(DEPLOYMENT, Kind.DEPLOYMENT) if deployment else parse(TRAINER, Kind.TRAINER_JOB)

    async def run() -> Verdict:
        async with ControlPlane(connection_to(plane), clock=clock) as control:
            return await Watch(control, name, show, clock).run(interval, timeout)

    return Run(asyncio.run(run()), sights, clock.now() - start)


@dataclass(frozen=True)
class Case:
    """A run, and how watching it ends."""

    prepare: Prepare
    text: str
    rules: tuple[str, ...] = ()
    looks: tuple[int, int] = (1, 1)
    deployment: bool = False
    at: dict[int, Prepare] | None = None
    timeout: float = 1800


def scenario(name: str) -> Prepare:
    return SCENARIOS[name].prepare


def state(name: str, job: str = TRAINER) -> Prepare:
    return lambda plane: plane.trainers.set_state(job, f"JOB_STATE_{name}")


def starting(plane: FakeControlPlane) -> None:
    """A trainer that gets its GPUs in three minutes."""
    plane.settings.by_clock = True
    plane.settings.timing = Timing(creating_s=60, starting_s=120)
    plane.add_trainer(TRAINER, "JOB_STATE_CREATING")


def starting_in_silence(plane: FakeControlPlane) -> None:
    starting(plane)
    plane.settings.timing = Timing(creating_s=10, starting_s=0)
    plane.fail("healthz", faults.error(503), times=12)


def loading(plane: FakeControlPlane) -> None:
    """One of two pods still loads the newest snapshot."""
    pair(plane, replicas=2)
    plane.deployments.get(DEPLOYMENT).replicas[0].current = OLD
    plane.deployments.get(DEPLOYMENT).replicas[0].stage = "downloading"


def loaded(plane: FakeControlPlane) -> None:
    plane.deployments.load(DEPLOYMENT, NEW)


def growing(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.waiting(DEPLOYMENT, downloading=1)


def grown(plane: FakeControlPlane) -> None:
    plane.deployments.waiting(DEPLOYMENT)
    plane.deployments.pods(DEPLOYMENT, Replica("one", current=NEW), Replica("two", current=NEW))


def nothing_saved(plane: FakeControlPlane) -> None:
    plane.add_deployment(DEPLOYMENT, plane.add_trainer(TRAINER))


def keyed(plane: FakeControlPlane) -> None:
    """The trainer writes to a deployment that was there before it."""
    plane.add_deployment(DEPLOYMENT, None)
    trainer = train(plane)
    trainer.row["hotLoadDeploymentId"] = DEPLOYMENT
    plane.deployments.load(DEPLOYMENT, NEW)


CASES = {
    "healthy": Case(scenario("healthy"), f"fine: my-trainer runs, serving serves the newest snapshot, {NEW}"),
    "alone": Case(train, "fine: my-trainer runs, no deployment follows it"),
    "nothing saved yet": Case(nothing_saved, "fine: my-trainer runs, serving serves the base model"),
    "keyed to a deployment": Case(keyed, f"fine: my-trainer runs, serving serves the newest snapshot, {NEW}"),
    "starts": Case(starting, "fine: my-trainer runs", looks=(30, 40)),
    "starts in silence": Case(starting_in_silence, "fine: my-trainer runs", looks=(3, 9)),
    "is silent": Case(
        lambda p: (train(p), p.fail("healthz", faults.error(503))),
        "needs somebody: FWP104 stood in two looks",
        ("FWP104",),
        (2, 2),
    ),
    "loads": Case(
        loading,
        f"fine: my-trainer runs, serving serves the newest snapshot, {NEW}",
        looks=(5, 5),
        at={4: loaded},
    ),
    "loads for ever": Case(loading, "", ("FWP134",), (7, 8), timeout=30),
    "grows": Case(growing, "fine", looks=(4, 4), at={3: grown}),
    "rolls": Case(
        scenario("rolling"),
        "fine: serving serves the newest snapshot",
        looks=(4, 4),
        deployment=True,
        at={
            3: lambda p: (
                p.deployments.set_state(DEPLOYMENT, "READY"),
                p.deployments.answer_hot_load(DEPLOYMENT, {"replicas": [Replica("new", current=NEW).json()]}),
            )
        },
    ),
    "replicas differ": Case(
        scenario("replicas-differ"),
        "needs somebody: FWP402 stood in two looks",
        ("FWP402",),
        (2, 2),
    ),
    "the same, from the deployment": Case(
        scenario("replicas-differ"),
        "needs somebody: FWP402",
        ("FWP402",),
        (2, 2),
        deployment=True,
    ),
    "differ for one look": Case(scenario("replicas-differ"), "fine", looks=(2, 2), at={1: loaded}),
    "a load fails": Case(
        loading,
        "needs somebody: FWP401",
        ("FWP401",),
        (4, 4),
        at={2: lambda p: p.deployments.load(DEPLOYMENT, OLD)},
    ),
    "is idle": Case(scenario("idle"), "needs somebody: FWP106", ("FWP106",), (2, 2)),
    "the deployment failed": Case(
        scenario("serving-failed"), "needs somebody: FWP308", ("FWP308",), (2, 2), deployment=True
    ),
    "crash loop": Case(scenario("crash-loop"), "needs somebody: FWP408", ("FWP408",), (2, 2)),
    "waits for GPUs": Case(
        scenario("pending"), "fine: my-trainer runs", looks=(4, 4), at={3: state("RUNNING")}
    ),
    "waits for GPUs for ever": Case(scenario("pending"), "", ("FWP134",), (6, 8), timeout=30),
    "is preempted and comes back": Case(
        loading,
        "fine: my-trainer runs, serving serves the newest snapshot",
        looks=(6, 6),
        at={2: lambda p: p.trainers.preempt(TRAINER), 5: lambda p: (state("RUNNING")(p), loaded(p))},
    ),
    "failed": Case(scenario("failed"), "ended: my-trainer is FAILED: it failed", ("FWP109",)),
    "fails while it is set up": Case(
        starting,
        "ended: my-trainer is FAILED",
        ("FWP109", "FWP112"),
        (4, 4),
        at={3: lambda p: p.trainers.fail(TRAINER, "no room")},
    ),
    "completed": Case(
        lambda p: (train(p), state("COMPLETED")(p)), "ended: my-trainer is COMPLETED: it finished"
    ),
    "deleted": Case(scenario("tombstone"), "ended: my-trainer is DELETED", ("FWP114",)),
    "is not there": Case(lambda _: None, "", ("FWP115",)),
    "the deployment is deleted": Case(
        loading,
        "ended: serving is DELETED",
        looks=(3, 3),
        deployment=True,
        at={2: lambda p: p.deployments.set_state(DEPLOYMENT, "DELETED")},
    ),
    "was deleted": Case(
        lambda p: (pair(p), p.deployments.set_state(DEPLOYMENT, "DELETED")),
        "ended: serving is DELETED",
        deployment=True,
    ),
    "an unknown state": Case(scenario("from-the-future"), "", ("FWP134",), (6, 8), timeout=30),
}


@pytest.mark.parametrize("name", CASES)
def test_every_end(plane: FakeControlPlane, name: str) -> None:
    case = CASES[name]
    case.prepare(plane)
    run = watch(plane, deployment=case.deployment, at=case.at, timeout=case.timeout)
    assert case.text in run.verdict.text
    assert bool(case.text) == bool(run.verdict.text)
    assert tuple(run.rules) == case.rules
    assert case.looks[0] <= len(run.sights) <= case.looks[1]
    assert not run.verdict.problems
    assert posts(plane) == []


def test_what_is_waited_for_is_told(plane: FakeControlPlane) -> None:
    loading(plane)
    run = watch(plane, timeout=10)
    (finding,) = run.verdict.findings
    assert finding.message == (
        f"my-trainer has not settled within 10 s: serving waits (serving-pod-1 is downloading {NEW})"
    )
    assert run.sights[-1].lines == (
        "job my-trainer is RUNNING: its machines run, for a training client to work with",
        "deployment serving is READY, 2 of 2 replicas ready",
        f"serving serves {OLD} (1) and {NEW} (1)",
        f"serving waits: serving-pod-1 is downloading {NEW}",
    )


def test_a_look_as_json(plane: FakeControlPlane) -> None:
    loading(plane)
    row = watch(plane, timeout=1).sights[0].row()
    pods = [
        {"id": "serving-pod-1", "snapshot": OLD, "stage": "downloading", "ready": True},
        {"id": "serving-pod-2", "snapshot": NEW, "stage": "completed", "ready": True},
    ]
    assert row.pop("time").startswith("2026-08-19T10:")
    assert row.pop("rules") == ["FWP321"]
    assert row == {
        "job": {"id": TRAINER, "state": "JOB_STATE_RUNNING"},
        "deployments": [{"id": DEPLOYMENT, "state": "READY", "ready": 2, "wanted": 2, "replicas": pods}],
        "newest": NEW,
        "waits_for": {DEPLOYMENT: f"serving-pod-1 is downloading {NEW}"},
        "error": None,
    }


def test_a_look_asks_for_each_thing_once(plane: FakeControlPlane) -> None:
    pair(plane)
    watch(plane)
    paths = [c.path for c in plane.log.calls]
    assert len(paths) == len(set(paths)) == 9


def test_the_list_of_deployments_is_read_now_and_then(plane: FakeControlPlane) -> None:
    loading(plane)
    run = watch(plane, timeout=60)
    lists = plane.log.find("GET", "/deployments$")
    assert len(run.sights) >= 12
    assert len(lists) == 3


def test_a_deployment_that_comes_later_is_seen(plane: FakeControlPlane) -> None:
    starting(plane)

    def deploy(fake: FakeControlPlane) -> None:
        fake.add_deployment(DEPLOYMENT, fake.trainers.get(TRAINER))

    run = watch(plane, at={2: deploy})
    assert run.verdict.text == "fine: my-trainer runs, serving serves the base model"


def test_a_deployment_that_goes_is_no_problem(plane: FakeControlPlane) -> None:
    loading(plane)
    run = watch(plane, at={2: lambda p: p.world.deployments.clear()})
    assert run.verdict.text == "fine: my-trainer runs, no deployment follows it"
    assert len(plane.log.find("GET", "/deployments$")) == 2
    assert len(run.sights) <= 4


@pytest.mark.parametrize(("times", "ends"), [(8, False), (None, True)])
def test_looks_that_fail_may_pass(plane: FakeControlPlane, times: int | None, ends: bool) -> None:
    starting(plane)
    run = watch(plane, at={2: lambda p: p.fail(TRAINER, faults.error(503), times=times)})
    failed = [s for s in run.sights if s.error is not None]
    assert failed
    assert failed[0].lines[0].startswith("cannot be read now: 503")
    assert bool(run.verdict.problems) is ends
    assert ("fine" in run.verdict.text) is not ends


@pytest.mark.parametrize(
    ("fault", "rules", "problems"),
    [(faults.error(401), ["FWP001"], 0), (faults.error(403), ["FWP006"], 0), (faults.html(200), [], 1)],
)
def test_what_cannot_be_seen_at_all_is_not_waited_for(
    plane: FakeControlPlane, fault: faults.Fault, rules: list[str], problems: int
) -> None:
    pair(plane)
    plane.fail("", fault)
    run = watch(plane)
    assert (run.rules, len(run.verdict.problems), run.sights) == (rules, problems, [])


def test_a_list_that_may_not_be_seen(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.fail("/deployments$", faults.error(403))
    assert watch(plane).verdict.text == "fine: my-trainer runs, no deployment follows it"


@pytest.mark.parametrize("interval", [1, 7])
def test_the_interval(plane: FakeControlPlane, interval: float) -> None:
    scenario("pending")(plane)
    run = watch(plane, interval=interval, timeout=28)
    assert run.seconds == 28
    assert len(run.sights) == 28 / interval + 1
