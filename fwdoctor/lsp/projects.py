"""Which settings and which target a document has, kept as long as they hold.

Editors stay open for days: settings, baseline and the cookbook's checkout are taken as they are now, by the
dates of their files, whether the editor tells of changes or not. ``auto`` is looked for once a folder; those
that mean the same cookbook share what was read of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.settings import OWN_FILE, PROJECT_FILE, Settings, check_codes, load

if TYPE_CHECKING:
    from fwdoctor_codemods.core.surfaces import Surfaces

    from fwdoctor.fit.target import Choice
    from fwdoctor.lint.baseline import Baseline
    from fwdoctor.lint.session import Session

#: From a target and the paths that it is for to the choice of surfaces; raises FwdoctorError.
Choose = Callable[[str, Sequence[str]], "Choice"]
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
    """How the files of one folder are looked at, and the dates of all files that say so."""

    settings: Settings
    session: Session
    baseline: Baseline | None = None
    sources: tuple[str, ...] = ()
    stamp: Stamp = ()


class Projects:
    """The projects of all documents that are open. For one thread at a time."""

    def __init__(self, choose: Choose, chosen: Options | None = None) -> None:
        self.options = chosen or Options()
        self._choose = choose
        self._projects: dict[tuple[str, str], Project] = {}
        self._surfaces: dict[Choice, Surfaces] = {}

    def forget(self) -> None:
        """Look at everything anew: something changed that files or folders around the documents say."""
        from fwdoctor.fit import target

        self._projects.clear()
        self._surfaces.clear()
        target.forget()

    def at(self, path: str, root: str) -> Project:
        """How a file is looked at; ``root`` is the workspace folder that it lies in.

        Raises:
            FwdoctorError: the settings, the baseline or the target are wrong.
        """
        folder = os.path.dirname(path)
        known = self._projects.get((root, folder))
        if known is not None:
            if _stamp(known.sources) == known.stamp:
                return known
            self.forget()  # it is rare, and nobody has to tell what depends on what
        made = self._made(path, root)
        self._projects[root, folder] = made
        return made

    def _made(self, path: str, root: str) -> Project:
        from fwdoctor.lint.session import Selection, Session

        folder = Path(os.path.dirname(path))
        settings = load(None, folder)
        choice = self._chosen(settings, path, root)
        if choice not in self._surfaces:
            self._surfaces[choice] = choice.surfaces()
        said = self.options
        select = said.select or settings.select
        selected = (*select, *settings.extend_select) if select else ()
        selection = Selection(selected, (*settings.ignore, *said.ignore), settings.ignores_in)
        session = Session(self._surfaces[choice], selection)
        sources = _sources(folder, settings, choice)
        return Project(settings, session, _baseline(settings), sources, _stamp(sources))

    def _chosen(self, settings: Settings, path: str, root: str) -> Choice:
        if self.options.target is not None:
            target, base = self.options.target, root
        else:
            target, base = settings.target or "auto", str(settings.folder or root)
        return self._choose(_from(base, target), [path, os.path.dirname(path), root])


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


def _sources(folder: Path, settings: Settings, choice: Choice) -> tuple[str, ...]:
    """All files that may say how a folder is looked at, whether they are there or not."""
    sources = [
        str(parent / name) for parent in (folder, *folder.parents) for name in (OWN_FILE, PROJECT_FILE)
    ]
    if settings.baseline is not None and settings.folder is not None:
        sources.append(str(settings.folder / settings.baseline))
    if choice.found is not None:
        # Another commit of the cookbook, or a change of it that was committed.
        sources += [str(choice.found / ".git" / name) for name in ("HEAD", "index")]
    return tuple(sources)


def _stamp(sources: Sequence[str]) -> Stamp:
    """The dates and sizes of those that are there."""
    stamps = []
    for source in sources:
        try:
            state = os.stat(source)
        except (OSError, ValueError):
            continue
        stamps.append((source, state.st_mtime_ns, state.st_size))
    return tuple(stamps)
