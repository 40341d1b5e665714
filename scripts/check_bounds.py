"""Runs the test suite with the lowest or the highest versions that pyproject.toml allows.

    python scripts/check_bounds.py lowest
    python scripts/check_bounds.py highest --extra test -- -n auto tests/source

Makes a virtual environment, installs the project with its test extra there, prints which version of each
dependency came, and runs pytest in it (what follows ``--`` goes to pytest). "lowest" pins every dependency
with a lower bound to just that version, those of the tests and of the build, too; so a bound that nobody
tried cannot stand. "highest" takes the newest of everything that the ranges allow together. Needs a package
index; changes nothing in the project.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
#: Operators with which a requirement says where it begins.
_BEGIN = ("==", ">=", "~=")


def requirements(project: Mapping[str, Any]) -> Iterator[Requirement]:
    """All requirements of a pyproject.toml: of the program, its extras and its build. None of itself."""
    table = project["project"]
    texts = [*table["dependencies"], *project["build-system"]["requires"]]
    for extra in table.get("optional-dependencies", {}).values():
        texts += extra
    own = canonicalize_name(table["name"])
    for text in texts:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) != own:
            yield requirement


def lower_bound(requirement: Requirement) -> str | None:
    """The version with which the range begins; None if it has no beginning."""
    for each in requirement.specifier:
        if each.operator in _BEGIN:
            return each.version
    return None


def lowest(project: Mapping[str, Any]) -> list[str]:
    """Constraints that pin every dependency with a lower bound to it."""
    pins = {
        canonicalize_name(each.name): bound
        for each in requirements(project)
        if (bound := lower_bound(each)) is not None
    }
    return [f"{name}=={version}" for name, version in sorted(pins.items())]


def make(folder: Path, which: str, extra: str) -> Path:
    """An environment in the folder with the project in it; its interpreter."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    venv.create(folder, with_pip=True, clear=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    environ = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    options = ["--upgrade", "--upgrade-strategy", "eager"]
    if which == "lowest":
        pins = folder / "lowest.txt"
        pins.write_text("\n".join(lowest(project)) + "\n", "utf-8")
        # By these names, pip applies them to what builds the project as well.
        environ |= {"PIP_CONSTRAINT": str(pins), "PIP_BUILD_CONSTRAINT": str(pins)}
        options = []
    install = [str(python), "-m", "pip", "install", "--quiet", *options, "-e", f"{ROOT}[{extra}]"]
    subprocess.run(install, env=environ, check=True)
    return python


def versions(python: Path, project: Mapping[str, Any]) -> Iterator[str]:
    """Each dependency, the range that it may have and the version that it has."""
    script = (
        "import sys\nfrom importlib import metadata\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        print(metadata.version(name))\n"
        "    except metadata.PackageNotFoundError:\n        print('-')\n"
    )
    asked = {canonicalize_name(each.name): each for each in requirements(project)}
    told = subprocess.run([str(python), "-c", script, *asked], stdout=subprocess.PIPE, text=True, check=True)
    for (name, requirement), version in zip(asked.items(), told.stdout.split(), strict=True):
        yield f"{name:24} {requirement.specifier!s:16} {version}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, print the versions, run the tests; the exit status is that of the tests."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("which", choices=["lowest", "highest"])
    parser.add_argument("--extra", default="test", help="the extra that has the tests (%(default)s)")
    parser.add_argument("--venv", type=Path, help="make the environment here, and keep it")
    parser.add_argument("--no-tests", action="store_true", help="install, and print the versions")
    parser.add_argument("pytest", nargs="*", help="for pytest, behind -- (default: -q -n auto)")
    options = parser.parse_args(arguments)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="fwdoctor-bounds-") as name:
        python = make(options.venv or Path(name, "venv"), options.which, options.extra)
        print("\n".join(versions(python, project)), flush=True)
        if options.no_tests:
            return 0
        command = [str(python), "-m", "pytest", *(options.pytest or ["-q", "-n", "auto"])]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
