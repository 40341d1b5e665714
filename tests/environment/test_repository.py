"""The commit of a checkout, read from the files of git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.environment.reading import Reader
from fwdoctor.environment.repository import commit_of

if TYPE_CHECKING:
    from tests.environment.conftest import World

ONE, TWO = "1" * 40, "2" * 40


@pytest.mark.parametrize(
    ("files", "commit"),
    [
        ({"HEAD": ONE}, ONE),
        ({"HEAD": "a" * 64}, "a" * 64),
        ({"HEAD": "ref: refs/heads/main", "refs/heads/main": ONE}, ONE),
        ({"HEAD": "ref: refs/heads/a/b", "packed-refs": f"# pack\n{TWO} refs/heads/a\n{ONE} refs/heads/a/b\n^{TWO}"}, ONE),
        ({"HEAD": "ref: refs/heads/main", "refs/heads/main": ONE, "packed-refs": f"{TWO} refs/heads/main"}, ONE),
        ({"HEAD": "ref: refs/heads/main"}, None),  # nothing committed yet
        ({"HEAD": "ref: refs/heads/.invalid"}, None),  # reftable
        ({"HEAD": "ref: HEAD"}, None),
        ({"HEAD": "nonsense"}, None),
        ({"HEAD": ""}, None),
        ({"config": ""}, None),
    ],
)  # fmt: skip
def test_head_leads_to_the_commit(world: World, files: dict[str, str], commit: str | None) -> None:
    for name, text in files.items():
        world.write(f"repo/.git/{name}", text + "\n")
    reader = Reader()
    assert commit_of(world.root / "repo", reader) == commit
    assert reader.problems == []


def test_a_worktree_shares_the_references_of_its_repository(world: World) -> None:
    world.write("main/.git/packed-refs", f"{ONE} refs/heads/topic\n")
    world.write("main/.git/worktrees/tree/HEAD", "ref: refs/heads/topic\n")
    world.write("main/.git/worktrees/tree/commondir", "../..\n")
    world.write("tree/.git", f"gitdir: {world.root}/main/.git/worktrees/tree\n")
    assert commit_of(world.root / "tree", Reader()) == ONE
    world.write("main/.git/refs/heads/topic", f"{TWO}\n")
    assert commit_of(world.root / "tree", Reader()) == TWO


def test_a_submodule_names_its_folder_by_a_relative_path(world: World) -> None:
    world.write("main/.git/modules/cookbook/HEAD", f"{ONE}\n")
    world.write("main/cookbook/.git", "gitdir: ../.git/modules/cookbook\n")
    assert commit_of(world.root / "main" / "cookbook", Reader()) == ONE


def test_an_enclosing_repository_says_nothing(world: World) -> None:
    world.write("main/.git/HEAD", f"{ONE}\n")
    (world.root / "main" / "cookbook").mkdir()
    assert commit_of(world.root / "main" / "cookbook", Reader()) is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_agrees(tmp_path: Path) -> None:
    def git(*words: str, at: Path) -> str:
        who = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "init.defaultBranch=main"]
        return subprocess.run(
            ["git", *who, *words], cwd=at, check=True, capture_output=True, text=True
        ).stdout.strip()

    root, tree = tmp_path / "root", tmp_path / "tree"
    root.mkdir()
    git("init", at=root)
    git("commit", "--allow-empty", "-m", "one", at=root)
    head = git("rev-parse", "HEAD", at=root)
    assert commit_of(root, Reader()) == head
    git("pack-refs", "--all", at=root)
    assert commit_of(root, Reader()) == head
    git("worktree", "add", "-b", "topic", str(tree), at=root)
    git("commit", "--allow-empty", "-m", "two", at=tree)
    assert commit_of(tree, Reader()) == git("rev-parse", "HEAD", at=tree) != head
