"""Of any file: code of others keeps every byte, and old code is ported, proven, stable, with all its comments."""

from __future__ import annotations

import functools

from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.finding import FileStatus
from fwdoctor.fit.target import Choice
from fwdoctor.migrate.session import Session
from fwdoctor.source.text import decode_source
from tests.properties.generators import comments, files, others, parses, planted

TARGETS = st.sampled_from(["june", "july", "august", "latest"])


@functools.cache
def session(target: str, preserve: bool = False) -> Session:
    return Session(Choice(target, preserve_defaults=preserve), diff=False)


@given(files(others()), TARGETS)
def test_what_does_not_use_the_sdk_keeps_every_byte(data: bytes, target: str) -> None:
    result = session(target).file("x.py", data)
    assert result is not None
    assert result.outcome.status is FileStatus.UNCHANGED, result.outcome.reason
    assert result.new is None
    assert not result.findings


@given(files(planted()), TARGETS, st.booleans())
def test_old_code_is_ported_proven_and_stable(data: bytes, target: str, preserve: bool) -> None:
    result = session(target, preserve).file("x.py", data)
    assert result is not None
    assert result.outcome.status is not FileStatus.FAILED, result.outcome.reason
    if result.new is None:
        return
    old, new = decode_source("x.py", data), decode_source("x.py", result.new)
    assert parses(new.text)
    assert (new.encoding, new.has_bom, new.newline) == (old.encoding, old.has_bom, old.newline)
    assert not comments(old.text) - comments(new.text), "no comment is lost"
    again = session(target, preserve).file("x.py", result.new)
    assert again is not None
    assert again.new is None, "a second run changes nothing"
    assert not again.outcome.moves
