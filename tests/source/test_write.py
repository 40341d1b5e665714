"""All of the new bytes or all of the old ones; and diffs that git takes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwdoctor.errors import FwdoctorError
from fwdoctor.source.write import WriteFailed, unified_diff, write_atomically

OLD = b"old\r\n\xff"
NEW = b"new\n" * 5000
NO_NEWLINE = "\n\\ No newline at end of file\n"
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with the old bytes, alone in its folder."""
    path = tmp_path / "folder" / "a.py"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def is_as_it_was(path: Path) -> bool:
    """The file has the old bytes, and nothing lies beside it."""
    return path.read_bytes() == OLD and os.listdir(path.parent) == [path.name]


def refused(path: Path | str, expected: bytes = OLD) -> str:
    """Why the file is not written."""
    with pytest.raises(WriteFailed) as caught:
        write_atomically(path, NEW, expected=expected)
    assert str(caught.value) == f"{path}: not written: {caught.value.reason}"
    assert isinstance(caught.value, FwdoctorError)
    return caught.value.reason


@pytest.mark.parametrize("new", [b"", b"x", NEW, b"\xff\n" * 1_500_000], ids=["none", "one", "some", "many"])
def test_the_new_bytes_take_the_place_of_the_old(path: Path, new: bytes) -> None:
    write_atomically(path, new, expected=OLD)
    assert path.read_bytes() == new
    assert os.listdir(path.parent) == ["a.py"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755, 0o4755])
def test_the_mode_is_kept(path: Path, mode: int) -> None:
    path.chmod(mode)
    write_atomically(path, NEW, expected=OLD)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_relative_path_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    write_atomically("a.py", NEW, expected=OLD)
    assert path.read_bytes() == NEW


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept(path: Path) -> None:
    os.chown(path, 1234, 2345)
    path.chmod(0o6755)
    write_atomically(path, NEW, expected=OLD)
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o6755)


def test_an_owner_that_cannot_be_kept_is_no_error(
    open_tree: Path, unprivileged: Callable[[str, Path], str]
) -> None:
    (open_tree / "a.py").write_bytes(b"old")
    (open_tree / "a.py").chmod(0o666)
    output = unprivileged(
        "write_atomically('a.py', b'new', expected=b'old'); print(oct(os.stat('a.py').st_mode & 0o777))",
        open_tree,
    )
    assert output == "0o666\n"
    assert (open_tree / "a.py").read_bytes() == b"new"


@pytest.mark.skipif(sys.platform != "linux", reason="extended attributes are set by other means there")
def test_extended_attributes_are_kept(path: Path) -> None:
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write_atomically(path, NEW, expected=OLD)
    assert os.getxattr(path, "user.note") == b"mine"


def test_a_link_stays_a_link_and_its_target_is_replaced(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "link.py").symlink_to("../folder/a.py")
    (other / "second.py").symlink_to("link.py")
    write_atomically(other / "second.py", NEW, expected=OLD)
    assert (other / "second.py").is_symlink()
    assert (other / "link.py").is_symlink()
    assert path.read_bytes() == NEW
    assert sorted(os.listdir(other)) == ["link.py", "second.py"]


def test_a_name_may_be_as_long_as_names_can_be(path: Path) -> None:
    longest = path.with_name("a" * 255)
    path.rename(longest)
    write_atomically(longest, NEW, expected=OLD)
    assert longest.read_bytes() == NEW


def test_a_file_that_has_changed_is_left_alone(path: Path) -> None:
    assert refused(path, expected=b"something else") == "the file has changed since it was read"
    assert is_as_it_was(path)


def test_a_change_at_the_last_moment_is_seen(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(descriptor: int) -> None:
        path.write_bytes(b"changed")

    monkeypatch.setattr(os, "fsync", change)
    assert refused(path) == "the file has changed since it was read"
    assert path.read_bytes() == b"changed"
    assert os.listdir(path.parent) == ["a.py"]


def test_a_read_only_file_is_left_alone(path: Path) -> None:
    path.chmod(0o444)
    assert refused(path) == "the file is read-only"
    assert is_as_it_was(path)


def test_a_hard_linked_file_is_left_alone(path: Path, tmp_path: Path) -> None:
    os.link(path, tmp_path / "b.py")
    assert refused(path) == "the file has 2 names (hard links); give it a copy of its own first"
    assert is_as_it_was(path)
    assert path.stat().st_nlink == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.py", "no such file or folder"),
        ("dangling", "no such file or folder"),
        ("circle", "symbolic links that lead in a circle"),
        ("folder", "not a regular file"),
        ("pipe", "not a regular file"),
        ("a\0b", "the path has a NUL byte in it"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert refused(os.path.join(tmp_path, name)) == expected


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "expected"),
    [
        (0o644, 0o755, "the file is read-only"),  # another's
        (0o666, 0o555, "permission denied"),
        (0o622, 0o777, "permission denied"),
    ],
)
def test_missing_permissions_are_named(
    open_tree: Path,
    unprivileged: Callable[[str, Path], str],
    file_mode: int,
    folder_mode: int,
    expected: str,
) -> None:
    folder = open_tree / "folder"
    folder.mkdir()
    (folder / "a.py").write_bytes(OLD)
    (folder / "a.py").chmod(file_mode)
    folder.chmod(folder_mode)
    if os.geteuid() != 0:
        pytest.skip("the file would be the user's own")
    output = unprivileged(
        f"""
        try:
            write_atomically("folder/a.py", b"new", expected={OLD!r})
        except WriteFailed as error:
            print(error)
        """,
        open_tree,
    )
    assert output == f"folder/a.py: not written: {expected}\n"
    assert is_as_it_was(folder / "a.py")


def test_a_disk_that_takes_no_more_leaves_the_old_bytes(path: Path) -> None:
    script = f"""
import resource
from fwdoctor.source.write import WriteFailed, write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_atomically("a.py", b"new" * 5000, expected={OLD!r})
except WriteFailed as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=path.parent, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "a.py: not written: file size limit exceeded\n"
    assert is_as_it_was(path)


@pytest.mark.parametrize("function", ["open", "fsync", "replace", "chmod"])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(28, "No space left on device"), "no space left on the disk"),
        (OSError(5, "Input/output error"), "input/output error"),
        (OSError("odd"), "odd"),
    ],
)
def test_a_failure_at_any_step_leaves_the_old_bytes(
    path: Path, monkeypatch: pytest.MonkeyPatch, function: str, error: OSError, expected: str
) -> None:
    fail_at(monkeypatch, function, error)
    reason = refused(path)
    monkeypatch.undo()
    assert reason == expected
    assert is_as_it_was(path)


@pytest.mark.parametrize("function", ["open", "fsync", "replace", "chmod"])
def test_an_interrupt_at_any_step_leaves_the_old_bytes(
    path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    fail_at(monkeypatch, function, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, NEW, expected=OLD)
    monkeypatch.undo()
    assert is_as_it_was(path)


def fail_at(monkeypatch: pytest.MonkeyPatch, function: str, error: BaseException) -> None:
    """Let one function of the operating system fail when the new bytes are written."""
    real = getattr(os, function)

    def fail(*arguments: object, **options: object) -> object:
        reads = function == "open" and not str(arguments[0]).endswith(".tmp")
        if reads:
            return real(*arguments, **options)
        raise error

    monkeypatch.setattr(os, function, fail)


# -- Diffs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"a\n", b"a\n", ""),
        (b"a\nb\n", b"a\nc\n", "--- a/p.py\n+++ b/p.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"),
        (b"a\r\n", b"b\r\n", "--- a/p.py\n+++ b/p.py\n@@ -1 +1 @@\n-a\r\n+b\r\n"),
        (
            b"a",
            b"b",
            f"--- a/p.py\n+++ b/p.py\n@@ -1 +1 @@\n-a{NO_NEWLINE}+b{NO_NEWLINE}",
        ),
        (
            b"a",
            b"a\n",
            f"--- a/p.py\n+++ b/p.py\n@@ -1 +1 @@\n-a{NO_NEWLINE}+a\n",
        ),
        (b"a\x0cb\rc\n", b"a\x0cb\rd\n", "--- a/p.py\n+++ b/p.py\n@@ -1 +1 @@\n-a\x0cb\rc\n+a\x0cb\rd\n"),
        (
            b"# coding: latin-1\n# \xe9\n",
            b"# coding: latin-1\n# \xe8\n",
            "--- a/p.py\n+++ b/p.py\n@@ -1,2 +1,2 @@\n # coding: latin-1\n-# é\n+# è\n",
        ),
        (b"\xff\n", b"\n", "--- a/p.py\n+++ b/p.py\n@@ -1 +1 @@\n-ÿ\n+\n"),
    ],
)
def test_a_diff_shows_the_change(old: bytes, new: bytes, expected: str) -> None:
    assert unified_diff("p.py", old, new) == expected


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("./pkg/a.py", "--- a/pkg/a.py\n"),
        (".//a.py", "--- a/a.py\n"),
        ("/tmp/a.py", "--- a/tmp/a.py\n"),
        ("a b.py", "--- a/a b.py\t\n"),
        ('a"b.py', '--- "a/a\\"b.py"\n'),
        ("a\tb\x01.py", '--- "a/a\\tb\\001.py"\n'),
        ("été.py", "--- a/été.py\n"),
    ],
)
def test_the_header_names_the_file_as_git_does(path: str, header: str) -> None:
    assert unified_diff(path, b"a\n", b"b\n").startswith(header)


def git_applies(folder: Path, name: str, old: bytes, new: bytes) -> None:
    """With its diff, git makes the new bytes of the old ones."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(old)
    diff = unified_diff(name, old, new)
    ran = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"], cwd=folder, input=diff.encode(), capture_output=True
    )
    assert ran.returncode == 0, ran.stderr
    assert path.read_bytes() == new


@needs_git
@pytest.mark.parametrize(
    "name", ["a.py", "p/a.py", "a b.py", "p q/a b.py", 'q"t.py', "b\\s.py", "t\tb.py", "é.py"]
)
def test_git_finds_the_file(tmp_path: Path, name: str) -> None:
    git_applies(tmp_path, name, b"a\nb\nc\n", b"a\nB\nc\n")


@needs_git
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "\r", "é\x0c\n", "-- x\n", "d"]), min_size=1),
    st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "\r", "é\x0c\n", "-- x\n", "e"]), min_size=1),
)
def test_git_applies_any_diff(tmp_path: Path, old: list[str], new: list[str]) -> None:
    before, after = "".join(old).encode(), "".join(new).encode()
    if before != after:
        git_applies(tmp_path, "a.py", before, after)
