"""The scenarios: what each TOML file in ``scenarios/`` says, read strictly."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tests.fake_control_plane.scenarios import SCENARIOS as CONDITIONS

FOLDER = Path(__file__).parent / "scenarios"
PROJECTS = Path(__file__).parent / "projects"


class ScenarioError(Exception):
    """A scenario's file that is wrong, or a name that there is none of."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the final answer says. All are regular expressions, whatever their case.

    ``must`` hold anywhere in the text; ``must_not`` count only where a sentence says them without a negation.
    """

    must: Sequence[str] = ()
    must_not: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """Regular expressions over command lines (``fwdoctor check . --log run.log``), as they were recorded."""

    must: Sequence[str] = ()
    must_not: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class After:
    """The project's files in the end: all stay byte for byte, but those that ``may_change`` names (patterns).

    ``contains`` and ``lacks``: regular expressions by file.
    """

    may_change: Sequence[str] = ()
    contains: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lacks: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of them; ``name`` is the file's."""

    name: str
    title: str
    prompt: str
    covers: Sequence[str]
    """Pages of the skill that a right answer goes through: rows of its routing table."""
    files: Mapping[str, str]
    """The project's: those of ``base``, a folder of ``projects/``, and the file's own on top."""
    answer: Answer
    ran: Ran = Ran()
    after: After = After()
    plane: str | None = None
    """The condition of the fake control plane; without one there is no key, and nothing to ask."""
    sdk: str | None = None
    """The release of fireworks-ai that lies in the project's environment."""


def load(path: Path) -> Scenario:
    """Read a scenario's file; what is wrong with it raises :class:`ScenarioError`."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        table["files"] = _base(table.pop("base", None)) | table.get("files", {})
        parts: dict[str, Any] = {"answer": Answer, "ran": Ran, "after": After}
        made = {key: _make(part, table.pop(key)) for key, part in parts.items() if key in table}
        scenario = Scenario(name=path.stem, **table, **made)
        _check(scenario)
    except (OSError, TypeError, ValueError, re.error) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    return scenario


def everything() -> dict[str, Scenario]:
    """All scenarios by name."""
    return {path.stem: load(path) for path in sorted(FOLDER.glob("*.toml"))}


def named(name: str) -> Scenario:
    """The scenario of a name, or of what only one name begins with."""
    found = [s for key, s in everything().items() if key == name or key.startswith(name)]
    if len(found) != 1:
        raise ScenarioError(f"no scenario {name}; --list shows them" if not found else f"{name}: which one?")
    return found[0]


def _base(name: str | None) -> dict[str, str]:
    """The files of a shared project."""
    if name is None:
        return {}
    folder = PROJECTS / name
    if not folder.is_dir():
        raise ValueError(f"no project {name}")
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


def _make(part: type[Any], table: dict[str, Any]) -> Any:
    unknown = table.keys() - {f.name for f in fields(part)}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return part(**table)


def _check(scenario: Scenario) -> None:
    """Expressions compile, files are named that exist, the condition is known."""
    if scenario.plane is not None and scenario.plane not in CONDITIONS:
        raise ValueError(f"no condition {scenario.plane} of the fake control plane")
    after = scenario.after
    for name in (*after.contains, *after.lacks):
        if name not in scenario.files:
            raise ValueError(f"no file {name}")
    expressions = [scenario.answer.must, scenario.answer.must_not, scenario.ran.must, scenario.ran.must_not]
    for expression in (
        e for group in (*expressions, *after.contains.values(), *after.lacks.values()) for e in group
    ):
        re.compile(expression)
    if not scenario.answer.must:
        raise ValueError("an answer has to say something")
