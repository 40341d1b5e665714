"""What was read about one error of a log, put together; all of it is in answers that are there already."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fwdoctor.controlplane import reading
from fwdoctor.controlplane.client import Account
from fwdoctor.controlplane.errors import ControlPlaneError
from fwdoctor.controlplane.look import Look
from fwdoctor.controlplane.mentions import Mention, Subject
from fwdoctor.controlplane.names import Kind, parse
from fwdoctor.controlplane.reading import Seen
from fwdoctor.controlplane.resources import Deployment, Job, Replica
from fwdoctor.controlplane.verdicts import Case
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass


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
    seen, job_is_gone = await _job(look, owner, job_id)
    deployment, replicas, deployment_is_gone = await _deployment(look, owner, deployment_id)
    return Case(
        owner.id,
        look.now,
        written=subject.written,
        job_id=job_id,
        job=seen.job if seen else None,
        job_is_gone=job_is_gone,
        answers=await _answers(look, seen.job, owner) if seen else None,
        checkpoints=seen.checkpoints if seen else None,
        deployment_id=deployment_id,
        deployment=deployment,
        deployment_is_gone=deployment_is_gone,
        replicas=replicas,
    )


async def _job(look: Look, owner: Account, job_id: str | None) -> tuple[Seen | None, bool]:
    """A job, and whether the control plane says that it is not there; that it cannot be read is no answer."""
    if job_id is None:
        return None, False
    try:
        seen = await reading.job(look, parse(job_id, Kind.TRAINER_JOB), owner)
    except (ControlPlaneError, FwdoctorError):
        return None, False
    return seen, seen is None


async def _deployment(
    look: Look, owner: Account, deployment_id: str | None
) -> tuple[Deployment | None, Sequence[Replica] | None, bool]:
    """A deployment, its replicas, and whether the control plane says that it is not there."""
    if deployment_id is None:
        return None, None, False
    resource = parse(deployment_id, Kind.DEPLOYMENT)
    try:
        row = await look.row(resource.path(owner.id))
    except (ControlPlaneError, FwdoctorError):
        return None, None, False
    if row is None:
        return None, None, True
    deployment = Deployment.of(row)
    served = await reading.served(look, deployment, resource, owner)
    return deployment, served.replicas if served else None, False


async def _answers(look: Look, job: Job, owner: Account) -> bool | None:
    """Whether the trainer itself answered; None: it was not asked, or nothing can be told from that."""
    answer = await reading.trainer_answers(look, job, parse(job.id, Kind.TRAINER_JOB), owner)
    return True if answer == 200 else None
