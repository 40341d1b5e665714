"""What of a surface is worth storing: the public names, whole; of private ones, that they exist.

A private function keeps its name and loses its signature; a private module keeps what public names lead to;
what a module merely imports from outside keeps its name. Nothing that is left out becomes *missing*: it
becomes *unknown*.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from fwdoctor.surface.model import IMPORTED, Alias, Class, Module, Surface, Symbol, Variable


def is_private(dotted: str) -> bool:
    """Whether a part of a dotted path begins with one underscore (``__init__`` and the like do not count)."""
    return any(p.startswith("_") and not p.endswith("__") for p in dotted.split("."))


def essence(surface: Surface) -> Surface:
    """The part of a surface that is stored, and by which two are compared."""
    wanted = _reachable(surface)
    modules: dict[str, Module] = {}
    hidden: set[tuple[str, str]] = set()
    for name in surface.modules:
        if not surface.covers(name):
            continue
        module = surface.modules[name]
        if not is_private(name):
            modules[name] = dataclasses.replace(module, names=_names(surface, module.names))
            continue
        hidden.add(_top(name))
        if kept := wanted.get(name):
            names = {n: module.names[n] for n in kept if n in module.names}
            modules[name] = Module(_names(surface, names), None, dynamic=True)
    for package, name in hidden:
        if package in modules and name not in modules[package].names:
            names = {**modules[package].names, name: Variable()}
            modules[package] = dataclasses.replace(modules[package], names=names)
    return dataclasses.replace(surface, modules=modules)


def _top(name: str) -> tuple[str, str]:
    """``a._b._c``: the public package ``a`` and the first private part ``_b``."""
    parts = name.split(".")
    cut = next(i for i, part in enumerate(parts) if is_private(part))
    return ".".join(parts[:cut]), parts[cut]


def _names(surface: Surface, names: Mapping[str, Symbol]) -> dict[str, Symbol]:
    return {
        n: _symbol(surface, n, s) for n, s in names.items() if not (n.startswith("__") and n.endswith("__"))
    }


def _symbol(surface: Surface, name: str, symbol: Symbol) -> Symbol:
    if isinstance(symbol, Alias):
        return symbol if surface.covers(symbol.target) else IMPORTED
    if name.startswith("_"):
        return Variable()
    if isinstance(symbol, Class):
        private = {n for n in symbol.methods if n.startswith("_") and not n.endswith("__")}
        if private:
            methods = {n: m for n, m in symbol.methods.items() if n not in private}
            return dataclasses.replace(symbol, methods=methods, attributes=symbol.attributes | private)
    return symbol


def _reachable(surface: Surface) -> dict[str, set[str]]:
    """Private modules, and the names in them that public modules lead to."""
    found: dict[str, set[str]] = {}
    waiting = [
        s.target
        for name, module in surface.modules.items()
        if not is_private(name)
        for n, s in module.names.items()
        if isinstance(s, Alias) and not n.startswith("_")
    ]
    while waiting:
        target = waiting.pop()
        module_name, _, name = target.rpartition(".")
        module = surface.modules.get(module_name)
        if module is None or not is_private(module_name) or name in found.setdefault(module_name, set()):
            continue
        found[module_name].add(name)
        symbol = module.names.get(name)
        if isinstance(symbol, Alias):
            waiting.append(symbol.target)
    return found
