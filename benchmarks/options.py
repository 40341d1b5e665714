"""The options of the benchmarks: read before anything is installed, by a Python that may have no packages."""

from __future__ import annotations

import argparse
from pathlib import Path


def parse(what: str) -> argparse.Namespace:
    """The options of the command line; help, and wrong ones, end the program. ``what`` is for the help."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--files", type=int, default=10_500, help="Python files in the tree (%(default)s)")
    parser.add_argument("--users", type=int, default=80, help="files that use Fireworks (%(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="turns of each contestant (%(default)s)")
    parser.add_argument("--startup-only", action="store_true", help="measure the start-up alone")
    parser.add_argument("--cookbook", type=Path, help="a cookbook checkout, to read it, too")
    parser.add_argument("--old-cookbook", type=Path, help="one from before June 2026, to port it, too")
    parser.add_argument(
        "--linters", action="store_true", help="lint the tree, also with flake8 and fixit (minutes a turn)"
    )
    parser.add_argument("--logs", type=int, metavar="MB", help="explain logs of that size, too")
    parser.add_argument("--probe", action="store_true", help="measure probes of a fake control plane alone")
    arguments = parser.parse_args()
    if not 0 < arguments.users < arguments.files or arguments.runs < 1:
        parser.error("needs at least one run and one user, and more files than users")
    return arguments
