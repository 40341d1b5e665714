"""The commands that remedies show fit what manages the environment."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from fwdoctor.environment import installer as module
from fwdoctor.environment.cookbook import Pin, Source
from fwdoctor.environment.installer import Installer, Tool

if TYPE_CHECKING:
    from tests.environment.conftest import World

SDK = "fireworks-ai[training]>=1.2.9,<2"


def test_pip_by_default(world: World) -> None:
    installer = world.gather().installer
    assert installer.tool is Tool.PIP
    assert installer.install([SDK]) == f"{world.env}/bin/python -m pip install '{SDK}'"


def test_uv_where_uv_made_the_environment(world: World) -> None:
    (world.env / "pyvenv.cfg").write_text("version_info = 3.11.7\nuv = 0.5.0\n")
    installer = world.gather().installer
    python = f"{world.env}/bin/python"
    assert installer.install([SDK]) == f"uv pip install --python {python} '{SDK}'"
    assert installer.uninstall("fireworks") == f"uv pip uninstall --python {python} fireworks"
    assert installer.reinstall(Requirement("a==1")) == (
        f"uv pip install --python {python} --reinstall-package a --no-deps a==1"
    )
    assert installer.create_environment(Version("3.12")) == "uv venv --python 3.12 .venv"


def test_a_lock_of_uv_speaks_for_its_own_environment(world: World) -> None:
    world.write("work/project/uv.lock")
    assert world.gather().installer.tool is Tool.PIP
    del world.environ["VIRTUAL_ENV"]
    world.environment("work/project/.venv", config="uv = 0.5.0\n")
    assert world.gather().installer.install([SDK]) == f"uv add --directory {world.project} '{SDK}'"


def test_what_the_project_requires_itself_needs_no_adding(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("work/project/uv.lock")
    world.write("work/project/pyproject.toml", f'[project.optional-dependencies]\ntrain = ["{SDK}"]\n')
    del world.environ["VIRTUAL_ENV"]
    world.environment("work/project/.venv")
    monkeypatch.chdir(world.project)
    assert world.check().one("FWS201").remedy[0].commands == ("uv sync --extra train",)


def test_poetry_by_its_lock(world: World) -> None:
    world.write("work/project/poetry.lock")
    installer = world.gather().installer
    assert installer.install([SDK]) == f"poetry add --directory {world.project} '{SDK}'"
    assert installer.reinstall(Requirement("a==1")).startswith(f"{world.env}/bin/python -m pip install")
    pin = Pin(Requirement(SDK), world.project / "pyproject.toml", 1, Source.PROJECT, group="train")
    assert installer.install([SDK], pin) == f"poetry install --directory {world.project} --with train"
    other = world.environment("other")
    assert world.gather(python=str(other)).installer.tool is Tool.PIP


def test_commands_survive_the_shell() -> None:
    installer = Installer(Tool.PIP, Path("/a b/bin/python"))
    assert shlex.split(installer.install([SDK])) == ["/a b/bin/python", "-m", "pip", "install", SDK]


def test_on_windows_double_quotes_protect(monkeypatch: pytest.MonkeyPatch) -> None:
    installer = Installer(Tool.PIP, Path("/a b/python.exe"))
    monkeypatch.setattr(module, "_WINDOWS", True)
    assert installer.install([SDK, "a==1"]) == f'"/a b/python.exe" -m pip install "{SDK}" a==1'
