"""The codemods in libcst's own runner."""

import subprocess
import sys
from pathlib import Path

import pytest
from fwdoctor_codemods.core import registry

from fwdoctor.migrate import libcst_commands

OLD = """\
from training.recipes.rl_loop import Config
from training.utils import InfraConfig, WeightSyncConfig

cfg = Config(log_path="l", infra=InfraConfig(region="r"), weight_sync=WeightSyncConfig(dcp_save_interval=5))
"""


def command(name: str, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = [
        "-x",
        f"fwdoctor.migrate.libcst_commands.{name}",
        "--target",
        "june",
        "--no-format",
        "--hide-progress",
    ]
    return subprocess.run(
        [sys.executable, "-m", "libcst.tool", "codemod", *words, *more, str(path)],
        capture_output=True,
        text=True,
        cwd=path.parent,
        timeout=120,
        check=False,
    )


def test_all(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(OLD)
    done = command("All", path)
    assert done.returncode == 0, done.stderr
    assert (
        'cfg = Config(log_path="l", trainer=TrainerConfig(region="r"), dcp_save_interval=5)'
        in path.read_text()
    )


def test_one_leaves_the_others_work_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(OLD)
    done = command("SettingsClass", path)
    assert done.returncode == 0, done.stderr
    assert "infra=TrainerConfig(region=" in path.read_text()
    assert "weight_sync=WeightSyncConfig(dcp_save_interval=5)" in path.read_text()
    assert "TODO" not in path.read_text()


def test_a_file_that_cannot_be_ported_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    assert command("All", path).returncode == 0
    assert path.read_text() == "x = 1\n"


@pytest.mark.parametrize("name", registry.names())
def test_every_codemod_is_a_command(name: str) -> None:
    found = getattr(libcst_commands, "".join(p.capitalize() for p in name.split("_")))
    assert name in found.CODEMODS
    assert {"imports", "unused_manager"} <= set(found.CODEMODS)
    assert found.DESCRIPTION


def test_what_provisions_is_ported_together() -> None:
    assert {"setup_infra", "service_client", "resource_cleanup"} <= set(registry.family("weight_syncer"))
    assert "recipe_config" not in registry.family("weight_syncer")
