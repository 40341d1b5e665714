"""Errors that a class owns by the place that raised them: internal contracts of the SDK and the recipes."""

from __future__ import annotations

import functools
import re

from fwdoctor.explain.catalogue import Catalogue, Entry, Pattern
from fwdoctor.explain.scan import ErrorLine, Match

_RAISES = re.compile(r"(?:[^\n]{0,80}?\s)?(?:raise|assert)\b")
_PATTERN = Pattern(text="raised there")


@functools.lru_cache(maxsize=4)
def _places(catalogue: Catalogue) -> tuple[tuple[str, Entry], ...]:
    """Parts of paths and their classes, the longest first."""
    found = [(place, entry) for entry in catalogue.values() for place in entry.places]
    return tuple(sorted(found, key=lambda f: (-len(f[0]), f[0])))


def by_place(catalogue: Catalogue, line: ErrorLine) -> Match | None:
    """The match of an exception whose innermost frame lies at a place of some class.

    Only what such a place raises itself counts: a ``KeyError`` on one of its lines is nobody's contract.
    """
    if line.path is None or not line.is_ours or line.exception is None:
        return None
    if line.code and not _RAISES.match(line.code):
        return None
    path = line.path.replace("\\", "/")
    for place, entry in _places(catalogue):
        if place in path:
            return Match(
                entry=entry,
                pattern=_PATTERN,
                start=line.start,
                end=line.record_end,
                record_end=line.record_end,
                line=line.line,
                variables={},
                evidence=line.text,
            )
    return None
