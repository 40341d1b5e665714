"""Runs the real ruff."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Hit:
    """One finding of ruff."""

    code: str
    line: int
    message: str


def ruff(folder: Path, **environ: str) -> list[Hit]:
    """What ``ruff check`` says in a folder, with the configuration that it finds there."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "json"]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return [
        Hit(row["code"], row["location"]["row"], row["message"].replace("`", ""))
        for row in json.loads(done.stdout)
    ]


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file below the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
