"""How many findings there are of each rule: one line a rule, the most frequent first."""

from __future__ import annotations

import json
from collections import Counter

from fwdoctor.finding import Report
from fwdoctor.reporters import Style


def render(report: Report, style: Style, *, as_json: bool = False) -> str:
    """The counts as lines of text, or as a JSON list of objects with rule, name and count."""
    counts = Counter((f.rule, f.name) for f in report.findings)
    rows = sorted(((count, rule, name) for (rule, name), count in counts.items()), key=_order)
    if as_json:
        data = [{"rule": rule, "name": name, "count": count} for count, rule, name in rows]
        return json.dumps(data, indent=2, ensure_ascii=not style.unicode) + "\n"
    width = max((len(str(count)) for count, _, _ in rows), default=0)
    across = max((len(rule) for _, rule, _ in rows), default=0)
    lines = [f"{count:>{width}}  {rule:<{across}}  {name}\n" for count, rule, name in rows]
    if lines or style.quiet:
        return "".join(lines)
    return "nothing found\n"


def _order(row: tuple[int, str, str]) -> tuple[int, str, str]:
    count, rule, name = row
    return -count, rule, name
