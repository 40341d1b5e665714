"""Pairs that satisfy the pin, and fail all the same."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.checks._pin import pin_location, wanted
from fwdoctor.environment.cookbook import Cookbook
from fwdoctor.environment.distributions import Distribution
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.known_pairs import bad_pairs, known_pairs
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding, Severity
from fwdoctor.rulebook import rulebook

SECTION = "known pairs"
ORDER = 30


def check(facts: Facts) -> CheckOutcome:
    """Look the cookbook and the SDK up among the pairs that are known to fail."""
    sdk = facts.sdk
    if sdk is None or sdk.version is None:
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, "no SDK installed")
    if facts.cookbook is None:
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, "no cookbook found")
    number = len(known_pairs())
    detail = f"compared with {number} known bad pair{'s' * (number != 1)}, and with what the cookbook uses"
    findings = list(_findings(facts, facts.cookbook, sdk, sdk.version))
    return outcome(SECTION, detail, findings or _lacking(facts, facts.cookbook, sdk.version))


def _lacking(facts: Facts, cookbook: Cookbook, version: Version) -> Iterator[Finding]:
    """An SDK that the pin allows, and that lacks what the cookbook's own code uses."""
    from fwdoctor.environment.surfaces import cookbook_there
    from fwdoctor.surface import timeline

    # Of a cookbook that is only named, the project's own requirement is all that can be read.
    stated = cookbook.pin or (facts.pin if cookbook.folder is None else None)
    pin = stated.requirement.specifier if stated else None
    installed = timeline.sdk().release(str(version))
    if installed is None or pin is None or not pin.contains(version, prereleases=True):
        return
    there = cookbook_there(facts)
    needed = timeline.sdk_range(there.version) if there is not None and there.certain else None
    if there is None or needed is None or needed[0].index <= installed.index <= needed[1].index:
        return
    yield rulebook()["FWS211"].finding(
        location=pin_location(stated),
        cookbook=there.label,
        installed=str(version),
        first=str(needed[0].number),
        last=str(needed[1].number),
        pin=str(pin),
        install=facts.installer.install([f"fireworks-ai[training]=={timeline.sdk_of(there.version).number}"]),
    )


def _findings(facts: Facts, cookbook: Cookbook, sdk: Distribution, version: Version) -> Iterator[Finding]:
    for pair in bad_pairs(cookbook, version):
        if pair.absent and facts.distributions.get(pair.absent):
            continue
        is_commit = pair.has_commit(cookbook)
        yield rulebook()["FWS209"].finding(
            location=pin_location(cookbook.pin),
            severity=Severity.ERROR if is_commit else Severity.WARNING,
            evidence=f"fireworks-ai {version} in {sdk.site}",
            symptom=pair.symptom,
            cause=pair.cause,
            installed=str(version),
            cookbook=f"cookbook {pair.commit[:8]} ({pair.date})",
            suspicion="" if is_commit else ", and the pin is that cookbook's",
            install=facts.installer.install([wanted(pair.install)]),
        )
