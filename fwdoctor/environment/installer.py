"""How this environment is installed into: the commands that remedies show, ready to paste."""

from __future__ import annotations

import enum
import os
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from fwdoctor.environment.cookbook import Pin
from fwdoctor.environment.interpreter import Choice, Interpreter
from fwdoctor.environment.reading import Reader, shown
from fwdoctor.lean_dataclass import dataclass

_WINDOWS = os.name == "nt"


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

    def install(self, requirements: Iterable[str], pin: Pin | None = None) -> str:
        """The command that installs these requirements.

        ``pin``: where they are required. What the managed project itself requires needs no adding.
        Every tool takes pre-releases where a requirement names one, so none of them is told to.
        """
        if pin is not None and self.project is not None and pin.path.parent == self.project:
            return self._synchronize(self.project, pin)
        match self.tool:
            case Tool.UV_PROJECT | Tool.POETRY:
                return _command(str(self.tool), "add", *_in("--directory", self.project), *requirements)
            case Tool.UV:
                return _command("uv", "pip", "install", "--python", shown(self.executable), *requirements)
            case Tool.PIP:
                return _command(shown(self.executable), "-m", "pip", "install", *requirements)

    def reinstall(self, requirement: Requirement) -> str:
        """The command that installs one distribution again, without its dependencies."""
        if self.tool in (Tool.UV, Tool.UV_PROJECT):
            command = ["uv", "pip", "install", "--python", shown(self.executable), "--reinstall-package"]
            return _command(*command, requirement.name, "--no-deps", str(requirement))
        command = [shown(self.executable), "-m", "pip", "install", "--force-reinstall"]
        return _command(*command, "--no-deps", str(requirement))

    def _synchronize(self, project: Path, pin: Pin) -> str:
        if self.tool is Tool.POETRY:
            verb, extra, group = "install", "--extras", "--with"
        else:
            verb, extra, group = "sync", "--extra", "--group"
        part = (extra, pin.extra) if pin.extra else (group, pin.group) if pin.group else ()
        return _command(str(self.tool), verb, *_in("--directory", project), *part)

    def uninstall(self, name: str) -> str:
        """The command that removes a distribution."""
        if self.tool in (Tool.UV, Tool.UV_PROJECT):
            return _command("uv", "pip", "uninstall", "--python", shown(self.executable), name)
        return _command(shown(self.executable), "-m", "pip", "uninstall", "--yes", name)

    def create_environment(self, python: Version) -> str:
        """The command that makes a new environment with that Python."""
        short = f"{python.major}.{python.minor}"
        match self.tool:
            case Tool.UV_PROJECT | Tool.UV:
                return _command("uv", "venv", "--python", short, ".venv")
            case Tool.POETRY:
                return _command("poetry", "env", "use", *_in("--directory", self.project), f"python{short}")
            case Tool.PIP:
                return _command(f"python{short}", "-m", "venv", ".venv")


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


def remove(path: Path) -> str:
    """The command that deletes a file or folder."""
    return _command("rmdir" if _WINDOWS else "rm", "/s" if _WINDOWS else "-r", str(path))


def rename(path: Path, name: str) -> str:
    """The command that gives a file or folder of a project another name."""
    return _command("move" if _WINDOWS else "mv", shown(path), shown(path.with_name(name)))


def _command(*words: str) -> str:
    if not _WINDOWS:
        return shlex.join(words)
    # cmd and PowerShell both take double quotes; unquoted, "<" and ">" would redirect.
    return " ".join(f'"{word}"' if re.search(r"[^\w@%+=:./\\-]", word) else word for word in words)


def _in(option: str, project: Path | None) -> tuple[str, ...]:
    return () if project is None or project == Path.cwd() else (option, shown(project))
