"""A future that is thrown away, or taken for the response that it will give.

What the training client's methods return are futures; a future that is kept, passed on or gathered is
somebody's to wait for. The cookbook's ReconnectableClient waits itself, except in its ``submit_...`` methods.
The sampler save of every release known has done its work when it returns; what is thrown away there is the
name of the snapshot, which a file that lists checkpoints finds there. ``save_state(..., timeout=...)`` waits
before it returns.

A future in a variable that nobody reads is lost as well, and told, with one exception: requests are worked off
in their order, and some code keeps several futures and waits for the last one only. The vendor's documents
wait for each, but the steps are done when that one is. So nothing is said of a variable where another future
of the same function is waited for or handed on.

Of clients that may be stand-ins or of another class (tests, ``isinstance``) nothing is said, and nothing of
attributes of a future where the code asks what it is.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import Call, File, Hit, types
from fwdoctor.lint.flow import Use, Way, is_steady, uses
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.source import Edit

from fwdoctor_rules.lint import _doubts

#: What a future has itself.
_OF_FUTURES = frozenset(
    {
        "add_done_callback",
        "cancel",
        "cancelled",
        "done",
        "exception",
        "future",
        "result",
        "result_async",
        "running",
    }
)

#: What finds snapshots by themselves: then nobody needs what a save says.
_LISTS = ("list_checkpoints", "promote_latest")

RULE = Rule(
    id="FWD305",
    name="future-never-awaited",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{method}() returns a future, and {detail}",
    why="Whoever does not ask a future for its result never hears that the step failed, and may go on or end "
    "before it is done. The future itself has none of the response's attributes.",
    remedy=(Remedy("{advice}"),),
    applicability=Applicability.UNSAFE,
    source="SDK 1.0.0a36 to 1.2.30, fireworks/training/sdk/client.py FiretitanTrainingClient; tinker's "
    "APIFuture",
    bad=(
        """
import tinker
from fireworks.training.sdk.client import FiretitanTrainingClient


def step(client: FiretitanTrainingClient, data: list, params: tinker.AdamParams) -> str:
    «client.forward_backward(data, "cross_entropy")»
    «client.optim_step(params)»
    saved = client.save_weights_for_sampler("step-1")
    print(«client.save_state("step-1").path»)
    return «saved.path»
""",
        """
import tinker
from fireworks.training.sdk.client import FiretitanTrainingClient


async def step(client: FiretitanTrainingClient, data: list, params: tinker.AdamParams) -> str:
    «client.forward_backward_async(data, "cross_entropy")»
    await «client.optim_step_async(params)»
    saved = await client.save_weights_for_sampler_async("step-1")
    return «saved.path»
""",
        """
from fireworks.training.sdk.client import FiretitanTrainingClient


def epoch(client: FiretitanTrainingClient, batches: list) -> None:
    [«client.forward_backward(batch, "cross_entropy")» for batch in batches]
    loss = «client.forward(batches[0], "cross_entropy")["loss"]»
    pending = «client.save_state(f"loss-{loss}")»
""",
    ),
    good=(
        """
import asyncio

import tinker
from fireworks.training.sdk.client import FiretitanTrainingClient


def step(client: FiretitanTrainingClient, data: list, params: tinker.AdamParams) -> str:
    forward = client.forward_backward(data, "cross_entropy")
    step = client.optim_step(params)
    print(forward.result().metrics, step.result())
    client.save_state("step-1", timeout=2700)
    saved = client.save_weights_for_sampler("step-1").result()
    return saved.path


async def steps(client: FiretitanTrainingClient, data: list, params: tinker.AdamParams) -> str:
    forward = await client.forward_backward_async(data, "cross_entropy")
    await asyncio.gather(forward, client.optim_step(params))
    await client.optim_step(params)
    await (await client.optim_step_async(params))
    saved = await client.save_weights_for_sampler("step-1")
    return saved.path
""",
        """
from training.utils import ReconnectableClient


def step(client: ReconnectableClient, data: list) -> str:
    client.forward_backward(data)
    return client.save_weights_for_sampler("step-1").path
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Every future of the training client that nobody waits for, or that is taken for its response."""
    methods = _methods(file)
    waiting = functools.cache(lambda: _waiting(file, methods))
    for call in file.calls:
        owner, _, method = call.path.rpartition(".")
        plain = method.removesuffix("_async")
        if plain in methods.get(owner, ()) and not _is_in_doubt(file, call):
            yield from _judged(file, call, plain, waiting, is_async=method != plain)


def _is_in_doubt(file: File, call: Call) -> bool:
    """Whether a test says that the call fails, or the client may be another thing than it is taken for."""
    if file.may_be_mocked(call.node) or file.is_expected_to_fail(call.node):
        return True
    client = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    return client is not None and (_doubts.is_narrowed(file, client) or _doubts.may_be_stand_in(file, client))


def _methods(file: File) -> dict[str, frozenset[str]]:
    pairs = ((file.port.canonical(path), names) for path, names in types().futures.items())
    return {path: frozenset(names) for path, names in pairs if path}


def _judged(
    file: File, call: Call, method: str, waiting: Callable[[], frozenset[ast.AST]], *, is_async: bool
) -> Iterator[Hit]:
    shown = f"{method}_async" if is_async else method
    parent = file.model.parents[call.node]
    future: ast.expr = call.node
    if isinstance(parent, ast.Await):
        if not is_async:
            return
        future = parent
    found = uses(file, future)
    is_sent = future is not call.node or not is_async
    if not (is_sent and _is_done(file, call, method)):
        if any(_is_dropped(use) for use in found):
            yield _dropped(file, call, shown, future, is_async=is_async)
        elif _is_forgotten(file, future) and file.port.function_of(call.node) not in waiting():
            yield _forgotten(call, shown, future, is_async=is_async)
    for use in found if not _doubts.is_asked(found) else ():
        detail = _mistaken(file, use, future)
        if detail is not None:
            waits = "await it once more" if is_async else "call .result() first"
            yield Hit(use.by, {"method": shown, "detail": detail, "advice": f"To get it, {waits}."})


def _is_done(file: File, call: Call, method: str) -> bool:
    """Whether all is done when the call returns, and nobody needs what it says."""
    if method == "save_weights_for_sampler":
        return any(map(file.is_used, _LISTS))
    return method == "save_state" and call.sets("timeout") is not None


def _is_dropped(use: Use) -> bool:
    """Whether a future is a statement, or what remains of one: ``step() if data else None``."""
    return use.way is Way.DROPPED and not isinstance(use.node, ast.Name | ast.NamedExpr)


def _mistaken(file: File, use: Use, future: ast.expr) -> str | None:
    """What is wrong with reading this of a future, if it is surely one."""
    if use.node is not future and not (isinstance(use.node, ast.Name) and is_steady(file, use.node)):
        return None
    if use.attribute is not None:
        own = use.attribute in _OF_FUTURES or use.attribute.startswith("_")
        if own or _doubts.is_caught(file, use.by, "AttributeError"):
            return None
        return f"has no attribute .{use.attribute}: that is the response's"
    if not isinstance(use.by, ast.Subscript) or not isinstance(use.by.ctx, ast.Load):
        return None
    if use.by.value is not use.node or _doubts.is_caught(file, use.by, "TypeError"):
        return None
    return "has no items: those are the response's"


# --- futures in variables that nobody reads ---------------------------------------------------------------


def _is_forgotten(file: File, future: ast.expr) -> bool:
    """Whether a future is kept in a variable that nothing reads."""
    statement = file.model.parents[future]
    if isinstance(statement, ast.Assign):
        targets: Sequence[ast.expr] = statement.targets
    else:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else []
    name = targets[0] if len(targets) == 1 else None
    if not isinstance(name, ast.Name) or file.is_used("locals"):
        return False
    scope = file.model.scope_of(name)
    if scope.is_class or name.id in file.port.global_names or file.model.loads(name.id, scope):
        return False
    if scope is file.model.module:  # others may import it, or look at it in the next cell
        return not file.model.is_exported(name.id) and PurePath(file.port.path).suffix.lower() != ".ipynb"
    return True


def _waiting(file: File, methods: Mapping[str, frozenset[str]]) -> frozenset[ast.AST]:
    """The functions that wait for a future, or hand one on."""
    found = set()
    for call in file.calls:
        owner, _, method = call.path.rpartition(".")
        if method.removesuffix("_async") not in methods.get(owner, ()):
            continue
        parent = file.model.parents[call.node]
        future = parent if isinstance(parent, ast.Await) and method.endswith("_async") else call.node
        kept = (u for u in uses(file, future) if not _is_dropped(u) and _mistaken(file, u, future) is None)
        if _is_done(file, call, method) or any(kept):
            found.add(file.port.function_of(call.node))
    return frozenset(found)


def _forgotten(call: Call, shown: str, future: ast.expr, *, is_async: bool) -> Hit:
    advice = "Ask it for its .result() where the step has to be done."
    if is_async:
        advice = "Await it where the step has to be done."
    detail = _loss(shown, is_sent=future is not call.node or not is_async)
    return Hit(call.node, {"method": shown, "detail": detail, "advice": advice})


# --- futures that are thrown away -------------------------------------------------------------------------


def _loss(shown: str, *, is_sent: bool) -> str:
    """What is lost with a future."""
    if not is_sent:
        return "without await nothing is even sent"
    if shown.startswith("save_weights_for_sampler"):
        return "its result, which says under what name the snapshot can be synced, is thrown away"
    return "nobody waits for it: an error is lost"


def _dropped(file: File, call: Call, shown: str, future: ast.expr, *, is_async: bool) -> Hit:
    detail = _loss(shown, is_sent=future is not call.node or not is_async)
    source, coroutine = file.port.source, _in_coroutine(file, call.node)
    start, end = source.start(future), source.end(future)
    fix: tuple[Edit, ...] = ()
    if future is not call.node:
        fix = (Edit(start, start, "await ("), Edit(end, end, ")"))
        advice = "Await what it gives as well: await (await ...)."
    elif is_async:
        advice = "Await it, and then the future that it gives: await (await ...)."
        if coroutine:
            fix = (Edit(start, start, "await (await "), Edit(end, end, ")"))
    elif coroutine:
        fix, advice = (Edit(start, start, "await "),), "Await it."
    else:
        fix, advice = (
            (Edit(end, end, ".result()"),),
            "Append .result(), or keep the future and wait for it later.",
        )
    return Hit(call.node, {"method": shown, "detail": detail, "advice": advice}, fix)


def _in_coroutine(file: File, node: ast.AST) -> bool:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    nearest = next((a for a in file.model.ancestors(node) if isinstance(a, functions)), None)
    return isinstance(nearest, ast.AsyncFunctionDef)
