"""A managed service that is closed only if nothing goes wrong before.

Told only where closing would delete something, where work stands between the making and the closing, and
where nothing around that work catches its errors. A closing that stands in the ``try`` itself, behind the
work, is skipped whatever the handlers do. Not told in notebooks: there a cell that fails ends no run, and
the next cell closes as well as before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.lint.flow import block_of, called
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint import _doubts, _services

#: Calls of which nobody expects an error.
_HARMLESS = frozenset(
    {
        "critical",
        "debug",
        "error",
        "exception",
        "info",
        "len",
        "log",
        "monotonic",
        "perf_counter",
        "print",
        "repr",
        "str",
        "time",
        "warning",
    }
)

RULE = Rule(
    id="FWD302",
    name="close-only-on-success",
    severity=Severity.INFO,
    side=Side.USER,
    message="an error between line {made} and this one skips the closing, and the cleanup with it",
    why="A run that fails leaves its trainer and its deployment running until their inactivity timeout: that "
    "costs money and keeps quota.",
    remedy=(
        Remedy(
            "Put the work into `with contextlib.closing(service):`, or into try, with service.close() in its "
            "finally block."
        ),
    ),
    applicability=Applicability.MANUAL,
    source="the vendor's training and sampling guide, Cleanup: close in a finally block",
    bad=(
        """
from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=True)
client = service.create_training_client()
client.save_state("step-0").result()
«service.close()»
""",
    ),
    good=(
        """
from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=True)
try:
    service.create_training_client().save_state("step-0").result()
finally:
    service.close()
""",
        """
import atexit

from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=True)
atexit.register(service.close)
service.create_training_client().save_state("step-0").result()
service.close()
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=True)
try:
    service.create_training_client().save_state("step-0").result()
except Exception as error:
    print(error)
service.close()
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Every closing of a managed service that an error skips."""
    if PurePath(file.port.path).suffix.lower() == ".ipynb":
        return
    for service in _services.services(file):
        if len(service.closed) != 1 or service.hidden or not service.used:
            continue
        if _services.cleans_up(file, service.made) is not True:
            continue
        call = file.model.parents[service.closed[0]]
        if isinstance(call, ast.Call) and _is_skipped(file, service.made.node, call):
            yield Hit(call, {"made": str(service.made.node.lineno)})


def _is_skipped(file: File, made: ast.Call, closing: ast.Call) -> bool:
    """Whether an error may come between the making and the closing, and nothing catches it."""
    first, last = file.model.statement(made), file.model.statement(closing)
    block = block_of(file, first)
    if not isinstance(last, ast.Expr) or first not in block:
        return False
    between: list[ast.stmt] = []
    while last not in block:  # out of the try or with in which the closing stands
        outer = file.model.parents[last]
        if not isinstance(outer, ast.Try | ast.With | ast.AsyncWith) or last not in outer.body:
            return False
        between += outer.body[: outer.body.index(last)]
        last = outer
    between += block[block.index(first) + 1 : block.index(last)]
    return any(_may_raise(statement) for statement in between)


def _may_raise(statement: ast.stmt) -> bool:
    """Whether an error of a call in it gets out of it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if isinstance(statement, ast.Try) and any(_catches_all(h) for h in statement.handlers):
        return any(_may_raise(s) for s in (*statement.orelse, *statement.finalbody))
    if _BROAD & set(_doubts.suppressed(statement)):
        return False
    return any(_is_work(node) for node in ast.walk(statement))


def _is_work(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and called(node) not in _HARMLESS)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every error and goes on."""
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(n is None or (isinstance(n, ast.Name) and n.id in _BROAD) for n in names)
    leaves = (ast.Raise, ast.Return, ast.Continue, ast.Break)
    return broad and not any(isinstance(n, leaves) for n in ast.walk(handler))


_BROAD = frozenset({"Exception", "BaseException"})
