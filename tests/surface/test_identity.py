"""Which version something on disk is: by what it offers, by what it says, or the nearest."""

from pathlib import Path

import pytest

from fwdoctor.surface import history, identity
from fwdoctor.surface.compare import fingerprint
from fwdoctor.surface.essence import essence
from fwdoctor.surface.history import History
from fwdoctor.surface.model import Surface
from fwdoctor.surface.timeline import Product, Timeline
from tests.surface.conftest import Read

STATES = [
    {"m.py": "def f(a): ...\n"},
    {"m.py": "def f(a, b): ...\ndef g(): ...\n"},
    {"m.py": "def f(a, b): ...\ndef g(): ...\ndef h(): ...\ndef i(): ...\n"},
]
#: commit, day, state, pin
ROWS = [["a" * 40, "2026-01-01", 0, 0], ["b" * 40, "2026-02-01", 1, 0], ["c" * 40, "2026-02-02", 1, 1, "cookbook-v2026.02.02.1"], ["d" * 40, "2026-03-01", 2, 1]]  # fmt: skip
PINS = ["fireworks-ai>=1.0,<2", "fireworks-ai>=1.1,<2"]


@pytest.fixture
def line(read: Read) -> Timeline:
    surfaces = [essence(read(files)) for files in STATES]
    extra = {"versions": ROWS, "pins": PINS, "fingerprints": [fingerprint(s) for s in surfaces]}
    return Timeline(Product.COOKBOOK, History(Path("x"), history.dumps(surfaces, extra).encode()))


def made(read: Read, text: str) -> Surface:
    return read({"m.py": text})


def test_what_offers_the_same_is_the_newest_that_does(read: Read, line: Timeline) -> None:
    match = identity.match(read(STATES[1]), line)
    assert match.twin is not None
    assert match.twin.id == "c" * 8
    assert (match.distance, match.label) == (0, "cookbook cccccccc (2026-02-02)")


def test_of_several_that_offer_the_same_it_is_what_it_says(read: Read, line: Timeline) -> None:
    match = identity.match(read(STATES[1]), line, line.by_commit("bbbb"))
    assert match.twin is not None
    assert match.twin.id == "b" * 8


def test_what_it_offers_counts_more_than_what_it_says(read: Read, line: Timeline) -> None:
    match = identity.match(read(STATES[0]), line, line.by_commit("dddd"))
    assert match.twin is not None
    assert match.twin.id == "a" * 8


def test_an_edited_one_keeps_its_name(read: Read, line: Timeline) -> None:
    text = STATES[1]["m.py"] + "def mine(): ...\n"
    match = identity.match(made(read, text), line, line.by_commit("bbbb"))
    assert (match.twin, match.nearest.id, match.distance) == (None, "b" * 8, 1)
    assert match.label == "cookbook bbbbbbbb (2026-02-01), edited (1 name differs)"


@pytest.mark.parametrize(
    ("text", "pin", "nearest", "distance"),
    [
        ("def f(a): ...\ndef mine(): ...\n", None, "a", 1),
        ("def f(a, b): ...\ndef g(): ...\ndef h(): ...\n", None, "d", 1),
        ("def f(a, b): ...\ndef g(): ...\ndef h(): ...\n", PINS[0], "c", 1),
        ("def f(a): ...\ndef mine(): ...\n", "fireworks-ai[training]>=1.1,<2", "c", 3),
        ("def f(a): ...\ndef mine(): ...\n", "fireworks-ai>=7", "a", 1),
    ],
)
def test_the_nearest(
    read: Read, line: Timeline, text: str, pin: str | None, nearest: str, distance: int
) -> None:
    match = identity.match(made(read, text), line, None, pin)
    assert (match.twin, match.nearest.id[0], match.distance) == (None, nearest, distance)
    assert "nearest to" in match.label


def test_versions_by_tag_and_commit(line: Timeline) -> None:
    assert line.tagged("2026.2.2.1") is line.versions[2]
    assert line.by_commit("d" * 40) is line.versions[3]
    assert line.by_commit("e" * 40) is None
    assert line.find("cccccccc^").id == "b" * 8
    assert [v.sdk_pin for v in line.versions] == [PINS[0], PINS[0], PINS[1], PINS[1]]


def test_a_cookbook_is_read_once_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "training" / "recipes").mkdir(parents=True)
    (tmp_path / "training" / "recipes" / "rl_loop.py").write_text("def main(): ...\n")
    first = identity.of_folder(tmp_path)
    second = identity.of_folder(tmp_path, "517d206d82a52ffa28a53182061cad3b7fe53199")
    assert first.surface is second.surface
    assert second.nearest.id == "517d206d"
    assert identity.of_folder(tmp_path, None, "2026.8.19.1").nearest.id == "76821fa1"
