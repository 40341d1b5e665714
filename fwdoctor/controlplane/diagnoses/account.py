"""What only shows across an account: orphans and twins, quotas, sessions, and the account itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from fwdoctor.controlplane.diagnoses.filled import of as _finding
from fwdoctor.controlplane.resources import NAMELESS, Deployment, Job, Quota, Row, ShapeVersion, last
from fwdoctor.controlplane.sparse import text
from fwdoctor.finding import Finding

#: Launches that were tried again follow each other so closely.
_TWINS = timedelta(minutes=10)
#: So long after its reference, the job that needs it may still be on its way.
_LAUNCH = timedelta(minutes=30)
#: From this part on, a quota is as good as used.
_NEARLY = 0.9
#: About so many serverless sessions run at a time.
_SESSIONS = 7
_FINE = frozenset({"UNSUSPENDED", "SUSPEND_STATE_UNSPECIFIED"})


def diagnose_account(row: Row, *, told: str | None = None) -> Iterator[Finding]:
    """What the account's own row says; ``told`` is the id that the environment names."""
    account = last(text(row, "name")) or NAMELESS
    state = text(row, "suspendState")
    if state is not None and state not in _FINE:
        yield _finding("FWP004", account, "suspendState", account=account, state=state)
    if told is not None and account not in (told, NAMELESS):
        yield _finding("FWP007", account, "FIREWORKS_ACCOUNT_ID", told=told, account=account)


def diagnose_jobs(jobs: Sequence[Job], now: datetime) -> Iterator[Finding]:
    """References that nobody needs, and jobs that look like one launch tried twice."""
    alive = [job for job in jobs if job.state.is_alive]
    # A server may leave out what is false.
    trained = {job.base_model for job in alive if job.forward_only is not True}
    for job in alive:
        is_old = job.created is not None and now - job.created > _LAUNCH
        if job.forward_only and is_old and job.base_model and job.base_model not in trained:
            model = last(job.base_model) or job.base_model
            yield _finding("FWP117", job.id, "forwardOnly, trainingConfig.baseModel", job=job.id, model=model)
    yield from _twins(alive)


def _twins(alive: Sequence[Job]) -> Iterator[Finding]:
    """Jobs for the same, made within minutes of each other: one finding for each such row of them."""
    alike: dict[tuple[object, ...], list[tuple[datetime, Job]]] = {}
    for job in alive:
        if job.created is not None and job.base_model:
            key = (job.base_model, job.lora_rank, job.forward_only, job.display_name)
            alike.setdefault(key, []).append((job.created, job))
    for dated in alike.values():
        dated.sort(key=lambda pair: pair[0])
        row: list[tuple[datetime, Job]] = []
        for made, job in dated:
            if row and made - row[-1][0] >= _TWINS:
                yield from _told([j for _, j in row])
                row = []
            row.append((made, job))
        yield from _told([j for _, j in row])


def _told(row: Sequence[Job]) -> Iterator[Finding]:
    if len(row) > 1:
        names = ", ".join(job.id for job in row[:-1])
        evidence = "createTime, displayName, trainingConfig"
        yield _finding("FWP118", row[-1].id, evidence, jobs=f"{names} and {row[-1].id}")


def explain_quotas(
    quotas: Sequence[Quota],
    jobs: Sequence[tuple[Job, ShapeVersion | None]],
    deployments: Sequence[Deployment],
) -> Iterator[Finding]:
    """Quotas of which more is in use than all that can be seen may use, where all of that is known."""
    used: Counter[str] = Counter()
    for job, shape in jobs:
        if job.state.holds_gpus is False:
            continue
        if shape is None or shape.gpu is None or shape.gpus is None:
            return
        used[shape.gpu] += shape.gpus * (job.replicas or 1)
    for deployment in deployments:
        if deployment.state == "DELETED":
            continue
        if deployment.gpu is None or deployment.accelerators is None or deployment.replicas.maximum is None:
            return
        used[deployment.gpu] += deployment.accelerators * deployment.replicas.maximum
    for quota in quotas:
        if quota.accelerator is not None and quota.usage and quota.usage > used[quota.accelerator]:
            evidence = "quotas[].usage, all jobs and deployments"
            told = {"usage": f"{quota.usage:g}", "explained": str(used[quota.accelerator])}
            yield _finding("FWP602", quota.name, evidence, quota=quota.name, **told)


def diagnose_quotas(quotas: Sequence[Quota]) -> Iterator[Finding]:
    """Quotas that leave no room for another launch."""
    for quota in quotas:
        if quota.value and quota.usage is not None and quota.usage >= quota.value * _NEARLY:
            yield _finding(
                "FWP601",
                quota.name,
                "quotas[].usage, quotas[].value",
                quota=quota.name,
                usage=f"{quota.usage:g}",
                value=f"{quota.value:g}",
            )


def diagnose_sessions(rows: Sequence[Row]) -> Iterator[Finding]:
    """Serverless sessions that keep others from starting."""
    held = [r for r in rows if (text(r, "state") or "").endswith(("READY", "UNSPECIFIED"))]
    if len(held) >= _SESSIONS:
        yield _finding("FWP611", "trainingSessions", "trainingSessions[].state", count=str(len(held)))
    for row in rows:
        if text(row, "state") == "TRAINING_SESSION_STATE_UNSPECIFIED":
            session = last(text(row, "name")) or "?"
            yield _finding("FWP612", session, "state", session=session)
