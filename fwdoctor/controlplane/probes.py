"""Probes: what is asked of the control plane about one resource, and what is said about it.

Each asks what it needs at once, and lives with what does not come: a list that may not be read is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from fwdoctor.controlplane import reading, words
from fwdoctor.controlplane.client import Account
from fwdoctor.controlplane.diagnoses import account as of_account
from fwdoctor.controlplane.diagnoses import checkpoints as of_checkpoints
from fwdoctor.controlplane.diagnoses import deployments as of_deployments
from fwdoctor.controlplane.diagnoses import jobs as of_jobs
from fwdoctor.controlplane.diagnoses import shapes as of_shapes
from fwdoctor.controlplane.diagnoses import weight_sync as of_weights
from fwdoctor.controlplane.diagnoses.deployments import Attached
from fwdoctor.controlplane.diagnoses.shapes import Wanted
from fwdoctor.controlplane.errors import ControlPlaneError
from fwdoctor.controlplane.look import Look, Probed, nothing
from fwdoctor.controlplane.names import Kind as Named
from fwdoctor.controlplane.names import Resource, is_id, parse
from fwdoctor.controlplane.reading import Seen, Served
from fwdoctor.controlplane.resources import Deployment, Job, Model, Quota, Replica, ShapeVersion, last
from fwdoctor.controlplane.states import Phase
from fwdoctor.finding import Finding, Severity
from fwdoctor.rulebook import rulebook

#: The catalogue that all accounts share.
_CATALOGUE = "fireworks"
#: What is refused, and what that means for a shape.
_SHAPE_REFUSED = {
    403: "this key may not see it",
    404: "there is no such shape, or it is private",
    412: "it is not enabled for the account",
}


async def probe_job(look: Look, name: str) -> Probed:
    """What state a trainer job is in, and what to do.

    Raises:
        FwdoctorError: the name is none.
        ControlPlaneError, AccountError: the job could not be asked for.
    """
    probed = Probed()
    resource = parse(name, Named.TRAINER_JOB)
    owner = await look.account()
    seen = await reading.job(look, resource, owner)
    if seen is None:
        probed.add(f"job {resource.id}", "not found", [_no_job(resource, owner)])
    else:
        _add_job(look, probed, seen, await about_job(look, seen, resource, owner))
        if seen.job.state.name == "JOB_STATE_PAUSED":
            # That is why, as a rule.
            suspended = list(of_account.diagnose_account(owner.row))
            if suspended:
                probed.add(f"account {owner.id}", "suspended", suspended)
    return probed


def _add_job(look: Look, probed: Probed, seen: Seen, findings: Sequence[Finding]) -> None:
    detail = words.job(seen.job, look.now, advise=not findings)
    probed.add(f"job {seen.job.id}", detail, findings)


async def about_job(look: Look, seen: Seen, resource: Resource, owner: Account) -> list[Finding]:
    """All findings about a job; what they need beyond its row is asked for at once."""
    job = seen.job
    answer, (shape, latest), quotas, stop = await asyncio.gather(
        reading.trainer_answers(look, job, resource, owner),
        reading.shape_of(look, job),
        reading.quotas(look, owner) if job.state.phase is Phase.WAITING else nothing(),
        reading.stop_of(look, job, owner) if _was_stopped(job) else nothing(),
    )
    found = of_jobs.diagnose(
        job, look.now, seen.checkpoints, answer=answer, shape=shape, latest=latest, quotas=quotas, stop=stop
    )
    return list(found)


def _was_stopped(job: Job) -> bool:
    return job.state.name in ("JOB_STATE_CANCELLED", "JOB_STATE_DELETED")


async def probe_checkpoints(look: Look, name: str, model: str | None = None) -> Probed:
    """What a trainer job has saved, and what of it can be promoted; ``model``: the id to promote under.

    Raises: as :func:`probe_job`.
    """
    probed = Probed()
    resource = parse(name, Named.TRAINER_JOB)
    owner = await look.account()
    seen = await reading.job(look, resource, owner)
    if seen is None:
        probed.add(f"job {resource.id}", "not found", [_no_job(resource, owner)])
    else:
        await _add_checkpoints(look, probed, seen, owner)
    if model is not None:
        await _add_model(look, probed, model, owner)
    return probed


async def _add_checkpoints(look: Look, probed: Probed, seen: Seen, owner: Account) -> None:
    job, saved = seen.job, seen.checkpoints
    stop = await reading.stop_of(look, job, owner) if _was_stopped(job) else None
    # Of a job that is over, the checkpoints are all that counts; a live one has a probe of its own.
    findings = [] if job.state.is_alive else list(of_jobs.diagnose(job, look.now, saved, stop=stop))
    if saved is None:
        probed.add(f"job {job.id}", f"{job.state.short}; its checkpoints could not be read", findings)
        return
    findings += of_checkpoints.diagnose(job, saved, look.now)
    probed.add(f"job {job.id}", words.saves(job, saved), findings)
    for checkpoint in sorted(saved, key=lambda c: c.created or look.now, reverse=True):
        probed.notes.append(words.checkpoint(checkpoint))


async def _add_model(look: Look, probed: Probed, model: str, owner: Account) -> None:
    """Whether a promotion may use an id."""
    findings = list(of_checkpoints.diagnose_model_id(model))
    if not findings:
        row = await look.row(f"/v1/accounts/{owner.id}/models/{model}")
        findings = list(of_checkpoints.diagnose_model(model, Model.of(row) if row else None, look.now))
    probed.add(f"model {model}", "not to be used" if findings else "free: no model has this id", findings)


async def probe_deployment(look: Look, name: str, job_name: str | None = None) -> Probed:
    """What a deployment is attached to, how many replicas serve, and which weights.

    Raises: as :func:`probe_job`.
    """
    probed = Probed()
    resource = parse(name, Named.DEPLOYMENT)
    asked = parse(job_name, Named.TRAINER_JOB) if job_name is not None else None
    owner = await look.account()
    row, seen = await asyncio.gather(
        reading.resource_row(look, resource.path(owner.id)),
        reading.job(look, asked, owner) if asked else nothing(),
    )
    if row is None:
        probed.add(f"deployment {resource.id}", "not found", [_no_deployment(resource, owner)])
    else:
        deployment = replace(Deployment.of(row), id=resource.id)
        found = await about_deployment(look, deployment, resource, owner, asked=asked, seen=seen)
        replicas = await _replicas(look, deployment, resource, owner)
        probed.add(f"deployment {deployment.id}", words.deployment(deployment, replicas), found)
    if asked is not None and seen is None:
        probed.add(f"job {asked.id}", "not found", [_no_job(asked, owner)])
    elif asked is not None and seen is not None:
        _add_job(look, probed, seen, await about_job(look, seen, asked, owner))
    return probed


async def about_deployment(
    look: Look,
    deployment: Deployment,
    resource: Resource,
    owner: Account,
    *,
    asked: Resource | None = None,
    seen: Seen | None = None,
    known: Sequence[Job] = (),
) -> list[Finding]:
    """All findings about a deployment and the job whose weights it takes.

    ``asked`` is the job that the user asks about, ``seen`` what was read of it; without one it is the job
    that the deployment says it follows. ``known`` are jobs whose rows were read already.
    """
    is_named = deployment.trainer is not None and is_id(deployment.trainer)
    follows = parse(str(deployment.trainer), Named.TRAINER_JOB) if is_named else None
    served, attached, other, writers = await asyncio.gather(
        reading.served(look, deployment, resource, owner),
        reading.attached(look, deployment, owner, known),
        _try_job(look, follows, owner, known) if asked is None and follows is not None else nothing(),
        _writers(look, deployment, owner, known),
    )
    seen = seen if asked is not None else other
    (shape, _), words = await asyncio.gather(
        reading.shape_of(look, seen.job) if seen else _no_shape_known(),
        reading.last_words(look, deployment, resource, owner, crashes=bool(served and served.crashed)),
    )
    return list(_diagnose_pair(look, deployment, owner, seen, attached, asked, served, writers, shape, words))


async def _replicas(
    look: Look, deployment: Deployment, resource: Resource, owner: Account
) -> Sequence[Replica]:
    """What the replicas have said of their weights, where they were asked."""
    said = await reading.served(look, deployment, resource, owner)
    return (said.replicas or ()) if said else ()


async def _no_shape_known() -> tuple[None, None]:
    return None, None


async def _try_job(look: Look, resource: Resource, owner: Account, known: Sequence[Job]) -> Seen | None:
    listed = next((job for job in known if job.id == resource.id), None)
    if listed is not None:
        return Seen(listed, await reading.checkpoints(look, resource.path(owner.id)))
    try:
        return await reading.job(look, resource, owner)
    except ControlPlaneError as error:
        look.miss(error)
        return None


async def _writers(
    look: Look, deployment: Deployment, owner: Account, known: Sequence[Job]
) -> list[Job] | None:
    """The jobs that write to a deployment's own bucket; None where there is no telling."""
    if deployment.trainer is not None or deployment.follows is None or not deployment.hot_load:
        return None
    jobs = known or await reading.jobs(look, owner)
    if jobs is None or any(job.keyed_to is None and job.state.is_alive for job in jobs):
        return None
    return [job for job in jobs if job.keyed_to == deployment.id]


def _diagnose_pair(
    look: Look,
    deployment: Deployment,
    owner: Account,
    seen: Seen | None,
    attached: Attached | None,
    asked: Resource | None,
    served: Served | None,
    writers: Sequence[Job] | None,
    shape: ShapeVersion | None,
    last_words: str | None,
) -> list[Finding]:
    job, saved = (seen.job, seen.checkpoints) if seen else (None, None)
    replicas = served.replicas if served else None
    has_weights = of_weights.has_weights(replicas or ())
    findings: list[Finding | None] = []
    if asked is not None and job is not None:
        findings.append(of_deployments.stale_attachment(deployment, job, attached))
    findings += of_deployments.diagnose(
        deployment,
        owner.id,
        look.now,
        job=job,
        attached=attached,
        has_weights=has_weights,
        shape=shape,
        writers=writers,
        last_words=last_words,
    )
    if job is not None:
        left = of_deployments.left_behind(
            deployment, job, look.now, checkpoints=saved, has_weights=has_weights
        )
        findings.append(left)
    if served is not None:
        findings += of_weights.diagnose(
            deployment,
            replicas,
            look.now,
            job=job,
            checkpoints=saved,
            crashes=served.crashed,
            stuck=served.stuck,
            last_words=last_words,
        )
    return [f for f in findings if f is not None]


async def probe_account(look: Look, *, everything: bool = False) -> Probed:
    """All trainer jobs and deployments of the account, a line each; ``everything``: also what is over.

    Raises: as :func:`probe_job`.
    """
    probed = Probed()
    owner = await look.account()
    jobs, deployments, quotas, sessions = await asyncio.gather(
        reading.jobs(look, owner, everything=everything),
        reading.deployments(look, owner, everything=everything),
        reading.quotas(look, owner),
        reading.sessions(look, owner),
    )
    shown = [job for job in jobs or () if everything or _matters(job)]
    serving = [d for d in deployments or () if everything or d.state not in ("DELETED", "DELETING")]
    per_job, per_deployment = await asyncio.gather(
        asyncio.gather(*(_of_account_job(look, job, owner, quotas) for job in shown)),
        asyncio.gather(*(_of_account_deployment(look, d, owner, jobs or ()) for d in serving)),
    )
    across = of_account.diagnose_jobs(jobs or (), look.now)
    found = [
        *of_account.diagnose_account(owner.row),
        *of_account.diagnose_quotas(quotas or ()),
        *of_account.diagnose_sessions(sessions),
    ]
    if jobs is not None and deployments is not None:
        shapes = {job.id: shape for job, (shape, _) in zip(shown, per_job, strict=True)}
        known = [(job, shapes.get(job.id)) for job in jobs]
        found += of_account.explain_quotas(quotas or (), known, deployments)
    probed.add(f"account {owner.id}", words.account(jobs, deployments), found)
    by_job: dict[str, list[Finding]] = {}
    for finding in across:
        by_job.setdefault(str(finding.resource), []).append(finding)
    for job, (_, findings) in zip(shown, per_job, strict=True):
        probed.add(f"job {job.id}", words.job_in_account(job, look.now), [*findings, *by_job.get(job.id, [])])
    for deployment, findings in zip(serving, per_deployment, strict=True):
        probed.add(f"deployment {deployment.id}", words.deployment(deployment), findings)
    hidden = len(jobs or ()) - len(shown)
    if hidden:
        told = "1 job that is over is" if hidden == 1 else f"{hidden:,} jobs that are over are"
        probed.notes.append(f"{told} not shown: --all")
    return probed


def _matters(job: Job) -> bool:
    """Whether an account is told of a job: it works, or holds GPUs, or nobody knows what its state means."""
    return job.state.is_alive or bool(job.state.holds_gpus) or job.state.phase is Phase.UNKNOWN


async def _of_account_job(
    look: Look, job: Job, owner: Account, quotas: Sequence[Quota] | None
) -> tuple[ShapeVersion | None, list[Finding]]:
    """A job of a list: its shape, and the findings without what only a look at the trainer itself tells."""
    path = parse(job.id, Named.TRAINER_JOB).path(owner.id) if is_id(job.id) else None
    saved, (shape, _) = await asyncio.gather(
        reading.checkpoints(look, path) if path else nothing(), reading.shape_of(look, job)
    )
    return shape, list(of_jobs.diagnose(job, look.now, saved, shape=shape, quotas=quotas))


async def _of_account_deployment(
    look: Look, deployment: Deployment, owner: Account, known: Sequence[Job]
) -> list[Finding]:
    """A deployment of a list; what is only good to know is left to a probe of its own."""
    if is_id(deployment.id):
        resource = parse(deployment.id, Named.DEPLOYMENT)
        found = await about_deployment(look, deployment, resource, owner, known=known)
    else:
        found = list(of_deployments.diagnose(deployment, owner.id, look.now))
    across = [f for job in known for f in of_deployments.only_reader(job, [deployment])]
    # What the account shows as a whole says it better.
    told = {"FWP305"} if across else set()
    return [f for f in [*found, *across] if f.severity is not Severity.INFO and f.rule not in told]


async def probe_shape(look: Look, name: str, wanted: Wanted) -> Probed:
    """Whether a training shape is there, validated, and for what is to be trained.

    Raises: as :func:`probe_job`.
    """
    probed = Probed()
    resource = parse(name, Named.TRAINING_SHAPE, Named.TRAINING_SHAPE_VERSION)
    shape, _, pinned = resource.name(_CATALOGUE).partition("/versions/")
    owner = await look.account()
    try:
        row, own, (latest, _), model = await asyncio.gather(
            look.row(f"/v1/{shape}"),
            look.row(f"/v1/{shape}/versions/{pinned}") if pinned else nothing(),
            reading.latest_version(look, shape),
            _model(look, wanted, owner),
        )
    except ControlPlaneError as error:
        if error.status not in _SHAPE_REFUSED:
            raise
        return _no_shape(probed, shape, owner, error.status)
    if row is None or (pinned and own is None):
        return _no_shape(probed, resource.name(_CATALOGUE) if row else shape, owner, 404)
    version = ShapeVersion.of(own) if own else None
    validated = await reading.serving_shape_is_validated(look, version or latest)
    findings = [
        *of_shapes.diagnose(shape, latest, version, wanted, serving_validated=validated),
        *of_shapes.diagnose_model(model, wanted),
    ]
    probed.add(f"shape {last(shape)}", words.shape(version or latest), findings)
    return probed


async def _model(look: Look, wanted: Wanted, owner: Account) -> Model | None:
    """The record of the base model that is to be trained; None without one, or where it cannot be read."""
    if wanted.base_model is None:
        return None
    resource = parse(wanted.base_model, Named.MODEL)
    try:
        row = await look.row(f"/v1/{resource.name(_CATALOGUE)}")
    except ControlPlaneError as error:
        look.miss(error)
        return None
    return Model.of(row) if row is not None else None


def _no_job(resource: Resource, owner: Account) -> Finding:
    variables = {"job": resource.id, "account": resource.account or owner.id}
    return rulebook()["FWP115"].fill(variables, resource=resource.id, evidence="the answer's status, 404")


def _no_deployment(resource: Resource, owner: Account) -> Finding:
    variables = {"deployment": resource.id, "account": resource.account or owner.id}
    return rulebook()["FWP322"].fill(variables, resource=resource.id, evidence="the answer's status, 404")


def _no_shape(probed: Probed, shape: str, owner: Account, status: int) -> Probed:
    variables = {"shape": shape, "account": owner.id, "reason": _SHAPE_REFUSED[status]}
    evidence = f"the answer's status, {status}"
    finding = rulebook()["FWP503"].fill(variables, resource=shape, evidence=evidence)
    probed.add(f"shape {last(shape)}", "not available", [finding])
    return probed
