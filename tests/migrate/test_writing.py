"""When ported files are written, and when not: dirty trees, all or none, interruptions, a disk that fails."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fwdoctor.finding import FileStatus, Report
from fwdoctor.fit import target
from fwdoctor.migrate import writing
from fwdoctor.migrate.run import Options, migrate
from fwdoctor.migrate.writing import Answer, Result
from fwdoctor.source.write import WriteFailed, write_atomically

OLD = "from training.recipes.sft_loop import Config\nfrom training.utils import InfraConfig\nc = Config(log_path='l', infra=InfraConfig())\n"
NEW = OLD.replace("infra=", "trainer=").replace("InfraConfig", "TrainerConfig")
GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")


def run(path: Path, **options: object) -> Report:
    return migrate([str(path)], lambda: target.Choice("june"), Options(**options))  # type: ignore[arg-type]


def files(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OLD)
    return paths


def statuses(report: Report) -> dict[str, FileStatus]:
    return {Path(f.path).name: f.status for f in report.files or ()}


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, "-C", str(folder), *words], check=True, capture_output=True)


# --- uncommitted changes -----------------------------------------------------------------------------


@needs_git
@pytest.mark.parametrize("how", ["changed", "staged", "untracked", "in a subfolder with spaces"])
def test_files_with_uncommitted_changes_are_not_written(tmp_path: Path, how: str) -> None:
    git(tmp_path, "init", "-q")
    clean, dirty = files(tmp_path, "clean.py", "a folder/dirty.py" if "spaces" in how else "dirty.py")
    if how != "untracked":
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", "all")
        dirty.write_text(OLD + "x = 1\n")
    else:
        git(tmp_path, "add", "clean.py")
        git(tmp_path, "commit", "-qm", "one")
    if how == "staged":
        git(tmp_path, "add", ".")
    before = dirty.read_text()
    report = run(tmp_path)
    assert report.exit_status() == 2
    assert "dirty.py" in str(report.problems[-1])
    assert "clean.py" not in str(report.problems[-1])
    assert (clean.read_text(), dirty.read_text()) == (OLD, before)
    assert run(tmp_path, allow_dirty=True).exit_status() == 0
    assert clean.read_text() == NEW


@needs_git
def test_changes_in_files_that_are_not_written_do_not_matter(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (old,) = files(tmp_path, "old.py")
    (tmp_path / "other.py").write_text("import training.utils\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "all")
    (tmp_path / "other.py").write_text("import training.utils\nx = 1\n")
    (tmp_path / "notes.txt").write_text("not known to git\n")
    assert run(tmp_path).exit_status() == 0
    assert old.read_text() == NEW


@needs_git
@pytest.mark.parametrize("options", [{"write": False, "diff": True}, {"write": False, "check": True}])
def test_looking_is_never_refused(tmp_path: Path, options: dict[str, bool]) -> None:
    git(tmp_path, "init", "-q")
    files(tmp_path, "old.py")
    assert not run(tmp_path, **options).problems


@needs_git
def test_programs_that_a_repository_names_are_not_run(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    files(tmp_path, "old.py")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "all")
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path / 'was_run'}; false")
    run(tmp_path)
    assert not (tmp_path / "was_run").exists()


def test_without_git_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (old,) = files(tmp_path, "old.py")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert run(tmp_path).exit_status() == 0
    assert old.read_text() == NEW


# --- all or none -------------------------------------------------------------------------------------


def test_atomic_writes_nothing_if_a_file_failed(tmp_path: Path) -> None:
    (old,) = files(tmp_path, "old.py")
    (tmp_path / "bad.py").write_text("import training.utils\ndef half(:\n")
    report = run(tmp_path, atomic=True)
    assert old.read_text() == OLD
    assert statuses(report) == {"bad.py": FileStatus.FAILED, "old.py": FileStatus.SKIPPED}
    assert report.exit_status() == 2


def test_atomic_writes_all_if_all_can_be_written(tmp_path: Path) -> None:
    paths = files(tmp_path, "a.py", "b.py")
    report = run(tmp_path, atomic=True)
    assert [p.read_text() for p in paths] == [NEW] * 2
    assert set(statuses(report).values()) == {FileStatus.PORTED}


def test_atomic_takes_back_what_was_written(tmp_path: Path) -> None:
    paths = files(tmp_path, "a.py", "b.py", "c.py")
    paths[1].chmod(0o444)
    report = run(tmp_path, atomic=True)
    assert [p.read_text() for p in paths] == [OLD] * 3
    assert statuses(report) == {
        "a.py": FileStatus.SKIPPED,
        "b.py": FileStatus.FAILED,
        "c.py": FileStatus.SKIPPED,
    }
    assert report.exit_status() == 2


def test_what_cannot_be_taken_back_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(tmp_path, "a.py", "b.py")
    calls = []

    def only_the_first(path: str, new: bytes, *, expected: bytes) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise WriteFailed(path, "No space left on device")
        write_atomically(path, new, expected=expected)

    monkeypatch.setattr(writing, "write_atomically", only_the_first)
    report = run(tmp_path, atomic=True)
    (first, second) = report.files or ()
    assert first.status is FileStatus.FAILED
    assert "not taken back" in (first.reason or "")
    assert first.changed
    assert second.status is FileStatus.FAILED
    assert not second.changed


# --- in the middle -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_whole_files_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    paths = files(tmp_path, "a.py", "b.py", "c.py")

    def interrupted(path: str, new: bytes, *, expected: bytes) -> None:
        if path.endswith("b.py"):
            os.kill(os.getpid(), number)
        write_atomically(path, new, expected=expected)

    monkeypatch.setattr(writing, "write_atomically", interrupted)
    before = signal.getsignal(number)
    report = run(tmp_path)
    assert signal.getsignal(number) is before
    assert [p.read_text() for p in paths] == [NEW, NEW, OLD]
    assert statuses(report)["c.py"] is FileStatus.FAILED
    assert "interrupted" in str(report.problems[0])
    assert report.exit_status() == 130


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_full_disk_leaves_old_or_new_never_half(tmp_path: Path) -> None:
    """The limit on the size of files stands in for a disk that is full."""
    paths = files(tmp_path, "a.py", "big.py", "c.py")
    paths[1].write_text(OLD + f"x = '{'y' * 200_000}'\n")
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from fwdoctor.cli import run\n"
        "sys.exit(run(['migrate', '--target', 'june', sys.argv[1]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "big.py" in done.stderr
    assert [p.read_text() for p in paths] == [NEW, OLD + f"x = '{'y' * 200_000}'\n", NEW]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.py", "big.py", "c.py"]


# --- one by one --------------------------------------------------------------------------------------


def _answers(*given: Answer) -> Callable[[Result], Answer]:
    waiting = list(given)
    return lambda _: waiting.pop(0)


def test_each_file_is_asked_for(tmp_path: Path) -> None:
    paths = files(tmp_path, "a.py", "b.py", "c.py", "d.py")
    report = run(tmp_path, ask=_answers(Answer.APPLY, Answer.SKIP, Answer.QUIT))
    assert [p.read_text() for p in paths] == [NEW, OLD, OLD, OLD]
    assert [f.status for f in report.files or ()] == [FileStatus.PORTED, *[FileStatus.SKIPPED] * 3]
    assert report.exit_status() == 0
