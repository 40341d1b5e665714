"""The source line below a finding: carets under what is meant, one width, no secret, no control codes."""

import unicodedata

import pytest

from fwdoctor import reporters
from fwdoctor.finding import Finding, Location, Report
from fwdoctor.reporters import _excerpt

LONG = "values = [" + ", ".join(f"value_{i}" for i in range(60)) + "]"
SECRET = 'client = Client(api_key="fw_abcdef123456", weight_sync=1)'


def shown(make, line: str, start: int | None, end: int | None, *, unicode: bool = True, **place: int):
    location = Location("a.py", 12, start, place.get("end_line", 12), end)
    return _excerpt.underlined(make(excerpt=line, location=location), unicode=unicode)


def under(text: str, carets: str) -> str:
    """The characters that stand above carets, as a terminal shows them."""
    columns = [c for c in text for _ in range(2 if unicodedata.east_asian_width(c) in "WF" else 1)]
    return "".join(c for c, mark in zip(columns, carets, strict=False) if mark == "^")


@pytest.mark.parametrize(
    ("line", "flagged", "marked"),
    [
        ("x = Config(weight_sync=1)", "weight_sync=1", "weight_sync=1"),
        ("\tif\tready:", "ready", "ready"),
        ("\tif\tready:", "\tready", "  ready"),
        ("\u65e5\u672c = f(\u65e5\u672c)", "f(\u65e5\u672c)", "f(\u65e5\u65e5\u672c\u672c)"),
        (LONG, "value_0", "value_0"),
        (LONG, "value_30", "value_30"),
        (LONG, "value_59", "value_59"),
        (SECRET, "client", "client"),
        (SECRET, "weight_sync=1", "weight_sync=1"),
        ("a = '\x1b[31m' + b", "+ b", "+ b"),
        ("a = '\u202e' + b", "+ b", "+ b"),
    ],
)
def test_the_carets_stand_below_what_is_meant(make, line: str, flagged: str, marked: str) -> None:
    start = line.index(flagged) + 1
    found = shown(make, line, start, start + len(flagged))
    assert found is not None
    number, text, carets = found
    assert number == "12"
    assert under(text, carets) == marked


@pytest.mark.parametrize(
    ("line", "start", "end", "carets"),
    [
        ("x = 1", None, None, ""),  # only the line is known
        ("x = 1", 9, 10, ""),  # a column that the line does not have
        ("x = 1", 5, None, "    ^"),  # no end
        ("x = 1", 5, 5, "    ^"),  # an empty span
        ("x = 1", 5, 99, "    ^"),  # an end behind the line
        (
            SECRET,
            SECRET.index("api_key") + 1,
            SECRET.index(", weight") + 1,
            "",
        ),  # what is hidden has no place
        (SECRET, 1, len(SECRET) + 1, ""),
    ],
)
def test_carets_where_the_place_is_odd(make, line: str, start: int, end: int, carets: str) -> None:
    found = shown(make, line, start, end)
    assert found is not None
    assert found[2] == carets
    assert "abcdef" not in found[1]


def test_a_statement_of_several_lines_is_marked_to_the_end_of_the_first(make) -> None:
    found = shown(make, "x = f(  ", 5, 2, end_line=14)
    assert found == ("12", "x = f(", "    ^^")


@pytest.mark.parametrize("start", range(1, len(LONG), 7))
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_limit(make, start: int, unicode: bool) -> None:
    for line in (LONG, LONG.replace("value", "\u65e5\u672c")[:560]):
        found = shown(make, line, min(start, len(line)), start + 200, unicode=unicode)
        assert found is not None
        for row in found[1:]:
            assert len("  12 | ") + sum(_excerpt._cell(c, 0, unicode=True)[1] for c in row) <= _excerpt.WIDTH
        assert found[2].strip()


def test_without_unicode_all_is_ascii_and_aligned(make) -> None:
    line = "\xe9 = \u65e5\u672c(weight_sync)"
    start = line.index("weight") + 1
    found = shown(make, line, start, start + 11, unicode=False)
    assert found == ("12", r"\xe9 = \u65e5\u672c(weight_sync)", " " * 20 + "^" * 11)


@pytest.mark.parametrize(
    "char", ["\x1b", "\x07", "\x0c", "\x7f", "\x9b", "\u202e", "\u2028", "\u200b", "\udcff"]
)
@pytest.mark.parametrize("unicode", [True, False])
def test_nothing_in_a_line_acts_on_the_terminal(make, char: str, unicode: bool) -> None:
    found = shown(make, f"a{char}b", 3, 4, unicode=unicode)
    assert found is not None
    assert char not in found[1]
    assert found[1].isascii()
    assert under(found[1], found[2]) == "b"


@pytest.mark.parametrize("given", [None, "", "   "])
def test_no_line_no_excerpt(make, given: str | None) -> None:
    assert shown(make, given, 1, 2) is None  # type: ignore[arg-type]
    assert _excerpt.underlined(make(excerpt="x", location=None), unicode=True) is None


def test_only_the_first_line_counts(make) -> None:
    assert _excerpt.excerpt(make(excerpt="one\r\ntwo")) == "one"


TEXT = """\
FWD102 deprecated-weight-sync-config · error · you must act
  at train.py:3:10
  3 │ x = rl.C(weight_sync=1)
    │          ^^^^^^^^^^^
  weight_sync= is gone
  do Port it.
     $ fwdoctor migrate train.py

1 error
"""


def finding(make) -> Finding:
    made: Finding = make(excerpt="x = rl.C(weight_sync=1)")
    return made


def test_text(make) -> None:
    report = Report("lint", (finding(make),))
    assert reporters.render(report, "text") == TEXT
    assert reporters.render(report, "text", unicode=False) == TEXT.replace("·", "-").replace("│", "|")
    assert "  3 |" not in reporters.render(report, "concise")


def test_colour_says_the_same(make) -> None:
    import re

    coloured = reporters.render(Report("lint", (finding(make),)), "text", color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == TEXT
