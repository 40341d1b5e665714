"""What lies where an agent looks for the skill: nothing, this version, another one, or something else."""

from __future__ import annotations

import enum
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.skill.tree import MANIFEST, NAME, NotASkill, Tree, contents, front_matter
from fwdoctor.source.oserrors import describe


class State(enum.StrEnum):
    """What a folder holds, compared with the skill of this fwdoctor."""

    ABSENT = "absent"
    CURRENT = "current"
    OUTDATED = "outdated"
    NEWER = "newer"
    #: fwdoctor installed it, and somebody changed it since
    CHANGED = "changed"
    #: something that fwdoctor did not install
    FOREIGN = "foreign"
    BROKEN_LINK = "broken-link"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Copy:
    """What was seen in one folder.

    ``changed`` are files that differ from what was installed, or were added. ``stale``: it was made from
    another version than this one. ``files`` are the hashes of what is there, ``detail`` is a link's target,
    or why it cannot be read.
    """

    folder: Path
    state: State
    version: str | None = None
    linked: bool = False
    managed: bool = False
    stale: bool = False
    changed: tuple[str, ...] = ()
    files: Mapping[str, str] | None = None
    detail: str = ""


def look(folder: Path, skill: Tree) -> Copy:
    """See what a folder holds; ``skill`` is what this fwdoctor brings."""
    try:
        return _look(folder, skill)
    except (OSError, ValueError) as error:
        return Copy(folder, State.UNREADABLE, detail=describe(error))


def _look(folder: Path, skill: Tree) -> Copy:
    try:
        linked = stat.S_ISLNK(os.lstat(folder).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return Copy(folder, State.ABSENT)
    if linked and not os.path.exists(folder):
        return Copy(folder, State.BROKEN_LINK, linked=True, detail=os.readlink(folder))
    if os.path.realpath(folder) == os.path.realpath(skill.folder):
        return Copy(folder, State.CURRENT, skill.version, linked, managed=True, files=skill.files)
    if not folder.is_dir():
        return Copy(folder, State.FOREIGN, detail="it is a file")
    name, version = front_matter(folder)
    try:
        files = contents(folder)
    except NotASkill as error:
        return Copy(folder, State.FOREIGN, version, linked, detail=str(error))
    if linked:
        return _of_another_link(folder, skill, files, version)
    made = _manifest(folder)
    if made is None:
        same = files == dict(skill.files)
        ours = version if name == NAME else None
        return Copy(folder, State.CURRENT if same else State.FOREIGN, ours, files=files)
    return _installed(folder, skill, files, made, version)


def _of_another_link(folder: Path, skill: Tree, files: Mapping[str, str], version: str | None) -> Copy:
    """A link to another folder than this fwdoctor's."""
    target = Path(os.path.realpath(folder))
    # A folder of this name lies in installations of fwdoctor alone: the link is one that fwdoctor made.
    ours = target.parent.name == "_skills"
    if files == dict(skill.files):
        state = State.CURRENT
    elif ours:
        state = State.NEWER if _is_newer(version, skill.version) else State.OUTDATED
    else:
        state = State.FOREIGN
    stale = state is State.OUTDATED
    return Copy(folder, state, version, True, ours, stale, files=files, detail=str(target))


def _installed(
    folder: Path, skill: Tree, files: Mapping[str, str], made: Mapping[str, str], version: str | None
) -> Copy:
    """A copy that fwdoctor made: ``made`` are the hashes of then."""
    changed = tuple(sorted(name for name, value in files.items() if made.get(name) != value))
    newer = _is_newer(version, skill.version)
    stale = made != dict(skill.files) and not newer
    if changed:
        state = State.CHANGED
    elif newer:
        state = State.NEWER
    elif files == dict(skill.files):
        state = State.CURRENT
    else:  # of another version, or with files missing
        state = State.OUTDATED
    return Copy(folder, state, version, False, True, stale, changed, files)


def _manifest(folder: Path) -> dict[str, str] | None:
    """The hashes that were written when the copy was made; None if there are none to go by."""
    try:
        data: Any = json.loads((folder / MANIFEST).read_bytes())
        files = data["files"]
        if not isinstance(files, dict):
            return None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return {str(name): str(value) for name, value in files.items()}


def _is_newer(version: str | None, than: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return version is not None and Version(version) > Version(than)
    except InvalidVersion:
        return False


def is_older(version: str | None, than: str) -> bool:
    """Whether a version is older than another; False where one of them is no version."""
    return version is not None and _is_newer(than, version)
