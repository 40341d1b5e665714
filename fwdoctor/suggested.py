"""The commands that findings suggest, fitted to the run that found them.

Rules name ``fwdoctor migrate FILE`` and no target, and a text from the standard input has the name of a file
that may not be there. Pasted as they are, such commands would compare with another version, or fail.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace

from fwdoctor.finding import CheckOutcome, FileOutcome, Finding, Remedy, Report

#: The commands that take --target; ``lint --ruff-config`` compares nothing.
_AIMED = re.compile(r"^fwdoctor (migrate|lint)(?=\s|$)(?!.*\s--(target|ruff-config)(\s|=|$))")


def with_target(report: Report, target: str | None) -> Report:
    """The report with ``--target`` in the suggested commands that take one and have none.

    None and ``auto`` need no saying: the commands choose so by themselves.
    """
    if target in (None, "auto"):
        return report
    said = f" --target {shlex.quote(target)}"
    return _each_command(report, lambda command: _AIMED.sub(lambda m: m[0] + said, command, count=1))


def without_file(report: Report, name: str) -> Report:
    """The report without the suggested commands that are about a file."""
    return _each_command(report, lambda command: None if name in _words(command) else command)


def _words(command: str) -> list[str]:
    try:
        return [*shlex.split(command), *command.split()]
    except ValueError:  # a quote that does not end, in the file's name
        return command.split()


def _each_command(report: Report, change: Callable[[str], str | None]) -> Report:
    """The report with every suggested command changed; those of which nothing is left are gone."""
    # Reports hold a finding more than once, and some readers ask whether it is the same one.
    known: dict[int, Finding] = {}

    def finding(found: Finding) -> Finding:
        if id(found) not in known:
            known[id(found)] = replace(found, remedy=tuple(step(s) for s in found.remedy))
        return known[id(found)]

    def step(remedy: Remedy) -> Remedy:
        changed = (change(command) for command in remedy.commands)
        return Remedy(remedy.text, tuple(command for command in changed if command is not None))

    def check(outcome: CheckOutcome) -> CheckOutcome:
        return replace(outcome, findings=tuple(map(finding, outcome.findings)))

    def file(outcome: FileOutcome) -> FileOutcome:
        return replace(
            outcome,
            todo=tuple(map(finding, outcome.todo)),
            ignored=tuple(map(finding, outcome.ignored)),
        )

    return replace(
        report,
        findings=tuple(map(finding, report.findings)),
        checks=None if report.checks is None else tuple(map(check, report.checks)),
        files=None if report.files is None else tuple(map(file, report.files)),
    )
