"""Where agents look."""

from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.skill.agents import agents, is_present, named, place, places


def test_the_table_is_consistent() -> None:
    names = [agent.name for agent in agents()]
    assert names[0] == "claude-code"
    assert len(set(names)) == len(names)
    for agent in agents():
        assert agent.source.startswith("https://")
        assert agent.first in (None, "project", "user", "both")
        assert bool(agent.moved_by) == bool(agent.moved_folder)
        assert agent.marks_project
        assert agent.marks_user
        for folder in (agent.project, agent.user, *agent.also_project, *agent.also_user):
            assert folder.endswith("/skills")
            assert not folder.startswith("/")


@pytest.mark.parametrize(
    ("agent", "scope", "expected"),
    [
        ("claude-code", "project", "work/.claude/skills"),
        ("claude-code", "user", "home/.claude/skills"),
        ("codex", "project", "work/.agents/skills"),
        ("codex", "user", "home/.agents/skills"),
        ("cursor", "user", "home/.cursor/skills"),
        ("gemini", "project", "work/.gemini/skills"),
        ("copilot", "project", "work/.github/skills"),
        ("copilot", "user", "home/.copilot/skills"),
        ("opencode", "user", "home/.config/opencode/skills"),
    ],
)
def test_where_the_skill_goes(tmp_path: Path, agent: str, scope: str, expected: str) -> None:
    found = place(named(agent), scope, tmp_path / "work", {"HOME": str(tmp_path / "home")})
    assert found.folder == tmp_path / expected / "fireworks-doctor"


@pytest.mark.parametrize(
    ("agent", "variable", "expected"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", "else/skills"),
        ("opencode", "XDG_CONFIG_HOME", "else/opencode/skills"),
        ("codex", "CODEX_HOME", "home/.agents/skills"),
        ("claude-code", "CODEX_HOME", "home/.claude/skills"),
    ],
)
def test_folders_that_the_user_moved(tmp_path: Path, agent: str, variable: str, expected: str) -> None:
    environ = {"HOME": str(tmp_path / "home"), variable: str(tmp_path / "else")}
    assert place(named(agent), "user", tmp_path, environ).folder == tmp_path / expected / "fireworks-doctor"


def test_without_a_home_folder(tmp_path: Path) -> None:
    with pytest.raises(FwdoctorError, match="--project"):
        place(named("cursor"), "user", tmp_path, {"HOME": ""})
    windows = place(named("cursor"), "user", tmp_path, {"USERPROFILE": str(tmp_path)})
    assert windows.folder.is_relative_to(tmp_path)
    scopes = {p.scope for p in places(named("cursor"), [tmp_path], {}, others=True)}
    assert scopes == {"project"}


def test_an_agent_is_there_if_it_left_something(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path / "home")}
    root = tmp_path / "work"
    (tmp_path / "home" / ".cursor").mkdir(parents=True)
    root.mkdir()
    (root / "GEMINI.md").write_text("x")
    assert [a.name for a in agents() if is_present(a, root, environ)] == ["cursor", "gemini"]


def test_an_unknown_agent_is_told_with_those_that_are_known() -> None:
    with pytest.raises(FwdoctorError, match="claude-code, codex"):
        named("clod")
