"""The rules as a plugin of flake8: codes FWD, on the syntax tree that flake8 has made already.

flake8 reads ``# noqa`` and its own ``select`` and ``ignore``; here count the waivers
(``# fwdoctor: ignore[…]``) and the target, from ``--fwdoctor-target`` or ``[tool.fwdoctor]``.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fwdoctor import __version__
from fwdoctor.settings import load
from fwdoctor.source.sieve import may_hold_key, may_use_fireworks

if TYPE_CHECKING:
    import argparse

    from fwdoctor.lint.session import Session


class Plugin:
    """What flake8 makes for every file: it is given the tree, the name and the lines."""

    name = "fwdoctor"
    version = __version__
    #: the target that the user asks for, of this process
    target: str | None = None

    def __init__(self, tree: ast.Module, filename: str, lines: Sequence[str]) -> None:
        self._tree = tree
        self._filename = filename
        self._lines = lines

    @staticmethod
    def add_options(parser: Any) -> None:
        """Called by flake8 with its parser of options."""
        parser.add_option(
            "--fwdoctor-target",
            default=None,
            parse_from_config=True,
            help="The cookbook to compare with: auto, latest, a date, a tag, a commit, a name or a folder.",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Called by flake8 with what the user said."""
        from flake8.exceptions import ExecutionError

        from fwdoctor.errors import FwdoctorError

        try:
            cls.target = options.fwdoctor_target or load(None, Path()).target or "auto"
            if cls.target != "auto":
                from fwdoctor.fit.target import Choice

                Choice(cls.target).check()
        except FwdoctorError as error:
            raise ExecutionError(f"fwdoctor: {error}") from error

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """Line, column (from 0), text and class of every finding, as flake8 wants them."""
        text = "".join(self._lines)
        data = text.encode("utf-8", "replace")
        if not may_use_fireworks(data, inside=True) and not may_hold_key(data):
            return
        from fwdoctor.fit import project

        if project.is_library(self._filename):
            return
        session = _session(self.target)
        port = session.open(self._filename, text, "\n", self._tree)
        if project.lookalike(self._filename, port.model) is not None:
            return
        for found in session.without_noqa(port):
            place = found.finding.location
            if place is not None:
                message = " ".join(found.finding.message.split())
                yield (
                    place.line or 1,
                    (place.column or 1) - 1,
                    f"{found.finding.rule} {message}",
                    type(self),
                )


@functools.cache
def _session(target: str | None) -> Session:
    """What the files of one process share; surfaces are read when the first file needs them."""
    from fwdoctor.environment.target import choice
    from fwdoctor.lint.session import Selection, Session

    return Session(choice(target or "auto", ["."]).surfaces(), Selection())
