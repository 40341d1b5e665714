"""Editing a call argument by argument."""

import ast
from collections import Counter

import pytest
from fwdoctor_codemods.core.arguments import CallText, NewArgument, comments_in
from hypothesis import given
from hypothesis import strategies as st

TALL = """f(
    a,  # about a
    # above b
    b=1,  # about b
    c=g(
        x=1,  # inside
    ),
)"""


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        ("f(a)", 0, "f()"),
        ("f(a, b)", 0, "f(b)"),
        ("f(a, b)", 1, "f(a)"),
        ("f(a, b,)", 1, "f(a)"),
        ("f( a, b )", 0, "f( b )"),
        ("f(a, b, c)", 1, "f(a, c)"),
        ("f(\n  a,\n  b,\n)", 1, "f(\n  a,\n)"),
        ("f(\n  a,\n)", 0, "f()"),
        ("f(a,  # why\n  b)", 1, "f(a  # why\n)"),
        (TALL, 0, TALL.replace("    a,  # about a\n", "    # about a\n")),
        (TALL, 1, TALL.replace("    b=1,  # about b\n", "    # about b\n")),
        (TALL, 2, TALL.replace("    c=g(\n        x=1,  # inside\n    ),\n", "    # inside\n")),
    ],
)
def test_remove(text: str, index: int, expected: str) -> None:
    call = CallText(text)
    assert call.remove(index) == []
    assert call.code() == expected


def test_comments_without_a_place_are_handed_back() -> None:
    call = CallText("f(a=g(\n  1,  # one\n), b=2)")
    assert call.remove(0) == ["# one"]
    assert call.code() == "f(b=2)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f()", "f(z=3)"),
        ("f(a)", "f(a, z=3)"),
        ("f(a,)", "f(a, z=3,)"),
        ("f(\n  a\n)", "f(\n  a,\n  z=3\n)"),
        ("f(\n  a,  # last\n)", "f(\n  a,  # last\n  z=3,\n)"),
        ("f(a,  # c\n  b)", "f(a,  # c\n  b,\n  z=3)"),
        ("m\n  .f(a)", "m\n  .f(a, z=3)"),
        (TALL, TALL[:-1] + "    z=3,\n)"),
    ],
)
def test_append(text: str, expected: str) -> None:
    call = CallText(text)
    call.append(NewArgument("z", "3"))
    assert call.code() == expected


def test_insert_between_keeps_comments_with_their_arguments() -> None:
    call = CallText(TALL)
    call.insert(1, NewArgument("z", "3"))
    assert call.code() == TALL.replace("    # above b", "    z=3,\n    # above b")


def test_replace_by_several() -> None:
    call = CallText(TALL)
    assert call.replace(2, [NewArgument("x", "1"), NewArgument("y", "2")], ["# inside"]) == []
    assert call.code() == TALL.replace(
        "    c=g(\n        x=1,  # inside\n    ),\n", "    # inside\n    x=1,\n    y=2,\n"
    )


def test_line_ends_are_kept() -> None:
    call = CallText(TALL.replace("\n", "\r\n"), "\r\n")
    call.append(NewArgument("z", "3"))
    call.remove(1)
    assert "\n" not in call.code().replace("\r\n", "")


names = st.sampled_from(["a", "bb", "ccc", "d_d"])
gaps = st.sampled_from([" ", "", "\n    ", "  # one\n    ", "\n    # two\n    ", "  # one\n\n    # two\n  "])


@st.composite
def calls(draw: st.DrawFn) -> str:
    keywords = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    text = "f(" + draw(gaps)
    for i, keyword in enumerate(keywords):
        text += f"{keyword}={i}"
        if i < len(keywords) - 1:
            text += "," + draw(gaps)
    if draw(st.booleans()):
        text += "," + draw(gaps)
    return text + ")"


@given(calls(), st.data())
def test_whatever_is_removed_or_added_the_rest_and_every_comment_stay(text: str, data: st.DataObject) -> None:
    before = ast.parse(text, mode="eval").body
    assert isinstance(before, ast.Call)
    call = CallText(text)
    assert call.code() == text
    index = data.draw(st.integers(0, len(before.keywords) - 1))
    orphans = call.remove(index)
    at = data.draw(st.integers(0, len(before.keywords) - 1))
    call.insert(at, NewArgument("new", "0"))
    after = ast.parse(call.code(), mode="eval").body
    assert isinstance(after, ast.Call)
    left = [k.arg for i, k in enumerate(before.keywords) if i != index]
    assert [k.arg for k in after.keywords if k.arg != "new"] == left
    assert Counter(comments_in(text)) == Counter(comments_in(call.code())) + Counter(orphans)
