"""Requirements against what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.requirements import Requirement

from fwdoctor.environment.checks._pin import allowed
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.markers import applies
from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Unmet:
    """A requirement that nothing installed meets; ``installed`` is the version that is there, if any."""

    requirement: Requirement
    installed: str | None

    def __str__(self) -> str:
        needed = f"{self.requirement.name}{allowed(self.requirement.specifier)}"
        return f"{needed} ({self.installed} is installed)" if self.installed else f"{needed} (not installed)"


def unmet(requirements: Iterable[Requirement], facts: Facts, extras: Iterable[str] = ()) -> Iterator[Unmet]:
    """Those of the requirements that apply to the interpreter and are not met, each name once."""
    seen = set()
    for requirement in requirements:
        if not applies(requirement, facts.interpreter, extras) or requirement.name in seen:
            continue
        found = facts.distributions.get(requirement.name)
        if found and found.version and requirement.specifier.contains(found.version, prereleases=True):
            continue
        seen.add(requirement.name)
        installed = None if found is None else str(found.version or f"broken version {found.raw_version}")
        yield Unmet(requirement, installed)
