"""``--bump-pins``: the project's pin of the SDK follows the cookbook that its code was ported to.

Only the version of a requirement changes, byte by byte in its place; extras, markers, comments and quotes
stay. A pin that allows no release which the target's pin forbids stays as well. What cannot be mended in
place (hashes, a line continued within the requirement, Poetry's own notation) is told.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from fwdoctor.environment.cookbook import Source, read_checkout
from fwdoctor.environment.declarations import Declaration, declarations
from fwdoctor.environment.project import folder_of, folders_up, root_of
from fwdoctor.environment.reading import Reader, shown
from fwdoctor.finding import FileOutcome, FileStatus, Finding, Location, Problem
from fwdoctor.migrate.writing import Result
from fwdoctor.rulebook import rulebook
from fwdoctor.source.discovery import discover
from fwdoctor.source.sieve import sieve
from fwdoctor.source.write import unified_diff
from fwdoctor.surface import timeline
from fwdoctor.surface.timeline import Version

RULE = "FWD115"
_SDK = "fireworks-ai"
#: A requirement up to its version: the name and the extras.
_HEAD = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*")


def wanted(target: Version | Path) -> str | None:
    """The SDK requirement of a target's own project file; None where it is not known."""
    if isinstance(target, Version):
        return target.sdk_pin
    found = read_checkout(target, Source.OPTION, Reader())
    return str(found.pin.requirement) if found and found.pin else None


def bump(paths: Sequence[str], pin: str, label: str, *, diff: bool = False) -> list[Result]:
    """What becomes of the project files around some paths: new bytes, and what a person must mend.

    Args:
        pin: the requirement to follow.
        label: how messages name the target.
        diff: add a unified diff to every outcome.
    """
    reader = Reader()
    made = (_file(path, entries, pin, label, reader) for path, entries in _declared(paths, reader).items())
    results = [r for r in made if r is not None]
    if diff:
        return results
    return [replace(r, outcome=replace(r.outcome, diff=None)) for r in results]


def left(paths: Sequence[str], reason: str) -> list[Result]:
    """The project files around some paths that pin the SDK, and why they stay as they are."""
    found = _declared(paths, Reader())
    files = [path for path, entries in found.items() if entries]
    return [Result(FileOutcome(shown(path), FileStatus.SKIPPED, reason=reason)) for path in files]


def unported(paths: Sequence[str], looked_at: Collection[str]) -> str | None:
    """Why a pin is not to follow yet: code beside it that was not looked at. None if there is none."""
    seen = {os.path.realpath(path) for path in looked_at}
    folders = {path.parent for path, entries in _declared(paths, Reader()).items() if entries}
    others = [f for f in discover(sorted(folders)).files if os.path.realpath(f) not in seen]
    found = [path for path, data in sieve(others) if not isinstance(data, Problem)]
    if not found:
        return None
    what = f"{shown(Path(found[0]))} uses" if len(found) == 1 else f"{len(found)} other files use"
    return f"its version stays as it is: {what} Fireworks, too, and was not looked at; port the whole folder"


def _declared(paths: Sequence[str], reader: Reader) -> dict[Path, list[Declaration]]:
    """The files around some paths that declare the SDK, with what they declare and is not locked."""
    found: dict[Path, list[Declaration]] = {}
    for folder in _folders(paths):
        for declaration in declarations(folder, frozenset({_SDK}), reader):
            entries = found.setdefault(declaration.path, [])
            if not declaration.locked and declaration not in entries:
                entries.append(declaration)
    return found


def _folders(paths: Sequence[str]) -> list[Path]:
    result: dict[Path, None] = {}
    for path in paths:
        folder = folder_of(Path(path))
        result |= dict.fromkeys(folders_up(folder, root_of(folder, Path.home())))
    return list(result)


def _file(path: Path, entries: Sequence[Declaration], pin: str, label: str, reader: Reader) -> Result | None:
    old = reader.data(path)
    if old is None:
        return None
    data, moved, findings = old, 0, []
    for entry in entries:
        new = _bumped(entry.text, pin)
        if new is None:
            continue
        change = _in_toml if path.suffix == ".toml" else _in_requirements
        changed = change(data, entry, new)
        if changed is None:
            findings.append(_left(entry, pin, label))
        else:
            data, moved = changed, moved + 1
    if data == old and not findings:
        return None
    status = FileStatus.PARTIAL if findings else FileStatus.PORTED
    outcome = FileOutcome(
        shown(path),
        status,
        moves={rulebook()[RULE].name: moved} if moved else {},
        todo=tuple(findings),
        diff=unified_diff(shown(path), old, data) if data != old else None,
        changed=data != old,
    )
    return Result(outcome, tuple(findings), old, data if data != old else None)


def _bumped(text: str, pin: str) -> str | None:
    """A requirement with the target's version; None where its own will do, or it names none."""
    try:
        own = Requirement(text)
    except InvalidRequirement:
        return None  # ``check`` tells that
    if own.url or not own.specifier or _is_compatible(own, Requirement(pin)):
        return None
    head, wanted_head = _HEAD.match(text), _HEAD.match(pin)
    assert head is not None
    assert wanted_head is not None
    rest = text[head.end() :]
    spec = rest.partition(";")[0]
    tail = rest[len(spec.rstrip()) :]
    return f"{text[: head.end()].rstrip()}{pin[wanted_head.end() :].strip()}{tail}"


def _is_compatible(own: Requirement, target: Requirement) -> bool:
    """Whether every known release that a requirement allows is one that the target allows."""
    numbers = [v.number for versions in timeline.sdk().states for v in versions if v.number]
    allowed = [n for n in numbers if own.specifier.contains(n, prereleases=True)]
    return bool(allowed) and all(target.specifier.contains(n, prereleases=True) for n in allowed)


def _in_requirements(data: bytes, entry: Declaration, new: str) -> bytes | None:
    """The file with one requirement changed on its line."""
    lines = data.split(b"\n")
    number = (entry.line or 0) - 1
    if not 0 <= number < len(lines):
        return None
    line, old = lines[number], entry.text.encode()
    following = line.rstrip(b"\r")
    hashed = b"--hash" in line or (following.endswith(b"\\") and number + 1 < len(lines))
    if hashed or line.count(old) != 1:
        return None
    lines[number] = line.replace(old, new.encode())
    return b"\n".join(lines)


def _in_toml(data: bytes, entry: Declaration, new: str) -> bytes | None:
    """The file with every string that is the requirement changed; None if more would change."""
    try:
        text = data.decode("utf-8")
        before = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    changed = text
    for mark in "\"'":
        changed = changed.replace(f"{mark}{entry.text}{mark}", f"{mark}{new}{mark}")
    try:
        after = tomllib.loads(changed)
    except tomllib.TOMLDecodeError:
        return None
    if after == before or after != _with(before, entry.text, new):
        return None
    return changed.encode("utf-8")


def _with(value: Any, old: str, new: str) -> Any:
    """A TOML document in which one string is another."""
    if isinstance(value, dict):
        return {k: _with(v, old, new) for k, v in value.items()}
    if isinstance(value, list):
        return [_with(v, old, new) for v in value]
    return new if value == old and isinstance(value, str) else value


def _left(entry: Declaration, pin: str, label: str) -> Finding:
    location = Location(shown(entry.path), entry.line)
    variables = {"old": entry.text, "pin": pin, "target": label, "path": shown(entry.path)}
    return rulebook()[RULE].fill(variables, location=location)


def why_not(results: Sequence[Result]) -> str | None:
    """Why pins are not touched: code that was not wholly ported. None where nothing speaks against it."""
    left = [r for r in results if r.outcome.status in (FileStatus.FAILED, FileStatus.PARTIAL)]
    if not left:
        return None
    count = "1 file is" if len(left) == 1 else f"{len(left)} files are"
    return f"its version stays as it is: {count} not wholly ported"
