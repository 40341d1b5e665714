"""How this environment is installed into: the commands that remedies show, ready to paste."""

from __future__ import annotations

import enum
import os
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from fwdoctor.environment.interpreter import Choice, Interpreter
from fwdoctor.environment.reading import Reader, shown


class Tool(enum.StrEnum):
    """What manages the environment."""

    UV_PROJECT = "uv"
    UV = "uv pip"
    POETRY = "poetry"
    PIP = "pip"


@dataclass(frozen=True, slots=True)
class Installer:
    """The tool that manages the environment; ``project`` is the folder with its lock file."""

    tool: Tool
    executable: Path
    project: Path | None = None

    def install(self, requirements: Iterable[str], *, again: bool = False) -> str:
        """The command that installs these requirements; ``again``: although they seem to be installed.

        Every tool takes pre-releases where a requirement names one, so none of them is told to.
        """
        wanted = list(requirements)
        match self.tool:
            case Tool.UV_PROJECT:
                return _command("uv", "add", *_in("--directory", self.project), *_flag(again, "--reinstall"), *wanted)
            case Tool.UV:
                return _command(
                    "uv", "pip", "install", "--python", str(self.executable), *_flag(again, "--reinstall"), *wanted
                )
            case Tool.POETRY if not again:
                return _command("poetry", "add", *_in("--directory", self.project), *wanted)
            case _:
                return _command(
                    str(self.executable), "-m", "pip", "install", *_flag(again, "--force-reinstall"), *wanted
                )

    def uninstall(self, names: Iterable[str]) -> str:
        """The command that removes these distributions."""
        if self.tool in (Tool.UV, Tool.UV_PROJECT):
            return _command("uv", "pip", "uninstall", "--python", str(self.executable), *names)
        return _command(str(self.executable), "-m", "pip", "uninstall", "--yes", *names)

    def create_environment(self, python: Version) -> tuple[str, ...]:
        """The commands that make a new environment with that Python."""
        short = f"{python.major}.{python.minor}"
        match self.tool:
            case Tool.UV_PROJECT | Tool.UV:
                return (_command("uv", "venv", "--python", short, ".venv"),)
            case Tool.POETRY:
                return (_command("poetry", "env", "use", *_in("--directory", self.project), f"python{short}"),)
            case Tool.PIP:
                return (_command(f"python{short}", "-m", "venv", ".venv"),)


def find_installer(interpreter: Interpreter, folders: Sequence[Path], reader: Reader) -> Installer:
    """Find out what manages this interpreter's packages.

    A lock file speaks for the environment of its own project only: ``uv add`` would not change another.
    """
    for folder in folders:
        if reader.is_file(folder / "uv.lock") and interpreter.prefix == folder / ".venv":
            return Installer(Tool.UV_PROJECT, interpreter.executable, folder)
        if reader.is_file(folder / "poetry.lock") and interpreter.choice is not Choice.OPTION:
            return Installer(Tool.POETRY, interpreter.executable, folder)
    tool = Tool.UV if interpreter.made_by_uv else Tool.PIP
    return Installer(tool, interpreter.executable)


def _command(*words: str) -> str:
    if os.name != "nt":
        return shlex.join(words)
    # cmd and PowerShell both take double quotes; unquoted, "<" and ">" would redirect.
    return " ".join(f'"{word}"' if re.search(r"[^\w@%+=:./\\-]", word) else word for word in words)


def _in(option: str, project: Path | None) -> tuple[str, ...]:
    return () if project is None or project == Path.cwd() else (option, shown(project))


def _flag(wanted: bool, flag: str) -> tuple[str, ...]:
    return (flag,) if wanted else ()
