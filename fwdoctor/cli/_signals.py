"""What signals do to a command that serves another program."""

from __future__ import annotations

import signal


def end_at_once() -> None:
    """Let Ctrl-C and requests to end have their usual effect on the process.

    A server reads its input in a thread, which an exception in the main thread does not wake: the process
    would wait for one more message. There is nothing to clean up either.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_DFL)
