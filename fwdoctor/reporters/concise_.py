"""One finding a line, as compilers write them: ``path:line:column: RULE message``."""

from __future__ import annotations

from fwdoctor.finding import Report
from fwdoctor.reporters import Style, ascii_only
from fwdoctor.reporters._common import with_verdict


def render(report: Report, style: Style) -> str:
    """The findings, one a line, sorted by place."""
    lines = []
    for f in report.findings:
        place = str(f.location) if f.location else f.resource or "-"
        message = " ".join(with_verdict(f).split())
        lines.append(f"{place}: {f.rule} {message}\n")
    if report.result is not None:
        from fwdoctor.reporters._results import concise

        lines += [f"{row}\n" for row in concise(report.result, quiet=style.quiet)]
    text = "".join(lines)
    return text if style.unicode else ascii_only(text)
