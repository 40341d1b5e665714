"""What goes on, on the standard error: redrawn in place on a terminal, else a line whenever one changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType

import click


class Live:
    """Called with all lines that there are now; shows none if ``quiet``. ``now``: seconds since 1970."""

    def __init__(self, now: Callable[[], float], *, quiet: bool = False) -> None:
        self._now = now
        self._start = now()
        self._quiet = quiet
        self._terminal = _is_terminal()
        self._last: tuple[str, ...] = ()
        #: how many lines stand on the terminal
        self._drawn = 0

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._erase()

    def __call__(self, *lines: str) -> None:
        if self._quiet:
            return
        from fwdoctor.controlplane.sparse import printable

        clean = tuple(map(printable, lines))
        if self._terminal:
            self._redraw(clean)
        else:
            self._append(clean)
        self._last = clean

    def _append(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            if line not in self._last:
                click.echo(f"{datetime.fromtimestamp(self._now(), UTC):%H:%M:%S} UTC  {line}", err=True)

    def _redraw(self, lines: Sequence[str]) -> None:
        from fwdoctor.controlplane.words import age

        width, height = _size()
        shown = [f"{age(timedelta(seconds=self._now() - self._start)):<8}  {line}" for line in lines[:1]]
        shown += [f"{'':<8}  {line}" for line in lines[1:]]
        if len(shown) >= height:  # what has left the screen cannot be redrawn
            shown = [*shown[: height - 2], f"{'':<8}  and {len(shown) - height + 2} more"]
        self._erase()
        click.echo("".join(f"{line[: width - 1]}\n" for line in shown), err=True, nl=False, color=True)
        self._drawn = len(shown)

    def _erase(self) -> None:
        if self._drawn:
            click.echo(f"\x1b[{self._drawn}F\x1b[J", err=True, nl=False, color=True)
            self._drawn = 0


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _size() -> tuple[int, int]:
    """Columns and lines of the terminal."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        columns, rows = 0, 0
    return columns or 80, max(rows or 24, 3)
