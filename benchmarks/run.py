"""Measure fwdoctor against other tools that start up, look through a tree, or read one.

    python -m benchmarks            with peers that are installed for it
    python benchmarks/run.py        with those of this environment

prints a Markdown table. All numbers of a table come from one run on one machine: the contestants take
turns, so that a slow moment slows all of them, and each number is the least of its turns: what else the
machine does only adds to it. Files are read once before, from then on they come from memory. What counts is
the ratio. Memory is the most that one process of the contestant had at once.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import probes
from benchmarks.logs import build_log, literals
from benchmarks.options import parse
from benchmarks.tree import build_tree

PATTERN = r"(from|import)[[:space:]]+(training|fireworks)"
RUFF_CONFIG = """\
[lint.flake8-tidy-imports.banned-api]
"training.utils.InfraConfig".msg = "use TrainerConfig"
"training.utils.WeightSyncConfig".msg = "set its fields on Config"
"training.utils.setup_infra".msg = "use build_service_client"
"fireworks.training.sdk.WeightSyncer".msg = "use the service client"
"""
LOOK = """\
import sys
from fwdoctor.source.discovery import discover
from fwdoctor.source.sieve import sieve
sys.exit(not list(sieve(discover(sys.argv[1:]).files)))
"""

FLOOR = """\
import sys
import libcst
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        libcst.parse_module(file.read()).code
"""
READ = """\
import sys
from pathlib import Path
from fwdoctor.surface.reader import read_surface
assert read_surface(Path(sys.argv[1]), [sys.argv[2]], name="it").modules
"""
LOOK_UP = """\
from fwdoctor.surface import timeline
line = timeline.cookbook()
assert line.surface(line.find("2026-07-01")).class_at("training.recipes.rl_loop.Config").fields
"""


#: Runs a command and prints its seconds, memory and exit status. A process of its own, as small as can be:
#: the system counts the memory of the process that starts a command to the command's own.
TAKE = """\
import os, sys, time
nothing = os.open(os.devnull, os.O_WRONLY)
start = time.perf_counter()
actions = [(os.POSIX_SPAWN_DUP2, nothing, 1)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - start, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Contestant:
    """A command, and the exit statuses with which it has done its job."""

    name: str
    command: Sequence[str]
    statuses: frozenset[int] = frozenset({0})


@dataclass(frozen=True)
class Cost:
    """What a contestant needs: seconds, and bytes of memory."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Comparison:
    """One line of the table: ours against theirs.

    ``aim`` is an upper bound of the ratio, ``more`` one of the difference, in milliseconds.
    """

    what: str
    ours: Contestant
    theirs: Contestant
    aim: float | None = None
    more: float | None = None

    def met(self, ours: float, theirs: float) -> bool | None:
        """Whether the aim is met; None if there is none. Times in seconds."""
        if self.more is not None:
            return (ours - theirs) * 1000 <= self.more
        return None if self.aim is None else ours / theirs <= self.aim

    def goal(self) -> str:
        """The aim in words."""
        if self.more is not None:
            return f"≤ {self.more:g} ms more"
        return "" if self.aim is None else f"≤ {self.aim:g}"


def main() -> int:
    """Build the tree, measure, print the table."""
    arguments = parse((__doc__ or "").splitlines()[0])
    if arguments.probe:
        print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, ", end="")
        print(f"median of {arguments.runs} runs; each answer takes {probes.LATENCY * 1000:.0f} ms.\n")
        return probes.report(arguments.runs)
    with tempfile.TemporaryDirectory(prefix="fwdoctor-benchmark-") as name:
        comparisons = [*start_up(), *([] if arguments.startup_only else checking())]
        about = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs"
        about += f", least of {arguments.runs} interleaved runs"
        if not arguments.startup_only:
            tree = Path(name, "tree")
            build_tree(tree, files=arguments.files, users=arguments.users)
            size = sum(path.stat().st_size for path in tree.rglob("*.py"))
            about += f"; {arguments.files:,} Python files ({size / 1e6:.0f} MB)"
            about += f", of which {arguments.users} use Fireworks"
            comparisons += sweep(tree, Path(name))
            comparisons += linting(tree, Path(name), slow=arguments.linters)
            comparisons += reading(arguments.cookbook, Path(name))
            if arguments.old_cookbook is not None:
                comparisons += porting(arguments.old_cookbook, Path(name))
        if arguments.logs:
            comparisons += explaining(arguments.logs * 1_000_000, Path(name))
            about += f"; logs of {arguments.logs:,} MB"
        costs = measure([each for line in comparisons for each in (line.ours, line.theirs)], arguments.runs)
    print(f"{about}.\n")
    return report(comparisons, costs)


def start_up() -> list[Comparison]:
    """How long it takes until anything happens."""
    ours = Contestant("fwdoctor --version", [*fwdoctor(), "--version"])
    theirs = Contestant('python -c "import click"', [sys.executable, "-c", "import click"])
    python = Contestant("python -c pass", [sys.executable, "-c", "pass"])
    return [Comparison("start-up", ours, theirs, 2.0), Comparison("start-up", ours, python)]


def checking() -> list[Comparison]:
    """How long a look at a project and its environment takes, with nothing kept from before."""
    project = str(Path(__file__).parent.parent / "tests" / "fixtures" / "old_project")
    words = ["check", "--offline", "--python", sys.executable, project]
    ours = Contestant("fwdoctor check --offline", [*fwdoctor(), *words], frozenset({1}))
    pip = Contestant("pip check", [sys.executable, "-m", "pip", "check"], frozenset({0, 1}))
    return [Comparison("check", ours, pip)]


def sweep(tree: Path, folder: Path) -> list[Comparison]:
    """How long it takes to look through a tree of which little concerns us."""
    config = folder / "ruff.toml"
    config.write_text(RUFF_CONFIG)
    found = frozenset({1})
    migrate = Contestant("fwdoctor migrate --check", [*fwdoctor(), "migrate", "--check", str(tree)], found)
    look = Contestant("find and sift alone", [sys.executable, "-c", LOOK, str(tree)])
    grep = Contestant("grep -rlE", [tool("grep"), "-rlE", PATTERN, "--include=*.py", str(tree)])
    ruff = Contestant(
        "ruff check --select TID251",
        [
            tool("ruff"),
            "check",
            "--select=TID251",
            "--no-cache",
            "--quiet",
            f"--config={config}",
            str(tree),
        ],
        found,
    )
    return [
        Comparison("sweep", migrate, grep, 2.0),
        Comparison("sweep", migrate, ruff, 1.0),
        Comparison("sweep, without the porting", look, grep, 1.0),
    ]


def linting(tree: Path, folder: Path, *, slow: bool) -> list[Comparison]:
    """How long it takes to lint a tree, and one file of it, as an editor does."""
    found = frozenset({1})
    ours = Contestant("fwdoctor lint", [*fwdoctor(), "lint", "--target", "latest", str(tree)], found)
    shipped = str(Path(__file__).parent.parent / "rules" / "ruff.toml")
    words = ["check", "--select=TID251", "--no-cache", "--quiet", f"--config={shipped}", str(tree)]
    ruff = Contestant("ruff check --select TID251, our entries", [tool("ruff"), *words], found)
    lines = [Comparison("lint", ours, ruff, 1.0)]
    if slow:
        # A configuration of the user's own must not have a say.
        words = ["--isolated", "--select=FWD", "--fwdoctor-target=latest", str(tree)]
        flake8 = Contestant("flake8 --select FWD", [sys.executable, "-m", "flake8", *words], found)
        (folder / "fixit.toml").write_text('[tool.fixit]\nroot = true\nenable = [":UseTypesFromTyping"]\n')
        words = ["--config-file", str(folder / "fixit.toml"), "--quiet", "lint", str(tree)]
        fixit = Contestant("fixit lint, one rule", [tool("fixit"), *words], frozenset({0, 1, 2, 3}))
        lines += [Comparison("lint", ours, flake8, 1.0), Comparison("lint", ours, fixit, 1.0)]
    file = next(iter(sorted(tree.glob("project_*/*.py"))))
    one = Contestant("fwdoctor lint, one file", [*fwdoctor(), "lint", "--target", "latest", str(file)], found)
    python = Contestant("python -c pass", [sys.executable, "-c", "pass"])
    lines.append(Comparison("lint in an editor", one, python, more=100))
    return lines


def porting(old: Path, folder: Path) -> list[Comparison]:
    """How long it takes to port a tree, against parsing and writing alone, and against libcst's tool."""
    tree, copy = folder / "old" / "training", folder / "noop" / "training"
    for made in (tree, copy):  # the tool writes into some files that it does not change
        shutil.copytree(old / "training", made, ignore=shutil.ignore_patterns("__pycache__"))
    command = [*fwdoctor(), "migrate", "--check", "--target", "june", str(tree)]
    look = subprocess.run([*command, "--output-format", "json"], stdout=subprocess.PIPE, check=False)
    changed = [f["path"] for f in json.loads(look.stdout)["files"] if f["changed"]]
    ours = Contestant("fwdoctor migrate --check, a cookbook", command, frozenset({1}))
    floor = Contestant(
        f"libcst, {len(changed)} files parsed and written", [sys.executable, "-c", FLOOR, *changed]
    )
    noop = [
        "libcst.tool",
        "codemod",
        "-x",
        "libcst.codemod.commands.noop.NOOPCommand",
        "--hide-progress",
        "--no-format",
    ]
    tool = Contestant(
        "libcst.tool codemod, no-op", [sys.executable, "-m", *noop, str(copy)], frozenset({0, 1})
    )
    return [Comparison("port a cookbook", ours, floor, 1.5), Comparison("port a cookbook", ours, tool, 0.2)]


def explaining(size: int, folder: Path) -> list[Comparison]:
    """How long it takes to look for known errors, against grep with the same pieces of text."""
    words = folder / "words.txt"
    words.write_text("\n".join(literals()) + "\n", "utf-8")
    lines = []
    for what, every, aim in (("explain, no hits", None, 4.0), ("explain, a hit in 1,000 lines", 1000, 8.0)):
        log = folder / f"log-{every}"
        build_log(log, size=size, every=every)
        command = [*fwdoctor(), "explain", "--output-format", "concise", str(log)]
        ours = Contestant(f"fwdoctor explain {log.name}", command, frozenset({1 if every else 0}))
        # To a file: where its output goes nowhere, grep stops at the first hit.
        counted = f'{tool("grep")} -cF -f "$1" "$2" >"$3"'
        grep = [tool("sh"), "-c", counted, "sh", str(words), str(log), str(folder / "count.txt")]
        theirs = Contestant(f"grep -cF -f {log.name}", grep, frozenset({0 if every else 1}))
        lines.append(Comparison(what, ours, theirs, aim))
    return lines


def reading(cookbook: Path | None, folder: Path) -> list[Comparison]:
    """How long it takes to read what a version offers, and to look one name up in what is stored."""
    sources = {"fireworks/training": Path(str(metadata.distribution("fireworks-ai").locate_file("")))}
    if cookbook is not None:
        sources["training"] = cookbook
    lines = []
    for package, root in sources.items():
        copy = folder / package.replace("/", "-")
        left_out = shutil.ignore_patterns("__pycache__", "tests")  # neither reads the tests
        shutil.copytree(root / package, copy / package, ignore=left_out)
        dotted = package.replace("/", ".")
        ours = Contestant(f"read {package}", [sys.executable, "-c", READ, str(copy), dotted])
        command = [sys.executable, "-m", "compileall", "-q", "-f", str(copy)]
        theirs = Contestant(f"python -m compileall {package}", command)
        lines.append(Comparison("surface, reading", ours, theirs, 1.0))
    look_up = Contestant("look a name up", [sys.executable, "-c", LOOK_UP])
    start = Contestant('python -c "import fwdoctor.cli"', [sys.executable, "-c", "import fwdoctor.cli"])
    lines.append(Comparison("surface, lookup", look_up, start, more=30))
    return lines


def fwdoctor() -> list[str]:
    """The installed command, as users call it."""
    script = shutil.which("fwdoctor", path=str(Path(sys.executable).parent))
    return [script] if script else [sys.executable, "-m", "fwdoctor"]


def tool(name: str) -> str:
    """A tool of this environment, or else of the machine."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        raise SystemExit(f"{name} is not installed")
    return path


def measure(contestants: Sequence[Contestant], runs: int) -> dict[str, Cost]:
    """The least that each contestant needed, after one turn that is not counted."""
    unique = list({each.name: each for each in contestants}.values())
    turns: dict[str, list[Cost]] = {each.name: [] for each in unique}
    for turn in range(runs + 1):
        for each in unique:
            cost = take(each)
            if turn:
                turns[each.name].append(cost)
    return {
        name: Cost(min(c.seconds for c in costs), min(c.memory for c in costs))
        for name, costs in turns.items()
    }


def take(contestant: Contestant) -> Cost:
    """One turn of a contestant."""
    command = [sys.executable, "-I", "-S", "-c", TAKE, *contestant.command]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, memory, status = ran.stdout.split()
    # A crash in Python has the exit status of "something was found", and is fast.
    if int(status) not in contestant.statuses or "Traceback" in ran.stderr:
        raise SystemExit(f"{contestant.name}: exit status {status}\n{ran.stderr.strip()}")
    return Cost(float(seconds), int(memory) * (1 if sys.platform == "darwin" else 1024))


def report(comparisons: Sequence[Comparison], costs: Mapping[str, Cost]) -> int:
    """Print the table; return 1 if an aim is missed."""
    missed = 0
    print("| what | ours | against | ratio | aim | met | memory |")
    print("|---|---|---|---:|---:|---|---:|")
    for line in comparisons:
        ours, theirs = costs[line.ours.name], costs[line.theirs.name]
        ratio = ours.seconds / theirs.seconds
        met = line.met(ours.seconds, theirs.seconds)
        missed += met is False
        print(
            f"| {line.what} | `{line.ours.name}` {ours.seconds * 1000:.0f} ms"
            f" | `{line.theirs.name}` {theirs.seconds * 1000:.0f} ms"
            f" | {ratio:.2f} | {line.goal()} | {'' if met is None else 'yes' if met else 'no'}"
            f" | {ours.memory / 1e6:.0f} : {theirs.memory / 1e6:.0f} MB |"
        )
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
