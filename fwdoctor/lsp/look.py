"""Looks at the text of a document, which may be on no disk, as ``fwdoctor lint`` would at the file."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import replace
from typing import TYPE_CHECKING

from fwdoctor.finding import Problem
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.source.sieve import may_hold_key, may_use_fireworks
from fwdoctor.source.text import SourceText, UnreadableSource, decode_source, parse_guarded

if TYPE_CHECKING:
    from fwdoctor.lint.engine import Found
    from fwdoctor.lint.session import Linted
    from fwdoctor.lsp.projects import Project

_BOM = "\ufeff"
_TWO_LINES = re.compile(r"(?:[^\r\n]*(?:\r\n|\r|\n|\Z)){2}")


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is to say about one text.

    ``found`` is what the user is told of ``linted``, which is None where there was nothing to look at. While
    ``problem`` is there, nothing is known: a line is half typed, mostly.
    """

    project: Project
    linted: Linted | None = None
    found: tuple[Found, ...] = ()
    problem: Problem | None = None


def look(project: Project, path: str, text: str) -> Looked:
    """Look at a text as the file ``path``; raises nothing that a text can cause."""
    from fwdoctor.fit.project import is_library

    if project.settings.excludes(path) or is_library(path):
        return Looked(project)
    try:
        data = text.encode("utf-8", "replace")
        if not may_use_fireworks(data, inside=True) and not may_hold_key(data):
            return Looked(project)
        source = source_of(path, text)
        linted = project.session.look(path, source, parse_guarded(source))
    except UnreadableSource as error:
        return Looked(project, problem=error.problem)
    except RecursionError:
        return Looked(project, problem=Problem("nested too deeply to look at", path))
    return Looked(project, linted, _new(project, linted))


def source_of(path: str, text: str) -> SourceText:
    """The text as if it had been read from a file that was saved as its first lines say.

    Raises:
        UnreadableSource: it could not be saved so, or would not be read as the same text.
    """
    mark = text.startswith(_BOM)
    body = text.removeprefix(_BOM)
    encoding = "utf-8" if mark else _declared(body)
    try:
        data = text.encode(encoding)
    except (UnicodeEncodeError, LookupError) as error:
        raise UnreadableSource(path, f"its text cannot be saved in {encoding}") from error
    source = decode_source(path, data)
    if source.text != body:
        raise UnreadableSource(path, f"its text would not be read back from {encoding}")
    return source


def _declared(text: str) -> str:
    """The encoding that the first two lines declare; UTF-8 where they declare none that Python knows."""
    head = _TWO_LINES.match(text)
    lines = re.sub(r"\r\n?", "\n", head[0] if head else "").encode("utf-8", "replace")
    try:
        return tokenize.detect_encoding(io.BytesIO(lines).readline)[0]
    except SyntaxError:
        return "utf-8"


def _new(project: Project, linted: Linted) -> tuple[Found, ...]:
    """What the baseline does not know already."""
    if project.baseline is None:
        return linted.found
    new = {id(finding) for finding in project.baseline.sift([f.finding for f in linted.found])}
    return tuple(found for found in linted.found if id(found.finding) in new)


def mended(looked: Looked) -> tuple[str | None, Problem | None]:
    """The text with all that is safe to mend, as ``lint --fix`` leaves it, and why nothing was mended."""
    from fwdoctor.lint.fix import mend

    if looked.linted is None:
        return None, None
    done = mend(looked.project.session, looked.linted, unsafe=False)
    return _marked(looked.linted, done.text), done.problem


def mended_one(looked: Looked, found: Found) -> str | None:
    """The text with what a finding itself knows to mend."""
    from fwdoctor.lint.fix import mend_one

    if looked.linted is None:
        return None
    return _marked(looked.linted, mend_one(looked.project.session, looked.linted, found))


def silenced(looked: Looked, found: Found) -> str | None:
    """The text with a comment that silences a finding's rule on its line; None if none can stand there."""
    from fwdoctor.lint.noqa import silence

    if looked.linted is None:
        return None
    text, count = silence(replace(looked.linted, found=(found,)))
    return _marked(looked.linted, text) if count else None


def _marked(linted: Linted, text: str | None) -> str | None:
    """With the byte order mark that the editor shows as a part of the text."""
    if text is None or linted.source is None:
        return None
    return _BOM + text if linted.source.has_bom else text
