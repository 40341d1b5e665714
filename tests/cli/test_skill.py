"""``fwdoctor skill`` as a user meets it, in a home folder and a project of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import fwdoctor
from fwdoctor.cli import run
from fwdoctor.skill.tree import contents

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "output.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on a path with spaces, which is the current folder, and an empty home folder."""
    project = tmp_path / "a project"
    (project / ".git").mkdir(parents=True)
    (project / "src").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(project / "src")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("USERPROFILE", "CLAUDE_CONFIG_DIR", "XDG_CONFIG_HOME", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    return project


def status_and_places(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, object]]]:
    status = run(["skill", "install", *args, "--output-format", "json"])
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, SCHEMA)
    assert data["command"] == "skill install"
    return status, data["skill"]["places"]


def test_path_is_a_folder_with_the_skill(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["skill", "path"]) == 0
    assert (Path(capsys.readouterr().out.strip()) / "SKILL.md").is_file()
    assert run(["skill", "path", "--output-format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, SCHEMA)
    assert data["skill"]["places"] == []


def test_without_an_agent_it_is_claude_code_and_says_so(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["skill", "install"]) == 0
    out = capsys.readouterr().out
    assert "no agent was found" in out
    assert "Claude Code" in out
    assert (project / ".claude" / "skills" / "fireworks-doctor" / "SKILL.md").is_file()
    assert run(["skill", "install"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_agents_that_are_here_are_installed_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".cursor").mkdir()
    (project.parent / "home" / ".gemini").mkdir()
    status, places = status_and_places(capsys)
    assert status == 0
    assert [(p["agent"], p["scope"], p["action"]) for p in places] == [
        ("cursor", "project", "installed"),
        ("gemini", "project", "installed"),
    ]
    assert not (project / ".claude").exists()


def test_check_tells_what_is_where(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, places = status_and_places(capsys, "--check")
    assert (status, [p["state"] for p in places]) == (1, ["absent"])
    run(["skill", "install", "--user", "--agent", "codex", "-q"])
    capsys.readouterr()
    status, places = status_and_places(capsys, "--check")
    assert (status, [(p["agent"], p["state"]) for p in places]) == (0, [("codex", "current")])
    skill = project.parent / "home" / ".agents" / "skills" / "fireworks-doctor"
    (skill / "SKILL.md").unlink()
    status, places = status_and_places(capsys, "--check", "--agent", "codex", "--user")
    assert (status, [p["state"] for p in places]) == (1, ["outdated"])
    assert not (skill / "SKILL.md").exists()  # --check wrote nothing
    status, places = status_and_places(capsys, "--check", "--project")
    assert (status, [p["state"] for p in places]) == (1, ["absent"])


def test_one_place_that_refuses_does_not_keep_the_others(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = project / ".claude" / "skills" / "fireworks-doctor"
    foreign.mkdir(parents=True)
    (foreign / "SKILL.md").write_text("another")
    assert run(["skill", "install", "--agent", "claude-code", "--agent", "cursor"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(foreign) in error
    assert (foreign / "SKILL.md").read_text() == "another"
    assert (project / ".cursor" / "skills" / "fireworks-doctor" / "SKILL.md").is_file()


@pytest.mark.parametrize(
    "args",
    [
        ["--agent", "clod"],
        ["--check", "--force"],
        ["--check", "--link"],
        ["--link", "--copy"],
        ["--user", "--project", "--check"],
        ["--select", "FWD"],
        ["--output-format", "sarif"],
    ],
)
def test_bad_usage(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["skill", "install", *args]) == 2
    error = capsys.readouterr().err
    assert error.strip()
    assert "Traceback" not in error


def test_no_home_folder(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("HOME")
    assert run(["skill", "install", "--user", "--agent", "cursor"]) == 2
    assert "--project" in capsys.readouterr().err
    assert run(["skill", "install", "--project", "--agent", "cursor"]) == 0


def test_a_home_that_cannot_be_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = project.parent / "not a folder"
    blocked.write_text("x")
    monkeypatch.setenv("HOME", str(blocked))
    assert run(["skill", "install", "--user", "--agent", "claude-code"]) == 2
    error = capsys.readouterr().err
    assert "cannot be written" in error
    assert "Traceback" not in error
    assert blocked.read_text() == "x"


@pytest.mark.parametrize("output_format", ["text", "concise"])
def test_quiet_says_nothing_where_all_went_well(
    output_format: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["skill", "install", "--quiet", "--output-format", output_format]
    assert run([*args, "--check"]) == 1
    assert run(args) == 0
    assert capsys.readouterr().out == ""
    assert (project / ".claude" / "skills" / "fireworks-doctor" / "SKILL.md").is_file()


def _changed(skill: Path) -> None:
    (skill / "SKILL.md").write_text("mine")


def _foreign(skill: Path) -> None:
    (skill / ".fwdoctor-skill.json").unlink()
    _changed(skill)


def _newer(skill: Path) -> None:
    text = (
        (skill / "SKILL.md")
        .read_text("utf-8")
        .replace(f'version: "{fwdoctor.__version__}"', 'version: "999.0"')
    )
    (skill / "SKILL.md").write_text(text, "utf-8")
    manifest = json.loads((skill / ".fwdoctor-skill.json").read_text())
    manifest["files"] = contents(skill)
    (skill / ".fwdoctor-skill.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("done", "state", "status"),
    [
        (lambda skill: None, "current", 0),
        (_newer, "newer", 0),
        (_changed, "changed", 1),
        (_foreign, "foreign", 1),
        (lambda skill: (skill / "SKILL.md").unlink(), "outdated", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_check_is_content_with_what_is_up_to_date_alone(
    done: Callable[[Path], None],
    state: str,
    status: int,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(["skill", "install", "--quiet"])
    done(project / ".claude" / "skills" / "fireworks-doctor")
    found, places = status_and_places(capsys, "--check")
    assert ([p["state"] for p in places], found) == ([state], status)
    assert run(["skill", "install", "--check", "--exit-zero", "--quiet"]) == 0


def test_check_of_what_cannot_be_read_is_status_2(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["skill", "install", "--quiet"])

    def refuse(folder: Path) -> dict[str, str]:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("fwdoctor.skill.copies.contents", refuse)
    assert run(["skill", "install", "--check"]) == 2
    assert "Permission denied" in capsys.readouterr().err.replace("permission", "Permission")
