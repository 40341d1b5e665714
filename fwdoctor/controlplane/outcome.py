"""What the remote half of ``fwdoctor check`` says; a check without a key needs no more than this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from fwdoctor.finding import CheckOutcome, CheckStatus, Finding, Problem, Severity
from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    from fwdoctor.controlplane.mentions import Subject

SECTION = "control plane"


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of a log, and what each of them is about, in the same order."""

    findings: tuple[Finding, ...] = ()
    subjects: tuple[Subject, ...] = ()


@dataclass
class Checkup:
    """What the remote half has to say; ``errors`` are those of the log, with verdicts."""

    outcomes: list[CheckOutcome] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: tuple[Finding, ...] = ()

    def add(self, section: str, detail: str, findings: Sequence[Finding] = ()) -> None:
        """A section that was looked at. What is only good to know leaves it in order."""
        wrong = any(f.severity is not Severity.INFO for f in findings)
        status = CheckStatus.FINDING if wrong else CheckStatus.OK
        self.outcomes.append(CheckOutcome(section, status, detail, tuple(findings)))

    def skip(self, section: str, reason: str) -> None:
        """A section that was not looked at."""
        self.outcomes.append(CheckOutcome(section, CheckStatus.SKIPPED, reason))

    def has(self, section: str) -> bool:
        """Whether something is said about a section."""
        return any(o.section == section for o in self.outcomes)


def not_asked(reason: str, jobs: Iterable[str] = (), deployments: Iterable[str] = ()) -> Checkup:
    """The checkup where nobody is asked; what was to be looked at is a problem."""
    made = Checkup()
    made.skip(SECTION, reason)
    named = [*(f"job {j}" for j in jobs), *(f"deployment {d}" for d in deployments)]
    made.problems += [Problem(f"{name} was not looked at: {reason}") for name in named]
    return made
