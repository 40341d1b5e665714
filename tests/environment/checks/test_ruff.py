"""Our entries for ruff: where ``check`` says that they have no effect, the real ruff is silent, and only there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.finding import CheckStatus, Severity
from fwdoctor.lint.ruff_config import fragment, shipped
from fwdoctor.rulebook import rulebook
from fwdoctor.surface import timeline
from tests.lint.running import ruff

if TYPE_CHECKING:
    from tests.environment.conftest import Seen, World

PROJECT = '[project]\nname = "mine"\n'
OURS = fragment()
IN_PYPROJECT = PROJECT + fragment(for_pyproject=True)
EXTEND = 'extend = "../fw/ruff.toml"\n'
BAD = "from training.utils import InfraConfig\n"

#: What lies in the project, and what the reason says; None where ruff reports the import.
CASES: dict[str, tuple[dict[str, str], str | None]] = {
    "in pyproject.toml": ({"pyproject.toml": IN_PYPROJECT}, None),
    "in ruff.toml": ({"ruff.toml": OURS}, None),
    "in .ruff.toml, before ruff.toml": ({".ruff.toml": OURS, "ruff.toml": ""}, None),
    "extended": ({"ruff.toml": EXTEND}, None),
    "extended by pyproject.toml": ({"pyproject.toml": f"{PROJECT}[tool.ruff]\n{EXTEND}"}, None),
    "extended by what is extended": (
        {"ruff.toml": 'extend = "conf/base.toml"\n', "conf/base.toml": 'extend = "../../fw/ruff.toml"\n'},
        None,
    ),
    "extended by a variable": ({"ruff.toml": 'extend = "${FW_HOME}/ruff.toml"\n'}, None),
    "above the project": ({"../ruff.toml": OURS}, None),
    "own table": (
        {"ruff.toml": EXTEND + '[lint.flake8-tidy-imports.banned-api]\n"os.getcwd".msg = "no"\n'},
        "ruff.toml has a banned-api table of its own, which replaces the inherited one",
    ),
    "own empty table": (
        {"ruff.toml": EXTEND + "[lint.flake8-tidy-imports.banned-api]\n"},
        "which replaces the inherited one",
    ),
    "another setting of the same plugin": (
        {"ruff.toml": EXTEND + '[lint.flake8-tidy-imports]\nban-relative-imports = "all"\n'},
        None,
    ),
    "nothing selects it": (
        {"ruff.toml": OURS.replace('extend-select = ["TID251"]', "")},
        "nothing selects TID251",
    ),
    "own select": (
        {"ruff.toml": EXTEND + '[lint]\nselect = ["E"]\n'},
        "the select of ruff.toml leaves TID251 out, and replaces what it inherits",
    ),
    "own empty select": ({"ruff.toml": EXTEND + "[lint]\nselect = []\n"}, "leaves TID251 out"),
    "own select, merged without extend-select": (
        {"ruff.toml": OURS.replace("extend-select", "select").replace('"TID251"', '"E", "T"')},
        "the select of ruff.toml leaves TID251 out",
    ),
    "own select with the plugin": ({"ruff.toml": EXTEND + '[lint]\nselect = ["E", "TID"]\n'}, None),
    "own select with a part of it": ({"ruff.toml": EXTEND + '[lint]\nselect = ["TID25"]\n'}, None),
    "own select of all": ({"ruff.toml": EXTEND + '[lint]\nselect = ["ALL"]\n'}, None),
    "own extend-select": ({"ruff.toml": EXTEND + '[lint]\nextend-select = ["B"]\n'}, None),
    "select at the top level": ({"ruff.toml": 'select = ["TID"]\n' + OURS}, None),
    "select at both levels": (
        {"ruff.toml": 'select = ["TID"]\n' + OURS.replace('extend-select = ["TID251"]', 'select = ["E"]')},
        "leaves TID251 out",
    ),
    "ignored": ({"ruff.toml": EXTEND + '[lint]\nignore = ["TID251"]\n'}, "ruff.toml ignores TID251"),
    "ignored with the plugin": ({"ruff.toml": EXTEND + '[lint]\nignore = ["TID"]\n'}, "ignores TID"),
    "ignored the old way": ({"ruff.toml": EXTEND + '[lint]\nextend-ignore = ["TID25"]\n'}, "ignores TID25"),
    "ignored at the top level": ({"ruff.toml": EXTEND + 'ignore = ["TID251"]\n'}, "ignores TID251"),
    "all ignored": ({"ruff.toml": EXTEND + '[lint]\nignore = ["ALL"]\n'}, "ignores ALL"),
    "the plugin ignored, the rule selected": (
        {"ruff.toml": EXTEND + '[lint]\nselect = ["TID251"]\nignore = ["TID"]\n'},
        None,
    ),
    "all selected, the rule ignored": (
        {"ruff.toml": EXTEND + '[lint]\nselect = ["ALL"]\nignore = ["TID2"]\n'},
        "ignores TID2",
    ),
    "ignored below, selected anew": (
        {
            "base.toml": EXTEND + '[lint]\nignore = ["TID251"]\n',
            "ruff.toml": 'extend = "base.toml"\n[lint]\nselect = ["TID"]\n',
        },
        None,
    ),
    "ignored below, and not selected anew": (
        {
            "base.toml": EXTEND + '[lint]\nignore = ["TID251"]\n',
            "ruff.toml": 'extend = "base.toml"\n[lint]\nextend-select = ["B"]\nignore = ["B008"]\n',
        },
        "base.toml ignores TID251",
    ),
    "ignored in every file": (
        {"ruff.toml": EXTEND + '[lint.per-file-ignores]\n"*.py" = ["TID251"]\n'},
        'per-file-ignores of ruff.toml ignore TID251 in every file ("*.py")',
    ),
    "ignored in every file, too": (
        {"ruff.toml": EXTEND + '[lint.extend-per-file-ignores]\n"**/*" = ["ALL"]\n'},
        "ignore ALL in every file",
    ),
    "ignored in other files": (
        {"ruff.toml": EXTEND + '[lint.per-file-ignores]\n"tests/*" = ["TID251"]\n'},
        None,
    ),
    "inherited ignores replaced": (
        {
            "base.toml": EXTEND + '[lint.per-file-ignores]\n"*" = ["TID251"]\n',
            "ruff.toml": 'extend = "base.toml"\n[lint.per-file-ignores]\n"z.py" = ["E"]\n',
        },
        None,
    ),
    "pyproject.toml beside ruff.toml": (
        {"pyproject.toml": IN_PYPROJECT, "ruff.toml": ""},
        "ruff reads ruff.toml instead, and nothing else in that folder",
    ),
    "ruff.toml beside .ruff.toml": (
        {"ruff.toml": OURS, ".ruff.toml": "line-length = 99\n"},
        "reads .ruff.toml",
    ),
    "pyproject.toml without ruff beside it": ({"pyproject.toml": PROJECT, "ruff.toml": OURS}, None),
    "a nearer file": (
        {"ruff.toml": OURS, "src/ruff.toml": "", "src/a.py": BAD},
        "for {project}/src ruff reads {project}/src/ruff.toml alone, which does not extend it",
    ),
    "a nearer pyproject.toml with an empty table": (
        {"pyproject.toml": IN_PYPROJECT, "src/pyproject.toml": "[tool.ruff]\n", "src/lib/a.py": BAD},
        "ruff reads {project}/src/pyproject.toml alone",
    ),
    "a nearer pyproject.toml without ruff": (
        {"pyproject.toml": IN_PYPROJECT, "src/pyproject.toml": PROJECT, "src/a.py": BAD},
        None,
    ),
    "a nearer file that extends": (
        {"pyproject.toml": IN_PYPROJECT, "src/ruff.toml": 'extend = "../pyproject.toml"\n', "src/a.py": BAD},
        None,
    ),
    "a nearer file that extends and selects": (
        {
            "pyproject.toml": IN_PYPROJECT,
            "src/ruff.toml": 'extend = "../pyproject.toml"\nlint.select = ["E"]\n',
            "src/a.py": BAD,
        },
        "the select of ruff.toml leaves TID251 out, and replaces what it inherits",
    ),
}


def build(world: World, files: dict[str, str]) -> None:
    """A project with these files, and one that imports what is gone."""
    world.cookbook()
    world.sdk("1.2.9")
    world.write("work/fw/ruff.toml", OURS)
    world.environ["FW_HOME"] = str(world.root / "work" / "fw")
    for name, text in files.items():
        world.write(f"work/project/{name}", text)
    if not any(name.endswith(".py") for name in files):
        world.write("work/project/a.py", BAD)


def ruff_reports(world: World) -> bool:
    hits = ruff(world.project, FW_HOME=world.environ["FW_HOME"])
    return any(hit.code == "TID251" and "fwdoctor" in hit.message for hit in hits)


def verdict(seen: Seen) -> list[str]:
    return [finding.message for finding in seen.sections["ruff"].findings]


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_what_the_real_ruff_does(world: World, case: str) -> None:
    files, reason = CASES[case]
    build(world, files)
    seen = world.check()
    assert ruff_reports(world) == (reason is None)
    if reason is None:
        assert verdict(seen) == []
        assert seen.sections["ruff"].status is CheckStatus.OK
        assert "fwdoctor's entries are in" in seen.sections["ruff"].detail
    else:
        (message,) = verdict(seen)
        assert reason.format(project=world.project) in message
        finding = seen.one("FWS601")
        assert finding.severity is Severity.WARNING
        assert finding.remedy[0].commands == ("fwdoctor lint --ruff-config",)
    assert seen.problems == []


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"ruff.toml": ""},
        {"pyproject.toml": PROJECT + '[tool.ruff.lint]\nselect = ["E"]\n'},
        {
            "ruff.toml": '[lint.flake8-tidy-imports.banned-api]\n"training.utils.InfraConfig".msg = "not here"\n'
        },
        {"ruff.toml": "lint = 3\nextend = [1]\n"},
        {"ruff.toml": 'extend = "missing.toml"\n[lint]\nselect = "E"\nper-file-ignores = 1\n'},
        {"ruff.toml": 'extend = "b.toml"\n', "b.toml": 'extend = "ruff.toml"\n'},
        {"ruff.toml": "x =\n"},
    ],
)
def test_who_does_not_use_the_entries_hears_nothing(world: World, files: dict[str, str]) -> None:
    build(world, files)
    seen = world.check()
    assert seen.sections["ruff"].status is CheckStatus.OK
    assert verdict(seen) == []
    assert re.search("no configuration of ruff|does not use fwdoctor's entries", seen.sections["ruff"].detail)
    assert seen.problems == []


@pytest.mark.parametrize(
    "nested",
    [
        {"cookbook/ruff.toml": "", "cookbook/training/recipes/a.py": BAD},
        {"other/.git/HEAD": "", "other/ruff.toml": "", "other/a.py": BAD},
        {"tools/ruff.toml": "", "tools/a.py": "import os\n"},
    ],
    ids=["the cookbook's checkout", "a repository of its own", "nothing of Fireworks"],
)
def test_settings_below_that_concern_nobody(world: World, nested: dict[str, str]) -> None:
    build(world, {"ruff.toml": OURS, **nested})
    assert verdict(world.check()) == []


@pytest.mark.parametrize(("code", "told"), [(BAD, True), ("import os\n", False)])
def test_a_part_of_a_project_with_settings_of_its_own(world: World, code: str, told: bool) -> None:
    build(world, {"pyproject.toml": IN_PYPROJECT, "part/ruff.toml": "", "part/a.py": code})
    world.write("work/project/.git/HEAD")
    assert bool(verdict(world.check(world.project / "part"))) == told


def test_what_is_told_once_is_not_told_for_each_file_that_extends_it(world: World) -> None:
    extends = {f"{name}/ruff.toml": 'extend = "../ruff.toml"\n' for name in "xy"}
    code = {f"{name}/a.py": BAD for name in "xy"}
    build(world, {"ruff.toml": EXTEND + '[lint]\nignore = ["TID"]\n', **extends, **code})
    assert len(verdict(world.check())) == 1


# --- up to date? --------------------------------------------------------------------------------------


def test_entries_of_another_fwdoctor_are_told(world: World) -> None:
    lines = [line for line in OURS.splitlines() if not line.startswith('"training.utils.setup_infra"')]
    lines = [line.replace("replaced; now TrainerConfig", "now fwdoctor knows") for line in lines]
    lines += ['"training.utils.later".msg = "as fwdoctor knew"', '"os.getcwd".msg = "mine"']
    build(world, {"ruff.toml": "\n".join(lines)})
    finding = world.check().one("FWS602")
    assert finding.severity is Severity.INFO
    assert "1 missing, 1 no longer banned, 2 with another message" in finding.message


def test_entries_for_the_cookbook_that_is_here_are_right(world: World) -> None:
    june = timeline.cookbook().find("june")
    build(world, {"ruff.toml": fragment(june)})
    assert "FWS602" in world.check().rules
    world.write("work/project/pyproject.toml", PROJECT + _needs(june.commit or ""))
    (world.project / "cookbook" / "training" / "pyproject.toml").unlink()
    assert "FWS602" not in world.check().rules


def _needs(commit: str) -> str:
    url = f"git+https://github.com/fw-ai/cookbook@{commit}#subdirectory=training"
    return f"dependencies = {json.dumps([f'fireworks-training-cookbook @ {url}'])}\n"


def test_the_file_that_comes_with_fwdoctor_is_up_to_date(world: World) -> None:
    build(world, {"ruff.toml": f"extend = {json.dumps(str(shipped()))}\n"})
    assert verdict(world.check()) == []


def test_both_rules_are_tried() -> None:
    tried = set(re.findall(r"FWS6\d\d", Path(__file__).read_text("utf-8")))
    assert {rule for rule in rulebook() if rule.startswith("FWS6")} == tried
