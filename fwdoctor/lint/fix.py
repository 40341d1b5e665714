"""Mends what has a fix: the codemods for old API, and the edits that rules bring with them.

In passes, until a pass changes nothing. Every pass is proven: the text parses, no call fits the target less
than before, no name is undefined that was not. What cannot be proven stays as it was.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fwdoctor_codemods.core.source import Edit, splice

from fwdoctor.finding import Applicability, Problem
from fwdoctor.fit.session import Context
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint import api
from fwdoctor.lint.engine import Found
from fwdoctor.lint.session import NOTEBOOK, Linted, Session
from fwdoctor.rulebook import rulebook
from fwdoctor.source.text import UnreadableSource

#: Fixes that make work for each other come to an end well before; those that undo each other never do.
MOST_PASSES = 20
#: What must not become more by a fix.
_BREAKING = frozenset(api.RULES) - {"FWD110", "FWD111", "FWD117", "FWD118"}


@dataclass(frozen=True, slots=True)
class Mended:
    """A file after its fixes: what is left to tell, the new text (None: as before), and what was mended.

    ``done`` counts findings by rule name. ``problem`` says why fixes were given up.
    """

    linted: Linted
    text: str | None
    done: Mapping[str, int]
    problem: Problem | None = None


def mend(session: Session, linted: Linted, *, unsafe: bool) -> Mended:
    """Mend a file that was linted; ``unsafe``: with the fixes, too, that may change what the code does."""
    if linted.source is None or not linted.found:
        return Mended(linted, None, {})
    current = linted
    seen = {linted.source.text}
    for _ in range(MOST_PASSES):
        following = _pass(session, current, unsafe=unsafe)
        if following is None:
            break
        assert following.source is not None
        if following.source.text in seen:
            reason = "its fixes undo each other: the file was left as it was; this is a bug of fwdoctor"
            return Mended(linted, None, {}, Problem(reason, linted.path))
        seen.add(following.source.text)
        current = following
    if current is linted or current.source is None:
        return Mended(linted, None, {})
    gone = _counted(linted.found) - _counted(current.found)
    names = {rulebook()[rule].name: count for rule, count in sorted(gone.items())}
    return Mended(current, current.source.text, names)


def mend_one(session: Session, linted: Linted, found: Found) -> str | None:
    """The text with the edits of one finding; None if it has none, or they cannot be proven."""
    if linted.source is None or not found.fix:
        return None
    text = splice(linted.source.text.encode(), found.fix).decode()
    return None if _proven(session, linted, text) is None else text


def _counted(found: Sequence[Found]) -> Counter[str]:
    return Counter(f.finding.rule for f in found)


def _pass(session: Session, linted: Linted, *, unsafe: bool) -> Linted | None:
    """The file after one more pass; None if there is nothing left to mend."""
    assert linted.source is not None
    for text in (_ported(session, linted, unsafe=unsafe), *_edited(linted, unsafe=unsafe)):
        if text is None or text == linted.source.text:
            continue
        if (following := _proven(session, linted, text)) is not None:
            return following
    return None


def _ported(session: Session, linted: Linted, *, unsafe: bool) -> str | None:
    """The text after the codemods whose rules are wanted; None if they have nothing to do."""
    allows = session.selection.allows(linted.path)
    if not any(f.finding.rule.startswith("FWD1") for f in linted.found):
        return None
    from fwdoctor.migrate import notebooks, transform
    from fwdoctor.migrate.pieces import NotOurs

    wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    book = rulebook().values()
    fixable = [r for r in book if r.id.startswith("FWD1") and r.applicability is not Applicability.MANUAL]
    left = tuple(r.id for r in fixable if r.applicability not in wanted or not allows(r.id))
    context = Context(session.surfaces, ignore=left, marks=False, noqa=True)
    source = linted.source
    assert source is not None
    try:
        if linted.path.lower().endswith(NOTEBOOK):
            return notebooks.port_notebook(linted.path, source.text, context, source.newline).text
        first = session.open(linted.path, source.text, source.newline, context=context)
        return transform.port_opened(first, context).text
    except (transform.NotVerified, NotOurs, RecursionError):
        return None  # it stays as it is, and its findings say what to do


def _edited(linted: Linted, *, unsafe: bool) -> list[str]:
    """The text with all edits that do not overlap, and with those of each finding alone."""
    wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    fixes = [f.fix for f in linted.found if f.fix and f.finding.applicability in wanted]
    if not fixes or linted.source is None:
        return []
    data = linted.source.text.encode()
    together: list[Edit] = []
    for fix in fixes:
        if all(_apart(edit, other) for edit in fix for other in together):
            together += fix
    unique = [tuple(dict.fromkeys(together)), *(fixes if len(fixes) > 1 else ())]
    return [splice(data, edits).decode() for edits in unique]


def _apart(one: Edit, other: Edit) -> bool:
    return one.end < other.start or other.end < one.start


def _proven(session: Session, before: Linted, text: str) -> Linted | None:
    """The file with a new text, if that is sound."""
    source = before.source
    assert source is not None
    try:
        data = source.encode(text)
        after = session.lint(before.path, data)
    except UnreadableSource:
        return None
    if after.problem is not None or after.source is None:
        return None
    more = _counted(after.found) - _counted(before.found)
    if any(rule in _BREAKING for rule in more):
        return None
    if not before.path.lower().endswith(NOTEBOOK) and _undefined(text) - _undefined(source.text):
        return None
    # The bytes stay those of the file on disk, whatever number of passes it takes.
    return replace(after, source=replace(source, text=text))


def _undefined(text: str) -> set[str]:
    from fwdoctor.migrate.transform import undefined

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return undefined(ast.parse(text))
