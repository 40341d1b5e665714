"""What goes on, on a terminal and elsewhere."""

from __future__ import annotations

import io
import os
import sys

import pytest

from fwdoctor.cli._live import Live


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0


class Time:
    """Seconds since 1970."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_elsewhere_a_line_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with Live(time) as live:
        live("a waits", "b serves")
        time.seconds = 61
        live("a waits", "b serves")
        live("a runs\x1b[2J\n", "b serves")
        live("a waits", "b serves")
    assert capsys.readouterr().err.splitlines() == [
        "00:00:00 UTC  a waits",
        "00:00:00 UTC  b serves",
        "00:01:01 UTC  a runs [2J ",
        "00:01:01 UTC  a waits",
    ]


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Live(Time(), quiet=True) as live:
        live("a")
    assert capsys.readouterr().err == ""


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Thirty columns, five lines. (No fixture: pytest puts its own standard error back before the test.)"""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((30, 5)))
    return made


def test_a_terminal_is_redrawn_and_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    time = Time()
    with Live(time) as live:
        live("a waits", "b is much too long for this terminal")
        time.seconds = 120
        live("a runs")
    assert screen.getvalue() == (
        "0 s       a waits\n          b is much too long \n\x1b[2F\x1b[J2 min     a runs\n\x1b[1F\x1b[J"
    )


def test_no_more_lines_than_the_terminal_has(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    with Live(Time()) as live:
        live(*"abcdefg")
        live("a")
    assert screen.getvalue().split("\x1b")[0].splitlines() == [
        "0 s       a",
        "          b",
        "          c",
        "          and 4 more",
    ]
    assert "\x1b[4F" in screen.getvalue()


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with Live(Time()) as live:
        live("a")
    assert screen.getvalue() == "00:00:00 UTC  a\n"


def test_without_a_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with Live(Time()) as live:
        live("a")
