"""``fwdoctor check``: the doctor, its local half."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, output_options

if TYPE_CHECKING:
    from fwdoctor.finding import CheckOutcome, Problem


@click.command("check")
@click.argument("path", default=".", type=click.Path())
@click.option("--python", metavar="PATH", help="The interpreter, or its environment, to look at.")
@click.option("--cookbook", type=click.Path(), help="The cookbook checkout whose pin applies.")
@click.option("--log", "logs", multiple=True, metavar="FILE", help="A log of the run, to be explained, too.")
@click.option("--agent", "for_agent", is_flag=True, help="A brief for coding agents: --output-format agent.")
@output_options
def command(
    path: str,
    python: str | None,
    cookbook: str | None,
    logs: tuple[str, ...],
    for_agent: bool,
    output: Output,
) -> int:
    """Look at Python, the SDK, the cookbook, credentials and the code; say what is wrong and who must act.

    Everything is read, nothing is imported, run or fetched.
    """
    from fwdoctor.environment.doctor import run
    from fwdoctor.finding import Report

    if for_agent:
        if output.output_format not in ("text", "agent"):
            raise click.UsageError(f"--agent does not go with --output-format {output.output_format}.")
        output = dataclasses.replace(output, output_format="agent")
    _, outcomes, problems = run(
        Path(path), python=python, cookbook=Path(cookbook) if cookbook else None, environ=os.environ
    )
    if logs:
        explained = _explained(logs)
        outcomes.append(explained[0])
        problems = [*problems, *explained[1]]
    report = Report(
        command="check",
        findings=tuple(f for o in outcomes for f in o.findings),
        checks=tuple(outcomes),
        problems=tuple(problems),
    )
    return output.finish(report)


def _explained(logs: tuple[str, ...]) -> tuple[CheckOutcome, list[Problem]]:
    """The section of check that is about logs, and what could not be read."""
    from fwdoctor.explain.inputs import open_file
    from fwdoctor.explain.run import explain
    from fwdoctor.finding import CheckOutcome, CheckStatus

    result = explain([open_file(name) for name in logs])
    count = result.unknown_lines
    unknown = f", {count:,} unknown error line{'s' if count != 1 else ''}" if count else ""
    found = tuple(result.findings)
    status = CheckStatus.FINDING if found else CheckStatus.ERROR if result.problems else CheckStatus.OK
    return CheckOutcome(
        "log", status, f"{result.lines:,} line{chr(115) * (result.lines != 1)}{unknown}", found
    ), result.problems
