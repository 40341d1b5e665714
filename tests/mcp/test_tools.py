"""The tools as command lines: values never become options."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from fwdoctor.cli import group
from fwdoctor.mcp.tools import TOOLS, Tool, refusal

BY_NAME = {tool.name: tool for tool in TOOLS}


def line(name: str, given: dict[str, Any]) -> str:
    tool = BY_NAME[name]
    assert refusal(tool, given) is None
    return shlex.join(tool.call(given).line("json"))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("check", {}, "check --output-format=json -- ."),
        (
            "check",
            {"path": "a b", "python": "-x", "logs": ["l", "--exit-zero"]},
            "check --output-format=json --python=-x --log=l --log=--exit-zero -- 'a b'",
        ),
        ("explain", {"files": ["-o", "b"]}, "explain --output-format=json -- -o b"),
        ("explain", {"text": "TypeError"}, "explain --output-format=json -- -"),
        ("lint", {"paths": ["--fix"]}, "lint --output-format=json -- --fix"),
        ("migrate", {"paths": ["a"]}, "migrate --output-format=json --diff -- a"),
        ("migrate", {"paths": ["a"], "apply": False}, "migrate --output-format=json --diff -- a"),
        (
            "migrate",
            {"paths": ["a"], "apply": True, "target": "latest"},
            "migrate --output-format=json --target=latest -- a",
        ),
        ("probe", {"kind": "account"}, "probe account --output-format=json"),
        ("probe", {"kind": "job", "name": "--all"}, "probe job --output-format=json -- --all"),
        (
            "probe",
            {"kind": "shape", "name": "s", "lora_rank": 0, "reference": True},
            "probe shape --output-format=json --lora-rank=0 --reference -- s",
        ),
        ("rule", {"rule": "--all"}, "rule --output-format=json -- --all"),
    ],
)
def test_command_lines(name: str, given: dict[str, Any], expected: str) -> None:
    assert line(name, given) == expected


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("check", {"path": ""}),
        ("check", {"fix": True}),
        ("explain", {}),
        ("explain", {"files": ["a"], "text": "b"}),
        ("explain", {"files": []}),
        ("lint", {}),
        ("lint", {"paths": "a"}),
        ("migrate", {"paths": ["a"], "apply": "yes"}),
        ("migrate", {"paths": ["a"], "preserve_defaults": "all"}),
        ("probe", {"kind": "secrets"}),
        ("probe", {"kind": "job"}),
        ("probe", {"kind": "account", "name": "me"}),
        ("probe", {"kind": "job", "name": "j", "lora_rank": 1}),
        ("rule", {}),
    ],
)
def test_what_does_not_fit_is_refused(name: str, given: dict[str, Any]) -> None:
    assert refusal(BY_NAME[name], given)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_option_is_one_of_its_command(tool: Tool) -> None:
    """What a tool takes, its command takes: each property is tried, and click parses the line."""
    samples = {
        "files": ["f"],
        "text": "t",
        "paths": ["p"],
        "logs": ["l"],
        "lora_rank": 1,
        "reference": True,
        "context": 1,
        "preserve_defaults": "write",
        "apply": True,
    }
    kinds = ("job", "checkpoints", "deployment", "shape", "account") if tool.name == "probe" else (None,)
    tried = set()
    for kind in kinds:
        for name in tool.properties:
            given = {n: samples.get(n, n) for n in {*tool.required, name}}
            if kind is not None:
                given |= {"kind": kind} | ({} if kind == "account" else {"name": "n"})
            if refusal(tool, given) is not None:
                continue
            tried.add(name)
            words = tool.call(given).line("json")
            command: Any = group
            context = None
            while hasattr(command, "get_command"):
                context = command.make_context(words[0], [], parent=context, resilient_parsing=True)
                found = command.get_command(context, words.pop(0))
                assert found is not None
                command = found
            command.make_context(command.name, list(words), parent=context)  # raises where it does not fit
    assert tried == set(tool.properties)
