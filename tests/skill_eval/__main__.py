"""``python -m tests.skill_eval``: lets an agent loose on broken training runs, and judges what it did.

Run it in the repository's root:  python -m tests.skill_eval --agent 'COMMAND {prompt}'
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.skill_eval.agent import Outcome, attempt
from tests.skill_eval.build import environment, prepare
from tests.skill_eval.judge import judge, solved
from tests.skill_eval.scenario import Scenario, ScenarioError, everything, named


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked: 0 all solved, 1 not all, 2 it could not be done."""
    options = _parser().parse_args(arguments)
    try:
        return _do(options)
    except (ScenarioError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _do(options: argparse.Namespace) -> int:
    chosen = [named(name) for name in options.scenario] or list(everything().values())
    if options.list:
        for scenario in chosen:
            _say(f"{scenario.name:<28} {scenario.title}")
        return 0
    if options.judge:
        return _judge(Path(options.judge[0]), Path(options.judge[1]), options.output_format)
    if options.prepare:
        if len(options.scenario) != 1:
            raise ScenarioError("--prepare takes one --scenario")
        return _prepare(chosen[0], options.prepare.resolve(), options.skills_of)
    if not options.agent:
        raise ScenarioError("say which --agent to run; or --list, --prepare, --judge")
    return _attempts(chosen, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.skill_eval", description=__doc__)
    parser.add_argument(
        "--agent",
        metavar="COMMAND",
        help="{prompt} and {prompt_file} are filled in; neither: by standard input",
    )
    parser.add_argument(
        "--skills-of", default="claude-code", metavar="AGENT", help="whose folder the skill goes to"
    )
    parser.add_argument(
        "--scenario", action="append", default=[], metavar="NAME", help="only this; may be repeated"
    )
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="of each scenario")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="work below this folder, and leave all there"
    )
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    parser.add_argument("--list", action="store_true", help="show the scenarios and end")
    parser.add_argument("--prepare", type=Path, metavar="DIR", help="only build one scenario there")
    parser.add_argument("--judge", nargs=2, metavar=("DIR", "ANSWER_FILE"), help="judge what was done there")
    return parser


def _prepare(scenario: Scenario, folder: Path, skills_of: str) -> int:
    prepare(scenario, folder, skills_of)
    ours = environment(scenario, folder, {"PATH": "$PATH"})
    _say(f"cd {shlex.quote(str(folder / 'project'))}")
    _say("unset FIREWORKS_API_KEY FIREWORKS_BASE_URL VIRTUAL_ENV PYTHONPATH")
    for name, value in ours.items():
        _say(f'export {name}="{value}"')
    _say("# the question:")
    _say(scenario.prompt)
    return 0


def _judge(folder: Path, answer: Path, output_format: str) -> int:
    try:
        settings = json.loads((folder / "record" / "settings.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{folder} was not made by --prepare") from error
    scenario = named(settings["scenario"])
    marks = judge(scenario, folder, answer.read_text("utf-8", "replace"))
    if output_format == "json":
        _say(
            json.dumps(
                {"scenario": scenario.name, "solved": solved(marks), "marks": [_row(m) for m in marks]}
            )
        )
    else:
        for mark in marks:
            _say(f"{'ok ' if mark.good else 'BAD'} {mark.what}: {mark.detail}".rstrip(": "))
    return 0 if solved(marks) else 1


def _attempts(chosen: Sequence[Scenario], options: argparse.Namespace) -> int:
    """One scenario after the other; a table as it grows, or JSON in the end."""
    folder = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="skill-eval-"))
    outcomes = []
    try:
        for scenario in chosen:
            outcome = attempt(
                scenario,
                folder / scenario.name,
                options.agent,
                skills_of=options.skills_of,
                timeout_s=options.timeout,
            )
            outcomes.append(outcome)
            if options.output_format == "text":
                _tell(outcome)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    good = sum(not outcome.wrong for outcome in outcomes)
    if options.output_format == "json":
        _say(json.dumps({"solved": good, "of": len(outcomes), "scenarios": [_outcome(o) for o in outcomes]}))
    else:
        _say(f"{good} of {len(outcomes)} solved")
    return 0 if good == len(outcomes) else 1


def _tell(outcome: Outcome) -> None:
    verdict = "FAILED" if outcome.wrong else "solved"
    _say(f"{outcome.scenario.name:<28} {verdict}  {outcome.seconds:5.1f} s")
    for mark in outcome.wrong:
        _say(f"    {mark.what}: {mark.detail}".rstrip(": "))


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "scenario": outcome.scenario.name,
        "solved": not outcome.wrong,
        "seconds": round(outcome.seconds, 1),
        "status": outcome.status,
        "answer": outcome.answer,
        "marks": [_row(mark) for mark in outcome.marks],
    }


def _row(mark: Any) -> dict[str, Any]:
    return {"what": mark.what, "good": mark.good, "detail": mark.detail}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
