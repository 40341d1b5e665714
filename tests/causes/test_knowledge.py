"""The table of causes against everything that it names."""

from __future__ import annotations

import functools
import re

import fwdoctor_rules
import pytest

from fwdoctor.causes.knowledge import Cause, causes, settings
from fwdoctor.explain.catalogue import catalogue
from fwdoctor.rulebook import rulebook

ALL = causes()


@pytest.mark.parametrize("cause", ALL, ids=lambda c: c.name)
def test_names_what_there_is(cause: Cause) -> None:
    errors = {entry.rule.id for entry in catalogue().values()}
    probes = {rule for rule in rulebook() if rule.startswith("FWP")}
    assert cause.roots
    assert set(cause.roots) <= probes
    assert cause.consequences <= probes
    assert cause.log <= errors
    assert cause.log


def test_a_root_has_one_cause() -> None:
    roots = [root for cause in ALL for root in cause.roots]
    assert len(roots) == len(set(roots))
    assert len({cause.name for cause in ALL}) == len(ALL)


@functools.cache
def surfaces() -> str:
    """All that is stored of the cookbook and the SDK."""
    folder = fwdoctor_rules.DATA / "surfaces"
    return "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.jsonl")))


@pytest.mark.parametrize("name", settings())
def test_settings_are_of_some_version(name: str) -> None:
    assert re.search(rf"\b{name}\b", surfaces())
