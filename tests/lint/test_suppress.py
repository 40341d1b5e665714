"""Comments that silence findings, those that silence nothing, and how they are taken out."""

from __future__ import annotations

import functools

import pytest
from fwdoctor_codemods.core.source import splice
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import resolve
from fwdoctor.lint import engine, suppress
from fwdoctor.rulebook import is_selected, rulebook

IMPORT = "from training.utils import InfraConfig"
CONFIG = "from training.recipes.rl_loop import Config\n"


@functools.cache
def surfaces() -> Surfaces:
    return resolve("latest")


def sift(text: str, select: tuple[str, ...] = ()) -> suppress.Sifted:
    port = open_port("a.py", text, Context(surfaces()))

    def allows(rule: str) -> bool:
        return is_selected(rule, rulebook()[rule].name, select, ())

    return suppress.sift(port, engine.find(port, allows), allows)


def told(sifted: suppress.Sifted) -> list[tuple[str, int | None]]:
    return [(f.finding.rule, f.finding.location.line) for f in sifted.kept if f.finding.location]


SILENT = [
    "# noqa",
    "#noqa",
    "# NOQA",
    "# noqa: FWD101",
    "# noqa:FWD101",
    "# noqa: fwd101",
    "# noqa : FWD101",
    "# noqa: E501, FWD101",
    "# noqa: E501 FWD101",
    "# noqa: FWD1",
    "# noqa: FWD",
    "# noqa: FWD101  the old cluster",
    "# type: ignore  # noqa: FWD101",
    "# fwdoctor: ignore[FWD101] the old cluster",
    "# fwdoctor: ignore",
]
LOUD = [
    "# noqa: E501",
    "# noqa: F401,W291",
    "# noqa-like",
    "# noqa_all",
    "# nope",
    "# fwdoctor: ignore[FWD102]",
]


@pytest.mark.parametrize("comment", SILENT)
def test_a_comment_silences_its_line(comment: str) -> None:
    sifted = sift(f"{IMPORT}  {comment}\n")
    assert told(sifted) == []
    assert [f.rule for f in sifted.silenced] == ["FWD101"]


@pytest.mark.parametrize("comment", LOUD)
def test_another_comment_does_not(comment: str) -> None:
    assert ("FWD101", 1) in told(sift(f"{IMPORT}  {comment}\n"))


@pytest.mark.parametrize(
    ("head", "silent"),
    [
        ("# flake8: noqa\n", True),
        ("# ruff: noqa\n", True),
        ("# flake8: noqa: FWD101\n", True),
        ("# ruff: noqa: FWD1\n", True),
        ("# ruff: noqa: E501\n", False),
        ("import os  # ruff: noqa\n", False),  # ruff says so, too
        ('"""# flake8: noqa"""\n', False),
    ],
)
def test_a_file_can_be_silenced_whole(head: str, silent: bool) -> None:
    assert (told(sift(head + IMPORT + "\n")) == []) is silent


def test_noqa_counts_on_the_line_where_a_finding_begins() -> None:
    text = (
        CONFIG
        + "config = Config(\n    log_path='x',\n    policy_job_id=(\n        'job'\n    ),  # noqa: FWD103\n)\n"
    )
    rules = ("FWD0", "FWD1")
    assert told(sift(text, rules)) == [("FWD103", 4), ("FWD001", 6)]
    text = text.replace("(\n        'job'", "(  # noqa: FWD103\n        'job'")
    assert told(sift(text, rules)) == [("FWD001", 6)]


ONE_FOR_ALL = {
    "a string": IMPORT + ' as I\nx = I(region="""\n""")  # noqa: FWD101\n',
    "a string, whatever its line": 'x = """\n""", __import__("os")\n' + IMPORT + "  # noqa: FWD101\n",
    "a backslash": "from training.utils import \\\n    InfraConfig  # noqa: FWD101\n",
    "a backslash, in front": "from training.utils import (  # noqa: FWD101\n    WandBConfig)\n",
}


def test_a_comment_speaks_for_all_lines_of_a_string_and_of_a_backslash() -> None:
    for name, text in ONE_FOR_ALL.items():
        found = [rule for rule, line in told(sift(text)) if not (rule == "FWD101" and line == 1)]
        assert found == ([] if "front" not in name else ["FWD001"]), name


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_end_counts(newline: str) -> None:
    text = newline.join(
        ["x = '\x0c'", IMPORT + "  # noqa: FWD101", "y = 1  # fwdoctor: ignore[FWD102] gone", "z = 2", ""]
    )
    assert told(sift(text)) == [("FWD001", 3)]


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: E501  # fwdoctor: ignore[FWD101] old",
        "# type: ignore[x]  # fwdoctor: ignore[FWD101]",
        "# fwdoctor: ignore[fwd101]",
        "# fwdoctor: ignore[deprecated-infra-config]",
        "# fwdoctor: ignore[FWD102 FWD101]",
    ],
)
def test_waivers_in_all_spellings(comment: str) -> None:
    assert [f for f in told(sift(f"{IMPORT}  {comment}\n")) if f[0] == "FWD101"] == []


UNUSED = [
    # line of code and comment, the code that is blamed, the line without it
    ("x = 1  # noqa: FWD101", "FWD101", "x = 1"),
    ("x = 1  # noqa: FWD101, FWD102", "FWD101", "x = 1"),
    ("x = 1  # noqa: E501, FWD101", "FWD101", "x = 1  # noqa: E501"),
    ("x = 1  # noqa: FWD101, E501, W1", "FWD101", "x = 1  # noqa: E501, W1"),
    ("x = 1  # noqa: FWD101 because", "FWD101", "x = 1  # because"),
    ("x = 1  # noqa: FWD101 - because", "FWD101", "x = 1  # because"),
    ("x = 1  # noqa: FWD101  # type: ignore", "FWD101", "x = 1  # type: ignore"),
    ("x = 1  # type: ignore  # noqa: FWD101", "FWD101", "x = 1  # type: ignore"),
    ("x = 'ä'  # noqa: FWD101", "FWD101", "x = 'ä'"),
    ("x = 1  # noqa: FWD999", "FWD999", "x = 1"),
    ("# noqa: FWD101", "FWD101", None),
    ("    # noqa: FWD101", "FWD101", None),
]


@pytest.mark.parametrize(("line", "code", "without"), UNUSED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_code_that_silences_nothing_is_told_and_taken_out(
    line: str, code: str, without: str | None, newline: str
) -> None:
    text = CONFIG.replace("\n", newline) + line + newline + "y = 2" + newline
    found = sift(text).kept
    assert found
    assert code in found[0].finding.message
    assert {f.finding.rule for f in found} == {"FWD001"}
    place = found[0].finding.location
    assert place is not None
    assert line[(place.column or 0) - 1 : (place.end_column or 0) - 1] == code
    mended = splice(text.encode(), found[0].fix).decode()
    expected = [without] if without is not None else []
    assert mended.split(newline) == [CONFIG.rstrip("\n"), *expected, "y = 2", ""]


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: E501",
        "x = 1  # noqa: FWD115",  # a rule of migrate alone: it may be meant for later
        "x = '# noqa: FWD101'",
        "x = 1  # fwdoctor: ignore",
        "x = 1  # fwdoctor: ignore[FWD106] the timeout is gone",
    ],
)
def test_what_may_be_meant_for_others_is_not_blamed(line: str) -> None:
    kept = [f for f in told(sift(f"{CONFIG}{line}\n")) if f[0] == "FWD001"]
    assert kept == [] or "FWD106" in line or "FWD115" in line


def test_only_rules_that_were_looked_for_can_be_missing() -> None:
    line = f"{CONFIG}x = 1  # noqa: FWD101\n"
    assert told(sift(line, ("FWD2", "FWD001"))) == []
    assert told(sift(line, ("FWD1", "FWD001"))) == [("FWD001", 2)]
    assert told(sift(line, ("FWD1",))) == []
