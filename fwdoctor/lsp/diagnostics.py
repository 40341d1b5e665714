"""Findings as the protocol's diagnostics, and what is shown over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from fwdoctor.finding import Finding, Severity
from fwdoctor.lsp.positions import Lines
from fwdoctor.redact import redact
from fwdoctor.rulebook import rulebook

if TYPE_CHECKING:
    from fwdoctor.lint.engine import Found

SOURCE = "fwdoctor"
_SEVERITY = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
#: What is on its way out is struck through, what does nothing is faded.
_TAGS = {
    **dict.fromkeys(
        ("FWD101", "FWD102", "FWD103", "FWD104", "FWD107", "FWD117", "FWD118"), types.DiagnosticTag.Deprecated
    ),
    "FWD001": types.DiagnosticTag.Unnecessary,
}


def diagnostics(found: Sequence[Found], lines: Lines) -> list[types.Diagnostic]:
    """A diagnostic for each finding, in their order."""
    return [diagnostic(f.finding, lines) for f in found]


def diagnostic(finding: Finding, lines: Lines) -> types.Diagnostic:
    """A finding as the editor shows it."""
    reference = finding.reference or ""
    place = finding.location
    tag = _TAGS.get(finding.rule)
    return types.Diagnostic(
        range=lines.range(place) if place else types.Range(types.Position(0, 0), types.Position(0, 0)),
        message=redact(finding.message),
        severity=_SEVERITY[finding.severity],
        code=finding.rule,
        code_description=types.CodeDescription(reference) if reference.startswith("https://") else None,
        source=SOURCE,
        tags=[tag] if tag else None,
    )


def explanation(findings: Sequence[Finding]) -> str:
    """The pages of the rules of findings, with what each says of its place, as Markdown."""
    from fwdoctor.reporters.rule_page import brief

    pages = (redact(brief(rulebook()[finding.rule], finding)) for finding in findings)
    return "\n---\n\n".join(dict.fromkeys(pages))
