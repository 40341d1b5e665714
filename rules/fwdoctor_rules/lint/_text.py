"""How messages show texts of the code."""

from __future__ import annotations

from fwdoctor.lint.file import HOLE

_MOST = 80


def shown(text: str) -> str:
    """A text with … for what is not known of it, and for what is too much."""
    text = text.replace(HOLE, "…")
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
