"""Every scenario can be solved by what the skill says: an agent that follows it literally does."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.skill.reading import SKILL
from tests.skill_eval import reference_agent
from tests.skill_eval.agent import attempt
from tests.skill_eval.scenario import FOLDER, ScenarioError, everything, load

SCENARIOS = everything()
COMMAND = shlex.join([sys.executable, reference_agent.__file__, "{prompt}"])
MAIN = (SKILL / "SKILL.md").read_text("utf-8")
#: Lists of everything: not what a question is about.
LISTS = {"rules"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_documented_steps_solve_it(name: str, tmp_path: Path) -> None:
    outcome = attempt(SCENARIOS[name], tmp_path / "it", COMMAND, skills_of="claude-code", timeout_s=120)
    assert not outcome.wrong, "\n".join([*(f"{m.what}: {m.detail}" for m in outcome.wrong), outcome.answer])


def test_an_agent_that_reads_no_skill_of_claude_code_finds_it_too(tmp_path: Path) -> None:
    scenario = SCENARIOS["15-no-key"]
    assert not attempt(scenario, tmp_path / "it", COMMAND, skills_of="codex", timeout_s=120).wrong


def test_every_row_of_the_routing_table_has_a_scenario() -> None:
    rows = re.findall(r"\]\(references/([\w/-]+)\.md\)", MAIN.split("## References", 1)[1])
    covered = {page for scenario in SCENARIOS.values() for page in scenario.covers}
    assert set(rows) - LISTS == covered


def test_the_project_is_told_in_files_and_the_question_in_words() -> None:
    for scenario in SCENARIOS.values():
        assert scenario.files, scenario.name
        assert "fwdoctor" not in scenario.prompt, scenario.name
        for name in re.findall(r"\b[\w/]+\.(?:log|py)\b", scenario.prompt):
            assert name in scenario.files, f"{scenario.name}: {name}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_question_alone_is_no_answer(name: str) -> None:
    """What only repeats the user's words must lack something; where the log says it all, running does."""
    scenario = SCENARIOS[name]
    assert not all(re.search(e, scenario.prompt, re.IGNORECASE | re.DOTALL) for e in scenario.answer.must)


def test_the_reference_agent_knows_no_answers() -> None:
    """Nothing that scenarios look for stands in its source."""
    source = Path(reference_agent.__file__).read_text("utf-8")
    assert not re.search(r"FW[DEPS]\d{3}|my-trainer|serving|step-\d|skill_eval", source)


BAD = {
    "an unknown key": ('ask = "?"\n', "unexpected keyword argument 'ask'"),
    "an unknown key of a part": ("[ran]\nmay = []\n", "unknown: may"),
    "no such condition": ('plane = "sunny"\n', "no condition sunny"),
    "no such project": ('base = "none"\n', "no project none"),
    "a broken expression": ('[ran]\nmust = ["("]\n', "unterminated"),
    "a file that is not there": ('[after.lacks]\n"x.py" = ["y"]\n', "no file x.py"),
    "no TOML": ("[[[", "00-bad.toml: Invalid"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "00-bad.toml"
    path.write_text(f'title = "t"\nprompt = "p"\ncovers = []\n{text}\n[answer]\nmust = ["x"]\n', "utf-8")
    with pytest.raises(ScenarioError, match=re.escape(message)):
        load(path)


def test_all_files_of_the_folder_are_scenarios() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} == {".toml"}
