"""The bundled surfaces, and what ``--target`` may name."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface import codec
from fwdoctor.surface.model import Surface
from fwdoctor.surface.reader import read_surface

_FOLDER = fwdoctor_rules.DATA / "surfaces"
#: Parts of a cookbook that are not an API: nobody's code is judged by them.
COOKBOOK_LEFT_OUT = ("training.tests", "training.examples")


@dataclass(frozen=True, slots=True)
class Entry:
    """One bundled version of the cookbook, without its contents."""

    commit: str
    date: dt.date
    names: tuple[str, ...]
    sdk: str
    sdk_pin: str | None

    @property
    def label(self) -> str:
        """How messages name it: ``cookbook 517d206d (2026-06-01)``."""
        return f"cookbook {self.commit[:8]} ({self.date})"


@functools.cache
def index() -> tuple[Entry, ...]:
    """The bundled cookbook versions, oldest first."""
    path = _FOLDER / "index.json"
    try:
        rows = json.loads(path.read_text("utf-8"))["cookbook"]
        entries = [
            Entry(r["commit"], dt.date.fromisoformat(r["date"]), tuple(r["names"]), r["sdk"], r["sdk_pin"])
            for r in rows
        ]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: the list of stored surfaces is damaged; reinstall fwdoctor") from error
    return tuple(sorted(entries, key=lambda e: e.date))


@functools.cache
def cookbook(commit: str) -> Surface:
    """The bundled surface of that cookbook commit (8 characters at least)."""
    return codec.load(_FOLDER / f"cookbook-{commit[:8]}.json")


@functools.cache
def sdk(version: str) -> Surface:
    """The bundled surface of that SDK release's training client."""
    return codec.load(_FOLDER / f"sdk-{version}.json")


def newest() -> Entry:
    """The newest bundled cookbook."""
    return index()[-1]


def find(wanted: str) -> Entry:
    """The bundled version that ``wanted`` names: ``latest``, a commit, a name, a tag, or a date.

    A date means the newest version of that day or before.

    Raises:
        FwdoctorError: there is none; the message lists what there is.
    """
    entries = index()
    if wanted == "latest":
        return entries[-1]
    for entry in entries:
        if wanted in entry.names or (
            re.fullmatch(r"[0-9a-f]{7,40}", wanted) and entry.commit.startswith(wanted)
        ):
            return entry
    if re.fullmatch(r"\d{4}-\d\d-\d\d", wanted):
        try:
            day = dt.date.fromisoformat(wanted)
        except ValueError as error:
            raise FwdoctorError(f"{wanted} is no date") from error
        if before := [e for e in entries if e.date <= day]:
            return before[-1]
        raise FwdoctorError(f"{wanted} is before the oldest stored surface, {entries[0].label}")
    stored = ", ".join(f"{e.names[0] if e.names else e.commit[:8]} ({e.date})" for e in entries)
    known = f"'auto', 'latest', a date, a folder that holds a cookbook, or one of: {stored}"
    raise FwdoctorError(f"no version {wanted!r}: give {known}")


def root_of(folder: Path) -> Path:
    """The root of the cookbook in ``folder``, which is the root or its ``training/``.

    Raises:
        FwdoctorError: there is no cookbook there.
    """
    base = folder
    if folder.name == "training" and (folder / "recipes").is_dir():
        base = folder.parent
    if not (base / "training" / "recipes").is_dir():
        raise FwdoctorError(f"{folder}: no cookbook here: it has no training/recipes folder")
    return base


def from_folder(folder: Path) -> Surface:
    """Read the cookbook in ``folder``; raises as :func:`root_of`."""
    # Its examples are read, too: scripts import them, and their tests patch names in them.
    return read_surface(root_of(folder), ["training"], name=str(folder), leave_out=["training.tests"])
