"""A surface as compact JSON and back: the form in which rules/ stores the bundled ones.

A name is a string (an alias and its target), null (a variable), a list (a function's parameters) or an
object (a class). A parameter is ``[name, kind, default, annotation]`` with trailing nulls cut off; its
kind is the place in :data:`_KINDS`. An opaque function is ``{"?": parameters}``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface.model import Alias, Class, Function, Kind, Module, Parameter, Surface, Symbol, Variable

_KINDS = (
    Kind.POSITIONAL_OR_KEYWORD,
    Kind.KEYWORD_ONLY,
    Kind.POSITIONAL_ONLY,
    Kind.VAR_POSITIONAL,
    Kind.VAR_KEYWORD,
)
_HEADER = ("name", "date", "commit", "tag", "sdk_pin")


def dumps(surface: Surface) -> str:
    """The surface as JSON: same surface, same bytes; one module a line, for readable diffs."""
    header = {k: getattr(surface, k) for k in _HEADER if getattr(surface, k) is not None}
    header |= {"roots": list(surface.roots), "partial": list(surface.partial)}
    lines = [
        f"{_json(name)}:{_json(_encode_module(module))}" for name, module in sorted(surface.modules.items())
    ]
    return "{" + _json(header)[1:-1] + ',"modules":{\n' + ",\n".join(lines) + "\n}}\n"


def load(path: Path) -> Surface:
    """Read a stored surface.

    Raises:
        FwdoctorError: the file cannot be read or is not what :func:`dumps` writes.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        return Surface(
            modules=_Modules(data["modules"]),
            roots=tuple(data["roots"]),
            partial=tuple(data["partial"]),
            **{k: data.get(k) for k in _HEADER},
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FwdoctorError(
            f"{path}: this stored surface is damaged ({error!r}); reinstall fwdoctor"
        ) from error


class _Modules(Mapping[str, Module]):
    """Modules that are decoded when they are asked for: most lookups need two or three of a hundred."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = dict(data)
        self._made: dict[str, Module] = {}

    def __getitem__(self, name: str) -> Module:
        if name not in self._made:
            self._made[name] = _decode_module(self._data[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _encode_module(module: Module) -> dict[str, Any]:
    data: dict[str, Any] = {"n": {n: _encode(s) for n, s in module.names.items()}}
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


def _encode(symbol: Symbol) -> object:
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
                same = symbol.fields == symbol.constructor.parameters and not symbol.constructor.opaque
                data["f"] = True if same else _parameters(symbol.fields)
            if symbol.methods:
                data["m"] = {n: _encode_function(m) for n, m in symbol.methods.items()}
            hidden = {f.name for f in symbol.fields}
            rest = {
                "a": sorted(symbol.attributes - hidden),
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
            fields = function.parameters if fields is True else _decode_parameters(fields)
            return Class(
                constructor=function,
                fields=fields,
                methods={n: _decode_function(m) for n, m in data.get("m", {}).items()},
                attributes=frozenset(data.get("a", ())) | {f.name for f in fields},
                members=tuple(data.get("e", ())),
                bases=tuple(data.get("b", ())),
                deprecated=data.get("deprecated", False),
                opaque=data.get("opaque", False),
            )
        case _:
            return _decode_function(data)


def _encode_function(function: Function) -> object:
    parameters = _parameters(function.parameters)
    return {"?": parameters} if function.opaque else parameters


def _decode_function(data: Any) -> Function:
    if isinstance(data, dict):
        return Function(_decode_parameters(data["?"]), opaque=True)
    return Function(_decode_parameters(data))


def _parameters(parameters: tuple[Parameter, ...]) -> list[list[object]]:
    result = []
    for p in parameters:
        row: list[object] = [p.name, _KINDS.index(p.kind), p.default, p.annotation]
        while row[-1] is None or (len(row) == 2 and row[-1] == 0):
            row.pop()
        result.append(row)
    return result


def _decode_parameters(rows: Any) -> tuple[Parameter, ...]:
    result = []
    missing: list[Any] = [0, None, None]
    for row in rows:
        name, kind, default, annotation = list(row) + missing[len(row) - 1 :]
        result.append(Parameter(name, _KINDS[kind], default, annotation))
    return tuple(result)


def normalized(surface: Surface) -> Surface:
    """``surface`` with every mapping in the order in which :func:`load` gives it back."""
    modules = {
        name: dataclasses.replace(
            m,
            names=dict(sorted(m.names.items())),
            exports=None if m.exports is None else tuple(sorted(m.exports)),
        )
        for name, m in sorted(surface.modules.items())
    }
    return dataclasses.replace(surface, modules=modules)
