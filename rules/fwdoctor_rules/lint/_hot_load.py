"""What the rules about hot-load buckets share: the bodies of deployments, however they are sent."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from fwdoctor.lint.file import Argument, File

#: The generated client of the SDK, which is no part of the training SDK and has no surface.
_CLIENTS = frozenset({"fireworks.Fireworks", "fireworks.AsyncFireworks"})
_METHODS = ("create", "update")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def deployments(file: File) -> Iterator[Mapping[str, Argument]]:
    """The settings of each deployment that the code creates or changes, named in snake case.

    The arguments of a call, or the keys of a dict that is handed to one. ``DeploymentInfo`` is what the
    server answers, and configures nothing.
    """
    for call in file.calls:
        if call.path.endswith(".DeploymentInfo"):
            continue
        yield call.arguments
        for argument in call.arguments.values():
            if (body := _body(file, argument.value)) is not None:
                yield body
    for node in file.model.calls:
        if _is_deployment_call(file, node):
            given = {k.arg: Argument(k.arg, k, k.value) for k in node.keywords if k.arg}
            extra = given.get("extra_body")  # what this client has no argument for
            yield given | (_body(file, extra.value) or {} if extra else {})


def _body(file: File, value: ast.expr) -> dict[str, Argument] | None:
    made = file.origin(value)
    if not isinstance(made, ast.Dict):
        return None
    found = {}
    for key, inner in zip(made.keys, made.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            name = _HUMP.sub("_", key.value).lower()
            found[name] = Argument(name, key, inner)
    return found


def _is_deployment_call(file: File, node: ast.Call) -> bool:
    """Whether a call is ``client.deployments.create(…)`` of the generated client."""
    match node.func:
        case ast.Attribute(value=ast.Attribute(value=client, attr="deployments"), attr=method):
            made = file.origin(client)
            return (
                method in _METHODS
                and isinstance(made, ast.Call)
                and file.model.resolve(made.func) in _CLIENTS
            )
    return False
