"""Every command of the command line, and how to run it where something is wrong with the surroundings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
#: An answer that is a bug of ours, wherever it is said.
BROKEN = ("Traceback", "Exception ignored", "internal error", "failed itself", "UnicodeEncodeError")
OLD = (
    "from training.recipes.sft_loop import Config\n"
    "from training.utils import InfraConfig\n"
    "c = Config(log_path='l', infra=InfraConfig())  # größer\n"
)
NEW = OLD.replace("infra=", "trainer=").replace("InfraConfig", "TrainerConfig")


@dataclass(frozen=True)
class Case:
    """A command line, and the exit statuses with which it has done its job."""

    words: tuple[str, ...]
    statuses: frozenset[int]
    text: str = ""
    environ: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(word for word in self.words if "/" not in word)


def _case(line: str, *statuses: int, text: str = "") -> Case:
    words = tuple(str(FIXTURES / w[1:]) if w.startswith("@") else w for w in line.split())
    return Case(words, frozenset(statuses or (0,)), text)


#: At least one line for each command, and one for each way in which a command reads or prints.
CASES = [
    _case("--version"),
    _case("--help"),
    _case("check --offline @old_project", 1, 2),  # 2: pip is asked, and may not be there
    _case("explain @failed_run.log", 1),
    _case(
        "explain -", 1, text="ERROR: Trainer job a-1 is archived and cannot be recreated with the same ID\n"
    ),
    _case("lint --target latest @lint_project", 1),
    _case("lint --target june --output-format sarif -", 1, text=OLD),
    _case("lsp", 1),  # the editor goes away without a word
    _case("mcp"),
    _case("migrate --diff --target latest @old_project", 1),
    _case("migrate --target june -", 0, text=OLD),
    _case("probe account", 2),  # no key
    _case("resume job-1", 2),
    _case("rule FWD101"),
    _case("run -- echo hello"),
    _case("skill path"),
    _case("skill install --check --project", 1),
    _case("surface fit @old_project"),
    _case("surface show InfraConfig --at latest"),
]


def environment(**more: str) -> dict[str, str]:
    """The surroundings without what is the developer's own; with a path to this checkout."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(
            ("FIREWORKS", "TINKER", "FWDOCTOR", "GITHUB_", "NO_COLOR", "FORCE_COLOR", "PYTHON")
        )
    }
    return kept | essential() | more


def essential() -> dict[str, str]:
    """What a process needs to find Python, us and its tools."""
    path = os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def fwdoctor(*words: str) -> list[str]:
    """The command line, for a process of its own."""
    return [sys.executable, "-m", "fwdoctor", *words]


def shell(
    line: str, *words: str, cwd: Path, text: str = "", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which ``"$@"`` is fwdoctor with these words."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *fwdoctor(*words)],
        cwd=cwd,
        env=environment() if environ is None else environ,
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=120,
        check=False,
    )


def sound(done: subprocess.CompletedProcess[str]) -> None:
    """Nothing that was said is a bug of ours, and no signal ended it."""
    said = done.stdout + done.stderr
    assert not [word for word in BROKEN if word in said], said[-2000:]
    assert 0 <= done.returncode < 128, done.returncode


def left_behind(folder: Path) -> list[str]:
    """Temporary files of ours below the folder."""
    return [str(p.relative_to(folder)) for p in folder.rglob(".fwdoctor-*")]


def project(folder: Path, *names: str) -> list[Path]:
    """Files that migrate and lint would change."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OLD, "utf-8")
    return paths


def copy_of(fixture: str, folder: Path) -> Path:
    """A fixture that may be written to."""
    return Path(shutil.copytree(FIXTURES / fixture, folder / fixture))
