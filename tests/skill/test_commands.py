"""Every command that the skill shows is run, on a small old project and against the fake control plane.

A page shows placeholders (``JOB``, ``run.log``, ``src/``); :data:`WORDS` and :func:`project` say what they stand for.
Every command of a page has a row in :data:`ROWS`, and every row is shown on some page.
"""

from __future__ import annotations

import datetime as dt
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.scenarios import DEPLOYMENT, SCENARIOS, TRAINER
from tests.skill.reading import PAGES, ROOT, Shown, name, shown

FIXTURES = ROOT / "tests" / "fixtures"
WORDS = {
    "JOB": TRAINER,
    "DEPLOYMENT": DEPLOYMENT,
    "SHAPE": "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200",
    "MODEL": "accounts/fireworks/models/qwen3-8b",
    "NAME": "hotload-timeout",
    "OLD": "june",
    "NEW": "latest",
    "PATH": "checkout",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What a command has to say (to either stream), with which exit status, in which scenario."""

    status: int
    says: str
    scenario: str = "healthy"


ROWS: dict[str, Row] = {
    "fwdoctor check --agent .": Row(1, "FWS202"),
    "fwdoctor check .": Row(1, "FWS202"),
    "fwdoctor check . --job JOB --deployment DEPLOYMENT --log run.log": Row(1, "FWP301", "stale-attachment"),
    "fwdoctor check . --log run.log": Row(1, "FWE702"),
    "fwdoctor check . --python .venv --output-format json": Row(1, '"rule": "FWS202"'),
    "fwdoctor explain run.log": Row(1, "FWE702 hotload-timeout"),
    "fwdoctor explain run.log --support-bundle bundle.md": Row(
        1, "wrote bundle.md: read it before you send it"
    ),
    "fwdoctor explain run.log --unknown": Row(1, "FWE702"),
    "fwdoctor explain tests/fixtures/failed_run.log --select FWE702": Row(1, "1 error"),
    "fwdoctor lint --fix src/": Row(1, "fixed"),
    "fwdoctor lint --select FWD2 src/": Row(0, "nothing found"),
    "fwdoctor lint --target latest src/": Row(1, "FWD101"),
    "fwdoctor lint --unsafe-fixes src/": Row(0, "fixed"),
    "fwdoctor lint src/": Row(1, "FWD101"),
    "fwdoctor lint src/ --target latest": Row(1, "FWD101"),
    "fwdoctor lint train.py": Row(0, "nothing found"),
    "fwdoctor migrate --check --target latest src/": Row(1, "ported 1 · partial 1"),
    "fwdoctor migrate --check src/": Row(1, "ported 1 · partial 1"),
    "fwdoctor migrate --diff --preserve-defaults write --target latest src/": Row(
        1, "+        pipeline_depth=1"
    ),
    "fwdoctor migrate --diff --target latest src/": Row(1, "+        trainer=TrainerConfig("),
    "fwdoctor migrate --diff src/": Row(1, "+        trainer=TrainerConfig("),
    "fwdoctor migrate --target latest src/": Row(1, "ported 1 · partial 1"),
    "fwdoctor migrate src/": Row(1, "ported 1 · partial 1"),
    "fwdoctor probe account": Row(1, "FWP302", "stale-attachment"),
    "fwdoctor probe checkpoints JOB": Row(1, "FWP201 only-deltas", "deltas-only"),
    "fwdoctor probe checkpoints JOB --output-model-id my-policy-step-14": Row(
        1, "free: no model has this id", "deltas-only"
    ),
    "fwdoctor probe deployment DEPLOYMENT --job JOB": Row(1, "FWP301", "stale-attachment"),
    "fwdoctor probe deployment serving --job my-trainer": Row(1, "FWP301", "stale-attachment"),
    "fwdoctor probe job JOB": Row(1, "FWP109", "failed"),
    "fwdoctor probe job JOB --watch": Row(1, "FWP109", "failed"),
    "fwdoctor probe shape SHAPE --base-model MODEL --lora-rank 0 --context 32768": Row(0, "policy trainer"),
    # Without a terminal it sends nothing.
    "fwdoctor resume JOB": Row(2, "nothing was sent", "failed"),
    "fwdoctor rule FWD106": Row(0, "setting-without-counterpart"),
    "fwdoctor rule NAME": Row(0, "FWE702"),
    "fwdoctor rule hotload-timeout": Row(0, "FWE702"),
    "fwdoctor run -- python train.py": Row(1, "FWE702"),
    "fwdoctor skill install": Row(0, "fireworks-doctor"),
    "fwdoctor skill install --check": Row(1, "fireworks-doctor"),
    "fwdoctor skill path": Row(0, "fireworks-doctor"),
    "fwdoctor surface build PATH": Row(0, "is no version known"),
    "fwdoctor surface diff OLD NEW --used-by src/": Row(0, "grad_accumulation_normalization"),
    "fwdoctor surface fit src/": Row(0, "fits"),
    "fwdoctor surface show TrainerConfig": Row(0, "training_shape_id"),
    "fwdoctor surface show async_rl_loop.Config": Row(0, "max_head_offpolicy_versions"),
    "fwdoctor surface show distillation_loop.Config": Row(0, "distill_mode"),
    "fwdoctor surface show rl_loop.Config": Row(0, "weight_sync_timeout: int = 600"),
    "fwdoctor surface show rl_loop.Config --at latest": Row(0, "weight_sync_timeout: int = 600"),
    "fwdoctor surface show rl_loop.Config.concurrency": Row(1, "removed  cookbook 2e447c8a (2026-07-25)"),
    "fwdoctor surface show rl_loop.Config.infra --at latest": Row(
        1, "removed  cookbook 517d206d (2026-06-01)"
    ),
    "fwdoctor surface show rl_loop.Config.loss_path": Row(1, "removed  cookbook 1311b610 (2026-07-17)"),
    "fwdoctor surface show sft_loop.Config.renderer_name": Row(0, "added    cookbook b5bd3a1a (2026-03-06)"),
    # Named, not shown to be run as they are.
    "fwdoctor explain": Row(0, "Usage: fwdoctor explain"),
    "fwdoctor mcp": Row(0, "Usage: fwdoctor mcp"),
    "fwdoctor migrate": Row(0, "Usage: fwdoctor migrate"),
    "fwdoctor surface": Row(0, "Usage: fwdoctor surface"),
    "fwdoctor surface fit": Row(0, "Usage: fwdoctor surface fit"),
}

SHOWN = {command.line: command for page in PAGES for command in shown(page)}
QUOTED = [command for page in PAGES for command in shown(page) if command.quoted]


def project(folder: Path) -> Path:
    """The folder in which commands run: an old project in ``src``, its environment, a log, a script that fails, a checkout."""
    shutil.copytree(FIXTURES / "old_project" / "scripts", folder / "src")
    shutil.copy(FIXTURES / "old_project" / "pyproject.toml", folder)
    shutil.copytree(FIXTURES / "stale_venv", folder / ".venv")
    shutil.copy(FIXTURES / "failed_run.log", folder / "run.log")
    (folder / "tests" / "fixtures").mkdir(parents=True)
    shutil.copy(FIXTURES / "failed_run.log", folder / "tests" / "fixtures")
    recipes = folder / "checkout" / "training" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "rl_loop.py").write_text("class Config:\n    base_model: str\n", "utf-8")
    (folder / "train.py").write_text("import sys\nsys.exit(open('run.log').read())\n", "utf-8")
    return folder


@pytest.fixture
def plane() -> Iterator[FakeControlPlane]:
    with FakeControlPlane(start=dt.datetime.now(dt.UTC), live=True) as plane:
        yield plane


def run(line: str, row: Row, folder: Path, plane: FakeControlPlane) -> subprocess.CompletedProcess[str]:
    """Run a command of a page in a project; both streams are in ``stdout``."""
    SCENARIOS[row.scenario].prepare(plane)
    program, *words = [WORDS.get(word, word) for word in shlex.split(line)]
    assert program == "fwdoctor"
    if row.says.startswith("Usage: "):
        words.append("--help")
    environ = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join(str(ROOT / f) for f in (".", "codemods", "rules")),
        "PYTHONIOENCODING": "utf-8",
        "FIREWORKS_BASE_URL": plane.url,
        "FIREWORKS_API_KEY": plane.key,
    }
    return subprocess.run(
        [sys.executable, "-m", "fwdoctor", *words],
        cwd=project(folder),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_every_command_has_a_row_and_every_row_is_shown() -> None:
    assert SHOWN.keys() == ROWS.keys()


@pytest.mark.parametrize(("line", "row"), ROWS.items(), ids=ROWS)
def test_commands_do_what_pages_say(line: str, row: Row, tmp_path: Path, plane: FakeControlPlane) -> None:
    done = run(line, row, tmp_path, plane)
    assert row.says in done.stdout
    assert done.returncode == row.status, done.stdout
    assert "internal error" not in done.stdout
    assert plane.key not in done.stdout


@pytest.mark.parametrize("command", QUOTED, ids=lambda c: f"{name(c.page)}: {c.line}")
def test_quoted_output_is_what_is_printed(command: Shown, tmp_path: Path, plane: FakeControlPlane) -> None:
    """The quoted lines are lines of the output, in this order; pages leave lines out."""
    printed = iter(run(command.line, ROWS[command.line], tmp_path, plane).stdout.splitlines())
    for line in command.quoted:
        assert line in printed, f"not printed, or not in this place: {line}"
