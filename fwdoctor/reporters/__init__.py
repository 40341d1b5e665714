"""Renders reports: one module per format, each a function from a report to text."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from fwdoctor.finding import Report


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is to look: colour, few words, more words, characters beyond ASCII."""

    color: bool = False
    quiet: bool = False
    verbose: bool = False
    unicode: bool = True


def render(
    report: Report,
    output_format: str,
    *,
    color: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    unicode: bool = True,
) -> str:
    """The report in a format: ``text``, ``concise``, ``json`` or ``jsonl``."""
    module = importlib.import_module(f"fwdoctor.reporters.{output_format}_")
    text: str = module.render(report, Style(color, quiet, verbose, unicode))
    return text
