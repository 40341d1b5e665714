"""The installed skill, in the folders of a project and of a user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.finding import CheckStatus
from fwdoctor.skill.agents import named, place
from fwdoctor.skill.copies import Copy, State
from fwdoctor.skill.install import install
from fwdoctor.skill.tree import Tree, bundled, contents

if TYPE_CHECKING:
    from tests.environment.conftest import World

FRONT = '---\nname: fireworks-doctor\nmetadata:\n  version: "{}"\n---\n'


def old(world: World) -> Tree:
    """The skill of an older fwdoctor."""
    path = world.write("old/_skills/fireworks-doctor/SKILL.md", FRONT.format("0.0.9"))
    return Tree(path.parent, "0.0.9", contents(path.parent))


def put(world: World, agent: str, scope: str, skill: Tree, how: str = "copy") -> Path:
    found = place(named(agent), scope, world.project, world.environ)
    install(found, skill, how=how)
    return found.folder


def test_nothing_is_said_where_nothing_is_installed(world: World) -> None:
    world.write("work/project/.claude/skills/another/SKILL.md", "x")
    (world.root / "home" / ".codex").mkdir(parents=True)
    assert "skill" not in world.check().sections


@pytest.mark.parametrize("how", ["copy", "link"])
def test_what_is_up_to_date_is_told_in_a_line(world: World, how: str) -> None:
    put(world, "cursor", "user", bundled(), how)
    outcome = world.check().sections["skill"]
    assert outcome.status is CheckStatus.OK
    assert bundled().version in outcome.detail


@pytest.mark.parametrize("how", ["copy", "link"])
@pytest.mark.parametrize(
    ("agent", "scope"), [("gemini", "user"), ("codex", "project"), ("claude-code", "user")]
)
def test_an_old_one_comes_with_the_command_that_updates_it(
    world: World, agent: str, scope: str, how: str
) -> None:
    folder = put(world, agent, scope, old(world), how)
    finding = world.check().one("FWS701")
    assert finding.severity == "info"
    assert str(folder.relative_to(world.root)) in finding.message
    assert finding.remedy[0].commands == (f"fwdoctor skill install --agent {agent} --{scope}",)


def test_what_somebody_changed_is_named_before_it_is_replaced(world: World) -> None:
    folder = put(world, "claude-code", "user", old(world))
    (folder / "SKILL.md").write_text(FRONT.format("0.0.9") + "mine\n")
    finding = world.check().one("FWS701")
    assert "SKILL.md" in finding.remedy[0].text
    assert finding.remedy[0].commands[0].endswith("--force")


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("claude-code", "home/.claude/skills/fireworks-doctor hides "),
        ("gemini", "project/.gemini/skills/fireworks-doctor hides "),
        ("codex", "it shows both "),
        ("cursor", "it may take "),
    ],
)
def test_which_copy_wins_as_far_as_it_is_known(world: World, agent: str, expected: str) -> None:
    put(world, agent, "project", bundled())
    put(world, agent, "user", old(world))
    seen = world.check()
    assert seen.rules >= {"FWS701", "FWS702"}
    assert expected in seen.one("FWS702").message


def test_a_copy_further_up_in_the_project_counts(world: World) -> None:
    put(world, "claude-code", "project", bundled())
    world.write("work/project/sub/.claude/skills/fireworks-doctor/SKILL.md", FRONT.format("99"))
    assert "FWS702" in world.check(world.project / "sub").rules


def test_folders_of_others_count_for_agents_that_are_used(world: World) -> None:
    put(world, "claude-code", "project", bundled())
    world.write("work/project/.opencode/skills/fireworks-doctor/SKILL.md", FRONT.format("99"))
    assert "OpenCode" in world.check().one("FWS702").message


def test_one_copy_behind_a_link_is_no_second_one(world: World) -> None:
    folder = put(world, "claude-code", "project", bundled())
    link = world.root / "home" / ".claude" / "skills" / "fireworks-doctor"
    link.parent.mkdir(parents=True)
    link.symlink_to(folder, target_is_directory=True)
    assert "FWS702" not in world.check().rules


def test_what_cannot_be_read_is_no_problem_of_the_project(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world, "claude-code", "user", bundled())

    def refuse(folder: Path, _: Tree) -> Copy:
        state = State.UNREADABLE if folder.is_dir() else State.ABSENT
        return Copy(folder, state, detail="permission denied")

    monkeypatch.setattr("fwdoctor.environment.checks.skill.look", refuse)
    seen = world.check()
    assert seen.sections["skill"].status is CheckStatus.SKIPPED
    assert "permission denied" in seen.sections["skill"].detail
    assert seen.problems == []
