"""Running an agent's command line on a prepared scenario."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.skill_eval.build import environment, prepare
from tests.skill_eval.judge import Mark, judge
from tests.skill_eval.scenario import Scenario, ScenarioError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went: what the judge saw, what was answered, and how long it took."""

    scenario: Scenario
    marks: Sequence[Mark]
    answer: str
    seconds: float
    status: int | None
    """The agent's exit status; None if its time ran out."""

    @property
    def wrong(self) -> list[Mark]:
        """What is amiss."""
        return [mark for mark in self.marks if not mark.good]


def attempt(scenario: Scenario, folder: Path, command: str, *, skills_of: str, timeout_s: float) -> Outcome:
    """Build the scenario in a folder, let the agent work in it, and judge."""
    prepare(scenario, folder, skills_of)
    start = time.monotonic()
    status, answer, errors = _run(words(command, folder), scenario, folder, timeout_s)
    seconds = time.monotonic() - start
    (folder / "record" / "answer.txt").write_text(answer, "utf-8")
    (folder / "record" / "errors.txt").write_text(errors, "utf-8")
    marks = [Mark("the agent ended in time", status is not None, f"{timeout_s:g} s")]
    if status is not None:
        marks.append(Mark("the agent ended well", status == 0, f"status {status}: {errors.strip()[-200:]}"))
    return Outcome(scenario, [*marks, *judge(scenario, folder, answer)], answer, seconds, status)


def words(command: str, folder: Path) -> list[str]:
    """The command line with the prompt, or the file with it, in its places; neither: it comes by standard input."""
    try:
        parts = shlex.split(command)
    except ValueError as error:
        raise ScenarioError(f"--agent: {error}") from error
    if not parts:
        raise ScenarioError("--agent is empty")
    file = folder / "record" / "prompt.txt"
    prompt = file.read_text("utf-8")
    return [part.replace("{prompt_file}", str(file)).replace("{prompt}", prompt) for part in parts]


def _run(parts: list[str], scenario: Scenario, folder: Path, timeout_s: float) -> tuple[int | None, str, str]:
    """Exit status, answer and errors. When its time is up, all that the agent started ends with it."""
    with open(folder / "record" / "prompt.txt", encoding="utf-8") as prompt:
        try:
            process = subprocess.Popen(
                parts,
                cwd=folder / "project",
                env=environment(scenario, folder, os.environ),
                stdin=prompt,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise ScenarioError(f"{parts[0]} cannot be run: {error.strerror}") from error
        with process:
            try:
                answer, errors = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                answer, errors = process.communicate()
                return None, answer, errors
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    return process.returncode, answer, errors
