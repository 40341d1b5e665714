"""For a person who reviews many files: one page that needs nothing else, differences side by side."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from fwdoctor.finding import FileStatus
from fwdoctor.records import FileRecord, Record, Site

#: Unchanged lines that are shown around what changed.
_CONTEXT = 3
_MARKER = re.compile(r"TODO\(fwdoctor\): (FWD\d+)")
_ORDER = (FileStatus.FAILED, FileStatus.PARTIAL, FileStatus.PORTED, FileStatus.SKIPPED, FileStatus.UNCHANGED)
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

_STYLE = Path(__file__).with_name("page.css")


def render(record: Record) -> str:
    """The record as one HTML page."""
    return "".join(_page(record))


def _page(record: Record) -> Iterator[str]:
    files = sorted(record.files, key=lambda f: (_ORDER.index(f.status), f.path))
    title = f"fwdoctor migrate → {record.target}"
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(title)}</title><style>{_STYLE.read_text('utf-8')}</style></head><body>\n"
    made_by = f"{record.command} · fwdoctor {record.version}"
    yield f"<header><h1>{_text(title)}</h1><div class=dim>{_text(made_by)}</div>"
    for status, count in record.totals.items():
        yield f'<span class="count {_text(status)}">{_text(status)} {count:,}</span>'
    yield f'<span class="count{" todo" if record.left else ""}">left for you {record.left:,}</span>'
    for problem in record.problems:
        yield f'<div class="failed">{_text(problem)}</div>'
    yield "</header>\n<div class=page><nav>"
    for number, file in enumerate(files):
        left = f"<span class=dim>{len(file.sites)}</span>" if file.sites else ""
        yield f'<a href="#f{number}"><span class="tag {file.status}">{file.status}</span>'
        yield f"<span class=path>{_text(file.path)}</span>{left}</a>"
    yield "</nav><main>\n"
    for number, file in enumerate(files):
        yield from _file(number, file)
    yield "</main></div></body></html>\n"


def _file(number: int, file: FileRecord) -> Iterator[str]:
    unfolded = " open" if file.sites or file.status is FileStatus.FAILED else ""
    yield f'<details class=file id="f{number}"{unfolded}><summary>'
    yield f'<span class="tag {file.status}">{file.status}</span> '
    yield f"<strong>{_text(file.path)}</strong>"
    moves = ", ".join(f"{name} {count}" for name, count in file.moves.items())
    yield f" <span class=dim>{_text(moves)}</span></summary>"
    if file.reason:
        yield f'<p class="sites failed">{_text(file.reason)}</p>'
    listed = (*file.sites, *file.notes)
    if listed:
        yield "<ul class=sites>"
        for site in listed:
            cell = f"cell {site.cell}, " if site.cell else ""
            line = f"line {site.line}: " if site.line else ""
            yield f"<li><strong>{site.rule}</strong> {cell}{line}{_text(site.message)}</li>"
        yield "</ul>"
    if file.changed or file.old != file.new:
        yield "<div class=scroll><table><colgroup><col class=n><col><col class=n><col></colgroup>"
        yield from _rows(file)
        yield "</table></div>"
    yield "</details>\n"


def _rows(file: FileRecord) -> Iterator[str]:
    old, new = file.old.splitlines(), file.new.splitlines()
    sites = {s.line: s for s in file.sites if s.line is not None and s.cell is None}
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    last = 0
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        skipped = group[0][1] - last
        if skipped:
            yield _gap(skipped)
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                for k in range(i2 - i1):
                    yield _row(i1 + k, j1 + k, _text(old[i1 + k]), _text(new[j1 + k]))
            else:
                yield from _changed(old, new, (i1, i2, j1, j2), sites)
        last = group[-1][2]
    if len(old) > last:
        yield _gap(len(old) - last)


def _gap(count: int) -> str:
    return f"<tr class=gap><td colspan=4>{count} unchanged {'line' if count == 1 else 'lines'}</td></tr>\n"


def _changed(
    old: Sequence[str], new: Sequence[str], span: tuple[int, int, int, int], sites: dict[int, Site]
) -> Iterator[str]:
    """The rows of one stretch that changed: lines that became others stand beside each other."""
    for i, j in _paired(old, new, span):
        left = old[i] if i is not None else None
        right = new[j] if j is not None else None
        before, after = _marked(left, right) if left is not None and right is not None else (None, None)
        shown_old = before if before is not None else _text(left) if left is not None else None
        shown_new = after if after is not None else _text(right) if right is not None else None
        marked = right is not None and _MARKER.search(right) is not None
        if marked and shown_new is not None and (site := sites.get((j or 0) + 1)) is not None:
            steps = " ".join(site.remedy)
            shown_new += f"<span class=why>{_text(steps)}</span>" if steps else ""
        yield _row(i, j, shown_old, shown_new, changed=True, todo=marked)


def _paired(
    old: Sequence[str], new: Sequence[str], span: tuple[int, int, int, int]
) -> Iterator[tuple[int | None, int | None]]:
    """Which lines stand beside each other: markers alone, the others in turn."""
    i, i2, j, j2 = span
    while i < i2 or j < j2:
        if j < j2 and _MARKER.search(new[j]) and not (i < i2 and _MARKER.search(old[i])):
            yield None, j
            j += 1
            continue
        yield (i if i < i2 else None), (j if j < j2 else None)
        i, j = i + 1, j + 1


def _marked(left: str, right: str) -> tuple[str, str] | tuple[None, None]:
    """Two lines with what differs between them marked; None if they have too little in common."""
    one, two = _WORDS.findall(left), _WORDS.findall(right)
    matcher = difflib.SequenceMatcher(None, one, two, autojunk=False)
    if matcher.ratio() < 0.4:
        return None, None
    before, after = [], []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        a, b = _text("".join(one[i1:i2])), _text("".join(two[j1:j2]))
        before.append(a if tag == "equal" or not a else f"<b>{a}</b>")
        after.append(b if tag == "equal" or not b else f"<b>{b}</b>")
    return "".join(before), "".join(after)


def _row(
    i: int | None,
    j: int | None,
    left: str | None,
    right: str | None,
    *,
    changed: bool = False,
    todo: bool = False,
) -> str:
    head = "<tr class=todo>" if todo else "<tr>"
    return (
        head
        + _side(i, left, "old" if changed else "")
        + _side(j, right, "new" if changed else "")
        + "</tr>\n"
    )


def _side(number: int | None, text: str | None, kind: str) -> str:
    style = f" class={kind}" if kind and text is not None else ""
    return f"<td class=n>{'' if number is None else number + 1}</td><td{style}>{text or ''}</td>"


def _text(text: str) -> str:
    return escape(text.encode("utf-8", "replace").decode())
