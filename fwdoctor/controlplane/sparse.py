"""Reads answers whose fields may be absent: what is not there is None: unknown, and never a finding.

Servers of several ages answer, and protobuf leaves zeros out. So nothing here raises: a value of an
unexpected type is as unknown as one that is missing. ``zero`` is for fields that are left out because they
are zero: it counts only if the object that would hold them is there.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import Any

from fwdoctor.redact import redact_log

#: A message of more than that is no message.
_LONGEST = 500


def field(row: Any, path: str, *, zero: Any = None) -> Any:
    """The value at ``a.b`` of a row; ``zero`` if only the last field is absent or null."""
    *parents, last = path.split(".")
    for name in parents:
        row = row.get(name) if isinstance(row, Mapping) else None
    if not isinstance(row, Mapping):
        return None
    value = row.get(last)
    return zero if value is None else value


def text(row: Any, path: str) -> str | None:
    """A text, or an enum's name as the server spells it: new names appear without notice. "" is none."""
    value = field(row, path)
    if not isinstance(value, str) or not value:
        return None
    return printable(value)


def printable(value: str) -> str:
    """A server's text as it may go to a terminal: nothing of it moves the cursor."""
    return value if value.isprintable() else "".join(c if c.isprintable() else " " for c in value)


def told(row: Any, path: str) -> str | None:
    """What somebody wrote for people to read: in one line, not too long, and without secrets."""
    value = text(row, path)
    line = " ".join(redact_log(value[:_LONGEST]).split()) if value is not None else ""
    return line or None


def flag(row: Any, path: str, *, zero: bool | None = None) -> bool | None:
    """A truth value."""
    value = field(row, path, zero=zero)
    return value if isinstance(value, bool) else None


def number(row: Any, path: str, *, zero: float | None = None) -> float | None:
    """A number; protobuf writes 64-bit ones as text."""
    return _number(field(row, path, zero=zero))


def count(row: Any, path: str, *, zero: int | None = None) -> int | None:
    """A whole number; ``2.0`` is one, ``2.5`` is not."""
    value = _number(field(row, path, zero=zero))
    if value is None or isinstance(value, int):
        return value
    return int(value) if value.is_integer() else None


def time(row: Any, path: str) -> dt.datetime | None:
    """A moment, in UTC."""
    return moment(field(row, path))


def duration(row: Any, path: str, *, zero: dt.timedelta | None = None) -> dt.timedelta | None:
    """A length of time, which protobuf writes as seconds: ``1800s``."""
    value = field(row, path, zero=zero)
    if isinstance(value, dt.timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    try:
        return dt.timedelta(seconds=float(found[1])) if found else None
    except OverflowError:
        return None


def rows(row: Any, path: str) -> tuple[Mapping[str, Any], ...] | None:
    """A list of objects; what is no object in it is left out."""
    value = field(row, path)
    if not isinstance(value, list):
        return None
    return tuple(one for one in value if isinstance(one, Mapping))


_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DURATION = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?)s", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,30}", re.ASCII)


def moment(value: Any) -> dt.datetime | None:
    """The moment that RFC 3339 text names, in UTC and cut to microseconds."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    micro = (fraction or "0")[:6].ljust(6, "0")
    try:
        told = dt.datetime.fromisoformat(f"{day}T{clock}.{micro}{zone.upper().replace('Z', '+00:00')}")
        told = told.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    # What servers write for "not set".
    return told if told.year > 1970 else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = _number_in(value)
    if isinstance(value, int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None


def _number_in(value: str) -> float | None:
    if _WHOLE.fullmatch(value):
        return int(value)
    try:
        return float(value) if value.strip() == value and "_" not in value else None
    except ValueError:
        return None


#: Fields that name people or open doors, in lower case and without underscores.
_SECRET_FIELDS = frozenset(
    {
        "directrouteapikeys",
        "directrouteapikey",
        "apikey",
        "apikeyid",
        "awss3config",
        "azureblobstorageconfig",
        "clientip",
        "principal",
        "email",
        "createdby",
    }
)


def is_secret_field(name: str) -> bool:
    """Whether what a field of this name holds must not be shown."""
    return name.replace("_", "").lower() in _SECRET_FIELDS


def scrub(row: Any) -> Any:
    """A copy that may be shown or stored: without secrets, addresses of people and credentials."""
    if isinstance(row, Mapping):
        return {name: scrub(value) for name, value in row.items() if not is_secret_field(str(name))}
    if isinstance(row, list | tuple):
        return [scrub(one) for one in row]
    return redact_log(row) if isinstance(row, str) else row
