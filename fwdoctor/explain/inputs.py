"""Where text comes from: files of any size, a pipe that is still growing, notebooks' outputs, junit.xml.

Everything becomes pieces: a label, and chunks of bytes. Nothing is held whole but notebooks and XML, whose
format leaves no other way; they are small, or refused.
"""

from __future__ import annotations

import codecs
import gzip
import json
import os
import select
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

CHUNK = 1 << 20
#: Notebooks and XML beyond this are not read whole.
_MOST_STRUCTURED = 256 << 20
_POLL_SECONDS = 0.25
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
STDIN = "<stdin>"


@dataclass(frozen=True)
class Piece:
    """One text: where findings in it are said to be, and its bytes, in chunks.

    An empty chunk says that nothing more came for a while: what is there may be told. ``cell`` is the
    notebook cell, ``name`` that of a test case.
    """

    path: str
    chunks: Iterator[bytes]
    cell: int | None = None
    name: str | None = None


def open_file(path: str, *, follow: bool = False) -> Iterator[Piece]:
    """The pieces of a file.

    Raises:
        FwdoctorError: it cannot be read, or is not of the kind that its name says.
    """
    try:
        if stat.S_ISDIR(os.stat(path).st_mode):
            raise FwdoctorError(f"{path}: this is a folder; give the log inside it")
        suffix = Path(path).suffix.lower()
        if suffix == ".ipynb":
            yield from _notebook(path)
        elif suffix == ".xml":
            yield from _junit(path)
        elif suffix == ".gz":
            with gzip.open(path) as packed:
                yield Piece(path, _decoded(_read(packed, path)))
        elif follow:
            yield Piece(path, _decoded(_followed(path)))
        else:
            with open(path, "rb", buffering=0) as file:
                yield Piece(path, _decoded(_read(file, path)))
    except OSError as error:
        raise FwdoctorError(f"{path}: cannot read it: {error.strerror or error}") from error


def open_stdin() -> Piece:
    """The standard input, as it comes.

    Raises:
        FwdoctorError: it is closed.
    """
    return Piece(STDIN, _decoded(_piped(0)))


def _read(file: IO[bytes] | gzip.GzipFile, path: str) -> Iterator[bytes]:
    try:
        while chunk := file.read1(CHUNK) if isinstance(file, gzip.GzipFile) else file.read(CHUNK):
            yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FwdoctorError(f"{path}: cannot unpack it: {error}") from error


def _piped(descriptor: int) -> Iterator[bytes]:
    """What comes through a pipe; an empty chunk when it stands still."""
    waits = _can_wait(descriptor)
    while True:
        try:
            while waits is not None and not waits(_POLL_SECONDS):
                yield b""
            chunk = os.read(descriptor, CHUNK)
        except OSError as error:
            raise FwdoctorError(f"cannot read the standard input: {error.strerror or error}") from error
        if not chunk:
            return
        yield chunk


def _can_wait(descriptor: int) -> Callable[[float | None], bool] | None:
    """A function that waits for input; None where the system has none for such a descriptor."""

    def wait(seconds: float | None) -> bool:
        return bool(select.select([descriptor], [], [], seconds)[0])

    try:
        wait(0)
    except (OSError, ValueError):
        return None
    return wait


def _followed(path: str) -> Iterator[bytes]:
    """A file that grows, as ``tail -F`` sees it: cut off or replaced, it is read from its beginning."""
    file, identity = _opened(path)
    try:
        while True:
            if chunk := file.read(CHUNK):
                yield chunk
                continue
            yield b""
            time.sleep(_POLL_SECONDS)
            try:
                now = os.stat(path)
            except FileNotFoundError:
                continue  # being replaced
            if (now.st_dev, now.st_ino) != identity:
                file.close()
                file, identity = _opened(path)
            elif now.st_size < file.tell():
                file.seek(0)
    finally:
        file.close()


def _opened(path: str) -> tuple[IO[bytes], tuple[int, int]]:
    file = open(path, "rb", buffering=0)  # noqa: SIM115 - it outlives this function
    found = os.fstat(file.fileno())
    return file, (found.st_dev, found.st_ino)


def _decoded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16, as PowerShell writes it, becomes UTF-8; everything else passes as it is."""
    first = next(chunks, b"")
    encoding = next((e for bom, e in _UTF16.items() if first.startswith(bom)), None)
    if encoding is None:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first[2:]).encode("utf-8", "replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")


# --- formats -----------------------------------------------------------------------------------------


def _structured(path: str) -> bytes:
    if os.path.getsize(path) > _MOST_STRUCTURED:
        raise FwdoctorError(f"{path}: too big to be read as a whole ({os.path.getsize(path):,} bytes)")
    return Path(path).read_bytes()


def _refuse(*_: object) -> None:
    raise ValueError("it has declarations of its own")


def _notebook(path: str) -> Iterator[Piece]:
    try:
        data = json.loads(_structured(path))
        cells = list(data["cells"])
        known = [(i, cell) for i, cell in enumerate(cells, 1) if isinstance(cell, dict)]
        outputs = [(i, o) for i, cell in known for o in cell.get("outputs") or ()]
        if not known and cells:
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FwdoctorError(f"{path}: not a notebook of format 4 ({type(error).__name__})") from error
    for cell, output in outputs:
        if isinstance(output, dict) and (text := _output(output)):
            yield Piece(path, iter([text.encode("utf-8", "surrogatepass")]), cell=cell)


def _output(output: dict[str, Any]) -> str:
    """The text of one output of a cell: what was printed, shown or raised."""
    if output.get("output_type") == "error":
        return _lines(output.get("traceback")) or f"{output.get('ename')}: {output.get('evalue')}\n"
    if "text" in output:
        return _joined(output["text"])
    data = output.get("data")
    return _joined(data.get("text/plain", "")) if isinstance(data, dict) else ""


def _lines(value: object) -> str:
    return "\n".join(map(str, value)) + "\n" if isinstance(value, list) and value else ""


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _junit(path: str) -> Iterator[Piece]:
    data = _structured(path)
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        root = builder.close()
    except (expat.ExpatError, LookupError, ValueError, AssertionError) as error:
        raise FwdoctorError(f"{path}: not XML that is read: {error}") from error
    for case in root.iter("testcase"):
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        for part in case:
            message, text = part.get("message") or "", part.text or ""
            if message not in text:
                text = f"{message}\n{text}"
            if part.tag in ("failure", "error", "system-out", "system-err") and text:
                yield Piece(path, iter([text.encode("utf-8", "replace")]), name=name)
