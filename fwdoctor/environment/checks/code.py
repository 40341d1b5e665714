"""The project's code: which cookbook versions it fits, and whether the one that is there is among them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.cookbook import Source
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.reading import shown
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding
from fwdoctor.rulebook import rulebook

if TYPE_CHECKING:
    from fwdoctor_codemods._port import Surfaces

    from fwdoctor.fit.versions import FileFit, Site
    from fwdoctor.surface.stored import Entry

SECTION = "code"
ORDER = 60
_SITES_SHOWN = 3


def check(facts: Facts) -> CheckOutcome:
    """Compare every file that uses the cookbook with all stored versions and with the one on disk."""
    from fwdoctor.source.discovery import discover

    found = discover([shown(facts.folders[0])])
    count = len(found.files)
    if not count:
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, f"no Python file under {shown(facts.folders[0])}")
    from fwdoctor.fit import versions

    fits, problems = versions.compare(found.files, _installed(facts))
    for problem in (*found.problems, *problems):
        facts.reader.problem(Path(problem.path or "."), problem.message)
    if not fits:
        return outcome(SECTION, f"none of {_files(count)} uses the cookbook")
    return outcome(SECTION, _detail(fits, count), _judge(facts, fits))


def _installed(facts: Facts) -> Surfaces | None:
    from fwdoctor.fit import target

    if facts.cookbook is None or facts.cookbook.folder is None:
        return None
    try:
        return target.of_folder(facts.cookbook.folder)
    except FwdoctorError:
        return None


def _files(count: int) -> str:
    return f"{count} Python file{'s' if count != 1 else ''}"


def _detail(fits: Sequence[FileFit], count: int) -> str:
    """How many files use the cookbook, and which versions they fit."""
    from fwdoctor.surface import stored

    newest = stored.newest()
    current = sum(f.fits(newest.commit) for f in fits)
    uses = "use" if len(fits) != 1 else "uses"
    text = f"{len(fits)} of {_files(count)} {uses} the cookbook; {current} fit{'s' if current == 1 else ''} {newest.label}"
    old = len(fits) - current
    return f"{text}, {old} older" if old else text


def _judge(facts: Facts, fits: Sequence[FileFit]) -> list[Finding]:
    from fwdoctor.surface import stored

    here = "found" if "found" in fits[0].sites else None
    wrong = [f for f in fits if not f.fits(here or stored.newest().commit)]
    if not wrong:
        return _judge_sdk(facts, fits)
    return [_finding(facts, group, here) for group in _by_version(wrong)]


def _by_version(wrong: Sequence[FileFit]) -> list[list[FileFit]]:
    """Files that fit one version in common, together."""
    from fwdoctor.fit import versions

    groups: dict[Entry | None, list[FileFit]] = {}
    if versions.newest_fit(wrong) is not None:
        return [list(wrong)]
    for fit in wrong:
        groups.setdefault(versions.newest_fit([fit]), []).append(fit)
    return list(groups.values())


def _finding(facts: Facts, wrong: Sequence[FileFit], here: str | None) -> Finding:
    from fwdoctor.fit import versions
    from fwdoctor.surface import stored

    book = rulebook()
    newest, oldest = versions.newest_fit(wrong), versions.oldest_fit(wrong)
    sites = [s for f in wrong for s in f.sites[here or stored.newest().commit]]
    count = _files(len(wrong))
    path = shown(facts.folders[0])
    if newest is None or oldest is None:
        detail = f"{count} fit no stored version whole: {_some(sites)}"
        return book["FWS505"].finding(resource=str(facts.folders[0]), path=path, detail=detail)
    variables = {
        "count": count,
        "sites": _some(sites),
        "path": path,
        "fits": _span(oldest, newest),
        "commit": newest.commit[:8],
        "stay": _install(facts, newest),
        "migrate": _migrate(facts, path),
    }
    if here is None:
        return book["FWS503"].finding(resource=str(facts.folders[0]), **variables)
    variables["found"] = f"the {facts.cookbook.label}" if facts.cookbook else "the cookbook"
    if _is_older(newest, facts):
        return book["FWS501"].finding(resource=str(facts.folders[0]), **variables)
    variables["stay"] = _install(facts, oldest)
    return book["FWS502"].finding(resource=str(facts.folders[0]), **variables)


def _migrate(facts: Facts, path: str) -> str:
    cookbook = facts.cookbook
    words = ["fwdoctor", "migrate", "--diff", path]
    if cookbook and cookbook.folder and cookbook.source is Source.OPTION:
        words[3:3] = ["--target", shown(cookbook.folder)]  # migrate would not find it by itself
    return shlex.join(words)


def _is_older(entry: Entry, facts: Facts) -> bool:
    """Whether a stored version is older than the cookbook that is there."""
    from fwdoctor.fit import target

    assert facts.cookbook is not None
    assert facts.cookbook.folder is not None
    twin = target.twin_of_folder(facts.cookbook.folder)
    if twin is not None:
        return entry.date < twin.date
    pin = facts.cookbook.pin
    return pin is None or _lowest(entry.sdk_pin) <= _lowest(str(pin.requirement))


def _lowest(pin: str | None) -> tuple[int, ...]:
    from packaging.version import Version

    if pin is None:
        return (0,)
    versions = [Version(s.version) for s in Requirement(pin).specifier if s.operator in (">=", "==", "~=")]
    return max(versions).release if versions else (0,)


def _judge_sdk(facts: Facts, fits: Sequence[FileFit]) -> list[Finding]:
    """Code for a newer cookbook with an SDK that this cookbook would refuse, where no pin says so."""
    from fwdoctor.fit import versions

    oldest = versions.oldest_fit(fits)
    if oldest is None or oldest.sdk_pin is None or facts.sdk is None or facts.sdk.version is None:
        return []
    if facts.pin is not None or Requirement(oldest.sdk_pin).specifier.contains(
        facts.sdk.version, prereleases=True
    ):
        return []
    finding = rulebook()["FWS504"].finding(
        resource=str(facts.folders[0]),
        count=_files(len(fits)),
        fits=oldest.label,
        pin=oldest.sdk_pin,
        installed=str(facts.sdk.version),
        stay=facts.installer.install([oldest.sdk_pin]),
    )
    return [finding]


def _install(facts: Facts, entry: Entry) -> str:
    return facts.installer.install([f"fireworks-ai[training]=={entry.sdk}"])


def _span(oldest: Entry, newest: Entry) -> str:
    if oldest is newest:
        return newest.label
    return f"cookbook {oldest.commit[:8]} to {newest.commit[:8]} ({oldest.date} to {newest.date})"


def _some(sites: Sequence[Site]) -> str:
    shown_sites = "; ".join(str(s) for s in sites[:_SITES_SHOWN])
    more = len(sites) - _SITES_SHOWN
    return f"{shown_sites}; and {more} more" if more > 0 else shown_sites
