"""Squeezing: what transport does to a text makes no difference, and places are found again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.explain.squeeze import Squeezed, squeeze

TEXT = "RuntimeError: ERROR: Trainer job 'kb8v-1' failed (HTTP 400): {\"code\": 3}"

TRANSPORTS = {
    "colours": lambda t: f"\x1b[31m{t[:9]}\x1b[1;32m{t[9:]}\x1b[0m",
    "windows": lambda t: t.replace(" ", "\r\n"),
    "json": json.dumps,
    "repr": repr,
    "go's json": lambda t: json.dumps(t).replace("'", "\\u0027"),
    "non-breaking spaces": lambda t: t.replace(" ", "\u00a0"),
    "a box": lambda t: f"│ {t[:30]} │\n│ {t[30:]} │",
    "an exception group": lambda t: f"  | {t[:30]}\n  | {t[30:]}",
    "double quotes": lambda t: t.replace("'", '"'),
}


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
def test_transport_makes_no_difference(transport: object) -> None:
    assert callable(transport)
    sent = squeeze(transport(TEXT).encode()).strip(b"'")
    assert sent.lstrip(b"|").removeprefix(b"|") == squeeze(TEXT.encode())


@given(st.text(max_size=80), st.integers(1, 20))
def test_wrapping_makes_no_difference(text: str, width: int) -> None:
    plain = text.replace("\\", "").replace("\x1b", "").replace("|", "")
    wrapped = "\n".join(plain[i : i + width] for i in range(0, len(plain), width))
    assert squeeze(wrapped.encode("utf-8", "replace")) == squeeze(plain.encode("utf-8", "replace"))


TOKENS = st.sampled_from(
    [
        b"\\n",
        b"\\",
        b"\\u0027",
        b"\\u001b[31m",
        b"\x1b[0m",
        b"\\u2014",
        b"\n  | ",
        b"\n    | x",
        b"a",
        b"'",
        b" ",
        b"\xe2\x94\x82",
    ]
)


@given(st.lists(TOKENS, max_size=12).map(b"".join) | st.binary(max_size=200))
def test_both_ways_give_the_same(data: bytes) -> None:
    assert Squeezed(data).text == squeeze(data)


@given(st.binary(max_size=200))
def test_places_lead_back(data: bytes) -> None:
    window = Squeezed(data)
    starts = [window.start(i) for i in range(len(window.text))]
    assert starts == sorted(starts)
    for i, start in enumerate(starts):
        assert window.position(start) == i
        assert start < window.end(i + 1) <= len(data)
