"""What unpacking costs."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc

import httpx
import pytest

from fwdoctor.controlplane import body

LIMIT = 1_000_000


def test_a_bomb_is_never_unpacked_as_a_whole() -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    # In one piece, as a network may bring it.
    answer = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(bomb))
    tracemalloc.start()
    try:
        with pytest.raises(body.TooLargeError):
            asyncio.run(body.read(answer, LIMIT))
        assert tracemalloc.get_traced_memory()[1] < 5 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT])
@pytest.mark.parametrize("packed", [False, True])
def test_what_fits_is_read(size: int, packed: bool) -> None:
    content = b"x" * size
    stream = httpx.ByteStream(gzip.compress(content) if packed else content)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    assert asyncio.run(body.read(httpx.Response(200, headers=headers, stream=stream), LIMIT)) == content


@pytest.mark.parametrize(
    ("depth", "fits"), [(1, True), (3, True), (4, False), (900, False), (100_000, False)]
)
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[0,"[[[[",', b"]")])
def test_depth(depth: int, fits: bool, start: bytes, end: bytes) -> None:
    nested = start * depth + b"1" + end * depth
    if fits:
        body.parse(nested, 3)
    else:
        with pytest.raises(body.TooLargeError):
            body.parse(nested, 3)
