"""Watches a run: looks at a job and its deployments again and again, until there is something to say.

Every look is made by the probes. What is merely on its way is waited for; a finding counts when two looks in
a row have it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any

from fwdoctor.controlplane import reading, words
from fwdoctor.controlplane.client import Account, AccountError, ControlPlane
from fwdoctor.controlplane.diagnoses.access import as_refusal
from fwdoctor.controlplane.errors import ControlPlaneError
from fwdoctor.controlplane.look import Look, Probed
from fwdoctor.controlplane.names import Kind, Resource, parse
from fwdoctor.controlplane.probes import probe_deployment, probe_job
from fwdoctor.controlplane.resources import Deployment, Job, Replica
from fwdoctor.controlplane.states import Phase
from fwdoctor.controlplane.timing import Budget, Clock
from fwdoctor.controlplane.words import age
from fwdoctor.finding import Finding, Problem, Severity
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import rulebook

#: Looks that may fail one after the other, each of whose requests the client has tried several times.
_FAILURES = 5
#: Seconds that a look gets however little time there is.
_SHORTEST = 1.0
#: Seconds after which the account is asked anew which deployments follow the job.
_LIST = 30.0
#: So long a trainer may be silent after its job began to run before our eyes.
_STARTS = timedelta(minutes=2)
_COMING = (Phase.WAITING, Phase.FINISHING, Phase.STOPPING)
_OVER = (Phase.STOPPED, Phase.ENDED, Phase.TOMBSTONE)
_SERVING = ("READY", "UPDATING")
#: What a loader does when it does nothing; other stages, also unknown ones, are work.
_AT_REST = frozenset({None, "idle", "completed", "ready", "error"})
#: They say that something is not there yet. While it is on its way, that is not news.
_PASSING = frozenset(
    {"FWP101", "FWP104", "FWP119", "FWP309", "FWP310", "FWP401", "FWP402", "FWP406", "FWP407", "FWP412"}
)
#: They count from the day that the job was made: of one that began to run before our eyes they say nothing.
_AGED = frozenset({"FWP105", "FWP107"})


@dataclass(frozen=True, slots=True)
class Serving:
    """A deployment in one look, and what its replicas said."""

    deployment: Deployment
    replicas: tuple[Replica, ...] = ()

    @property
    def snapshots(self) -> Mapping[str | None, int]:
        """What is served, and by how many replicas, most first; None is the base model."""
        return words.snapshots(self.replicas)

    def waits(self) -> Iterator[str]:
        """What is on its way."""
        state, counts = self.deployment.state, self.deployment.replicas
        if state in ("CREATING", "UPDATING", "DELETING"):
            yield state
        missing = (counts.wanted or 0) - (counts.ready or 0)
        if state in (*_SERVING, "CREATING") and missing > 0 and (counts.waiting or counts.starting):
            yield f"{missing} of {counts.wanted} replicas to come"
        for replica in self.replicas:
            if replica.stage not in _AT_REST:
                yield f"{replica.id} is {replica.stage} {replica.target or 'a snapshot'}"
            elif replica.ready is False and replica.stage != "error":
                yield f"{replica.id} is not ready"

    def state(self) -> str:
        """The state, in words that stay the same as long as nothing changes."""
        counts = self.deployment.replicas
        ready = f", {counts.ready} of {counts.wanted} replicas ready" if counts.ready is not None else ""
        return f"{self.deployment.state}{ready}"

    def served(self) -> str:
        """What the replicas serve, in words; nothing if they do not say."""
        return words.serves(self.replicas)


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: what the probes said, and what is read from the same answers.

    ``missing``: what is watched is not there. ``newest`` is the newest snapshot that the job has saved.
    ``waits`` tells of each resource what it is waiting for; ``error`` why there was nothing to see.
    ``fresh``: the job began to run while it was watched.
    """

    at: datetime
    probed: Probed = field(default_factory=Probed)
    job: Job | None = None
    serving: tuple[Serving, ...] = ()
    newest: str | None = None
    waits: Mapping[str, str] = field(default_factory=dict)
    missing: bool = False
    fresh: bool = False
    error: str | None = None

    @property
    def counting(self) -> list[Finding]:
        """The errors and warnings, without those that pass when what is on its way has arrived."""
        return [
            f
            for f in self.probed.findings
            if f.severity is not Severity.INFO
            and not (f.rule in _PASSING and f.resource in self.waits)
            and not (f.rule in _AGED and self.fresh)
        ]

    @property
    def lines(self) -> tuple[str, ...]:
        """What a person sees."""
        if self.error is not None:
            return (f"cannot be read now: {self.error}",)
        return tuple(line for state in self._resources() for line in state)

    def _resources(self) -> Iterator[Iterator[str]]:
        """The lines of each resource: its state, what it serves, what it waits for, what was found."""
        if self.job is not None:
            yield self._about(self.job.id, f"job {self.job.id} is {_told(self.job)}")
        for one in self.serving:
            told = f"deployment {one.deployment.id} is {one.state()}"
            yield self._about(one.deployment.id, told, one.served())

    def _about(self, name: str, told: str, serves: str = "") -> Iterator[str]:
        yield told
        if serves:
            yield f"{name} {serves}"
        if name in self.waits and self.waits[name] not in told:
            yield f"{name} waits: {self.waits[name]}"
        if rules := dict.fromkeys(f.rule for f in self.counting if f.resource == name):
            yield f"{name} has {', '.join(rules)}"

    def states(self) -> list[str]:
        """Every resource with its state, in words."""
        jobs = [] if self.job is None else [f"{self.job.id} is {_told(self.job)}"]
        return jobs + [f"{s.deployment.id} is {s.state()}" for s in self.serving]

    def row(self) -> dict[str, Any]:
        """As JSON: state, replicas, snapshots, rules of findings, time."""
        return {
            "time": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "job": None if self.job is None else {"id": self.job.id, "state": self.job.state.name},
            "deployments": [
                {
                    "id": one.deployment.id,
                    "state": one.deployment.state,
                    "ready": one.deployment.replicas.ready,
                    "wanted": one.deployment.replicas.wanted,
                    "replicas": [
                        {"id": r.id, "snapshot": r.served, "stage": r.stage, "ready": r.ready}
                        for r in one.replicas
                    ],
                }
                for one in self.serving
            ],
            "newest": self.newest,
            "waits_for": dict(self.waits),
            "rules": list(dict.fromkeys(f.rule for f in self.probed.findings)),
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """How watching ended: in a line, with what it adds to the last look."""

    text: str = ""
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()


class Watch:
    """One job with the deployments that follow it, or one deployment; ``sight`` is the last good look."""

    def __init__(
        self,
        plane: ControlPlane,
        resource: Resource,
        show: Callable[[Sight], None],
        clock: Clock | None = None,
    ) -> None:
        self.sight: Sight | None = None
        self._plane = plane
        self._resource = resource
        self._show = show
        self._clock = clock or Clock()
        self._followers: tuple[float, list[Resource]] | None = None
        #: whether the job was seen before it ran, and since when it runs then
        self._waited = False
        self._began: datetime | None = None

    async def run(self, interval: float, timeout: float, one_look: float = 60.0) -> Verdict:
        """Look every ``interval`` seconds until there is a verdict, ``timeout`` seconds at most.

        A look takes ``one_look`` seconds at most, and no longer than there is time, but always some.
        """
        start = self._clock.monotonic()
        failures = 0
        while True:
            left = start + timeout - self._clock.monotonic()
            try:
                sight = await self._look(min(one_look, max(left, _SHORTEST)))
            except (ControlPlaneError, AccountError) as error:
                failures += 1
                verdict = self._unseen(error, failures)
            else:
                failures = 0
                left = start + timeout - self._clock.monotonic()
                if sight.probed.problems and left <= 0 and self.sight is not None:
                    return self._late(timeout)  # there was no time left for all of it
                before, self.sight = self.sight, sight
                self._show(sight)
                verdict = self._judge(before, sight)
            if verdict is not None:
                return verdict
            left = start + timeout - self._clock.monotonic()
            if left <= 0:
                return self._late(timeout)
            await self._clock.sleep(min(interval, left))

    def summary(self) -> str:
        """What the last look says."""
        if self.sight is None:
            return "nothing was seen"
        said = [f"{name} waits ({what})" for name, what in self.sight.waits.items()]
        said += [f"found {rule}" for rule in dict.fromkeys(f.rule for f in self.sight.counting)]
        return ", ".join(said) or ", ".join(self.sight.states())

    async def _look(self, seconds: float) -> Sight:
        async with Look(self._plane, self._now(), Budget(seconds, self._clock)) as look:
            owner = await look.account()
            if self._resource.kind is Kind.DEPLOYMENT:
                probed, job, followers = Probed(), None, [self._resource]
            else:
                probed = await probe_job(look, self._resource.name(owner.id))
                row = await look.row(self._resource.path(owner.id))
                job = None if row is None else Job.of(row)
                followers = [] if job is None else await self._following(look, job, owner.id)
            parts = await asyncio.gather(*(probe_deployment(look, f.name(owner.id)) for f in followers))
            for part in parts:
                if job is not None and any(f.rule == "FWP322" for f in part.findings):
                    self._followers = None  # it is gone: the next look reads the list anew, and judges
                    continue
                probed.outcomes += part.outcomes
                probed.findings += part.findings
                probed.notes += part.notes
            probed.problems += look.problems()
            return await self._sight(look, probed, job, followers, owner)

    async def _following(self, look: Look, job: Job, account: str) -> list[Resource]:
        """The deployments that follow a job, or that it writes for; the list is read from time to time."""
        now = self._clock.monotonic()
        if self._followers is None or now - self._followers[0] >= _LIST:
            owner = self._resource.account or account
            rows = await look.rows(f"/v1/accounts/{owner}/deployments", "deployments") or []
            made = map(Deployment.of, rows)
            found = [
                d.id for d in made if d.state != "DELETED" and (d.follows == job.id or d.id == job.keyed_to)
            ]
            self._followers = (
                now,
                [parse(f"accounts/{owner}/deployments/{d}", Kind.DEPLOYMENT) for d in found],
            )
        return self._followers[1]

    async def _sight(
        self, look: Look, probed: Probed, job: Job | None, followers: Sequence[Resource], owner: Account
    ) -> Sight:
        """What was seen, from the answers that the probes got."""
        serving = []
        for follower in followers:
            row = await look.row(follower.path(owner.id))
            if row is not None:
                deployment = Deployment.of(row)
                said = await reading.served(look, deployment, follower, owner)
                replicas = said.replicas if said is not None and said.replicas is not None else ()
                serving.append(Serving(deployment, tuple(replicas)))
        waits = {one.deployment.id: ", ".join(one.waits()) for one in serving if any(one.waits())}
        seen = {one.deployment.id for one in serving}
        if job is not None:
            waits |= {f.id: "it is gone" for f in followers if f.id not in seen}
        if job is not None and (reason := self._job_waits(job, probed, look.now)):
            waits = {job.id: reason, **waits}
        return Sight(
            look.now,
            probed,
            job,
            tuple(serving),
            await self._newest(look, self._resource if job else _followed(serving), owner),
            waits,
            missing=not serving if self._resource.kind is Kind.DEPLOYMENT else job is None,
            fresh=self._began is not None,
        )

    def _job_waits(self, job: Job, probed: Probed, now: datetime) -> str | None:
        """What a job waits for; a trainer that has just begun to run may be silent for a while."""
        if job.state.name != "JOB_STATE_RUNNING":
            self._waited, self._began = True, None
            return _told(job) if job.state.phase in _COMING else None
        if self._waited and self._began is None:
            self._began = now
        silent = any(f.rule == "FWP104" for f in probed.findings)
        fresh = self._began is not None and now - self._began < _STARTS
        return "its trainer does not answer yet" if silent and fresh else None

    async def _newest(self, look: Look, job: Resource | None, owner: Account) -> str | None:
        saved = await reading.checkpoints(look, job.path(owner.id)) if job else None
        samplers = [c for c in saved or () if c.is_sampler and c.created is not None]
        newest = max(samplers, key=lambda c: c.created.timestamp() if c.created else 0.0, default=None)
        return newest.id if newest else None

    def _judge(self, before: Sight | None, sight: Sight) -> Verdict | None:
        """Whether there is something to say; None: look again."""
        if sight.missing or sight.probed.problems:
            return Verdict()
        over = sight.job is not None and sight.job.state.phase in _OVER
        gone = self._resource.kind is Kind.DEPLOYMENT and sight.serving[0].deployment.state == "DELETED"
        if over or gone:
            return Verdict(f"ended: {sight.states()[0]}")
        stable = _marks(sight) & (_marks(before) if before is not None else set())
        if stable:
            rules = ", ".join(sorted({rule for rule, _ in stable}))
            return Verdict(f"needs somebody: {rules} stood in two looks")
        if sight.waits or _marks(sight) or not _is_healthy(sight):
            return None
        return Verdict(_fine(sight))

    def _unseen(self, error: ControlPlaneError | AccountError, failures: int) -> Verdict | None:
        """What a look that failed means; None while it may pass."""
        finding = as_refusal(error, self._now())
        if finding is not None:
            return Verdict(findings=(finding,))
        if self.sight is None or failures >= _FAILURES:
            return Verdict(problems=(Problem(str(error)),))
        what = error.what if isinstance(error, ControlPlaneError) else str(error)
        self._show(Sight(self._now(), error=what))
        return None

    def _late(self, timeout: float) -> Verdict:
        variables = {
            "what": self._resource.id,
            "age": age(timedelta(seconds=timeout)),
            "waits": self.summary(),
        }
        finding = rulebook()["FWP134"].fill(
            variables, resource=self._resource.id, evidence="what --watch read"
        )
        return Verdict(findings=(finding,))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)


def _marks(sight: Sight) -> set[tuple[str, str | None]]:
    return {(f.rule, f.resource) for f in sight.counting}


def _told(job: Job) -> str:
    return f"{job.state.short}: {job.state.means}"


def _followed(serving: Sequence[Serving]) -> Resource | None:
    """The job that a watched deployment follows."""
    follows = serving[0].deployment.trainer if serving else None
    return parse(follows, Kind.TRAINER_JOB) if follows else None


def _is_healthy(sight: Sight) -> bool:
    """Whether the job runs and all that follows it serves; nothing waits and nothing was found."""
    runs = sight.job is None or sight.job.state.phase is Phase.HEALTHY
    return runs and all(one.deployment.state == "READY" for one in sight.serving)


def _fine(sight: Sight) -> str:
    """The good verdict, no better than what was seen."""
    said = [] if sight.job is None else [f"{sight.job.id} runs"]
    if sight.job is not None and not sight.serving:
        said.append("no deployment follows it")
    for one in sight.serving:
        names = list(one.snapshots)
        what = "which weights it serves is not known"
        if names == [None]:
            what = "serves the base model"
        elif len(names) == 1:
            what = f"serves {'the newest snapshot, ' if names[0] == sight.newest else ''}{names[0]}"
        said.append(f"{one.deployment.id} {what}" if names else f"{one.deployment.id} is up; {what}")
    return f"fine: {', '.join(said)}"
