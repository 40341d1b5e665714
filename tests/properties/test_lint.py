"""Of any program: lint says something or nothing, never fails, and a finding that is silenced stays so."""

from __future__ import annotations

import ast
import functools

from fwdoctor_codemods.core.source import splice
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.fit.target import resolve
from fwdoctor.lint.noqa import silence
from fwdoctor.lint.session import Linted, Selection, Session
from tests.properties.generators import files, others, planted

TARGETS = st.sampled_from(["june", "august", "latest"])


@functools.cache
def session(target: str, ignore_noqa: bool = False) -> Session:
    return Session(resolve(target), Selection(), ignore_noqa=ignore_noqa)


def told(linted: Linted) -> list[str]:
    """The rules that are told, but for that about comments without effect."""
    return sorted(f.finding.rule for f in linted.found if f.finding.rule != "FWD001")


@given(files(others()), TARGETS)
def test_code_of_others_has_no_finding(data: bytes, target: str) -> None:
    linted = session(target).lint("x.py", data)
    assert linted.problem is None
    assert not told(linted)


@given(files(planted()), TARGETS)
def test_what_is_silenced_is_silent_and_says_the_same_without_its_comments(data: bytes, target: str) -> None:
    linted = session(target).lint("x.py", data)
    assert linted.problem is None
    assert linted.source is not None
    text, count = silence(linted)
    assert count == len(told(linted))
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(linted.source.text))
    new = linted.source.encode(text)
    again = session(target).lint("x.py", new)
    assert told(again) == []
    assert silence(again) == (text, 0)
    bare, before = (session(target, ignore_noqa=True).lint("x.py", d) for d in (new, data))
    assert told(bare) == told(before)


@given(files(planted()), TARGETS)
def test_every_fix_that_a_finding_brings_is_a_program(data: bytes, target: str) -> None:
    linted = session(target).lint("x.py", data)
    assert linted.source is not None
    for found in linted.found:
        assert found.finding.location is not None
        if found.fix:
            ast.parse(splice(linted.source.text.encode(), list(found.fix)).decode())
