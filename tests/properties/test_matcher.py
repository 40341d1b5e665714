"""Explain takes any text: no failure, the same however it is cut, and never more than its share of work."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.explain.catalogue import catalogue
from fwdoctor.explain.inputs import Piece
from fwdoctor.explain.run import Explained, explain
from tests.properties.generators import NOISE, logs, messages, units


def look(data: bytes, cuts: list[int] | None = None) -> Explained:
    places = [0, *sorted(c % (len(data) + 1) for c in cuts or ()), len(data)]
    return explain([iter([Piece("log", iter([data[a:b] for a, b in itertools.pairwise(places)]))])])


@given(logs(), st.lists(st.integers(0, 2**20), max_size=4))
def test_any_text_is_read_to_its_end(data: bytes, cuts: list[int]) -> None:
    result = look(data, cuts)
    assert not result.problems
    assert result.lines == data.count(b"\n") + bool(data and not data.endswith(b"\n"))
    for found in result.findings:
        assert found.location is not None
        assert 1 <= (found.location.line or 0) <= result.lines
        assert found.name in catalogue()
        assert "\x1b" not in (found.evidence or "") + found.message


def calls(data: bytes) -> int:
    """The calls of functions that reading a text takes, those in C included."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        look(data)
    finally:
        sys.setprofile(before)
    return count


#: Beginnings and ends of windows, and what is done once.
_SOME = 4_000


@given(units())
def test_four_times_the_text_takes_four_times_the_calls(parts: list[str]) -> None:
    unit = "".join(parts).encode("utf-8", "replace")
    times = max(1, 6_000 // len(unit))
    look(unit)
    small, large = calls(unit * times), calls(unit * (4 * times))
    if large > 6 * small + _SOME:  # what is looked at around each error grows up to some size: from there on
        small, large = large, calls(unit * (16 * times))
    assert large <= 6 * small + _SOME, (small, large)


def cpu(run: Callable[[], Any]) -> float:
    """The seconds of the processor's that something takes, the least of three tries."""
    spans = []
    for _ in range(3):
        began = time.process_time()
        run()
        spans.append(time.process_time() - began)
    return min(spans)


def _shapes() -> dict[str, str]:
    """One text of every kind that may be slow: long lines, half messages, frames, escapes."""
    pieces = [p for row in messages() for p in row[:-1]]
    starts = "".join(pieces[::7])
    return {
        "beginnings of messages": starts,
        "beginnings on one line": starts.replace("\n", " "),
        "beginnings and frames": starts + NOISE[19] + NOISE[20],
        **{f"noise {i}": noise for i, noise in enumerate(NOISE)},
        **{
            f"noise {i} after an error": f"RuntimeError: Trainer job {noise * 30}"
            for i, noise in enumerate(NOISE)
        },
    }


#: Measuring takes its time: a local run does some of them.
_EVERY = 8 if os.environ.get("HYPOTHESIS_PROFILE", "dev") == "dev" else 1
SHAPES = dict(list(_shapes().items())[::_EVERY])


@pytest.mark.parametrize("unit", SHAPES.values(), ids=SHAPES)
def test_eight_times_the_text_takes_no_square_of_the_time(unit: str) -> None:
    """Calls do not see what one call does: time does, where it grows with the square (64 times)."""
    data = unit.encode("utf-8", "replace")
    # Shorter texts lie within one window, in which nothing is looked at more than once.
    times = 1 + 40_000 // len(data)
    for _ in range(4):
        small, large = cpu(lambda: look(data * times)), cpu(lambda: look(data * (8 * times)))
        if large <= 24 * max(small, 0.002):
            return
    pytest.fail(f"{small:.3f} s, and {large:.3f} s for eight times the text")
