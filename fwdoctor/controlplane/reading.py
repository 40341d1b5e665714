"""What probes read about one thing, typed. None is unknown: not asked, not allowed, or not to be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from fwdoctor.controlplane.client import Account
from fwdoctor.controlplane.diagnoses.deployments import Attached
from fwdoctor.controlplane.errors import ControlPlaneError, Kind
from fwdoctor.controlplane.look import Look, Row
from fwdoctor.controlplane.names import Kind as Named
from fwdoctor.controlplane.names import Resource, is_id, parse, recognize
from fwdoctor.controlplane.resources import (
    RETENTION,
    Checkpoint,
    Deployment,
    Job,
    Quota,
    Replica,
    ShapeVersion,
    Stop,
)
from fwdoctor.controlplane.sparse import flag, told
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

JOBS = "rlorTrainerJobs"
_CHECKPOINTS = ("checkpoints", "rlorTrainerJobCheckpoints")
#: Where a trainer or a replica is not well at the first look, it is looked at so often.
_TRIES = 3
_SERVING = ("READY", "UPDATING")
#: Stages in which a replica is at work: it is not ready yet, and nothing is wrong.
_BUSY = ("downloading", "loading", "initializing")


@dataclass(frozen=True, slots=True)
class Seen:
    """A job and its checkpoints (None: they could not be read)."""

    job: Job
    checkpoints: Sequence[Checkpoint] | None = None


async def job(look: Look, resource: Resource, owner: Account) -> Seen | None:
    """A job and its checkpoints; None if there is no such job.

    Raises:
        ControlPlaneError: the job could not be asked for.
    """
    path = resource.path(owner.id)
    row, saved = await asyncio.gather(resource_row(look, path), checkpoints(look, path))
    # It is the one that was asked for, whether it says so or not.
    return None if row is None else Seen(replace(Job.of(row), id=resource.id), saved)


async def resource_row(look: Look, path: str) -> Row | None:
    """The row of a job or a deployment; None if there is none.

    Raises:
        ControlPlaneError: it could not be asked for, or what came is something else.
    """
    row = await look.row(path)
    if row is not None and not {"name", "state"} & row.keys():
        raise ControlPlaneError(Kind.PROTOCOL, f"GET {path}", "the answer has neither a name nor a state")
    return row


async def checkpoints(look: Look, path: str) -> list[Checkpoint] | None:
    """The checkpoints of the job at a path."""
    rows = await look.rows(f"{path}/checkpoints", _CHECKPOINTS)
    return None if rows is None else [Checkpoint.of(row) for row in rows]


async def trainer_answers(look: Look, job: Job, resource: Resource, owner: Account) -> int | None:
    """What a running job's trainer answers, as an HTTP status: 200 is well, 0 no answer. None: no telling."""
    if job.state.name != "JOB_STATE_RUNNING":
        return None
    return await look.once(("healthz", job.id), _healthz(look, resource, owner))


async def _healthz(look: Look, resource: Resource, owner: Account) -> int | None:
    status: int | None = None
    for attempt in range(_TRIES):
        if attempt:
            await look.rest()
        try:
            status = await look.plane.healthz(resource, owner.id, budget=look.budget)
        except ControlPlaneError as error:
            if error.kind is Kind.NOT_JSON:
                return 200  # it answers, if not in JSON
            status = 0
        if status == 200 or status in (401, 403):
            break
    # Not every key may ask a trainer: that says nothing about it.
    return None if status in (401, 403) else status


async def latest_version(look: Look, shape: str) -> tuple[ShapeVersion | None, bool]:
    """The newest validated version of a shape (its full name), and whether that could be read."""
    rows = await look.first_rows(
        f"/v1/{shape}/versions", "trainingShapeVersions", filter="latest_validated=true"
    )
    if rows is None:
        return None, False
    return (ShapeVersion.of(rows[0]) if rows else None), True


async def shape_of(look: Look, job: Job) -> tuple[ShapeVersion | None, ShapeVersion | None]:
    """The version of the training shape that a job runs on, and the newest validated one."""
    named = recognize(job.shape) if job.shape else None
    if named is None or named.kind is not Named.TRAINING_SHAPE_VERSION or job.shape is None:
        return None, None
    shape = job.shape.partition("/versions/")[0]
    own, (latest, _) = await asyncio.gather(_version(look, job.shape), latest_version(look, shape))
    return own, latest


async def serving_shape_is_validated(look: Look, version: ShapeVersion | None) -> bool | None:
    """Whether the deployment shape that a training shape names can be used; None: there is no telling."""
    name = version.deployment_shape if version is not None else None
    if not name or not all(map(is_id, name.split("/"))):
        return None
    try:
        row = await look.row(f"/v1/{name}")
    except ControlPlaneError as error:
        look.miss(error)
        return None
    return flag(row, "validated")


async def _version(look: Look, name: str) -> ShapeVersion | None:
    try:
        row = await look.row(f"/v1/{name}")
    except ControlPlaneError as error:
        look.miss(error)
        return None
    return ShapeVersion.of(row) if row else None


async def quotas(look: Look, owner: Account) -> list[Quota] | None:
    """The quotas of the account."""
    rows = await look.rows(f"/v1/accounts/{owner.id}/quotas", "quotas")
    return None if rows is None else [Quota.of(row) for row in rows]


async def stop_of(look: Look, job: Job, owner: Account) -> Stop | None:
    """The call that stopped a job, by the audit log, which only some accounts may read."""
    since = look.now - RETENTION - timedelta(days=1)
    rows = await look.first_rows(
        f"/v1/accounts/{owner.id}/auditLogs",
        "auditLogs",
        filter=f'resource:"{job.id}"',
        startTime=_stamp(since),
        endTime=_stamp(look.now),
    )
    stops = [Stop.of(row, job.id) for row in rows or ()]
    return max((s for s in stops if s is not None), key=lambda s: s.when, default=None)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Served:
    """What the replicas of a deployment say of their weights.

    ``replicas`` None: the answer has no list of them. ``crashed``: the HTTP status (5xx) that came again and
    again instead of an answer. ``stuck``: the replicas that were not ready in two looks, and did nothing.
    """

    replicas: Sequence[Replica] | None
    crashed: int | None = None
    stuck: Sequence[str] = ()


async def served(look: Look, deployment: Deployment, resource: Resource, owner: Account) -> Served | None:
    """What the replicas say; None where nobody is to be asked, or there is no telling."""
    takes_weights = deployment.hot_load or deployment.trainer or deployment.bucket
    if not takes_weights or deployment.base_model is None or deployment.state not in _SERVING:
        return None
    return await look.once(("hot load", deployment.id), _served(look, deployment, resource, owner))


async def _served(look: Look, deployment: Deployment, resource: Resource, owner: Account) -> Served | None:
    first = await _replicas(look, deployment, resource, owner)
    if first is None or first.replicas is None:
        return first
    suspects = _not_ready(first.replicas)
    if not suspects:
        return first
    await look.rest()
    second = await _replicas(look, deployment, resource, owner)
    again = _not_ready(second.replicas or ()) if second else {}
    stuck = tuple(pod for pod, state in suspects.items() if again.get(pod) == state)
    return Served(first.replicas, stuck=stuck)


async def _replicas(look: Look, deployment: Deployment, resource: Resource, owner: Account) -> Served | None:
    try:
        answer = await look.plane.hot_load_status(
            deployment.base_model or "", resource.name(owner.id), budget=look.budget
        )
    except ControlPlaneError as error:
        if error.status is not None and error.status >= 500:
            return Served(None, crashed=error.status)
        look.miss(error)
        return None
    except FwdoctorError:  # its base model is no name
        return None
    rows = answer.get("replicas")
    if not isinstance(rows, list):
        return Served(None)
    return Served([Replica.of(row) for row in rows if isinstance(row, dict)])


async def last_words(
    look: Look, deployment: Deployment, resource: Resource, owner: Account, *, crashes: bool
) -> str | None:
    """What the serving container said when it died; None where it did not, or nobody knows."""
    if not crashes and deployment.state not in ("FAILED", "UPDATING"):
        return None
    try:
        row = await look.row(f"{resource.path(owner.id)}/terminationMessage")
    except ControlPlaneError as error:
        look.miss(error)
        return None
    return told(row, "message")


def _not_ready(replicas: Sequence[Replica]) -> dict[str, tuple[str | None, str | None]]:
    """The replicas that are not ready although they do nothing, with what they say of themselves."""
    return {
        r.id: (r.stage, r.target)
        for r in replicas
        if r.ready is False and (r.stage or "").lower() not in (*_BUSY, "error")
    }


async def attached(
    look: Look, deployment: Deployment, owner: Account, known: Sequence[Job] = ()
) -> Attached | None:
    """The job whose weights a deployment serves; None where it serves nobody's, or that could not be read."""
    if deployment.trainer is None:
        return None
    listed = next((j for j in known if j.id == deployment.trainer), None)
    if listed is not None:
        return Attached(listed.id, listed.state)
    try:
        row = await look.row(parse(deployment.trainer, Named.TRAINER_JOB).path(owner.id))
    except (ControlPlaneError, FwdoctorError) as error:
        if isinstance(error, ControlPlaneError):
            look.miss(error)
        return None
    return Attached(deployment.trainer, Job.of(row).state if row is not None else None)


async def jobs(look: Look, owner: Account, *, everything: bool = False) -> list[Job] | None:
    """All jobs of the account; ``everything``: also what is deleted, as far as lists show it."""
    more = {"includeArchived": True} if everything else {}
    rows = await look.rows(f"/v1/accounts/{owner.id}/{JOBS}", JOBS, needed=True, **more)
    return None if rows is None else [Job.of(row) for row in rows]


async def deployments(look: Look, owner: Account, *, everything: bool = False) -> list[Deployment] | None:
    """All deployments of the account; ``everything``: also what is deleted."""
    more = {"showDeleted": True} if everything else {}
    rows = await look.rows(f"/v1/accounts/{owner.id}/deployments", "deployments", needed=True, **more)
    return None if rows is None else [Deployment.of(row) for row in rows]


async def sessions(look: Look, owner: Account) -> list[dict[str, object]]:
    """The rows of the account's serverless sessions; none where they may not be seen."""
    return await look.rows(f"/v1/accounts/{owner.id}/trainingSessions", "trainingSessions") or []
