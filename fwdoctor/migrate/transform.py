"""One file's text, ported and proven: codemods, then markers, then verification."""

from __future__ import annotations

import ast
import dataclasses
import functools
import io
import tokenize
from collections import Counter
from collections.abc import Mapping

from fwdoctor_codemods.core import registry
from fwdoctor_codemods.core.port import Port, left
from fwdoctor_codemods.core.source import Edit, splice

from fwdoctor.finding import Finding
from fwdoctor.fit import misfits, versions
from fwdoctor.fit.session import Context, open_port
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.migrate import markers
from fwdoctor.migrate.markers import MARKER
from fwdoctor.rulebook import rulebook


class NotVerified(Exception):
    """The ported text did not pass; the message says what is wrong with it."""


@dataclass(frozen=True)
class Ported:
    """The new text, what was rewritten (by rule name) and what is left for a person, by line of that text.

    Every ``todo`` has a marker in the text; ``notes`` are findings that need none, among them what did
    not fit any version known and so was wrong before. ``ignored`` is what comments keep from being told,
    ``guarded`` what stays because its code is written for several versions, or expected to fail.
    """

    text: str
    done: Mapping[str, int]
    todo: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()
    ignored: tuple[Finding, ...] = ()
    guarded: tuple[Finding, ...] = ()


def port(path: str, text: str, context: Context, *, newline: str = "\n") -> Ported:
    """Port a file's text and verify the result.

    Raises:
        NotVerified: what came out does not fit; the file must stay as it was.
        SyntaxError, ValueError, RecursionError, MemoryError: as ``ast.parse``.
    """
    return port_opened(open_port(path, text, context, newline), context)


def port_opened(first: Port, context: Context) -> Ported:
    """As :func:`port`, for a file that is open already."""
    if not first.uses_fireworks:
        return Ported(first.source.text, {}, ())
    before = misfits.find(first)
    step = _transform(first, before, context)
    if step.port is not first:
        _verify(first, before, step, context)
    return step.result()


@dataclass(frozen=True)
class _Step:
    """A text after the codemods and the markers: its port and its misfits."""

    session: Port
    port: Port
    misfits: list[misfits.Misfit]

    def result(self) -> Ported:
        todo = markers.located(self.port, [t.finding for t in self.session.todo if t.marker])
        notes = [t.finding for t in self.session.todo if not t.marker]
        ignored, guarded = list(self.session.ignored), list(self.session.guarded)
        for misfit in self.misfits:
            if not self.port.allows(misfit.rule):
                continue
            finding = _finding(self.port, misfit)
            if (ignore := self.port.ignored_at(misfit.node, misfit.rule)) is not None:
                silent = ignored if ignore.is_comment else guarded
                silent.append(dataclasses.replace(finding, evidence=ignore.reason or None))
            else:
                known = misfit.known
                (todo if known else notes).append(dataclasses.replace(finding, preexisting=not known))
        names = Counter({rulebook()[rule].name: count for rule, count in self.session.done.items()})
        done = dict(sorted(names.items()))
        return Ported(self.port.source.text, done, tuple(todo), tuple(notes), tuple(ignored), tuple(guarded))


def _transform(session: Port, before: list[misfits.Misfit], context: Context) -> _Step:
    """Run the codemods on an opened file and mark what they leave; the same port if nothing changes."""
    session.is_old = any(m.known for m in before) or session.names_old_classes
    session.origins = functools.cache(functools.partial(versions.fitting, session))
    session.origin = lambda: next(reversed(session.origins()), None)
    codemods = registry.classes(context.only)
    # Most files speak no old API, and need not be asked about, node by node.
    if session.leads_on and (session.is_old or any(c.concerns(session) for c in codemods)):
        session.run([codemod(session) for codemod in codemods])
    if not context.marks and not session.done:
        return _Step(session, session, before)
    notes = [(t.node, markers.marker(t.finding)) for t in session.todo if t.marker]
    orphans = [(node, c) for node, comments in session.orphans for c in comments]
    edits = [*session.edits, *markers.above(session, [*orphans, *notes])]
    current = _applied(session, edits, context)
    if lost := _lost_comments(session.source.text, current.source.text):
        homeless = [(line, c) for line, c in _comments(session.source.text) if c in lost]
        current = _applied(session, [*edits, *markers.rescued(session, homeless, edits)], context)
    found = before if current is session else misfits.find(current, is_old=session.is_old)

    # What the codemods left: everything that does not fit, marked unless no version ever had it.
    rest = [
        (m.node, markers.marker(_finding(current, m)))
        for m in found
        if m.known
        and not context.only
        and context.marks
        and current.allows(m.rule)
        and current.ignored_at(m.node, m.rule) is None
    ]
    marked = _applied(current, markers.above(current, rest), context)
    if marked is not current:
        found = misfits.find(marked)
    return _Step(session, marked, found)


def _applied(port: Port, edits: list[Edit], context: Context) -> Port:
    """The port of the edited text; the same one if the edits come to nothing."""
    new = splice(port.source.data, edits).decode() if edits else port.source.text
    if new == port.source.text:
        return port
    try:
        return open_port(port.path, new, context, port.source.newline)
    except (SyntaxError, ValueError) as error:
        raise NotVerified(f"the ported code does not parse: {error}") from error


def _finding(session: Port, misfit: misfits.Misfit) -> Finding:
    variables = {"path": session.path, "target": session.surfaces.label, **misfit.variables}
    location = session.source.location(session.path, misfit.node)
    return left(rulebook()[misfit.rule].fill(variables, location=location))


def _verify(first: Port, before: list[misfits.Misfit], step: _Step, context: Context) -> None:
    after = step.port
    left = Counter(m.key for m in step.misfits) - Counter(m.key for m in before)
    unmarked = [m for m in step.misfits if m.key in left and not _is_marked(after, m)]
    if unmarked:
        raise NotVerified(f"the ported code would not fit: {_finding(after, unmarked[0]).message}")
    if (missing := undefined(after.model.tree)) and (new := missing - undefined(first.model.tree)):
        raise NotVerified(f"the ported code would use the undefined name {min(new)!r}")
    if lost := _lost_comments(first.source.text, after.source.text):
        raise NotVerified(f"the port would lose the comment {next(iter(lost))!r}")
    again = _transform(after, step.misfits, context)
    if again.port is not after:
        raise NotVerified("a second run would change the ported code again")


def _is_marked(port: Port, misfit: misfits.Misfit) -> bool:
    line = markers.anchor(port, misfit.node)
    while line > 1 and port.source.line(line - 1).strip().startswith("#"):
        line -= 1
        if port.source.line(line).strip().startswith(f"{MARKER}{misfit.rule} "):
            return True
    return False


def undefined(tree: ast.Module) -> set[str]:
    """The names that a module uses and nothing defines."""
    from pyflakes import messages
    from pyflakes.checker import Checker

    class _Checker(Checker):  # type: ignore[misc]  # pyflakes has no types
        # pyflakes does not look into an await outside of a function, which notebooks may have.
        AWAIT = Checker.handleChildren

    found = _Checker(tree, filename="<ported>").messages
    return {
        str(m.message_args[0])
        for m in found
        if isinstance(m, messages.UndefinedName | messages.UndefinedLocal)
    }


def _lost_comments(old: str, new: str) -> Counter[str]:
    """The comments of ``old`` that ``new`` has not, as often as they are missing."""

    def lines(text: str) -> Counter[str]:
        return Counter(line.strip() for line in text.splitlines() if "#" in line)

    # Mostly no line with a "#" changed at all, and there is no need to take both texts apart.
    if not lines(old) - lines(new):
        return Counter()
    return Counter(c for _, c in _comments(old)) - Counter(c for _, c in _comments(new))


def _comments(text: str) -> list[tuple[int, str]]:
    """The comments of a text, each with its line."""
    found: list[tuple[int, str]] = []
    # Lines end for Python where they end here; the tokenizer would not see a lone CR.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        found.extend((t.start[0], t.string.strip()) for t in tokens if t.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        pass  # it parses; what this pure-Python tokenizer cannot read has to do without the proof
    return found
