"""The coding agents that read skills, and where they look for them (``rules/fwdoctor_rules/agents.toml``)."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.skill.tree import NAME

#: The agent that is installed for where none is seen.
DEFAULT = "claude-code"


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent; what its fields mean stands in the file that it is read from."""

    name: str
    title: str
    project: str
    user: str
    source: str
    also_project: tuple[str, ...] = ()
    also_user: tuple[str, ...] = ()
    marks_project: tuple[str, ...] = ()
    marks_user: tuple[str, ...] = ()
    moved_by: str | None = None
    moved_folder: str = ""
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which an agent looks for this skill; ``scope`` is ``project`` or ``user``.

    ``own``: it is the one into which the skill is installed.
    """

    agent: Agent
    scope: str
    folder: Path
    own: bool = True


@functools.cache
def agents() -> tuple[Agent, ...]:
    """All of them."""
    import tomllib

    path = fwdoctor_rules.DATA / "agents.toml"
    try:
        tables = tomllib.loads(path.read_text("utf-8"))["agent"]
        return tuple(_agent(table) for table in tables)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FwdoctorError(f"{path}: cannot read the table of agents: {error}") from error


def _agent(table: Mapping[str, Any]) -> Agent:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return Agent(**values)


def named(name: str) -> Agent:
    """The agent of this name.

    Raises:
        FwdoctorError: there is none.
    """
    for agent in agents():
        if agent.name == name:
            return agent
    known = ", ".join(agent.name for agent in agents())
    raise FwdoctorError(f"no agent {name!r} is known; known are {known}")


def home_of(environ: Mapping[str, str]) -> Path | None:
    """The user's home folder, as the environment names it."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else None


def present(root: Path, environ: Mapping[str, str]) -> list[Agent]:
    """The agents that somebody uses in this project or on this machine, by what they leave there."""
    return [agent for agent in agents() if is_present(agent, root, environ)]


def is_present(agent: Agent, root: Path, environ: Mapping[str, str]) -> bool:
    """Whether the agent left something in the project or in the home folder."""
    below_home = [_below_home(agent, mark, environ) for mark in agent.marks_user]
    marks = [*(root / mark for mark in agent.marks_project), *(mark for mark in below_home if mark)]
    return any(os.path.exists(mark) for mark in marks)


def place(agent: Agent, scope: str, root: Path, environ: Mapping[str, str]) -> Place:
    """Where the skill is installed for an agent.

    Raises:
        FwdoctorError: for the user, and nobody knows where the home folder is.
    """
    folder = root / agent.project if scope == "project" else _below_home(agent, agent.user, environ)
    if folder is None:
        raise FwdoctorError(
            "no home folder is known: HOME is not set; --project installs the skill into the project"
        )
    return Place(agent, scope, folder / NAME)


def places(agent: Agent, folders: Iterable[Path], environ: Mapping[str, str], *, others: bool) -> list[Place]:
    """Every folder in which an agent looks: those of the project, nearest first, then those of the user.

    ``others``: also those that it shares with other agents.
    """
    project = (agent.project, *(agent.also_project if others else ()))
    user = (agent.user, *(agent.also_user if others else ()))
    found = [
        Place(agent, "project", folder / name / NAME, own=name == agent.project)
        for folder in folders
        for name in project
    ]
    for name in user:
        folder = _below_home(agent, name, environ)
        if folder is not None:
            found.append(Place(agent, "user", folder / NAME, own=name == agent.user))
    return found


def _below_home(agent: Agent, name: str, environ: Mapping[str, str]) -> Path | None:
    """A folder below the home folder, wherever the user has moved it; None if there is no home."""
    first = agent.moved_folder
    elsewhere = environ.get(agent.moved_by) if agent.moved_by else None
    if elsewhere and (name == first or name.startswith(f"{first}/")):
        return Path(elsewhere, name[len(first) :].lstrip("/"))
    home = home_of(environ)
    return home / name if home is not None else None
