"""Plant faults in a copy of the code, one at a time, and count how many the tests catch.

    python scripts/mutate.py [--seed N] [--only AREA] [--write]

Each fault is a change that a slip of the hand could make: a comparison swapped, a condition turned round, a
number off by one, a call or a term dropped. Which they are follows from the seed alone. The tests that run
are those of the same area; the first that fails ends them. ``--write`` puts the table into docs/quality.md.
Exit status 1: more than one fault in ten survived.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "quality.md"
#: A test that runs longer than its tests ever do hangs: the fault is noticed.
_PATIENCE = 900


@dataclass(frozen=True)
class Area:
    """A part of the code, the tests that belong to it (the quickest first), and how many faults it gets."""

    name: str
    code: tuple[str, ...]
    tests: tuple[str, ...]
    faults: int


AREAS = (
    Area(
        "codemods",
        ("codemods/fwdoctor_codemods/*.py", "codemods/fwdoctor_codemods/core/*.py"),
        ("tests/codemods", "tests/migrate", "tests/properties/test_migrate.py"),
        10,
    ),
    Area(
        "matcher",
        tuple(
            f"fwdoctor/explain/{n}.py"
            for n in ("template", "squeeze", "scan", "context", "checks", "incident")
        ),
        ("tests/explain", "tests/properties/test_matcher.py"),
        8,
    ),
    Area(
        "client",
        tuple(
            f"fwdoctor/controlplane/{n}.py"
            for n in ("client", "transport", "body", "errors", "sparse", "connection", "timing")
        ),
        ("tests/controlplane", "tests/properties/test_controlplane.py"),
        6,
    ),
    Area(
        "writer",
        ("fwdoctor/migrate/writing.py", "fwdoctor/source/write.py", "fwdoctor/source/text.py"),
        ("tests/source", "tests/migrate", "tests/properties/test_migrate.py"),
        6,
    ),
)


@dataclass(frozen=True)
class Fault:
    """A change of one place: where, what it does, and the file with it."""

    path: str
    line: int
    what: str
    text: str


_SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What may be written instead of a node, with words for it."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        swapped = ast.Compare(node.left, [_SWAPS[type(node.ops[0])]()], node.comparators)
        yield "comparison swapped", swapped
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or swapped", ast.BoolOp(other, node.values)
        yield (
            "last term dropped",
            node.values[0] if len(node.values) == 2 else ast.BoolOp(node.op, node.values[:-1]),
        )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", node.operand
    elif isinstance(node, ast.IfExp):
        yield "branches swapped", ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield "off by one", ast.Constant(node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "truth inverted", ast.Constant(not node.value)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom):
        yield "statement dropped", ast.Pass()
    elif isinstance(node, ast.If):
        yield "condition turned round", ast.UnaryOp(ast.Not(), node.test)


def _in_code(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes of functions: what stands outside are constants and declarations."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in function.body:
                yield from ast.walk(statement)


def faults(path: Path) -> list[Fault]:
    """All faults that a file can have."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    lines = [0]
    for row in text.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(row))
    found = []
    for node in dict.fromkeys(_in_code(tree)):
        for what, new in _changes(node):
            place = node.test if isinstance(node, ast.If) else node
            start = lines[place.lineno - 1] + place.col_offset  # type: ignore[attr-defined]
            end = lines[place.end_lineno - 1] + place.end_col_offset  # type: ignore[attr-defined]
            data = text.encode()
            piece = ast.unparse(ast.fix_missing_locations(new))
            piece = f"({piece})" if isinstance(new, ast.expr) else piece
            changed = (data[:start] + piece.encode() + data[end:]).decode()
            if _is_other(tree, changed):
                name = path.relative_to(ROOT).as_posix()
                found.append(Fault(name, place.lineno, what, changed))  # type: ignore[attr-defined]
    return found


def _is_other(tree: ast.Module, changed: str) -> bool:
    try:
        return ast.dump(ast.parse(changed)) != ast.dump(tree)
    except SyntaxError:
        return False


def chosen(area: Area, seed: int) -> list[Fault]:
    """The faults of an area: one of a random kind in a random file, until there are enough."""
    dice = random.Random(f"{seed} {area.name}")
    files = sorted(p for pattern in area.code for p in ROOT.glob(pattern) if p.stat().st_size > 500)
    found: list[Fault] = []
    while len(found) < area.faults:
        everything = faults(dice.choice(files))
        kinds = sorted({f.what for f in everything})
        if not kinds:
            continue
        kind = dice.choice(kinds)
        fault = dice.choice([f for f in everything if f.what == kind])
        if fault not in found:
            found.append(fault)
    return found


def is_caught(fault: Fault, area: Area, copy: Path) -> tuple[bool, str]:
    """Whether the tests of an area fail with a fault in the copy; the test that did."""
    target = copy / fault.path
    target.write_text(fault.text, "utf-8")
    folders = [str(copy / part) for part in ("", "codemods", "rules")]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "--no-header",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        *area.tests,
    ]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environ, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        return True, "it hangs"
    finally:
        shutil.copyfile(ROOT / fault.path, target)
    failed = re.search(r"^(?:FAILED|ERROR) ([^\s\[]+)", done.stdout, re.MULTILINE)
    return done.returncode != 0, failed[1] if failed else ""


def table(rows: Sequence[tuple[Area, Fault, bool, str]]) -> str:
    """The results in Markdown."""
    out = ["| area | place | fault | caught by |", "|---|---|---|---|"]
    for area, fault, caught, by in rows:
        test = f"`{by}`" if by else "the tests' collection"
        by_whom = test if caught else "**nobody**"
        out.append(f"| {area.name} | `{fault.path}:{fault.line}` | {fault.what} | {by_whom} |")
    return "\n".join(out)


def replaced(page: str, name: str, text: str) -> str:
    """A page with a new text between the marks of a block."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def run(areas: Sequence[Area], seed: int, tell: Callable[[str], None]) -> list[tuple[Area, Fault, bool, str]]:
    """Plant the faults one by one."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        shutil.copytree(
            ROOT,
            copy,
            symlinks=True,
            ignore=shutil.ignore_patterns(".git", ".hypothesis", "__pycache__", ".venv"),
        )
        for area in areas:
            for fault in chosen(area, seed):
                began = time.monotonic()
                caught, by = is_caught(fault, area, copy)
                rows.append((area, fault, caught, by))
                verdict = "caught  " if caught else "SURVIVED"
                took = f"({time.monotonic() - began:.0f} s)"
                tell(f"{verdict} {fault.path}:{fault.line} {fault.what} {by} {took}")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[a.name for a in AREAS])
    parser.add_argument("--write", action="store_true", help="put the table into docs/quality.md")
    options = parser.parse_args()
    areas = [a for a in AREAS if options.only in (None, a.name)]
    rows = run(areas, options.seed, lambda line: print(line, file=sys.stderr, flush=True))
    count = sum(caught for _, _, caught, _ in rows)
    text = (
        f"{dt.date.today()}, seed {options.seed}: {count} of {len(rows)} faults were caught.\n\n{table(rows)}"
    )
    print(text)
    if options.write:
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), "mutations", text), "utf-8")
    return 0 if count * 10 >= len(rows) * 9 else 1


if __name__ == "__main__":
    sys.exit(main())
