"""One file's text, ported and proven: codemods, then markers, then verification."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from fwdoctor_codemods import _registry
from fwdoctor_codemods._port import MARKER, Port, splice

from fwdoctor.finding import Finding
from fwdoctor.fit import misfits
from fwdoctor.fit.session import Context, open_port
from fwdoctor.migrate import markers
from fwdoctor.rulebook import rulebook


class NotVerified(Exception):
    """The ported text did not pass; the message says what is wrong with it."""


@dataclass(frozen=True)
class Ported:
    """The new text, what was rewritten (by rule name) and what is left for a person, by line of that text.

    Every ``todo`` has a marker in the text; ``notes`` are findings that need none, among them what did
    not fit any version known and so was wrong before.
    """

    text: str
    done: Mapping[str, int]
    todo: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()


def port(path: str, text: str, context: Context, *, newline: str = "\n") -> Ported:
    """Port a file's text and verify the result.

    Raises:
        NotVerified: what came out does not fit; the file must stay as it was.
        SyntaxError, ValueError, RecursionError, MemoryError: as ``ast.parse``.
    """
    first = open_port(path, text, context, newline)
    before = misfits.find(first)
    new = _transform(path, text, context, newline, is_old=any(m.known for m in before))
    if new.text != text:
        _verify(first, before, path, text, new, context, newline)
    return new


def _transform(path: str, text: str, context: Context, newline: str, *, is_old: bool) -> Ported:
    session = open_port(path, text, context, newline, is_old=is_old)
    session.run([codemod(session) for codemod in _registry.classes()])
    notes = [(t.node, markers.marker(t.finding)) for t in session.todo if t.marker]
    orphans = [(node, c) for node, comments in session.orphans for c in comments]
    edits = [*session.edits, *markers.above(session, [*orphans, *notes])]
    new = splice(session.source.data, edits).decode() if edits else text

    # What the codemods left: everything that does not fit, marked unless no version ever had it.
    second = open_port(path, new, context, newline) if edits else session
    rest = [(m.node, markers.marker(_finding(second, m))) for m in misfits.find(second) if m.known]
    if more := markers.above(second, rest):
        new = splice(second.source.data, more).decode()
        second = open_port(path, new, context, newline)

    todo = markers.located(second, [t.finding for t in session.todo if t.marker])
    silent = [t.finding for t in session.todo if not t.marker]
    for misfit in misfits.find(second):
        (todo if misfit.known else silent).append(_finding(second, misfit))
    names = Counter({rulebook()[rule].name: count for rule, count in session.done.items()})
    return Ported(new, dict(sorted(names.items())), tuple(todo), tuple(silent))


def _finding(session: Port, misfit: misfits.Misfit) -> Finding:
    variables = {"path": session.path, "target": session.surfaces.label, **misfit.variables}
    location = session.source.location(session.path, misfit.node)
    return rulebook()[misfit.rule].fill(variables, location=location)


def _verify(
    first: Port,
    before: list[misfits.Misfit],
    path: str,
    text: str,
    new: Ported,
    context: Context,
    newline: str,
) -> None:
    try:
        after = open_port(path, new.text, context, newline)
    except (SyntaxError, ValueError) as error:
        raise NotVerified(f"the ported code does not parse: {error}") from error
    found = misfits.find(after)
    left = Counter(m.key for m in found) - Counter(m.key for m in before)
    unmarked = [m for m in found if m.key in left and not _is_marked(after, m)]
    if unmarked:
        raise NotVerified(f"the ported code would not fit: {_finding(after, unmarked[0]).message}")
    if undefined := sorted(_undefined(after.model.tree) - _undefined(first.model.tree)):
        raise NotVerified(f"the ported code would use the undefined name {undefined[0]!r}")
    if lost := Counter(_comments(text)) - Counter(_comments(new.text)):
        raise NotVerified(f"the port would lose the comment {next(iter(lost))!r}")
    again = _transform(path, new.text, context, newline, is_old=any(m.known for m in found))
    if again.text != new.text:
        raise NotVerified("a second run would change the ported code again")


def _is_marked(port: Port, misfit: misfits.Misfit) -> bool:
    line = markers.anchor(port, misfit.node)
    while line > 1 and port.source.line(line - 1).strip().startswith("#"):
        line -= 1
        if port.source.line(line).strip().startswith(f"{MARKER}{misfit.rule} "):
            return True
    return False


def _undefined(tree: ast.Module) -> set[str]:
    from pyflakes import messages
    from pyflakes.checker import Checker

    found = Checker(tree, filename="<ported>").messages
    return {
        str(m.message_args[0])
        for m in found
        if isinstance(m, messages.UndefinedName | messages.UndefinedLocal)
    }


def _comments(text: str) -> list[str]:
    try:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        return [t.string.strip() for t in tokens if t.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return []
