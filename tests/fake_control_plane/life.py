"""What happens by itself as time passes: trainers start, fall idle and are stopped; what is deleted goes for good."""

from __future__ import annotations

import datetime as dt

from .clock import moment, stamp
from .settings import Settings
from .state import Trainer, World

DELETED = "JOB_STATE_DELETED"
RETENTION = dt.timedelta(days=30)
_DEFAULT_TIMEOUT = dt.timedelta(minutes=60)


class Life:
    """Brings the world up to the clock's time."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        #: when there was no capacity the last time that somebody looked
        self._full = dt.datetime.min.replace(tzinfo=dt.UTC)

    def catch_up(self) -> None:
        """Let everything happen that was due by now."""
        now = self._world.clock.now()
        if not self._settings.capacity:
            self._full = now
        for trainer in list(self._world.trainers.values()):
            while trainer.timed and self._step(trainer, now):
                pass
            if trainer.state == DELETED and now - trainer.entered >= RETENTION:
                del self._world.trainers[trainer.id]
                self._world.purged.add(trainer.id)
        for deployment in list(self._world.deployments.values()):
            purge = deployment.row.get("purgeTime")
            if deployment.state == "DELETED" and purge and now >= moment(purge):
                del self._world.deployments[deployment.id]

    def _step(self, trainer: Trainer, now: dt.datetime) -> bool:
        """One change of state, if one is due."""
        timing = self._settings.timing
        due, following = None, trainer.state
        if trainer.state in ("JOB_STATE_CREATING", "JOB_STATE_RE_QUEUEING"):
            due, following = trainer.entered + _seconds(timing.creating_s), "JOB_STATE_PENDING"
        elif trainer.state == "JOB_STATE_PENDING":
            granted = trainer.granted
            if granted is None and self._settings.capacity:
                granted = max(trainer.entered, self._full)
            following = "JOB_STATE_RUNNING"
            due = granted + _seconds(timing.starting_s) if granted else None
        elif trainer.state == "JOB_STATE_RUNNING":
            idle = not trainer.row["disableInactivityCleanup"]
            following = "JOB_STATE_IDLE"
            due = max(trainer.entered, trainer.active) + _timeout(trainer) if idle else None
        elif trainer.state == "JOB_STATE_IDLE":
            due, following = trainer.entered + _seconds(timing.idle_s), timing.stopped_state
        if due is None or now < due:
            return False
        trainer.enter(following, at=due)
        if trainer.state == timing.stopped_state:
            trainer.completed = stamp(due)
        return True


def _seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


def _timeout(trainer: Trainer) -> dt.timedelta:
    """How long a trainer may have nothing to do; unset or zero is an hour."""
    text = str(trainer.row.get("inactivityTimeout") or "").removesuffix("s")
    return dt.timedelta(seconds=float(text)) if text and float(text) else _DEFAULT_TIMEOUT
