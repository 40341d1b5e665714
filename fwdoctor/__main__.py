"""Entry point of the ``fwdoctor`` command and of ``python -m fwdoctor``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; return the exit status (0 nothing found, 1 findings, 2 could not do it)."""
    from fwdoctor.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
