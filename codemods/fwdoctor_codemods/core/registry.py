"""Finds the codemods of this package and puts them in the order that they declare."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from graphlib import TopologicalSorter

import fwdoctor_codemods
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod


@functools.cache
def names() -> tuple[str, ...]:
    """Every codemod module, each after those that it must follow."""
    found = sorted(m.name for m in pkgutil.iter_modules(fwdoctor_codemods.__path__) if not m.ispkg)
    order = TopologicalSorter({n: _class(n).after for n in found})
    return tuple(order.static_order())


def classes() -> tuple[type[Codemod], ...]:
    """The codemod classes, in order."""
    return tuple(_class(n) for n in names())


def examples(name: str) -> tuple[Example, ...]:
    """The examples of one codemod."""
    found: tuple[Example, ...] = importlib.import_module(f"fwdoctor_codemods.{name}").EXAMPLES
    return found


def _class(name: str) -> type[Codemod]:
    found: type[Codemod] = importlib.import_module(f"fwdoctor_codemods.{name}").Codemod
    return found
