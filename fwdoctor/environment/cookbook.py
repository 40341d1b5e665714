"""The cookbook that a project uses: where it is, which commit it stands on, and what it requires."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from fwdoctor.environment.declarations import Declaration, pyproject_declarations
from fwdoctor.environment.distributions import Distribution
from fwdoctor.environment.reading import Reader
from fwdoctor.environment.repository import commit_of
from fwdoctor.lean_dataclass import dataclass

COOKBOOK = "fireworks-training-cookbook"
SDK = "fireworks-ai"


class Source(enum.StrEnum):
    """How the cookbook or the pin was found: the words that messages use."""

    OPTION = "--cookbook"
    INSTALLED = "the installed cookbook"
    CHECKOUT = "the cookbook checkout"
    PROJECT = "the project's own requirements"
    LOCK = "the project's lock file"


@dataclass(frozen=True, slots=True)
class Pin:
    """A requirement and the very line that states it (lines from 1).

    ``extra`` or ``group`` is the part of the project in whose name it is stated.
    """

    requirement: Requirement
    path: Path
    line: int | None
    source: Source
    extra: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Cookbook:
    """A cookbook.

    ``folder`` holds its ``training/`` package: the root of a checkout, or site-packages; None where it is
    only named. ``pin`` is its requirement of the SDK, ``companions`` are its others. ``commit`` may be
    abbreviated. ``number`` is what it calls its version; for months all called it 0.1.0. ``file`` states
    all this.
    """

    source: Source
    folder: Path | None
    file: Path
    commit: str | None = None
    pin: Pin | None = None
    companions: tuple[Pin, ...] = ()
    requires_python: SpecifierSet | None = None
    number: str | None = None

    @property
    def label(self) -> str:
        """How messages name it: ``cookbook 76821fa1``."""
        return f"cookbook {self.commit[:8]}" if self.commit else "cookbook"


def read_checkout(root: Path, source: Source, reader: Reader) -> Cookbook | None:
    """The cookbook checkout at ``root``; None if there is none, or if its project file is no TOML."""
    path = root / "training" / "pyproject.toml"
    if not reader.is_file(path) and not path.is_symlink():
        return None
    table = reader.toml(path)
    project = table.get("project") if table else None
    if not isinstance(project, dict) or canonicalize_name(str(project.get("name"))) != COOKBOOK:
        return None
    declared = [d for d in pyproject_declarations(path, reader) if d.extra is None and d.group is None]
    pins = [pin for d in declared if (pin := pin_of(d, source, reader))]
    found = _cookbook(
        source, root, path, commit_of(root, reader), pins, project.get("requires-python"), reader
    )
    number = project.get("version")
    return replace(found, number=number) if isinstance(number, str) else found


def read_installed(distribution: Distribution, reader: Reader) -> Cookbook:
    """The installed cookbook. Of one that is used in place, the checkout says more than its metadata."""
    origin = distribution.origin
    if origin and origin.editable and origin.folder:
        checkout = read_checkout(origin.folder.parent, Source.INSTALLED, reader)
        if checkout:
            return checkout
    path = distribution.metadata_file
    text = reader.text(path) or ""
    pins = [
        Pin(requirement, path, _line_of(text, requirement.name), Source.INSTALLED)
        for requirement in distribution.requires
        if requirement.marker is None or "extra" not in str(requirement.marker)
    ]
    folder = distribution.site if (distribution.site / "training" / "recipes").is_dir() else None
    commit = origin.commit if origin else None
    found = _cookbook(Source.INSTALLED, folder, path, commit, pins, distribution.requires_python, reader)
    return replace(found, number=distribution.raw_version)


def named_cookbook(declaration: Declaration, source: Source) -> Cookbook:
    """A cookbook that the project asks for at some commit, but that is not on the disk."""
    return Cookbook(source, None, declaration.path, declaration.commit)


def pin_of(declaration: Declaration, source: Source, reader: Reader) -> Pin | None:
    """The declared dependency as a pin; None (a problem) if it is no requirement."""
    try:
        requirement = Requirement(declaration.text)
    except InvalidRequirement as error:
        place = f"line {declaration.line}: " if declaration.line else ""
        reason = str(error).partition("\n")[0]
        reader.problem(declaration.path, f"{place}{declaration.text!r} is no PEP 508 requirement: {reason}")
        return None
    return Pin(requirement, declaration.path, declaration.line, source, declaration.extra, declaration.group)


def checkouts_near(folders: Sequence[Path], environ: Mapping[str, str]) -> Iterator[Path]:
    """Where a checkout may be that belongs to the project.

    At each of ``folders`` (the last is the project's root) and above them, where the project lies inside
    of the cookbook; in a folder ``cookbook`` in or beside the project; and on the PYTHONPATH.
    """
    yield from folders
    yield from folders[-1].parents
    for folder in (*folders, folders[-1].parent):
        yield folder / "cookbook"
    for entry in environ.get("PYTHONPATH", "").split(os.pathsep):
        if entry:
            yield Path(entry).absolute()


def _cookbook(
    source: Source,
    folder: Path | None,
    path: Path,
    commit: str | None,
    pins: Iterable[Pin],
    requires_python: object,
    reader: Reader,
) -> Cookbook:
    pins = list(pins)
    sdk = next((pin for pin in pins if canonicalize_name(pin.requirement.name) == SDK), None)
    companions = tuple(p for p in pins if canonicalize_name(p.requirement.name) not in (SDK, COOKBOOK))
    accepted = None
    if isinstance(requires_python, str):
        try:
            accepted = SpecifierSet(requires_python)
        except InvalidSpecifier:
            reader.problem(path, f"requires-python {requires_python!r} is no version specifier")
    return Cookbook(source, folder, path, commit, sdk, companions, accepted)


def _line_of(metadata: str, name: str) -> int | None:
    start = re.compile(rf"Requires-Dist:\s*{re.escape(name)}(?![\w.-]*\w)", re.IGNORECASE)
    return next((n for n, line in enumerate(metadata.splitlines(), 1) if start.match(line)), None)
