"""``fwdoctor check``: the doctor, its local half."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fwdoctor.cli._options import Output, output_options


@click.command("check")
@click.argument("path", default=".", type=click.Path())
@click.option("--python", metavar="PATH", help="The interpreter, or its environment, to look at.")
@click.option("--cookbook", type=click.Path(), help="The cookbook checkout whose pin applies.")
@output_options
def command(path: str, python: str | None, cookbook: str | None, output: Output) -> int:
    """Look at Python, the SDK, the cookbook, credentials and the code; say what is wrong and who must act.

    Everything is read, nothing is imported, run or fetched.
    """
    from fwdoctor.environment import run
    from fwdoctor.finding import Report

    _, outcomes, problems = run(
        Path(path), python=python, cookbook=Path(cookbook) if cookbook else None, environ=os.environ
    )
    report = Report(
        command="check",
        findings=tuple(f for o in outcomes for f in o.findings),
        checks=tuple(outcomes),
        problems=tuple(problems),
    )
    return output.finish(report)
