"""Which errors, settings and findings belong to one cause: ``fwdoctor_rules/probes/causes.toml``, typed."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. ``roots`` are the rules that show it in remote state, the most telling first.

    ``log`` are the errors that it leads to, ``consequences`` the other rules that it makes come true.
    ``advice`` says by setting what to do about it in the code; ``values`` has, for some settings, the values
    that can bring the cause about.
    """

    name: str
    roots: tuple[str, ...]
    log: frozenset[str]
    consequences: frozenset[str]
    advice: Mapping[str, str]
    values: Mapping[str, frozenset[str]]


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
    def tables(name: str) -> Mapping[object, object]:
        value = table.get(name, {})
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} is not a table")
        return value

    return Cause(
        name=str(table["name"]),
        roots=_texts(table["roots"]),
        log=frozenset(_texts(table["log"])),
        consequences=frozenset(_texts(table["consequences"])),
        advice={str(name): str(text) for name, text in tables("advice").items()},
        values={str(name): frozenset(_texts(known)) for name, known in tables("values").items()},
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return tuple(map(str, value))
