"""What the rules about hot-load buckets share: the bodies of deployments, however they are sent."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from fwdoctor.lint.file import UNKNOWN, Argument, File
from fwdoctor_codemods.core.model import Binding, BindingKind

from fwdoctor_rules.lint._branches import is_tested

#: The generated client of the SDK, which is no part of the training SDK and has no surface.
_CLIENTS = frozenset({"fireworks.Fireworks", "fireworks.AsyncFireworks"})
_METHODS = ("create", "update")
_OPTIONS = ("hot_load_bucket_url", "hot_load_deployment_id", "hot_load_trainer_job")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def deployments(file: File) -> Iterator[tuple[Mapping[str, Argument], bool]]:
    """The settings of each deployment that the code creates or changes, named in snake case.

    With each, whether it is a change: what is not in it stays as it was.

    The arguments of a call, or the keys of a dict that is handed to one. ``DeploymentInfo`` is what the
    server answers, and configures nothing.
    """
    for call in file.calls:
        if call.path.endswith(".DeploymentInfo"):
            continue
        is_change = call.path.endswith(".update")
        yield call.arguments, is_change
        for argument in call.arguments.values():
            if (body := _body(file, argument.value)) is not None:
                yield body, is_change
    for node in file.model.calls:
        if _is_deployment_call(file, node):
            given = {k.arg: Argument(k.arg, k, k.value) for k in node.keywords if k.arg}
            extra = given.get("extra_body")  # what this client has no argument for
            body = _body(file, extra.value) if extra else None
            is_change = isinstance(node.func, ast.Attribute) and node.func.attr == "update"
            yield given | (body or {}), is_change


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


def may_be_none(file: File, value: ast.expr) -> bool:
    """Whether a value looks like an option that somebody may leave out."""
    match file.origin(value):
        case ast.Constant() | ast.JoinedStr() | ast.BinOp():
            return not file.is_set(value)
        case ast.Attribute(attr=name):
            return name in _OPTIONS  # args.hot_load_trainer_job
        case ast.Name(id=name) as variable:
            certain = all(_has_value(file, b) for b in file.model.bindings(variable))
            return name in _OPTIONS or not certain or is_tested(file, variable)
    return True


def _has_value(file: File, binding: Binding) -> bool:
    """Whether a name is given something that is neither None nor empty here, as far as the code says."""
    if binding.kind is BindingKind.PARAMETER and _has_false_default(file, binding.node):
        return False
    if binding.annotation is not None:
        return "None" not in (text := ast.unparse(binding.annotation)) and "Optional" not in text
    if binding.kind is BindingKind.PARAMETER:
        return True
    return isinstance(binding.value, ast.Attribute | ast.JoinedStr)


def _has_false_default(file: File, parameter: ast.AST) -> bool:
    """Whether a parameter that is left out is None, an empty text or the like."""
    arguments = file.model.parents.get(parameter)
    if not isinstance(arguments, ast.arguments):
        return False
    places = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(places), reversed(arguments.defaults), strict=False)]
    pairs += [
        (a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None
    ]
    defaults = (file.value(d) for a, d in pairs if a is parameter)
    return any(value is not UNKNOWN and not value for value in defaults)
