"""What tests do to single trainers and deployments: everything that production does behind the API's back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .clock import stamp
from .state import ENDED, Checkpoint, Deployment, Replica, Trainer, World
from .wire import Json, error_info

#: All states that the published schemas have for a trainer job.
JOB_STATES = (
    "JOB_STATE_UNSPECIFIED",
    "JOB_STATE_CREATING",
    "JOB_STATE_RUNNING",
    "JOB_STATE_COMPLETED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_DELETING",
    "JOB_STATE_WRITING_RESULTS",
    "JOB_STATE_VALIDATING",
    "JOB_STATE_DELETING_CLEANING_UP",
    "JOB_STATE_PENDING",
    "JOB_STATE_EXPIRED",
    "JOB_STATE_RE_QUEUEING",
    "JOB_STATE_CREATING_INPUT_DATASET",
    "JOB_STATE_IDLE",
    "JOB_STATE_CANCELLING",
    "JOB_STATE_EARLY_STOPPED",
    "JOB_STATE_PAUSED",
    "JOB_STATE_DELETED",
    "JOB_STATE_ARCHIVED",
)


class TrainerControl:
    """The hand that moves trainers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, job: str) -> Trainer:
        return self._world.trainer(job)

    def set_state(self, job: str, state: str, status: Json | None = None, *, age_s: float = 0) -> Trainer:
        """Put a trainer into a state, which it came into ``age_s`` ago; there it stays."""
        trainer = self._world.trainer(job)
        since = self._world.clock.ago(age_s)
        trainer.timed = False
        trainer.enter(state, at=since)
        trainer.status = {"code": "OK", "message": "", **(status or {})}
        ended = state in ENDED and state not in (
            "JOB_STATE_PAUSED",
            "JOB_STATE_DELETED",
            "JOB_STATE_ARCHIVED",
        )
        trainer.completed = stamp(since) if ended else trainer.completed
        return trainer

    def fail(
        self,
        job: str,
        message: str,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        code: str = "INTERNAL",
    ) -> Trainer:
        """Let a trainer fail, with an ErrorInfo if there is a reason."""
        status: Json = {"code": code, "message": message}
        if reason is not None:
            status["details"] = [error_info(reason, metadata)]
        return self.set_state(job, "JOB_STATE_FAILED", status)

    def preempt(self, job: str) -> Trainer:
        """Take its GPUs: it queues again, and its next process knows nothing of the one before."""
        trainer = self._world.trainer(job)
        trainer.enter("JOB_STATE_RE_QUEUEING", at=self._world.clock.now())
        trainer.granted = None
        trainer.process += 1
        return trainer

    def follow_clock(self, job: str) -> Trainer:
        """From now on its states follow the clock, not the reads."""
        trainer = self._world.trainer(job)
        trainer.timed = True
        trainer.coming.clear()
        return trainer

    def grant(self, job: str) -> None:
        """Give a trainer that waits its GPUs."""
        self._world.trainer(job).granted = self._world.clock.now()

    def edit(self, job: str, **fields: Any) -> None:
        """Show fields otherwise, in camel case: other values, new ones, none (ABSENT); objects are merged."""
        self._world.trainer(job).edits.update(fields)

    def born(self, job: str, age_s: float) -> None:
        """Let a trainer be that old."""
        self._world.trainer(job).row["createTime"] = stamp(self._world.clock.ago(age_s))

    def save(
        self, job: str, name: str, kind: str, *, age_s: float = 0, session: str | None = None, **fields: Any
    ) -> Checkpoint:
        """A checkpoint: ``kind`` without ``CHECKPOINT_TYPE_``; ``session`` is what a client appends to names."""
        made = stamp(self._world.clock.ago(age_s))
        full = f"{name}-{session}" if session else name
        checkpoint = self._world.trainer(job).save(full, f"CHECKPOINT_TYPE_{kind}", made)
        checkpoint.edits.update(fields)
        return checkpoint


class DeploymentControl:
    """The hand that moves deployments and their pods."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, deployment: str) -> Deployment:
        return self._world.deployment(deployment)

    def edit(self, deployment: str, **fields: Any) -> None:
        """Show fields otherwise, in camel case: other values, new ones, none (ABSENT); objects are merged."""
        self._world.deployment(deployment).edits.update(fields)

    def born(self, deployment: str, age_s: float) -> None:
        """Let a deployment be that old, and unchanged since."""
        made = stamp(self._world.clock.ago(age_s))
        self._world.deployment(deployment).row.update(createTime=made, updateTime=made)

    def set_state(self, deployment: str, state: str, *, message: str = "", termination: str = "") -> None:
        """Put a deployment into a state; there it stays."""
        found = self._world.deployment(deployment)
        found.state = state
        found.coming.clear()
        found.status = {"code": "INTERNAL" if state == "FAILED" else "OK", "message": message}
        found.termination = termination
        found.row["updateTime"] = stamp(self._world.clock.now())

    def pods(self, deployment: str, *pods: Replica | Mapping[str, Any]) -> Sequence[Replica]:
        """The pods of a deployment, each as a Replica or as the arguments of one."""
        found = self._world.deployment(deployment)
        found.roll(len(pods))
        made = [
            pod if isinstance(pod, Replica) else Replica(**{"identity": fresh.identity, **pod})
            for pod, fresh in zip(pods, found.replicas, strict=True)
        ]
        found.replicas = made
        return made

    def waiting(self, deployment: str, *, pending: int = 0, downloading: int = 0, revocable: int = 0) -> None:
        """Replicas that do not serve yet, and those that can be taken at any time."""
        found = self._world.deployment(deployment)
        found.pending, found.downloading, found.revocable = pending, downloading, revocable

    def answer_hot_load(self, deployment: str, status: Any) -> None:
        """The weight-sync status word by word: null, an empty list, no ``replicas`` at all."""
        self._world.deployment(deployment).hot_load = status

    def load(self, deployment: str, snapshot: str) -> None:
        """Let all pods have loaded a snapshot."""
        for replica in self._world.deployment(deployment).replicas:
            replica.current = replica.target = snapshot
            replica.stage = "completed"
