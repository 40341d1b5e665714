"""``fwdoctor lsp``: what lint finds, in an editor, while it is typed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO

import click

from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from fwdoctor.lsp.server import Server


@click.command("lsp", short_help="Tell an editor what lint finds (Language Server Protocol).")
@click.option("--stdio", is_flag=True, help="Over the standard streams; so it is anyway.")
@click.option("--tcp", metavar="HOST:PORT", help="Listen here instead, for one editor.")
def command(stdio: bool, tcp: str | None) -> int:
    """Speak the Language Server Protocol with an editor, which starts this command by itself.

    Settings are those of [tool.fwdoctor] nearest to each file. docs/editors.md says how editors are set up.
    """
    if stdio and tcp:
        raise click.UsageError("--stdio and --tcp do not go together.")
    address = _address(tcp) if tcp else None
    server = _server()
    if address is None:
        return _over_stdio(server)
    return _over_tcp(server, *address)


def _server() -> Server:
    try:
        import pygls.lsp.server  # noqa: F401
    except ImportError as error:
        raise FwdoctorError(
            f"lsp needs a package that is not here ({error.name or error}); "
            f"install it: {_command(sys.executable)} -m pip install 'fwdoctor[lsp]'"
        ) from error
    from fwdoctor.environment.target import choice
    from fwdoctor.lsp.server import make, quiet_pygls

    quiet_pygls(debug=bool(os.environ.get("FWDOCTOR_DEBUG")))
    return make(choice)


def _command(path: str) -> str:
    import shlex

    return shlex.quote(path) if path else "python"


def _over_stdio(server: Server) -> int:
    """Talk until the editor says that it is done; 1 if it went away without a word."""
    from fwdoctor.cli._signals import end_at_once

    if sys.stdin is None or sys.stdout is None:
        raise FwdoctorError("lsp talks over the standard input and output, and one of them is closed")
    if sys.stdin.isatty():
        click.echo("fwdoctor lsp waits for an editor, which starts it by itself; Ctrl-C ends it", err=True)
    end_at_once()
    received, sent = _taken()
    server.start_io(received, sent)
    return 0 if server.stopped else 1


def _taken() -> tuple[BinaryIO, BinaryIO]:
    """The streams, for the protocol alone: whatever else prints, prints on the standard error."""
    received = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    sent = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    os.dup2(sys.stderr.fileno() if sys.stderr else os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return received, sent


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise click.BadParameter(f"{text!r} is not HOST:PORT, as 127.0.0.1:8700", param_hint="--tcp")
    return host.strip("[]"), int(port)


def _over_tcp(server: Server, host: str, port: int) -> int:
    click.echo(f"fwdoctor lsp listens on {host}:{port}", err=True)
    try:
        server.start_tcp(host, port)
    except SystemExit:
        pass  # how pygls ends when the editor says "exit"
    except OSError as error:
        raise FwdoctorError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return 0 if server.stopped else 1
