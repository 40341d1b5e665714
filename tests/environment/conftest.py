"""A project, an environment and a cookbook, made of text files: nothing is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fwdoctor.environment.checks import checks
from fwdoctor.environment.doctor import run_one
from fwdoctor.environment.facts import Facts, gather
from fwdoctor.finding import CheckOutcome, Finding, Problem

#: The section that another package's tests are about.
_ELSEWHERE = {"code"}
#: The cookbook's pins by the day of its commit.
PINS = {"2026-05-29": ">=1.2.0a70,<2", "2026-07-14": ">=1.2.0a87,<2", "2026-08-19": ">=1.2.9,<2"}
KEY = "fw_0123456789abcdefWXYZ"


@dataclass
class Seen:
    """What a run saw."""

    facts: Facts
    sections: dict[str, CheckOutcome]
    problems: list[Problem]

    @property
    def findings(self) -> list[Finding]:
        return [finding for outcome in self.sections.values() for finding in outcome.findings]

    @property
    def rules(self) -> set[str]:
        return {finding.rule for finding in self.findings}

    def one(self, rule: str) -> Finding:
        (finding,) = [f for f in self.findings if f.rule == rule]
        return finding


class World:
    """Builds them below one folder. ``environ`` is healthy: an active environment, a key."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = root / "work" / "project"
        self.write("work/project/pyproject.toml", '[project]\nname = "mine"\n')
        self.env = self.environment("env")
        self.environ = {"VIRTUAL_ENV": str(self.env), "FIREWORKS_API_KEY": KEY, "HOME": str(root / "home")}

    @property
    def site(self) -> Path:
        """Where the environment keeps its packages."""
        return self.env / "lib" / "python3.11" / "site-packages"

    def write(self, name: str, text: str | bytes = "") -> Path:
        """Write a file below the root, whatever it is named."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def environment(self, name: str, version: str = "3.11.7", config: str = "") -> Path:
        """Make a virtual environment."""
        short = ".".join(version.split(".")[:2])
        self.write(f"{name}/pyvenv.cfg", f"home = /nowhere/bin\nversion = {version}\n{config}")
        self.write(f"{name}/bin/python")
        (self.root / name / "lib" / f"python{short}" / "site-packages").mkdir(parents=True)
        return self.root / name

    def install(
        self,
        name: str,
        version: str,
        *,
        requires: Iterable[str] = (),
        site: Path | None = None,
        files: Iterable[str] | None = None,
        direct_url: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write the metadata of a distribution; ``files``: its list of files, which is not made."""
        escaped = re.sub(r"[-_.]+", "_", name)
        folder = (site or self.site) / f"{escaped}-{version}.dist-info"
        folder.mkdir(parents=True)
        lines = ["Metadata-Version: 2.3", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (folder / "METADATA").write_text("\n".join(lines) + "\n\ntext\n")
        if files is not None:
            (folder / "RECORD").write_text("".join(f"{file},sha256=0,1\n" for file in files))
        if direct_url is not None:
            (folder / "direct_url.json").write_text(json.dumps(direct_url))
        return folder

    def sdk(self, version: str, **options: Any) -> Path:
        """Install the SDK with the package that its training client needs."""
        self.install("tinker", "0.23.0")
        return self.install(
            "fireworks-ai", version, requires=['tinker==0.23.0; extra == "training"'], **options
        )

    def cookbook(
        self,
        pin: str = PINS["2026-08-19"],
        *,
        at: str = "work/project/cookbook",
        companions: Iterable[str] = (),
        requires_python: str = ">=3.11",
        commit: str | None = None,
    ) -> Path:
        """Make a checkout of the cookbook."""
        requirements = [f"fireworks-ai[training]{pin}", *companions]
        rows = "".join(f"    {json.dumps(requirement)},\n" for requirement in requirements)
        self.write(
            f"{at}/training/pyproject.toml",
            f'[project]\nname = "fireworks-training-cookbook"\nrequires-python = "{requires_python}"\n'
            f"dependencies = [\n{rows}]\n",
        )
        self.write(f"{at}/training/__init__.py")
        self.write(f"{at}/training/recipes/__init__.py")
        if commit is not None:
            self.write(f"{at}/.git/HEAD", f"{commit}\n")
        return self.root / at

    def gather(self, path: Path | None = None, **options: Any) -> Facts:
        """Look, without checks."""
        return gather(path or self.project, environ=self.environ, **options)

    def check(self, path: Path | None = None, **options: Any) -> Seen:
        """Run the checks of the environment."""
        facts = self.gather(path, **options)
        judged = {c.SECTION: run_one(c, facts) for c in checks() if c.SECTION not in _ELSEWHERE}
        sections = {section: found for section, found in judged.items() if found is not None}
        return Seen(facts, sections, facts.reader.problems)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh project with a healthy environment, and nothing installed in it."""
    return World(tmp_path)
