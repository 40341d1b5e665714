"""What the platform knows: accounts, models, shapes, trainers, deployments, and their JSON.

Fields that only the server knows (a trainer's bucket, when it was deleted) are attributes here and never
reach the JSON: a test that passed on them would pass on data that production never sends.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass, field

from .wire import ApiError, Json

RESUMABLE = frozenset({"JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_PAUSED", "JOB_STATE_COMPLETED"})
TOMBSTONES = frozenset({"JOB_STATE_DELETED", "JOB_STATE_ARCHIVED"})
#: States in which a trainer holds no GPUs and has nothing left to cancel.
ENDED = RESUMABLE | TOMBSTONES | {"JOB_STATE_EARLY_STOPPED", "JOB_STATE_EXPIRED"}

#: Sampler and resume checkpoints: whether promotion accepts them.
PROMOTABLE = frozenset({"CHECKPOINT_TYPE_INFERENCE_BASE", "CHECKPOINT_TYPE_INFERENCE_LORA"})
RESUME = frozenset({"CHECKPOINT_TYPE_TRAINING", "CHECKPOINT_TYPE_TRAINING_LORA"})


class Clock:
    """Times that are the same in every run: each is one second after the one before."""

    def __init__(self) -> None:
        self._now = dt.datetime(2026, 8, 19, 10, 0, 0)

    def __call__(self) -> str:
        self._now += dt.timedelta(seconds=1)
        return self._now.isoformat(timespec="microseconds") + "Z"


@dataclass
class Checkpoint:
    """A saved state of a trainer, by the name that its client gave it."""

    id: str
    type: str
    created: str
    updated: str

    @property
    def promotable(self) -> bool:
        return self.type in PROMOTABLE

    def row(self, parent: str) -> Json:
        return {
            "name": f"{parent}/checkpoints/{self.id}",
            "checkpointType": self.type,
            "promotable": self.promotable,
            "createTime": self.created,
            "updateTime": self.updated,
        }


@dataclass
class Trainer:
    """A trainer job. ``coming`` are the states that the next reads will find."""

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

    def enter(self, state: str, *coming: str) -> None:
        """Go to a state now; what was planned before is void."""
        self.state = state
        self.coming = deque(coming)

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
        return shown


@dataclass
class Replica:
    """One pod of a deployment: which snapshot it has, and what its loader did last."""

    identity: str
    current: str | None = None
    stage: str = "idle"
    target: str | None = None
    adapters: list[Json] = field(default_factory=list)
    ready: bool = True

    def json(self) -> Json:
        return {
            "identity": self.identity,
            "current_snapshot_identity": self.current,
            "readiness": self.ready,
            "loading_state": {"stage": self.stage, "target_snapshot_identity": self.target},
            "loaded_adapters": self.adapters,
            "supports_rdma_weight_sync": False,
            "rdma_weight_sync_enabled": False,
        }


@dataclass
class Deployment:
    """A deployment and its pods. ``rolling`` counts the reads for which no pod answers."""

    name: str
    row: Json
    state: str = "CREATING"
    coming: deque[str] = field(default_factory=deque)
    status: Json = field(default_factory=lambda: {"code": "OK", "message": ""})
    replicas: list[Replica] = field(default_factory=list)
    rolling: int = 0
    pods_made: int = 0

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
        desired = max(self.row["minReplicaCount"], count)
        return {
            **self.row,
            "name": self.name,
            "state": self.state,
            "status": self.status,
            "desiredReplicaCount": desired,
            "replicaCount": count,
            "replicaStats": {
                "readyReplicaCount": ready,
                "pendingSchedulingReplicaCount": 0,
                "downloadingModelReplicaCount": 0,
                "initializingReplicaCount": count - ready,
                "revocableReplicaCount": 0,
                "effectiveReplicaCount": float(ready),
            },
        }


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
