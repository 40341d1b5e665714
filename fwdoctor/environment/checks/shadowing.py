"""Modules of the project that hide the SDK or the cookbook, because Python looks there first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.cookbook import COOKBOOK, SDK, Source
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.installer import rename
from fwdoctor.environment.reading import shown
from fwdoctor.finding import CheckOutcome, Finding, Location
from fwdoctor.rulebook import rulebook
from fwdoctor.source.discovery import discover

SECTION = "shadowing"
ORDER = 50

#: Import name: the distribution that it belongs to.
_OWNERS = {"fireworks": SDK, "tinker": "tinker", "training": COOKBOOK}
_COOKBOOK_IMPORT = re.compile(rb"(?m)^[ \t]*(?:from|import)[ \t]+training\.(recipes|utils)\b")


def check(facts: Facts) -> CheckOutcome:
    """Look for such modules where scripts lie and where Python is started."""
    folders = _search_folders(facts)
    findings = [f for folder in folders for name in _OWNERS for f in _findings(facts, folder, name)]
    return outcome(SECTION, f"looked in {', '.join(shown(folder) for folder in folders)}", findings)


def _search_folders(facts: Facts) -> list[Path]:
    ends = dict.fromkeys((facts.folders[0], facts.root))
    return [folder for end in ends for folder in (end, end / "src") if folder.is_dir()]


def _findings(facts: Facts, folder: Path, name: str) -> Iterator[Finding]:
    hiding = _module(folder, name)
    if hiding is None or _is_the_real_one(facts, folder, name) or not _hides_something(facts, hiding, name):
        return
    new = f"my_{hiding.name}"
    yield rulebook()["FWS311"].finding(
        location=Location(shown(hiding if hiding.is_file() else hiding / "__init__.py")),
        resource=shown(hiding),
        module=name,
        path=shown(hiding),
        distribution=_OWNERS[name],
        rename=rename(hiding, new),
    )


def _module(folder: Path, name: str) -> Path | None:
    """The module or package of that name in a folder.

    A folder without ``__init__.py`` is none: an installed package comes before a namespace, wherever it
    lies. A package comes before a module.
    """
    for path, file in ((folder / name, folder / name / "__init__.py"), (folder / f"{name}.py",) * 2):
        try:
            if file.is_file():
                return path
        except OSError:
            continue
    return None


def _is_the_real_one(facts: Facts, folder: Path, name: str) -> bool:
    """Whether this project is the very one that the name belongs to, or lies on Python's path anyway."""
    if name == "training" and (folder / "training" / "recipes").is_dir():
        return True
    if folder in facts.interpreter.sites:
        return True
    for place in (folder, folder.parent):
        # In src/, the project file lies above.
        table = facts.reader.toml(place / "pyproject.toml") if place in facts.folders else None
        project = table.get("project") if table else None
        if isinstance(project, dict) and canonicalize_name(str(project.get("name"))) == _OWNERS[name]:
            return True
    return False


def _hides_something(facts: Facts, hiding: Path, name: str) -> bool:
    if name == "fireworks":
        return facts.sdk is not None or facts.pin is not None
    if name == "tinker":
        return facts.distributions.get("tinker") is not None
    # "training" is a common name, and most projects that have it mean their own.
    cookbook = facts.cookbook
    if cookbook and cookbook.source is Source.INSTALLED:
        return True
    return cookbook is not None and _imports_the_cookbook(facts, hiding)


def _imports_the_cookbook(facts: Facts, hiding: Path) -> bool:
    """Whether a file of the project imports from the cookbook what the project's own module lacks."""
    for file in discover([facts.folders[0]]).files:
        try:
            data = Path(file).read_bytes()
        except OSError:
            continue  # a file that cannot be read is a problem of the check that is about files
        for found in _COOKBOOK_IMPORT.finditer(data):
            part = hiding / found[1].decode()
            if not part.is_dir() and not part.with_suffix(".py").is_file():
                return True
    return False
