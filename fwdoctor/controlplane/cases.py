"""What was read about one error of a log, put together; all of it is in answers that are there already."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from typing import TypeVar

from fwdoctor.controlplane.client import Account
from fwdoctor.controlplane.errors import ControlPlaneError
from fwdoctor.controlplane.mentions import Mention, Subject
from fwdoctor.controlplane.names import Kind, parse
from fwdoctor.controlplane.probes import Look
from fwdoctor.controlplane.resources import Checkpoint, Deployment, Job, Replica
from fwdoctor.controlplane.states import Phase
from fwdoctor.controlplane.verdicts import Case
from fwdoctor.errors import FwdoctorError

_CHECKPOINTS = ("checkpoints", "rlorTrainerJobCheckpoints")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LookedAt:
    """The jobs and deployments (ids) that were looked at, and which deployment goes with which job."""

    jobs: Collection[str]
    deployments: Collection[str]
    pairs: Collection[tuple[str | None, str]]

    def about(self, subject: Subject) -> tuple[str | None, str | None]:
        """The job and the deployment that an error is about: those it names, else those that go with them."""
        job = _named(subject.job, self.jobs)
        deployment = _named(subject.deployment, self.deployments)
        if job is None and subject.job is None:
            job = _only([j for j, d in self.pairs if d == deployment and j]) or _only(self.jobs)
        if deployment is None and subject.deployment is None:
            deployment = _only([d for j, d in self.pairs if j == job]) or _only(self.deployments)
        return job, deployment


def is_foreign(mention: Mention | None, owner: Account) -> bool:
    """Whether a log names something of another account."""
    return mention is not None and mention.account not in (None, owner.id)


def _named(mention: Mention | None, known: Collection[str]) -> str | None:
    return mention.id if mention is not None and mention.id in known else None


def _only(ids: Collection[str]) -> str | None:
    """The one that there is; None of several, for nothing tells which is meant."""
    return next(iter(ids)) if len(set(ids)) == 1 else None


async def gather_case(look: Look, owner: Account, subject: Subject, looked_at: LookedAt) -> Case:
    """All that is known about what an error is about; without the rules that probes found."""
    foreign = next(
        (m.account for m in (subject.job, subject.deployment) if m is not None and is_foreign(m, owner)), None
    )
    if foreign is not None:
        return Case(owner.id, look.now, foreign=foreign)
    job_id, deployment_id = looked_at.about(subject)
    job, job_is_gone, checkpoints, answers = None, False, None, None
    if job_id is not None:
        path = parse(job_id, Kind.TRAINER_JOB).path(owner.id)
        row = await _known(look.row(path))
        job, job_is_gone = (Job.of(row), False) if row else (None, await _is_gone(look, path))
        rows = await _known(look.rows(f"{path}/checkpoints", _CHECKPOINTS))
        checkpoints = [Checkpoint.of(r) for r in rows] if rows is not None and job is not None else None
        answers = await _answers(look, job, owner) if job is not None else None
    deployment, deployment_is_gone, replicas = None, False, None
    if deployment_id is not None:
        path = parse(deployment_id, Kind.DEPLOYMENT).path(owner.id)
        row = await _known(look.row(path))
        gone = row is None and await _is_gone(look, path)
        deployment, deployment_is_gone = (Deployment.of(row), False) if row else (None, gone)
        replicas = await _replicas(look, deployment, owner) if deployment is not None else None
    return Case(
        owner.id,
        look.now,
        job_id=job_id,
        job=job,
        job_is_gone=job_is_gone,
        answers=answers,
        checkpoints=checkpoints,
        deployment_id=deployment_id,
        deployment=deployment,
        deployment_is_gone=deployment_is_gone,
        replicas=replicas,
    )


async def _known(answer: Awaitable[_T]) -> _T | None:
    """An answer; None where there is none, or where it could not be had."""
    try:
        return await answer
    except (ControlPlaneError, FwdoctorError):
        return None


async def _is_gone(look: Look, path: str) -> bool:
    """Whether the control plane says that something is not there. That it may not be read is no answer."""
    try:
        return await look.row(path) is None
    except (ControlPlaneError, FwdoctorError):
        return False


async def _answers(look: Look, job: Job, owner: Account) -> bool | None:
    """Whether the trainer itself answered; None: it was not asked, or nothing can be told from that."""
    if job.state.phase is not Phase.HEALTHY:
        return None
    resource = parse(job.id, Kind.TRAINER_JOB)
    return True if await _known(look.plane.healthz(resource, owner.id)) == 200 else None


async def _replicas(look: Look, deployment: Deployment, owner: Account) -> list[Replica] | None:
    if deployment.base_model is None or deployment.state not in ("READY", "UPDATING"):
        return None
    name = parse(deployment.id, Kind.DEPLOYMENT).name(owner.id)
    answer = await _known(look.plane.hot_load_status(deployment.base_model, name))
    rows = answer.get("replicas") if answer else None
    return [Replica.of(r) for r in rows if isinstance(r, dict)] if isinstance(rows, list) else None
