"""Prints one of README's two commands, so that CI runs what README says: ``first`` or ``test``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def main() -> int:
    marks = {"first": "try", "test": "test"}
    if len(sys.argv) != 2 or sys.argv[1] not in marks:
        print(f"usage: readme_commands.py {'|'.join(marks)}", file=sys.stderr)
        return 2
    mark = marks[sys.argv[1]]
    pattern = rf"<!-- command: {mark} -->\n```(?:sh|bash)\n(.*?)\n```"
    found = re.search(pattern, README.read_text("utf-8"), re.DOTALL)
    if found is None:
        print(f"README.md has no command marked {mark!r}", file=sys.stderr)
        return 2
    print(found[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
