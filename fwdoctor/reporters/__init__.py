"""Renders reports: one module per format, each a function from a report to text."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from fwdoctor.finding import Report


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is to look: colour, few words, more words, characters beyond ASCII; which part of it."""

    color: bool = False
    quiet: bool = False
    verbose: bool = False
    unicode: bool = True
    part: str | None = None


#: What our own words use beyond ASCII.
_PLAIN = str.maketrans({"…": "..", "→": "->", "·": "-", "×": "x", "≤": "<="})


def ascii_only(text: str) -> str:
    """The text for an output that takes no more than ASCII; what users wrote is escaped."""
    return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode()


def render(
    report: Report,
    output_format: str,
    *,
    color: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    unicode: bool = True,
    part: str | None = None,
) -> str:
    """The report in a format: ``text``, ``concise``, ``json`` or ``jsonl``."""
    module = importlib.import_module(f"fwdoctor.reporters.{output_format}_")
    text: str = module.render(report, Style(color, quiet, verbose, unicode, part))
    return text
