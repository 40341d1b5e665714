"""Source code from bytes to text and back, without loss.

Python's own rules decide the encoding (PEP 263). Line ends are not translated, and what cannot be
carried back to the same bytes is refused.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Problem
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.source.oserrors import describe
from fwdoctor.source.sieve import read_bytes

_LINE_END = re.compile(rb"\r\n?|\n")
_DECLARATION = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


class UnreadableSource(FwdoctorError):
    """A file that is not Python source; ``reason`` says why in one line."""

    def __init__(self, path: str, reason: str, line: int | None = None) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.line = line

    @property
    def problem(self) -> Problem:
        """The same for a report."""
        return Problem(self.reason, self.path)


@dataclass(frozen=True, slots=True)
class SourceText:
    """One file: its bytes, and its text as Python reads it.

    ``text`` has no byte order mark, but the file's own line ends. ``newline`` is the one that most lines
    have: new lines take it.
    """

    path: str
    data: bytes
    encoding: str
    text: str
    newline: str
    has_bom: bool

    def encode(self, text: str) -> bytes:
        """Turn a new text of this file into bytes: same encoding, same byte order mark.

        Raises UnreadableSource if the encoding has no code for one of the characters, or if the bytes
        would be read as something else, because the new text declares another encoding.
        """
        try:
            data = self._encode(text)
        except UnicodeEncodeError as error:
            line = len(re.findall(r"\r\n?|\n", text[: error.start])) + 1
            reason = f"{text[error.start]!r} cannot be written in {self.encoding} (line {line})"
            raise UnreadableSource(self.path, reason, line) from error
        if data != self.data and decode_source(self.path, data).text != text:
            raise UnreadableSource(self.path, f"the new text would not be read as {self.encoding}")
        return data

    def _encode(self, text: str) -> bytes:
        return (codecs.BOM_UTF8 if self.has_bom else b"") + text.encode(self.encoding)


def read_source(path: str) -> SourceText:
    """Read a file. Raises UnreadableSource with the reason."""
    try:
        data = read_bytes(path)
    except (OSError, ValueError) as error:
        raise UnreadableSource(path, describe(error)) from error
    return decode_source(path, data)


def decode_source(path: str, data: bytes) -> SourceText:
    """Decode the bytes of a file. Raises UnreadableSource with the reason."""
    for mark, name in _WIDE_MARKS:
        if data.startswith(mark):
            raise UnreadableSource(path, f"{name}, which Python does not read as source: save it as UTF-8", 1)
    zero = data.find(b"\0")
    if zero != -1:
        line = _line(data, zero)
        raise UnreadableSource(path, f"a NUL byte (line {line}): not Python source", line)
    has_bom = data.startswith(codecs.BOM_UTF8)
    encoding = _detect_encoding(path, data)
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = _decode(body, encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(path, data, encoding, error.start + len(data) - len(body)) from error
    except (LookupError, ValueError) as error:
        raise UnreadableSource(path, f"{encoding} cannot be read as text: {error}") from error
    source = SourceText(path, data, encoding, text, _usual_newline(text), has_bom)
    try:
        exact = source._encode(text) == data
    except ValueError:
        exact = False
    if not exact:
        raise UnreadableSource(path, f"the file cannot be written back in {encoding} without changes")
    return source


def parse_guarded(source: SourceText) -> ast.Module:
    """Parse with the standard parser, whatever the file holds.

    Raises UnreadableSource with the reason. To be called before libcst sees the file: nesting that this
    parser refuses ends the process there. Warnings about the user's code are not ours to print.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.text)
    except SyntaxError as error:
        place = f" (line {error.lineno})" if error.lineno else ""
        raise UnreadableSource(source.path, f"syntax error: {error.msg}{place}", error.lineno) from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableSource(source.path, "nested too deeply to parse") from error
    except ValueError as error:
        raise UnreadableSource(source.path, f"not Python source: {error}") from error


def _detect_encoding(path: str, data: bytes) -> str:
    # The declaration stands in the first two lines, and a lone CR ends a line for Python.
    ends = [found.end() for _, found in zip(range(2), _LINE_END.finditer(data), strict=False)]
    head = _LINE_END.sub(b"\n", data[: ends[-1] if len(ends) == 2 else len(data)])
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(head).readline)
    except SyntaxError as error:
        message = str(error)
        declared = _DECLARATION.search(head)
        name = declared.group(1).decode("ascii", "replace") if declared else ""
        line = _line(head, declared.start()) if declared else 1
        if message.startswith("unknown encoding"):
            reason = f'unknown encoding "{name}" (line {line})'
        elif message.startswith("encoding problem"):
            reason = f'the encoding "{name}" (line {line}) contradicts the UTF-8 byte order mark'
        else:
            try:
                head.decode("utf-8")
            except UnicodeDecodeError as undecodable:
                raise _undecodable(path, head, "utf-8", undecodable.start) from error
            reason = message
        raise UnreadableSource(path, reason, line) from error
    return encoding.removesuffix("-sig")


def _decode(data: bytes, encoding: str) -> str:
    if encoding == "utf-8":
        return data.decode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unicode_escape warns of escapes
        return data.decode(encoding)


def _undecodable(path: str, data: bytes, encoding: str, offset: int) -> UnreadableSource:
    line = _line(data, offset)
    reason = f"byte 0x{data[offset]:02x} is not {encoding.upper()} (line {line})"
    if encoding == "utf-8":
        reason += "; a file in another encoding must declare it, as in # -*- coding: latin-1 -*-"
    return UnreadableSource(path, reason, line)


def _line(data: bytes, offset: int) -> int:
    """The number of the line with this byte."""
    return sum(1 for _ in _LINE_END.finditer(data, 0, offset)) + 1


def _usual_newline(text: str) -> str:
    crlf = text.count("\r\n")
    counts = {"\n": text.count("\n") - crlf, "\r\n": crlf, "\r": text.count("\r") - crlf}
    return max(counts, key=lambda newline: counts[newline])
