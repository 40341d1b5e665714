"""``fwdoctor mcp``: the commands as tools of the Model Context Protocol."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@click.command("mcp", short_help="Serve the commands to an agent (Model Context Protocol).")
def command() -> int:
    """Serve check, explain, lint, migrate, probe and rule to an agent, which starts this command by itself.

    The protocol goes over the standard streams. migrate writes only with apply=true; nothing else writes, and
    probe alone asks Fireworks. docs/agents.md says how agents are set up.
    """
    serve = _serve()
    if sys.stdin is None or sys.stdout is None:
        raise FwdoctorError("mcp talks over the standard input and output, and one of them is closed")
    if sys.stdin.isatty():
        click.echo("fwdoctor mcp waits for an agent, which starts it by itself; Ctrl-C ends it", err=True)
    import anyio

    from fwdoctor.cli._signals import end_at_once

    end_at_once()
    anyio.run(serve)
    return 0


def _serve() -> Callable[[], Awaitable[None]]:
    """What serves; loaded here and nowhere else, because it takes its time.

    Raises:
        FwdoctorError: the package is not there, or is another major version.
    """
    try:
        import mcp.server.lowlevel
        import mcp.types  # noqa: F401
    except ImportError as error:
        import shlex

        python = shlex.quote(sys.executable) if sys.executable else "python"
        raise FwdoctorError(
            f"mcp needs a package that is not here ({error.name or error}); "
            f"install it: {python} -m pip install 'fwdoctor[mcp]'"
        ) from error
    try:
        from fwdoctor.mcp.server import serve
    except ImportError as error:  # another major version of the package
        raise FwdoctorError(f"mcp works with versions 2 of the package mcp: {error}") from error
    return serve
