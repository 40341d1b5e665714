"""The agent skill, where it is installed: is it this fwdoctor's, and is it the one that the agent takes?

Without an installed skill there is no such section: nobody has to have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.reading import shown
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding, Location
from fwdoctor.rulebook import rulebook
from fwdoctor.skill.agents import Agent, Place, agents, is_present, places
from fwdoctor.skill.copies import Copy, State, is_older, look
from fwdoctor.skill.tree import NAME, Tree, bundled

SECTION = "skill"
ORDER = 90


def check(facts: Facts) -> CheckOutcome | None:
    """Look where agents look: in the folders of the project, and in those of the user."""
    by_agent = {agent: _places(agent, facts) for agent in agents()}
    if not any(place.folder.exists() or place.folder.is_symlink() for place in _all(by_agent)):
        return None
    skill = bundled()
    seen = {place.folder: look(place.folder, skill) for place in _all(by_agent)}
    copies = {folder: copy for folder, copy in seen.items() if copy.state is not State.ABSENT}
    unreadable = [copy for copy in copies.values() if copy.state is State.UNREADABLE]
    if unreadable and len(unreadable) == len(copies):
        reason = f"{shown(unreadable[0].folder)}: {unreadable[0].detail}"
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, reason)
    findings = [*_of_copies(by_agent, copies, skill), *_shadowed(by_agent, copies)]
    where = ", ".join(f"{copy.version or 'no version'} in {shown(copy.folder)}" for copy in copies.values())
    return outcome(SECTION, where, findings)


def _places(agent: Agent, facts: Facts) -> list[Place]:
    # Folders that agents share are those of an agent only where somebody uses it.
    others = is_present(agent, facts.root, facts.environ)
    return places(agent, facts.folders, facts.environ, others=others)


def _all(by_agent: dict[Agent, list[Place]]) -> list[Place]:
    return [place for found in by_agent.values() for place in found]


def _of_copies(
    by_agent: dict[Agent, list[Place]], copies: dict[Path, Copy], skill: Tree
) -> Iterator[Finding]:
    """What is wrong with each copy by itself."""
    told = set()
    # The folder that an agent calls its own tells best how to install there.
    for place in sorted(_all(by_agent), key=lambda p: not p.own):
        copy = copies.get(place.folder)
        if copy is None or place.folder in told:
            continue
        told.add(place.folder)
        update = f"fwdoctor skill install --agent {place.agent.name} --{place.scope}"
        where = shown(copy.folder)
        if copy.state is State.BROKEN_LINK:
            yield rulebook()["FWS703"].finding(
                location=Location(where), resource=where, folder=where, leads_to=copy.detail, update=update
            )
        elif is_older(copy.version, skill.version):
            yield rulebook()["FWS701"].finding(
                location=Location(where),
                resource=where,
                folder=where,
                installed=copy.version or "",
                version=skill.version,
                advice=_advice(copy),
                update=update if copy.managed and not copy.changed else f"{update} --force",
            )


def _advice(copy: Copy) -> str:
    if copy.changed:
        return (
            f"Somebody changed it ({', '.join(copy.changed)}): this moves it aside, and installs the new one."
        )
    if not copy.managed:
        return "It came another way: update it that way, or let this replace it, which moves it aside."
    return "Bring it up to date."


def _shadowed(by_agent: dict[Agent, list[Place]], copies: dict[Path, Copy]) -> Iterator[Finding]:
    """Copies that differ and that one agent finds; each pair is told for one agent."""
    told = set()
    for agent, found in by_agent.items():
        there = [(place, copies[place.folder]) for place in found if place.folder in copies]
        for (one, first), (other, second) in combinations(there, 2):
            pair = frozenset((one.folder, other.folder))
            if pair in told or not _differ(first, second):
                continue
            told.add(pair)
            yield rulebook()["FWS702"].finding(
                location=Location(shown(one.folder)),
                resource=shown(one.folder),
                agent=agent.title,
                skill=NAME,
                outcome=_outcome(agent, one, other),
            )


def _differ(one: Copy, other: Copy) -> bool:
    return one.files is not None and other.files is not None and dict(one.files) != dict(other.files)


def _outcome(agent: Agent, one: Place, other: Place) -> str:
    """Which of two copies the agent takes, as far as it is known."""
    first, second = shown(one.folder), shown(other.folder)
    if agent.first in ("project", "user") and one.scope != other.scope:
        taken, hidden = (first, second) if one.scope == agent.first else (second, first)
        return f"{taken} hides {hidden}"
    if agent.first == "both":
        return f"it shows both {first} and {second}"
    return f"it may take {first} or {second}"
