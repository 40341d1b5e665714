"""Puts the skill where an agent looks for it. What is there is replaced in one step, or left as it was."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.skill.agents import Place
from fwdoctor.skill.copies import Copy, State, look
from fwdoctor.skill.tree import MANIFEST, NAME, Tree
from fwdoctor.source.oserrors import describe

#: So many names are told of the files that somebody changed.
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Done:
    """What was done in a place: ``up to date``, ``installed``, ``updated`` or ``replaced``; what to know."""

    action: str
    note: str | None = None


def install(place: Place, skill: Tree, *, how: str | None = None, force: bool = False) -> Done:
    """Install the skill in a place.

    ``how`` is ``copy``, ``link``, or None: a link where there is one, else a copy. ``force`` replaces also
    what was changed or is not ours; it is moved aside, not deleted.

    Raises:
        FwdoctorError: something is there that would be lost, or it cannot be written.
    """
    there = look(place.folder, skill)
    if there.state is State.UNREADABLE:
        raise FwdoctorError(f"{place.folder}: cannot see what is there: {there.detail}")
    if there.state is State.CURRENT and not _is_to_change(there, how):
        return Done("up to date", "a link to this fwdoctor's own" if there.linked else None)
    precious = _refusal(there, skill)
    if precious is not None and not force:
        raise FwdoctorError(
            f"{place.folder}: {precious}; nothing was written (--force replaces it, and keeps it aside)"
        )
    link = how == "link" or (how is None and there.linked and there.state is not State.FOREIGN)
    try:
        note = _put(place.folder, skill, link=link, keep=precious is not None)
    except OSError as error:
        other = "--project" if place.scope == "user" else "--user"
        raise FwdoctorError(
            f"{_named(error, place.folder)}: cannot be written: {describe(error)}; nothing was changed there "
            f"({other} installs elsewhere)"
        ) from error
    words = {State.ABSENT: "installed", State.BROKEN_LINK: "installed"}
    return Done("replaced" if precious is not None else words.get(there.state, "updated"), note)


def _is_to_change(there: Copy, how: str | None) -> bool:
    """Whether a current copy is to become a link, or a link a copy; never the skill's own folder."""
    if there.linked:
        return how == "copy"
    return how == "link" and (there.folder / MANIFEST).is_file()


def _refusal(there: Copy, skill: Tree) -> str | None:
    """Why it must not simply be replaced; None if nothing is lost."""
    match there.state:
        case State.CHANGED:
            told = ", ".join(there.changed[:_TOLD])
            more = f" and {len(there.changed) - _TOLD} more" if len(there.changed) > _TOLD else ""
            return f"changed since fwdoctor installed it: {told}{more}"
        case State.FOREIGN:
            what = "a link to somewhere else" if there.linked else "not installed by this command"
            why = f" ({there.detail})" if there.detail else ""
            return f"there is something called {NAME} already, {what}{why}"
        case State.NEWER:
            return f"it is of fwdoctor {there.version}, newer than this one ({skill.version})"
        case _:
            return None


def _put(target: Path, skill: Tree, *, link: bool, keep: bool) -> str | None:
    """Make the copy or link beside its place, then move it there. Returns what there is to know."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # A dot at the beginning, and no SKILL.md of its own for long: agents that look now pass over it.
    new = target.parent / f".fwdoctor-{os.urandom(6).hex()}.tmp"
    notes = []
    try:
        linked = link and _link(new, skill.folder)
        if link and not linked:
            notes.append("links cannot be made here: it is a copy")
        if not linked:
            _copy(new, skill)
        aside = _backup(target) if keep else None
        _swap(target, new, aside)
    except BaseException:  # KeyboardInterrupt, too, leaves nothing behind
        _remove(new)
        raise
    if aside is not None:
        notes.append(f"what was there is now in {aside}")
    if linked:
        notes.append(f"a link to {skill.folder}, of this machine alone: do not commit it")
    return "; ".join(notes) or None


def _link(new: Path, folder: Path) -> bool:
    """Make a link; False where the system makes none (Windows, without the right to)."""
    try:
        os.symlink(folder, new, target_is_directory=True)
    except (OSError, NotImplementedError):
        return False
    return True


def _copy(new: Path, skill: Tree) -> None:
    """Copy the skill's files, and write what they are beside them. Modes and times are not copied."""
    os.mkdir(new)
    for name in skill.files:
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((skill.folder / name).read_bytes())
    manifest = {"tool": "fwdoctor", "skill": NAME, "version": skill.version, "files": dict(skill.files)}
    (new / MANIFEST).write_bytes((json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())


def _swap(target: Path, new: Path, aside: Path | None) -> None:
    """Put ``new`` in the place of ``target``; what is there goes to ``aside``, or away."""
    if not os.path.lexists(target):
        os.rename(new, target)
        return
    old = aside or new.with_suffix(".old.tmp")
    os.rename(target, old)
    try:
        os.rename(new, target)
    except BaseException:
        os.rename(old, target)
        raise
    if aside is None:
        _remove(old)


def _backup(target: Path) -> Path:
    """A free name outside of the folder of skills: in it, agents would take the backup for a skill."""
    folder = Path(os.path.realpath(target.parent)).parent
    number = 1
    while os.path.lexists(folder / f"{NAME}.backup-{number}"):
        number += 1
    return folder / f"{NAME}.backup-{number}"


def _remove(path: Path) -> None:
    if os.path.islink(path) or path.is_file():
        with contextlib.suppress(OSError):
            os.unlink(path)
    else:
        shutil.rmtree(path, ignore_errors=True)


def _named(error: OSError, folder: Path) -> str:
    """The path that an error is about; ours where it names a temporary one, or none."""
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    return name if name and ".fwdoctor-" not in name else str(folder)
