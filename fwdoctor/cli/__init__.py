"""The command line: one file per command; they parse, call and print. Commands load when they run."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from fwdoctor import __version__
from fwdoctor.errors import FwdoctorError

#: Other names for commands.
ALIASES = {"doctor": "check"}


class _ReaderIsGone(Exception):
    """Whoever reads our output went away. No OSError: at one, click ends the program with status 1."""


@contextlib.contextmanager
def _pipe_watched() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderIsGone from error


class LazyGroup(click.Group):
    """Commands are the modules of this package; each is imported when it is asked for."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _pipe_watched():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _pipe_watched():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"fwdoctor.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], [*self.list_commands(ctx), *ALIASES], n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", error.ctx) from error


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="fwdoctor", message="%(prog)s %(version)s")
def group() -> None:
    """Check, explain and migrate training code for Fireworks AI and its cookbook.

    Exit status: 0 nothing found, 1 findings, 2 the job could not be done.
    """


def run(args: Sequence[str]) -> int:
    """Run the command line; whatever a user can cause ends in one line and status 2."""
    try:
        status = group.main(list(args), prog_name="fwdoctor", standalone_mode=False, obj=tuple(args))
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except FwdoctorError as error:
        click.echo(f"fwdoctor: {error}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        _complain("fwdoctor: interrupted")
        return 130
    except (BrokenPipeError, _ReaderIsGone):
        return _reader_is_gone()
    except OSError as error:
        _silence_output()
        _complain(f"fwdoctor: {_told(error)}")
        return 2
    except Exception as error:
        if os.environ.get("FWDOCTOR_DEBUG"):
            raise
        _complain(
            f"fwdoctor: internal error ({type(error).__name__}): a bug of fwdoctor, not of your code; "
            "FWDOCTOR_DEBUG=1 shows where"
        )
        return 2


def _reader_is_gone() -> int:
    """The status where the reader of our output (head, less) went away: that is not an error."""
    _silence_output()
    return 0


def _silence_output() -> None:
    """Give up what cannot be written: Python would try again at its end, and complain again."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(error: OSError) -> str:
    """What no command expects, in one line: an output that is full or closed, a folder that went away."""
    from fwdoctor.source.oserrors import current_folder

    if isinstance(error.filename, str | bytes):
        return f"{os.fsdecode(error.filename)}: {error.strerror or error}"
    try:
        current_folder()
    except FwdoctorError as gone:
        return str(gone)
    return str(error.strerror or error)


def _complain(message: str) -> None:
    """Say it on the standard error, if there is one."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        click.echo(message.encode("utf-8", "replace").decode(), err=True)
