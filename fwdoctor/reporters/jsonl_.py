"""JSON lines: one finding, check, file, problem or answer a line, the summary last."""

from __future__ import annotations

import json
from typing import Any

from fwdoctor.finding import Report
from fwdoctor.reporters import Style
from fwdoctor.reporters.document import document


def render(report: Report, style: Style) -> str:
    """The report line by line; each object says its ``type``."""
    data = document(report)
    rows: list[dict[str, Any]] = []
    for key, kind in (
        ("checks", "check"),
        ("files", "file"),
        ("findings", "finding"),
        ("problems", "problem"),
    ):
        rows += [{"type": kind, **row} for row in data.get(key, ())]
    for kind in ("show", "diff", "fit", "build"):
        found = data.get(kind, ())
        rows += [
            {"type": kind, **row} for row in (found if isinstance(found, list) else [found] if found else ())
        ]
    head = {k: data[k] for k in ("tool", "version", "command", "schema")}
    rows.append({"type": "summary", **head, **data["summary"]})
    return "".join(json.dumps(row, ensure_ascii=not style.unicode) + "\n" for row in rows)
