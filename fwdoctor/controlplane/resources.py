"""What the control plane's rows say, typed. An absent field is None, which is unknown and never a finding.

Field names: the public API schema of 2026-09. Old rows and new ones differ in what they leave out; where
proto JSON leaves a zero out, that is said here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fwdoctor.controlplane.states import JobState, job_state
from fwdoctor.redact import redact_log

Row = Mapping[str, Any]
_DURATION = re.compile(r"(-?\d+)(?:\.(\d+))?s")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_SUFFIX = re.compile(r"-([0-9a-f]{8})$")
#: What the platform takes where a job does not say: an hour without activity.
DEFAULT_INACTIVITY = timedelta(minutes=60)
#: How long what was deleted is kept.
RETENTION = timedelta(days=30)


def text(row: Row, *path: str) -> str | None:
    """The text at a place of a row; None if there is none, or an empty one."""
    value = _at(row, path)
    return value if isinstance(value, str) and value else None


def number(row: Row, *path: str) -> float | None:
    """The number at a place of a row; some come as texts."""
    value = _at(row, path)
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, int | float) else None


def flag(row: Row, *path: str) -> bool | None:
    """The truth at a place of a row."""
    value = _at(row, path)
    return value if isinstance(value, bool) else None


def time(row: Row, *path: str) -> datetime | None:
    """The time at a place of a row (RFC 3339, up to nanoseconds)."""
    match = _TIME.fullmatch(text(row, *path) or "")
    if match is None:
        return None
    zone = "+00:00" if match[3] == "Z" else match[3]
    try:
        return datetime.fromisoformat(f"{match[1]}{(match[2] or '')[:7]}{zone}").astimezone(UTC)
    except ValueError:
        return None


def duration(row: Row, *path: str) -> timedelta | None:
    """The duration at a place of a row (``"1800s"``)."""
    match = _DURATION.fullmatch(text(row, *path) or "")
    return timedelta(seconds=float(f"{match[1]}.{match[2] or 0}")) if match else None


def _at(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, Mapping) else None
    return row


def last(name: str | None) -> str | None:
    """The last part of a resource name."""
    return name.rpartition("/")[2] or None if name else None


@dataclass(frozen=True, slots=True)
class Status:
    """Why a resource is in its state: the status text and, where the platform gives one, the reason."""

    message: str | None = None
    code: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, row: Row) -> Status:
        """As the SDK looks for it, in that order."""
        places = (("statusMessage",), ("message",), ("status", "message"), ("status", "statusMessage"))
        found = (text(row, *place) for place in (*places, ("status", "detail")))
        details = _at(row, ("status", "details"))
        rows = details if isinstance(details, list) else []
        reasons = (text(d, "reason") for d in rows if isinstance(d, Mapping))
        return cls(
            next((_safe(m) for m in found if m), None),
            text(row, "status", "code"),
            next((r for r in reasons if r), None),
        )


def _safe(message: str) -> str:
    """A message of the platform's in one line, without what moves the cursor, and without secrets in it."""
    clean = redact_log(message)
    return " ".join("".join(c if c.isprintable() else " " for c in clean).split())


@dataclass(frozen=True, slots=True)
class Job:
    """A trainer job."""

    id: str
    state: JobState
    status: Status
    created: datetime | None = None
    completed: datetime | None = None
    base_model: str | None = None
    lora_rank: int | None = None
    forward_only: bool | None = None
    display_name: str | None = None
    keyed_to: str | None = None
    inactivity: timedelta | None = None
    never_stops: bool | None = None
    shape: str | None = None
    region: str | None = None

    @classmethod
    def of(cls, row: Row) -> Job:
        """A job from its row."""
        rank = number(row, "trainingConfig", "loraRank")
        # 0 and nothing both stand for the platform's default.
        inactivity = duration(row, "inactivityTimeout") or None
        return cls(
            id=last(text(row, "name")) or "?",
            state=job_state(text(row, "state") or "JOB_STATE_UNSPECIFIED"),
            status=Status.of(row),
            created=time(row, "createTime"),
            completed=time(row, "completedTime"),
            base_model=text(row, "trainingConfig", "baseModel"),
            lora_rank=None if rank is None else int(rank),
            forward_only=flag(row, "forwardOnly"),
            display_name=text(row, "displayName"),
            keyed_to=last(text(row, "hotLoadDeploymentId")),
            inactivity=inactivity,
            never_stops=flag(row, "disableInactivityCleanup"),
            shape=text(row, "trainingShapeVersion"),
            region=text(row, "trainingConfig", "region"),
        )


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint of a trainer job."""

    id: str
    kind: str
    promotable: bool | None = None
    created: datetime | None = None
    updated: datetime | None = None
    region: str | None = None

    @classmethod
    def of(cls, row: Row) -> Checkpoint:
        """A checkpoint from its row; old rows leave the prefix of the type out."""
        regions = row.get("availability")
        single = [
            text(r, "region")
            for r in (regions if isinstance(regions, list) else [])
            if isinstance(r, Mapping) and str(r.get("availabilityClass", "")).endswith("SINGLE_REGION")
        ]
        return cls(
            id=last(text(row, "name")) or "?",
            kind=(text(row, "checkpointType") or "UNSPECIFIED").removeprefix("CHECKPOINT_TYPE_"),
            promotable=flag(row, "promotable"),
            created=time(row, "createTime"),
            updated=time(row, "updateTime"),
            region=single[0] if len(single) == 1 else None,
        )

    @property
    def is_training_state(self) -> bool:
        """Whether training can be resumed from it: it holds the optimizer, too."""
        return self.kind.endswith(("TRAINING", "TRAINING_LORA"))

    @property
    def is_sampler(self) -> bool:
        """Whether it holds weights to serve."""
        return self.kind.startswith("INFERENCE")

    @property
    def is_delta(self) -> bool:
        """Whether it holds only what changed since the one before it."""
        return "ARC" in self.kind

    @property
    def session(self) -> str | None:
        """The mark of the driver process that saved it, of sampler checkpoints."""
        match = _SUFFIX.search(self.id)
        return match[1] if match and self.is_sampler else None


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas there are to be, and how many are how far."""

    minimum: int | None = None
    maximum: int | None = None
    wanted: int | None = None
    ready: int | None = None
    waiting: int | None = None
    starting: int | None = None
    revocable: int | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment."""

    id: str
    state: str
    status: Status
    replicas: Replicas
    base_model: str | None = None
    region: str | None = None
    follows: str | None = None
    bucket: str | None = None
    bucket_type: str | None = None
    hot_load: bool | None = None
    transition: str | None = None
    shape: str | None = None
    precision: str | None = None
    addons: bool | None = None
    preemptible: bool | None = None
    accelerators: int | None = None
    accelerator: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    purged: datetime | None = None

    @classmethod
    def of(cls, row: Row) -> Deployment:
        """A deployment from its row."""
        stats = row.get("replicaStats")
        return cls(
            id=last(text(row, "name")) or "?",
            state=text(row, "state") or "STATE_UNSPECIFIED",
            status=Status.of(row),
            replicas=Replicas(
                minimum=_count(row, "minReplicaCount"),
                maximum=_count(row, "maxReplicaCount"),
                wanted=_count(row, "desiredReplicaCount"),
                ready=_stat(stats, "readyReplicaCount"),
                waiting=_stat(stats, "pendingSchedulingReplicaCount"),
                starting=_starting(stats),
                revocable=_stat(stats, "revocableReplicaCount"),
            ),
            base_model=text(row, "baseModel"),
            region=text(row, "region") or text(row, "placement", "region"),
            follows=last(text(row, "hotLoadTrainerJob")),
            bucket=text(row, "hotLoadBucketUrl"),
            bucket_type=text(row, "hotLoadBucketType"),
            hot_load=flag(row, "enableHotLoad"),
            transition=text(row, "hotLoadTransitionType"),
            shape=text(row, "deploymentShape"),
            precision=text(row, "precision"),
            addons=flag(row, "enableAddons"),
            preemptible=flag(row, "preemptible"),
            accelerators=_count(row, "acceleratorCount"),
            accelerator=text(row, "acceleratorType"),
            created=time(row, "createTime"),
            updated=time(row, "updateTime"),
            purged=time(row, "purgeTime"),
        )


def _count(row: Row, name: str) -> int | None:
    value = number(row, name)
    return None if value is None else int(value)


def _stat(stats: Any, name: str) -> int | None:
    """A count of ``replicaStats``: where the object is there, a count that it leaves out is 0."""
    if not isinstance(stats, Mapping):
        return None
    return _count(stats, name) or 0


def _starting(stats: Any) -> int | None:
    parts = [_stat(stats, n) for n in ("downloadingModelReplicaCount", "initializingReplicaCount")]
    return None if None in parts else sum(p for p in parts if p is not None)


@dataclass(frozen=True, slots=True)
class Replica:
    """What one replica says about its weights."""

    id: str
    current: str | None = None
    ready: bool | None = None
    stage: str | None = None
    target: str | None = None
    adapters: Mapping[str, str] = field(default_factory=dict)
    rdma: bool | None = None

    @classmethod
    def of(cls, row: Row) -> Replica:
        """A replica from its part of the status."""
        adapters = row.get("loaded_adapters")
        return cls(
            id=text(row, "identity") or "?",
            current=text(row, "current_snapshot_identity"),
            ready=flag(row, "readiness"),
            stage=text(row, "loading_state", "stage"),
            target=text(row, "loading_state", "target_snapshot_identity"),
            adapters={
                text(a, "identity") or "?": text(a, "status") or "?"
                for a in (adapters if isinstance(adapters, list) else [])
                if isinstance(a, Mapping)
            },
            rdma=flag(row, "rdma_weight_sync_enabled"),
        )


@dataclass(frozen=True, slots=True)
class ShapeVersion:
    """A version of a training shape: what can be launched from it."""

    shape: str
    version: str
    validated: bool | None = None
    is_latest: bool | None = None
    base_model: str | None = None
    model_type: str | None = None
    mode: str | None = None
    context: int | None = None
    accelerator: str | None = None
    accelerators: int | None = None
    nodes: int | None = None
    deployment_shape: str | None = None

    @classmethod
    def of(cls, row: Row) -> ShapeVersion:
        """A version from its row (``…/trainingShapes/<shape>/versions/<version>``)."""
        name = text(row, "name") or ""
        shape, _, version = name.partition("/versions/")
        snapshot = row.get("snapshot")
        inner: Row = snapshot if isinstance(snapshot, Mapping) else {}
        return cls(
            shape=shape,
            version=version or "?",
            validated=flag(row, "validated"),
            is_latest=flag(row, "latestValidated"),
            base_model=text(inner, "baseModel"),
            model_type=text(inner, "modelType"),
            mode=text(inner, "trainerMode"),
            context=_count(inner, "maxSupportedContextLength"),
            accelerator=text(inner, "acceleratorType"),
            accelerators=_count(inner, "acceleratorCount"),
            nodes=_count(inner, "nodeCount"),
            deployment_shape=text(inner, "deploymentShapeVersion"),
        )


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of an account."""

    name: str
    value: float | None = None
    usage: float | None = None

    @classmethod
    def of(cls, row: Row) -> Quota:
        """A quota from its row; its value comes as a text."""
        return cls(last(text(row, "name")) or "?", number(row, "value"), number(row, "usage"))
