"""Pairs of cookbook and SDK that fail though the pin allows them, as data (``known_pairs.toml``)."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

import fwdoctor_rules
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from fwdoctor.environment.cookbook import Cookbook, Pin
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

_FILE = fwdoctor_rules.DATA / "environment" / "known_pairs.toml"


@dataclass(frozen=True, slots=True)
class KnownPair:
    """One pair that fails.

    The cookbook is known by ``commit``, or else suspected by the lowest SDK version that its pin allows,
    ``pin_minimum``. It fails with the SDK versions ``sdk``; ``symptom`` says how, ``cause`` why.
    ``install`` is a requirement of the SDK that works. With ``absent``, it fails only where no distribution
    of that name is installed.
    """

    commit: str
    date: str
    pin_minimum: Version
    sdk: SpecifierSet
    symptom: str
    cause: str
    install: Requirement
    absent: str | None = None

    def has_commit(self, cookbook: Cookbook) -> bool:
        """Whether this is the very cookbook."""
        commit = cookbook.commit
        return commit is not None and (commit.startswith(self.commit) or self.commit.startswith(commit))

    def has_pin(self, pin: Pin | None) -> bool:
        """Whether a pin has the same lower bound."""
        lows = [s.version for s in pin.requirement.specifier if s.operator == ">="] if pin else []
        return any(Version(low) == self.pin_minimum for low in lows)


def bad_pairs(cookbook: Cookbook | None, version: Version) -> list[KnownPair]:
    """The pairs that this cookbook (or one with its pin) and this version of the SDK make.

    A version that the pin does not allow makes none: that it fails is no surprise.
    """
    if cookbook is None or (
        cookbook.pin is not None
        and not cookbook.pin.requirement.specifier.contains(version, prereleases=True)
    ):
        return []
    suspects = (pair for pair in known_pairs() if pair.has_commit(cookbook) or pair.has_pin(cookbook.pin))
    return [pair for pair in suspects if pair.sdk.contains(version, prereleases=True)]


@functools.cache
def known_pairs() -> tuple[KnownPair, ...]:
    """The bundled pairs."""
    return load(_FILE)


def load(path: Path) -> tuple[KnownPair, ...]:
    """Read the ``[[pair]]`` tables of a file.

    Raises:
        FwdoctorError: the file is no TOML, or a table is incomplete, has an unknown key, or holds what
            is no version, specifier or requirement.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))["pair"]
        pairs = []
        for table in tables:
            values = dict(table)
            values["pin_minimum"] = Version(table["pin_minimum"])
            values["sdk"] = SpecifierSet(table["sdk"])
            values["install"] = Requirement(table["install"])
            pairs.append(KnownPair(**values))
    except (
        *(OSError, ValueError, LookupError, TypeError),
        *(InvalidVersion, InvalidSpecifier, InvalidRequirement),
    ) as error:
        raise FwdoctorError(f"{path}: cannot read the known pairs: {error}") from error
    return tuple(pairs)
