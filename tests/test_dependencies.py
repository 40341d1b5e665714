"""The table of dependencies says what pyproject.toml and the code say; and nothing local asks the network."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from scripts.check_bounds import lower_bound, lowest, requirements
from tests.faults.running import CASES, Case, environment

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
#: What a package is called where it is imported, if otherwise.
IMPORTED_AS = {"ahocorasick-rs": "ahocorasick_rs", "python-dotenv": "dotenv"}
PACKAGES = ("fwdoctor", "codemods/fwdoctor_codemods", "rules/fwdoctor_rules")


def rows() -> dict[str, list[str]]:
    """The cells of each row of docs/dependencies.md, by the name of the package."""
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    found = {}
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith(("| package", "|---")):
            cells = [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
            found[cells[0]] = cells
    return found


def declared() -> dict[str, Requirement]:
    """What the program itself needs, with the extras that users install."""
    extras = PROJECT["project"]["optional-dependencies"]
    texts = [*PROJECT["project"]["dependencies"], *extras["lsp"], *extras["mcp"]]
    return {r.name: r for r in map(Requirement, texts)}


def importers() -> dict[str, set[str]]:
    """Which folders of ours import each module of others, read from the syntax."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            relative = path.relative_to(ROOT / package).parts
            place = "/".join((package.rpartition("/")[2], *relative[: 1 if len(relative) > 1 else 0]))
            for node in ast.walk(ast.parse(path.read_bytes())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                for name in names:
                    found.setdefault(name.partition(".")[0], set()).add(place)
    return found


def test_the_table_has_every_dependency_with_its_range() -> None:
    assert {name: row[1] for name, row in rows().items()} == {
        name: str(requirement.specifier) for name, requirement in declared().items()
    }


@pytest.mark.parametrize("name", sorted(declared()))
def test_the_table_says_what_imports_it(name: str) -> None:
    places = importers()[IMPORTED_AS.get(name, name)]
    assert rows()[name][2].split(", ") == sorted(places)


def test_nothing_else_is_imported() -> None:
    ours = {"fwdoctor", "fwdoctor_codemods", "fwdoctor_rules"}
    known = {IMPORTED_AS.get(name, name) for name in declared()} | ours | set(sys.stdlib_module_names)
    # What comes with the extras: mcp stands on anyio and jsonschema, pygls on lsprotocol.
    known |= {"anyio", "jsonschema", "lsprotocol"}
    # It loads our plugin: it is there when the plugin is imported.
    known |= {"flake8"}
    assert set(importers()) - known == set()


def test_every_dependency_has_a_lower_and_an_upper_bound() -> None:
    for requirement in declared().values():
        operators = {each.operator for each in requirement.specifier}
        assert ">=" in operators, requirement
        # packaging has calendar versions: no number tells when it breaks something.
        assert "<" in operators or requirement.name == "packaging", requirement


def test_the_lowest_versions_are_inside_their_ranges() -> None:
    pins = {r.name: next(iter(r.specifier)).version for r in map(Requirement, lowest(PROJECT))}
    for requirement in requirements(PROJECT):
        if lower_bound(requirement) is not None:
            assert requirement.specifier.contains(Version(pins[requirement.name.lower()]), prereleases=True)


# --- no network --------------------------------------------------------------------------------------

#: Refuses sockets (but those between processes of this machine) and questions for addresses.
NO_NETWORK = """
import socket, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        if event == "socket.connect" and arguments[0].family == getattr(socket, "AF_UNIX", None):
            return
        sys.stderr.write(f"NETWORK {event} {arguments}\\n")
        raise SystemExit(99)
sys.addaudithook(refuse)
"""


def without_network(script: str, *words: str, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script in which whoever asks the network is told, and ended."""
    return subprocess.run(
        [sys.executable, "-c", NO_NETWORK + script, *words],
        cwd=cwd,
        env=environment(FIREWORKS_API_KEY="fw_not_a_key_of_anybody"),
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("case", [c for c in CASES if c.words[0] not in ("probe", "resume")], ids=str)
def test_local_commands_ask_no_network(case: Case, tmp_path: Path) -> None:
    script = "from fwdoctor.__main__ import main\nsys.exit(main())"
    done = without_network(script, *case.words, cwd=tmp_path, text=case.text)
    assert "NETWORK" not in done.stderr
    assert done.returncode in case.statuses, done.stderr


def test_no_module_asks_the_network_when_it_is_imported(tmp_path: Path) -> None:
    script = (
        "import importlib, pkgutil\n"
        "for name in ('fwdoctor', 'fwdoctor_codemods', 'fwdoctor_rules'):\n"
        "    package = importlib.import_module(name)\n"
        "    for module in pkgutil.walk_packages(package.__path__, name + '.'):\n"
        "        if not module.name.endswith('__main__'):\n"
        "            importlib.import_module(module.name)\n"
        "print(len([m for m in sys.modules if m.startswith('fwdoctor')]))"
    )
    done = without_network(script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 150


def test_the_network_is_really_refused(tmp_path: Path) -> None:
    script = "from fwdoctor.__main__ import main\nsys.exit(main())"
    done = without_network(script, "probe", "account", cwd=tmp_path)
    assert "NETWORK" in done.stderr
    assert done.returncode != 0
