"""The switches of the fake: what the key may do, how answers look, what fails, what comes next."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .faults import Fault, Trigger, error
from .wire import Request

RUNNING = ("JOB_STATE_CREATING", "JOB_STATE_RUNNING")
READY = ("CREATING", "READY")


@dataclass(frozen=True, slots=True)
class Plan:
    """The states of a thing to come: the one it is created in, then one per read, the last for good."""

    states: tuple[str, ...]
    code: str = "OK"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long trainers that follow the clock stay in their states, in seconds.

    What an inactive trainer becomes is not published; ``stopped_state`` is one of the likely ones.
    """

    creating_s: float = 60
    starting_s: float = 120
    idle_s: float = 600
    stopped_state: str = "JOB_STATE_CANCELLED"


@dataclass
class Settings:
    """All switches. A test sets them before or while something runs."""

    #: may skip validations
    superuser: bool = False
    #: leave zero values out of the control plane's answers, as protobuf's JSON may
    omit_zeros: bool = False
    #: whether jobs show ``trainingShapeVersion``; the published schema has no such field, live rows do
    shape_version_on_jobs: bool = True
    #: older servers say ``rlorTrainerJobCheckpoints``
    checkpoints_key: str = "checkpoints"
    #: promotion answers before it is done; the SDK then waits ten seconds before it looks
    operations_take_time: bool = False
    #: how often a trainer's future answers "try again" before its result
    futures_try_again: int = 0
    #: reads of the weight-sync status that find no pod while a deployment rolls
    reads_while_rolling: int = 1
    #: and reads before that which still find the old pods
    reads_before_rolling: int = 0
    #: new trainers follow the clock, not the reads
    by_clock: bool = False
    timing: Timing = field(default_factory=Timing)
    #: whether there are GPUs for trainers that follow the clock; if not, each waits for ``grant``
    capacity: bool = True
    #: whether the control plane may read the account's hosted bucket
    bucket_readable: bool = True
    #: only enterprise accounts may read their audit log
    enterprise: bool = False
    #: how names of accounts that are not the caller's are refused: 403 or 404
    foreign_status: int = 403
    inference_only_status: int = 403
    #: each answer takes that long
    latency_s: float = 0.0
    faults: list[Trigger] = field(default_factory=list)
    trainers: deque[Plan] = field(default_factory=deque)
    deployments: deque[Plan] = field(default_factory=deque)

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        message: str = "told to fail",
        *,
        times: int | None = None,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Answer requests whose path contains the regular expression ``path`` with an error."""
        fault = error(status, message, reason=reason, metadata=metadata)
        self.faults.append(Trigger(re.compile(path), fault, method, times))

    def plan_trainer(self, *states: str, code: str = "OK", message: str = "") -> None:
        """What the next trainer that nobody has planned for will go through."""
        self.trainers.append(Plan(states, code, message))

    def plan_deployment(self, *states: str, code: str = "OK", message: str = "") -> None:
        """What the next deployment that nobody has planned for will go through."""
        self.deployments.append(Plan(states, code, message))

    def next_trainer(self) -> Plan:
        return self.trainers.popleft() if self.trainers else Plan(RUNNING)

    def next_deployment(self) -> Plan:
        return self.deployments.popleft() if self.deployments else Plan(READY)

    def fault(self, request: Request) -> Fault | None:
        """What this request was told to meet."""
        return next((f.fault for f in self.faults if f.hits(request)), None)
