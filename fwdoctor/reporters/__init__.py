"""Renders reports: one module per format, each a function from a report to text."""

from __future__ import annotations

import importlib

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Report
from fwdoctor.lean_dataclass import dataclass

#: They have a place for findings, and none for what ``surface`` and ``skill`` answer.
FINDINGS_ONLY = frozenset({"sarif", "github", "junit", "rdjson"})


#: They redact what they show, and show little of what they are given.
_CLEAN = frozenset({"agent", "sarif", "github", "junit", "rdjson"})

#: A piece of text and its style, in the words of rich.
Piece = tuple[str, str]
Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is to look: colour, few words, more words, characters beyond ASCII; which part of it.

    ``folder`` is where relative paths begin and ``root`` the repository's root, both absolute: some formats
    are read by a platform that knows the repository only. ``job_summary``: there is one beside the report.
    ``rest`` is the command that shows all of what a short format leaves out.
    """

    color: bool = False
    quiet: bool = False
    verbose: bool = False
    unicode: bool = True
    part: str | None = None
    folder: str | None = None
    root: str | None = None
    job_summary: bool = False
    rest: str | None = None


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
    """As :func:`render_as`, with the style as arguments."""
    return render_as(report, output_format, Style(color, quiet, verbose, unicode, part))


def render_as(report: Report, output_format: str, style: Style) -> str:
    """The report in a format: the name of a module here without its ``_`` (``text``, ``json``, ``sarif`` …).

    Raises:
        FwdoctorError: the format has no place for what the report says.
    """
    if output_format in FINDINGS_ONLY and report.result is not None:
        raise FwdoctorError(
            f"'{report.command}' answers without findings, and {output_format} can hold nothing else; "
            "its answer comes as text, concise, json or jsonl"
        )
    from fwdoctor.reporters._secrets import without_secrets

    module = importlib.import_module(f"fwdoctor.reporters.{output_format}_")
    if output_format not in _CLEAN:
        report = without_secrets(report)
    text: str = module.render(report, style)
    return text
