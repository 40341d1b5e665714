"""What the control plane's rows say, typed. An absent field is None, which is unknown and never a finding.

Field names: the public API schema of 2026-09. Old rows and new ones differ in what they leave out; where
proto JSON leaves a zero out, that is said here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from fwdoctor.controlplane.sparse import count, duration, flag, number, rows, text, time, told
from fwdoctor.controlplane.sparse import field as field_of
from fwdoctor.controlplane.states import JobState, job_state
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.redact import redact_log

Row = Mapping[str, Any]
_GPU = re.compile(r"[A-Z]+_([A-Z0-9]+)(?:_|$)")
_GPU_QUOTA = re.compile(r"training-([a-z0-9]+)-count")
_SUFFIX = re.compile(r"-([0-9a-f]{8})$")
#: In place of an id that a row does not tell.
NAMELESS = "?"
#: What the platform takes where a job does not say: an hour without activity.
DEFAULT_INACTIVITY = timedelta(minutes=60)
#: How long what was deleted is kept.
RETENTION = timedelta(days=30)


def gpu_kind(accelerator: str | None) -> str | None:
    """``h200`` for ``NVIDIA_H200_141GB``: what quotas call a kind of GPU."""
    match = _GPU.match(accelerator or "")
    return match[1].lower() if match else None


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
        places = ("statusMessage", "message", "status.message", "status.statusMessage", "status.detail")
        found = (told(row, place) for place in places)
        reasons = (text(detail, "reason") for detail in rows(row, "status.details") or ())
        return cls(
            next((_safe(m) for m in found if m), None),
            text(row, "status.code"),
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
    #: the deployment to whose bucket it writes; "" where it says that there is none
    keyed_to: str | None = None
    inactivity: timedelta | None = None
    never_stops: bool | None = None
    shape: str | None = None
    region: str | None = None
    replicas: int | None = None
    nodes: int | None = None

    @classmethod
    def of(cls, row: Row) -> Job:
        """A job from its row."""
        # 0 and nothing both stand for the platform's default.
        inactivity = duration(row, "inactivityTimeout") or None
        keyed_to = field_of(row, "hotLoadDeploymentId")
        return cls(
            id=last(text(row, "name")) or NAMELESS,
            state=job_state(text(row, "state") or "JOB_STATE_UNSPECIFIED"),
            status=Status.of(row),
            created=time(row, "createTime"),
            completed=time(row, "completedTime"),
            base_model=text(row, "trainingConfig.baseModel"),
            lora_rank=count(row, "trainingConfig.loraRank"),
            forward_only=flag(row, "forwardOnly"),
            display_name=told(row, "displayName"),
            keyed_to="" if keyed_to == "" else last(text(row, "hotLoadDeploymentId")),
            inactivity=inactivity,
            never_stops=flag(row, "disableInactivityCleanup"),
            shape=text(row, "trainingShapeVersion"),
            region=text(row, "trainingConfig.region"),
            replicas=count(row, "trainerReplicaCount"),
            nodes=count(row, "nodeCount"),
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
        single = [
            text(place, "region")
            for place in rows(row, "availability") or ()
            if (text(place, "availabilityClass") or "").endswith("SINGLE_REGION")
        ]
        return cls(
            id=last(text(row, "name")) or NAMELESS,
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


_BUCKET = re.compile(r"gs://[^/]+/rl-checkpoints/(?P<account>[^/]+)/(?P<owner>[^/]+)/?")
_OF_TRAINER = "trainer-"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where weights are put: whose account's, and whose (a trainer's, or a deployment's)."""

    account: str
    trainer: str | None = None
    deployment: str | None = None

    @classmethod
    def of(cls, url: str | None) -> Bucket | None:
        """The bucket of a URL; None if it is none, or not of the form that the platform makes."""
        match = _BUCKET.fullmatch(url or "")
        if match is None:
            return None
        owner = match["owner"]
        if owner.startswith(_OF_TRAINER):
            return cls(match["account"], trainer=owner.removeprefix(_OF_TRAINER))
        return cls(match["account"], deployment=owner)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment."""

    id: str
    state: str
    status: Status
    replicas: Replicas
    base_model: str | None = None
    region: str | None = None
    #: the trainer that it is attached to; "" where it says that there is none
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

    @property
    def gpu(self) -> str | None:
        """The kind of its GPUs, as quotas call it."""
        return gpu_kind(self.accelerator)

    @property
    def trainer(self) -> str | None:
        """The trainer whose weights it takes: the one it follows, or else the one whose bucket it reads."""
        bucket = Bucket.of(self.bucket)
        return self.follows or (bucket.trainer if bucket else None)

    @property
    def scope(self) -> str | None:
        """Whose bucket has its weights: ``PER_TRAINER``, ``PER_DEPLOYMENT``; None where nothing says so."""
        if self.trainer:
            return "PER_TRAINER"
        return "PER_DEPLOYMENT" if Bucket.of(self.bucket) else None

    @classmethod
    def of(cls, row: Row) -> Deployment:
        """A deployment from its row."""
        stats, follows = row.get("replicaStats"), field_of(row, "hotLoadTrainerJob")
        return cls(
            id=last(text(row, "name")) or NAMELESS,
            state=text(row, "state") or "STATE_UNSPECIFIED",
            status=Status.of(row),
            replicas=Replicas(
                minimum=count(row, "minReplicaCount"),
                maximum=count(row, "maxReplicaCount"),
                wanted=count(row, "desiredReplicaCount"),
                ready=_stat(stats, "readyReplicaCount"),
                waiting=_stat(stats, "pendingSchedulingReplicaCount"),
                starting=_starting(stats),
                revocable=_stat(stats, "revocableReplicaCount"),
            ),
            base_model=text(row, "baseModel"),
            region=text(row, "region") or text(row, "placement.region"),
            follows="" if follows == "" else last(text(row, "hotLoadTrainerJob")),
            bucket=text(row, "hotLoadBucketUrl"),
            bucket_type=text(row, "hotLoadBucketType"),
            hot_load=flag(row, "enableHotLoad"),
            transition=text(row, "hotLoadTransitionType"),
            shape=text(row, "deploymentShape"),
            precision=text(row, "precision"),
            addons=flag(row, "enableAddons"),
            preemptible=flag(row, "preemptible"),
            accelerators=count(row, "acceleratorCount"),
            accelerator=text(row, "acceleratorType"),
            created=time(row, "createTime"),
            updated=time(row, "updateTime"),
            purged=time(row, "purgeTime"),
        )


def _stat(stats: Any, name: str) -> int | None:
    """A count of ``replicaStats``: where the object is there, a count that it leaves out is 0."""
    if not isinstance(stats, Mapping):
        return None
    return count(stats, name, zero=0)


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
    #: whether it says what it has loaded, be it nothing
    says: bool = True

    @property
    def served(self) -> str | None:
        """What it serves: its snapshot, or an adapter that it has loaded."""
        loaded = [name for name, status in self.adapters.items() if status == "loaded"]
        return self.current or (loaded[-1] if loaded else None)

    @classmethod
    def of(cls, row: Row) -> Replica:
        """A replica from its part of the status."""
        return cls(
            id=text(row, "identity") or NAMELESS,
            current=text(row, "current_snapshot_identity"),
            ready=flag(row, "readiness"),
            stage=text(row, "loading_state.stage"),
            target=text(row, "loading_state.target_snapshot_identity"),
            adapters={
                text(a, "identity") or "?": text(a, "status") or "?"
                for a in rows(row, "loaded_adapters") or ()
            },
            rdma=flag(row, "rdma_weight_sync_enabled"),
            says={"current_snapshot_identity", "loaded_adapters"} <= row.keys(),
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
    #: "" where it says that there is none
    deployment_shape: str | None = None

    @classmethod
    def of(cls, row: Row) -> ShapeVersion:
        """A version from its row (``…/trainingShapes/<shape>/versions/<version>``)."""
        name = text(row, "name") or ""
        shape, _, version = name.partition("/versions/")
        serving = field_of(row, "snapshot.deploymentShapeVersion")
        return cls(
            shape=shape,
            version=version or "?",
            validated=flag(row, "validated"),
            is_latest=flag(row, "latestValidated"),
            base_model=text(row, "snapshot.baseModel"),
            model_type=text(row, "snapshot.modelType"),
            mode=text(row, "snapshot.trainerMode"),
            context=count(row, "snapshot.maxSupportedContextLength"),
            accelerator=text(row, "snapshot.acceleratorType"),
            accelerators=count(row, "snapshot.acceleratorCount"),
            nodes=count(row, "snapshot.nodeCount"),
            deployment_shape="" if serving == "" else text(row, "snapshot.deploymentShapeVersion"),
        )

    @property
    def gpu(self) -> str | None:
        """The kind of its GPUs, as quotas call it."""
        return gpu_kind(self.accelerator)

    @property
    def gpus(self) -> int | None:
        """The GPUs of one trainer replica."""
        if self.accelerators is None:
            return None
        return self.accelerators * (self.nodes or 1)


@dataclass(frozen=True, slots=True)
class Model:
    """A model: one to train, or one that was promoted."""

    id: str
    state: str | None = None
    tunable: bool | None = None
    supports_lora: bool | None = None
    created: datetime | None = None

    @classmethod
    def of(cls, row: Row) -> Model:
        """A model from its row."""
        return cls(
            last(text(row, "name")) or NAMELESS,
            text(row, "state"),
            flag(row, "tunable"),
            flag(row, "supportsLora"),
            time(row, "createTime"),
        )


@dataclass(frozen=True, slots=True)
class Stop:
    """A call that stopped a job, by the audit log. Who made it is told by kind only."""

    when: datetime
    verb: str
    who: str

    @classmethod
    def of(cls, row: Row, job: str) -> Stop | None:
        """The stop that a row of the log tells of; None if it is about something else, or was refused."""
        when, method = time(row, "timestamp"), text(row, "method") or ""
        verb = next((word for word in ("Cancel", "Delete") if method.startswith(word)), None)
        if when is None or verb is None or last(text(row, "resource")) != job:
            return None
        if text(row, "status.code") not in (None, "OK"):
            return None
        who = "a person" if "@" in (text(row, "principal") or "") else "a program (an API key or a service)"
        return cls(when, {"Cancel": "cancelled", "Delete": "deleted"}[verb], who)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of an account."""

    name: str
    value: float | None = None
    usage: float | None = None

    @property
    def accelerator(self) -> str | None:
        """The kind of GPU that a quota on training counts (``h200`` of ``training-h200-count``)."""
        match = _GPU_QUOTA.fullmatch(self.name)
        return match[1] if match else None

    def is_full_for(self, wanted: int) -> bool:
        """Whether so many more do not fit; False where its numbers are not known."""
        return self.value is not None and self.usage is not None and self.usage + wanted > self.value

    @classmethod
    def of(cls, row: Row) -> Quota:
        """A quota from its row; its value comes as a text."""
        return cls(last(text(row, "name")) or NAMELESS, number(row, "value"), number(row, "usage"))
