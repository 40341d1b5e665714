"""The commit that a git checkout stands on, read from its files: git itself is not run."""

from __future__ import annotations

import re
from pathlib import Path

from fwdoctor.environment.reading import Reader

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commit_of(root: Path, reader: Reader) -> str | None:
    """The full commit id at the HEAD of the checkout whose root is ``root``.

    None if this is no checkout's root (what encloses it says nothing about it), or if the id is kept in
    a way that is not read here (reftable). Worktrees and submodules, whose ``.git`` is a file that
    names a folder elsewhere, are followed.
    """
    git = _git_folder(root, reader)
    if git is None:
        return None
    head = _line(git / "HEAD", reader)
    for _ in range(5):  # git follows as many symbolic references
        if head is None:
            return None
        if not head.startswith("ref: "):
            return head if COMMIT.fullmatch(head) else None
        head = _reference(git, head.removeprefix("ref: ").strip(), reader)
    return None


def _git_folder(root: Path, reader: Reader) -> Path | None:
    git = root / ".git"
    if not reader.is_file(git):
        return git if git.is_dir() else None
    pointer = _line(git, reader)
    if pointer is None or not pointer.startswith("gitdir: "):
        return None
    return root / pointer.removeprefix("gitdir: ").strip()


def _reference(git: Path, name: str, reader: Reader) -> str | None:
    common = _line(git / "commondir", reader)
    # What a worktree has of its own comes first, then what it shares with the repository.
    folders = (git,) if common is None else (git, git / common)
    for folder in folders:
        if reader.is_file(folder / name):
            return _line(folder / name, reader)
    packed = reader.text(folders[-1] / "packed-refs") or ""
    for line in packed.splitlines():
        commit, _, reference = line.partition(" ")
        if reference == name:
            return commit
    return None


def _line(path: Path, reader: Reader) -> str | None:
    text = reader.text(path)
    return text.strip().partition("\n")[0] if text else None
