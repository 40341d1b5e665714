"""An example of what a codemod does: its documentation and its test."""

from __future__ import annotations

from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True)
class Example:
    """Old code and what becomes of it; ``after`` None means that not a byte may change."""

    name: str
    before: str
    after: str | None
    target: str = "june"
    preserve_defaults: bool = False
