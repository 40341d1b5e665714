"""An error of a log, and the state of what it is about → confirmed, corrected or unsettled.

The knowledge is ``fwdoctor_rules/probes/verdicts.toml``: for classes of errors, what must hold and what then
is to be said. What may be asked there are the facts of :func:`facts` and the ids of rules that probes found.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import fwdoctor_rules

from fwdoctor.controlplane.diagnoses.checkpoints import newest_promotable
from fwdoctor.controlplane.mentions import Written
from fwdoctor.controlplane.resources import RETENTION, Checkpoint, Deployment, Job, Replica
from fwdoctor.controlplane.states import Phase
from fwdoctor.controlplane.words import age, moment
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Finding, Remedy, Severity, Side, Standing, Verdict
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import RULE_ID

#: All facts that a verdict may ask for.
FACTS = frozenset(
    {
        # the key's account
        "account-reads",
        "other-account",
        # the log: from before the job was made
        "log-before-job",
        # the job: not named; not there; in which phase; whether its trainer answers
        "job-unnamed",
        "job-gone",
        "job-deleted",
        "job-alive",
        "job-running",
        "job-stopped",
        "job-answers",
        "job-keyed",
        "job-not-keyed",
        # deleted so long ago that its checkpoints may be removed by now
        "retention-may-be-over",
        # its checkpoints
        "checkpoints-read",
        "checkpoint-listed",
        "checkpoint-not-listed",
        "has-promotable",
        "none-promotable",
        # the deployment
        "deployment-unnamed",
        "deployment-gone",
        "deployment-there",
        "deployment-ready",
        "follows-a-trainer",
        "follows-none",
        "snapshot-served",
        # others
        "shape-read",
        "quotas-read",
    }
)
_DEAD = (Phase.STOPPED, Phase.ENDED, Phase.STOPPING)


@dataclass(frozen=True, slots=True)
class Case:
    """What was read about one error. What was not read is None, and leads to no fact.

    ``job_id`` is what the error is about; ``job_is_gone``: it was asked for, and is not there; the same for
    the deployment. ``foreign`` is the other account that the error names. ``written`` is when it happened, as
    the log says. ``rules`` are what probes found.
    """

    account: str | None
    now: datetime
    foreign: str | None = None
    written: Written | None = None
    job_id: str | None = None
    job: Job | None = None
    job_is_gone: bool = False
    answers: bool | None = None
    checkpoints: Sequence[Checkpoint] | None = None
    deployment_id: str | None = None
    deployment: Deployment | None = None
    deployment_is_gone: bool = False
    replicas: Sequence[Replica] | None = None
    shape_is_read: bool = False
    quotas_are_read: bool = False
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One verdict: for these errors, if all of ``when`` hold, one of ``any``, and none of ``unless``.

    Without ``errors`` it is for all.
    """

    errors: tuple[str, ...]
    standing: Standing
    says: str
    when: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    side: Side | None = None
    severity: Severity | None = None
    do: str | None = None
    command: str | None = None

    def holds(self, known: frozenset[str]) -> bool:
        """Whether the row is for what is known."""
        return (
            known.issuperset(self.when)
            and (not self.any or not known.isdisjoint(self.any))
            and known.isdisjoint(self.unless)
        )


def judge(error: Finding, case: Case) -> Finding:
    """The error with what the state says about it; as it was where that has nothing to say."""
    known = facts(error, case) | case.rules
    words = _words(error, case)
    for row in verdicts():
        if (not row.errors or error.name in row.errors) and row.holds(known):
            by = tuple(r for r in (*row.when, *row.any) if RULE_ID.fullmatch(r) and r in known)
            verdict = Verdict(row.standing, _filled(row.says, words), by)
            return dataclasses.replace(
                error,
                verdict=verdict,
                side=row.side or error.side,
                severity=row.severity or error.severity,
                remedy=_remedy(row, words) or error.remedy,
            )
    return error


def _remedy(row: Row, words: Mapping[str, str]) -> tuple[Remedy, ...]:
    if row.do is None:
        return ()
    commands = (_filled(row.command, words),) if row.command else ()
    return (Remedy(_filled(row.do, words), commands),)


def facts(error: Finding, case: Case) -> frozenset[str]:
    """What holds of the resources of an error."""
    found = [*_of_job(case), *_of_checkpoints(error, case), *_of_deployment(error, case)]
    holds = {
        "account-reads": case.account is not None,
        "other-account": case.foreign is not None,
        "shape-read": case.shape_is_read,
        "quotas-read": case.quotas_are_read,
    }
    return frozenset([*found, *(name for name, is_so in holds.items() if is_so)])


def _of_job(case: Case) -> Iterator[str]:
    if case.job_id is None:
        yield "job-unnamed"
    if case.job_is_gone:
        yield "job-gone"
    job = case.job
    if job is None:
        return
    if case.written is not None and job.created is not None and case.written.until < job.created:
        yield "log-before-job"
    if job.state.phase is Phase.TOMBSTONE:
        yield "job-deleted"
        if _retention_may_be_over(job, case):
            yield "retention-may-be-over"
    if job.state.is_alive:
        yield "job-alive"
    if job.state.phase is Phase.HEALTHY:
        yield "job-running"
    if job.state.phase in _DEAD:
        yield "job-stopped"
    if case.answers:
        yield "job-answers"
    yield "job-keyed" if job.keyed_to else "job-not-keyed"


def _retention_may_be_over(job: Job, case: Case) -> bool:
    """The deletion was after the last sign of life: 30 days after that, checkpoints may be gone."""
    times = [job.created, job.completed]
    times += [t for c in case.checkpoints or () for t in (c.created, c.updated)]
    signs = [t for t in times if t is not None]
    return bool(signs) and case.now - max(signs) > RETENTION


def _of_checkpoints(error: Finding, case: Case) -> Iterator[str]:
    if case.checkpoints is None:
        return
    yield "checkpoints-read"
    yield "has-promotable" if newest_promotable(case.checkpoints) else "none-promotable"
    name = error.variables.get("checkpoint")
    if name:
        is_there = any(c.id == name.rpartition("/")[2] for c in case.checkpoints)
        yield "checkpoint-listed" if is_there else "checkpoint-not-listed"


def _of_deployment(error: Finding, case: Case) -> Iterator[str]:
    if case.deployment_id is None:
        yield "deployment-unnamed"
    if case.deployment_is_gone:
        yield "deployment-gone"
    deployment = case.deployment
    if deployment is None:
        return
    if deployment.state not in ("DELETED", "DELETING"):
        yield "deployment-there"
    yield "follows-a-trainer" if deployment.follows else "follows-none"
    counts = deployment.replicas
    if deployment.state == "READY" and counts.ready and counts.ready >= (counts.wanted or 1):
        yield "deployment-ready"
    snapshot = error.variables.get("snapshot")
    if snapshot and case.replicas and all(r.served == snapshot for r in case.replicas):
        yield "snapshot-served"


def _words(error: Finding, case: Case) -> dict[str, str]:
    """What a sentence may name."""
    job, deployment = case.job, case.deployment
    newest = newest_promotable(case.checkpoints or ())
    return {
        "account": case.account or "the key's account",
        "foreign": case.foreign or "another account",
        "job": case.job_id or "the job",
        "state": job.state.short if job else "not there",
        "written": case.written.text if case.written else "an unknown time",
        "made": moment(job.created) if job and job.created else "at an unknown time",
        "age": age(case.now - job.created) if job and job.created else "a while",
        "newest": newest.id if newest else "none",
        "keyed_to": (job.keyed_to if job else None) or "none",
        "deployment": case.deployment_id or "the deployment",
        "deployment_state": deployment.state if deployment else "not there",
        "follows": (deployment.follows if deployment else None) or "no trainer",
        "checkpoint": error.variables.get("checkpoint") or "that checkpoint",
        "snapshot": error.variables.get("snapshot") or "the newest snapshot",
        "shape": error.variables.get("shape") or "the shape",
        "model": error.variables.get("model") or error.variables.get("value") or "the id",
    }


def _filled(template: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda m: words[m[1]], template)


@functools.cache
def verdicts() -> tuple[Row, ...]:
    """All verdicts, in their order: the first that holds is the one.

    Raises:
        FwdoctorError: the file is damaged, or asks for a fact that there is not.
    """
    path = fwdoctor_rules.DATA / "probes" / "verdicts.toml"
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        rows = tuple(_row(table, content["group"]) for table in content["verdict"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: cannot read the verdicts: {error}") from error
    return rows


def _row(table: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> Row:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    values["errors"] = tuple(_opened(values["errors"], groups))
    for key, kind in (("standing", Standing), ("side", Side), ("severity", Severity)):
        if key in values:
            values[key] = kind(values[key])
    row = Row(**values)
    for fact in (*row.when, *row.any, *row.unless):
        if fact not in FACTS and not RULE_ID.fullmatch(fact):
            raise ValueError(f"{fact!r} is neither a fact nor a rule")
    return row


def _opened(names: Iterable[str], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Names of classes, with the members of a group in its place."""
    for name in names:
        if name.startswith("@"):
            yield from _opened(groups[name.removeprefix("@")], groups)
        else:
            yield name
