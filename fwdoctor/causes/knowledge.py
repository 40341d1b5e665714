"""Which errors, settings and findings belong to one cause: ``fwdoctor_rules/probes/causes.toml``, typed."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. ``roots`` are the rules that show it in remote state, the most telling first.

    ``log`` are the errors that it leads to, ``consequences`` the other rules that it makes come true.
    ``advice`` says by setting what to do about it in the code.
    """

    name: str
    roots: tuple[str, ...]
    log: frozenset[str]
    consequences: frozenset[str]
    advice: Mapping[str, str]


@functools.cache
def causes() -> Sequence[Cause]:
    """All causes, the most telling first.

    Raises:
        FwdoctorError: the file is damaged.
    """
    path = fwdoctor_rules.DATA / "probes" / "causes.toml"
    try:
        return [_cause(table) for table in tomllib.loads(path.read_text("utf-8"))["cause"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: cannot read the causes: {error}") from error


def settings() -> tuple[str, ...]:
    """The settings of the code that can bring some cause about."""
    return tuple(dict.fromkeys(name for cause in causes() for name in cause.advice))


def _cause(table: Mapping[str, object]) -> Cause:
    def texts(name: str) -> tuple[str, ...]:
        value = table[name]
        if not isinstance(value, list):
            raise TypeError(f"{name} is not a list")
        return tuple(map(str, value))

    advice = table.get("advice", {})
    if not isinstance(advice, Mapping):
        raise TypeError("advice is not a table")
    told = {str(name): str(text) for name, text in advice.items()}
    return Cause(
        str(table["name"]), texts("roots"), frozenset(texts("log")), frozenset(texts("consequences")), told
    )
