"""FWP1xx: the state of a trainer job, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from fwdoctor.controlplane.diagnoses.filled import of_job as _finding
from fwdoctor.controlplane.resources import (
    DEFAULT_INACTIVITY,
    RETENTION,
    Checkpoint,
    Job,
    Quota,
    ShapeVersion,
    Stop,
)
from fwdoctor.controlplane.states import Phase
from fwdoctor.controlplane.words import age, moment
from fwdoctor.finding import Finding, Severity

#: A job that runs so long and has saved nothing would lose hours.
_LONG_WITHOUT_CHECKPOINT = timedelta(hours=2)
#: The part of the inactivity timeout after which silence is worth a word.
_QUIET = 0.7
#: What still runs so long after its timeout is used: by a client, which cannot be seen.
_IN_USE = 1.2
#: From so many days before the end on, what is not promoted is in danger.
_URGENT = timedelta(days=3)
#: The SDK's own budgets for a job that is being set up: of its low-level wait, and of a managed one.
_LOW_LEVEL, _MANAGED = timedelta(minutes=15), timedelta(minutes=60)
#: States that no set of the SDK has: its waits end by the clock alone.
_UNNOTICED = frozenset({"JOB_STATE_DELETING_CLEANING_UP", "JOB_STATE_EARLY_STOPPED", "JOB_STATE_EXPIRED"})
_NO_CAUSE = frozenset({"", "internal error", "internal error."})


def diagnose(
    job: Job,
    now: datetime,
    checkpoints: Sequence[Checkpoint] | None = None,
    *,
    answer: int | None = None,
    shape: ShapeVersion | None = None,
    latest: ShapeVersion | None = None,
    quotas: Sequence[Quota] | None = None,
    stop: Stop | None = None,
) -> Iterator[Finding]:
    """What there is to say about a job. What is None was not read.

    ``checkpoints`` are its own. ``answer`` is the HTTP status that its trainer answers with, 0 if it does
    not answer. ``shape`` is the version of the training shape that it runs on, ``latest`` the newest
    validated one. ``quotas`` are the account's; ``stop`` is the call that stopped it.
    """
    yield from _waiting(job, now, checkpoints, shape, quotas)
    if job.state.phase is Phase.HEALTHY:
        if answer not in (None, 200):
            told = f"HTTP {answer}" if answer else "no connection"
            yield _finding("FWP104", job, "the trainer's healthz, three times", answer=told)
        yield from _quiet(job, now, checkpoints)
    if job.state.phase is Phase.ATTENTION:
        yield _finding("FWP106", job, "state", timeout=age(job.inactivity or DEFAULT_INACTIVITY))
    if job.never_stops and job.state.is_alive:
        yield _finding("FWP108", job, "disableInactivityCleanup")
    message = job.status.message or ""
    if message.startswith("Warning:") and job.state.is_alive:
        yield _finding("FWP116", job, "status.message", warning=message.removeprefix("Warning:").strip())
    if job.state.is_alive and shape is not None and latest is not None and shape.version != latest.version:
        evidence = "trainingShapeVersion, versions[].latestValidated"
        yield _finding("FWP509", job, evidence, version=shape.version, latest=latest.version)
    yield from _ended(job, now, checkpoints, stop)


def _waiting(
    job: Job,
    now: datetime,
    checkpoints: Sequence[Checkpoint] | None,
    shape: ShapeVersion | None,
    quotas: Sequence[Quota] | None,
) -> Iterator[Finding]:
    if job.state.phase is not Phase.WAITING:
        return
    if job.state.name == "JOB_STATE_RE_QUEUEING":
        yield _finding("FWP119", job, "state")
        return
    if checkpoints:
        # What waits now has run before.
        yield _finding("FWP119", job, "state, checkpoints")
        return
    full = _full_quota(job, shape, quotas or ())
    if full is not None:
        yield full
    elif job.created is not None and job.state.patience is not None:
        yield from _late(job, now - job.created, job.state.patience)


def _full_quota(job: Job, shape: ShapeVersion | None, quotas: Sequence[Quota]) -> Finding | None:
    """The finding that a job waits for what its account may not have."""
    if job.state.name != "JOB_STATE_PENDING" or shape is None or shape.gpus is None:
        return None
    wanted = shape.gpus * (job.replicas or 1)
    for quota in quotas:
        if quota.accelerator == shape.gpu and quota.is_full_for(wanted):
            evidence = "state, quotas[].usage, quotas[].value, snapshot.acceleratorCount"
            usage, value = f"{quota.usage:g}", f"{quota.value:g}"
            return _finding(
                "FWP102", job, evidence, quota=quota.name, usage=usage, value=value, wanted=str(wanted)
            )
    return None


def _late(job: Job, waited: timedelta, patience: timedelta) -> Iterator[Finding]:
    if waited <= patience:
        return
    if job.state.name == "JOB_STATE_PENDING":
        yield _finding("FWP101", job, "state, createTime", age=age(waited))
    elif waited > _LOW_LEVEL:
        severity = Severity.ERROR if waited > _MANAGED else None
        yield _finding("FWP103", job, "state, createTime", severity, age=age(waited), state=job.state.short)


def _quiet(job: Job, now: datetime, checkpoints: Sequence[Checkpoint] | None) -> Iterator[Finding]:
    """A running job of which nothing is heard."""
    if job.created is None or checkpoints is None:
        return
    running = now - job.created
    if not checkpoints and running > _LONG_WITHOUT_CHECKPOINT and job.forward_only is not True:
        yield _finding("FWP105", job, "createTime, checkpoints", age=age(running))
    timeout = job.inactivity or DEFAULT_INACTIVITY
    quiet = now - max([job.created, *(c.created for c in checkpoints if c.created is not None)])
    about_to_stop = timeout * _QUIET < quiet < timeout * _IN_USE
    if about_to_stop and not job.never_stops and job.forward_only is not True:
        evidence = "createTime, checkpoints[].createTime, inactivityTimeout"
        yield _finding("FWP107", job, evidence, age=age(quiet), timeout=age(timeout))


def _ended(
    job: Job, now: datetime, checkpoints: Sequence[Checkpoint] | None, stop: Stop | None
) -> Iterator[Finding]:
    if job.state.name == "JOB_STATE_FAILED":
        yield _failure(job)
    if job.state.name in _UNNOTICED:
        yield _finding("FWP113", job, "state", state=job.state.short)
    if job.state.resumable and job.state.phase is Phase.STOPPED and checkpoints is not None:
        states = [c for c in checkpoints if c.is_training_state]
        newest = max(states, key=_created, default=None)
        if newest is not None:
            when = moment(newest.created) if newest.created else "at a time that is not known"
            yield _finding("FWP111", job, "checkpoints[].checkpointType", checkpoint=newest.id, when=when)
        elif job.forward_only is not True and all(c.is_sampler for c in checkpoints):
            # What is complete need not be resumed.
            severity = Severity.INFO if job.state.name == "JOB_STATE_COMPLETED" else None
            yield _finding("FWP112", job, "checkpoints[].checkpointType", severity)
    if stop is not None and job.state.name in ("JOB_STATE_CANCELLED", "JOB_STATE_DELETED"):
        yield _finding("FWP120", job, "auditLogs", verb=stop.verb, when=moment(stop.when), who=stop.who)
    if job.state.name == "JOB_STATE_DELETED":
        yield from _deleted(job, now, checkpoints, stop)


def _failure(job: Job) -> Finding:
    reason, message = job.status.reason, (job.status.message or "").strip()
    if reason is None and message.lower() in _NO_CAUSE:
        return _finding("FWP110", job, "status.message")
    told = ": ".join(part for part in (reason, message) if part)
    evidence = "status.details[].reason" if reason else "status.message"
    return _finding("FWP109", job, evidence, reason=told)


def _deleted(
    job: Job, now: datetime, checkpoints: Sequence[Checkpoint] | None, stop: Stop | None
) -> Iterator[Finding]:
    """The days that are left: deleted when the log says so, or after the last sign of life."""
    signs = [t for t in (job.created, job.completed) if t is not None]
    signs += [t for c in checkpoints or () for t in (c.created, c.updated) if t is not None]
    if not signs or (checkpoints is not None and not any(c.promotable for c in checkpoints)):
        return
    after = max(signs)
    known = "cannot be read: it was after"
    evidence = "state, createTime, completedTime, checkpoints[].updateTime"
    if stop is not None and stop.verb == "deleted":
        after, known, evidence = stop.when, "is in the audit log:", "state, auditLogs"
    earliest = after + RETENTION
    severity = Severity.ERROR if earliest - now < _URGENT else None
    yield _finding(
        "FWP114",
        job,
        evidence,
        severity,
        earliest=f"{earliest:%Y-%m-%d}",
        after=f"{known} {moment(after)}",
    )


def _created(checkpoint: Checkpoint) -> float:
    return checkpoint.created.timestamp() if checkpoint.created else 0.0
