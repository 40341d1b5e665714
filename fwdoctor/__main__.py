"""Entry point of the ``fwdoctor`` command and of ``python -m fwdoctor``."""

from __future__ import annotations

import gc
import signal
import sys
from types import FrameType


def main() -> int:
    """Run the command line; return the exit status (0 nothing found, 1 findings, 2 could not do it)."""
    _end_in_order()
    # Starting makes many objects that stay; looking for garbage among them again and again finds none.
    gc.set_threshold(100_000, 20, 20)
    try:
        from fwdoctor.cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # it had not even begun
        return 130


def _end_in_order() -> None:
    """Let a request to end (kill, a terminal that closes) do what Ctrl-C does: nothing is left behind.

    Without this the process would be gone at once, and the processes that it started would stay.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What whoever started us chose to ignore (nohup) stays ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _interrupt)
        sys.unraisablehook = _dropped


#: Seconds until a request that was dropped is made again.
_AGAIN = 0.01


def _dropped(what: sys.UnraisableHookArgs) -> None:
    """Make a request to end again that came where Python drops exceptions: in callbacks of weak references.

    Imports have such callbacks. Nobody would end a command that waits for input then.
    """
    if issubclass(what.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    else:
        sys.__unraisablehook__(what)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
