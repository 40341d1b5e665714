"""Only changed lines: what git says, in all its spellings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fwdoctor.cli import run
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Finding, Location, Severity, Side
from fwdoctor.lint import changed

LINE = "from training.utils import InfraConfig\n"


def git(folder: Path, *words: str) -> str:
    environ = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "user.email=a@b.c", "-c", "user.name=a", *words]
    return subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.py").write_text("# one\n" + LINE + "# three\n")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "with space ä.py").write_text(LINE)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def at(path: str, line: int, end: int | None = None) -> Finding:
    place = Location(path, line, 1, end or line, 2)
    return Finding("FWD101", "x", Severity.ERROR, Side.USER, "m", place)


def test_lines(repository: Path) -> None:
    (repository / "a.py").write_text("# one\n" + LINE + "# three\nx = 1\ny = 2\n")
    changes = changed.Changes("HEAD")
    assert [line for line in range(1, 7) if changes.touches(at("a.py", line))] == [4, 5]
    assert changes.touches(at("a.py", 2, 4))
    assert not changes.touches(at("a.py", 1, 3))
    assert not changes.touches(at("pkg/with space ä.py", 1))


def test_odd_names_new_files_renames_and_deletions(repository: Path) -> None:
    odd = repository / "pkg" / "with space ä.py"
    odd.write_text(LINE + "y = 1\n")
    (repository / "new.py").write_text(LINE)
    (repository / ".gitignore").write_text("ignored.py\n")
    (repository / "ignored.py").write_text(LINE)
    git(repository, "mv", "a.py", "b.py")
    (repository / "b.py").write_text("# one\n" + LINE + "# 3\n")
    changes = changed.Changes("HEAD")
    assert changes.touches(at(str(odd), 2))
    assert not changes.touches(at(str(odd), 1))
    assert changes.touches(at("new.py", 1))
    assert not changes.touches(at("ignored.py", 1))
    assert changes.touches(at("b.py", 3))
    assert not changes.touches(at("b.py", 2))
    odd.unlink()
    assert not changed.Changes("HEAD").touches(at(str(odd), 1))


def test_it_counts_from_where_the_branch_left(repository: Path) -> None:
    git(repository, "checkout", "-qb", "work")
    (repository / "a.py").write_text("# one\n" + LINE + "# three\nx = 1\n")
    git(repository, "commit", "-qam", "mine")
    git(repository, "checkout", "-q", "main")
    (repository / "pkg" / "with space ä.py").write_text(LINE + "theirs = 1\n")
    git(repository, "commit", "-qam", "theirs")
    git(repository, "checkout", "-q", "work")
    changes = changed.Changes("main")
    assert changes.touches(at("a.py", 4))
    assert not changes.touches(at("pkg/with space ä.py", 1))


def test_from_a_folder_below(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "a.py").write_text("# one\n" + LINE + "# three\nx = 1\n")
    monkeypatch.chdir(repository / "pkg")
    assert changed.Changes("HEAD").touches(at("../a.py", 4))


def test_the_users_settings_of_git_change_nothing(repository: Path) -> None:
    for key, value in (
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("color.ui", "always"),
        ("diff.external", "false"),
        ("core.quotepath", "true"),
    ):
        git(repository, "config", key, value)
    (repository / "a.py").write_text("# one\n" + LINE + "# three\nx = 1\n")
    assert changed.Changes("HEAD").touches(at("a.py", 4))


def test_what_was_taken_out_counts_for_what_stands_around_it(repository: Path) -> None:
    (repository / "a.py").write_text("call(\n    one=1,\n    two=2,\n)\nother()\n")
    git(repository, "commit", "-qam", "a call")
    (repository / "a.py").write_text("call(\n    two=2,\n)\nother()\n")
    changes = changed.Changes("HEAD")
    assert changes.touches(at("a.py", 1, 3))
    assert not changes.touches(at("a.py", 1))
    assert not changes.touches(at("a.py", 2, 3))
    assert not changes.touches(at("a.py", 4))


def test_attributes_of_files_hide_nothing(repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.py -diff\n")
    (repository / "a.py").write_text("# one\n" + LINE + "# three\nx = 1\n")
    assert changed.Changes("HEAD").touches(at("a.py", 4))


def test_files_of_another_repository_are_asked_there(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    (other / "b.py").write_text(LINE)
    git(other, "add", "-A")
    git(other, "commit", "-qm", "first")
    (other / "b.py").write_text(LINE + LINE)
    changes = changed.Changes("HEAD")
    assert changes.touches(at(str(other / "b.py"), 2))
    assert not changes.touches(at(str(other / "b.py"), 1))


def test_the_environment_changes_nothing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIFF_OPTS", "-u5")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    (repository / "a.py").write_text("# one\n" + LINE + "# three\nx = 1\n")
    changes = changed.Changes("HEAD")
    assert [line for line in range(1, 6) if changes.touches(at("a.py", line))] == [4]


@pytest.mark.parametrize("reference", ["nothing-like-this", "HEAD~7", "--output=/tmp/x", "", "a..b", "a...b"])
def test_an_unknown_commit_is_a_clear_error(repository: Path, reference: str) -> None:
    with pytest.raises(FwdoctorError, match="--diff-base"):
        changed.Changes(reference)


def test_no_repository_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FwdoctorError, match="not a git repository"):
        changed.Changes("HEAD")


def test_the_command(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lint", "--target", "latest", "--output-format", "concise"]
    assert run([*words, "--diff-base", "HEAD"]) == 0
    (repository / "a.py").write_text("# one\n" + LINE + LINE)
    capsys.readouterr()
    assert run([*words, "--diff-base", "HEAD"]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["a.py:3:28:"]
    assert run([*words, "--diff-base", "gone"]) == 2
