"""The SDK: is it there, once and whole, and of a version that the cookbook can work with?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.version import Version

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.checks._pin import allowed, pin_location, pin_place, wanted
from fwdoctor.environment.checks._requirements import Unmet, unmet
from fwdoctor.environment.cookbook import SDK, Pin
from fwdoctor.environment.distributions import Distribution
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.installer import remove
from fwdoctor.environment.known_pairs import bad_pairs, known_pairs
from fwdoctor.environment.reading import shown
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding, Severity
from fwdoctor.rulebook import rulebook

SECTION = "sdk"
ORDER = 20

#: The import package of the SDK, by the file that only one distribution may own.
_PACKAGE = "fireworks/__init__.py"
#: The SDK's extra with what its training client imports, and nothing more.
_CLIENT_EXTRA = "training-sdk"


def check(facts: Facts) -> CheckOutcome:
    """Judge the installed SDK by itself and against the pin."""
    sdk, pin = facts.sdk, facts.pin
    findings = [*_leftovers(facts), *_foreign(facts)]
    if sdk is None:
        if pin is None and not findings:
            reason = f"no SDK in {shown(facts.interpreter.prefix)}, and no cookbook or pin that asks for one"
            return CheckOutcome(SECTION, CheckStatus.SKIPPED, reason)
        if pin is not None:
            findings.insert(0, _missing(facts, pin))
        return outcome(SECTION, "no SDK installed", findings)
    findings += _duplicates(facts, sdk)
    if sdk.version is None or not _is_whole(sdk):
        findings.insert(0, _broken(facts, sdk))
        return outcome(SECTION, f"{SDK} in {sdk.site} is broken", findings)
    fits = True
    if pin is None:
        detail = f"{SDK} {sdk.version}; no cookbook pin found to compare it with"
    else:
        specifier, place = pin.requirement.specifier, pin_place(pin, facts.cookbook)
        fits = specifier.contains(sdk.version, prereleases=True)
        verdict = "satisfies" if fits else "does not satisfy"
        detail = f"{SDK} {sdk.version} {verdict} {allowed(specifier) or 'a pin without a version'} ({place})"
        if not fits:
            findings.insert(0, _mismatch(facts, sdk.version, pin))
    if fits and not bad_pairs(facts.cookbook, sdk.version):
        # Else another version is to be installed, and the command for that brings the extra along.
        findings += _incomplete(facts, sdk)
    return outcome(SECTION, detail, findings)


def _missing(facts: Facts, pin: Pin) -> Finding:
    return rulebook()["FWS201"].finding(
        location=pin_location(pin),
        resource=shown(facts.interpreter.prefix),
        interpreter=facts.interpreter.label,
        pin=wanted(pin.requirement),
        place=pin_place(pin, facts.cookbook),
        install=facts.installer.install([_installable(facts, pin)], pin),
    )


def _mismatch(facts: Facts, version: Version, pin: Pin) -> Finding:
    lower = (s for s in pin.requirement.specifier if s.operator in (">=", ">", "~=", "=="))
    is_old = any(version < Version(s.version.removesuffix(".*")) for s in lower)
    return rulebook()["FWS202" if is_old else "FWS203"].finding(
        location=pin_location(pin),
        resource=shown(facts.interpreter.prefix),
        installed=str(version),
        pin=allowed(pin.requirement.specifier),
        place=pin_place(pin, facts.cookbook),
        interpreter=facts.interpreter.label,
        install=facts.installer.install([_installable(facts, pin)], pin),
    )


def _installable(facts: Facts, pin: Pin) -> str:
    """The pin as an argument of an installer, without releases that are known to fail with this cookbook.

    Installers take the newest release that a pin allows: the remedy would lead from one failure to the next.
    """
    specifier, cookbook = pin.requirement.specifier, facts.cookbook
    pairs = [pair for pair in known_pairs() if cookbook is not None and pair.has_commit(cookbook)]
    for pair in pairs:
        if any(specifier.contains(bad.version, prereleases=True) for bad in pair.sdk):
            specifier &= pair.install.specifier
    return wanted(pin.requirement, specifier)


def _duplicates(facts: Facts, sdk: Distribution) -> Iterator[Finding]:
    for other in facts.distributions.all(SDK):
        if other == sdk:
            continue
        if other.site == sdk.site:
            exact = Requirement(f"{SDK}=={sdk.version}") if sdk.version else Requirement(SDK)
            yield rulebook()["FWS204"].finding(
                resource=shown(other.metadata),
                first=sdk.metadata.name,
                second=other.metadata.name,
                site=str(sdk.site),
                remove=remove(other.metadata),
                reinstall=facts.installer.reinstall(exact),
            )
        else:
            yield rulebook()["FWS205"].finding(
                resource=shown(other.metadata),
                first=f"{sdk.raw_version} in {sdk.site}",
                second=f"{other.raw_version} in {other.site}",
            )


def _foreign(facts: Facts) -> Iterator[Finding]:
    if not any((site / _PACKAGE).exists() for site in facts.interpreter.sites):
        return
    for other in facts.distributions.owners(_PACKAGE):
        if other.name == SDK:
            continue
        sdk = facts.sdk
        if sdk is not None and sdk.version is not None:
            mend = facts.installer.reinstall(Requirement(f"{SDK}=={sdk.version}"))
        else:
            mend = facts.installer.install([wanted(facts.pin.requirement) if facts.pin else SDK], facts.pin)
        yield rulebook()["FWS206"].finding(
            resource=shown(other.metadata),
            other=other.name,
            version=str(other.raw_version),
            site=str(other.site),
            uninstall=facts.installer.uninstall(other.name),
            reinstall=mend,
        )


def _leftovers(facts: Facts) -> Iterator[Finding]:
    # pip puts "~" in the place of the first letter, of the package's folder as of the metadata's.
    for path in facts.distributions.leftovers:
        if path.name == "~ireworks" or path.name.startswith(("~ireworks_ai", "~ireworks-ai")):
            yield rulebook()["FWS207"].finding(
                resource=shown(path), leftover=path.name, site=str(path.parent), remove=remove(path)
            )


def _incomplete(facts: Facts, sdk: Distribution) -> Iterator[Finding]:
    """What the SDK needs for the extras that the pin asks for.

    Without a pin that asks for one, nothing says that anybody wants to train: what only an extra needs is
    then good to know, no more.
    """
    asked = facts.pin is not None and bool(facts.pin.requirement.extras)
    fails_anyway = any(unmet(sdk.requires, facts))
    lacks = sdk_lacks(facts, sdk)
    if not lacks:
        return
    extra = ",".join(sorted(_extras(facts)))
    requirement = f"{SDK}[{extra}]=={sdk.version}"
    yield rulebook()["FWS208"].finding(
        location=pin_location(facts.pin),
        resource=shown(facts.interpreter.prefix),
        severity=None if asked or fails_anyway else Severity.INFO,
        evidence="\n".join(str(lack) for lack in lacks),
        installed=str(sdk.version),
        extra=extra,
        lacks=", ".join(str(lack) for lack in lacks),
        install=facts.installer.install([requirement]),
    )


def sdk_lacks(facts: Facts, sdk: Distribution) -> list[Unmet]:
    """What the SDK's own metadata asks for with the extras of the pin, and what is not installed."""
    return list(unmet(sdk.requires, facts, _extras(facts)))


def _extras(facts: Facts) -> set[str]:
    return (facts.pin.requirement.extras if facts.pin else set()) or {_CLIENT_EXTRA}


def _is_whole(sdk: Distribution) -> bool:
    files = sdk.files()
    return sdk.is_complete and (files is None or _PACKAGE not in files or (sdk.site / _PACKAGE).exists())


def _broken(facts: Facts, sdk: Distribution) -> Finding:
    requirement = wanted(facts.pin.requirement) if facts.pin else SDK
    if sdk.version is None and sdk.raw_version:
        what = f"{sdk.raw_version!r} is no version"
    elif not sdk.is_complete:
        what = f"{sdk.metadata_file.name} is missing or lacks name and version"
    else:
        what = f"its list of files names {_PACKAGE}, and the file is gone"
    return rulebook()["FWS210"].finding(
        resource=shown(sdk.metadata),
        metadata=str(sdk.metadata),
        what=what,
        remove=remove(sdk.metadata),
        install=facts.installer.install([requirement], facts.pin),
    )
