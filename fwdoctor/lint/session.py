"""Lints files one after the other: what the files of one run share."""

from __future__ import annotations

import ast
import dataclasses
import gc
import os
from collections.abc import Callable

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.finding import Finding, Problem
from fwdoctor.fit import project
from fwdoctor.fit.session import Context, open_port
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint import engine, suppress
from fwdoctor.lint.engine import Found
from fwdoctor.rulebook import is_selected, rulebook
from fwdoctor.source.text import SourceText, UnreadableSource, decode_source, parse_guarded

NOTEBOOK = ".ipynb"


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules that are wanted, codes as of :func:`fwdoctor.rulebook.is_selected`; no ``select`` means all.

    ``in_file`` gives the codes that are ignored in a file.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    in_file: Callable[[str], tuple[str, ...]] = lambda _: ()

    def allows(self, path: str) -> Callable[[str], bool]:
        """Whether a rule is wanted in a file."""
        ignore = (*self.ignore, *self.in_file(path))
        book = rulebook()
        return lambda rule: is_selected(rule, book[rule].name, self.select, ignore)


@dataclass(frozen=True, slots=True)
class Linted:
    """What there is to say about one file.

    ``found`` and ``silenced`` (by comments) have the file's own lines; ``source`` is None where it could not
    be read, and ``uses_fireworks`` says whether there was anything to look at. ``guarded`` counts what is not
    told because its code is written for several versions, or expected to fail.
    """

    path: str
    source: SourceText | None = None
    found: tuple[Found, ...] = ()
    silenced: tuple[Finding, ...] = ()
    guarded: int = 0
    problem: Problem | None = None
    note: str | None = None
    uses_fireworks: bool = False


class Session:
    """Lints files against one target."""

    def __init__(
        self,
        surfaces: Surfaces,
        selection: Selection,
        *,
        ignore_noqa: bool = False,
        against: str | None = None,
    ) -> None:
        # Syntax trees are many small objects that point at each other; looking for garbage among them again
        # and again takes a sixth of the time.
        gc.set_threshold(100_000, 20, 20)
        self.surfaces = surfaces
        self.selection = selection
        #: what people are told about the target
        self.against = against or surfaces.label
        self._ignore_noqa = ignore_noqa
        self._fixtures = project.Fixtures(surfaces)

    def lint(self, path: str, data: bytes) -> Linted:
        """Look at one file; what goes wrong is told in the result."""
        if project.is_library(path):
            return Linted(path, note=f"{path}: skipped, it belongs to the installed SDK or cookbook")
        try:
            source = decode_source(path, data)
            if path.lower().endswith(NOTEBOOK):
                return self._notebook(path, source)
            return self.look(path, source, parse_guarded(source))
        except UnreadableSource as error:
            return Linted(path, problem=error.problem)
        except RecursionError:
            return Linted(path, problem=Problem("nested too deeply to look at", path))
        except Exception as error:
            if os.environ.get("FWDOCTOR_DEBUG"):
                raise
            # One file's surprise must not cost the others their findings.
            reason = f"internal error ({type(error).__name__}); FWDOCTOR_DEBUG=1 shows where"
            return Linted(path, problem=Problem(reason, path))

    def look(self, path: str, source: SourceText, tree: ast.Module) -> Linted:
        """Look at a file that is parsed already.

        Raises:
            RecursionError: it is nested too deeply.
        """
        port = self.open(path, source.text, source.newline, tree)
        if (other := project.lookalike(path, port.model)) is not None:
            return Linted(
                path, source, note=f"{path}: skipped, its imports reach the package {other}, not the cookbook"
            )
        sifted = self._sifted(port)
        return Linted(
            path,
            source,
            tuple(sorted(sifted.kept, key=_place)),
            sifted.silenced,
            len(sifted.guarded),
            uses_fireworks=port.uses_fireworks,
        )

    def open(
        self,
        path: str,
        text: str,
        newline: str,
        tree: ast.Module | None = None,
        context: Context | None = None,
    ) -> Port:
        """Open a text as the file ``path``; ``context`` says more about how."""
        context = dataclasses.replace(
            context or Context(self.surfaces),
            module_name=project.module_name(path),
            fixture_type=lambda name: self._fixtures.lookup(path, name),
        )
        return open_port(path, text, context, newline, tree)

    def without_noqa(self, port: Port) -> list[Found]:
        """What there is to say about an opened file, for a tool that reads ``# noqa`` itself."""
        allows = self.selection.allows(port.path)
        found = engine.find(port, allows)
        told = {id(f) for f in found}
        new = [f for f in suppress.sift(port, found, allows).kept if id(f) not in told]
        return [f for f in found if port.ignored_at(f.node, f.finding.rule) is None] + new

    def _sifted(self, port: Port) -> suppress.Sifted:
        allows = self.selection.allows(port.path)
        found = engine.find(port, allows)
        if self._ignore_noqa:
            return suppress.Sifted(tuple(found), ())
        return suppress.sift(port, found, allows)

    def _notebook(self, path: str, source: SourceText) -> Linted:
        """The cells are looked at as one module; findings have the cells' numbers and lines."""
        from fwdoctor.migrate import notebooks
        from fwdoctor.migrate.pieces import NotOurs
        from fwdoctor.migrate.transform import NotVerified

        try:
            joined = notebooks.joined(path, source.text)
        except NotOurs as error:
            return Linted(path, source, note=f"{path}: skipped, {error}")
        except NotVerified as error:
            return Linted(path, source, problem=Problem(str(error), path))
        linted = self.look(
            path, dataclasses.replace(source, text=joined.code, newline="\n"), ast.parse(joined.code)
        )
        # Edits speak of the joined text: a notebook is mended by its codemods alone.
        found = tuple(dataclasses.replace(f, finding=joined.in_cell(f.finding), fix=()) for f in linted.found)
        silenced = tuple(map(joined.in_cell, linted.silenced))
        return dataclasses.replace(linted, source=source, found=found, silenced=silenced)


def _place(found: Found) -> tuple[int, int, str]:
    place = found.finding.location
    return (place.line or 0, place.column or 0, found.finding.rule) if place else (0, 0, found.finding.rule)
