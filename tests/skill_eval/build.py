"""Building a scenario: the project with its history, its environment and the skill, and the commands on the PATH.

A folder holds ``project`` (where the agent works), ``bin`` (first on its PATH), ``home`` (fwdoctor's home folder) and
``record`` (what is needed to judge). Nothing of it runs on its own.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.skill_eval.launcher import NAMES, ROOT
from tests.skill_eval.scenario import Scenario, ScenarioError

#: The key of the fake control plane: good for nothing else.
KEY = "fw_fake_key"
LAUNCHER = Path(__file__).with_name("launcher.py")
_GIT = ("git", "-c", "user.name=user", "-c", "user.email=user@localhost", "-c", "commit.gpgsign=false")
#: What is no file of the user's: the environment, git's own, the skill.
_NOT_THEIRS = (".venv/*", ".git/*", ".git", "*/fireworks-doctor/*", "*__pycache__/*")


def prepare(scenario: Scenario, folder: Path, agent: str = "claude-code") -> None:
    """Build a scenario in a folder that is empty or not there; ``agent``: whose skill folder is used."""
    if folder.exists() and any(folder.iterdir()):
        raise ScenarioError(f"{folder} is not empty")
    project = folder / "project"
    for part in ("project", "bin", "home", "record"):
        (folder / part).mkdir(parents=True)
    for name, text in scenario.files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    if scenario.sdk:
        _environment(project / ".venv", scenario.sdk, folder / "record")
    for name in NAMES:
        _command(folder / "bin" / name, folder / "record", name)
    _install_skill(project, folder, agent)
    _commit(project)
    settings = {"scenario": scenario.name, "plane": scenario.plane}
    (folder / "record" / "settings.json").write_text(json.dumps(settings), "utf-8")
    (folder / "record" / "before.json").write_text(json.dumps(contents(project)), "utf-8")
    (folder / "record" / "skill.json").write_text(json.dumps(skill(project)), "utf-8")
    (folder / "record" / "prompt.txt").write_text(scenario.prompt, "utf-8")


def environment(scenario: Scenario, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The agent's environment: nothing of anybody's keys; the fake one's where the user has one."""
    ours = {k: v for k, v in environ.items() if not k.startswith(("FIREWORKS_", "TINKER_"))}
    ours["PATH"] = os.pathsep.join([str(folder / "bin"), environ.get("PATH", os.defpath)])
    ours.pop("VIRTUAL_ENV", None)
    ours.pop("PYTHONPATH", None)
    if scenario.plane:
        ours["FIREWORKS_API_KEY"] = KEY
    return ours


def contents(project: Path) -> dict[str, str]:
    """Every file of the user's in a project, by its hash."""
    files = (p for p in sorted(project.rglob("*")) if p.is_file())
    named = {p.relative_to(project).as_posix(): p for p in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in named.items()
        if not any(fnmatch.fnmatch(name, pattern) for pattern in _NOT_THEIRS)
    }


def skill(project: Path) -> dict[str, str]:
    """Every file of the installed skill, by its hash."""
    return {
        p.relative_to(project).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for folder in sorted(project.glob(".*/skills/fireworks-doctor"))
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def _environment(folder: Path, release: str, record: Path) -> None:
    """A virtual environment made of text files, in which a release of the SDK is installed."""
    site = folder / "lib" / "python3.11" / "site-packages"
    for name, version in (("fireworks-ai", release), ("tinker", "0.23.0")):
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.3\nName: {name}\nVersion: {version}\n\n", "utf-8"
        )
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.9\n", "utf-8")
    (folder / "bin").mkdir()
    _command(folder / "bin" / "python", record, str(folder / "bin" / "python"))


def _command(path: Path, record: Path, name: str) -> None:
    """A command that the launcher answers."""
    words = [sys.executable, str(LAUNCHER), str(record), name]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', "utf-8")
    path.chmod(0o755)


def _install_skill(project: Path, folder: Path, agent: str) -> None:
    """As a user does it."""
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder / "home")}
    environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / part) for part in (".", "codemods", "rules"))
    command = [sys.executable, "-m", "fwdoctor", "skill", "install", "--agent", agent, "--project"]
    done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ScenarioError(f"the skill could not be installed: {done.stderr.strip() or done.stdout.strip()}")


def _commit(project: Path) -> None:
    """All that is there is committed: what the agent changes is a change."""
    (project / ".gitignore").write_text(".venv/\n__pycache__/\n", "utf-8")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "as it was")):
        subprocess.run([*_GIT, *words], cwd=project, check=True, capture_output=True)
