"""The tree that the benchmarks run on: real files of this interpreter, and a few that use Fireworks."""

from __future__ import annotations

import os
import sysconfig
from itertools import cycle, islice
from pathlib import Path

# Left out by name by one of the tools: a fair comparison shows them all the same files.
_RENAMED = frozenset({"build", "dist", "node_modules", "site-packages", "venv", "_build", "buck-out"})
_NOT_COPIED = ("fireworks", "training", "fwdoctor", "__pycache__")

_SCRIPT = '''\
"""Fine-tune {name} on the prepared data."""

from __future__ import annotations

import logging
import os

from fireworks.training.sdk import DeploymentManager, TrainerJobManager
from training.recipes.rl_loop import Config, main
from training.utils import DeployConfig, InfraConfig, WeightSyncConfig

logger = logging.getLogger(__name__)

ROWS = {rows}


def reward(completion: str, row: dict) -> float:
    """One point for the right answer, less a little for every line too many."""
    answer = completion.rsplit("answer:", 1)[-1].strip()
    return float(answer == row["ground_truth"]) - 0.01 * max(completion.count("\\n") - {number}, 0)


def run() -> None:
    rlor_mgr = TrainerJobManager(api_key=os.environ["FIREWORKS_API_KEY"])
    deploy_mgr = DeploymentManager(api_key=os.environ["FIREWORKS_API_KEY"])
    config = Config(
        log_path="/tmp/run-{number}",
        base_model="accounts/fireworks/models/qwen3-8b",
        dataset="train-{number}.jsonl",
        learning_rate=1e-5,
        max_rows=ROWS,
        infra=InfraConfig(
            training_shape_id="accounts/fireworks/trainingShapes/qwen3-8b-128k",
            region="US_VIRGINIA_1",
        ),
        deployment=DeployConfig(deployment_id="run-{number}"),
        weight_sync=WeightSyncConfig(weight_sync_interval=1),
    )
    main(config, rlor_mgr=rlor_mgr, deploy_mgr=deploy_mgr)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    run()
'''


def build_tree(root: Path, *, files: int, users: int) -> None:
    """Fill ``root`` with ``files`` Python files, of which ``users`` use an old API of the cookbook.

    The same interpreter with the same packages yields the same tree.
    """
    sources = _sources()
    if not sources:
        raise SystemExit("this interpreter has no source files to copy")
    others = files - users
    # Evenly spaced, so that a part of the sources is as mixed as the whole.
    step = max(len(sources) / others, 1)
    picked = [sources[int(number * step)] for number in range(min(len(sources), others))]
    for number, (source, relative) in enumerate(islice(cycle(picked), others)):
        target = root / f"copy_{number // len(picked)}" / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    for number in range(users):
        target = root / f"project_{number % 8}" / f"run_{number}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_SCRIPT.format(name=f"model {number}", number=number, rows=100 + number))


def _sources() -> list[tuple[Path, Path]]:
    """The interpreter's files, each with its place in the tree."""
    found = []
    for name in ("stdlib", "purelib"):
        base = Path(sysconfig.get_path(name))
        for folder, folders, files in os.walk(base):
            folders[:] = sorted(each for each in folders if not each.startswith(_NOT_COPIED))
            if name == "stdlib" and "site-packages" in folders:
                folders.remove("site-packages")
            for file in sorted(files):
                if file.endswith(".py"):
                    path = Path(folder, file)
                    parts = [
                        f"{part}_" if part in _RENAMED or part.startswith(".") else part
                        for part in path.relative_to(base).parts
                    ]
                    found.append((path, Path(name, *parts)))
    return found
