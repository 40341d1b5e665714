"""What the platform knows: accounts, models, shapes, trainers, deployments, and their JSON.

Fields that only the server knows (a trainer's bucket, when it was deleted) are attributes here and never
reach the JSON: a test that passed on them would pass on data that production never sends.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .clock import START, Clock
from .wire import ApiError, Json

RESUMABLE = frozenset({"JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_PAUSED", "JOB_STATE_COMPLETED"})
TOMBSTONES = frozenset({"JOB_STATE_DELETED", "JOB_STATE_ARCHIVED"})
#: States in which a trainer holds no GPUs and has nothing left to cancel.
ENDED = RESUMABLE | TOMBSTONES | {"JOB_STATE_EARLY_STOPPED", "JOB_STATE_EXPIRED"}

#: Sampler and resume checkpoints: whether promotion accepts them.
PROMOTABLE = frozenset({"CHECKPOINT_TYPE_INFERENCE_BASE", "CHECKPOINT_TYPE_INFERENCE_LORA"})
RESUME = frozenset({"CHECKPOINT_TYPE_TRAINING", "CHECKPOINT_TYPE_TRAINING_LORA"})


#: As an edit: the field is not shown at all.
ABSENT: Any = object()


def edited(shown: Json, edits: Json) -> Json:
    """A resource as a test wants it shown: fields replaced, added or left out; objects are merged."""
    made = dict(shown)
    for name, value in edits.items():
        if value is ABSENT:
            made.pop(name, None)
        elif isinstance(value, dict) and isinstance(made.get(name), dict):
            made[name] = edited(made[name], value)
        else:
            made[name] = value
    return made


@dataclass
class Checkpoint:
    """A saved state of a trainer, by the name that its client gave it."""

    id: str
    type: str
    created: str
    updated: str
    edits: Json = field(default_factory=dict)

    @property
    def promotable(self) -> bool:
        return bool(self.edits.get("promotable", self.type in PROMOTABLE))

    def row(self, parent: str) -> Json:
        shown = {
            "name": f"{parent}/checkpoints/{self.id}",
            "checkpointType": self.type,
            "promotable": self.promotable,
            "createTime": self.created,
            "updateTime": self.updated,
        }
        return edited(shown, self.edits)


@dataclass
class Trainer:
    """A trainer job. ``coming`` are the states that the next reads will find.

    If it is ``timed``, its states follow the clock instead. ``entered`` is when it came into its state,
    ``active`` when a client last did something, ``granted`` when it got its GPUs: only the server knows.
    """

    name: str
    row: Json
    bucket: str
    shape_version: str | None
    state: str = "JOB_STATE_CREATING"
    coming: deque[str] = field(default_factory=deque)
    status: Json = field(default_factory=lambda: {"code": "OK", "message": ""})
    healthy: bool = True
    checkpoints: list[Checkpoint] = field(default_factory=list)
    completed: str | None = None
    edits: Json = field(default_factory=dict)
    timed: bool = False
    entered: dt.datetime = START
    active: dt.datetime = START
    granted: dt.datetime | None = None
    #: which process of the trainer it is: a new one has forgotten its clients
    process: int = 0

    @property
    def id(self) -> str:
        return self.name.rsplit("/", 1)[1]

    @property
    def base_model(self) -> str:
        return str(self.row["trainingConfig"]["baseModel"])

    @property
    def lora_rank(self) -> int:
        return int(self.row["trainingConfig"].get("loraRank") or 0)

    @property
    def forward_only(self) -> bool:
        return bool(self.row.get("forwardOnly"))

    @property
    def serving(self) -> bool:
        """Whether its own protocol answers."""
        return self.state == "JOB_STATE_RUNNING" and self.healthy

    def advance(self) -> None:
        """Time passes between two reads."""
        if self.coming:
            self.state = self.coming.popleft()

    def enter(self, state: str, *coming: str, at: dt.datetime | None = None) -> None:
        """Go to a state now; what was planned before is void."""
        self.state = state
        self.coming = deque(coming)
        if at is not None:
            self.entered = at

    def checkpoint(self, name: str) -> Checkpoint | None:
        return next((c for c in self.checkpoints if c.id == name), None)

    def save(self, name: str, kind: str, now: str) -> Checkpoint:
        """Keep a checkpoint; the same name overwrites."""
        if (old := self.checkpoint(name)) is not None:
            old.type, old.updated = kind, now
            return old
        self.checkpoints.append(Checkpoint(name, kind, now, now))
        return self.checkpoints[-1]

    def json(self, *, with_shape: bool) -> Json:
        shown = {**self.row, "name": self.name, "state": self.state, "status": self.status}
        if with_shape and self.shape_version:
            shown["trainingShapeVersion"] = self.shape_version
        if self.completed:
            shown["completedTime"] = self.completed
        return edited(shown, self.edits)


@dataclass
class Replica:
    """One pod of a deployment: which snapshot it has, and what its loader did last."""

    identity: str
    current: str | None = None
    stage: str = "idle"
    target: str | None = None
    adapters: list[Json] = field(default_factory=list)
    ready: bool = True
    supports_rdma: bool = False
    rdma: bool = False
    edits: Json = field(default_factory=dict)

    def json(self) -> Json:
        shown = {
            "identity": self.identity,
            "current_snapshot_identity": self.current,
            "readiness": self.ready,
            "loading_state": {"stage": self.stage, "target_snapshot_identity": self.target},
            "loaded_adapters": self.adapters,
            "supports_rdma_weight_sync": self.supports_rdma,
            "rdma_weight_sync_enabled": self.rdma,
        }
        return edited(shown, self.edits)


@dataclass
class Deployment:
    """A deployment and its pods. ``rolling`` counts the reads for which no pod answers, ``lagging`` those for
    which the pods of before do.

    ``pending``, ``downloading`` and ``revocable`` count replicas; ``hot_load`` is a status in place of what
    the pods would say.
    """

    name: str
    row: Json
    state: str = "CREATING"
    coming: deque[str] = field(default_factory=deque)
    status: Json = field(default_factory=lambda: {"code": "OK", "message": ""})
    replicas: list[Replica] = field(default_factory=list)
    rolling: int = 0
    lagging: int = 0
    pods_made: int = 0
    edits: Json = field(default_factory=dict)
    pending: int = 0
    downloading: int = 0
    revocable: int = 0
    hot_load: Any = ABSENT
    ledger: list[Json] = field(default_factory=list)
    termination: str = ""
    metrics: Json = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.name.rsplit("/", 1)[1]

    def advance(self) -> None:
        """Time passes between two reads."""
        if self.coming:
            self.state = self.coming.popleft()

    def roll(self, count: int) -> None:
        """Replace the pods: new identities, nothing loaded."""
        self.replicas = []
        for _ in range(count):
            self.pods_made += 1
            self.replicas.append(Replica(f"{self.id}-pod-{self.pods_made}"))

    def json(self) -> Json:
        count = len(self.replicas) if self.state in ("READY", "UPDATING") else 0
        ready = sum(r.ready for r in self.replicas) if count else 0
        waiting = self.pending + self.downloading
        shown = {
            **self.row,
            "name": self.name,
            "state": self.state,
            "status": self.status,
            "desiredReplicaCount": max(self.row["minReplicaCount"], count + waiting),
            "replicaCount": count + waiting,
            "replicaStats": {
                "readyReplicaCount": ready,
                "pendingSchedulingReplicaCount": self.pending,
                "downloadingModelReplicaCount": self.downloading,
                "initializingReplicaCount": count - ready,
                "revocableReplicaCount": self.revocable,
                "effectiveReplicaCount": float(ready),
            },
        }
        return edited(shown, self.edits)


@dataclass
class World:
    """All of it, for one account."""

    account: str
    clock: Clock = field(default_factory=Clock)
    trainers: dict[str, Trainer] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    models: dict[str, Json] = field(default_factory=dict)
    #: full name of a training shape or a deployment shape → its versions, oldest first
    shapes: dict[str, list[Json]] = field(default_factory=dict)
    operations: dict[str, Json] = field(default_factory=dict)
    #: other collections by their name in the path: quotas, auditLogs, trainingSessions, …
    collections: dict[str, list[Json]] = field(default_factory=dict)
    #: training sessions' checkpoints, by session id
    session_checkpoints: dict[str, list[Json]] = field(default_factory=dict)
    #: ids of trainers that are gone for good; nobody gets them again
    purged: set[str] = field(default_factory=set)
    #: shapes that this account may not see (403, 404) or launch (412)
    refused_shapes: dict[str, int] = field(default_factory=dict)

    def trainer(self, job: str) -> Trainer:
        if job not in self.trainers:
            raise ApiError(404, f"rlor trainer job {job!r} not found")
        return self.trainers[job]

    def deployment(self, deployment: str) -> Deployment:
        if deployment not in self.deployments:
            raise ApiError(404, f"deployment {deployment!r} not found")
        return self.deployments[deployment]

    def trainer_named(self, name: str) -> Trainer | None:
        """By full resource name, of this account only."""
        return next((t for t in self.trainers.values() if t.name == name), None)

    def bucket(self, last: str) -> str:
        """The hosted bucket URL for a trainer's or a deployment's snapshots."""
        return f"gs://fireworks-artifacts-{self.account}-0a1b2c/rl-checkpoints/{self.account}/{last}"

    def snapshot(self, bucket: str, name: str) -> Checkpoint | None:
        """The sampler snapshot of that name in a bucket, whoever wrote it."""
        for trainer in self.trainers.values():
            if trainer.bucket == bucket and (found := trainer.checkpoint(name)) and found.type not in RESUME:
                return found
        return None
