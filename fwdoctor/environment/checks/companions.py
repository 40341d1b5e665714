"""The other packages that the cookbook requires, against what is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.checks._pin import pin_location, wanted
from fwdoctor.environment.checks._requirements import Unmet, unmet
from fwdoctor.environment.checks.sdk import sdk_lacks
from fwdoctor.environment.cookbook import Cookbook, Pin
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.markers import applies
from fwdoctor.environment.reading import shown
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding
from fwdoctor.rulebook import rulebook

SECTION = "companions"
ORDER = 40


def check(facts: Facts) -> CheckOutcome:
    """Compare each requirement of the cookbook, but for the SDK, with the installed version."""
    cookbook = facts.cookbook
    if cookbook is None or not cookbook.companions:
        why = "no cookbook found"
        if cookbook is not None and cookbook.folder is None:
            why = f"{cookbook.label} is only named, in {shown(cookbook.file)}"
        elif cookbook is not None:
            why = f"{shown(cookbook.file)} requires nothing else"
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, why)
    if facts.sdk is None:
        # One root cause, not ten: who has no SDK has not installed the cookbook either.
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, "no SDK installed")
    pins = [pin for pin in cookbook.companions if applies(pin.requirement, facts.interpreter)]
    lacks = [(pin, lack) for pin in pins for lack in unmet([pin.requirement], facts)]
    # What the SDK lacks as well is reported there, unless the cookbook wants a certain version of it.
    reported = {lack.requirement.name for lack in sdk_lacks(facts, facts.sdk)}
    own = [
        pair for pair in lacks if pair[1].requirement.specifier or pair[1].requirement.name not in reported
    ]
    met = len(pins) - len(lacks)
    detail = f"{met} of {len(pins)} packages are as {cookbook.label} requires ({shown(cookbook.file)})"
    return outcome(SECTION, detail, _findings(facts, cookbook, own))


def _findings(facts: Facts, cookbook: Cookbook, lacks: Sequence[tuple[Pin, Unmet]]) -> Iterator[Finding]:
    missing = [pair for pair in lacks if pair[1].installed is None]
    others = [pair for pair in lacks if pair[1].installed is not None]
    for rule, group in (("FWS301", missing), ("FWS302", others)):
        if group:
            first = group[0][0]
            yield rulebook()[rule].finding(
                location=pin_location(first),
                resource=shown(facts.interpreter.prefix),
                evidence="\n".join(f"{pin_location(pin)}: {lack}" for pin, lack in group),
                packages=", ".join(str(lack) for _, lack in group),
                cookbook=cookbook.label,
                install=facts.installer.install([wanted(pin.requirement) for pin, _ in group], first),
            )
