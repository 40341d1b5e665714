"""What is known of the project in which a log is explained: its SDK, and whether that fits."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from fwdoctor.environment.checks import sdk
from fwdoctor.environment.doctor import run_one
from fwdoctor.environment.facts import Facts, gather
from fwdoctor.errors import FwdoctorError

#: The SDK is not there, or not the one that is asked for.
_STALE = frozenset({"FWS201", "FWS202", "FWS203", "FWS211"})


@functools.cache
def facts() -> Facts | None:
    """The environment of the project around the current folder; None where it cannot be read."""
    try:
        return gather(Path(), environ=os.environ)
    except (FwdoctorError, OSError):
        return None


@functools.cache
def sdk_first() -> tuple[str, ...]:
    """A stale SDK in this project, in one line: it looks like faults of the server, and is told first."""
    known = facts()
    if known is None or (known.pin is None and known.cookbook is None):
        return ()
    judged = run_one(sdk, known)
    stale = [f for f in judged.findings if f.rule in _STALE] if judged else []
    return tuple(f"the SDK first ({f.rule}): {f.message}; 'fwdoctor check' tells more" for f in stale[:1])
