"""The hooks for pre-commit: what they run does what a commit needs, and README tells of each."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from fwdoctor.cli import group

ROOT = Path(__file__).parents[1]
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
}
OLD = "from training.utils import InfraConfig\n\nsettings = InfraConfig(trainer_timeout_s=1800)\n"
NEW = "from training.utils import TrainerConfig\n\nsettings = TrainerConfig(timeout_s=1800)\n"


@dataclass(frozen=True)
class Case:
    """A project, and what a commit in it meets: the exit status, words of the output, files afterwards."""

    hook: str
    files: dict[str, str]
    status: int
    says: str
    becomes: dict[str, str] = field(default_factory=dict)
    environment: bool = False


CASES = [
    Case("fwdoctor-lint", {"a.py": OLD}, 1, "FWD101"),
    Case("fwdoctor-lint", {"a.py": NEW, "b.pyi": "x: int\n"}, 0, "nothing found"),
    Case("fwdoctor-lint", {"a.py": OLD, "fwdoctor.toml": "exclude = ['a.py']\n"}, 0, "nothing found"),
    Case("fwdoctor-migrate", {"a.py": OLD}, 0, "ported", {"a.py": NEW}),
    Case("fwdoctor-migrate", {"a.py": NEW}, 0, "unchanged"),
    Case("fwdoctor-migrate", {"a.py": "import os\n", "b.pyi": "x: int\n"}, 0, ""),
    Case("fwdoctor-check", {"a.py": "import fireworks\n"}, 0, "1.2.0a69", environment=True),
    Case(
        "fwdoctor-check",
        {"requirements.txt": "fireworks-ai[training]>=1.2.0a70\n"},
        1,
        "FWS202",
        environment=True,
    ),
]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT", "PYTHONPATH")}
    environ = kept | {
        "HOME": str(folder.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in (".", "codemods", "rules")),
    }
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.hook}-{case.status}-{case.says}")
def test_what_a_hook_does_to_a_commit(tmp_path: Path, case: Case) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for name, text in case.files.items():
        (project / name).write_text(text, "utf-8")
    assert run(project, "git", "init", "-q").returncode == 0
    assert run(project, "git", "add", "-A").returncode == 0
    if case.environment:
        shutil.copytree(ROOT / "tests" / "fixtures" / "stale_venv", project / ".venv")
    hook = HOOKS[case.hook]
    program, *options = shlex.split(hook["entry"])
    assert program == "fwdoctor"
    names = list(case.files) if hook.get("pass_filenames", True) else []
    done = run(project, sys.executable, "-m", "fwdoctor", *options, *names)
    assert done.returncode == case.status, done.stdout + done.stderr
    assert case.says in done.stdout
    for name, text in (case.files | case.becomes).items():
        assert (project / name).read_text("utf-8") == text
        # What was staged can be had back.
        assert run(project, "git", "show", f":{name}").stdout == case.files[name]


@pytest.mark.parametrize("name", sorted({case.hook for case in CASES}))
def test_the_command_of_a_hook_exists_and_takes_its_options(name: str) -> None:
    _, command, *options = shlex.split(HOOKS[name]["entry"])
    found = group.get_command(group.make_context("fwdoctor", ["--help"], resilient_parsing=True), command)  # type: ignore[attr-defined]
    assert found is not None
    found.make_context(command, [*options, "."])


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_installs_light_and_runs_once(name: str) -> None:
    hook = HOOKS[name]
    assert hook["language"] == "python"
    assert hook["require_serial"] is True
    assert {"python", "pyi", "jupyter"} <= set(hook["types_or"])
    assert "additional_dependencies" not in hook
    assert hook.get("pass_filenames", True) == (name != "fwdoctor-check")


@pytest.mark.parametrize("document", ["README.md", "docs/ci.md"])
def test_every_hook_is_documented(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (config,) = [block for block in blocks if "repos" in block]
    (repo,) = config["repos"]
    assert [hook["id"] for hook in repo["hooks"]] == list(HOOKS)
    for name in HOOKS:
        assert f"`{name}`" in text
