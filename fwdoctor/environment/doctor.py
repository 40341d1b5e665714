"""Runs the checks of the environment."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from fwdoctor.environment.checks import Check, checks
from fwdoctor.environment.facts import Facts, gather
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import CheckOutcome, CheckStatus, Problem


def run(
    path: Path, *, python: str | None, cookbook: Path | None, environ: Mapping[str, str]
) -> tuple[Facts, list[CheckOutcome], list[Problem]]:
    """Check the environment of the project around ``path``.

    ``python`` names an interpreter or an environment, ``cookbook`` a checkout, ``environ`` holds the
    environment variables. The outcomes come in the order in which they are shown; a problem is what could
    not be looked at, a check that failed among them.

    Raises:
        FwdoctorError: ``path``, ``python`` or ``cookbook`` names nothing of its kind.
    """
    facts = gather(path, python=python, cookbook=cookbook, environ=environ)
    judged = [run_one(check, facts) for check in checks()]
    outcomes = [o for o in judged if o is not None]
    failed = [Problem(f"{o.section}: {o.detail}") for o in outcomes if o.status is CheckStatus.ERROR]
    return facts, outcomes, [*facts.reader.problems, *failed]


def run_one(check: Check, facts: Facts) -> CheckOutcome | None:
    """Run one check; if it fails unexpectedly, that is its outcome. None: it has nothing to say."""
    try:
        return check.check(facts)
    except FwdoctorError as error:
        return CheckOutcome(check.SECTION, CheckStatus.ERROR, str(error))
    except Exception as error:
        # Without the error's text: it may quote what it stumbled over, a key for example.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        reason = f"this check failed itself: {type(error).__name__} at {place}"
        return CheckOutcome(check.SECTION, CheckStatus.ERROR, reason)
