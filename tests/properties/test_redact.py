"""Redaction hides a planted key in any surroundings, twice is once, and the time grows with the text."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.redact import redact, redact_log
from tests.properties.generators import KEYS, SECRET_FORMS

#: What the patterns are made of.
BITS = st.sampled_from(
    ["key", "token", "api_key", "api-key", "password", "secret", "authorization", "Bearer ", "=", ":", "://", "@",
     "'", '"', " ", "\n", "\t", "| ", "\u2502", "[", "]", "{", "}", "-u ", "login x password ", "fw_", "hf_", "eyJ",
     ".", "-", "_", "a", "Z9", "9", "ü", "Cookie: ", "x-api-key: ", "KEY=", "?sig=", "&", "/", "\\", "AKIA", "\r\n"]
)  # fmt: skip
SURROUNDINGS = st.lists(BITS, max_size=6).map("".join)


@given(SURROUNDINGS, st.sampled_from(SECRET_FORMS), KEYS, SURROUNDINGS)
def test_a_planted_key_is_hidden_whatever_stands_around_it(
    before: str, form: str, key: str, after: str
) -> None:
    text = f"{before}\n{form.format(key)}\n{after}"
    assert key not in redact(text)
    assert key not in redact_log(text)


@given(st.lists(BITS, max_size=30).map("".join))
def test_lines_stay_lines(text: str) -> None:
    assert redact(text).count("\n") <= text.count("\n")
    assert redact(redact(text)) == redact(text)


def _seconds(run: Callable[[str], str], text: str) -> float:
    spans = []
    for _ in range(2):
        began = time.process_time()
        run(text)
        spans.append(time.process_time() - began)
    return min(spans)


@given(
    st.lists(BITS, min_size=1, max_size=6).map("".join), SURROUNDINGS, st.sampled_from([redact, redact_log])
)
def test_eight_times_the_text_takes_no_square_of_the_time(
    unit: str, head: str, run: Callable[[str], str]
) -> None:
    """A square would be 64 times; what is too short to be measured is not."""
    times = 1 + 600 // len(unit)
    for _ in range(5):
        small, large = _seconds(run, head + unit * times), _seconds(run, head + unit * (8 * times))
        if large <= 24 * max(small, 0.002):
            return
    pytest.fail(f"{small:.4f} s, and {large:.4f} s for eight times the text")
