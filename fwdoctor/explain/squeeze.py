"""Text without what transport does to it.

Logs reach people wrapped at any column, coloured, JSON-escaped, in ``repr`` quotes or inside boxes. All of
that adds or changes the same few characters. So both sides are *squeezed* before they are compared: white
space, backslashes, control characters and everything beyond ASCII go, all quotes become one. What is left
of a message is the same however it travelled.
"""

from __future__ import annotations

import bisect
import re

_QUOTES = b'"`'
_DROPPED = bytes(i for i in range(256) if i <= 32 or i >= 127 or i == ord("\\"))
_TABLE = bytes(ord("'") if i in _QUOTES else i for i in range(256))
#: Colour and cursor commands, and escaped line ends: more than one character that say nothing.
#: Colour and cursor commands; the bar of an exception group.
_COLOUR = rb"\x1b\[[0-9;?]*[ -/]*[@-~]"
_ENCODED_COLOUR = rb"\\u001b\[[0-9;?]*[ -/]*[@-~]"
_BAR = rb"\n[ \t]+\|(?= )"
#: A character that an encoder wrote as a number: of plain text (`\u0027`, `\u003c`), and any other.
_ENCODED = rb"\\u00(?P<code>[2-7][0-9a-fA-F])"
_OTHER = rb"\\u(?!00[2-7])[0-9a-fA-F]{4}"
#: What is taken out, one after the other: a piece that must be there, and the expression.
_STEPS = tuple(
    (sign, re.compile(pattern))
    for sign, pattern in (
        (b"\x1b[", _COLOUR),
        (b"\n  ", _BAR),
        (b"\\u001b[", _ENCODED_COLOUR),
        (b"\\u", _OTHER),
    )
)
_LINE_ENDS = (b"\\n", b"\\r", b"\\t")
_DECODE = re.compile(_ENCODED)
_KEPT = re.compile(
    rb"(?P<skip>%b|\\+(?:[nrt]|u001b\[[0-9;?]*[ -/]*[@-~]|u(?!00[2-7])[0-9a-fA-F]{4})|%b)"
    rb"|\\*%b|[^\x00-\x20\x7f-\xff\\]+" % (_COLOUR, _BAR, _ENCODED)
)


def squeeze(data: bytes) -> bytes:
    """The characters of a text that survive transport."""
    for sign, pattern in _STEPS:
        if sign in data and (sign != b"\n  " or b"\n  | " in data or b"\n    | " in data):
            data = pattern.sub(b"", data)
    if b"\\" in data:
        if b"\\u00" in data:
            data = _DECODE.sub(_decoded, data)
        for end in _LINE_ENDS:
            data = data.replace(end, b"")
    return data.translate(_TABLE, _DROPPED)


def _decoded(found: re.Match[bytes]) -> bytes:
    return bytes([int(found["code"], 16)])


class Squeezed:
    """A piece of text, squeezed, that knows where each character stood.

    ``raw`` is the text, ``text`` the squeezed one. Positions are offsets into either.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._here: list[int] = []
        self._there: list[int] = []
        self._encoded: dict[int, int] = {}
        parts = []
        length = 0
        for run in _KEPT.finditer(raw):
            if run["skip"] is not None:
                continue
            part = run[0] if run["code"] is None else _decoded(run).translate(_TABLE, _DROPPED)
            if part:
                if run["code"] is not None:
                    self._encoded[length] = run.end()
                self._here.append(length)
                self._there.append(run.start())
                parts.append(part)
                length += len(part)
        self.text = b"".join(parts).translate(_TABLE)

    def start(self, position: int) -> int:
        """Where in the raw text the character at a squeezed position stands."""
        i = bisect.bisect_right(self._here, position) - 1
        return self._there[i] + position - self._here[i] if i >= 0 else 0

    def end(self, position: int) -> int:
        """Where in the raw text the text before a squeezed position ends."""
        if not position:
            return 0
        return self._encoded.get(position - 1) or self.start(position - 1) + 1

    def position(self, raw: int) -> int:
        """The squeezed position of what stands at, or first behind, a raw offset."""
        i = bisect.bisect_right(self._there, raw) - 1
        if i < 0:
            return 0
        length = (self._here[i + 1] if i + 1 < len(self._here) else len(self.text)) - self._here[i]
        return self._here[i] + min(raw - self._there[i], length)
