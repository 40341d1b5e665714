"""What a command of fwdoctor spends its time on: python benchmarks/stages.py COMMAND…

Samples the stack every millisecond, from before the first import, and prints a Markdown table of shares.
Only this process counts, so give ``migrate`` the option ``--jobs 1``. A run of a tenth of a second has a
hundred samples: shares of it are rough.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parent.parent))

#: What a frame is counted as, by a part of its file's name and its function ("" is any); the first that fits.
STAGES = (
    ("dataclasses.py", "", "making dataclasses"),
    ("/re/", "", "compiling patterns"),
    ("/ast.py", "parse", "parsing, by ast"),
    ("importlib", "", "imports"),
    ("/click/", "", "click"),
    ("/libcst/", "", "libcst"),
    ("/pyflakes/", "", "pyflakes (no new undefined name)"),
    ("/fwdoctor_codemods/core/model.py", "", "scopes and names of the files"),
    ("/fwdoctor/fit/", "", "comparing with the surfaces"),
    ("/fwdoctor/surface/", "", "comparing with the surfaces"),
    ("/fwdoctor_codemods/", "", "codemods"),
    ("/fwdoctor_rules/", "", "rules"),
    ("/fwdoctor/lint/", "", "rules"),
    ("/fwdoctor/source/", "", "finding and reading files"),
    ("/fwdoctor/reporters/", "", "reporting"),
    ("/fwdoctor/migrate/", "", "markers, verification, results"),
)
#: In seconds. (Timers of processor time tick too slowly for commands that take a tenth of a second.)
INTERVAL = 0.001

_seen: Counter[str] = Counter()


def stage(frame: FrameType | None) -> str:
    """What a stack is counted as: its innermost frame that belongs to a stage."""
    while frame is not None:
        code = frame.f_code
        for part, function, name in STAGES:
            if part in code.co_filename and function in ("", code.co_name):
                return name
        frame = frame.f_back
    return "the rest"


def main() -> int:
    """Run the command and print the table; the exit status is 2 without a command."""
    words = sys.argv[1:]
    if not words:
        print((__doc__ or "").splitlines()[0], file=sys.stderr)
        return 2
    signal.signal(signal.SIGALRM, lambda _, frame: _seen.update([stage(frame)]))
    signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        from fwdoctor.cli import run

        status = run(words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout = output
    print(f"`fwdoctor {' '.join(words)}`: exit status {status}, {_seen.total()} samples.\n")
    print("| stage | share |\n|---|---:|")
    for name, count in _seen.most_common():
        print(f"| {name} | {100 * count / _seen.total():.0f} % |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
