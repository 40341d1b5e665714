"""The code section: which versions the code fits, against the cookbook that is there."""

from pathlib import Path

import pytest

from fwdoctor.environment.checks import code, known_pairs
from fwdoctor.environment.facts import gather
from fwdoctor.finding import CheckOutcome, CheckStatus
from fwdoctor.surface import timeline

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


def commit(folder: Path, name: str) -> None:
    """Make a folder look like a checkout at a commit of the timeline."""
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text(f"{timeline.cookbook().find(name).commit}\n")


def installed(path: Path, version: str) -> None:
    """An environment of the project that has a release of the SDK, as metadata."""
    info = path / ".venv" / "lib" / "python3.11" / "site-packages" / f"fireworks_ai-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fireworks-ai\nVersion: {version}\n")
    (path / ".venv" / "pyvenv.cfg").write_text("version = 3.11.9\n")


def test_the_exact_gap_is_named(tmp_path: Path) -> None:
    folder = cookbook(tmp_path / "cb", old=False)
    commit(folder, "2026-07-06")
    text = "from training.utils import TrainerConfig\nTrainerConfig(pending_timeout_s=60)\n"
    (finding,) = check(project(tmp_path / "p", train=text), folder).findings
    assert finding.rule == "FWS502"
    assert "train.py:2 (config.TrainerConfig takes no pending_timeout_s=" in finding.message
    assert "1311b610 (2026-07-17) added it and needs fireworks-ai[training]>=1.2.0a87,<2" in finding.message


def test_pin_installed_and_what_the_code_fits_are_in_one_finding(tmp_path: Path) -> None:
    folder, path = cookbook(tmp_path / "cb", old=False), project(tmp_path / "p", train=OLD)
    installed(path, "1.2.9")
    (finding,) = check(path, folder).findings
    assert finding.evidence is not None
    fits, there, sdk = finding.evidence.splitlines()
    assert fits.startswith("the code fits: cookbook d6c10c87…68dc0d97 (2026-03-10 to 2026-05-31), which pins")
    assert there.endswith("which pins fireworks-ai[training]>=1.2.9,<2")
    assert sdk == "installed: fireworks-ai 1.2.9"


def test_a_fork_is_judged_by_what_it_has_not_by_what_it_calls_itself(tmp_path: Path) -> None:
    folder = cookbook(tmp_path / "cb", old=False)
    commit(folder, "may")  # it says so, but has the new names
    assert check(project(tmp_path / "p", train=NEW), folder).findings == ()
    (finding,) = check(project(tmp_path / "q", train=OLD), folder).findings
    assert finding.rule == "FWS501"
    assert "68dc0d97 (2026-05-29), edited (" in finding.message


def test_a_half_written_cookbook_is_a_problem(tmp_path: Path) -> None:
    folder = cookbook(tmp_path / "cb", old=False)
    (folder / "training" / "more.py").write_text("def half(:\n")
    facts = gather(project(tmp_path / "p", train=NEW), cookbook=folder, environ={})
    assert code.check(facts).findings == ()
    (problem,) = facts.reader.problems
    assert "more.py: line 1: cannot be read as Python" in str(problem)


SDK_CODE = (
    "from fireworks.training.sdk import TrainerJobConfig\n"
    "TrainerJobConfig(base_model='m', inactivity_timeout='600s')\n"
)


@pytest.mark.parametrize(
    ("version", "rules"), [("1.2.0a71", ["FWS506"]), ("1.2.0a72", []), ("1.2.28", []), ("9.9", [])]
)
def test_code_against_the_installed_sdk(tmp_path: Path, version: str, rules: list[str]) -> None:
    path = project(tmp_path / "p", train=SDK_CODE)
    installed(path, version)
    outcome = check(path)
    assert [f.rule for f in outcome.findings] == rules
    assert "1 of 1 Python file uses the SDK; fits fireworks-ai 1.2.0a72 to" in outcome.detail
    for finding in outcome.findings:
        assert "train.py:2 (trainer.TrainerJobConfig takes no inactivity_timeout=" in finding.message
        assert "fireworks-ai 1.2.0a72 added it" in finding.message
        assert "fireworks-ai[training]==" in finding.remedy[0].commands[0]


def test_code_that_mixes_releases_is_told_so(tmp_path: Path) -> None:
    text = (
        "from fireworks.training.sdk import TrainerJobConfig, TITOSidecar\n"
        "import fireworks.training.sdk._tinker_r3_patch\n" + SDK_CODE
    )
    path = project(tmp_path / "p", train=text)
    installed(path, "1.2.0a71")
    rules = [f.rule for f in check(path).findings]
    assert rules in (["FWS506"], ["FWS507"])


@pytest.mark.parametrize(
    ("name", "version", "rules"),
    [
        ("ffb90baf", "1.2.0a77", ["FWS211"]),
        ("ffb90baf", "1.2.0a78", []),
        ("may", "1.2.0a70", []),
        (None, "1.2.0a77", []),
    ],
)
def test_an_sdk_that_the_pin_allows_and_that_lacks_what_the_cookbook_uses(
    tmp_path: Path, name: str | None, version: str, rules: list[str]
) -> None:
    folder = cookbook(tmp_path / "cb", old=True)  # pins >=1.2.0a70
    if name is not None:
        commit(folder, name)
    path = project(tmp_path / "p", train=OLD)
    installed(path, version)
    outcome = known_pairs.check(gather(path, cookbook=folder, environ={}))
    assert [f.rule for f in outcome.findings] == rules
    for finding in outcome.findings:
        assert finding.remedy[0].commands[0].endswith("'fireworks-ai[training]==1.2.0a78'")


def test_the_release_to_take_works_with_the_cookbook(tmp_path: Path) -> None:
    folder, path = cookbook(tmp_path / "cb", old=False), project(tmp_path / "p", train=SDK_CODE)
    installed(path, "1.2.0a71")
    findings = check(path, folder).findings
    (finding,) = [f for f in findings if f.rule == "FWS506"]
    # From 1.2.25 on, the SDK is known not to work with the cookbook of that pin.
    assert finding.remedy[0].commands[0].endswith("'fireworks-ai[training]==1.2.24'")


@pytest.mark.parametrize(
    ("name", "text", "detail"),
    [
        ("a.txt", "hello\n", "a.txt, read as Python, uses neither the cookbook nor the SDK"),
        ("a.py", "print(1)\n", "1 Python file uses neither the cookbook nor the SDK"),
        ("train", NEW, "1 of 1 file uses the cookbook; "),
        ("train.py", NEW, "1 of 1 Python file uses the cookbook; "),
    ],
)
def test_only_a_python_file_is_called_one(
    name: str, text: str, detail: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    assert check(tmp_path / name).detail.startswith(detail)
