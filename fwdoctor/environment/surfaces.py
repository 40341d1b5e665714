"""What the user's cookbook and SDK offer: read from the disk, and where they stand in the timelines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version as Number

from fwdoctor.environment.facts import Facts
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    from fwdoctor.surface.model import Surface
    from fwdoctor.surface.timeline import Product, Version


@dataclass(frozen=True)
class There:
    """A cookbook or an SDK that is there.

    ``version`` is where it stands in its timeline: what it is or says it is (then ``certain``), or what it is
    nearest to; ``label`` is how messages call it.
    """

    product: Product
    surface: Surface
    version: Version
    label: str
    certain: bool = True


def cookbook_there(facts: Facts) -> There | None:
    """The cookbook of the project; None if there is none.

    What is on the disk counts, whatever version it says it is. One that is only named is taken as stored.
    Files that are no Python are problems of ``facts.reader``.
    """
    from fwdoctor.surface import identity, timeline

    line, found = timeline.cookbook(), facts.cookbook
    if found is None:
        return None
    if found.folder is None:
        named = line.by_commit(found.commit) if found.commit else None
        return There(line.product, line.surface(named), named, named.label) if named else None
    pin = str(found.pin.requirement) if found.pin else None
    try:
        match = identity.of_folder(found.folder, found.commit, found.number, pin)
    except FwdoctorError:
        return None  # its project file is there, its recipes are not
    for unreadable in identity.judged(match.surface):
        facts.reader.problem(Path(unreadable.path), identity.reason(unreadable))
    certain = match.twin is not None or match.says_so
    return There(line.product, match.surface, match.nearest, match.label, certain)


def sdk_there(facts: Facts) -> There | None:
    """The installed SDK; None if there is none, or if it is not where its metadata is.

    A release from an index is taken as stored: it is what it says. Any other is read.
    """
    from fwdoctor.surface import timeline
    from fwdoctor.surface.folders import SDK_LEFT_OUT, SDK_PACKAGES
    from fwdoctor.surface.reader import read_surface

    found, line = facts.sdk, timeline.sdk()
    if found is None or found.version is None:
        return None
    label = f"fireworks-ai {found.version}"
    release = line.release(str(found.version))
    if release is not None and found.origin is None:
        return There(line.product, line.surface(release), release, label)
    try:
        surface = read_surface(found.site, SDK_PACKAGES, name=label, leave_out=SDK_LEFT_OUT)
    except FwdoctorError:
        return None
    older = [v for v in line.versions if Number(v.number or "0") <= found.version]
    return There(line.product, surface, release or (older or line.versions)[-1], label)
