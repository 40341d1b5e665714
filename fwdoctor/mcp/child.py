"""Runs one command as a process of its own.

So every call sees the world as it is now, nothing that a command prints gets into the protocol, and a call
that is cancelled ends. Modules of the project are not imported in the place of ours (-P).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from fwdoctor.lean_dataclass import dataclass

#: Seconds that a call may take.
LONGEST = 600


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status, the JSON that it printed (None if none), its complaint."""

    status: int
    data: Any
    complaint: str


async def run(arguments: Sequence[str], stdin: str | None) -> Ended:
    """Run ``fwdoctor`` with these arguments.

    Raises:
        TimeoutError: it took too long, and was ended.
    """
    import anyio

    text = None if stdin is None else stdin.encode("utf-8", "replace")
    where = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
    with anyio.fail_after(LONGEST):
        done = await anyio.run_process(
            [sys.executable, "-P", "-m", "fwdoctor", *arguments], check=False, **where
        )
    try:
        data = json.loads(done.stdout)
    except ValueError:
        data = None
    return Ended(done.returncode, data, done.stderr.decode("utf-8", "replace").strip())
