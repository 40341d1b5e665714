"""The checks of the environment, one section each: every module here that does not begin with ``_``.

A module has ``SECTION`` (its name in reports), ``ORDER`` (its place among the sections) and
``check(facts)``. It is found, not listed.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Protocol, cast

from fwdoctor.environment.facts import Facts
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding


class Check(Protocol):
    """One module of this package."""

    SECTION: str
    ORDER: int

    def check(self, facts: Facts) -> CheckOutcome | None:
        """Judge the facts; None where there is nothing of the kind, and nothing to say about it."""
        ...


@functools.cache
def checks() -> tuple[Check, ...]:
    """All checks, in the order in which they are shown."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found = [cast(Check, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return tuple(sorted(found, key=lambda check: check.ORDER))


def outcome(section: str, detail: str, findings: Iterable[Finding] = ()) -> CheckOutcome:
    """The outcome of a check that could do its work."""
    found = tuple(findings)
    return CheckOutcome(section, CheckStatus.FINDING if found else CheckStatus.OK, detail, found)
