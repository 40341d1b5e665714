"""Rows, typed."""

from __future__ import annotations

import pytest

from fwdoctor.controlplane.resources import Status


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("out of memory", "out of memory"),
        ("refused Bearer fw_3ZabcdefGHIJ", "refused Bearer [hidden]"),
        ("one\r\n  two\x1b[2Jthree", "one two [2Jthree"),
    ],
)
def test_a_status_can_be_shown(message: str, shown: str) -> None:
    assert Status.of({"status": {"message": message}}).message == shown
