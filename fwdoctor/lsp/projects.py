"""Which settings and which target a document has, kept as long as they hold.

Editors stay open for days: settings are those of the files as they are now, seen by their dates, whether the
editor tells of changes or not. The cookbook that ``auto`` finds is looked for once a workspace folder, and
again after :meth:`Projects.forget`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.settings import OWN_FILE, PROJECT_FILE, Settings, check_codes, load

if TYPE_CHECKING:
    from fwdoctor_codemods.core.surfaces import Surfaces

    from fwdoctor.lint.baseline import Baseline
    from fwdoctor.lint.session import Session

#: From a target and the paths that it is for to its surfaces; raises FwdoctorError.
Choose = Callable[[str, Sequence[str]], "Surfaces"]
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What the editor says over the head of the settings, as options of the command line do."""

    target: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def options(table: Any) -> Options:
    """The options in what the editor sent.

    Raises:
        FwdoctorError: a value is of the wrong kind, or there is no such rule. Unknown keys are the editor's.
    """
    if table is None:
        return Options()
    if not isinstance(table, Mapping):
        raise FwdoctorError("the editor's options are to be a table: target, select, ignore")
    target = table.get("target")
    if target is not None and not isinstance(target, str):
        raise FwdoctorError("the editor's option target is to be a string")
    return Options(target or None, _codes(table, "select"), _codes(table, "ignore"))


def _codes(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = table.get(key)
    values = [] if values is None else values
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        raise FwdoctorError(f"the editor's option {key} is to be a list of strings")
    try:
        check_codes(values)
    except ValueError as error:
        raise FwdoctorError(f"the editor's option {key}: {error}") from error
    return tuple(values)


@dataclass(frozen=True, slots=True)
class Project:
    """How the files of one folder are looked at; ``stamp`` tells whether this still holds."""

    settings: Settings
    session: Session
    baseline: Baseline | None
    stamp: Stamp


class Projects:
    """The projects of all documents that are open. For one thread at a time."""

    def __init__(self, choose: Choose, chosen: Options | None = None) -> None:
        self.options = chosen or Options()
        self._choose = choose
        self._projects: dict[tuple[str, str], Project] = {}
        self._surfaces: dict[tuple[str, str], Surfaces] = {}

    def forget(self) -> None:
        """Look at everything anew: something changed that files or folders around the documents say."""
        from fwdoctor.fit import project

        self._projects.clear()
        self._surfaces.clear()
        project.forget()

    def at(self, path: str, root: str) -> Project:
        """How a file is looked at; ``root`` is the workspace folder that it lies in.

        Raises:
            FwdoctorError: the settings, the baseline or the target are wrong.
        """
        folder = os.path.dirname(path)
        known = self._projects.get((root, folder))
        stamp = _stamp(folder, known.settings if known else None)
        if known is not None and known.stamp == stamp:
            return known
        if known is not None:
            # What changed may also say which cookbook the project has.
            self._surfaces = {key: s for key, s in self._surfaces.items() if key[1] != root}
        made = self._made(path, root)
        self._projects[root, folder] = made
        return made

    def _made(self, path: str, root: str) -> Project:
        from fwdoctor.lint.session import Selection, Session

        folder = os.path.dirname(path)
        settings = load(None, Path(folder))
        stamp = _stamp(folder, settings)
        said = self.options
        select = said.select or settings.select
        selected = (*select, *settings.extend_select) if select else ()
        selection = Selection(selected, (*settings.ignore, *said.ignore), settings.ignores_in)
        session = Session(self._targeted(settings, path, root), selection)
        return Project(settings, session, _baseline(settings), stamp)

    def _targeted(self, settings: Settings, path: str, root: str) -> Surfaces:
        if self.options.target is not None:
            target, base = self.options.target, root
        else:
            target, base = settings.target or "auto", str(settings.folder or root)
        target = _from(base, target)
        if (target, root) not in self._surfaces:
            self._surfaces[target, root] = self._choose(target, [path, os.path.dirname(path), root])
        return self._surfaces[target, root]


def _from(base: str, target: str) -> str:
    """A target; a folder is meant from where it is said, not from where the editor happened to start us."""
    from fwdoctor.surface import places

    inside = os.path.join(base, target)
    if target == "auto" or places.is_version(target) or not os.path.isdir(inside):
        return target
    return inside


def _baseline(settings: Settings) -> Baseline | None:
    if settings.baseline is None or settings.folder is None:
        return None
    from fwdoctor.lint.baseline import load

    return load(settings.folder / settings.baseline)


def _stamp(folder: str, settings: Settings | None) -> Stamp:
    """The dates and sizes of all files that may hold settings for a folder, and of its baseline."""
    parents = [Path(folder), *Path(folder).parents]
    candidates = [os.path.join(parent, name) for parent in parents for name in (OWN_FILE, PROJECT_FILE)]
    if settings is not None and settings.baseline is not None and settings.folder is not None:
        candidates.append(os.path.join(settings.folder, settings.baseline))
    stamps = []
    for candidate in candidates:
        try:
            state = os.stat(candidate)
        except (OSError, ValueError):
            continue
        stamps.append((candidate, state.st_mtime_ns, state.st_size))
    return tuple(stamps)
