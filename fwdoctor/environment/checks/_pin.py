"""How findings speak of a pin."""

from __future__ import annotations

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from fwdoctor.environment.cookbook import Cookbook, Pin
from fwdoctor.environment.reading import shown
from fwdoctor.finding import Location


def pin_location(pin: Pin | None) -> Location | None:
    """The line that states the pin."""
    return Location(shown(pin.path), pin.line) if pin else None


def pin_place(pin: Pin, cookbook: Cookbook | None) -> str:
    """Who asks for it and where: ``cookbook 76821fa1, training/pyproject.toml:10``."""
    by_cookbook = cookbook is not None and cookbook.pin is pin
    who = cookbook.label if cookbook and by_cookbook else str(pin.source)
    return f"{who}, {pin_location(pin)}"


def allowed(specifier: SpecifierSet) -> str:
    """The specifier with its lower bounds first, as people write it: packaging sorts ``<2,>=1`` by text."""
    below = [part for part in specifier if part.operator == "<"]
    lowest = min(below, key=lambda part: Version(part.version), default=None)
    needed = [part for part in specifier if part.operator != "<" or part is lowest]
    parts = sorted(needed, key=lambda part: (part.operator.startswith("<"), part.operator == "!=", str(part)))
    return ",".join(dict.fromkeys(str(part) for part in parts))


def wanted(requirement: Requirement, specifier: SpecifierSet | None = None) -> str:
    """The requirement as an argument of an installer: without its marker, and with ``specifier`` if given."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    url = f" @ {requirement.url}" if requirement.url else ""
    return (
        f"{requirement.name}{extras}{allowed(requirement.specifier if specifier is None else specifier)}{url}"
    )
