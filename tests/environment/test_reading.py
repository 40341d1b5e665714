"""What cannot be read is one problem that names the file; the rest goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.environment.reading import Reader

if TYPE_CHECKING:
    from tests.environment.conftest import World


def linked(path: Path) -> None:
    path.symlink_to("gone.toml")


def circular(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.mkdir, "is a folder, not a file"),
        (os.mkfifo, "not a regular file"),
        (linked, "broken symbolic link: gone.toml does not exist"),
        (circular, "symbolic links that lead in a circle"),
        (lambda path: path.write_bytes(b"a = 1\nb = '\xe9'\n"), "byte 0xe9 is not UTF-8 (line 2)"),
        (
            lambda path: path.write_bytes(b"\xff\xfea"),
            "not UTF-16, although it begins with its byte order mark",
        ),
        (lambda path: path.write_text("a = \n"), "not TOML: Invalid value (at line 1, column 5)"),
        (lambda path: path.write_text("a = " + "[" * 100_000), "not TOML: "),
    ],
)
def test_one_clear_problem(world: World, make: Callable[[Path], object], message: str) -> None:
    path = world.project / "x.toml"
    make(path)
    reader = Reader()
    assert reader.toml(path) is None
    assert reader.toml(path) is None
    assert reader.text(path) is None or message.startswith("not TOML")
    (problem,) = reader.problems
    assert problem.path == str(path)
    assert problem.message.startswith(message)


def test_what_may_not_be_read_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    path = world.write("x.toml")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    reader = Reader()
    assert reader.data(path) is None
    assert [str(problem) for problem in reader.problems] == [f"{path}: permission denied"]


def test_what_is_not_there_is_no_problem(world: World) -> None:
    reader = Reader()
    assert reader.toml(world.root / "gone.toml") is None
    assert reader.names(world.root / "gone") == []
    assert reader.text(world.env / "pyvenv.cfg" / "x") is None
    assert reader.problems == []


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.txt", "uv.lock", ".env"])
def test_the_checks_go_on(world: World, name: str) -> None:
    world.cookbook()
    world.sdk("1.2.0a86")
    (world.project / name).unlink(missing_ok=True)
    (world.project / name).write_bytes(b"\xff")
    seen = world.check()
    assert seen.rules == {"FWS202"}
    assert [problem.path for problem in seen.problems] == (
        [str(world.project / name)] if name == ".env" else []
    )
    # The pin was found before; without the cookbook the search reads on.
    (world.project / "cookbook" / "training" / "pyproject.toml").unlink()
    assert [problem.path for problem in world.check().problems] == [str(world.project / name)]
