"""One JSON document."""

from __future__ import annotations

import json

from fwdoctor.finding import Report
from fwdoctor.reporters import Style
from fwdoctor.reporters.document import document


def render(report: Report, style: Style) -> str:
    """The report as one JSON document (``docs/schema/output.json``), ending in a newline."""
    return json.dumps(document(report), indent=2, ensure_ascii=not style.unicode) + "\n"
