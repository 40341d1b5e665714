"""When a module of the project hides a package, and when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.environment.conftest import World

IMPORT = "from training.recipes.sft_loop import Config, main\n"


def local(world: World, *names: str) -> None:
    for name in names:
        world.write(f"work/project/{name}")


@pytest.mark.parametrize(
    "name", ["fireworks.py", "fireworks/__init__.py", "src/fireworks.py", "tinker.py", "tinker/__init__.py"]
)
def test_a_module_where_python_looks_first_hides_the_package(world: World, name: str) -> None:
    world.sdk("1.2.9")
    local(world, name)
    finding = world.check().one("FWS311")
    assert finding.location is not None
    assert finding.location.path == str(world.project / name)


@pytest.mark.parametrize(
    "name",
    ["fireworks/data.json", "fireworks/a.py", "tinker/__init__.pyi", "tools/fireworks.py", "fireworks"],
)
def test_what_python_would_not_import_hides_nothing(world: World, name: str) -> None:
    world.sdk("1.2.9")
    local(world, name)
    assert world.check().rules == set()


def test_where_there_is_nothing_to_hide_a_name_is_free(world: World) -> None:
    local(world, "fireworks.py", "tinker.py", "training/__init__.py")
    assert world.check().rules == set()


def test_the_sdk_does_not_hide_itself(world: World) -> None:
    world.sdk("1.2.9")
    world.write("work/project/pyproject.toml", '[project]\nname = "fireworks-ai"\n')
    local(world, "src/fireworks/__init__.py")
    assert world.check().rules == set()


def test_the_cookbook_does_not_hide_itself(world: World) -> None:
    world.cookbook(at="work/project")
    world.sdk("1.2.9")
    assert world.check().rules == set()


def test_people_may_have_a_training_package(world: World) -> None:
    world.write("work/project/requirements.txt", "fireworks-ai>=1.2\n")
    world.sdk("1.2.9")
    world.write("work/project/training/utils.py")
    world.write("work/project/training/__init__.py")
    world.write("work/project/train.py", "from training.utils import load\n")
    assert world.check().rules == set()


def test_beside_a_cookbook_it_may_be_their_own_too(world: World) -> None:
    world.cookbook()
    world.sdk("1.2.9")
    local(world, "training/__init__.py", "training/utils/__init__.py")
    world.write("work/project/train.py", "from training.utils import load\n")
    assert world.check().rules == set()


def test_it_hides_the_cookbook_when_a_script_imports_that(world: World) -> None:
    world.cookbook()
    world.sdk("1.2.9")
    local(world, "training/__init__.py")
    world.write("work/project/train.py", IMPORT)
    assert world.check().one("FWS311").variables["module"] == "training"


def test_it_hides_an_installed_cookbook(world: World) -> None:
    world.install("fireworks-training-cookbook", "0.1.0", requires=["fireworks-ai[training]>=1.2.9,<2"])
    world.sdk("1.2.9")
    local(world, "training.py")
    finding = world.check().one("FWS311")
    assert finding.remedy[0].commands == (f"mv {world.project}/training.py {world.project}/my_training.py",)


def test_a_link_that_leads_nowhere_is_passed_over(world: World) -> None:
    world.sdk("1.2.9")
    (world.project / "fireworks.py").symlink_to("fireworks.py")
    (world.project / "tinker.py").symlink_to("gone.py")
    assert world.check().rules == set()
