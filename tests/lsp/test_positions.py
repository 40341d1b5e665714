"""Addresses and positions, as editors send and take them."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from pygls.workspace.position_codec import PositionCodec

from fwdoctor.finding import Location
from fwdoctor.lsp.positions import Lines, overlap, path_of


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def applied(text: str, edits: list[types.TextEdit]) -> str:
    starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]

    def at(place: types.Position) -> int:
        rest = text[starts[place.line] :]
        characters = next(i for i in range(len(rest) + 1) if utf16(rest[:i]) == place.character)
        return starts[place.line] + characters

    for edit in sorted(edits, key=lambda e: at(e.range.start), reverse=True):
        text = text[: at(edit.range.start)] + edit.new_text + text[at(edit.range.end) :]
    return text


@pytest.mark.parametrize(
    ("uri", "windows", "path"),
    [
        ("file:///home/me/train.py", False, "/home/me/train.py"),
        ("file://localhost/home/me/train.py", False, "/home/me/train.py"),
        ("FILE:///a.py", False, "/a.py"),
        ("file:///a%20b/100%25/c.py", False, "/a b/100%/c.py"),
        ("file:///caf%C3%A9/%F0%9F%94%A5.py", False, "/café/🔥.py"),
        ("file:///latin%E9.py", False, "/latin\udce9.py"),
        ("file:///a;b/c;d.py", False, "/a;b/c;d.py"),
        ("file:///a%23b%3Fc.py", False, "/a#b?c.py"),
        ("file:///C:/odd/name.py", False, "/C:/odd/name.py"),
        ("file:///c%3A/Users/me/a%20b.py", True, "c:\\Users\\me\\a b.py"),
        ("file:///C:/Users/me/train.py", True, "C:\\Users\\me\\train.py"),
        ("file://server/share/train.py", True, "\\\\server\\share\\train.py"),
        ("untitled:Untitled-1", False, None),
        ("git:/home/me/train.py?%7B%7D", False, None),
        ("file://", False, None),
        ("file:///a%00b.py", False, None),
        ("file://[bad/a.py", False, None),
        ("", False, None),
    ],
)
def test_addresses(uri: str, windows: bool, path: str | None) -> None:
    assert path_of(uri, windows=windows) == path


ODD = 'a = "😀é"; b = f(x)\r\nc = """\x0c\u2028\x85"""; f(y)\rd\n'


@pytest.mark.parametrize(
    ("encoding", "start", "end"),
    [("utf-8", (0, 18), (0, 22)), ("utf-16", (0, 15), (0, 19)), ("utf-32", (0, 14), (0, 18))],
)
def test_columns_are_in_the_client_s_units(
    encoding: str, start: tuple[int, int], end: tuple[int, int]
) -> None:
    lines = Lines(ODD, PositionCodec(encoding).client_num_units)
    place = Location("a.py", 1, 15, 1, 19)
    assert ODD[14:18] == "f(x)"
    assert lines.range(place) == types.Range(types.Position(*start), types.Position(*end))


def test_lines_end_where_the_parser_ends_them() -> None:
    lines = Lines(ODD, utf16)
    call = ast.parse(ODD).body[3]
    assert isinstance(call, ast.Expr)
    assert ast.unparse(call) == "f(y)"
    assert lines.lines[call.lineno - 1].startswith('c = """')
    place = Location("a.py", 2, ODD.split("\r\n")[1].index("f(y)") + 1)
    assert lines.range(place).end == lines.end_of(1)
    assert len(lines.lines) == 3


def test_a_byte_order_mark_is_a_character_for_the_editor_only() -> None:
    lines = Lines("\ufeffab\ncd\n", utf16)
    assert lines.range(Location("a.py", 1, 1, 1, 3)) == types.Range(
        types.Position(0, 1), types.Position(0, 3)
    )
    assert lines.range(Location("a.py", 2, 1, 2, 3)) == types.Range(
        types.Position(1, 0), types.Position(1, 2)
    )


def test_a_place_beyond_the_text_is_still_a_place() -> None:
    assert Lines("", utf16).range(Location("a.py")) == types.Range(types.Position(0, 0), types.Position(0, 0))
    assert Lines("a", utf16).range(Location("a.py", 9, 9)).start == types.Position(8, 0)


TEXTS = st.lists(
    st.sampled_from(["a", "b", "😀", "é", " ", "\n", "\r\n", "\r", "\x0c", "\u2028"]), max_size=14
).map("".join)


@given(TEXTS, TEXTS)
def test_edits_make_one_text_of_the_other(old: str, new: str) -> None:
    assert applied(old, Lines(old, utf16).edits(new)) == new


def test_edits_leave_other_lines_alone() -> None:
    edits = Lines("a\nb\nc\nd", utf16).edits("a\nB\nc\nd\ne")
    assert [(e.range.start.line, e.range.end.line, e.new_text) for e in edits] == [
        (1, 2, "B\n"),
        (3, 3, "d\ne"),
    ]
    assert Lines("a\n", utf16).edits("a\n") == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 0, 5), (0, 5, 0, 5), True),
        ((0, 0, 0, 5), (0, 6, 0, 6), False),
        ((0, 3, 2, 0), (1, 0, 1, 9), True),
        ((2, 0, 2, 1), (0, 0, 1, 9), False),
    ],
)
def test_overlap(one: tuple[int, ...], other: tuple[int, ...], expected: bool) -> None:
    ranges = [types.Range(types.Position(*r[:2]), types.Position(*r[2:])) for r in (one, other)]
    assert overlap(*ranges) is expected
    assert overlap(*reversed(ranges)) is expected
