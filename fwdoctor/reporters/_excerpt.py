"""The source line of a finding: redacted for every format, underlined for people, counted in bytes."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator, Sequence

from fwdoctor.finding import Finding, Location
from fwdoctor.redact import redact

#: Columns of the terminal that an excerpt takes at most, its gutter included.
WIDTH = 110
_TAB = 4
#: How much of a line is kept before the flagged part when the line is cut.
_BEFORE = 24


def excerpt(finding: Finding) -> str | None:
    """The source line as it may be shown: one line, with what looks like a secret hidden."""
    line = _line(finding)
    return None if line is None else _redacted(line)


def underlined(finding: Finding, *, unicode: bool) -> tuple[str, str, str] | None:
    """The line's number, the line and the carets below it (may be empty); None if there is no line.

    Nothing in it can move the cursor: characters that would are shown as escapes. Without ``unicode``
    everything is ASCII.
    """
    raw, shown, place = _line(finding), excerpt(finding), finding.location
    if raw is None or shown is None or place is None or place.line is None or not shown.strip():
        return None
    number = str(place.line)
    span = _shown_span(raw, shown, _span(raw, place))
    cells = list(_cells(shown.rstrip(), unicode=unicode))
    text, carets = _window(cells, span, WIDTH - len(f"  {number} | "), unicode=unicode)
    return number, text, carets


def byte_columns(finding: Finding) -> tuple[int | None, int | None]:
    """Column and end column in UTF-8 bytes where the line is known, else as they are in characters."""
    line, place = _line(finding), finding.location
    if place is None:
        return None, None
    if line is None:
        return place.column, place.end_column
    same_line = place.end_line in (None, place.line)
    return _bytes(line, place.column), _bytes(line, place.end_column) if same_line else place.end_column


@functools.lru_cache(maxsize=32_768)
def _redacted(line: str) -> str:
    # Some formats ask twice for every finding, and the patterns cost more than all else there.
    return redact(line)


def _line(finding: Finding) -> str | None:
    return None if finding.excerpt is None else finding.excerpt.partition("\n")[0].rstrip("\r")


def _bytes(line: str, column: int | None) -> int | None:
    return None if column is None else len(line[: column - 1].encode("utf-8", "replace")) + 1


def _span(line: str, place: Location) -> tuple[int, int] | None:
    """What is flagged, as offsets into the line; one character where the end is not known."""
    if place.column is None or not 1 <= place.column <= len(line):
        return None
    start = place.column - 1
    if place.end_line not in (None, place.line):
        end = len(line.rstrip())
    else:
        end = place.end_column - 1 if place.end_column is not None else start + 1
    return start, max(start + 1, min(end, len(line)))


def _shown_span(raw: str, shown: str, span: tuple[int, int] | None) -> tuple[int, int] | None:
    """Where the flagged part is after redaction; None if that cannot be told, or if it is what was hidden."""
    if span is None:
        return None
    start, end = span
    if raw[:end] == shown[:end]:
        return span
    if shown.endswith(raw[start:]):
        moved = len(shown) - len(raw)
        return start + moved, end + moved
    return None


def _cells(line: str, *, unicode: bool) -> Iterator[tuple[str, int]]:
    """Each character as it is shown, and the columns that it takes."""
    column = 0
    for char in line:
        text, width = _cell(char, column, unicode=unicode)
        column += width
        yield text, width


def _cell(char: str, column: int, *, unicode: bool) -> tuple[str, int]:
    if " " <= char <= "~":
        return char, 1
    if char == "\t":
        width = _TAB - column % _TAB
        return " " * width, width
    category = unicodedata.category(char)
    # Controls, marks of direction and halves of characters: a terminal would act on them.
    if not unicode or category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        text = char.encode("ascii", "backslashreplace").decode()
        text = text if len(text) > 1 else f"\\x{ord(char):02x}"
        return text, len(text)
    if category in ("Mn", "Me"):
        return char, 0
    return char, 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _window(
    cells: Sequence[tuple[str, int]], span: tuple[int, int] | None, width: int, *, unicode: bool
) -> tuple[str, str]:
    """What fits of the line, around the flagged part, and the carets below it."""
    dots = "…" if unicode else ".."
    start, end = span or (0, 0)
    first, last = 0, len(cells)
    if _width(cells) > width:
        if _width(cells[:end]) > width - len(dots):
            first = _back(cells, start, _BEFORE)
        room = width - (len(dots) if first else 0)
        if _width(cells[first:]) > room:
            last = _forth(cells, first, room - len(dots))
        else:
            first = _back(cells, last, room)  # the end of the line: there is room for more before it
    left, right = dots if first else "", dots if last < len(cells) else ""
    text = f"{left}{''.join(t for t, _ in cells[first:last])}{right}"
    if span is None or start >= last:
        return text, ""
    blank = len(left) + _width(cells[first:start])
    return text, " " * blank + "^" * max(1, _width(cells[start : min(end, last)]))


def _width(cells: Sequence[tuple[str, int]]) -> int:
    return sum(width for _, width in cells)


def _back(cells: Sequence[tuple[str, int]], at: int, room: int) -> int:
    """The first cell from which no more than ``room`` columns lie before ``at``."""
    while at > 0 and room >= cells[at - 1][1]:
        at -= 1
        room -= cells[at][1]
    return at


def _forth(cells: Sequence[tuple[str, int]], at: int, room: int) -> int:
    """The end of the cells from ``at`` on that fit into ``room`` columns."""
    while at < len(cells) and room >= cells[at][1]:
        room -= cells[at][1]
        at += 1
    return at
