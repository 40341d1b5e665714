"""Run with the Python of an environment that has the SDK: prints what ``inspect`` says of it, as JSON.

This is the truth that the static reader is compared with; it is the only place where the SDK is imported,
in a process of its own.
"""

import dataclasses
import enum
import importlib
import inspect
import json
import sys
from typing import Any


def parameters(function: Any, *, drop_first: bool = False) -> list[list[Any]] | None:
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    return [
        [p.name, p.kind.name.lower(), p.default is not inspect.Parameter.empty]
        for p in found[1 if drop_first else 0 :]
    ]


def describe(value: Any) -> dict[str, Any] | None:
    if inspect.isclass(value):
        methods = {}
        for name in dir(value):
            static = inspect.getattr_static(value, name)
            inner = static.__func__ if isinstance(static, classmethod | staticmethod) else static
            if inspect.isfunction(inner) and str(inner.__module__).startswith("fireworks"):
                methods[name] = parameters(inner, drop_first=not isinstance(static, staticmethod))
        data: dict[str, Any] = {"kind": "class", "call": parameters(value), "methods": methods}
        if dataclasses.is_dataclass(value):
            data["fields"] = [
                [f.name, repr(f.default) if f.default is not dataclasses.MISSING else None]
                for f in dataclasses.fields(value)
            ]
        if issubclass(value, enum.Enum):
            data["members"] = list(value.__members__)
        data["model"] = list(getattr(value, "model_fields", None) or ())
        return data
    if inspect.isfunction(value):
        return {"kind": "function", "call": parameters(value)}
    return None


def main(package: str) -> None:
    module = importlib.import_module(package)
    names = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    found = {}
    for name in names:
        value = getattr(module, name)
        if (described := describe(value)) is not None:
            found[name] = described | {"module": value.__module__, "qualname": value.__qualname__}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
