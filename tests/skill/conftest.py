"""A home folder and a project of their own: nothing here touches anybody's real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fwdoctor.skill.agents import Place, named, place
from fwdoctor.skill.tree import Tree, bundled, contents

Older = Callable[[], Tree]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with a home folder on a path with spaces."""
    home = tmp_path / "my home"
    home.mkdir()
    return {"HOME": str(home)}


@pytest.fixture
def there(tmp_path: Path, environ: dict[str, str]) -> Place:
    """Where the skill goes for the user of Claude Code."""
    return place(named("claude-code"), "user", tmp_path, environ)


@pytest.fixture
def skill() -> Tree:
    """The real skill."""
    return bundled()


@pytest.fixture
def older(tmp_path: Path) -> Tree:
    """The skill of an older fwdoctor, with a file that the real one lacks."""
    return made(tmp_path / "older" / "_skills" / "fireworks-doctor", "0.0.9")


def made(folder: Path, version: str) -> Tree:
    """Write a small skill of some version."""
    (folder / "references").mkdir(parents=True)
    (folder / "SKILL.md").write_text(
        f'---\nname: fireworks-doctor\ndescription: x\nmetadata:\n  version: "{version}"\n---\n\n# Old\n',
        "utf-8",
    )
    (folder / "references" / "gone.md").write_text("# Gone\n", "utf-8")
    return Tree(folder, version, contents(folder))
