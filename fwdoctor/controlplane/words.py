"""Times and numbers as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta


def age(span: timedelta) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``, ``41 days``."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 90:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 90:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 48:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"
    return f"{hours // 24} days"


def moment(time: datetime) -> str:
    """``2026-08-19 10:05 UTC``."""
    return f"{time:%Y-%m-%d %H:%M} UTC"
