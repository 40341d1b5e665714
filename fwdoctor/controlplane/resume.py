"""Resumes a trainer job, which is the only thing that fwdoctor ever changes, and waits until it is ready.

``inspect`` reads what there is to know first, ``standing`` says whether it can be resumed, ``Resuming`` sends
the one request and follows the job. The request is never sent again: who does not know whether it took looks.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Iterator
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fwdoctor.controlplane import body, errors, reading
from fwdoctor.controlplane.client import ControlPlane, headers_for
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.diagnoses import account as of_account
from fwdoctor.controlplane.diagnoses import jobs as of_jobs
from fwdoctor.controlplane.diagnoses.access import as_refusal
from fwdoctor.controlplane.errors import ControlPlaneError, Kind
from fwdoctor.controlplane.look import Look
from fwdoctor.controlplane.names import Resource
from fwdoctor.controlplane.resources import (
    DEFAULT_INACTIVITY,
    Checkpoint,
    Job,
)
from fwdoctor.controlplane.states import Phase, job_states
from fwdoctor.controlplane.timing import Clock, Limits
from fwdoctor.controlplane.words import age, moment
from fwdoctor.finding import Finding
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import rulebook

if TYPE_CHECKING:
    import httpx

#: A write is worth more patience than a read: who gives up does not know what it did.
WRITE = Limits(read=60.0, total=60.0)
#: So long a job may keep its old state after it was resumed, as in the SDK.
_LINGERS = timedelta(seconds=120)
#: Seconds between looks; the first ones follow each other quickly.
_FIRST_LOOK, _LOOK = 1.0, 5.0
#: When to look after a request without a clear answer, in seconds after the look before.
_UNSURE = (0.0, 2.0, 5.0, 8.0)
#: Reads that may fail one after the other, each of which the client has tried several times.
_FAILURES = 5
#: What somebody should know of a job that needs no resuming: it waits too long, does not answer, is idle.
_NEEDS_SOMEBODY = frozenset({"FWP101", "FWP103", "FWP104", "FWP106"})
_OVER = (Phase.STOPPED, Phase.ENDED, Phase.TOMBSTONE)
#: Errors before which nothing has left this machine, or the proxy.
_NOT_SENT = (Kind.UNREACHABLE_DNS, Kind.UNREACHABLE_REFUSED, Kind.TLS, Kind.PROXY)

#: Takes a line about what goes on.
Tell = Callable[[str], None]


class Standing(enum.Enum):
    """Whether a job can be resumed."""

    RESUMABLE = "resumable"
    #: It runs, or is about to.
    ALIVE = "alive"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job that somebody wants to resume, and what there is to know before.

    ``saved`` None: its checkpoints could not be read. ``answers``: the HTTP status of its trainer's own
    health check, None where that was not asked or brought none. ``suspended``: a finding, if the account is.
    """

    resource: Resource
    account: str
    job: Job
    saved: tuple[Checkpoint, ...] | None = None
    gpus: str | None = None
    answers: int | None = None
    suspended: Finding | None = None

    @property
    def path(self) -> str:
        """Where the control plane serves the job."""
        return self.resource.path(self.account)


async def inspect(look: Look, resource: Resource) -> Candidate | None:
    """What there is to know about a job; None if there is no such job.

    Raises:
        ControlPlaneError, AccountError: it could not be asked for.
    """
    owner = await look.account()
    seen = await reading.job(look, resource, owner)
    if seen is None:
        return None
    job, saved = seen.job, None if seen.checkpoints is None else tuple(seen.checkpoints)
    gpus, answers = await asyncio.gather(
        _gpus(look, job), reading.trainer_answers(look, job, resource, owner)
    )
    suspended = next((f for f in of_account.diagnose_account(owner.row) if f.rule == "FWP004"), None)
    return Candidate(resource, owner.id, job, saved, gpus, answers, suspended)


async def _gpus(look: Look, job: Job) -> str | None:
    """The GPUs of the job's shape, and how many; None where they cannot be read."""
    version, _ = await reading.shape_of(look, job)
    if version is None or not version.accelerators or not version.accelerator:
        return None
    counts = ((job.nodes or version.nodes, "nodes"), (job.replicas, "replicas"))
    more = "".join(f", {count} {what}" for count, what in counts if count and count > 1)
    return f"{version.accelerators} × {version.accelerator}{more}"


def standing(job: Job) -> Standing:
    """Whether a job can be resumed; where nobody says so, it cannot."""
    if job.state.resumable:
        return Standing.RESUMABLE
    working = job.state.phase in (Phase.WAITING, Phase.HEALTHY, Phase.FINISHING)
    return Standing.ALIVE if working else Standing.REFUSED


def plan(candidate: Candidate, now: datetime) -> tuple[str, ...]:
    """What somebody must know before the job is resumed, line by line."""
    return tuple(f"{name:<10}  {value}" for name, value in _facts(candidate, now))


def _facts(candidate: Candidate, now: datetime) -> Iterator[tuple[str, str]]:
    job = candidate.job
    reason = _reason(job)
    if reason:
        yield "status", reason
    if job.created is not None:
        yield "made", f"{moment(job.created)}, {age(now - job.created)} ago"
    yield "base model", job.base_model or "not known"
    yield "GPUs", candidate.gpus or "not known"
    yield "checkpoint", _resumes_from(job, candidate.saved)
    yield "cost", f"its GPUs are billed from the moment it runs until it is stopped: {_until(job)}"
    if candidate.suspended is not None:
        yield "account", f"{candidate.suspended.message}; the platform may refuse"


def _reason(job: Job) -> str | None:
    told = [part for part in (job.status.reason, job.status.message) if part]
    return ": ".join(told) or None


def _resumes_from(job: Job, saved: tuple[Checkpoint, ...] | None) -> str:
    """The newest training checkpoint: the state that training can go on from."""
    if job.forward_only:
        return "none needed: it computes references"
    if saved is None:
        return "not known: its checkpoints could not be read"
    states = [c for c in saved if c.is_training_state]
    if not states:
        return "none to train on from: it starts from the base weights"
    newest = max(states, key=lambda c: c.created.timestamp() if c.created else 0.0)
    when = f", saved {moment(newest.created)}" if newest.created else ""
    return f"{newest.id}{when}: training can go on from it"


def _until(job: Job) -> str:
    if job.never_stops:
        return "by you alone, for its inactivity cleanup is off"
    default = "" if job.inactivity else " (the default)"
    return f"by you, or after {age(job.inactivity or DEFAULT_INACTIVITY)} without activity{default}"


def nothing_to_do(candidate: Candidate, now: datetime) -> Ending:
    """What is said of a job that works already, or is about to."""
    job = candidate.job
    about = of_jobs.diagnose(job, now, answer=candidate.answers)
    findings = tuple(f for f in about if f.rule in _NEEDS_SOMEBODY)
    return Ending(f"{job.state.short}: {job.state.means}; there is nothing to resume", findings)


def refusal(candidate: Candidate, now: datetime) -> Ending:
    """Why a job cannot be resumed, which ones can, and what to do instead."""
    job = candidate.job
    can = [s.short for s in job_states().values() if s.resumable]
    which = f"only {', '.join(can[:-1])} and {can[-1]} can"
    known = job.state.resumable is not None
    whether = "which cannot be resumed" if known else "and nobody says whether that can be resumed"
    instead = f"{job.state.next[:1].lower()}{job.state.next[1:]}"
    findings = () if job.state.phase is Phase.ENDED else tuple(of_jobs.diagnose(job, now, candidate.saved))
    return Ending(
        f"{job.state.short}: {job.state.means}",
        findings,
        f"nothing was sent: {job.id} is {job.state.short}, {whether} ({which}). What to do: {instead}",
    )


async def send(
    connection: Connection,
    path: str,
    *,
    limits: Limits = WRITE,
    transport: httpx.AsyncBaseTransport | None = None,
) -> None:
    """Ask once to resume the job at a path (``/v1/accounts/…/rlorTrainerJobs/j``); never again.

    Raises:
        ControlPlaneError: it was refused, or nobody knows whether it took (``is_definite``).
        FwdoctorError: the path is no job's.
    """
    import httpx

    from fwdoctor.controlplane.transport import RESUME_BODY, open_resume

    path = f"{path}:resume"
    shown = connection.hide(f"POST {path}")
    headers = headers_for(connection, path) | {"Content-Type": "application/json"}
    async with open_resume(connection, limits, path, transport) as client:
        request = client.build_request(
            "POST", f"{connection.base_url}{path}", headers=headers, content=RESUME_BODY
        )
        try:
            async with asyncio.timeout(limits.total):
                response = await client.send(request, stream=True)
                try:
                    # A good status is the answer; what else the body says is read from the job.
                    if not response.is_success:
                        raise await _error(shown, response, connection, limits)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            what = f"no answer within {limits.total:g} s"
            raise ControlPlaneError(Kind.TIMED_OUT, shown, what) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            host = urlsplit(connection.base_url).netloc
            raise errors.from_failure(shown, error, host, connection.proxy_host) from error


async def _error(
    shown: str, response: httpx.Response, connection: Connection, limits: Limits
) -> ControlPlaneError:
    import httpx

    if response.is_redirect:
        what = "the server redirects it, which is not followed"
        return ControlPlaneError(Kind.REDIRECTED, shown, what, status=response.status_code)
    try:
        content = await body.read(response, limits.error_bytes)
    except (body.TooLargeError, body.UnreadableError, httpx.HTTPError, OSError):
        content = b""
    return errors.from_answer(shown, response.status_code, content, connection.hide)


def is_definite(error: ControlPlaneError) -> bool:
    """Whether it is certain that the job was not resumed: it was refused, or nothing was sent."""
    if error.status is not None:
        return 300 <= error.status < 500 and error.status != 408
    return error.kind in _NOT_SENT or (error.kind is Kind.TIMED_OUT and error.transient)


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: what the job is like, what is wrong with it, and why it could not be done."""

    detail: str
    findings: tuple[Finding, ...] = ()
    problem: str | None = None


@dataclass
class Resuming:
    """One job that is resumed. ``sent`` says whether the request may have left, whatever happens then."""

    candidate: Candidate
    connection: Connection
    plane: ControlPlane
    tell: Tell
    clock: Clock = field(default_factory=Clock)
    limits: Limits = WRITE
    sent: bool = False
    #: what the job was like when somebody last looked
    doing: str = ""
    _start: float = 0.0
    _left: bool = False

    async def run(self, *, wait: bool = True, timeout: float = 3600.0) -> Ending:
        """Send the request; then ``wait`` until the trainer answers, or ``timeout`` seconds are over."""
        job = self.candidate.job
        self.doing = f"{job.state.short}: {job.state.means}"
        self._start = self.clock.monotonic()
        self.tell("resuming it")
        self.sent = True
        try:
            await send(self.connection, self.candidate.path, limits=self.limits)
        except ControlPlaneError as error:
            ended = await self._after(error)
            if ended is not None:
                return ended
        if not wait:
            return Ending(f"resumed; it was {job.state.short}")
        return await self._wait(timeout)

    async def _after(self, error: ControlPlaneError) -> Ending | None:
        """What an error means for the job; None if it was resumed all the same."""
        job = self.candidate.job
        if is_definite(error):
            finding = as_refusal(error, self._now())
            suspended = self.candidate.suspended
            findings = tuple(f for f in (finding, suspended) if f is not None)
            problem = None if finding else f"{job.id} was not resumed: {error}"
            return Ending(f"{self.doing}; it was not resumed", findings, problem)
        self.tell(f"{error.what.rstrip('.')}: looking whether it was resumed")
        seen = "cannot be read"
        for pause in _UNSURE:
            await self.clock.sleep(pause)
            try:
                state = Job.of(await self.plane.get(self.candidate.path)).state
            except ControlPlaneError:
                continue
            if state.name != job.state.name:
                return None
            seen = f"is still {state.short}"
        return Ending(
            self.doing,
            problem=f"{job.id} {seen}, and its request had no clear answer ({error}). It was sent once: look "
            f"again in a minute, before you send it again: fwdoctor probe job {job.id}",
        )

    async def _wait(self, timeout: float) -> Ending:
        """Follow the job to where there is something to say."""
        failures = 0
        pause = _FIRST_LOOK
        while True:
            try:
                ended = await self._look()
                failures = 0
            except ControlPlaneError as error:
                failures += 1
                ended = self._unread(error, failures)
            if ended is not None:
                return ended
            left = self._start + timeout - self.clock.monotonic()
            if left <= 0:
                return self._ending("FWP133", "state", state=self.doing)
            await self.clock.sleep(min(pause, left))
            pause = min(_LOOK, pause + 1)

    async def _look(self) -> Ending | None:
        job = Job.of(await self.plane.get(self.candidate.path))
        state = job.state
        before = self.candidate.job.state
        # A new time of completion: it ran between two looks, and ended once more.
        again = job.completed is not None and job.completed != self.candidate.job.completed
        self._left = self._left or state.name != before.name or again
        self.doing = f"{state.short}: {state.means}"
        if state.name == "JOB_STATE_RUNNING":
            answer = await self._health()
            if answer == "HTTP 200":
                return Ending(f"RUNNING, and its trainer answers, {self._since()} after it was resumed")
            self.doing = f"RUNNING, and its trainer does not answer yet ({answer})"
        elif not self._left:
            self.doing = f"still {state.short}"
            if self.clock.monotonic() - self._start > _LINGERS.total_seconds():
                return self._ending("FWP131", "state", state=state.short)
        elif state.phase in _OVER:
            reason = _reason(job) or state.means
            return self._ending("FWP132", "state, status", state=state.short, reason=reason)
        elif state.phase is Phase.ATTENTION:
            return Ending(self.doing, tuple(of_jobs.diagnose(job, self._now())))
        self.tell(self.doing)
        return None

    async def _health(self) -> str:
        try:
            return f"HTTP {await self.plane.healthz(self.candidate.resource, self.candidate.account)}"
        except ControlPlaneError as error:
            return error.what

    def _unread(self, error: ControlPlaneError, failures: int) -> Ending | None:
        """A look that failed: what many in a row mean; None while it may pass."""
        job = self.candidate.job
        finding = as_refusal(error, self._now())
        if finding is not None:
            return Ending(self.doing, (finding,))
        if failures >= _FAILURES or error.kind is Kind.NOT_FOUND:
            problem = f"{job.id} was resumed, and can no longer be read: {error}"
            return Ending(f"last seen {self.doing}", problem=problem)
        self.tell(f"cannot be read now ({error.what}); last seen {self.doing}")
        return None

    def _ending(self, rule: str, evidence: str, **variables: str) -> Ending:
        job = self.candidate.job
        finding = rulebook()[rule].fill(
            {"job": job.id, "age": self._since(), **variables},
            resource=job.id,
            evidence=evidence,
        )
        return Ending(self.doing, (finding,))

    def _since(self) -> str:
        return age(timedelta(seconds=self.clock.monotonic() - self._start))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)
