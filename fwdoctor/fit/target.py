"""From ``--target`` to the surfaces that a migration compares with."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface import codec, stored
from fwdoctor.surface.model import Surface


@dataclass(frozen=True, slots=True)
class Choice:
    """A target that was chosen; small, so that it can be handed to other processes."""

    wanted: str
    found: Path | None = None

    def check(self) -> None:
        """Raise what :meth:`surfaces` would raise, without reading any surface."""
        _find(self.wanted, self.found)

    def surfaces(self) -> Surfaces:
        """Its surfaces; raises as :func:`resolve`."""
        return resolve(self.wanted, self.found)


def resolve(wanted: str, found: Path | None = None) -> Surfaces:
    """The surfaces for ``wanted``: ``auto``, ``latest``, a version's name, date or commit, or a folder.

    ``found`` is the cookbook that the user has (the folder that holds ``training/``), for ``auto``;
    without one, ``auto`` is the newest version known.

    Raises:
        FwdoctorError: there is no such version and no such folder.
    """
    chosen = _find(wanted, found)
    return of_folder(chosen) if isinstance(chosen, Path) else of_entry(chosen)


def _find(wanted: str, found: Path | None) -> stored.Entry | Path:
    if wanted == "auto":
        return stored.newest() if found is None else found
    if (folder := Path(wanted)).is_dir():
        stored.root_of(folder)
        return folder
    if "/" in wanted or wanted.startswith("."):
        raise FwdoctorError(f"{wanted}: no such folder")
    return stored.find(wanted)


def of_entry(entry: stored.Entry) -> Surfaces:
    """The surfaces for a bundled version."""
    older = [e for e in stored.index() if e.date < entry.date]
    return Surfaces(
        target=stored.cookbook(entry.commit),
        label=entry.label,
        origins=tuple(stored.cookbook(e.commit) for e in reversed(older)),
        sdk=stored.sdk(entry.sdk),
        sdk_origins=_sdks(e.sdk for e in reversed(older)),
    )


def of_folder(folder: Path) -> Surfaces:
    """The surfaces for a cookbook on disk: what it offers, and every bundled version as older."""
    surface, twin = _read(folder), twin_of_folder(folder)
    if twin is not None:
        known = of_entry(twin)
        return Surfaces(surface, known.label, known.origins, known.sdk, known.sdk_origins)
    entries = stored.index()
    return Surfaces(
        target=surface,
        label="your cookbook",  # no path: it ends up in markers, and those in other people's checkouts
        origins=tuple(stored.cookbook(e.commit) for e in reversed(entries)),
        sdk_origins=_sdks(e.sdk for e in reversed(entries)),
    )


@functools.cache
def twin_of_folder(folder: Path) -> stored.Entry | None:
    """The bundled version that the cookbook on disk is, if its surface is the very same."""
    return _twin(_read(folder))


@functools.cache
def _read(folder: Path) -> Surface:
    return stored.from_folder(folder)


def _twin(surface: Surface) -> stored.Entry | None:
    """The bundled version that is this very one, module for module."""
    modules = codec.normalized(surface).modules
    for entry in stored.index():
        known = stored.cookbook(entry.commit)
        same = {name: module for name, module in modules.items() if known.covers(name)}
        if same == known.modules:
            return entry
    return None


def _sdks(versions: Iterable[str]) -> tuple[Surface, ...]:
    return tuple(stored.sdk(v) for v in dict.fromkeys(versions))
