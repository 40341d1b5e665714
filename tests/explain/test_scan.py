"""The scanner: the same matches however the stream is cut, the right lines, and no more memory for more input."""

import itertools
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwdoctor.explain.catalogue import catalogue
from fwdoctor.explain.scan import AFTER, ErrorLine, Match, Scanner

ORDINARY = "2026-07-10 11:00:00,001 INFO rl_loop: [step {}] loss=0.51 reward=0.34 kl=0.0071\n"
ERRORS = (
    "RuntimeError: ERROR: Trainer job kb8v-{} is archived and cannot be recreated with the same ID\n",
    (
        "2026-07-10 WARNING fireworks.training.sdk.trainer: Failed to query job kb8v-{} (retrying): [Errno 111]. "
        "This is usually transient during pod rescheduling.\n"
    ),
    "ERROR: Hotload did not complete within {}s\n  Cause: it did not become ready.\n",
)
LOG = "".join(
    ERRORS[i // 40 % 3].format(i) if i % 40 == 39 else ORDINARY.format(i) for i in range(1200)
).encode()


def scan(pieces: Sequence[bytes]) -> list[tuple[str, int, int]]:
    scanner = Scanner(catalogue())
    found: list[Match | ErrorLine] = [m for piece in pieces for m in scanner.feed(piece)]
    found += scanner.flush()
    return [(m.entry.name, m.line, m.start) for m in found if isinstance(m, Match)]


WHOLE = scan([LOG])


def test_every_error_is_found_in_its_line() -> None:
    lines = LOG.decode().splitlines()
    assert len(WHOLE) == 30
    assert all(any(e.partition("{")[0] in lines[line - 1] for e in ERRORS) for _, line, _ in WHOLE)
    assert all(LOG[start : start + 1].strip() for _, _, start in WHOLE)


@settings(max_examples=20)
@given(st.lists(st.integers(0, len(LOG)), max_size=12))
def test_it_does_not_matter_how_the_stream_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(LOG)]
    assert scan([LOG[a:b] for a, b in itertools.pairwise(places)]) == WHOLE


def test_byte_by_byte_around_an_error() -> None:
    text = ERRORS[0].format(1).encode()
    assert [name for name, _, _ in scan([bytes([b]) for b in text])] == ["trainer-archived-id-reuse"]


def test_a_line_of_megabytes_is_no_trouble() -> None:
    text = b"x" * 3_000_000 + b" " + ERRORS[0].format(7).encode().strip() + b" " + b"y" * 3_000_000
    assert [name for name, _, _ in scan([text[i : i + 65536] for i in range(0, len(text), 65536)])] == [
        "trainer-archived-id-reuse"
    ]


def test_memory_does_not_grow_with_the_stream() -> None:
    scanner = Scanner(catalogue())
    quiet = LOG[:3000]
    for _ in range(20):
        scanner.feed(quiet)
    tracemalloc.start()
    for _ in range(400):
        scanner.feed(quiet)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 200_000


def test_a_standing_log_is_told_without_waiting() -> None:
    scanner = Scanner(catalogue())
    text = ERRORS[0].format(3).encode()
    assert len(text) < AFTER
    assert not [m for m in scanner.feed(text) if isinstance(m, Match)]
    assert [m.entry.name for m in scanner.peek()] == ["trainer-archived-id-reuse"]
    assert not list(scanner.feed(b"more\n"))
    assert not [m for m in scanner.flush() if isinstance(m, Match)]


def test_a_message_that_comes_in_two_parts_is_whole() -> None:
    scanner = Scanner(catalogue())
    text = ERRORS[0].format(3).encode()
    found = [*scanner.feed(text[:40]), *scanner.peek(), *scanner.feed(text[40:]), *scanner.peek()]
    assert [m.entry.name for m in found if isinstance(m, Match)] == ["trainer-archived-id-reuse"]


ERROR_LINES = {
    "an exception": ("ValueError: no such thing\n", "ValueError"),
    "of a module": ("my.errors.OddError: no such thing\n", "my.errors.OddError"),
    "in a log": ("2026-07-10 11:00:00,001 ERROR worker: it broke\n", None),
    "of a rank": ("[rank3]: RuntimeError: it broke\n", "RuntimeError"),
    "of pytest": ("E   KeyError: 'x'\n", "KeyError"),
}


@pytest.mark.parametrize(("text", "exception"), ERROR_LINES.values(), ids=ERROR_LINES)
def test_error_lines(text: str, exception: str | None) -> None:
    scanner = Scanner(catalogue())
    found = [*scanner.feed(text.encode()), *scanner.flush()]
    assert [(f.exception, f.line) for f in found if isinstance(f, ErrorLine)] == [(exception, 1)]


NO_ERROR_LINES = {
    "a count": "rollouts 32 done, 0 errors\n",
    "source": '        raise ValueError("no such thing")\n',
    "an import": "from my.errors import OddError\n",
    "a level in a word": "TERRORS are many\n",
}


@pytest.mark.parametrize("text", NO_ERROR_LINES.values(), ids=NO_ERROR_LINES)
def test_no_error_lines(text: str) -> None:
    scanner = Scanner(catalogue())
    assert not [*scanner.feed(text.encode()), *scanner.flush()]
