"""From ``--target`` to the surfaces that a migration compares with."""

from __future__ import annotations

import os
from pathlib import Path

from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface import places, timeline
from fwdoctor.surface.folders import cookbook_root
from fwdoctor.surface.timeline import Past, Version


@dataclass(frozen=True, slots=True)
class Choice:
    """A target that was chosen; small, so that it can be handed to other processes.

    ``preserve_defaults``, ``select`` and ``ignore``: as of :class:`fwdoctor.fit.session.Context`.
    """

    wanted: str
    found: Path | None = None
    preserve_defaults: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise what :meth:`surfaces` would raise, without reading any surface."""
        _find(self.wanted, self.found)

    def version(self) -> Version | Path:
        """The version, or the folder, that it is; raises as :func:`resolve`."""
        return _find(self.wanted, self.found)

    def surfaces(self) -> Surfaces:
        """Its surfaces; raises as :func:`resolve`."""
        return resolve(self.wanted, self.found)


def resolve(wanted: str, found: Path | None = None) -> Surfaces:
    """The surfaces for ``wanted``: ``auto``, ``latest``, a version's name, date, tag or commit, or a folder.

    ``found`` is the cookbook that the user has (the folder that holds ``training/``), for ``auto``;
    without one, ``auto`` is the newest version known.

    Raises:
        FwdoctorError: there is no such version and no such folder, or a file in it is no Python.
    """
    chosen = _find(wanted, found)
    return of_folder(chosen) if isinstance(chosen, Path) else of_version(chosen)


def _find(wanted: str, found: Path | None) -> Version | Path:
    if wanted == "auto":
        return timeline.cookbook().newest if found is None else found
    if not places.is_version(wanted) and os.path.isdir(wanted):
        cookbook_root(Path(wanted))
        return Path(wanted)
    if "/" in wanted or wanted.startswith(".") or os.path.isfile(wanted):
        raise FwdoctorError(f"{wanted}: no such folder")
    return timeline.cookbook().find(wanted)


def forget() -> None:
    """Read cookbooks on disk, and the folders around code, anew: for a process that outlives them."""
    from fwdoctor.fit import project
    from fwdoctor.surface import identity

    identity.forget()
    project.forget()


def of_version(version: Version) -> Surfaces:
    """The surfaces for a stored version: every state before its own is what old code may mean."""
    line, sdks = timeline.cookbook(), timeline.sdk()
    sdk = timeline.sdk_of(version)
    return Surfaces(
        target=line.surface(version),
        label=version.label,
        past=(Past(line, version.state), Past(sdks, sdk.state)),
        sdk=sdks.surface(sdk),
    )


def of_folder(folder: Path) -> Surfaces:
    """The surfaces for a cookbook on disk: what it offers, whatever version it says it is.

    Raises:
        FwdoctorError: there is no cookbook, or a file of it is no Python: nothing is proven against that.
    """
    from fwdoctor.surface import identity  # it reads version numbers, which takes its time to load

    match = identity.of_folder(folder)
    if bad := identity.judged(match.surface):
        raise FwdoctorError(identity.half_written(bad[0]))
    if match.twin is not None:
        known = of_version(match.twin)
        return Surfaces(match.surface, known.label, known.past, known.sdk)
    line, sdks = timeline.cookbook(), timeline.sdk()
    return Surfaces(
        target=match.surface,
        label="your cookbook",  # no path: it ends up in markers, and those in other people's checkouts
        past=(Past(line, match.nearest.state + 1), Past(sdks, len(sdks.states))),
    )
