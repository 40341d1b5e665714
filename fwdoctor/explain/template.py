r"""One message with named placeholders, matched against squeezed text in linear time.

    ERROR: Trainer job <job:word> failed$
    Failed to <get|delete> ...            (no: alternatives are templates of their own)

``<name>`` is any text of the message, ``<name:word>`` one word (an id, a path, a model), ``<name:int>`` a
number, ``<name:line>`` the rest of the line; ``...`` is any text without a name; ``$`` at the end asks that
the line ends there; ``\<`` and ``\...`` are a bracket and three dots. A template may begin with one word. No
expression is compiled from it: the literal pieces are found one after the other, nearest first, so that no
input can make it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwdoctor.errors import FwdoctorError
from fwdoctor.explain.squeeze import Squeezed, squeeze
from fwdoctor.lean_dataclass import dataclass

_TOKEN = re.compile(r"(?<!\\)<(?P<name>[a-z_]+)(?::(?P<kind>[a-z]+))?>|(?<!\\)(?P<dots>\.\.\.)")
_KINDS = {"text": 600, "word": 300, "int": 24, "line": 1500}
_WORD = re.compile(rb"[\w./:@+%~#=&?*,-]+")
_NUMBER = re.compile(rb"[0-9][0-9.,_]*")
#: What documents, source code and format strings have where a real message has a value.
_UNREAL = re.compile(
    rb"^\W*(?:\.\.\.|YOUR_\w+|[A-Z]+_ID|x{3,5}|<[^<>\n|']*>|%[sdqrv]|\$?\{[A-Za-z_][^\"\n:]*\})\W*$"
    rb"|\{(?![\w.]+\.py:\d+\})[A-Za-z_][\w.\[\]()'\"]*(?:![rsa])?(?::[^{}\s]*)?\}|%[sdqrv]\b|<[a-z][a-z_ -]*>"
)
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_NAME_BYTES = _WORD_BYTES | frozenset(b".")
#: Occurrences of a template's first piece that are tried.
_BEGINNINGS = 4
#: Pieces that ordinary logs are full of.
_COMMON = (b"https://api.fireworks.ai", b"HTTPRequest:", b"accounts/", b"HTTP/1.1", b"Deployment")
_LINE_END = re.compile(rb"(?:\x1b\[[0-9;]*m|[ \t'\"`)\]},.;:|\\]|[\x80-\xff])*(?:\\n|\r|\n|$)")
_COLOUR_BEFORE = re.compile(rb"(?:\x1b|\\u001b)\[[0-9;]*m\Z")
_MOST_LINES = 8
#: Shorter lines were not wrapped.
_NARROW = 60


@dataclass(frozen=True, slots=True)
class Gap:
    """A placeholder: its name (None for ``...``), its kind and how many characters it may hold."""

    name: str | None
    kind: str

    @property
    def most(self) -> int:
        return _KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a template stands in the raw text, and what its placeholders hold."""

    start: int
    end: int
    variables: dict[str, str]


class Template:
    """A parsed template. ``anchor`` is the squeezed piece by which it is looked for.

    Raises:
        FwdoctorError: it starts with a placeholder, has two in a row, an unknown kind, or no piece that
            is long enough to be looked for.
    """

    SHORTEST_ANCHOR = 7

    def __init__(self, source: str) -> None:
        self.source = source
        body = source
        self.ends_line = body.endswith("$")
        body = body.removesuffix("$")
        self.pieces: list[bytes] = []
        self.gaps: list[Gap] = []
        #: the word before the first piece, if the template begins with one
        self.head: Gap | None = None
        at = 0
        for token in _TOKEN.finditer(body):
            if not token.start() and token["kind"] == "word":
                self.head, at = Gap(token["name"], "word"), token.end()
                continue
            self._add(body[at : token.start()])
            kind = "text" if token["dots"] else token["kind"] or "text"
            if kind not in _KINDS:
                raise FwdoctorError(f"template {source!r}: no such kind: {kind}")
            self.gaps.append(Gap(token["name"], kind))
            at = token.end()
        if at < len(body) or not self.gaps:
            self._add(body[at:])
        #: what follows the last piece, if the template ends with a placeholder
        self.tail = self.gaps[-1] if len(self.gaps) == len(self.pieces) else None
        self._anchor = max(range(len(self.pieces)), key=lambda i: _rarity(self.pieces[i]))
        if len(self.anchor) < self.SHORTEST_ANCHOR:
            raise FwdoctorError(f"template {source!r}: its longest piece is too short to look for")

    def _add(self, literal: str) -> None:
        piece = squeeze(literal.replace("\\<", "<").replace("\\...", "...").encode())
        if not piece:
            raise FwdoctorError(f"template {self.source!r}: a placeholder needs text before it")
        self.pieces.append(piece)

    @property
    def anchor(self) -> bytes:
        return self.pieces[self._anchor]

    @property
    def names(self) -> list[str]:
        """The names of its placeholders."""
        return [g.name for g in (self.head, *self.gaps) if g and g.name]

    def match(self, window: Squeezed, anchor_at: int) -> Span | None:
        """Where the template stands around an occurrence of its anchor (a squeezed position)."""
        for starts in self._candidates(window.text, anchor_at):
            ends = [s + len(p) for s, p in zip(starts, self.pieces, strict=True)]
            if (span := self._checked(window, starts, ends)) is not None:
                return span
        return None

    def may_match(self, text: bytes, anchor_at: int) -> bool:
        """Whether all pieces stand in their order around an anchor: a quick look, before a close one."""
        return next(self._candidates(text, anchor_at), None) is not None

    def _candidates(self, text: bytes, anchor_at: int) -> Iterator[list[int]]:
        """Where the pieces may stand, the first of them the nearest before the anchor first."""
        before = self.pieces[: self._anchor]
        reach = sum(g.most for g in self.gaps[: self._anchor]) + sum(map(len, before))
        first = anchor_at
        for _ in range(_BEGINNINGS if before else 1):
            if before:
                first = text.rfind(before[0], max(0, anchor_at - reach), first)
                if first < 0:
                    return
            starts = self._from(text, first)
            if starts is not None and anchor_at in starts:
                yield starts

    def _from(self, text: bytes, first: int) -> list[int] | None:
        """Where the pieces stand if the first of them stands at ``first``, each as near as it can."""
        starts = [first]
        for gap, earlier, piece in zip(self.gaps, self.pieces, self.pieces[1:], strict=False):
            end = starts[-1] + len(earlier)
            at = text.find(piece, end, end + gap.most + len(piece))
            if at < 0:
                return None
            starts.append(at)
        return starts

    def _checked(self, window: Squeezed, starts: list[int], ends: list[int]) -> Span | None:
        raw = window.raw
        start, end = window.start(starts[0]), window.end(ends[-1])
        variables: dict[str, str] = {}
        if self.head is not None:
            begin = _head(raw, start, self.head.most)
            if begin == start:
                return None
            variables[self.head.name or ""] = raw[begin:start].replace(b"\n", b"").decode("ascii", "replace")
            start = begin
        elif self.pieces[0][0] in _WORD_BYTES and _joins(raw, start):
            return None
        if self.tail is None:
            if self.pieces[-1][-1] in _WORD_BYTES and raw[end : end + 1] and raw[end] in _WORD_BYTES:
                return None
            if self.ends_line and not _LINE_END.match(raw, end):
                return None
        for i, gap in enumerate(self.gaps):
            if gap is self.tail and i == len(self.pieces) - 1:
                first, last = end, _end_of_line(raw, end, gap)
                end = last
            else:
                first, last = window.end(ends[i]), window.start(starts[i + 1])
            value = raw[first:last]
            if not _fits(gap, value):
                return None
            if gap.name:
                variables[gap.name] = _clean(gap, value)
        return Span(start, end, variables)


def _rarity(piece: bytes) -> int:
    """How well a piece can be looked for: the longer the better, but not by what every log is full of."""
    return len(piece) - sum(len(common) for common in _COMMON if common in piece)


def _joins(raw: bytes, start: int) -> bool:
    """Whether a word goes on before ``start``; an escaped line end is none."""
    if not start or raw[start - 1] not in _WORD_BYTES:
        return False
    escaped = raw[start - 1] in b"nrt" and raw[start - 2 : start - 1] == b"\\"
    return not escaped and not _COLOUR_BEFORE.search(raw, max(0, start - 16), start)


def _head(raw: bytes, start: int, most: int) -> int:
    """Where the word before ``start`` begins; it may have been wrapped."""
    begin = start
    while begin and start - begin < most and not _COLOUR_BEFORE.search(raw, max(0, begin - 16), begin):
        if raw[begin - 1] in _NAME_BYTES:
            begin -= 1
            continue
        wide = begin - raw.rfind(b"\n", 0, begin - 1) > _NARROW
        if raw[begin - 1] != ord("\n") or not wide or begin < 2 or raw[begin - 2] not in _NAME_BYTES:
            break
        begin -= 1
    return begin


def _end_of_line(raw: bytes, start: int, gap: Gap) -> int:
    """How far a placeholder at the end of a template reaches."""
    if gap.kind in ("word", "int"):
        found = (_WORD if gap.kind == "word" else _NUMBER).match(raw, start + _blank(raw, start))
        return found.end() if found else start
    first = start + _blank(raw, start)
    wide = start - raw.rfind(b"\n", 0, start) > _NARROW
    if wide and raw[first : first + 1] in (b"\r", b"\n"):  # wrapped right before the value
        start = first + len(raw[first : first + 2]) - len(raw[first : first + 2].lstrip(b"\r\n"))
    most = raw.find(b"\n", start, start + gap.most)
    return most if most >= 0 else min(len(raw), start + gap.most)


def _blank(raw: bytes, start: int) -> int:
    end = start
    while end < len(raw) and raw[end] in b" \t'\"`\\":
        end += 1
    return end - start


def _fits(gap: Gap, value: bytes) -> bool:
    """Whether a value is one that a real message would have there."""
    if value.count(b"\n") > _MOST_LINES or _UNREAL.search(value):
        return False
    if gap.kind == "word":
        return _WORD.fullmatch(_joined(value).strip(b" '\"`\\")) is not None
    if gap.kind == "int":
        return _NUMBER.fullmatch(_joined(value).strip(b" '\"`\\")) is not None
    return gap.name is None or bool(value.strip(b" \t\r\n'\"`\\"))


def _joined(value: bytes) -> bytes:
    """A word that was wrapped, in one piece; indentation and the frames of boxes go with the line end."""
    return re.sub(rb"[ \t\x80-\xff|]*\r?\n[ \t\x80-\xff|]*", b"", value).strip()


def _clean(gap: Gap, value: bytes) -> str:
    value = re.sub(rb"\x1b\[[0-9;]*m", b"", value)
    if gap.kind in ("word", "int"):
        value = _joined(value)
    value = re.sub(rb"\\+u00([2-7][0-9a-fA-F])", lambda m: bytes([int(m[1], 16)]), value)
    text = value.decode("utf-8", "replace").replace("\\n", " ").replace("\\", "")
    return " ".join(text.split()).strip("'\"` ,;")
