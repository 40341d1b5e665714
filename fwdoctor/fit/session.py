"""Opens one file for a comparison with surfaces."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Collection

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import Source
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.moves import moves
from fwdoctor.rulebook import is_selected, rulebook


@dataclass(frozen=True)
class Context:
    """What the comparison of a file needs to know beside its text."""

    surfaces: Surfaces
    module_name: str | None = None
    fixture_type: Callable[[str], str | None] = lambda _: None
    #: the names that other files import from it, "*" for all
    taken: Callable[[], Collection[str]] = lambda: ()
    #: a snippet of a document: calls in it may leave out what they need
    abbreviated: bool = False
    #: write out old defaults that changed, instead of telling them
    preserve_defaults: bool = False
    #: heed ``# noqa``, too
    noqa: bool = False
    #: the rules that are wanted: codes as of :func:`fwdoctor.rulebook.is_selected`
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    #: mark what the codemods leave, also where they change nothing
    marks: bool = True
    #: run these codemods alone, and mark nothing that others would port; none named means all
    only: tuple[str, ...] = ()

    def allows(self, rule: str) -> bool:
        """Whether a rule is wanted."""
        return is_selected(rule, rulebook()[rule].name, self.select, self.ignore)


def open_port(
    path: str, text: str, context: Context, newline: str = "\n", tree: ast.Module | None = None
) -> Port:
    """Open a file's text, which is parsed unless its ``tree`` is given.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as ``ast.parse``.
    """
    if tree is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in the user's code are not our business
            tree = ast.parse(text)
    chosen = bool(context.select or context.ignore)
    return Port(
        path,
        Source(text, newline),
        tree,
        context.surfaces,
        moves().only(context.allows) if chosen else moves(),
        rulebook(),
        module_name=context.module_name,
        fixture_type=context.fixture_type,
        taken=context.taken,
        abbreviated=context.abbreviated,
        preserve_defaults=context.preserve_defaults,
        noqa=context.noqa,
        allows=context.allows if chosen else lambda _: True,
    )
