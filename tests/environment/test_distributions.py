"""Distributions are found by the names of folders; metadata is read only for what is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.environment.distributions import Distributions
from fwdoctor.environment.reading import Reader

if TYPE_CHECKING:
    from tests.environment.conftest import World


def installed(world: World) -> Distributions:
    return Distributions([world.site], Reader())


@pytest.mark.parametrize("name", ["Fire.Works_AI", "fire-works-ai", "FIRE_WORKS.AI"])
def test_names_are_canonical(world: World, name: str) -> None:
    world.install("Fire_Works.AI", "1.0")
    found = installed(world).get(name)
    assert found is not None
    assert (found.name, str(found.version)) == ("fire-works-ai", "1.0")


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("a_b-1.2.0a86.dist-info", "a-b", "1.2.0a86"),
        ("a-1.0+local.1.dist-info", "a", "1.0+local.1"),
        ("a.b-1-py3.11.egg-info", "a-b", "1"),
        ("a-2024.1.dist-info", "a", "2024.1"),
    ],
)
def test_the_folder_tells_name_and_version(world: World, folder: str, name: str, version: str) -> None:
    (world.site / folder).mkdir()
    found = installed(world).get(name)
    assert found is not None
    assert str(found.version) == version


@pytest.mark.parametrize("name", ["x.dist-info.bak", ".dist-info", "a b-1.dist-info", "-1.dist-info"])
def test_other_names_are_none(world: World, name: str) -> None:
    (world.site / name).mkdir()
    assert len(installed(world)) == 0


def test_metadata_of_others_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self.parent.name) or original(self))
    for number in range(20):
        world.install(f"package{number}", "1.0")
    found = installed(world).get("package7")
    assert found is not None
    assert found.is_complete
    assert read == ["package7-1.0.dist-info"]


def test_requirements_that_are_none_are_left_out(world: World) -> None:
    world.install("a", "1", requires=["b>=1", "c >> 2", "d; extra == 'x'"])
    found = installed(world).get("a")
    assert found is not None
    assert [requirement.name for requirement in found.requires] == ["b", "d"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"url": "file:///x/cook%20book/training", "dir_info": {"editable": True}},
            ("/x/cook book/training", True, None),
        ),
        ({"url": "file:///x/training", "dir_info": {}}, ("/x/training", False, None)),
        ({"url": "https://h/c", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}, (None, False, "a" * 40)),
        ({"url": "https://h/c.whl", "archive_info": {}}, (None, False, None)),
    ],
)
def test_the_origin_is_read(
    world: World, content: dict[str, object], expected: tuple[str | None, bool, str | None]
) -> None:
    world.install("a", "1", direct_url=content)
    found = installed(world).get("a")
    assert found is not None
    origin = found.origin
    assert origin is not None
    assert (origin.folder and str(origin.folder), origin.editable, origin.commit) == expected


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"url": "file:///x", "dir_info": 3}', "[" * 100_000]
)
def test_a_bad_origin_is_a_problem(world: World, text: str) -> None:
    folder = world.install("a", "1")
    (folder / "direct_url.json").write_text(text)
    reader = Reader()
    found = Distributions([world.site], reader).get("a")
    assert found is not None
    assert found.origin is None
    assert [p.message for p in reader.problems] == ["not a direct_url.json as PEP 610 describes it"]


def test_a_folder_that_is_gone_is_empty(world: World) -> None:
    reader = Reader()
    assert len(Distributions([world.root / "gone"], reader)) == 0
    assert reader.problems == []
