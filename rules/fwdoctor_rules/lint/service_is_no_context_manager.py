"""A service client in ``with``, which it does not support.

Whether it does is what the target's surface says of its methods. Its base class, in tinker and later in the
SDK itself, has never been a context manager either.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.lint.flow import called
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.model import BindingKind
from fwdoctor_codemods.core.source import Edit

from fwdoctor_rules.lint import _doubts

_CLASS = "fireworks.training.sdk.client.FiretitanServiceClient"

RULE = Rule(
    id="FWD307",
    name="service-is-no-context-manager",
    severity=Severity.ERROR,
    side=Side.USER,
    message="a FiretitanServiceClient cannot be used in `with`: it has close(), but no {method}()",
    why="The statement fails with AttributeError or TypeError (it does not support the context manager "
    "protocol) before any of its work is done.",
    remedy=(Remedy("Wrap it: `with contextlib.closing(...) as service:`."),),
    applicability=Applicability.UNSAFE,
    source="SDK 1.0.0a36 to 1.2.30, fireworks/training/sdk/client.py; tinker 0.22.7 and 0.23.0 ServiceClient",
    bad=(
        """
from fireworks.training.sdk import FiretitanServiceClient

model = "accounts/fireworks/models/qwen3-8b"
with «FiretitanServiceClient.from_firetitan_config(base_model=model)» as service:
    service.create_training_client()
""",
        """
from contextlib import ExitStack

from fireworks.training.sdk import FiretitanServiceClient


def main() -> None:
    with ExitStack() as stack:
        service = stack.enter_context(«FiretitanServiceClient.from_firetitan_config()»)
        service.create_training_client()


def work(service: FiretitanServiceClient) -> None:
    with «service»:
        service.create_training_client()
""",
    ),
    good=(
        """
from contextlib import ExitStack, closing

from fireworks.training.sdk import FireworksClient, FiretitanServiceClient

with closing(FiretitanServiceClient.from_firetitan_config()) as service:
    service.create_training_client()
with FireworksClient(api_key="key") as client:
    print(client.account_id)
with ExitStack() as stack:
    other = stack.enter_context(closing(FiretitanServiceClient.from_firetitan_config()))
    other.create_training_client()
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Every ``with`` and ``enter_context`` that is given a service client."""
    if not file.is_used("FiretitanServiceClient") and not file.is_used("build_service_client"):
        return
    for node, method in _entered(file):
        if _is_service(file, node) and _lacks(file, method) and not _is_tried_out(file, node, method):
            yield Hit(node, {"method": method}, _wrapped(file, node) if method == "__enter__" else ())


def _entered(file: File) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(file.model.tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            method = "__enter__" if isinstance(node, ast.With) else "__aenter__"
            yield from ((item.context_expr, method) for item in node.items)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            entered = node.args if node.func.attr == "enter_context" else []
            yield from ((argument, "__enter__") for argument in entered)


def _is_service(file: File, node: ast.expr) -> bool:
    if file.type_of(node) != "FiretitanServiceClient" or file.may_be_mocked(node):
        return False
    made = file.origin(node)
    if isinstance(made, ast.Call):  # closing(service) has the type of the service, and may be entered
        return file.call_at(made) is not None
    return isinstance(made, ast.Name) and all(
        b.kind is BindingKind.PARAMETER for b in file.model.bindings(made)
    )


def _is_tried_out(file: File, node: ast.expr, method: str) -> bool:
    """Whether the code is ready for a service without the method: asks for it, or expects the error."""
    if file.is_expected_to_fail(node) or _doubts.is_caught(file, node, "AttributeError", "TypeError"):
        return True
    asked = (c.args[1] for c in file.model.calls if called(c) in ("hasattr", "getattr") and len(c.args) > 1)
    return any(file.value(name) == method for name in asked) or _doubts.may_be_stand_in(file, node)


def _lacks(file: File, method: str) -> bool:
    """Whether the target knows the class, closes it, and does not let it be entered."""
    path = file.port.canonical(_CLASS)
    found = (s.class_at(path) for s in file.port.surfaces.all_targets() if path and s.covers(path))
    known = next((cls for cls in found if cls is not None), None)
    return known is not None and "close" in known.methods and method not in known.methods


def _wrapped(file: File, node: ast.expr) -> tuple[Edit, ...]:
    """``closing(…)`` around an expression, imported if it has to be; nothing where the name is taken."""
    source, module = file.port.source, file.model.module
    bound = file.model.scope_of(node).lookup("closing")
    edits: list[Edit] = []
    if bound is not None:
        if any(b.path != "contextlib.closing" for b in bound[1]):
            return ()
    else:
        first = next((s for s in module.node.body if _is_plain_import(s)), None)  # type: ignore[attr-defined]
        if first is None:
            return ()
        place = source.start(first)
        edits.append(Edit(place, place, f"from contextlib import closing{source.newline}"))
    start, end = source.start(node), source.end(node)
    return (*edits, Edit(start, start, "closing("), Edit(end, end, ")"))


def _is_plain_import(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return statement.module != "__future__"
    return isinstance(statement, ast.Import)
