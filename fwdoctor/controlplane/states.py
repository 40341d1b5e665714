"""What the states of a trainer job mean: ``fwdoctor_rules/probes/job_states.toml``, typed."""

from __future__ import annotations

import enum
import functools
import tomllib
from collections.abc import Mapping
from datetime import timedelta

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass


class Phase(enum.StrEnum):
    """Where in its life a job is."""

    WAITING = "waiting"
    HEALTHY = "healthy"
    ATTENTION = "attention"
    FINISHING = "finishing"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ENDED = "ended"
    TOMBSTONE = "tombstone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JobState:
    """One state. ``resumable`` and ``holds_gpus`` are None where nobody says.

    ``patience`` is the time in which the state is nothing to worry about; ``next`` is what to do in it.
    """

    name: str
    phase: Phase
    means: str
    next: str
    resumable: bool | None
    holds_gpus: bool | None
    patience: timedelta | None = None

    @property
    def short(self) -> str:
        """``RUNNING``."""
        return self.name.removeprefix("JOB_STATE_")

    @property
    def is_alive(self) -> bool:
        """Whether the job works, or is about to."""
        return self.phase in (Phase.WAITING, Phase.HEALTHY, Phase.ATTENTION, Phase.FINISHING)


@functools.cache
def job_states() -> Mapping[str, JobState]:
    """All states by name, in the order of the file.

    Raises:
        FwdoctorError: the file is damaged.
    """
    path = fwdoctor_rules.DATA / "probes" / "job_states.toml"
    try:
        tables = tomllib.loads(path.read_text("utf-8"))["state"]
        return {t["name"]: _state(t) for t in tables}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: cannot read the states of jobs: {error}") from error


def job_state(name: str) -> JobState:
    """The state of a name; one that is not known is taken as it is, and judged as unknown."""
    found = job_states().get(name)
    if found is not None:
        return found
    return JobState(
        name,
        Phase.UNKNOWN,
        "this version of fwdoctor does not know the state",
        "Look at the job in the console; a newer fwdoctor may know more.",
        None,
        None,
    )


_ANSWERS = {"yes": True, "no": False, "unknown": None}


def _state(table: Mapping[str, object]) -> JobState:
    minutes = table.get("patience")
    return JobState(
        str(table["name"]),
        Phase(str(table["phase"])),
        str(table["means"]),
        str(table["next"]),
        _ANSWERS[str(table["resumable"])],
        _ANSWERS[str(table["holds_gpus"])],
        timedelta(minutes=float(str(minutes))) if minutes is not None else None,
    )
