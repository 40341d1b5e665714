"""Lists as the control plane answers them: filter, order, pages; and JSON as protobuf writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .wire import ApiError, Json

_TERM = re.compile(r"\s*([\w.]+)\s*(=|!=|:)\s*(\"[^\"]*\"|[\w./-]+)\s*")
MAX_PAGE = 200


def page(rows: Sequence[Json], query: Mapping[str, str], key: str) -> Json:
    """One page of ``rows`` below ``key``, as the query has it: ``filter``, ``orderBy``, ``pageSize``,
    ``pageToken``, ``readMask``."""
    chosen = [row for row in rows if _matches(row, query.get("filter", ""))]
    if order := query.get("orderBy"):
        name, _, direction = order.partition(" ")
        chosen.sort(key=lambda row: str(_value(row, name)), reverse=direction.strip() == "desc")
    size = min(int(query.get("pageSize") or 50), MAX_PAGE)
    start = _start(query.get("pageToken"), len(chosen))
    if mask := query.get("readMask"):
        chosen = [_masked(row, mask) for row in chosen]
    answer: Json = {key: chosen[start : start + size], "totalSize": len(chosen)}
    if start + size < len(chosen):
        answer["nextPageToken"] = f"page-{start + size}"
    return answer


def _masked(row: Json, mask: str) -> Json:
    """The fields of a row that a mask names, in either case; of a path, the whole first field."""
    names = {_camel(part.strip().split(".")[0]) for part in mask.split(",")}
    return {name: value for name, value in row.items() if name in names}


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda m: m[1].upper(), name)


def _start(token: str | None, total: int) -> int:
    if not token:
        return 0
    match = re.fullmatch(r"page-(\d+)", token)
    if match is None or int(match[1]) > total:
        raise ApiError(400, f"invalid page token {token!r}")
    return int(match[1])


def _matches(row: Json, expression: str) -> bool:
    for term in re.split(r"\s+AND\s+", expression) if expression.strip() else ():
        match = _TERM.fullmatch(term)
        if match is None:
            raise ApiError(400, f"invalid filter: {term!r}")
        name, operator, wanted = match.groups()
        found = _value(row, name)
        text = str(found).lower() if isinstance(found, bool) else str(found)
        wanted = wanted.strip('"')
        # A colon asks whether the field has the text in it.
        if (wanted in text if operator == ":" else text == wanted) is (operator == "!="):
            return False
    return True


def _value(row: Json, name: str) -> Any:
    """The value at a dotted path in snake case, as filters name fields."""
    found: Any = row
    for part in name.split("."):
        found = found.get(_camel(part)) if isinstance(found, dict) else None
    return found


def without_zeros(value: Any) -> Any:
    """What protobuf's JSON is without its zero values: no 0, false, empty text or empty list in an object.

    The first name of an enum is its zero, too.
    """
    if isinstance(value, dict):
        return {k: without_zeros(v) for k, v in value.items() if not _is_zero(k, v)}
    if isinstance(value, list):
        return [without_zeros(v) for v in value]
    return value


def _is_zero(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.endswith("_UNSPECIFIED") or (name == "code" and value == "OK")
    return value in (0, None) or value == []
