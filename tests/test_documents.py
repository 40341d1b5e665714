"""What documents show can be used as it stands: YAML and TOML parse, workflows are workflows."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "skills").rglob("*.md")])


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text("utf-8"), re.DOTALL)


def workflows() -> list[dict[Any, Any]]:
    parsed = [yaml.safe_load(block) for block in blocks(ROOT / "docs" / "ci.md", "yaml")]
    return [block for block in parsed if "jobs" in block]


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_blocks_parse(path: Path) -> None:
    for block in blocks(path, "ya?ml"):
        assert isinstance(yaml.safe_load(block), dict)
    for block in blocks(path, "toml"):
        assert tomllib.loads(block)


@pytest.mark.parametrize("workflow", workflows(), ids=lambda workflow: next(iter(workflow["jobs"])))
def test_workflows_are_complete_and_pinned(workflow: dict[Any, Any]) -> None:
    assert workflow["name"]
    assert workflow[True]  # YAML takes "on" for a truth value; GitHub does not
    assert workflow["permissions"]["contents"] == "read"
    for job in workflow["jobs"].values():
        assert job["runs-on"]
    for step in steps(workflow):
        assert step.keys() <= {"uses", "with", "run"}
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w./-]+@v\d+", step["uses"])


def test_what_is_uploaded_is_what_was_written() -> None:
    (workflow,) = [w for w in workflows() if w["permissions"].get("security-events") == "write"]
    (lint,) = [shlex.split(s["run"]) for s in steps(workflow) if s.get("run", "").startswith("fwdoctor ")]
    (upload,) = [s for s in steps(workflow) if "upload-sarif" in s.get("uses", "")]
    assert lint[:4] == ["fwdoctor", "lint", "--output-format", "sarif"]
    assert lint[lint.index("-o") + 1] == upload["with"]["sarif_file"]
    assert "--exit-zero" in lint
