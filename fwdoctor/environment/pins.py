"""Finds the cookbook and the pin that the SDK must satisfy, in the order in which they bind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fwdoctor.environment.cookbook import (
    COOKBOOK,
    SDK,
    Cookbook,
    Pin,
    Source,
    checkouts_near,
    named_cookbook,
    pin_of,
    read_checkout,
    read_installed,
)
from fwdoctor.environment.declarations import Declaration, declarations
from fwdoctor.environment.distributions import Distributions
from fwdoctor.environment.interpreter import Interpreter
from fwdoctor.environment.markers import applies
from fwdoctor.environment.reading import Reader
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look: the folders from PATH up to the project's root, the environment, ``--cookbook``."""

    folders: Sequence[Path]
    interpreter: Interpreter
    distributions: Distributions
    environ: Mapping[str, str]
    option: Path | None = None


def find_pins(search: Search, reader: Reader) -> tuple[Cookbook | None, Pin | None]:
    """The cookbook that the project uses, and the pin of the SDK.

    In this order: ``--cookbook``; the installed cookbook; a checkout at, above or beside the project;
    what the project itself requires. A cookbook without a readable pin stays the cookbook, but the
    search for a pin goes on.

    Raises:
        FwdoctorError: ``--cookbook`` names no cookbook.
    """
    cookbooks = _cookbooks(search, reader)
    first = next(cookbooks, None)
    if first is not None and first.pin is not None:
        return first, first.pin
    other = next((cookbook.pin for cookbook in cookbooks if cookbook.pin is not None), None)
    named, own = _declared(search, reader)
    return first or named, other or own


def _cookbooks(search: Search, reader: Reader) -> Iterator[Cookbook]:
    if search.option is not None:
        yield from _optional(search.option.absolute(), reader)
    if installed := search.distributions.get(COOKBOOK):
        yield read_installed(installed, reader)
    for folder in checkouts_near(search.folders, search.environ):
        if found := read_checkout(folder, Source.CHECKOUT, reader):
            yield found
    for declaration in _all_declarations(search, reader):
        if declaration.checkout is not None and (
            found := read_checkout(declaration.checkout.resolve().parent, Source.PROJECT, reader)
        ):
            yield found


def _optional(option: Path, reader: Reader) -> Iterator[Cookbook]:
    root = option.parent if option.name == "training" else option
    path = root / "training" / "pyproject.toml"
    if not path.exists():
        raise FwdoctorError(f"{option}: no cookbook checkout (it has no training/pyproject.toml)")
    found = read_checkout(root, Source.OPTION, reader)
    if found is not None:
        yield found
    elif reader.toml(path) is not None:
        raise FwdoctorError(f"{path}: its project is not called {COOKBOOK}")


def _declared(search: Search, reader: Reader) -> tuple[Cookbook | None, Pin | None]:
    """What the project requires: the cookbook at some commit, and the SDK.

    A requirement without a version counts only if there is no other.
    """
    cookbook = pin = None
    for declaration in _all_declarations(search, reader):
        source = Source.LOCK if declaration.locked else Source.PROJECT
        if declaration.name == COOKBOOK:
            if declaration.commit and cookbook is None:
                cookbook = named_cookbook(declaration, source)
        elif declaration.checkout is None and (pin is None or not pin.requirement.specifier):
            found = pin_of(declaration, source, reader)
            if found is None or not applies(found.requirement, search.interpreter):
                continue
            if pin is None or found.requirement.specifier:
                pin = found
    return cookbook, pin


def _all_declarations(search: Search, reader: Reader) -> Iterator[Declaration]:
    for folder in search.folders:
        yield from declarations(folder, frozenset({SDK, COOKBOOK}), reader)
