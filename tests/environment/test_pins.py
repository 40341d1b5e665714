"""Where the cookbook and the pin are found, and in which order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.environment.cookbook import Pin, Source
from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from tests.environment.conftest import World

COMMIT = "b425d652d75f87c01c3182ad1c0bf11fa1ebb84b"


def say(pin: Pin | None) -> str:
    """A pin in one line."""
    return "none" if pin is None else f"{pin.requirement.specifier} {pin.path.name}:{pin.line}"


def test_the_order_in_which_pins_bind(world: World) -> None:
    world.write("work/project/uv.lock", '[[package]]\nname = "fireworks-ai"\nversion = "1.2.1"\n')
    assert say(world.gather().pin) == "==1.2.1 uv.lock:3"
    world.write("work/project/requirements.txt", "fireworks-ai==1.2.2\n")
    assert say(world.gather().pin) == "==1.2.2 requirements.txt:1"
    world.write("work/project/pyproject.toml", '[project]\ndependencies = ["fireworks-ai==1.2.3"]\n')
    assert say(world.gather().pin) == "==1.2.3 pyproject.toml:2"
    world.cookbook("==1.2.4", at="work/cookbook")
    assert say(world.gather().pin) == "==1.2.4 pyproject.toml:5"
    world.install("fireworks-training-cookbook", "0.1.0", requires=["fireworks-ai[training]==1.2.5"])
    assert say(world.gather().pin) == "==1.2.5 METADATA:4"
    option = world.cookbook("==1.2.6", at="elsewhere")
    for path in (option, option / "training"):
        facts = world.gather(cookbook=path)
        assert say(facts.pin) == "==1.2.6 pyproject.toml:5"
        assert facts.cookbook is not None
        assert (facts.cookbook.source, facts.cookbook.folder) == (Source.OPTION, option)


@pytest.mark.parametrize(
    ("at", "path"),
    [
        ("work/project", "work/project"),
        ("work/project", "work/project/training"),
        ("work/project", "work/project/training/recipes"),
        ("work", "work/project"),
        ("work/project/cookbook", "work/project"),
        ("work/project/cookbook", "work/project/jobs/one"),
        ("work/project/jobs/cookbook", "work/project/jobs/one"),
        ("work/cookbook", "work/project/jobs/one"),
    ],
)
def test_a_checkout_is_found_at_above_and_beside(world: World, at: str, path: str) -> None:
    checkout = world.cookbook(at=at, commit=COMMIT, companions=["tqdm"])
    (world.root / path).mkdir(parents=True, exist_ok=True)
    cookbook = world.gather(world.root / path).cookbook
    assert cookbook is not None
    assert (cookbook.folder, cookbook.commit, cookbook.source) == (checkout, COMMIT, Source.CHECKOUT)
    assert str(cookbook.requires_python) == ">=3.11"
    assert [say(companion) for companion in cookbook.companions] == [" pyproject.toml:6"]


def test_a_checkout_is_found_on_the_pythonpath(world: World) -> None:
    checkout = world.cookbook(at="elsewhere")
    world.environ["PYTHONPATH"] = os.pathsep.join(["", str(checkout)])
    cookbook = world.gather().cookbook
    assert cookbook is not None
    assert cookbook.folder == checkout


def test_another_project_in_a_folder_training_is_no_cookbook(world: World) -> None:
    world.write("work/project/training/pyproject.toml", '[project]\nname = "mine"\n')
    assert world.gather().cookbook is None
    with pytest.raises(FwdoctorError, match="its project is not called fireworks-training-cookbook"):
        world.gather(cookbook=world.project)


def test_an_option_that_names_no_cookbook_is_refused(world: World) -> None:
    with pytest.raises(FwdoctorError, match=r"no training/pyproject\.toml"):
        world.gather(cookbook=world.root)


def test_an_editable_install_leads_to_its_checkout(world: World) -> None:
    checkout = world.cookbook(">=1.2.9,<2", at="elsewhere/my cookbook", commit=COMMIT)
    world.install(
        "fireworks-training-cookbook",
        "0.1.0",
        requires=["fireworks-ai[training]>=1.2.0,<2"],  # of the day it was installed
        direct_url={"url": f"{(checkout / 'training').as_uri()}", "dir_info": {"editable": True}},
    )
    facts = world.gather()
    assert facts.cookbook is not None
    assert (facts.cookbook.source, facts.cookbook.folder) == (Source.INSTALLED, checkout)
    assert facts.cookbook.commit == COMMIT
    assert say(facts.pin) == "<2,>=1.2.9 pyproject.toml:5"


def test_an_install_from_git_tells_its_commit(world: World) -> None:
    world.install(
        "fireworks-training-cookbook",
        "0.1.0",
        requires=["fireworks-ai[training]>=1.2.9,<2", "tqdm", "pillow; extra == 'eval'"],
        direct_url={"url": "https://h/cookbook", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
    )
    cookbook = world.gather().cookbook
    assert cookbook is not None
    assert (cookbook.folder, cookbook.commit, cookbook.label) == (None, COMMIT, "cookbook b425d652")
    assert [say(companion) for companion in cookbook.companions] == [" METADATA:5"]
    (world.site / "training" / "recipes").mkdir(parents=True)
    cookbook = world.gather().cookbook
    assert cookbook is not None
    assert cookbook.folder == world.site


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project\n", "not TOML: "),
        (b"\xff", "byte 0xff is not UTF-8 (line 1)"),
    ],
)
def test_a_checkout_that_cannot_be_read_is_a_problem_and_the_search_goes_on(
    world: World, text: str | bytes, message: str
) -> None:
    path = world.write("work/project/cookbook/training/pyproject.toml", text)
    checkout = world.cookbook(at="work/cookbook")
    facts = world.gather()
    assert facts.cookbook is not None
    assert facts.cookbook.folder == checkout
    (problem,) = facts.reader.problems
    assert problem.path == str(path)
    assert problem.message.startswith(message)


def test_a_pin_that_is_none_is_a_problem_and_the_search_goes_on(world: World) -> None:
    checkout = world.cookbook(">>1.2.9")
    world.write("work/project/requirements.txt", "fireworks-ai==1.2.2\n")
    facts = world.gather()
    assert facts.cookbook is not None
    assert facts.cookbook.folder == checkout
    assert say(facts.pin) == "==1.2.2 requirements.txt:1"
    (problem,) = facts.reader.problems
    assert problem.path == str(checkout / "training" / "pyproject.toml")
    assert problem.message.startswith("line 5: 'fireworks-ai[training]>>1.2.9' is no PEP 508 requirement: ")


def test_a_requires_python_that_is_none_is_a_problem(world: World) -> None:
    world.cookbook(requires_python="three")
    facts = world.gather()
    assert facts.cookbook is not None
    assert facts.cookbook.requires_python is None
    assert [p.message for p in facts.reader.problems] == ["requires-python 'three' is no version specifier"]


PROJECTS = {
    "dependencies": ('[project]\n# "fireworks-ai>=1"\ndependencies = [\n  "tqdm",\n  "Fireworks_AI[training] >= 1.2.9",\n]\n', ">=1.2.9 pyproject.toml:5"),
    "extra": ('[project.optional-dependencies]\ntrain = ["fireworks-ai>=1.2"]\n', ">=1.2 pyproject.toml:2"),
    "group": ('[dependency-groups]\na = [{include-group = "b"}]\nb = ["fireworks-ai>=1.2"]\n', ">=1.2 pyproject.toml:3"),
    "uv": ("[tool.uv]\ndev-dependencies = ['fireworks-ai>=1.2']\n", ">=1.2 pyproject.toml:2"),
    "uv constraint": ('[tool.uv]\nconstraint-dependencies = ["fireworks-ai<2"]\n', "<2 pyproject.toml:2"),
    "poetry": ('[tool.poetry.dependencies]\nfireworks-ai = ">=1.2,<2"\n', "<2,>=1.2 pyproject.toml:2"),
    "poetry caret": ('[tool.poetry.dependencies]\nfireworks_ai = "^1.2"\n', "<2,>=1.2 pyproject.toml:2"),
    "poetry caret 0": ('[tool.poetry.dependencies]\nfireworks-ai = "^0.19.2"\n', "<0.20,>=0.19.2 pyproject.toml:2"),
    "poetry tilde": ('[tool.poetry.dependencies]\nfireworks-ai = "~1.2.9"\n', "<1.3,>=1.2.9 pyproject.toml:2"),
    "poetry exact": ('[tool.poetry.dependencies]\nfireworks-ai = "1.2.9"\n', "==1.2.9 pyproject.toml:2"),
    "poetry wildcard": ('[tool.poetry.dependencies]\nfireworks-ai = "1.2.*"\n', "==1.2.* pyproject.toml:2"),
    "poetry any": ('[tool.poetry.dependencies]\nfireworks-ai = "*"\n', " pyproject.toml:2"),
    "poetry table": ('[tool.poetry.group.dev.dependencies.fireworks-ai]\nversion = "^1.2.0a87"\nextras = ["training"]\n', "<2,>=1.2.0a87 pyproject.toml:1"),
    "marker": ('[project]\ndependencies = [\n"fireworks-ai<1; python_version < \'3.11\'",\n"fireworks-ai>1"]\n', ">1 pyproject.toml:4"),
    "bare, then a version": ('[project]\ndependencies = ["fireworks-ai"]\n[dependency-groups]\na = ["fireworks-ai>1"]\n', ">1 pyproject.toml:4"),
    "another name": ('[project]\ndependencies = ["fireworks-ai-tools>1", "fireworks>2", 3]\n', "none"),
    "odd shapes": ("project = 1\n[tool]\npoetry = []\nuv = {dev-dependencies = 'x', sources = 3}\n", "none"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_states_its_pin_in_many_ways(world: World, name: str) -> None:
    text, pin = PROJECTS[name]
    world.write("work/project/pyproject.toml", text)
    facts = world.gather()
    assert say(facts.pin) == pin
    assert facts.reader.problems == []


@pytest.mark.parametrize(
    "reference",
    [
        ("requirements.txt", f"git+https://github.com/fw-ai/cookbook@{COMMIT}#subdirectory=training"),
        ("requirements.txt", f"-e git+https://github.com/fw-ai/cookbook@{COMMIT}#egg=fireworks_training_cookbook"),
        ("requirements.txt", f"fireworks-training-cookbook @ git+https://github.com/fw-ai/cookbook@{COMMIT}#subdirectory=training"),
        ("pyproject.toml", f'[project]\ndependencies = ["fireworks-training-cookbook @ git+https://h/c@{COMMIT}"]\n'),
        ("pyproject.toml", f'[project]\ndependencies = ["fireworks-training-cookbook"]\n[tool.uv.sources]\nfireworks-training-cookbook = {{git = "https://h/c", rev = "{COMMIT}"}}\n'),
        ("pyproject.toml", f'[tool.poetry.dependencies]\nfireworks-training-cookbook = {{git = "https://h/c", rev = "{COMMIT}"}}\n'),
        ("uv.lock", f'[[package]]\nname = "fireworks-training-cookbook"\nversion = "0.1.0"\nsource = {{ git = "https://h/c?subdirectory=training#{COMMIT}" }}\n'),
        ("poetry.lock", f'[[package]]\nname = "fireworks-training-cookbook"\nversion = "0.1.0"\n\n[package.source]\ntype = "git"\nresolved_reference = "{COMMIT}"\n'),
    ][1:],
)  # fmt: skip
def test_a_cookbook_that_is_only_named_has_a_commit(world: World, reference: tuple[str, str]) -> None:
    name, text = reference
    world.write(f"work/project/{name}", text)
    cookbook = world.gather().cookbook
    assert cookbook is not None
    assert (cookbook.folder, cookbook.commit) == (None, COMMIT)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "-e ../../elsewhere/training\n"),
        ("requirements.txt", "--editable=../../elsewhere/training[eval]  # the cookbook\n"),
        ("pyproject.toml", '[project]\ndependencies = ["fireworks-training-cookbook"]\n[tool.uv.sources]\nfireworks-training-cookbook = {path = "../../elsewhere/training", editable = true}\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\nfireworks-training-cookbook = {path = "../../elsewhere/training"}\n'),
    ],
)  # fmt: skip
def test_a_cookbook_that_is_named_by_its_folder_is_read(world: World, name: str, text: str) -> None:
    checkout = world.cookbook(at="elsewhere")
    world.write(f"work/project/{name}", text)
    cookbook = world.gather().cookbook
    assert cookbook is not None
    assert (cookbook.folder, cookbook.source) == (checkout, Source.PROJECT)


def test_the_nearest_folder_with_a_pin_counts(world: World) -> None:
    world.write("work/project/requirements.txt", "fireworks-ai==1.2.1\n")
    world.write("work/project/jobs/requirements.txt", "fireworks-ai==1.2.2\n")
    assert say(world.gather(world.project / "jobs").pin) == "==1.2.2 requirements.txt:1"


def test_a_file_stands_for_its_folder(world: World) -> None:
    script = world.write("work/project/jobs/train.py")
    assert world.gather(script).folders == (script.parent, world.project)


def test_a_path_that_leads_nowhere_is_refused(world: World) -> None:
    with pytest.raises(FwdoctorError, match="no such file or folder"):
        world.gather(Path("gone"))


def test_a_repository_in_the_home_folder_is_no_project(world: World) -> None:
    world.write("home/.git/HEAD")
    folder = world.write("home/a/train.py").parent
    assert world.gather(folder).root == folder
    world.write("home/a/.git/HEAD")
    (folder / "b").mkdir()
    assert world.gather(folder / "b").root == folder
