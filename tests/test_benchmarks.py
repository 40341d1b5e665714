"""The benchmark scripts: that they run, and speak of files that are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as everything
from benchmarks import stages

ROOT = Path(stages.__file__).parents[1]
OURS = [part for part, _, _ in stages.STAGES if part.startswith(("/fwdoctor/", "/fwdoctor_"))]


def test_the_stages_of_a_command_are_told() -> None:
    words = ["surface", "show", "training.recipes.rl_loop.Config"]
    command = [sys.executable, str(ROOT / "benchmarks" / "stages.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "`fwdoctor surface show training.recipes.rl_loop.Config`: exit status 0, " in done.stdout
    rows = [line.split("|") for line in done.stdout.splitlines() if line.endswith(" % |")]
    names = {row[1].strip() for row in rows}
    assert "imports" in names
    assert names <= {name for _, _, name in stages.STAGES} | {"the rest"}
    assert sum(int(row[2].strip(" %")) for row in rows) == pytest.approx(100, abs=len(rows))


def test_a_command_is_needed() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "stages.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


@pytest.mark.parametrize("part", OURS)
def test_a_stage_is_a_place_in_this_project(part: str) -> None:
    roots = [ROOT, ROOT / "codemods", ROOT / "rules"]
    assert any((root / part.strip("/")).exists() for root in roots)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [(["--help"], 0, "--startup-only"), (["--fast"], 2, "--fast"), (["--runs", "0"], 2, "at least one run")],
)
def test_options_are_read_before_anything_is_installed(
    options: list[str],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something is installed")

    monkeypatch.setattr("venv.create", refuse)
    monkeypatch.setattr("subprocess.run", refuse)
    monkeypatch.setattr(sys, "argv", ["benchmarks", *options])
    with pytest.raises(SystemExit) as stopped:
        everything.main()
    assert stopped.value.code == status
    both = capsys.readouterr()
    assert said in both.out + both.err


def test_help_needs_nothing_that_is_installed() -> None:
    command = [sys.executable, "-I", "-S", "-c"]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[1:] = ['--help']; import runpy; runpy.run_module('benchmarks', run_name='__main__')"
    done = subprocess.run([*command, code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--startup-only" in done.stdout
