"""``fwdoctor skill``: the agent skill, and how it gets to where agents look for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, doing_options, line_options
from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from fwdoctor.finding import Problem
    from fwdoctor.results import SkillPlace
    from fwdoctor.skill.agents import Agent, Place
    from fwdoctor.skill.copies import Copy
    from fwdoctor.skill.tree import Tree


@click.group(
    "skill", short_help="Install the skill with which coding agents use fwdoctor.", no_args_is_help=True
)
def command() -> None:
    """The agent skill: instructions with which coding agents use fwdoctor (docs/agents.md)."""


@command.command("path")
@line_options
def path(output: Output) -> int:
    """Print the folder of the skill that came with this fwdoctor."""
    from fwdoctor.skill.tree import bundled

    return _finish(output, "skill path", bundled(), [])


@command.command("install", short_help="Install the skill, or bring it up to date.")
@click.option(
    "--agent",
    "names",
    multiple=True,
    metavar="NAME",
    help="claude-code, codex, cursor, gemini, copilot or opencode; else those that are found here.",
)
@click.option("--project", is_flag=True, help="Into this project (so it is anyway).")
@click.option("--user", is_flag=True, help="Into your home folder, for all projects.")
@click.option("--copy", is_flag=True, help="Copy the files (so it is anyway).")
@click.option("--link", is_flag=True, help="Make a link, which follows this fwdoctor's upgrades.")
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 1 unless all that is installed is up to date."
)
@click.option(
    "--force", is_flag=True, help="Replace also what you changed, or what is not ours; it is kept aside."
)
@doing_options
def install(
    names: tuple[str, ...],
    project: bool,
    user: bool,
    copy: bool,
    link: bool,
    check: bool,
    force: bool,
    output: Output,
) -> int:
    """Install the skill where coding agents look for it, or bring it up to date.

    What you changed is not overwritten, nor a skill of the same name from elsewhere. Agents see a new skill
    in their next session.
    """
    from fwdoctor.environment.project import root_of
    from fwdoctor.skill.agents import home_of, named
    from fwdoctor.skill.tree import bundled

    scope = _one_of(project=project, user=user)
    how = _one_of(copy=copy, link=link)
    if check and (force or how):
        raise click.UsageError("--check writes nothing: it does not go with --force, --copy and --link.")
    skill = bundled()
    here = Path.cwd()
    root = root_of(here, home_of(os.environ))
    asked = [named(name) for name in dict.fromkeys(names)]
    if check:
        return _check(output, skill, asked, scope, root)
    agents, reason = (asked, None) if asked else _chosen(root)
    places = _places(agents, scope or "project", root)
    return _install(output, skill, places, reason, how=how, force=force)


def _one_of(**given: bool) -> str | None:
    """The one flag of several that was given, or None; two are a contradiction."""
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise click.UsageError(" does not go with ".join(f"--{name}" for name in names) + ".")
    return names[0] if names else None


def _chosen(root: Path) -> tuple[list[Agent], str]:
    """The agents to install for where nobody named one, and a word on why these."""
    from fwdoctor.skill.agents import DEFAULT, named, present

    found = present(root, os.environ)
    if found:
        return found, f"found here: {', '.join(agent.title for agent in found)} (--agent chooses)"
    agent = named(DEFAULT)
    return [agent], f"no agent was found here: installing for {agent.title} (--agent chooses)"


def _places(agents: list[Agent], scope: str, root: Path) -> list[Place]:
    """Where the skill goes for these agents, each folder once."""
    from fwdoctor.skill.agents import place

    found: dict[Path, Place] = {}
    for agent in agents:
        each = place(agent, scope, root, os.environ)
        found.setdefault(each.folder, each)
    return list(found.values())


def _install(
    output: Output, skill: Tree, places: list[Place], reason: str | None, *, how: str | None, force: bool
) -> int:
    """Install in each place; one that cannot be written does not keep the others from it."""
    from fwdoctor.finding import Problem
    from fwdoctor.skill.copies import look
    from fwdoctor.skill.install import install

    rows, problems = [], []
    for place in places:
        there = look(place.folder, skill)
        try:
            done = install(place, skill, how=how, force=force)
        except FwdoctorError as error:
            problems.append(Problem(str(error)))
            rows.append(_row(place, there, note="nothing was written"))
        else:
            rows.append(_row(place, there, done.action, done.note))
    return _finish(output, "skill install", skill, rows, reason=reason, problems=problems)


def _check(output: Output, skill: Tree, asked: list[Agent], scope: str | None, root: Path) -> int:
    """Tell what is where; without --agent, wherever there is something."""
    from fwdoctor.finding import Problem
    from fwdoctor.skill.agents import agents
    from fwdoctor.skill.copies import State, look

    scopes = [scope] if scope else ["project", "user"]
    known = [p for s in scopes for p in _known_places(asked or list(agents()), s, root)]
    seen = [(place, look(place.folder, skill)) for place in known]
    there = [(place, copy) for place, copy in seen if copy.state is not State.ABSENT]
    rows = [_row(place, copy) for place, copy in there or seen[:1]]
    # Of a newer fwdoctor is no fault. Changed, or of others: agents read what this fwdoctor does not say.
    fine = (State.CURRENT, State.NEWER)
    unreadable = [copy for _, copy in there if copy.state is State.UNREADABLE]
    problems = [Problem(f"cannot see what is there: {copy.detail}", str(copy.folder)) for copy in unreadable]
    failed = not there or any(copy.state not in fine for _, copy in there)
    return _finish(output, "skill install", skill, rows, problems=problems, failed=failed)


def _known_places(agents: list[Agent], scope: str, root: Path) -> list[Place]:
    """As :func:`_places`; none of the user's where nobody knows the home folder."""
    found: list[Place] = []
    for agent in agents:
        try:
            found += _places([agent], scope, root)
        except FwdoctorError:
            continue
    return list({place.folder: place for place in reversed(found)}.values())[::-1]


def _row(place: Place, there: Copy, action: str | None = None, note: str | None = None) -> SkillPlace:
    from fwdoctor.environment.reading import shown
    from fwdoctor.results import SkillPlace

    return SkillPlace(
        agent=place.agent.name,
        scope=place.scope,
        folder=shown(place.folder),
        state=there.state,
        version=there.version,
        changed=there.changed,
        action=action,
        note=note or (there.detail or None if action is None else None),
    )


def _finish(
    output: Output,
    name: str,
    skill: Tree,
    rows: list[SkillPlace],
    *,
    reason: str | None = None,
    problems: list[Problem] | None = None,
    failed: bool = False,
) -> int:
    from fwdoctor.finding import Report
    from fwdoctor.results import SkillResult
    from fwdoctor.skill.tree import NAME

    result = SkillResult(NAME, skill.version, str(skill.folder), tuple(rows), reason)
    report = Report(command=name, problems=tuple(problems or ()), result=result, would_change=failed)
    return output.finish(report)
