"""Bytes to text and back, and parsing whatever a file holds."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Problem
from fwdoctor.source.text import SourceText, UnreadableSource, decode_source, parse_guarded, read_source

BOM = b"\xef\xbb\xbf"
DECLARE = "; a file in another encoding must declare it, as in # -*- coding: latin-1 -*-"


def reason(data: bytes) -> tuple[str, int | None]:
    """Why these bytes cannot be read."""
    with pytest.raises(UnreadableSource) as caught:
        decode_source("a.py", data)
    return caught.value.reason, caught.value.line


def parse_reason(code: str) -> tuple[str, int | None]:
    """Why this code cannot be parsed."""
    with pytest.raises(UnreadableSource) as caught:
        parse_guarded(decode_source("a.py", code.encode()))
    return caught.value.reason, caught.value.line


@pytest.mark.parametrize(
    ("data", "encoding", "text", "newline", "has_bom"),
    [
        (b"", "utf-8", "", "\n", False),
        (b"x = 1", "utf-8", "x = 1", "\n", False),
        (b"x = 1\n", "utf-8", "x = 1\n", "\n", False),
        (BOM + b"x = 1\n", "utf-8", "x = 1\n", "\n", True),
        (BOM + b"# coding: utf-8\n", "utf-8", "# coding: utf-8\n", "\n", True),
        (BOM, "utf-8", "", "\n", True),
        (BOM + BOM, "utf-8", "\ufeff", "\n", True),
        ("é = 'ü'\r\n".encode(), "utf-8", "é = 'ü'\r\n", "\r\n", False),
        (b"a\r\nb\nc\r\n", "utf-8", "a\r\nb\nc\r\n", "\r\n", False),
        (b"a\nb\r\nc\n", "utf-8", "a\nb\r\nc\n", "\n", False),
        (b"a\rb\r", "utf-8", "a\rb\r", "\r", False),
        (b"a\r\r\n\rb\x0c\x0b\n\n", "utf-8", "a\r\r\n\rb\x0c\x0b\n\n", "\n", False),
        (b"# coding: latin-1\n# \xe9\n", "iso-8859-1", "# coding: latin-1\n# é\n", "\n", False),
        (b"#!/bin/python\n# vim: fileencoding=cp1252\n#\x80", "cp1252", None, "\n", False),
        (b"# coding: latin-1\r# \xe9\r", "iso-8859-1", "# coding: latin-1\r# é\r", "\r", False),
        (b"#1\r#2\r# coding: latin-1\r", "utf-8", None, "\r", False),
        (b"x = 1\n# coding: nonsense\n", "utf-8", None, "\n", False),
        ("# coding: euc-jp\n# 日本\n".encode("euc-jp"), "euc-jp", "# coding: euc-jp\n# 日本\n", "\n", False),
        (b"# coding: utf-8-sig\nx\n", "utf-8", None, "\n", False),
    ],
)
def test_bytes_become_text_and_come_back(
    data: bytes, encoding: str, text: str | None, newline: str, has_bom: bool
) -> None:
    source = decode_source("a.py", data)
    assert source.encoding == encoding
    assert text is None or source.text == text
    assert source.newline == newline
    assert source.has_bom is has_bom
    assert source.encode(source.text) == data


@pytest.mark.parametrize(
    ("data", "expected", "line"),
    [
        (b"x = 1\ny = 'a\0b'\n", "a NUL byte (line 2): not Python source", 2),
        (
            "x = 1\n".encode("utf-16"),
            "UTF-16, which Python does not read as source: save it as UTF-8",
            1,
        ),
        (
            "x = 1\n".encode("utf-32"),
            "UTF-32, which Python does not read as source: save it as UTF-8",
            1,
        ),
        ("x = 1\n".encode("utf-16-be"), "a NUL byte (line 1): not Python source", 1),
        (
            b"x = 1\n\n# caf\xe9\n",
            f"byte 0xe9 is not UTF-8 (line 3){DECLARE}",
            3,
        ),
        (
            b"# caf\xe9\n",
            f"byte 0xe9 is not UTF-8 (line 1){DECLARE}",
            1,
        ),
        (
            BOM + b"#\r\xff",
            f"byte 0xff is not UTF-8 (line 2){DECLARE}",
            2,
        ),
        (b"#!/bin/python\n# coding: klingon\n", 'unknown encoding "klingon" (line 2)', 2),
        (
            BOM + b"# coding: latin-1\n",
            'the encoding "latin-1" (line 1) contradicts the UTF-8 byte order mark',
            1,
        ),
        (b"# coding: ascii\n\n# \xe9\n", "byte 0xe9 is not ASCII (line 3)", 3),
        (
            b"# coding: utf-7\n# +AHQ-raining\n",
            "the file cannot be written back in utf-7 without changes",
            None,
        ),
        (
            b"# coding: unicode_escape\n# \\d\n",
            "the file cannot be written back in unicode_escape without changes",
            None,
        ),
    ],
)
def test_what_is_not_source_is_refused_with_a_reason(data: bytes, expected: str, line: int | None) -> None:
    assert reason(data) == (expected, line)


@pytest.mark.parametrize("name", ["rot13", "hex", "undefined"])
def test_a_codec_that_is_no_encoding_of_text_is_refused(name: str) -> None:
    message, line = reason(f"# coding: {name}\n".encode())
    assert message.startswith(f"{name} cannot be read as text: ")
    assert line is None


def test_the_error_tells_the_path_and_makes_a_problem() -> None:
    error = UnreadableSource("pkg/a.py", "syntax error: invalid syntax (line 3)", 3)
    assert isinstance(error, FwdoctorError)
    assert str(error) == "pkg/a.py: syntax error: invalid syntax (line 3)"
    assert error.problem == Problem("syntax error: invalid syntax (line 3)", "pkg/a.py")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_come_back_or_are_refused(data: bytes) -> None:
    try:
        source = decode_source("a.py", data)
    except UnreadableSource:
        return
    assert source.encode(source.text) == data


@settings(deadline=None)
@given(
    st.text("aé日'#\\ \t\f\r\n\x85\u2028x=1", max_size=60),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "cp1252", "euc-jp", "gbk", "koi8-r", "shift_jis"]),
)
def test_text_in_a_declared_encoding_comes_back(text: str, encoding: str) -> None:
    data = f"# coding: {encoding.removesuffix('-sig')}\n{text}".encode(encoding, "ignore")
    source = decode_source("a.py", data)
    assert source.encode(source.text) == data
    assert source.encode(source.text + "# end\n") == data + b"# end\n"


@pytest.mark.parametrize(
    ("data", "text", "expected"),
    [
        (BOM + b"x\r\n", "y\r\n", BOM + b"y\r\n"),
        (b"# coding: latin-1\nx", "# coding: latin-1\né", b"# coding: latin-1\n\xe9"),
        (b"x", "é", b"\xc3\xa9"),
    ],
)
def test_a_new_text_keeps_encoding_and_mark(data: bytes, text: str, expected: bytes) -> None:
    assert decode_source("a.py", data).encode(text) == expected


@pytest.mark.parametrize(
    ("data", "text", "expected"),
    [
        (
            b"# coding: latin-1\r\nx",
            "# coding: latin-1\r\n\u2713",
            "'✓' cannot be written in iso-8859-1 (line 2)",
        ),
        (b"x", "\n\n\udce9", "'\\udce9' cannot be written in utf-8 (line 3)"),
        (b"x", "# coding: latin-1\né", "the new text would not be read as utf-8"),
        (b"x", "\ufeffx", "the new text would not be read as utf-8"),
    ],
)
def test_a_text_that_the_file_cannot_hold_is_refused(data: bytes, text: str, expected: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        decode_source("a.py", data).encode(text)
    assert caught.value.reason == expected


def test_a_text_that_declares_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="klingon"):
        decode_source("a.py", b"x").encode("# coding: klingon\n")


def test_files_are_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\r\n")
    assert read_source(str(path)) == SourceText(str(path), b"x = 1\r\n", "utf-8", "x = 1\r\n", "\r\n", False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.py", "no such file or folder"),
        (".", "is a folder, not a file"),
        ("a\0b", "the path has a NUL byte in it"),
    ],
)
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        read_source(os.path.join(tmp_path, name))
    assert caught.value.reason == expected


def test_a_file_without_permission_is_refused(
    open_tree: Path, unprivileged: Callable[[str, Path], str]
) -> None:
    (open_tree / "a.py").touch(0)
    output = unprivileged(
        """
        try:
            read_source("a.py")
        except UnreadableSource as error:
            print(error)
        """,
        open_tree,
    )
    assert output == "a.py: permission denied\n"


# -- Parsing --------------------------------------------------------------------------------------------


def test_source_is_parsed() -> None:
    tree = parse_guarded(decode_source("a.py", BOM + b"# coding: utf-8\r\nx = '\xc3\xa9'\r\n"))
    assert ast.unparse(tree) == "x = 'é'"


def test_the_declared_encoding_counts_not_the_texts() -> None:
    tree = parse_guarded(decode_source("a.py", b"# coding: latin-1\nx = '\xe9'\n"))
    assert ast.unparse(tree) == "x = 'é'"


@pytest.mark.parametrize(
    ("code", "expected", "line"),
    [
        ("x = 1\ny = = 2\n", "syntax error: invalid syntax (line 2)", 2),
        (
            "if x:\npass\n",
            "syntax error: expected an indented block after 'if' statement on line 1 (line 2)",
            2,
        ),
        ("x = (\n", "syntax error: '(' was never closed (line 1)", 1),
        (
            "if x:\n\ty\n        z\n",
            "syntax error: inconsistent use of tabs and spaces in indentation (line 3)",
            3,
        ),
        (
            "print 'x'\n",
            "syntax error: Missing parentheses in call to 'print'. Did you mean print(...)? (line 1)",
            1,
        ),
        ("(" * 3000 + ")" * 3000, "syntax error: too many nested parentheses (line 1)", 1),
        ("-" * 20_000 + "1", "nested too deeply to parse", None),
        ("x" + ".a" * 20_000, "nested too deeply to parse", None),
        ("if x: pass\n" + "elif x: pass\n" * 20_000, "nested too deeply to parse", None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_parsed_is_refused_with_a_reason(code: str, expected: str, line: int | None) -> None:
    assert parse_reason(code) == (expected, line)


def test_long_but_flat_code_is_parsed() -> None:
    code = "x = " + " + ".join(["1"] * 900) + "\n" + "y = 1\n" * 20_000
    assert len(parse_guarded(decode_source("a.py", code.encode())).body) == 20_001


@pytest.mark.parametrize("terms", [1_000, 20_000])
def test_long_sums_are_parsed_or_refused(terms: int) -> None:
    source = decode_source("a.py", ("x = " + " + ".join(["1"] * terms)).encode())
    refused = None
    try:
        parse_guarded(source)
    except UnreadableSource as error:
        refused = error.reason
    assert refused in (None, "nested too deeply to parse")


def test_surrogates_are_refused() -> None:
    with pytest.raises(UnreadableSource, match="not Python source"):
        parse_guarded(SourceText("a.py", b"", "utf-8", "x = '\udce9'", "\n", False))
    with pytest.raises(UnreadableSource, match=r"not Python source|syntax error"):
        parse_guarded(SourceText("a.py", b"", "utf-8", "x = '\0'", "\n", False))


@pytest.mark.parametrize("code", [r"x = '\d'", "x = 1 if 1is 1 else 2", "assert (1, 'always')"])
def test_warnings_about_the_users_code_are_not_shown(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        parse_guarded(decode_source("a.py", code.encode()))
    assert seen == []
    assert capsys.readouterr() == ("", "")


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    refused = ""
    try:
        parse_guarded(decode_source("a.py", text.encode("utf-8", "ignore")))
    except UnreadableSource as error:
        refused = error.reason
    assert "\n" not in refused
