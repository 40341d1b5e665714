"""The project's code: which versions it fits, and whether what is installed is among them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.version import Version as Number

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.checks._pin import wanted
from fwdoctor.environment.cookbook import SDK, Source
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.known_pairs import bad_pairs
from fwdoctor.environment.reading import shown
from fwdoctor.environment.surfaces import There, cookbook_there, sdk_there
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding
from fwdoctor.rulebook import rulebook

if TYPE_CHECKING:
    from fwdoctor.fit.versions import FileFit, Interval, Site
    from fwdoctor.surface.timeline import Version

SECTION = "code"
ORDER = 60
_SITES_SHOWN = 3


def check(facts: Facts) -> CheckOutcome:
    """Compare every file that uses the cookbook or the SDK with what is there and with all versions."""
    from fwdoctor.source.discovery import discover

    found = discover([shown(facts.path)])
    count = len(found.files)
    if not count:
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, f"no Python file under {shown(facts.path)}")
    from fwdoctor.fit import versions

    fits, problems = versions.compare(found.files)
    for problem in (*found.problems, *problems):
        facts.reader.problem(Path(problem.path or "."), problem.message)
    if not fits:
        return outcome(SECTION, _nothing(facts, count))
    return outcome(
        SECTION, _detail(facts, fits, count), [*_judge_cookbook(facts, fits), *_judge_sdk(facts, fits)]
    )


def _nothing(facts: Facts, count: int) -> str:
    """That there is nothing to compare."""
    if count > 1:
        return f"none of {_files(facts, count)} uses the cookbook or the SDK"
    # A file that is named is read, whatever it is called: scripts need no suffix.
    name = "1 Python file" if _is_python(facts) else f"{shown(facts.path)}, read as Python,"
    return f"{name} uses neither the cookbook nor the SDK"


def _files(facts: Facts, count: int) -> str:
    """So many files: Python files, unless it is one that is called otherwise."""
    kind = "Python " if _is_python(facts) else ""
    return f"{count} {kind}file{'s' if count != 1 else ''}"


def _is_python(facts: Facts) -> bool:
    return facts.path.is_dir() or facts.path.suffix in (".py", ".pyi")


def _detail(facts: Facts, fits: Sequence[FileFit], count: int) -> str:
    """How many files use the cookbook, and which versions they fit."""
    from fwdoctor.fit import versions
    from fwdoctor.surface.timeline import Product

    using = [f for f in fits if Product.COOKBOOK in f.products]
    what, product = ("the cookbook", Product.COOKBOOK) if using else ("the SDK", Product.SDK)
    using = using or list(fits)
    text = f"{len(using)} of {_files(facts, count)} {'uses' if len(using) == 1 else 'use'} {what}"
    found = versions.intervals(using, product)
    # The newest of the intervals; the others are noise here.
    return f"{text}; fits {found[-1]}" if found else f"{text}; no version known fits all of it"


# --- the cookbook -------------------------------------------------------------------------------------


def _judge_cookbook(facts: Facts, fits: Sequence[FileFit]) -> list[Finding]:
    from fwdoctor.surface.timeline import Product

    using = [f for f in fits if Product.COOKBOOK in f.products]
    if not using:
        return []
    there = cookbook_there(facts)
    wrong = [f for f in using if _sites(there or _newest(), [f])]
    if not wrong:
        return _judge_pin(facts, using)
    return [_finding(facts, group, there, found) for group, found in _groups(wrong)]


def _newest() -> There:
    """The newest cookbook known, to compare with where none was found."""
    from fwdoctor.surface import timeline

    line = timeline.cookbook()
    return There(line.product, line.surface(line.newest), line.newest, line.newest.label)


def _sites(there: There, fits: Sequence[FileFit]) -> list[Site]:
    return [site for fit in fits for site in fit.sites_in(there.surface, there.product, there.version.state)]


def _groups(wrong: Sequence[FileFit]) -> list[tuple[list[FileFit], list[Interval]]]:
    """All files if there are versions that they all fit, else those that fit the same, together."""
    from fwdoctor.fit import versions
    from fwdoctor.surface.timeline import Product

    if together := versions.intervals(wrong, Product.COOKBOOK):
        return [(list(wrong), together)]
    groups: dict[int, list[FileFit]] = {}
    for fit in wrong:
        groups.setdefault(fit.misfits(Product.COOKBOOK), []).append(fit)
    return [(group, versions.intervals(group, Product.COOKBOOK)) for group in groups.values()]


def _finding(
    facts: Facts, wrong: Sequence[FileFit], there: There | None, found: Sequence[Interval]
) -> Finding:
    from fwdoctor.fit import versions
    from fwdoctor.surface import timeline

    book = rulebook()
    path = resource = shown(facts.path)
    against = there or _newest()
    variables = {
        "count": _files(facts, len(wrong)),
        "sites": _some(_sites(against, wrong)),
        "path": path,
        "newest": timeline.cookbook().newest.label,
        "found": f"the {there.label}" if there else against.label,
        "migrate": _migrate(facts, path),
    }
    evidence = [f"installed: {_installed(facts)}"]
    if there is not None:
        pin = facts.cookbook.pin if facts.cookbook else None
        pins = f", which pins {wanted(pin.requirement)}" if pin else ""
        evidence.insert(0, f"there: {there.label}{pins}")
    if not found:
        near = versions.closest(wrong, against.product)
        evidence.insert(0, f"the code fits no version known; the nearest is {near.label}")
        return book["FWS505"].fill(variables, resource=resource, evidence="\n".join(evidence))
    # Of one that says what it is, and lacks what that has, the code may well be from before the edit.
    place = against.version.state
    older = [i for i in found if (i.first.state <= place if against.certain else i.last.state < place)]
    chosen = (older or found)[-1].last
    release = versions.sdk_for(chosen, wrong)
    fits = str((older or found)[-1])
    pins = f", which pins {chosen.sdk_pin}" if chosen.sdk_pin else ""
    evidence.insert(0, f"the code fits: {fits}{pins}")
    variables |= {
        "fits": fits,
        "commit": chosen.id,
        "stay": facts.installer.install([_exact(release) if release else chosen.sdk_pin or SDK]),
    }
    rule = "FWS503" if there is None else "FWS501" if older else "FWS502"
    return book[rule].fill(variables, resource=resource, evidence="\n".join(evidence))


def _installed(facts: Facts) -> str:
    version = facts.sdk.version if facts.sdk else None
    return f"fireworks-ai {version}" if version else "no fireworks-ai"


def _judge_pin(facts: Facts, fits: Sequence[FileFit]) -> list[Finding]:
    """Code for a newer cookbook with an SDK that this cookbook would refuse, where no pin says so."""
    from fwdoctor.fit import versions
    from fwdoctor.surface.timeline import Product

    if facts.pin is not None or facts.sdk is None or facts.sdk.version is None:
        return []
    found = versions.intervals(fits, Product.COOKBOOK)
    if not found or found[-1].first.sdk_pin is None:
        return []
    oldest, pin = found[-1].first, found[-1].first.sdk_pin
    if Requirement(pin).specifier.contains(facts.sdk.version, prereleases=True):
        return []
    finding = rulebook()["FWS504"].finding(
        resource=shown(facts.path),
        count=_files(facts, len(fits)),
        fits=f"{oldest.label} or later",
        pin=pin,
        installed=str(facts.sdk.version),
        stay=facts.installer.install([pin]),
    )
    return [finding]


# --- the SDK ------------------------------------------------------------------------------------------


def _judge_sdk(facts: Facts, fits: Sequence[FileFit]) -> list[Finding]:
    """What the code asks of the SDK itself against the SDK that is installed."""
    from fwdoctor.fit import versions
    from fwdoctor.surface.timeline import Product

    there = sdk_there(facts)
    wrong = [f for f in fits if there is not None and _sites(there, [f])]
    if there is None or not wrong:
        return []
    found = versions.intervals(wrong, Product.SDK)
    resource = shown(facts.path)
    variables = {
        "count": _files(facts, len(wrong)),
        "installed": there.label,
        "sites": _some(_sites(there, wrong)),
        "fits": str(found[-1]) if found else "no release known",
        "path": resource,
        "interpreter": facts.interpreter.label,
    }
    if not found:
        return [rulebook()["FWS507"].fill(variables, resource=resource)]
    variables["install"] = facts.installer.install([_exact(_release_to_take(facts, found))])
    return [rulebook()["FWS506"].fill(variables, resource=resource)]


def _release_to_take(facts: Facts, found: Sequence[Interval]) -> Version:
    """The newest release that the code fits and, if one does, that the pin allows and that works with it."""
    from fwdoctor.surface import timeline

    line = timeline.sdk()
    good = [v for i in found for v in line.versions if i.first.state <= v.state <= i.last.state]
    allowed = timeline.releases_within(facts.pin.requirement.specifier) if facts.pin else line.versions
    works = [v for v in good if v in allowed and not bad_pairs(facts.cookbook, Number(v.number or "0"))]
    return (works or good)[-1]


# --- words --------------------------------------------------------------------------------------------


def _migrate(facts: Facts, path: str) -> str:
    cookbook = facts.cookbook
    words = ["fwdoctor", "migrate", "--diff", path]
    if cookbook is None or cookbook.folder is None:
        words[3:3] = ["--target", "latest"]
    elif cookbook.source is Source.OPTION:
        words[3:3] = ["--target", shown(cookbook.folder)]  # migrate would not find it by itself
    return shlex.join(words)


def _exact(release: Version) -> str:
    return f"{SDK}[training]=={release.number}"


def _some(sites: Sequence[Site]) -> str:
    shown_sites = "; ".join(str(s) for s in sites[:_SITES_SHOWN])
    more = len(sites) - _SITES_SHOWN
    return f"{shown_sites}; and {more} more" if more > 0 else shown_sites
