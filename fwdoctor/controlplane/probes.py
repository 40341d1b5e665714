"""Probes: what is asked of the control plane about one resource, and what is said about it.

Each asks what it needs at once, and lives with what does not come: a list that may not be read is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fwdoctor.controlplane.client import Account, AccountError, ControlPlane, Listing
from fwdoctor.controlplane.diagnoses import account as of_account
from fwdoctor.controlplane.diagnoses import checkpoints as of_checkpoints
from fwdoctor.controlplane.diagnoses import deployments as of_deployments
from fwdoctor.controlplane.diagnoses import jobs as of_jobs
from fwdoctor.controlplane.diagnoses import shapes as of_shapes
from fwdoctor.controlplane.diagnoses import weight_sync as of_weights
from fwdoctor.controlplane.diagnoses.deployments import Attached
from fwdoctor.controlplane.diagnoses.shapes import Wanted
from fwdoctor.controlplane.errors import ControlPlaneError, Kind
from fwdoctor.controlplane.names import Kind as Named
from fwdoctor.controlplane.names import Resource, parse
from fwdoctor.controlplane.resources import (
    Checkpoint,
    Deployment,
    Job,
    Quota,
    Replica,
    ShapeVersion,
    last,
    text,
)
from fwdoctor.controlplane.words import age, moment
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding, Problem
from fwdoctor.rulebook import rulebook

#: Where an error says that there is no such thing, or that it may not be seen: unknown, and no failure.
_NOT_SEEN = frozenset({Kind.FORBIDDEN, Kind.NOT_FOUND})
_JOBS = "rlorTrainerJobs"
_CHECKPOINTS = ("checkpoints", "rlorTrainerJobCheckpoints")


@dataclass
class Probed:
    """What a probe has to say: a line for each resource, findings, and what could not be asked."""

    outcomes: list[CheckOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, section: str, detail: str, findings: Sequence[Finding]) -> None:
        """A resource that was looked at."""
        status = CheckStatus.FINDING if findings else CheckStatus.OK
        self.outcomes.append(CheckOutcome(section, status, detail, tuple(findings)))
        self.findings += findings


@dataclass(frozen=True)
class Look:
    """How a probe looks: the plane, and what time it is."""

    plane: ControlPlane
    now: datetime

    async def account(self) -> Account:
        """The key's account.

        Raises:
            ControlPlaneError, AccountError: there is no telling.
        """
        return await self.plane.account()

    async def row(self, path: str) -> dict[str, Any] | None:
        """The row at a path; None if it is not there.

        Raises:
            ControlPlaneError: it could not be asked for.
        """
        try:
            return await self.plane.get(path)
        except ControlPlaneError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise

    async def rows(self, path: str, keys: str | Sequence[str], **params: str) -> list[dict[str, Any]] | None:
        """The rows of a list; None if they may not be seen, or not all of them."""
        try:
            listing: Listing = await self.plane.pages(path, keys, params)
        except ControlPlaneError as error:
            if error.kind in _NOT_SEEN:
                return None
            raise
        return list(listing.rows) if listing.complete else None


async def probe_job(look: Look, name: str) -> Probed:
    """What state a trainer job is in, and what to do."""
    probed = Probed()
    resource = parse(name, Named.TRAINER_JOB)
    owner = await look.account()
    found = await _job(look, resource, owner)
    if found is None:
        probed.add(f"job {resource.id}", "not found", [_missing(resource, owner)])
        return probed
    job, saved = found
    answers = await _answers(look, job, resource, owner)
    findings = list(of_jobs.diagnose(job, look.now, saved, answers=answers))
    probed.add(f"job {job.id}", _about_job(job, look.now), findings)
    return probed


async def probe_checkpoints(look: Look, name: str, model: str | None = None) -> Probed:
    """What a trainer job has saved, and what of it can be promoted; ``model``: the id to promote under."""
    probed = Probed()
    resource = parse(name, Named.TRAINER_JOB)
    owner = await look.account()
    found = await _job(look, resource, owner)
    if found is None:
        probed.add(f"job {resource.id}", "not found", [_missing(resource, owner)])
        return probed
    job, saved = found
    findings = list(of_jobs.diagnose(job, look.now, saved)) if not job.state.is_alive else []
    if saved is None:
        probed.add(f"job {job.id}", "its checkpoints may not be seen", findings)
    else:
        findings += of_checkpoints.diagnose(job, saved, look.now)
        probed.add(f"job {job.id}", _about_saves(job, saved), findings)
        for checkpoint in sorted(saved, key=lambda c: c.created or look.now, reverse=True):
            probed.notes.append(_row_of(checkpoint, look.now))
    if model is not None:
        await _model(look, probed, model, owner)
    return probed


async def probe_deployment(look: Look, name: str, job_name: str | None = None) -> Probed:
    """What a deployment is attached to, how many replicas serve, and which weights."""
    probed = Probed()
    resource = parse(name, Named.DEPLOYMENT)
    asked = parse(job_name, Named.TRAINER_JOB) if job_name is not None else None
    owner = await look.account()
    row = await look.row(resource.path(owner.id))
    if row is None:
        probed.problems.append(Problem(f"there is no deployment {resource.id} in {owner.id}", resource.id))
        return probed
    deployment = Deployment.of(row)
    meant = asked or _followed(deployment)
    found, served = await asyncio.gather(
        _job(look, meant, owner) if meant else _nothing(), _replicas(look, deployment, resource, owner)
    )
    attached = await _attached(look, deployment, meant, found, owner)
    findings = _about_pair(look, deployment, found, attached, asked, served, owner)
    probed.add(f"deployment {deployment.id}", _about_deployment(deployment), findings)
    if asked is not None:
        if found is None:
            probed.add(f"job {asked.id}", "not found", [_missing(asked, owner)])
        else:
            probed.add(
                f"job {found[0].id}",
                _about_job(found[0], look.now),
                list(of_jobs.diagnose(found[0], look.now, found[1])),
            )
    return probed


async def probe_account(look: Look, *, everything: bool = False) -> Probed:
    """All trainer jobs and deployments of the account, a line each; ``everything``: also what is over."""
    probed = Probed()
    owner = await look.account()
    base = f"/v1/accounts/{owner.id}"
    jobs, deployments, quotas, sessions = await asyncio.gather(
        look.rows(f"{base}/{_JOBS}", _JOBS),
        look.rows(f"{base}/deployments", "deployments"),
        look.rows(f"{base}/quotas", "quotas"),
        look.rows(f"{base}/trainingSessions", "trainingSessions"),
    )
    found = list(of_account.diagnose_account(owner.row))
    found += of_account.diagnose_quotas([Quota.of(q) for q in quotas or ()])
    found += of_account.diagnose_sessions(sessions or ())
    probed.add(f"account {owner.id}", _about_account(jobs, deployments), found)
    known = [Job.of(row) for row in jobs or ()]
    across = {f.resource: f for f in of_account.diagnose_jobs(known)}
    for job in known:
        if everything or job.state.is_alive or job.state.holds_gpus:
            about = list(of_jobs.diagnose(job, look.now))
            about += [across[job.id]] if job.id in across else []
            probed.add(f"job {job.id}", _about_job(job, look.now), about)
    for row in deployments or ():
        deployment = Deployment.of(row)
        attached = await _attached(look, deployment, None, None, owner, known)
        about = list(of_deployments.diagnose(deployment, owner.id, look.now, attached=attached))
        if everything or about or deployment.state not in ("DELETED", "DELETING"):
            probed.add(f"deployment {deployment.id}", _about_deployment(deployment), about)
    return probed


async def probe_shape(look: Look, name: str, wanted: Wanted) -> Probed:
    """Whether a training shape is there, validated, and for what is to be trained."""
    probed = Probed()
    resource = parse(name, Named.TRAINING_SHAPE, Named.TRAINING_SHAPE_VERSION)
    # The catalogue is shared: the shapes of the account fireworks.
    versioned = resource.kind is Named.TRAINING_SHAPE_VERSION
    shape = resource.name("fireworks").partition("/versions/")[0]
    owner = await look.account()
    try:
        latest, pinned = await asyncio.gather(
            look.rows(f"/v1/{shape}/versions", "trainingShapeVersions", filter="latest_validated=true"),
            look.row(f"/v1/{resource.name('fireworks')}") if versioned else _nothing(),
        )
    except ControlPlaneError as error:
        if error.status not in (403, 404, 412):
            raise
        latest, pinned = None, None
    if latest is None or (versioned and pinned is None):
        variables = {
            "shape": last(shape) or shape,
            "account": owner.id,
            "reason": "it is not there, or may not be seen",
        }
        finding = rulebook()["FWP503"].fill(
            variables, resource=shape, evidence="seen in: the answer's status"
        )
        probed.add(f"shape {last(shape)}", "not available", [finding])
        return probed
    newest = ShapeVersion.of(latest[0]) if latest else None
    asked = ShapeVersion.of(pinned) if pinned else None
    findings = list(of_shapes.diagnose(shape, newest, asked, wanted))
    probed.add(f"shape {last(shape)}", _about_shape(asked or newest), findings)
    return probed


# --- asking -------------------------------------------------------------------------------------------


async def _job(look: Look, resource: Resource, owner: Account) -> tuple[Job, list[Checkpoint] | None] | None:
    """A job and its checkpoints (None: not to be seen); None if there is no such job."""
    path = resource.path(owner.id)
    row, saved = await asyncio.gather(look.row(path), look.rows(f"{path}/checkpoints", _CHECKPOINTS))
    if row is None:
        return None
    return Job.of(row), None if saved is None else [Checkpoint.of(c) for c in saved]


async def _nothing() -> None:
    return None


async def _answers(look: Look, job: Job, resource: Resource, owner: Account) -> bool | None:
    """Whether the trainer of a running job answers; None where that was not asked, or cannot be told."""
    if job.state.name != "JOB_STATE_RUNNING":
        return None
    account = resource.account or owner.id
    try:
        await look.plane.get(f"/training/v1/{_JOBS}/{account}/{resource.id}/api/v1/healthz")
    except ControlPlaneError as error:
        # Anything but an answer of its own is no proof that it is dead: keys and gateways differ.
        return False if error.status in (502, 503, 504) else None
    return True


def _followed(deployment: Deployment) -> Resource | None:
    return parse(deployment.follows, Named.TRAINER_JOB) if deployment.follows else None


async def _replicas(
    look: Look, deployment: Deployment, resource: Resource, owner: Account
) -> tuple[list[Replica] | None, int | None, bool]:
    """What the replicas say: their list (None: there is none), a 5xx, and whether anything was learnt."""
    if deployment.base_model is None or deployment.state not in ("READY", "UPDATING"):
        return None, None, False
    try:
        answer = await look.plane.hot_load_status(deployment.base_model, resource.name(owner.id))
    except ControlPlaneError as error:
        crashed = error.status if error.status is not None and error.status >= 500 else None
        return None, crashed, crashed is not None
    rows = answer.get("replicas")
    if not isinstance(rows, list):
        return None, None, True
    return [Replica.of(r) for r in rows if isinstance(r, dict)], None, True


async def _attached(
    look: Look,
    deployment: Deployment,
    meant: Resource | None,
    found: tuple[Job, list[Checkpoint] | None] | None,
    owner: Account,
    known: Sequence[Job] = (),
) -> Attached | None:
    """The job that a deployment follows; None where it follows none, or that could not be read."""
    if deployment.follows is None:
        return None
    listed = next((j for j in known if j.id == deployment.follows), None)
    if listed is not None:
        return Attached(listed.id, listed.state)
    if meant is not None and meant.id == deployment.follows:
        return Attached(meant.id, found[0].state if found else None)
    try:
        row = await look.row(parse(deployment.follows, Named.TRAINER_JOB).path(owner.id))
    except ControlPlaneError:
        return None
    return Attached(deployment.follows, Job.of(row).state if row is not None else None)


async def _model(look: Look, probed: Probed, model: str, owner: Account) -> None:
    """Whether a promotion may use an id."""
    findings = list(of_checkpoints.diagnose_model_id(model))
    if not findings:
        row = await look.row(f"/v1/accounts/{owner.id}/models/{model}")
        state = text(row, "state") if row is not None else None
        findings = list(of_checkpoints.diagnose_model_id(model, is_there=row is not None, state=state))
    probed.add(f"model {model}", "free" if not findings else "not to be used", findings)


def _missing(resource: Resource, owner: Account) -> Finding:
    account = resource.account or owner.id
    return rulebook()["FWP115"].fill(
        {"job": resource.id, "account": account},
        resource=resource.id,
        evidence="seen in: the answer's status, 404",
    )


def _about_pair(
    look: Look,
    deployment: Deployment,
    found: tuple[Job, list[Checkpoint] | None] | None,
    attached: Attached | None,
    asked: Resource | None,
    served: tuple[list[Replica] | None, int | None, bool],
    owner: Account,
) -> list[Finding]:
    """All findings about a deployment, with the job that it is to serve."""
    job, saved = found or (None, None)
    replicas, crashed, learnt = served
    has_weights = any(of_weights.served(r) for r in replicas) if replicas else None
    findings: list[Finding] = []
    if asked is not None and job is not None:
        stale = of_deployments.stale_attachment(deployment, job, attached)
        findings += [stale] if stale else []
    findings += of_deployments.diagnose(
        deployment, owner.id, look.now, job=job, attached=attached, has_weights=has_weights
    )
    if learnt:
        findings += of_weights.diagnose(
            deployment, replicas, look.now, job=job, checkpoints=saved, crashes=crashed
        )
    return findings


# --- words --------------------------------------------------------------------------------------------


def _about_job(job: Job, now: datetime) -> str:
    since = f", made {age(now - job.created)} ago" if job.created else ""
    return f"{job.state.short}: {job.state.means}{since}"


def _about_saves(job: Job, saved: Sequence[Checkpoint]) -> str:
    newest = of_checkpoints.newest_promotable(saved)
    best = f"; the newest that can be promoted: {newest.id}" if newest else "; none can be promoted"
    count = f"{len(saved)} checkpoint{'s' if len(saved) != 1 else ''}"
    return f"{job.state.short}, {count}{best if saved else ''}"


def _row_of(checkpoint: Checkpoint, now: datetime) -> str:
    can = {True: "can be promoted", False: "cannot be promoted", None: "promotable is not said"}[
        checkpoint.promotable
    ]
    use = ", training can be resumed from it" if checkpoint.is_training_state else ""
    kind = checkpoint.kind.lower().replace("_", " ")
    when = moment(checkpoint.created) if checkpoint.created else "at a time that is not known"
    return f"{checkpoint.id}  {kind}, {when}, {can}{use}"


def _about_deployment(deployment: Deployment) -> str:
    counts = deployment.replicas
    replicas = f", {counts.ready} of {counts.wanted} replicas ready" if counts.ready is not None else ""
    whose = of_deployments.scope(deployment)
    scope = f", {whose}" if whose else ""
    follows = f", follows {deployment.follows}" if deployment.follows else ""
    region = f", {deployment.region}" if deployment.region else ""
    return f"{deployment.state}{replicas}{region}{scope}{follows}"


def _about_account(jobs: Sequence[object] | None, deployments: Sequence[object] | None) -> str:
    said = []
    for rows, word in ((jobs, "job"), (deployments, "deployment")):
        said.append(
            f"{word}s may not be seen" if rows is None else f"{len(rows)} {word}{'s' * (len(rows) != 1)}"
        )
    return ", ".join(said)


def _about_shape(version: ShapeVersion | None) -> str:
    if version is None:
        return "no validated version"
    parts = [f"version {version.version}", version.mode, version.base_model and last(version.base_model)]
    parts.append(f"context {version.context:,}" if version.context else None)
    if version.accelerator and version.accelerators:
        parts.append(f"{version.accelerators} × {version.accelerator}")
    return ", ".join(str(p) for p in parts if p)


def refused(error: ControlPlaneError | AccountError) -> Finding | None:
    """The finding that an error is, where it is one about access; else None: it is a problem."""
    book = rulebook()
    if isinstance(error, AccountError):
        rule, variables = ("FWP002", {"accounts": ", ".join(error.ids)}) if error.ids else ("FWP003", {})
        return book[rule].fill(variables, resource="account", evidence="seen in: GET /v1/accounts")
    evidence = f"seen in: {error.request}"
    if error.kind is Kind.UNAUTHORIZED:
        return book["FWP001"].fill({}, resource="key", evidence=evidence)
    if error.kind is Kind.FORBIDDEN:
        return book["FWP006"].fill({"what": error.request}, resource="key", evidence=evidence)
    return None


def now() -> datetime:
    """The time, as this machine has it."""
    return datetime.now(UTC)
