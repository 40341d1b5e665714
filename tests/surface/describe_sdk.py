"""Run with the Python of an environment that has the SDK: prints what ``inspect`` says of it, as JSON.

This is the truth that the static reader is compared with; it is the only place where the SDK is imported,
in a process of its own.
"""

import ast
import dataclasses
import enum
import importlib
import inspect
import json
import sys
from typing import Any

SIMPLE = (bool, int, float, str, bytes, type(None))


def default_of(value: Any) -> str | None:
    """A default that can be compared as text; "..." for all others; None for none."""
    if value is inspect.Parameter.empty or value is dataclasses.MISSING:
        return None
    return repr(value) if isinstance(value, SIMPLE) and not isinstance(value, enum.Enum) else "..."


def annotation_of(value: Any) -> str | None:
    """An annotation that is kept as a string, in the way that ast writes it; "..." for evaluated ones."""
    if value is inspect.Parameter.empty:
        return None
    if not isinstance(value, str):
        return "..."
    tree = ast.parse(value, mode="eval").body
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):  # quoted, and kept as a string
        tree = ast.parse(tree.value, mode="eval").body
    return ast.unparse(tree)


def parameters(function: Any, *, drop_first: bool = False) -> list[list[Any]] | None:
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    return [
        [p.name, p.kind.name.lower(), default_of(p.default), annotation_of(p.annotation)]
        for p in found[1 if drop_first else 0 :]
    ]


def default_of_field(field: Any) -> str | None:
    if field.default_factory is not dataclasses.MISSING:
        return "..."
    return default_of(field.default)


def describe(value: Any) -> dict[str, Any] | None:
    if inspect.isclass(value):
        methods = {}
        for name in dir(value):
            static = inspect.getattr_static(value, name)
            inner = static.__func__ if isinstance(static, classmethod | staticmethod) else static
            own = inspect.isfunction(inner) and str(inner.__module__).startswith("fireworks")
            if own and not name.startswith("_"):
                methods[name] = parameters(inner, drop_first=not isinstance(static, staticmethod))
        data: dict[str, Any] = {"kind": "class", "call": parameters(value), "methods": methods}
        data["fields"] = None
        if dataclasses.is_dataclass(value):
            data["fields"] = [[f.name, default_of_field(f)] for f in dataclasses.fields(value)]
        data["members"] = list(value.__members__) if issubclass(value, enum.Enum) else []
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
            found[name] = described | {"lives": f"{value.__module__}.{value.__qualname__}"}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
