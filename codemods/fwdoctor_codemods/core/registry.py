"""Finds the codemods of this package and puts them in the order that they declare."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from graphlib import TopologicalSorter

import fwdoctor_codemods
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod

#: What is left behind by any of them: names without use.
_ALWAYS = ("imports", "unused_manager")


@functools.cache
def names() -> tuple[str, ...]:
    """Every codemod module, each after those that it must follow."""
    found = sorted(m.name for m in pkgutil.iter_modules(fwdoctor_codemods.__path__) if not m.ispkg)
    order = TopologicalSorter({n: _class(n).after for n in found})
    return tuple(order.static_order())


def classes(only: tuple[str, ...] = ()) -> tuple[type[Codemod], ...]:
    """The codemod classes, in order; all of them unless some are named."""
    return tuple(_class(n) for n in names() if not only or n in only)


def family(name: str) -> tuple[str, ...]:
    """A codemod and those that it cannot do without: what mends the imports, and what ports with it or not."""
    wanted = {name, *_class(name).needs, *_ALWAYS}
    for other in names():
        if name in _class(other).needs:
            wanted.update((other, *_class(other).needs))
    return tuple(n for n in names() if n in wanted)


def description(name: str) -> str:
    """The first line of a codemod's own words."""
    return (importlib.import_module(f"fwdoctor_codemods.{name}").__doc__ or "").partition("\n")[0]


def examples(name: str) -> tuple[Example, ...]:
    """The examples of one codemod."""
    found: tuple[Example, ...] = importlib.import_module(f"fwdoctor_codemods.{name}").EXAMPLES
    return found


def _class(name: str) -> type[Codemod]:
    found: type[Codemod] = importlib.import_module(f"fwdoctor_codemods.{name}").Codemod
    return found
