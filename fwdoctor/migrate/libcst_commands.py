"""The codemods as commands of libcst's own runner, one class each, named after its module.

``python -m libcst.tool codemod -x fwdoctor.migrate.libcst_commands.SettingsClass --target june src/`` runs
one codemod with those that it cannot do without, proves the result as ``fwdoctor migrate`` does, and leaves
alone what only other codemods carry. ``All`` runs them all.
"""

from __future__ import annotations

import argparse
import functools
from typing import ClassVar

import libcst as cst
from fwdoctor_codemods.core import registry
from fwdoctor_codemods.core.surfaces import Surfaces
from libcst.codemod import CodemodCommand, CodemodContext, SkipFile

from fwdoctor.fit.session import Context
from fwdoctor.fit.target import Choice
from fwdoctor.migrate import transform
from fwdoctor.source.text import UnreadableSource, decode_source


@functools.cache
def _surfaces(target: str) -> Surfaces:
    return Choice(target).surfaces()


class All(CodemodCommand):
    """Every codemod."""

    DESCRIPTION = "Ports code to the API of a version of the Fireworks cookbook."
    CODEMODS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, context: CodemodContext, target: str = "latest") -> None:
        super().__init__(context)
        self._port_context = Context(_surfaces(target), only=self.CODEMODS)

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        """Take the target from the command line."""
        arg_parser.add_argument(
            "--target", default="latest", help="a version, a date, a commit, or a folder with a cookbook"
        )

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        """Port one module.

        Raises:
            SkipFile: it cannot be read or ported, or does not fit; it stays as it was.
        """
        path = self.context.filename or "<stdin>"
        try:
            source = decode_source(path, tree.bytes)
            ported = transform.port(path, source.text, self._port_context, newline=source.newline)
        except (UnreadableSource, transform.NotVerified, SyntaxError, ValueError, RecursionError) as error:
            raise SkipFile(str(error)) from error
        for finding in (*ported.todo, *ported.notes):
            self.warn(f"{finding.location}: {finding.rule} {finding.message}")
        if ported.text == source.text:
            return tree
        return cst.parse_module(source.encode(ported.text))


for _name in registry.names():
    _class = "".join(part.capitalize() for part in _name.split("_"))
    globals()[_class] = type(
        _class,
        (All,),
        {
            "__module__": __name__,
            "__doc__": f"The codemod ``{_name}``.",
            "DESCRIPTION": registry.description(_name),
            "CODEMODS": registry.family(_name),
        },
    )
