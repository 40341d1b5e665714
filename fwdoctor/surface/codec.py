"""Surfaces and symbols as compact JSON and back.

Of one whole surface (:func:`dumps`, :func:`loads`): a name is a string (an alias and its target), null (a
variable), a list (a function's parameters) or an object (a class). A parameter is
``[name, kind, default, annotation, deprecated]`` with trailing nulls cut off; its kind is the place in
:data:`KINDS`. Bundled surfaces are stored as histories, see :mod:`fwdoctor.surface.history`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface.model import (
    Alias,
    Class,
    Function,
    Kind,
    Module,
    Parameter,
    Surface,
    Symbol,
    Unreadable,
    Variable,
)

FORMAT = "fwdoctor-surface-1"
KINDS = (
    Kind.POSITIONAL_OR_KEYWORD,
    Kind.KEYWORD_ONLY,
    Kind.POSITIONAL_ONLY,
    Kind.VAR_POSITIONAL,
    Kind.VAR_KEYWORD,
)


def dumps(surface: Surface) -> str:
    """The surface as JSON: same surface, same bytes; one module a line, for readable diffs."""
    header = {
        "format": FORMAT,
        "name": surface.name,
        "roots": list(surface.roots),
        "partial": list(surface.partial),
        "unreadable": [[u.module, u.path, u.line, u.reason] for u in surface.unreadable],
    }
    lines = [
        f"{compact(name)}:{compact(_encode_module(surface.modules[name]))}"
        for name in sorted(surface.modules)
    ]
    return "{" + compact(header)[1:-1] + ',"modules":{\n' + ",\n".join(lines) + "\n}}\n"


def load(path: Path) -> Surface:
    """Read a surface file that ``fwdoctor surface build`` wrote.

    Raises:
        FwdoctorError: it cannot be read or is not what :func:`dumps` writes.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise FwdoctorError(f"{path}: cannot read this surface: {error}") from error
    return loads(text, str(path))


def loads(text: str, path: str) -> Surface:
    """The surface in ``text``; ``path`` is for the error.

    Raises:
        FwdoctorError: it is not what :func:`dumps` writes.
    """
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r} instead of {FORMAT!r}")
        return Surface(
            name=str(data["name"]),
            modules={name: _decode_module(module) for name, module in data["modules"].items()},
            roots=tuple(map(str, data["roots"])),
            partial=tuple(map(str, data["partial"])),
            unreadable=tuple(Unreadable(*row) for row in data["unreadable"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FwdoctorError(
            f"{path}: no surface, or a damaged one ({error}); 'fwdoctor surface build' writes such files"
        ) from error


def compact(value: object) -> str:
    """JSON without spaces, keys sorted."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _encode_module(module: Module) -> dict[str, Any]:
    data: dict[str, Any] = {"n": {n: encode(s) for n, s in module.names.items()}}
    if module.exports is not None:
        data["all"] = sorted(module.exports)
    if module.dynamic:
        data["dynamic"] = True
    return data


def _decode_module(data: dict[str, Any]) -> Module:
    exports = data.get("all")
    return Module(
        {n: _decode(s) for n, s in data["n"].items()},
        None if exports is None else tuple(exports),
        data.get("dynamic", False),
    )


def encode(symbol: Symbol) -> object:
    """A symbol as JSON-ready data."""
    match symbol:
        case Alias(target):
            return target
        case Variable():
            return None
        case Function():
            return _encode_function(symbol)
        case Class():
            data: dict[str, Any] = {"c": _encode_function(symbol.constructor)}
            if symbol.fields:
                same = symbol.fields == symbol.constructor.parameters
                data["f"] = True if same else parameter_rows(symbol.fields)
            if symbol.methods:
                data["m"] = {n: _encode_function(m) for n, m in symbol.methods.items()}
            rest = {
                "a": sorted(symbol.attributes - {f.name for f in symbol.fields}),
                "e": list(symbol.members),
                "b": list(symbol.bases),
                "deprecated": symbol.deprecated,
                "opaque": symbol.opaque,
            }
            return data | {key: value for key, value in rest.items() if value}


def _decode(data: Any) -> Symbol:
    match data:
        case None:
            return Variable()
        case str():
            return Alias(data)
        case {"c": constructor}:
            function = _decode_function(constructor)
            fields = data.get("f", ())
            own = function.parameters if fields is True else parameters(fields)
            return Class(
                constructor=function,
                fields=own,
                methods={n: _decode_function(m) for n, m in data.get("m", {}).items()},
                attributes=frozenset(data.get("a", ())) | {f.name for f in own},
                members=tuple(data.get("e", ())),
                bases=tuple(data.get("b", ())),
                deprecated=data.get("deprecated", False),
                opaque=data.get("opaque", False),
            )
        case _:
            return _decode_function(data)


def _encode_function(function: Function) -> object:
    rows = parameter_rows(function.parameters)
    flags = {k: True for k in ("opaque", "deprecated") if getattr(function, k)}
    return {"p": rows, **flags} if flags else rows


def _decode_function(data: Any) -> Function:
    if isinstance(data, dict):
        return Function(parameters(data["p"]), data.get("opaque", False), data.get("deprecated", False))
    return Function(parameters(data))


def parameter_rows(given: Sequence[Parameter]) -> list[list[object]]:
    """Parameters as lists, trailing defaults cut off."""
    return [parameter_row(p) for p in given]


def parameter_row(p: Parameter) -> list[object]:
    """One parameter as a list, trailing defaults cut off."""
    row: list[object] = [p.name, KINDS.index(p.kind), p.default, p.annotation, int(p.deprecated)]
    while len(row) > 1 and (row[-1] is None or (row[-1] == 0 and len(row) != 3)):
        row.pop()
    return row


def parameters(rows: Any) -> tuple[Parameter, ...]:
    """What :func:`parameter_rows` wrote."""
    return tuple(parameter(row) for row in rows)


def parameter(row: Any) -> Parameter:
    """What :func:`parameter_row` wrote."""
    missing: list[Any] = [0, None, None, 0]
    name, kind, default, annotation, deprecated = list(row) + missing[len(row) - 1 :]
    return Parameter(name, KINDS[kind], default, annotation, bool(deprecated))
