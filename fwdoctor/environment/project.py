"""The project around a path: its root, and the folders between the two."""

from __future__ import annotations

from pathlib import Path

from fwdoctor.errors import FwdoctorError

_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "uv.lock", "poetry.lock", "requirements.txt")


def folder_of(path: Path) -> Path:
    """The folder to look at: ``path`` itself, or the folder of the file that it names; absolute.

    Raises:
        FwdoctorError: there is nothing at ``path``.
    """
    try:
        path = path.absolute()
        if path.is_dir():
            return path
        if path.exists():
            return path.parent
    except (OSError, ValueError) as error:
        raise FwdoctorError(f"{path}: {error}") from error
    raise FwdoctorError(f"{path}: no such file or folder")


def root_of(folder: Path, home: Path | None) -> Path:
    """The root of the project: the git repository's; else the nearest folder with a project file; else
    ``folder`` itself.

    A repository in the home folder (people keep their dotfiles so) is nobody's project.
    """
    nearest = None
    for parent in (folder, *folder.parents):
        if parent == home and parent != folder:
            break
        if _exists(parent / ".git"):
            return parent
        if nearest is None and any(_exists(parent / mark) for mark in _MARKS):
            nearest = parent
    return nearest or folder


def folders_up(folder: Path, root: Path) -> tuple[Path, ...]:
    """``folder`` and those above it up to ``root``, nearest first."""
    return (folder, *(p for p in folder.parents if p == root or root in p.parents))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
