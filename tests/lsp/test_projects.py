"""Settings and targets of documents: found, kept, and seen to change."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.fit.target import Choice
from fwdoctor.lsp.projects import Options, Projects, options


class Chooser:
    """Chooses as the command line does, and keeps what it was asked."""

    def __init__(self, cookbook: Path | None = None) -> None:
        self.asked: list[str] = []
        self.cookbook = cookbook

    def __call__(self, target: str, paths: Sequence[str]) -> Choice:
        self.asked.append(target)
        return Choice(target, self.cookbook if target == "auto" else None)


def touch(path: Path, text: str, second: int) -> None:
    """Write a file with a date of its own, so that no clock decides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (second, second))


def test_one_folder_is_looked_at_once_and_cookbooks_are_shared(tmp_path: Path) -> None:
    chooser = Chooser()
    projects = Projects(chooser)
    root = str(tmp_path)
    first = projects.at(str(tmp_path / "a.py"), root)
    assert projects.at(str(tmp_path / "b.py"), root) is first
    assert chooser.asked == ["auto"]
    other = projects.at(str(tmp_path / "sub" / "c.py"), root)
    assert other is not first
    assert other.session.surfaces is first.session.surfaces


def test_settings_that_come_change_and_go_are_seen(tmp_path: Path) -> None:
    projects = Projects(Chooser())
    path, root = str(tmp_path / "deep" / "er" / "a.py"), str(tmp_path)
    settings = tmp_path / "fwdoctor.toml"
    assert projects.at(path, root).settings.ignore == ()
    touch(settings, 'ignore = ["FWD101"]', 1)
    assert projects.at(path, root).settings.ignore == ("FWD101",)
    touch(settings, 'ignore = ["FWD102"]', 2)
    assert projects.at(path, root).settings.ignore == ("FWD102",)
    touch(settings, "ignore = 3", 3)
    with pytest.raises(FwdoctorError, match="list of strings"):
        projects.at(path, root)
    settings.unlink()
    assert projects.at(path, root).settings.ignore == ()


def test_a_baseline_that_changes_is_seen(tmp_path: Path) -> None:
    projects = Projects(Chooser())
    path, root = str(tmp_path / "a.py"), str(tmp_path)
    touch(tmp_path / "fwdoctor.toml", 'baseline = "known.json"', 1)
    with pytest.raises(FwdoctorError, match="no such baseline"):
        projects.at(path, root)
    touch(tmp_path / "known.json", '{"baseline": 1, "findings": {}}', 1)
    first = projects.at(path, root)
    touch(tmp_path / "known.json", '{"baseline": 1, "findings": {"a.py": {"k": 1}}}', 1)
    second = projects.at(path, root)
    assert (first.baseline, second.baseline) != (None, None)
    assert second is not first


def test_a_cookbook_that_changes_is_read_again(tmp_path: Path) -> None:
    cookbook = tmp_path / "cookbook"
    touch(cookbook / "training" / "__init__.py", "", 1)
    touch(cookbook / "training" / "recipes" / "__init__.py", "", 1)
    touch(cookbook / "training" / "recipes" / "rl_loop.py", "class Config:\n    old: int = 1\n", 1)
    touch(cookbook / ".git" / "index", "one", 1)
    projects = Projects(Chooser(cookbook))
    path, root = str(tmp_path / "a.py"), str(tmp_path)

    def fields() -> list[str]:
        target = projects.at(path, root).session.surfaces.target
        found = target.class_at("training.recipes.rl_loop.Config")
        assert found is not None
        return sorted(found.attributes)

    before = fields()
    touch(cookbook / "training" / "recipes" / "rl_loop.py", "class Config:\n    new: int = 1\n", 2)
    assert fields() == before, "not with every key"
    touch(cookbook / ".git" / "index", "two", 2)
    assert fields() != before


@pytest.mark.parametrize(
    ("said", "settings", "expected"),
    [
        (None, "", "auto"),
        (None, 'target = "june"', "june"),
        (None, 'target = "mine"', "{folder}/mine"),
        ("may", 'target = "june"', "may"),
        ("mine", "", "{root}/mine"),
        ("latest", "", "latest"),
        ("nowhere", "", "nowhere"),
    ],
)
def test_which_target(tmp_path: Path, said: str | None, settings: str, expected: str) -> None:
    """Folders are meant from where they are said, and a folder called like a version is no version."""
    root = tmp_path / "root"
    folder = root / "inner"
    for place in (root, folder):
        for name in ("mine", "june", "latest", "auto"):
            (place / name).mkdir(parents=True)
    touch(folder / "fwdoctor.toml", settings, 1)
    asked: list[str] = []

    def choose(target: str, paths: Sequence[str]) -> Choice:
        asked.append(target)
        return Choice("latest")

    Projects(choose, Options(target=said)).at(str(folder / "a.py"), str(root))
    assert [Path(asked[0])] == [Path(expected.format(folder=folder, root=root))]


def test_selection_is_as_on_the_command_line(tmp_path: Path) -> None:
    touch(
        tmp_path / "fwdoctor.toml", 'select = ["FWD001"]\nextend-select = ["FWD101"]\nignore = ["FWD102"]', 1
    )
    path, root = str(tmp_path / "a.py"), str(tmp_path)

    def wanted(chosen: Options) -> list[str]:
        allows = Projects(Chooser(), chosen).at(path, root).session.selection.allows(path)
        return [rule for rule in ("FWD001", "FWD101", "FWD102", "FWD103") if allows(rule)]

    assert wanted(Options()) == ["FWD001", "FWD101"]
    assert wanted(Options(select=("FWD10",))) == ["FWD101", "FWD103"]
    assert wanted(Options(ignore=("FWD001",))) == ["FWD101"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (None, Options()),
        ({}, Options()),
        ({"target": None, "select": None}, Options()),
        ({"target": "", "select": [], "other": 1}, Options()),
        (
            {"target": "june", "select": ["FWD1"], "ignore": ["unused-suppression"]},
            Options("june", ("FWD1",), ("unused-suppression",)),
        ),
    ],
)
def test_options(table: object, expected: Options) -> None:
    assert options(table) == expected


@pytest.mark.parametrize(
    "table",
    [[], "latest", {"target": 1}, {"select": "FWD"}, {"select": [1]}, {"ignore": 1}, {"ignore": ["XYZ"]}],
)
def test_wrong_options(table: object) -> None:
    with pytest.raises(FwdoctorError, match="editor's option"):
        options(table)
