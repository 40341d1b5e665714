"""The code section: which versions the code fits, against the cookbook that is there."""

from pathlib import Path

import pytest

from fwdoctor.environment import gather
from fwdoctor.environment.checks import code
from fwdoctor.finding import CheckOutcome, CheckStatus

OLD = "from training.recipes.sft_loop import Config\nfrom training.utils import InfraConfig\nConfig(log_path='l', infra=InfraConfig())\n"
NEW = "from training.recipes.sft_loop import Config\nfrom training.utils import TrainerConfig\nConfig(log_path='l', trainer=TrainerConfig())\n"
NEVER = "from training.recipes.sft_loop import Config\nConfig(log_path='l', infra=1, trainer=2)\n"
PYPROJECT = '[project]\nname = "fireworks-training-cookbook"\nversion = "0.1.0"\ndependencies = ["fireworks-ai[training]{pin}"]\n'
OLD_UTILS = (
    "from dataclasses import dataclass\n@dataclass\nclass InfraConfig:\n    region: str | None = None\n"
)
OLD_RECIPE = (
    "from dataclasses import dataclass\nfrom training.utils import InfraConfig\n"
    "@dataclass\nclass Config:\n    log_path: str\n    infra: InfraConfig | None = None\n"
)


def cookbook(folder: Path, *, old: bool) -> Path:
    """A small cookbook of either shape."""
    recipes = folder / "training" / "recipes"
    recipes.mkdir(parents=True)
    utils, recipe, pin = OLD_UTILS, OLD_RECIPE, ">=1.2.0a70,<2"
    if not old:
        utils = utils.replace("InfraConfig", "TrainerConfig")
        recipe = recipe.replace("InfraConfig", "TrainerConfig").replace("infra:", "trainer:")
        pin = ">=1.2.9,<2"
    (folder / "training" / "__init__.py").write_text("")
    (folder / "training" / "utils.py").write_text(utils)
    (recipes / "sft_loop.py").write_text(recipe)
    (folder / "training" / "pyproject.toml").write_text(PYPROJECT.format(pin=pin))
    return folder


def project(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def check(path: Path, cookbook_folder: Path | None = None) -> CheckOutcome:
    return code.check(gather(path, cookbook=cookbook_folder, environ={}))


CASES = [
    pytest.param(OLD, "old", [], id="old code, old cookbook"),
    pytest.param(NEW, "new", [], id="new code, new cookbook"),
    pytest.param(OLD, "new", ["FWS501"], id="old code, new cookbook"),
    pytest.param(NEW, "old", ["FWS502"], id="new code, old cookbook"),
    pytest.param(NEVER, "new", ["FWS505"], id="neither here nor there"),
    pytest.param(OLD, None, ["FWS503"], id="old code, no cookbook"),
    pytest.param(NEW, None, [], id="new code, no cookbook"),
    pytest.param("print(1)\n", "new", [], id="other code"),
]


@pytest.mark.parametrize(("text", "shape", "rules"), CASES)
def test_old_and_new_do_not_coexist(tmp_path: Path, text: str, shape: str | None, rules: list[str]) -> None:
    folder = None if shape is None else cookbook(tmp_path / "cookbook-checkout", old=shape == "old")
    outcome = check(project(tmp_path / "p", train=text), folder)
    assert [f.rule for f in outcome.findings] == rules
    assert outcome.status is (CheckStatus.FINDING if rules else CheckStatus.OK)


def test_both_ways_out_are_commands(tmp_path: Path) -> None:
    folder = cookbook(tmp_path / "cb", old=False)
    (finding,) = check(project(tmp_path / "p", train=OLD), folder).findings
    migrate, stay = (step.commands[0] for step in finding.remedy)
    assert migrate.startswith("fwdoctor migrate --diff --target ")
    assert str(folder) in migrate
    assert "fireworks-ai[training]==1.2.0a73" in stay
    assert "68dc0d97" in finding.remedy[1].text
    assert "train.py:3" in finding.message


def test_many_files_are_one_finding(tmp_path: Path) -> None:
    outcome = check(project(tmp_path / "p", a=OLD, b=OLD, c=NEW), cookbook(tmp_path / "cb", old=False))
    (finding,) = outcome.findings
    assert finding.message.startswith("2 Python files")
    assert "3 of 3 Python files use the cookbook" in outcome.detail


def test_new_code_with_an_old_sdk(tmp_path: Path) -> None:
    path = project(tmp_path / "p", train=NEW)
    info = path / ".venv" / "lib" / "python3.11" / "site-packages" / "fireworks_ai-1.2.0a60.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fireworks-ai\nVersion: 1.2.0a60\n")
    (path / ".venv" / "pyvenv.cfg").write_text("version = 3.11.9\n")
    (finding,) = check(path).findings
    assert finding.rule == "FWS504"
    assert "1.2.0a60" in finding.message


def test_a_file_that_does_not_parse_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    facts = gather(project(tmp_path / "p", bad="import training.utils\ndef half(:\n", good=NEW), environ={})
    assert code.check(facts).status is CheckStatus.OK
    (problem,) = facts.reader.problems
    assert (problem.path or "").endswith("bad.py")


def test_a_folder_without_python_is_skipped(tmp_path: Path) -> None:
    outcome = check(project(tmp_path / "p"))
    assert outcome.status is CheckStatus.SKIPPED
    assert outcome.detail
