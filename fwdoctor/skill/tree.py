"""A skill on disk: its files, known by their hashes, and what its SKILL.md says of itself."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import fwdoctor
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

#: The name of the skill, which is that of its folder.
NAME = "fireworks-doctor"
#: Written beside the skill where it is installed: which version it is, and the hash of each file.
MANIFEST = ".fwdoctor-skill.json"
#: What systems leave in folders that somebody has looked into.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
#: A folder with more in it is no skill, and is not read to its end.
_MOST_FILES = 500
_MOST_BYTES = 16 << 20
_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---", re.DOTALL)


class NotASkill(Exception):
    """What is in the folder is too much for a skill."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A skill: its folder, the version that its SKILL.md says, the hash of each file by its path in there."""

    folder: Path
    version: str
    files: Mapping[str, str]


def bundled() -> Tree:
    """The skill that came with this fwdoctor.

    Raises:
        FwdoctorError: it is not there, or damaged.
    """
    package = Path(fwdoctor.__file__).resolve().parent
    for folder in (package / "_skills" / NAME, package.parent / "skills" / NAME):
        if (folder / "SKILL.md").is_file():
            break
    else:
        raise FwdoctorError(
            f"the skill is not in this installation of fwdoctor ({package}); install it again"
        )
    try:
        files = contents(folder)
    except (OSError, NotASkill) as error:
        raise FwdoctorError(f"{folder}: cannot read the skill: {error}") from error
    _, version = front_matter(folder)
    return Tree(folder, version or fwdoctor.__version__, files)


def contents(folder: Path) -> dict[str, str]:
    """The hash of each file below a folder, by its path with slashes; the manifest and litter are left out.

    Raises:
        OSError: something in it cannot be read.
        NotASkill: there is too much in it.
    """
    found: dict[str, str] = {}
    size = 0
    for at, names, files in os.walk(folder, onerror=_fail):
        linked = [name for name in names if os.path.islink(os.path.join(at, name))]
        names[:] = sorted(set(names) - set(linked))
        for name in sorted((*files, *linked)):
            path = os.path.join(at, name)
            key = os.path.relpath(path, folder).replace(os.sep, "/")
            if name in _LITTER or key == MANIFEST:
                continue
            size += os.lstat(path).st_size
            if len(found) == _MOST_FILES or size > _MOST_BYTES:
                raise NotASkill("it holds more than a skill does")
            found[key] = _hash(path)
    return found


def front_matter(folder: Path) -> tuple[str | None, str | None]:
    """The name and the version that SKILL.md says; None where it says none, or cannot be read."""
    try:
        with open(folder / "SKILL.md", encoding="utf-8", errors="replace") as file:
            text = file.read(1 << 16)
    except (OSError, ValueError):
        return None, None
    front = _FRONT.match(text)
    return (_value(front[1], "name"), _value(front[1], "version")) if front else (None, None)


def _value(front: str, key: str) -> str | None:
    found = re.search(rf"""^[ \t]*{key}:[ \t]*["']?([\w.+-]{{1,64}})["']?[ \t]*$""", front, re.MULTILINE)
    return found[1] if found else None


def _hash(path: str) -> str:
    """The hash of a file; line ends count for nothing, because git may change them on the way."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        data = b"a link to " + os.fsencode(os.readlink(path))
    elif stat.S_ISREG(mode):
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES).replace(b"\r\n", b"\n")
    else:
        data = b"not a file"
    return hashlib.sha256(data).hexdigest()


def _fail(error: OSError) -> None:
    raise error
