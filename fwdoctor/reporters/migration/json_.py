"""For agents and scripts: everything but the whole texts, which the diff shows."""

from __future__ import annotations

import json

from fwdoctor.records import Record
from fwdoctor.reporters.document import plain


def render(record: Record) -> str:
    """The record as JSON."""
    data = plain(record)
    for file in data["files"]:
        del file["old"], file["new"]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
