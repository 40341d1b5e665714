"""The static reader against the real SDK, which the test extra installs: what ``inspect`` says is the truth."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from fwdoctor.cli import run
from fwdoctor.surface import timeline
from fwdoctor.surface.folders import SDK_LEFT_OUT, SDK_PACKAGES
from fwdoctor.surface.model import Class, Function, Parameter, Surface, signature_of
from fwdoctor.surface.reader import read_surface

PACKAGE = "fireworks.training.sdk"
DESCRIBE = Path(__file__).with_name("describe_sdk.py")


def installed() -> str:
    return metadata.version("fireworks-ai")


@pytest.fixture(scope="module")
def real() -> dict[str, dict[str, Any]]:
    done = subprocess.run([sys.executable, DESCRIBE, PACKAGE], capture_output=True, check=True)
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    assert len(found) > 30
    return found


def from_disk() -> Surface:
    site = metadata.distribution("fireworks-ai").locate_file("")
    return read_surface(Path(str(site)), SDK_PACKAGES, name="installed", leave_out=SDK_LEFT_OUT)


def from_timeline() -> Surface:
    """The stored surface of the installed release; its own, if it is newer than the timeline."""
    line = timeline.sdk()
    found = next((v for v in line.versions if v.number == installed()), None)
    return line.surface(found) if found else from_disk()


@pytest.fixture(scope="module", params=["disk", "timeline"])
def surface(request: pytest.FixtureRequest) -> Surface:
    return from_disk() if request.param == "disk" else from_timeline()


def same_default(ours: str | None, real: str | None) -> bool:
    if ours is None or real is None:
        return ours is real
    if real == "...":
        return True
    tree = ast.parse(ours, mode="eval")
    numbers = (ast.Expression, ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    if all(isinstance(node, numbers) for node in ast.walk(tree)):
        return repr(eval(compile(tree, "default", "eval"))) == real
    return True  # a constant of the module, say


def difference(given: tuple[Parameter, ...], real: list[list[Any]]) -> str | None:
    """What is not the same, or None."""
    ours = [(p.name, p.kind.value) for p in given]
    if ours != [(name, kind) for name, kind, _, _ in real]:
        return f"{ours} instead of {[tuple(r[:2]) for r in real]}"
    for p, (name, _, default, annotation) in zip(given, real, strict=True):
        if not same_default(p.default, default):
            return f"{name}: default {p.default} instead of {default}"
        if "..." not in (annotation, p.annotation) and p.annotation != annotation:
            return f"{name}: annotation {p.annotation} instead of {annotation}"
    return None


def test_every_public_name_is_there_and_lives_where_it_lives(
    real: dict[str, dict[str, Any]], surface: Surface
) -> None:
    assert {name: surface.canonical(f"{PACKAGE}.{name}") for name in real} == {
        name: described["lives"] for name, described in real.items()
    }


def test_every_signature_is_the_same(real: dict[str, dict[str, Any]], surface: Surface) -> None:
    wrong, compared = {}, 0
    for name, described in real.items():
        path = f"{PACKAGE}.{name}"
        located = surface.locate(path)
        assert isinstance(located, tuple)
        symbol = located[1]
        assert isinstance(symbol, Class if described["kind"] == "class" else Function), path
        signature = signature_of(symbol)
        assert signature is not None
        calls: list[tuple[str, Function | None, Any]] = [(path, signature, described["call"])]
        if isinstance(symbol, Class):
            calls += [(f"{path}.{m}", symbol.methods.get(m), c) for m, c in described["methods"].items()]
        for label, function, call in calls:
            if call is None:
                continue
            if function is None:
                wrong[label] = "not there"
            elif not function.opaque:
                compared += 1
                if found := difference(function.parameters, call):
                    wrong[label] = found
    assert not wrong
    assert compared > 150


#: What the reader cannot tell, and says so: enums and protocols are not called, and these models of pydantic
#: swallow surplus arguments.
CANNOT_TELL = {
    "FiretitanSamplingParams",
    "GradAccNormalization",
    "GradNormMetricsMode",
    "OptimStepResponse",
    "SamplingConcurrencyController",
    "SamplingParams",
    "TITOIncrementalRenderer",
    "TITORenderer",
    "WeightSyncResponse",
}


def test_what_cannot_be_told_is_known_and_little(real: dict[str, dict[str, Any]], surface: Surface) -> None:
    opaque = set()
    for name in real:
        signature = surface.signature(f"{PACKAGE}.{name}")
        if signature is not None and signature.opaque:
            opaque.add(name)
    assert opaque <= CANNOT_TELL


def test_every_dataclass_model_and_enum_has_the_same_fields_and_members(
    real: dict[str, dict[str, Any]], surface: Surface
) -> None:
    dataclasses = 0
    for name, described in real.items():
        if described["kind"] != "class":
            continue
        cls = surface.class_at(f"{PACKAGE}.{name}")
        assert cls is not None, name
        assert list(cls.members) == described["members"], name
        if described["fields"] is not None:
            dataclasses += 1
            assert [f.name for f in cls.fields] == [f for f, _ in described["fields"]], name
            for field, (_, default) in zip(cls.fields, described["fields"], strict=True):
                assert same_default(field.default, default), f"{name}.{field.name}"
        if described["model"]:
            assert [f.name for f in cls.fields] == described["model"], name
    assert dataclasses > 15


def test_the_command_says_the_same(
    real: dict[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    if timeline.sdk().release(installed()) is None:
        pytest.fail(f"the pinned SDK {installed()} is not in the timeline: rebuild it (docs/surfaces.md)")
    compared = 0
    for name, described in real.items():
        args = ["surface", "show", f"{PACKAGE}.{name}", "--at", installed(), "--output-format", "json"]
        assert run(args) == 0
        (shown,) = json.loads(capsys.readouterr().out)["show"]
        assert shown["path"] == described["lives"]
        if shown["complete"] and described["call"] is not None:
            compared += 1
            given = [(p["name"], p["kind"]) for p in shown["parameters"]]
            assert given == [(n, kind) for n, kind, _, _ in described["call"]] or shown["members"], name
        if described.get("fields") is not None:
            assert [f["name"] for f in shown["fields"]] == [f for f, _ in described["fields"]], name
        methods = {m["name"] for m in shown["methods"]}
        assert methods == set(described.get("methods", ())), name
    assert compared > 60
