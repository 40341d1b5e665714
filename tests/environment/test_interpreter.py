"""Which interpreter is looked at, and what is known of it without running it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.environment import interpreter as module
from fwdoctor.environment.interpreter import Choice, Interpreter
from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from tests.environment.conftest import World


def look(world: World, python: str | None = None, path: Path | None = None) -> Interpreter:
    return world.gather(path, python=python).interpreter


def base(world: World, name: str = "usr", version: str = "3.12.4") -> Path:
    """An installation, as distributors make it."""
    short = ".".join(version.split(".")[:2])
    executable = world.write(f"{name}/bin/python{short}")
    (executable.parent / "python3").symlink_to(f"python{short}")
    (world.root / name / "lib" / f"python{short}" / "site-packages").mkdir(parents=True)
    world.write(f"{name}/include/python{short}/patchlevel.h", f'#define PY_VERSION  "{version}"\n')
    return world.root / name


def test_the_active_environment_comes_before_that_of_the_project(world: World) -> None:
    world.environment("work/project/.venv", "3.12.1")
    found = look(world)
    assert (found.choice, found.prefix, str(found.version)) == (Choice.ACTIVE, world.env, "3.11.7")
    assert found.sites == (world.site,)
    assert found.executable == world.env / "bin" / "python"


@pytest.mark.parametrize("name", [".venv", "venv", "env", ".env"])
def test_the_environment_of_the_project_is_found_from_below(world: World, name: str) -> None:
    del world.environ["VIRTUAL_ENV"]
    world.environment(f"work/project/{name}", "3.12.1")
    jobs = world.write("work/project/jobs/train.py").parent
    found = look(world, path=jobs)
    assert (found.choice, found.prefix) == (Choice.PROJECT, world.project / name)


def test_an_option_comes_first(world: World) -> None:
    other = world.environment("other", "3.13.0")
    for name in (other, other / "bin", other / "bin" / "python"):
        found = look(world, str(name))
        assert (found.choice, found.prefix, str(found.version)) == (Choice.OPTION, other, "3.13.0")


def test_an_executable_leads_to_its_installation(world: World) -> None:
    usr = base(world)
    (world.root / "bin").mkdir()
    link = world.root / "bin" / "python"
    link.symlink_to(usr / "bin" / "python3")
    found = look(world, str(link))
    assert (found.prefix, str(found.version)) == (usr, "3.12.4")
    assert found.sites == (usr / "lib" / "python3.12" / "site-packages",)


def test_of_two_versions_in_one_prefix_the_executable_decides(world: World) -> None:
    usr = base(world)
    base(world, "old", "3.11.2")
    os.replace(world.root / "old" / "lib" / "python3.11", usr / "lib" / "python3.11")
    world.write("usr/bin/python3.11")
    assert str(look(world, str(usr / "bin" / "python3.11")).version) == "3.11"
    assert str(look(world, str(usr / "bin" / "python3")).version) == "3.12.4"


def test_a_name_is_looked_up_on_the_path(world: World) -> None:
    usr = base(world)
    (usr / "bin" / "python3.12").chmod(0o755)
    world.environ["PATH"] = str(usr / "bin")
    assert look(world, "python3").prefix == usr


@pytest.mark.parametrize("name", ["nothing", "work/project", "work/project/pyproject.toml", "work/../work"])
def test_an_option_that_names_none_is_refused(world: World, name: str) -> None:
    with pytest.raises(FwdoctorError, match=r"no such interpreter|no Python environment|not a Python"):
        look(world, str(world.root / name))


def test_conda_keeps_its_version_in_a_file_name(world: World) -> None:
    del world.environ["VIRTUAL_ENV"]
    world.write("conda/conda-meta/python-3.11.9-h955ad1f_0.json", "{}")
    (world.root / "conda/lib/python3.11/site-packages").mkdir(parents=True)
    world.environ |= {"CONDA_PREFIX": str(world.root / "conda"), "CONDA_DEFAULT_ENV": "train"}
    found = look(world)
    assert (found.choice, str(found.version)) == (Choice.ACTIVE, "3.11.9")


def test_the_base_of_conda_comes_after_the_project(world: World) -> None:
    del world.environ["VIRTUAL_ENV"]
    world.write("conda/conda-meta/history")
    world.environ |= {"CONDA_PREFIX": str(world.root / "conda"), "CONDA_DEFAULT_ENV": "base"}
    assert look(world).prefix == world.root / "conda"
    own = world.environment("work/project/.venv")
    assert look(world).prefix == own


def test_an_active_environment_that_is_gone_is_a_problem(world: World) -> None:
    world.environ["VIRTUAL_ENV"] = str(world.root / "gone")
    facts = world.gather()
    assert facts.interpreter.choice is Choice.OWN
    assert [str(problem) for problem in facts.reader.problems] == [
        f"{world.root}/gone: VIRTUAL_ENV names this folder, and it is no Python environment"
    ]


def test_else_it_is_the_python_that_runs_this(world: World) -> None:
    del world.environ["VIRTUAL_ENV"]
    found = look(world)
    assert (found.choice, found.prefix) == (Choice.OWN, Path(sys.prefix))
    assert found.version is not None
    assert found.version.release == sys.version_info[:3]
    assert found.sites


@pytest.mark.parametrize(
    "mark", ["pipx_metadata.json", "uv-receipt.toml", ".install_state_v2", ".prek-hook.json"]
)
def test_an_environment_for_fwdoctor_alone_is_not_meant(
    world: World, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    del world.environ["VIRTUAL_ENV"]
    usr = base(world)
    (usr / "bin" / "python3.12").chmod(0o755)
    world.environ["PATH"] = str(usr / "bin")
    world.write(f"tool/{mark}", "{}")
    assert look(world).choice is Choice.OWN
    monkeypatch.setattr(module.sys, "prefix", str(world.root / "tool"))
    found = look(world)
    assert (found.choice, found.prefix) == (Choice.SEARCHED, usr)


def test_the_environment_of_a_hook_is_not_meant_although_it_is_active(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    usr = base(world)
    (usr / "bin" / "python3.12").chmod(0o755)
    hook = world.environment("hook")
    (hook / "bin" / "python").chmod(0o755)
    world.environ |= {"VIRTUAL_ENV": str(hook), "PATH": f"{hook / 'bin'}{os.pathsep}{usr / 'bin'}"}
    monkeypatch.setattr(module.sys, "prefix", str(hook))
    assert (look(world).choice, look(world).prefix) == (Choice.ACTIVE, hook)
    world.write("hook/.install_state_v2")
    assert (look(world).choice, look(world).prefix) == (Choice.SEARCHED, usr)
    own = world.environment("work/project/.venv")
    assert (look(world).choice, look(world).prefix) == (Choice.PROJECT, own)
    # Somebody's own environment stays the active one.
    world.environ["VIRTUAL_ENV"] = str(world.env)
    assert (look(world).choice, look(world).prefix) == (Choice.ACTIVE, world.env)


@pytest.mark.parametrize(
    ("config", "version"),
    [
        ("version = 3.11.7\n", "3.11.7"),
        ("version_info = 3.11.7.final.0\nuv = 0.4.0\n", "3.11.7"),
        ("version_info = 3.11.7\n", "3.11.7"),
        ("home = /nowhere\n", "3.11"),
        ("version = three\n", "3.11"),
        ("", "3.11"),
    ],
)
def test_the_version_is_the_most_exact_on_the_disk(world: World, config: str, version: str) -> None:
    (world.env / "pyvenv.cfg").write_text(config)
    found = look(world)
    assert str(found.version) == version
    assert found.made_by_uv is ("uv" in config)


def test_an_unknown_version_is_none_and_its_check_is_skipped(world: World) -> None:
    world.write("odd/pyvenv.cfg", "")
    seen = world.check(python=str(world.root / "odd"))
    assert seen.facts.interpreter.version is None
    assert seen.sections["python"].status == "skipped"


def test_a_version_without_patch_level_gets_the_benefit_of_the_doubt(world: World) -> None:
    (world.env / "pyvenv.cfg").write_text("")
    world.cookbook(requires_python=">=3.11.4")
    world.sdk("1.2.9")
    assert world.check().rules == set()


def test_system_packages_are_seen_where_the_environment_sees_them(world: World) -> None:
    usr = base(world, version="3.11.7")
    site = usr / "lib" / "python3.11" / "site-packages"
    world.install("fireworks-ai", "1.2.9", site=site)
    config = f"home = {usr}/bin\nversion = 3.11.7\ninclude-system-site-packages = "
    (world.env / "pyvenv.cfg").write_text(config + "false\n")
    assert world.gather().sdk is None
    (world.env / "pyvenv.cfg").write_text(config + "true\n")
    assert look(world).sites == (world.site, site)
    assert world.gather().sdk is not None


def test_folders_of_pth_files_are_searched_too(world: World) -> None:
    source = world.root / "source"
    world.write("source/mine.egg-info/PKG-INFO", "Name: mine\nVersion: 2\n")
    (world.site / "mine.pth").write_text(f"# a comment\nimport os; os.abort()\n{source}\n/no/where\n\n")
    found = world.gather().distributions.get("mine")
    assert found is not None
    assert (str(found.version), found.site) == ("2", source)


def test_a_folder_that_two_names_lead_to_is_searched_once(world: World) -> None:
    (world.env / "lib64").symlink_to("lib")
    assert look(world).sites == (world.site,)


def test_debian_keeps_packages_elsewhere(world: World) -> None:
    usr = base(world)
    (usr / "lib" / "python3" / "dist-packages").mkdir(parents=True)
    (usr / "local" / "lib" / "python3.12" / "dist-packages").mkdir(parents=True)
    names = [str(site.relative_to(usr)) for site in look(world, str(usr / "bin" / "python3")).sites]
    assert names == [
        "lib/python3.12/site-packages",
        "local/lib/python3.12/dist-packages",
        "lib/python3/dist-packages",
    ]


def test_windows_has_other_folders(world: World) -> None:
    world.write("win/Scripts/python.exe")
    world.write("win/pyvenv.cfg", "version = 3.11.7\n")
    (world.root / "win" / "Lib" / "site-packages").mkdir(parents=True)
    found = look(world, str(world.root / "win"))
    assert found.sites == (world.root / "win" / "Lib" / "site-packages",)
    assert found.executable == world.root / "win" / "Scripts" / "python.exe"
