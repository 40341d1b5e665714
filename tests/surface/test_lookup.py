"""Finding a name by the end of its path, and what became of it."""

import pytest

from fwdoctor.surface import lookup, timeline
from tests.surface.conftest import Read

FILES = {
    "recipes/one.py": "class Config:\n    def go(self): ...\n",
    "recipes/two.py": "from pkg.utils.config import Settings\nclass Config: ...\n",
    "utils/__init__.py": "from pkg.utils.config import Settings\nfrom pkg._deep import Thing\n",
    "utils/config.py": "class Settings: ...\nclass _Hidden: ...\n",
    "_deep.py": "class Thing: ...\n",
}


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("pkg.utils.Settings", ["pkg.utils.Settings"]),
        ("Settings", ["pkg.utils.config.Settings"]),
        ("config.Settings", ["pkg.utils.config.Settings"]),
        ("one.Config", ["pkg.recipes.one.Config"]),
        ("Config", ["pkg.recipes.one.Config", "pkg.recipes.two.Config"]),
        ("Config.go", ["pkg.recipes.one.Config.go"]),
        ("recipes.one", ["pkg.recipes.one"]),
        ("one", ["pkg.recipes.one"]),
        ("Thing", ["pkg.utils.Thing"]),
        ("_Hidden", ["pkg.utils.config._Hidden"]),
        ("nothing", []),
        ("", []),
        (".", []),
        ("Config.", []),
    ],
)
def test_search(read: Read, name: str, paths: list[str]) -> None:
    assert lookup.search(name, read(FILES)) == paths


def test_near_names(read: Read) -> None:
    assert lookup.near("utils.Setings", read(FILES)) == ["Settings"]


@pytest.mark.parametrize(
    ("path", "events"),
    [
        ("training.utils.config.TrainerConfig.pending_timeout_s", [("added", "1311b610")]),
        (
            "training.utils.infra.setup_infra",
            [("added", "761f82bf"), ("changed", "946c68e8"), ("changed", "68dc0d97"), ("removed", "517d206d")],
        ),
        ("training.utils.config.HotloadConfig", [("added", "ebed367d"), ("removed", "5a72c339")]),
        (
            "training.utils.config.DeployConfig.enable_hot_load",
            [("added", "946c68e8"), ("removed", "68dc0d97"), ("added", "7c2c22fc")],
        ),
        ("training.recipes.opd_loop.Config", [("added", "946c68e8"), ("removed", "68dc0d97"), ("added", "7c2c22fc"), ("removed", "fcea7c63")]),
        ("training.provision.load_yaml_provision", [("added", "e927e50b"), ("removed", "d8419d9a"), ("added", "1311b610")]),
        ("training.nothing.at_all", []),
    ],
)  # fmt: skip
def test_history_of_the_cookbook(path: str, events: list[tuple[str, str]]) -> None:
    found = lookup.history(path, timeline.cookbook())
    assert [(str(e.how), e.version.id) for e in found] == events


def test_history_of_the_sdk() -> None:
    found = lookup.history(
        "fireworks.training.sdk.trainer.TrainerJobConfig.inactivity_timeout", timeline.sdk()
    )
    assert [(str(e.how), e.version.number) for e in found] == [("added", "1.2.0a72")]


def test_a_name_is_found_in_the_newest_version_that_had_it() -> None:
    assert lookup.search_ever("setup_infra", timeline.cookbook()) == ["training.utils.infra.setup_infra"]
    assert lookup.search_ever("never_was", timeline.cookbook()) == []
