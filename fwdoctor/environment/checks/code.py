"""The project's code: which cookbook versions it fits, and whether the one that is there is among them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.version import Version

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.cookbook import Source
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.reading import shown
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding
from fwdoctor.rulebook import rulebook

if TYPE_CHECKING:
    from fwdoctor_codemods.core.surfaces import Surfaces

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

    installed = _installed(facts)
    fits, problems = versions.compare(found.files, installed)
    for problem in (*found.problems, *problems):
        facts.reader.problem(Path(problem.path or "."), problem.message)
    if not fits:
        return outcome(SECTION, f"none of {_files(count)} uses the cookbook")
    return outcome(SECTION, _detail(fits, count), _judge(facts, fits, installed))


def _installed(facts: Facts) -> Surfaces | None:
    from fwdoctor.fit import target

    if facts.cookbook is None or facts.cookbook.folder is None:
        return None
    try:
        # Without the SDK's surface: which SDK is there is the business of another check.
        return replace(target.of_folder(facts.cookbook.folder), sdk=None, sdk_origins=())
    except FwdoctorError:
        return None


def _files(count: int) -> str:
    return f"{count} Python file{'s' if count != 1 else ''}"


def _detail(fits: Sequence[FileFit], count: int) -> str:
    """How many files use the cookbook, and which versions they fit."""
    from fwdoctor.surface import stored

    newest = stored.newest()
    current = sum(f.fits(newest.commit) for f in fits)
    uses = "uses" if len(fits) == 1 else "use"
    text = f"{len(fits)} of {_files(count)} {uses} the cookbook"
    rest = len(fits) - current
    if not rest:
        return f"{text}; {newest.label} fits"
    return f"{text}; of these, {rest} cannot run with {newest.label}"


def _judge(facts: Facts, fits: Sequence[FileFit], installed: Surfaces | None) -> list[Finding]:
    from fwdoctor.fit.versions import FOUND
    from fwdoctor.surface import stored

    key = FOUND if installed else stored.newest().commit
    wrong = [f for f in fits if not f.fits(key)]
    if not wrong:
        return _judge_sdk(facts, fits)
    return [_finding(facts, group, versions, key) for group, versions in _groups(wrong)]


def _groups(wrong: Sequence[FileFit]) -> list[tuple[list[FileFit], list[Entry]]]:
    """All files if there are versions that they all fit, else those that fit the same, together."""
    from fwdoctor.fit import versions

    if together := versions.common(wrong):
        return [(list(wrong), together)]
    groups: dict[tuple[Entry, ...], list[FileFit]] = {}
    for fit in wrong:
        groups.setdefault(tuple(versions.common([fit])), []).append(fit)
    return [(group, list(entries)) for entries, group in groups.items()]


def _finding(facts: Facts, wrong: Sequence[FileFit], fitting: Sequence[Entry], key: str) -> Finding:
    from fwdoctor.surface import stored

    book = rulebook()
    count, path, resource = _files(len(wrong)), shown(facts.folders[0]), shown(facts.folders[0])
    sites = [site for fit in wrong for site in fit.sites(key)]
    found = facts.cookbook if facts.cookbook and facts.cookbook.folder else None
    variables = {
        "count": count,
        "sites": _some(sites),
        "path": path,
        "newest": stored.newest().label,
        "found": f"the {found.label}" if found else stored.newest().label,
        "migrate": _migrate(facts, path),
    }
    if not fitting:
        return book["FWS505"].fill(variables, resource=resource)
    older = [e for e in fitting if _is_older(e, facts)]
    chosen = older[-1] if older else fitting[0]
    variables |= {
        "fits": _span(fitting),
        "commit": chosen.commit[:8],
        "stay": facts.installer.install([f"fireworks-ai[training]=={chosen.sdk}"]),
    }
    if found is None:
        return book["FWS503"].fill(variables, resource=resource)
    return book["FWS501" if older else "FWS502"].fill(variables, resource=resource)


def _is_older(entry: Entry, facts: Facts) -> bool:
    """Whether a stored version is older than the cookbook that is there, by its surface or else its pin."""
    from fwdoctor.fit import target

    if facts.cookbook is None or facts.cookbook.folder is None:
        return True
    twin = target.twin_of_folder(facts.cookbook.folder)
    if twin is not None:
        return entry.date < twin.date
    pin = facts.cookbook.pin
    if pin is None or entry.sdk_pin is None:
        return True
    return _lowest(Requirement(entry.sdk_pin)) < _lowest(pin.requirement)


def _lowest(pin: Requirement) -> Version:
    """The lower bound of a pin."""
    return max(
        (Version(s.version) for s in pin.specifier if s.operator in (">=", "==", "~=")), default=Version("0")
    )


def _judge_sdk(facts: Facts, fits: Sequence[FileFit]) -> list[Finding]:
    """Code for a newer cookbook with an SDK that this cookbook would refuse, where no pin says so."""
    from fwdoctor.fit import versions

    if facts.pin is not None or facts.sdk is None or facts.sdk.version is None:
        return []
    fitting = versions.common(fits)
    if not fitting or fitting[0].sdk_pin is None:
        return []
    oldest, pin = fitting[0], fitting[0].sdk_pin
    if Requirement(pin).specifier.contains(facts.sdk.version, prereleases=True):
        return []
    finding = rulebook()["FWS504"].finding(
        resource=shown(facts.folders[0]),
        count=_files(len(fits)),
        fits=oldest.label,
        pin=pin,
        installed=str(facts.sdk.version),
        stay=facts.installer.install([pin]),
    )
    return [finding]


def _migrate(facts: Facts, path: str) -> str:
    cookbook = facts.cookbook
    words = ["fwdoctor", "migrate", "--diff", path]
    if cookbook is None or cookbook.folder is None:
        words[3:3] = ["--target", "latest"]
    elif cookbook.source is Source.OPTION:
        words[3:3] = ["--target", shown(cookbook.folder)]  # migrate would not find it by itself
    return shlex.join(words)


def _span(fitting: Sequence[Entry]) -> str:
    oldest, newest = fitting[0], fitting[-1]
    if oldest is newest:
        return newest.label
    return f"cookbook {oldest.commit[:8]} to {newest.commit[:8]} ({oldest.date} to {newest.date})"


def _some(sites: Sequence[Site]) -> str:
    shown_sites = "; ".join(str(s) for s in sites[:_SITES_SHOWN])
    more = len(sites) - _SITES_SHOWN
    return f"{shown_sites}; and {more} more" if more > 0 else shown_sites
