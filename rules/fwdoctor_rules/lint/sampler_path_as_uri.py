"""The name of a sampler snapshot, used as if it were a place in storage or a training state.

What save_weights_for_sampler gives as ``path`` (and its older twin as ``snapshot_name``) is an identity: the
service finds the files behind it. A text that merely contains it (a log, a file name of the user's own) is
all right; a URI of a bucket, or a file operation on the name itself, is not. A URI ends at white space: what
stands behind it is the text of a log. A Path of the name is a file operation only if something is done with it
that touches files: parts of a path are also taken for names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import HOLE, File, Hit
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
        "safetensors.torch.load_file",
        "shutil.copy",
        "shutil.copytree",
        "shutil.move",
        "shutil.rmtree",
        "torch.load",
    }
)
#: What a Path does with the file that it names.
_TOUCHES = frozenset(
    {
        "exists",
        "glob",
        "is_dir",
        "is_file",
        "iterdir",
        "mkdir",
        "open",
        "read_bytes",
        "read_text",
        "rename",
        "replace",
        "rglob",
        "stat",
        "touch",
        "unlink",
        "walk",
        "write_bytes",
        "write_text",
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
        if file.may_be_mocked(call.node):
            continue
        for name in _names(file, call.node):
            for use in uses(file, name):
                if (found := _mistaken(file, use)) is not None and not _is_refuted(file, use):
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
        inside = _is_open_uri(_before(file, use.by, use.node))
        return (use.by, "a place in a bucket", _STORAGE) if inside else None
    if use.way is Way.ELEMENT and isinstance(use.by, ast.expr):
        if _is_command(file, use.by):
            return use.node, "a place in a bucket", _STORAGE
        outer = file.model.parents[use.by]
        if isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Mod) and outer.right is use.by:
            place = use.by.elts.index(use.node) if isinstance(use.by, ast.Tuple) else 0
            if _is_filled_uri(file, outer.left, "%", place):
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
    if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
        place = call.args.index(use.node) if use.node in call.args else 0
        filled = _is_filled_uri(file, call.func.value, "{", place)
        return (call, "a place in a bucket", _STORAGE) if filled else None
    if not call.args or call.args[0] is not use.node:
        return _joined(file, call)
    if _is_file(file, call, set()):
        return use.node, "a file", _STORAGE
    return None


def _is_file(file: File, call: ast.Call, seen: set[ast.AST]) -> bool:
    """Whether a call takes its first argument for the name of a file or folder."""
    if file.model.resolve(call.func) != "pathlib.Path":
        return _is_open(file, call.func) or file.model.resolve(call.func) in _FILES
    if call in seen:  # p = Path(p)
        return False
    seen.add(call)
    for use in uses(file, call):
        if use.way is Way.DROPPED or use.attribute in _TOUCHES:
            return True
        if use.way is Way.TEXT and isinstance(use.by, ast.BinOp) and use.by.left is use.node:
            return True
        taker = use.by if use.way is Way.ARGUMENT and isinstance(use.by, ast.Call) else None
        if taker is not None and taker.args[:1] == [use.node] and _is_file(file, taker, seen):
            return True
    return False


def _is_refuted(file: File, use: Use) -> bool:
    """Whether a test says that it does not work, or that nothing is there."""
    if file.is_expected_to_fail(use.node):
        return True
    asserted = (a.test for a in file.model.ancestors(use.node) if isinstance(a, ast.Assert))
    return any(isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) for test in asserted)


def _is_open(file: File, callee: ast.expr) -> bool:
    return isinstance(callee, ast.Name) and callee.id == "open" and not file.model.bindings(callee)


def _joined(file: File, call: ast.Call) -> tuple[ast.expr, str, str] | None:
    """``os.path.join("gs://…", name)`` and the like."""
    if not call.args or not _is_open_uri(file.text(call.args[0]) or ""):
        return None
    if file.model.resolve(call.func) in ("os.path.join", "posixpath.join"):
        return call, "a place in a bucket", _STORAGE
    return None


def _is_open_uri(text: str) -> bool:
    """Whether what follows a text belongs to the URI with which it begins."""
    return _URI.match(text) is not None and not any(map(str.isspace, text))


def _is_filled_uri(file: File, template: ast.expr, sign: str, place: int) -> bool:
    """Whether a template begins with a URI, and the argument at a place is put into that."""
    text = (file.text(template) or "").split(maxsplit=1)
    return bool(text) and _URI.match(text[0]) is not None and text[0].count(sign) > place


def _before(file: File, whole: ast.expr, part: ast.expr) -> str:
    """The text that stands before a part of an f-string or a sum, as far as it is known."""
    pieces = whole.values if isinstance(whole, ast.JoinedStr) else list(_summands(whole))
    text = ""
    for piece in pieces:
        value = piece.value if isinstance(piece, ast.FormattedValue) else piece
        if value is part:
            return text
        text += file.text(value) or HOLE
    return ""


def _summands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _summands(node.left)
        yield from _summands(node.right)
    else:
        yield node


def _is_command(file: File, node: ast.expr) -> bool:
    """Whether a list is a command line of a program that copies from buckets."""
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        return False
    return file.text(node.elts[0]) in _PROGRAMS
