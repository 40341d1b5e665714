"""Bodies of answers: never more bytes, and never deeper, than is sane for a list of resources."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


class TooLargeError(Exception):
    """More came than fits."""


class UnreadableError(Exception):
    """The body is not what its headers say."""


async def read(response: httpx.Response, limit: int) -> bytes:
    """The body, unpacked. It is unpacked here, for httpx does so without a limit: 1 MB may hide 1 GB."""
    told = response.headers.get("content-length", "")
    if told.isdecimal() and len(told) < 25 and int(told) > limit:
        raise TooLargeError
    unpacker = _Unpacker(response.headers.get("content-encoding", ""), limit)
    async for chunk in response.aiter_raw():
        unpacker.add(chunk)
    return unpacker.finish()


class _Unpacker:
    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise UnreadableError("it is packed in a way that was not asked for")
        self._gzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding.endswith("gzip") else None
        self._limit = limit
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        if self._gzip is not None:
            try:
                chunk = self._gzip.decompress(chunk, self._limit + 1 - len(self._body))
            except zlib.error as error:
                raise UnreadableError("it is not the gzip that it says it is") from error
        self._body += chunk
        if len(self._body) > self._limit:
            raise TooLargeError

    def finish(self) -> bytes:
        if self._gzip is not None and self._body and not self._gzip.eof:
            raise UnreadableError("it ends in the middle")
        return bytes(self._body)


def parse(body: bytes, depth: int) -> Any:
    """The JSON in a body; ValueError without any, TooLargeError if nested deeper than ``depth``."""
    try:
        content = json.loads(body)
    except RecursionError as error:
        raise TooLargeError from error
    if _is_deeper(content, depth):
        raise TooLargeError
    return content


def _is_deeper(content: Any, depth: int) -> bool:
    level = [content] if isinstance(content, dict | list) else []
    for _ in range(depth):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
    return bool(level)
