"""Which Python the check is about, and where it keeps its packages; found without running it."""

from __future__ import annotations

import enum
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.version import InvalidVersion, Version

from fwdoctor.environment.reading import Reader, shown
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

#: Folders of a project that hold its environment, if they hold one.
ENVIRONMENT_FOLDERS = (".venv", "venv", "env", ".env")

_LIBRARY = re.compile(r"(?:python|pypy)(\d+\.\d+)t?")
_PATCHLEVEL = re.compile(r'^#define\s+PY_VERSION\s+"([^"]+)"', re.MULTILINE)
_CONDA_PYTHON = re.compile(r"python-(\d+\.\d+\.\d+)-[^-]+\.json")
_WINDOWS_LIBRARY = re.compile(r"python(\d)(\d+)\.dll", re.IGNORECASE)
# What pipx, "uv tool", pre-commit and prek leave in the environments that they make for one program.
_TOOL_MARKS = ("uv-receipt.toml", "pipx_metadata.json", ".install_state_v2", ".prek-hook.json")


class Choice(enum.StrEnum):
    """Why this interpreter: the words that messages use."""

    OPTION = "--python"
    ACTIVE = "the active environment"
    PROJECT = "the project's environment"
    SEARCHED = "python on the PATH"
    OWN = "the Python that runs fwdoctor"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One Python installation or virtual environment.

    ``version`` is None if nothing on the disk tells it; it may lack the patch level ("3.11"). ``sites``
    are the folders with its packages, in the order of its path. ``executable`` is what starts it.
    """

    choice: Choice
    prefix: Path
    executable: Path
    version: Version | None
    sites: tuple[Path, ...]
    made_by_uv: bool = False

    @property
    def label(self) -> str:
        """How messages name it: ``Python 3.11.7 (/home/me/.venv, the active environment)``."""
        return f"Python {self.version or '?'} ({shown(self.prefix)}, {self.choice})"


def find_interpreter(
    python: str | None, folders: Iterable[Path], environ: Mapping[str, str], reader: Reader
) -> Interpreter:
    """Find the interpreter that the check is about.

    In this order: ``python``, which names an executable or an environment; the active environment; an
    environment in one of ``folders``, nearest first; the Python that runs fwdoctor. The base environment
    of conda comes after those of the project, because it is active for no reason; and if fwdoctor lives
    in an environment of its own, made by ``pipx``, ``uv tool`` or ``pre-commit``, ``python`` on the PATH
    comes first, and that environment is not the active one that is meant: hooks run with theirs activated.

    Raises:
        FwdoctorError: ``python`` names neither an executable nor an environment.
    """
    if python is not None:
        return _named(python, environ, reader)
    for candidate in _active(environ, reader):
        return candidate
    for folder in folders:
        for name in ENVIRONMENT_FOLDERS:
            if reader.is_file(folder / name / "pyvenv.cfg"):
                return _at(Choice.PROJECT, folder / name, environ, reader)
    if base := _conda(environ, reader):
        return base
    return _searched(environ, reader) or _own(environ, reader)


def _named(python: str, environ: Mapping[str, str], reader: Reader) -> Interpreter:
    path = Path(python).expanduser()
    if not path.exists() and os.sep not in python:
        path = Path(shutil.which(python, path=environ.get("PATH", "")) or path)
    path = path.absolute()
    if path.is_dir():
        # The bin folder is meant as its environment.
        folders = [path, path.parent] if path.name in ("bin", "Scripts") else [path]
        for folder in folders:
            if _is_environment(folder, reader):
                return _at(Choice.OPTION, folder, environ, reader)
        raise FwdoctorError(f"{python}: no Python environment (no pyvenv.cfg and no lib/python3.* in it)")
    if not path.exists():
        raise FwdoctorError(f"{python}: no such interpreter or environment")
    found = _of_executable(Choice.OPTION, path, environ, reader)
    if found is None:
        raise FwdoctorError(f"{python}: not a Python interpreter whose packages can be found on the disk")
    return found


def _active(environ: Mapping[str, str], reader: Reader) -> Iterator[Interpreter]:
    folder = environ.get("VIRTUAL_ENV")
    if folder and not (_lives_alone() and Path(folder) == Path(sys.prefix)):
        if _is_environment(Path(folder), reader):
            yield _at(Choice.ACTIVE, Path(folder), environ, reader)
        else:
            reader.problem(Path(folder), "VIRTUAL_ENV names this folder, and it is no Python environment")
    if environ.get("CONDA_DEFAULT_ENV") != "base" and (found := _conda(environ, reader)):
        yield found


def _conda(environ: Mapping[str, str], reader: Reader) -> Interpreter | None:
    folder = environ.get("CONDA_PREFIX")
    if folder and _is_environment(Path(folder), reader):
        return _at(Choice.ACTIVE, Path(folder), environ, reader)
    return None


def _searched(environ: Mapping[str, str], reader: Reader) -> Interpreter | None:
    if not _lives_alone():
        return None
    folders = environ.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(f for f in folders if f and Path(f).parent != Path(sys.prefix))
    for name in ("python", "python3"):
        if found := shutil.which(name, path=path):
            return _of_executable(Choice.SEARCHED, Path(found), environ, reader)
    return None


def _lives_alone() -> bool:
    """Whether fwdoctor runs in an environment that was made for it alone."""
    return any(Path(sys.prefix, mark).exists() for mark in _TOOL_MARKS)


def _own(environ: Mapping[str, str], reader: Reader) -> Interpreter:
    prefix = Path(sys.prefix)
    sites = [Path(p) for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]
    version = Version(".".join(map(str, sys.version_info[:3])))
    config = _configuration(prefix, reader)
    return Interpreter(
        Choice.OWN, prefix, Path(sys.executable), version, _existing(sites, reader), "uv" in config
    )


def _of_executable(
    choice: Choice, path: Path, environ: Mapping[str, str], reader: Reader
) -> Interpreter | None:
    """The installation of an executable: its links are followed until one lies in an installation.

    The links are followed one by one: the executable of an environment links to that of its base.
    """
    for _ in range(40):
        prefix = path.parent.parent if path.parent.name in ("bin", "Scripts") else path.parent
        named = _LIBRARY.match(path.name)
        if _is_environment(prefix, reader) and (
            named is None or _library(prefix, named[1]) or (prefix / "pyvenv.cfg").exists()
        ):
            return _at(choice, prefix, environ, reader, executable=path, named=named and named[1])
        try:
            path = path.parent / os.readlink(path)
        except OSError:
            break
    return None


def _is_environment(prefix: Path, reader: Reader) -> bool:
    return (
        reader.is_file(prefix / "pyvenv.cfg")
        or (prefix / "conda-meta").is_dir()
        or bool(_libraries(prefix))
        or (prefix / "Lib" / "os.py").exists()
    )


def _at(
    choice: Choice,
    prefix: Path,
    environ: Mapping[str, str],
    reader: Reader,
    *,
    executable: Path | None = None,
    named: str | None = None,
) -> Interpreter:
    prefix = prefix.absolute()
    config = _configuration(prefix, reader)
    version = _version_of(prefix, config, named, reader)
    sites = _sites(prefix, version)
    if not config or config.get("include-system-site-packages", "").lower() == "true":
        sites += _user_sites(version, environ)
    if config.get("include-system-site-packages", "").lower() == "true" and "home" in config:
        home = Path(config["home"])
        base = home.parent if home.name in ("bin", "Scripts") else home
        sites += _sites(base, version)
    if executable is None:
        executable = _executable(prefix)
    return Interpreter(choice, prefix, executable, version, _existing(sites, reader), "uv" in config)


def _executable(prefix: Path) -> Path:
    names = ("Scripts/python.exe", "python.exe", "bin/python", "bin/python3")
    candidates = [prefix / name for name in names]
    return next((c for c in candidates if c.exists()), prefix / "bin" / "python")


def _configuration(prefix: Path, reader: Reader) -> dict[str, str]:
    """The keys of pyvenv.cfg; empty where the prefix is no virtual environment."""
    lines = (reader.text(prefix / "pyvenv.cfg") or "").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _version_of(prefix: Path, config: Mapping[str, str], named: str | None, reader: Reader) -> Version | None:
    """The version of the Python at ``prefix``: the most exact statement on the disk."""
    for key in ("version_info", "version"):  # virtualenv and uv, venv
        if found := re.match(r"\d+\.\d+(?:\.\d+)?", config.get(key, "")):
            return Version(found[0])
    libraries = [named] if named else _libraries(prefix)
    for library in libraries:
        header = prefix / "include" / f"python{library}" / "patchlevel.h"
        if reader.is_file(header) and (found := _PATCHLEVEL.search(reader.text(header) or "")):
            try:
                return Version(found[1].rstrip("+"))
            except InvalidVersion:
                break
    for entry in _listed(prefix / "conda-meta"):
        if found := _CONDA_PYTHON.fullmatch(entry):
            return Version(found[1])
    if libraries:
        return Version(libraries[0])
    for entry in _listed(prefix):
        if found := _WINDOWS_LIBRARY.fullmatch(entry):
            return Version(f"{found[1]}.{found[2]}")
    return None


def _libraries(prefix: Path) -> list[str]:
    """The versions ("3.11") that have a folder in ``prefix/lib``, newest first."""
    found = (_LIBRARY.fullmatch(name) for name in _listed(prefix / "lib"))
    return sorted((f[1] for f in found if f), key=Version, reverse=True)


def _library(prefix: Path, version: str) -> bool:
    return version in _libraries(prefix)


def _sites(prefix: Path, version: Version | None) -> list[Path]:
    sites = [prefix / "Lib" / "site-packages"]
    if version is not None:
        short = f"{version.major}.{version.minor}"
        # The "t" is that of a Python without the global interpreter lock.
        folders = (f"python{short}", f"python{short}t", f"pypy{short}")
        sites += [prefix / lib / name / "site-packages" for lib in ("lib", "lib64") for name in folders]
        # Debian and its kin keep what pip installs apart from what the system installs.
        sites += [
            prefix / "local" / "lib" / f"python{short}" / "dist-packages",
            prefix / "lib" / f"python{version.major}" / "dist-packages",
        ]
    return sites


def _user_sites(version: Version | None, environ: Mapping[str, str]) -> list[Path]:
    if version is None or environ.get("PYTHONNOUSERSITE"):
        return []
    short = f"{version.major}.{version.minor}"
    if base := environ.get("PYTHONUSERBASE"):
        return [Path(base, "lib", f"python{short}", "site-packages")]
    sites = []
    if home := environ.get("HOME"):
        sites.append(Path(home, ".local", "lib", f"python{short}", "site-packages"))
        sites.append(Path(home, "Library", "Python", short, "lib", "python", "site-packages"))
    if data := environ.get("APPDATA"):
        sites.append(Path(data, "Python", f"Python{short.replace('.', '')}", "site-packages"))
    return sites


def _existing(sites: Iterable[Path], reader: Reader) -> tuple[Path, ...]:
    """The folders that exist, each once however many links lead to it, with what their .pth files add."""
    found: dict[Path, Path] = {}
    for site in sites:
        if site.is_dir():
            found.setdefault(site.resolve(), site)
    for site in list(found.values()):
        for name in reader.names(site):
            if name.endswith(".pth") and not name.startswith("."):
                for folder in _added_by(site / name, reader):
                    found.setdefault(folder.resolve(), folder)
    return tuple(found.values())


def _added_by(pth: Path, reader: Reader) -> Iterator[Path]:
    # As the site module reads them: lines that begin with "import" are code, which is not run here.
    for line in (reader.text(pth) or "").splitlines():
        line = line.strip()
        if line and not line.startswith(("#", "import ", "import\t")):
            folder = pth.parent / line
            try:
                is_folder = folder.is_dir()
            except (OSError, ValueError):
                continue
            if is_folder:
                yield folder


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
