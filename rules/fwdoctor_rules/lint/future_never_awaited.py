"""A future that is thrown away, or taken for the response that it will give.

What the training client's methods return are futures; a future that is kept, passed on or gathered is
somebody's to wait for. The cookbook's ReconnectableClient waits itself, except in its ``submit_...`` methods.
The sampler save of every release known has done its work when it returns; what is thrown away there is the
name of the snapshot. ``save_state(..., timeout=...)`` waits before it returns.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import Call, File, Hit, types
from fwdoctor.lint.flow import Use, Way, is_steady, uses
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.source import Edit

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
    for call in file.calls:
        owner, _, method = call.path.rpartition(".")
        plain = method.removesuffix("_async")
        if plain in methods.get(owner, ()):
            yield from _judged(file, call, plain, is_async=method != plain)


def _methods(file: File) -> dict[str, frozenset[str]]:
    pairs = ((file.port.canonical(path), names) for path, names in types().futures.items())
    return {path: frozenset(names) for path, names in pairs if path}


def _judged(file: File, call: Call, method: str, *, is_async: bool) -> Iterator[Hit]:
    shown = f"{method}_async" if is_async else method
    parent = file.model.parents[call.node]
    future: ast.expr = call.node
    if isinstance(parent, ast.Await):
        if not is_async:
            return
        future = parent
    for use in uses(file, future):
        if use.way is Way.DROPPED and use.node is future:
            if method != "save_state" or call.sets("timeout") is None:
                yield _dropped(file, call, shown, future, is_async=is_async)
        elif use.attribute and _is_foreign(file, use, future):
            waits = "await it once more" if is_async else "call .result() first"
            detail = f"has no attribute .{use.attribute}: that is the response's"
            yield Hit(use.by, {"method": shown, "detail": detail, "advice": f"To get it, {waits}."})


def _is_foreign(file: File, use: Use, future: ast.expr) -> bool:
    """Whether an attribute is not the future's own, and it is surely that future of which it is read."""
    attribute = use.attribute or "_"
    if attribute in _OF_FUTURES or attribute.startswith("_"):
        return False
    return use.node is future or (isinstance(use.node, ast.Name) and is_steady(file, use.node))


def _dropped(file: File, call: Call, shown: str, future: ast.expr, *, is_async: bool) -> Hit:
    detail = "nobody waits for it: an error is lost"
    if shown.startswith("save_weights_for_sampler"):
        detail = "its result, which alone says under what name the snapshot can be synced, is thrown away"
    if is_async and future is call.node:
        detail = "without await nothing is even sent"
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
