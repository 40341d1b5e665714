"""A report without secrets: every format passes here, those to come included, unless it redacts by itself.

Findings quote: arguments of calls, lines of logs, what the platform says. Names stay as they are (of rules,
files and commands), and so do source lines: they are redacted where they are cut and underlined.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace

from fwdoctor.finding import CheckOutcome, FileOutcome, Finding, Link, Problem, Remedy, Report, Verdict
from fwdoctor.redact import redact


@functools.lru_cache(maxsize=32_768)
def _text(text: str) -> str:
    # Findings of one rule say much the same, and the patterns cost more than all else there.
    return redact(text)


def _maybe(text: str | None) -> str | None:
    return None if text is None else _text(text)


def without_secrets(report: Report) -> Report:
    """The report with everything hidden in its texts that looks like a secret."""
    return replace(
        report,
        findings=_findings(report.findings),
        checks=None if report.checks is None else tuple(map(_check, report.checks)),
        files=None if report.files is None else tuple(map(_file, report.files)),
        problems=tuple(Problem(_text(p.message), p.path) for p in report.problems),
        notes=tuple(map(_text, report.notes)),
        preface=tuple(map(_text, report.preface)),
    )


def _findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(map(_finding, found))


def _finding(found: Finding) -> Finding:
    return replace(
        found,
        message=_text(found.message),
        resource=_maybe(found.resource),
        evidence=_maybe(found.evidence),
        variables={name: _text(value) for name, value in found.variables.items()},
        cause=_maybe(found.cause),
        remedy=tuple(Remedy(_text(step.text), tuple(map(_text, step.commands))) for step in found.remedy),
        chain=_links(found.chain),
        consequences=_links(found.consequences),
        verdict=None if found.verdict is None else _verdict(found.verdict),
    )


def _links(links: Iterable[Link]) -> tuple[Link, ...]:
    return tuple(replace(link, text=_text(link.text)) for link in links)


def _verdict(verdict: Verdict) -> Verdict:
    return replace(verdict, message=_text(verdict.message))


def _check(outcome: CheckOutcome) -> CheckOutcome:
    return replace(outcome, detail=_text(outcome.detail), findings=_findings(outcome.findings))


def _file(outcome: FileOutcome) -> FileOutcome:
    return replace(
        outcome,
        todo=_findings(outcome.todo),
        reason=_maybe(outcome.reason),
        diff=None if outcome.diff is None else redact(outcome.diff),
        ignored=_findings(outcome.ignored),
        guarded=_findings(outcome.guarded),
    )
