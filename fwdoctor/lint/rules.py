"""The rules that lint has: modules of ``fwdoctor_rules.lint``, one each, found and never listed."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint import api
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule, lint_modules, rulebook


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the function that finds where a file breaks it; ``anywhere``: also without Fireworks."""

    rule: Rule
    find: Callable[[File], Iterator[Hit]]
    anywhere: bool = False


@functools.cache
def checks() -> tuple[Check, ...]:
    """The rules that have a module of their own, by id."""
    modules = (importlib.import_module(f"fwdoctor_rules.lint.{name}") for name in lint_modules())
    return tuple(
        sorted(
            (Check(m.RULE, m.check, getattr(m, "ANYWHERE", False)) for m in modules), key=lambda c: c.rule.id
        )
    )


#: What lint says about comments that silence it.
UNUSED = "FWD001"


def ids() -> tuple[str, ...]:
    """The ids of all rules that lint may report."""
    own = {rule for rule in rulebook() if rule.startswith("FWD")}
    migrate_only = {rule for rule in own if rule.startswith("FWD1")} - set(api.RULES)
    return tuple(sorted(own - migrate_only))
