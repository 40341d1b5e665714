"""FWP2xx: what a job has saved, and whether it can be promoted."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from fwdoctor.controlplane.diagnoses.filled import of_job
from fwdoctor.controlplane.resources import Checkpoint, Job, Model
from fwdoctor.controlplane.words import age, moment
from fwdoctor.finding import Finding, Severity
from fwdoctor.rulebook import rulebook

_MODEL_ID = re.compile(r"[a-z0-9-]{1,63}")
_STEP = re.compile(r"(\d+)(?!.*\d)")
#: So many saves without a full one are more than a chain of deltas usually has.
_FAR_BEHIND = 3
#: Saves that do not come for so many of their usual gaps have stopped.
_GAPS = 10
#: The SDK gives up waiting for a promotion after two hours.
_LONG_UPLOAD = timedelta(hours=2)


def diagnose(job: Job, checkpoints: Sequence[Checkpoint], now: datetime) -> Iterator[Finding]:
    """What there is to say about the checkpoints of a job."""
    samplers = _by_time([c for c in checkpoints if c.is_sampler])
    states = _by_time([c for c in checkpoints if c.is_training_state])
    newest = newest_promotable(checkpoints)
    if newest is None:
        if samplers and all(c.is_delta and c.promotable is False for c in samplers):
            yield _finding("FWP201", job, "checkpointType, promotable", count=str(len(samplers)))
        elif states and len(states) == len(checkpoints):
            # A run that works may save what is to be served at its end.
            severity = Severity.INFO if job.state.is_alive else None
            yield _finding("FWP202", job, "checkpointType", severity)
    else:
        yield from _behind(job, newest, samplers)
    # One of a type that is not known may be a point to resume from.
    only_samplers = bool(samplers) and len(samplers) == len(checkpoints)
    if job.state.is_alive and job.forward_only is not True and only_samplers:
        yield _finding("FWP204", job, "checkpointType")
    yield from _stopped(job, states, now)
    yield from _drivers(job, samplers)
    yield from _kinds(job, samplers)


def newest_promotable(checkpoints: Sequence[Checkpoint]) -> Checkpoint | None:
    """The newest checkpoint that the platform says can be promoted."""
    found = _by_time([c for c in checkpoints if c.promotable])
    return found[-1] if found else None


def diagnose_model_id(model: str) -> Iterator[Finding]:
    """Whether a promotion may make a model of an id, as far as the id itself tells."""
    if not _MODEL_ID.fullmatch(model):
        wrong = sorted(set(re.sub(r"[a-z0-9-]", "", model)))
        reason = f"it has {len(model)} characters" if not wrong else f"it holds {', '.join(map(repr, wrong))}"
        yield rulebook()["FWP209"].fill(
            {"model": model, "reason": reason}, resource=model, evidence="the id itself"
        )


def diagnose_model(model: str, record: Model | None, now: datetime) -> Iterator[Finding]:
    """Whether the id of a promotion is taken: ``record`` is the model that has it, None if none does."""
    if record is None:
        return
    since = now - record.created if record.created is not None else None
    if record.state == "UPLOADING" and since is not None and since > _LONG_UPLOAD:
        yield rulebook()["FWP211"].fill(
            {"model": model, "age": age(since)}, resource=model, evidence="model.state, model.createTime"
        )
        return
    state = record.state or "its state is not told"
    yield rulebook()["FWP210"].fill({"model": model, "state": state}, resource=model, evidence="model.state")


def _behind(job: Job, newest: Checkpoint, samplers: Sequence[Checkpoint]) -> Iterator[Finding]:
    if any(c.created is None for c in (newest, *samplers)):  # which is the newest is not known
        return
    later = [c for c in samplers if _time(c) > _time(newest)]
    if len(later) > _FAR_BEHIND:
        when = moment(newest.created) if newest.created else "a time that is not known"
        yield _finding(
            "FWP203", job, "promotable, createTime", checkpoint=newest.id, behind=str(len(later)), when=when
        )
    step = _step(newest)
    other = next(
        (c for c in samplers if c.promotable and _step(c) > step >= 0 and _time(c) < _time(newest)), None
    )
    if other is not None:
        yield _finding("FWP207", job, "name, createTime", checkpoint=newest.id, other=other.id)


def _stopped(job: Job, states: Sequence[Checkpoint], now: datetime) -> Iterator[Finding]:
    times = [c.created for c in states if c.created is not None]
    if not job.state.is_alive or len(times) < 3:  # two gaps are no habit
        return
    gaps = (b - a for a, b in itertools.pairwise(times))
    usual = timedelta(seconds=statistics.median(gap.total_seconds() for gap in gaps))
    quiet = now - times[-1]
    if usual and quiet > usual * _GAPS:
        yield _finding("FWP205", job, "checkpointType, createTime", age=age(quiet), usual=age(usual))


def _drivers(job: Job, samplers: Sequence[Checkpoint]) -> Iterator[Finding]:
    sessions = list(dict.fromkeys(c.session for c in samplers if c.session))
    if len(sessions) > 1:
        yield _finding("FWP206", job, "name", count=str(len(sessions)), suffixes=", ".join(sessions))


def _kinds(job: Job, samplers: Sequence[Checkpoint]) -> Iterator[Finding]:
    if job.lora_rank is None:
        return
    odd = "INFERENCE_BASE" if job.lora_rank else "INFERENCE_LORA"
    found = next((c for c in samplers if c.kind == odd), None)
    if found is not None:
        trains = f"LoRA of rank {job.lora_rank}" if job.lora_rank else "all parameters"
        kind = "a full model" if job.lora_rank else "an adapter"
        yield _finding(
            "FWP212",
            job,
            "checkpointType, trainingConfig.loraRank",
            checkpoint=found.id,
            trains=trains,
            kind=kind,
        )


def _by_time(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    return sorted(checkpoints, key=_time)


def _time(checkpoint: Checkpoint) -> float:
    return checkpoint.created.timestamp() if checkpoint.created else 0.0


def _step(checkpoint: Checkpoint) -> int:
    """The last number in a name, without the mark of the session; -1 if there is none."""
    name = checkpoint.id.removesuffix(f"-{checkpoint.session}") if checkpoint.session else checkpoint.id
    match = _STEP.search(name)
    return int(match[1]) if match else -1


def _finding(
    rule: str, job: Job, evidence: str, severity: Severity | None = None, /, **variables: str
) -> Finding:
    return of_job(rule, job, f"checkpoints[].{evidence}", severity, **variables)
