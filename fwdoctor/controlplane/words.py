"""Times and resources as people say them, in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from fwdoctor.controlplane.resources import Checkpoint, Deployment, Job, Replica, ShapeVersion, last
from fwdoctor.controlplane.states import Phase


def age(span: timedelta) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``, ``41 days``."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 90:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 90:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 48:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"
    return f"{hours // 24} days"


def moment(time: datetime) -> str:
    """``2026-08-19 10:05 UTC``."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def job(job: Job, now: datetime, *, advise: bool = False) -> str:
    """What state a job is in, and what that means; ``advise``: also what to do, as no finding says it."""
    made = f"; made {age(now - job.created)} ago" if job.created else ""
    message = job.status.message if job.state.phase is Phase.WAITING else None
    told = f'; it says "{message}"' if message else ""
    advice = f". {job.state.next}" if advise and job.state.phase is not Phase.HEALTHY else ""
    return f"{job.state.short}: {job.state.means}{made}{told}{advice}"


def job_in_account(job: Job, now: datetime) -> str:
    """The same in a table of many: ``RUNNING, qwen3-8b, LoRA 16, made 2 h ago``."""
    trains = f"LoRA {job.lora_rank}" if job.lora_rank else None
    made = f"made {age(now - job.created)} ago" if job.created else None
    name = f'"{job.display_name}"' if job.display_name else None
    kind = "reference" if job.forward_only else None
    return ", ".join(p for p in (job.state.short, last(job.base_model), trains, kind, name, made) if p)


def saves(job: Job, saved: Sequence[Checkpoint]) -> str:
    """How many checkpoints there are, and the one that counts."""
    count = f"{len(saved)} checkpoint{'s' * (len(saved) != 1)}"
    if not saved:
        return f"{job.state.short}, {count}"
    can = [c for c in saved if c.promotable]
    newest = max(can, key=lambda c: c.created.timestamp() if c.created else 0.0, default=None)
    best = f"the newest that can be promoted: {newest.id}" if newest else "none can be promoted"
    return f"{job.state.short}, {count}; {best}"


#: What can be done with each kind of checkpoint, and why it cannot be promoted.
_KINDS = {
    "INFERENCE_BASE": "full weights",
    "INFERENCE_LORA": "adapter",
    "INFERENCE_ARC_V2": "delta against the one before it",
    "TRAINING": "weights and optimizer, to resume from",
    "TRAINING_LORA": "adapter and optimizer, to resume from",
}
_PROMOTABLE = {
    True: "can be promoted",
    False: "cannot be promoted",
    None: "whether it can be promoted is not told",
}


def checkpoint(checkpoint: Checkpoint) -> str:
    """A checkpoint: what it is, of when, and whether it can be promoted."""
    kind = _KINDS.get(checkpoint.kind, checkpoint.kind.lower().replace("_", " "))
    when = moment(checkpoint.created) if checkpoint.created else "of a time that is not known"
    return f"{checkpoint.id}: {kind}; {when}; {_PROMOTABLE[checkpoint.promotable]}"


def deployment(deployment: Deployment, replicas: Sequence[Replica] = ()) -> str:
    """What state a deployment is in, what it is attached to, and what its ``replicas`` serve."""
    counts = deployment.replicas
    known = counts.ready is not None and counts.wanted is not None
    parts = [
        deployment.state,
        f"{counts.ready} of {counts.wanted} replicas ready" if known else None,
        deployment.region,
        deployment.scope,
        f"attached to {deployment.trainer}" if deployment.trainer else None,
        serves(replicas) or None,
    ]
    return ", ".join(part for part in parts if part)


def snapshots(replicas: Sequence[Replica]) -> dict[str | None, int]:
    """What is served, and by how many replicas, most first; None is the base model."""
    counts = Counter(replica.served for replica in replicas)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0] or "")))


def serves(replicas: Sequence[Replica]) -> str:
    """``serves step-20-8c48d803``; nothing where no replica is known."""
    counts = snapshots(replicas)
    several = len(counts) > 1
    names = [f"{name or 'the base model'}{f' ({n})' if several else ''}" for name, n in counts.items()]
    return f"serves {' and '.join(names)}" if counts else ""


def account(jobs: Sequence[object] | None, deployments: Sequence[object] | None) -> str:
    """How many jobs and deployments there are."""
    told = []
    for rows, word in ((jobs, "job"), (deployments, "deployment")):
        known = f"{len(rows)} {word}{'s' * (len(rows) != 1)}" if rows is not None else None
        told.append(known or f"its {word}s could not be read")
    return ", ".join(told)


def shape(version: ShapeVersion | None) -> str:
    """What can be trained on a shape, and on what."""
    if version is None:
        return "no validated version"
    parts = [
        f"version {version.version}",
        (version.mode or "").lower().replace("_", " ") or None,
        last(version.base_model),
        f"context {version.context:,}" if version.context else None,
        f"{version.gpus} × {version.accelerator}" if version.gpus and version.accelerator else None,
    ]
    return ", ".join(part for part in parts if part)
