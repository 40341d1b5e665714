"""Requirements files, read as pip reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fwdoctor.environment.reading import Reader
from fwdoctor.environment.requirements_file import requirement_lines

if TYPE_CHECKING:
    from tests.environment.conftest import World


def lines(world: World, text: str | bytes, reader: Reader | None = None) -> list[tuple[str, int]]:
    path = world.write("requirements.txt", text)
    return [(line.text, line.line) for line in requirement_lines(path, reader or Reader())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\n  b >= 1  \n", [("a", 1), ("b >= 1", 3)]),
        ("# a\na # b\na#b\n", [("a", 2), ("a#b", 3)]),
        ("a==1 \\\n    --hash=sha256:x \\\n    --hash=sha256:y\nb\n", [("a==1", 1), ("b", 4)]),
        ("a \\\n# comment\nb\n", [("a", 1), ("b", 3)]),
        ("a; python_version < '3.11'\n", [("a; python_version < '3.11'", 1)]),
        ("--index-url https://h\n-i https://h\n--pre\na\n", [("a", 4)]),
        ("a \\", [("a", 1)]),
        ("a\r\nb\rc", [("a", 1), ("b", 2), ("c", 3)]),
        ("", []),
        (b"\xef\xbb\xbfa\n", [("a", 1)]),
        ("a==1\r\nb==2\r\n".encode("utf-16"), [("a==1", 1), ("b==2", 2)]),
    ],
)
def test_lines(world: World, text: str | bytes, expected: list[tuple[str, int]]) -> None:
    assert lines(world, text) == expected


@pytest.mark.parametrize(
    "option",
    ["-r more/other.txt", "-rmore/other.txt", "--requirement more/other.txt", "--requirement=more/other.txt",
     "-c more/other.txt", "--constraint=more/other.txt  # why", "-r 'more/other.txt'"],
)  # fmt: skip
def test_files_include_files(world: World, option: str) -> None:
    other = world.write("more/other.txt", "-r ../requirements.txt\nb\n")
    path = world.write("requirements.txt", f"a\n{option}\nc\n")
    found = [(line.text, line.path.resolve()) for line in requirement_lines(path, Reader())]
    assert found == [("a", path), ("b", other), ("c", path)]


def test_an_included_file_that_is_gone_is_a_problem(world: World) -> None:
    reader = Reader()
    assert lines(world, "a\n-r gone.txt\nb\n-r https://host/x.txt\n", reader) == [("a", 1), ("b", 3)]
    (problem,) = reader.problems
    assert str(problem) == (
        f"{world.root}/gone.txt: no such file, but {world.root}/requirements.txt:2 includes it"
    )
