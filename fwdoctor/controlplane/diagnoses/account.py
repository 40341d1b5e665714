"""What only shows across an account: orphans and twins, quotas, sessions, and the account itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import timedelta

from fwdoctor.controlplane.resources import Job, Quota, Row, last, text
from fwdoctor.finding import Finding
from fwdoctor.rulebook import rulebook

#: Launches that were tried again follow each other so closely.
_TWINS = timedelta(minutes=10)
#: From this part on, a quota is as good as used.
_NEARLY = 0.9
#: About so many serverless sessions run at a time.
_SESSIONS = 7
_FINE = frozenset({"UNSUSPENDED", "SUSPEND_STATE_UNSPECIFIED"})


def diagnose_account(row: Row, *, told: str | None = None) -> Iterator[Finding]:
    """What the account's own row says; ``told`` is the id that the environment names."""
    account = last(text(row, "name")) or "?"
    state = text(row, "suspendState")
    if state is not None and state not in _FINE:
        yield _finding("FWP004", account, "suspendState", account=account, state=state)
    if told is not None and told != account:
        yield _finding("FWP007", account, "FIREWORKS_ACCOUNT_ID", told=told, account=account)


def diagnose_jobs(jobs: Sequence[Job]) -> Iterator[Finding]:
    """References that nobody needs, and jobs that look like one launch tried twice."""
    alive = [job for job in jobs if job.state.is_alive]
    trained = {job.base_model for job in alive if job.forward_only is False}
    for job in alive:
        if job.forward_only and job.base_model and job.base_model not in trained:
            model = last(job.base_model) or job.base_model
            yield _finding("FWP117", job.id, "forwardOnly, trainingConfig.baseModel", job=job.id, model=model)
    yield from _twins(alive)


def _twins(alive: Sequence[Job]) -> Iterator[Finding]:
    dated = [(job.created, job) for job in alive if job.created is not None]
    dated.sort(key=lambda pair: pair[0])
    for (first, one), (second, other) in itertools.pairwise(dated):
        alike = (one.base_model, one.lora_rank, one.forward_only) == (
            other.base_model,
            other.lora_rank,
            other.forward_only,
        )
        if alike and second - first < _TWINS and one.base_model and one.display_name == other.display_name:
            evidence = "createTime, displayName, trainingConfig"
            yield _finding("FWP118", other.id, evidence, jobs=f"{one.id} and {other.id}")


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
    ready = [r for r in rows if text(r, "state") in ("READY", "TRAINING_SESSION_STATE_READY")]
    if len(ready) >= _SESSIONS:
        yield _finding("FWP611", "trainingSessions", "state", count=str(len(ready)))
    for row in rows:
        if text(row, "state") == "TRAINING_SESSION_STATE_UNSPECIFIED":
            session = last(text(row, "name")) or "?"
            yield _finding("FWP612", session, "state", session=session)


def _finding(rule: str, resource: str, evidence: str, **variables: str) -> Finding:
    return rulebook()[rule].fill(variables, resource=resource, evidence=f"seen in: {evidence}")
