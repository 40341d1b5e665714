"""Error lines that no class explains: grouped by what they have in common, with a stub for a new class."""

from __future__ import annotations

import json
import re
from dataclasses import field

from fwdoctor.explain.quote import visible
from fwdoctor.explain.scan import ErrorLine
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.redact import redact_log

_MOST_GROUPS = 500
_WIDTH = 240
#: What differs between two lines of one kind, the longest first.
_MASKS = (
    (re.compile(r"https?://\S+"), "<url>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*Z?\b"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d[.,\d]*\b"), "<time>"),
    (re.compile(r"(?<![\w<])(?:accounts/)?[\w.-]+(?:/[\w.@-]+)+"), "<path>"),
    (re.compile(r"'[^'\n]{1,200}'|\"[^\"\n]{1,200}\""), "'<value>'"),
    (re.compile(r"\b(?=[a-z]*\d)[a-z0-9]{8,}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-f]+\b"), "<id>"),
    (re.compile(r"(?<![\w<])\d[\d.,_]*\b"), "<number>"),
)


@dataclass
class Group:
    """Lines that differ only in ids, numbers and paths."""

    template: str
    example: str
    exception: str | None
    count: int = 0
    first: int = 0
    last: int = 0
    #: whether its tracebacks run through the SDK or the cookbook
    is_ours: bool = False


@dataclass
class Unknown:
    """All groups of one input; ``lines`` counts every line, of groups that were too many to keep, too."""

    groups: dict[str, Group] = field(default_factory=dict)
    lines: int = 0

    def add(self, line: ErrorLine) -> None:
        """Count a line."""
        self.lines += 1
        template = masked(line.text)
        group = self.groups.get(template)
        if group is None:
            if len(self.groups) >= _MOST_GROUPS:
                return
            group = Group(template, visible(redact_log(line.text))[:_WIDTH], line.exception, first=line.line)
            self.groups[template] = group
        group.count += 1
        group.last = line.line
        group.is_ours = group.is_ours or line.is_ours

    @property
    def by_count(self) -> list[Group]:
        """The groups, the most frequent first."""
        return sorted(self.groups.values(), key=lambda g: (-g.count, g.first))


def masked(text: str) -> str:
    """A line with everything masked in which two of a kind may differ."""
    text = visible(redact_log(text.strip()))[:1000]
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text[:_WIDTH]


def stub(group: Group) -> str:
    """A class of errors to be completed, in the form of the catalogue's files."""
    message = group.template.rpartition(f"{group.exception}: ")[2] if group.exception else group.template
    message = re.sub(r"^(?:<time>|<number>|[\s\]:,-])+(?:ERROR|CRITICAL|FATAL)?[\s:,-]*", "", message)
    kinds = {"path": "word", "id": "word", "url": "word", "number": "int", "value": "text", "time": "text"}
    seen: dict[str, int] = {}

    def placeholder(found: re.Match[str]) -> str:
        kind = found[1]
        seen[kind] = seen.get(kind, 0) + 1
        name = kind if seen[kind] == 1 else f"{kind}_{'abcdefghij'[min(seen[kind], 10) - 1]}"
        return f"<{name}:{kinds[kind]}>" if kinds[kind] != "text" else f"<{name}>"

    text = re.sub(r"<(path|id|url|number|value|time)>", placeholder, message)
    return "\n".join(
        [
            "[[error]]",
            'id = "FWE___"',
            'name = "..."',
            'title = "..."',
            'severity = "error"',
            'side = "unknown"',
            'cause = "..."',
            'source = "..."',
            'reference = "..."',
            f"examples = [{json.dumps(group.example, ensure_ascii=False)}]",
            'counter_examples = ["..."]',
            "",
            "[[error.remedy]]",
            'text = "..."',
            "",
            "[[error.match]]",
            f"text = {json.dumps(text, ensure_ascii=False)}",
        ]
    )
