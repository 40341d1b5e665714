"""For a pull request: what was done, and what a person must decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from fwdoctor.finding import FileStatus, Location
from fwdoctor.records import FileRecord, Record, Site

#: What Markdown or GitHub would take for more than text; underscores inside words are just that.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>|#]|\b_|_\b)")


def render(record: Record) -> str:
    """The record as GitHub-flavoured Markdown."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Record) -> Iterator[str]:
    yield f"## fwdoctor migrate → {_escaped(record.target)}"
    yield ""
    yield "| files | |"
    yield "|---|---:|"
    for status, count in record.totals.items():
        yield f"| {status} | {count:,} |"
    yield ""
    left = [(file, site) for file in record.files for site in file.sites]
    if left:
        yield f"### Left for you: {len(left)}"
        by_rule: dict[str, list[tuple[FileRecord, Site]]] = {}
        for file, site in left:
            by_rule.setdefault(f"{site.rule} {site.name}", []).append((file, site))
        for rule, places in sorted(by_rule.items()):
            yield ""
            yield f"**{rule}** ({len(places)})"
            yield ""
            for file, site in places:
                yield f"- [ ] {_link(file.path, site.line, site.cell)}: {_escaped(site.message)}"
            yield ""
            yield from (f"> {_escaped(step)}" for step in places[0][1].remedy)
        yield ""
    if record.moves:
        yield "### Rewritten"
        yield ""
        yield from (f"- {name}: {count}" for name, count in sorted(record.moves.items()))
        yield ""
    failed = [f for f in record.files if f.reason]
    if failed or record.problems:
        yield "### Not done"
        yield ""
        yield from (f"- {_link(f.path)}: {_escaped(f.reason or '')}" for f in failed)
        known = {f"{f.path}: {f.reason}" for f in failed}
        yield from (f"- {_escaped(p)}" for p in record.problems if p not in known)
        yield ""
    changed = [f for f in record.files if f.changed]
    if changed:
        yield f"<details><summary>{len(changed)} changed files</summary>"
        yield ""
        for file in changed:
            todo = f", {len(file.sites)} left" if file.status is FileStatus.PARTIAL else ""
            yield f"- {_link(file.path)}{todo}"
        yield ""
        yield "</details>"
        yield ""
    yield f"`{record.command.replace('`', '')}` (fwdoctor {record.version})"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _link(path: str, line: int | None = None, cell: int | None = None) -> str:
    place = str(Location(path, line, cell=cell))
    target = quote(path.encode("utf-8", "replace")) + (f"#L{line}" if line and not cell else "")
    return f"[`{place.replace('`', '')}`]({target})"
