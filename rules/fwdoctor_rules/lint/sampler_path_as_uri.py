"""The name of a sampler snapshot, used as if it were a place in storage or a training state.

What save_weights_for_sampler gives as ``path`` (and its older twin as ``snapshot_name``) is an identity: the
service finds the files behind it. A text that merely contains it (a log, a file name of the user's own) is
all right; a URI of a bucket, or a file operation on the name itself, is not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.lint.flow import Use, Way, uses
from fwdoctor.rulebook import Rule

_SAVES = tuple(
    f"{owner}.save_weights_for_sampler{suffix}"
    for owner in ("FiretitanTrainingClient", "ReconnectableClient")
    for suffix in ("", "_async", "_ext")
)
_URI = re.compile(r"(gs|gcs|s3|az|abfss?|hdfs|file)://", re.IGNORECASE)
#: Functions whose first argument is a file or a folder.
_FILES = frozenset(
    {
        "fsspec.open",
        "os.listdir",
        "os.path.exists",
        "os.path.isdir",
        "os.path.isfile",
        "os.scandir",
        "os.stat",
        "os.walk",
        "pathlib.Path",
        "safetensors.torch.load_file",
        "shutil.copy",
        "shutil.copytree",
        "shutil.move",
        "shutil.rmtree",
        "torch.load",
    }
)
#: Programs that copy from buckets.
_PROGRAMS = frozenset({"gsutil", "gcloud", "aws", "rclone", "s5cmd", "azcopy"})
#: Methods that read a training state, and the argument by which they get it.
_STATES = {
    "load_state": "path",
    "load_state_async": "path",
    "load_state_with_optimizer": "path",
    "load_state_with_optimizer_async": "path",
    "create_training_client_from_state": "path",
    "create_training_client_from_state_async": "path",
    "create_training_client_from_state_with_optimizer": "path",
    "create_training_client_from_state_with_optimizer_async": "path",
}

RULE = Rule(
    id="FWD306",
    name="sampler-path-as-uri",
    severity=Severity.WARNING,
    side=Side.USER,
    message="a sampler snapshot's {attribute} is an identity, not {mistaken}",
    why="The identity means something to the service only; nothing is stored in a place of that name. A "
    "sampler snapshot is for serving, evaluation and promotion, and holds no optimizer.",
    remedy=(Remedy("{advice}"),),
    applicability=Applicability.MANUAL,
    source="SDK 1.0.0a36 to 1.2.30, fireworks/training/sdk/client.py SaveSamplerResult and "
    "FiretitanTrainingClient.save_weights_for_sampler; the vendor's training and sampling guide",
    bad=(
        """
import shutil
import subprocess

from fireworks.training.sdk.client import FiretitanTrainingClient

BUCKET = "gs://my-checkpoints"


def export(client: FiretitanTrainingClient) -> str:
    saved = client.save_weights_for_sampler("final").result()
    shutil.copytree(«saved.path», "out")
    subprocess.run(["gsutil", "cp", "-r", «saved.path», "out"], check=True)
    return «f"{BUCKET}/{saved.path}"»
""",
        """
from training.utils import ReconnectableClient


def resume(client: ReconnectableClient) -> None:
    name = client.save_weights_for_sampler("final").path
    client.load_state_with_optimizer(«name»)
""",
    ),
    good=(
        """
import json
import os

from fireworks.training.sdk.client import FiretitanServiceClient, FiretitanTrainingClient


def evaluate(service: FiretitanServiceClient, client: FiretitanTrainingClient, folder: str) -> None:
    saved = client.save_weights_for_sampler("step-1").result()
    sampler = service.create_deployment_sampler(model_path=saved.path)
    print(f"{saved.path} is served by {sampler}")
    with open(os.path.join(folder, f"{saved.path}.json"), "w") as out:
        json.dump({"path": saved.path}, out)
    state = client.save_state("step-1").result()
    client.load_state_with_optimizer(state.path).result()
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Every place where the name of a sampler snapshot is taken for something else."""
    for call in file.calls_of(*_SAVES):
        for name in _names(file, call.node):
            for use in uses(file, name):
                if (found := _mistaken(file, use)) is not None:
                    node, mistaken, advice = found
                    variables = {"attribute": f".{name.attr}", "mistaken": mistaken, "advice": advice}
                    yield Hit(node, variables)


def _names(file: File, saved: ast.expr, depth: int = 0) -> Iterator[ast.Attribute]:
    """Where ``path`` and ``snapshot_name`` are read of what a save gives, waiting for it seen through."""
    for use in uses(file, saved) if depth < 4 else ():
        if use.way is Way.AWAITED and isinstance(use.by, ast.Await):
            yield from _names(file, use.by, depth + 1)
        elif use.attribute in ("path", "snapshot_name") and isinstance(use.by, ast.Attribute):
            yield use.by
        elif use.attribute in ("result", "result_async"):
            call = file.model.parents[use.by]
            if isinstance(call, ast.Call) and call.func is use.by:
                yield from _names(file, call, depth + 1)


_STORAGE = "Sync it with create_deployment_sampler(model_path=...), or promote it: there is nothing to copy."
_STATE = "Save the training state with save_state(...), and load the path that its result has."


def _mistaken(file: File, use: Use) -> tuple[ast.expr, str, str] | None:
    """Where a use goes wrong, for what the name is taken there, and what to do instead."""
    if use.way is Way.TEXT and isinstance(use.by, ast.expr):
        return (use.by, "a place in a bucket", _STORAGE) if _is_uri(file, use.by) else None
    if use.way is Way.ELEMENT and isinstance(use.by, ast.expr):
        if _is_command(file, use.by):
            return use.node, "a place in a bucket", _STORAGE
        outer = file.model.parents[use.by]
        if isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Mod) and _is_uri(file, outer.left):
            return outer, "a place in a bucket", _STORAGE
    if use.way is Way.ARGUMENT and isinstance(use.by, ast.Call):
        return _passed(file, use, use.by)
    return None


def _passed(file: File, use: Use, call: ast.Call) -> tuple[ast.expr, str, str] | None:
    ours = file.call_at(call)
    if ours is not None:
        if use.keyword == "hot_load_bucket_url":
            return use.node, "the URL of a bucket", "Leave it out: the service knows its buckets."
        name = _STATES.get(ours.path.rpartition(".")[2])
        first = bool(call.args) and call.args[0] is use.node
        if use.keyword == "init_from_checkpoint" or (name and (first or use.keyword == name)):
            return use.node, "a training state", _STATE
        return None
    if not call.args or call.args[0] is not use.node:
        return _joined(file, use, call)
    if _is_open(file, call.func) or file.model.resolve(call.func) in _FILES:
        return use.node, "a file", _STORAGE
    if isinstance(call.func, ast.Attribute) and call.func.attr == "format" and _is_uri(file, call.func.value):
        return call, "a place in a bucket", _STORAGE
    return None


def _is_open(file: File, callee: ast.expr) -> bool:
    return isinstance(callee, ast.Name) and callee.id == "open" and not file.model.bindings(callee)


def _joined(file: File, use: Use, call: ast.Call) -> tuple[ast.expr, str, str] | None:
    """``os.path.join("gs://…", name)`` and the like."""
    if not call.args or not _is_uri(file, call.args[0]):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            return (call, "a place in a bucket", _STORAGE) if _is_uri(file, call.func.value) else None
        return None
    if file.model.resolve(call.func) in ("os.path.join", "posixpath.join"):
        return call, "a place in a bucket", _STORAGE
    return None


def _is_uri(file: File, node: ast.expr) -> bool:
    text = file.text(node)
    return text is not None and _URI.match(text) is not None


def _is_command(file: File, node: ast.expr) -> bool:
    """Whether a list is a command line of a program that copies from buckets."""
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        return False
    return file.text(node.elts[0]) in _PROGRAMS
