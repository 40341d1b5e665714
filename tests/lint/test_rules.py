"""Every lint rule finds its bad examples, at the very places, and is silent about its good ones."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pytest
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import resolve
from fwdoctor.lint import api, engine, rules, suppress
from fwdoctor.rulebook import Rule, lint_modules, rulebook

_OPEN, _CLOSE = "«", "»"


@functools.cache
def surfaces(target: str) -> Surfaces:
    return resolve(target)


def found(example: str) -> list[engine.Found]:
    target = re.match(r"# target: (\S+)\n", example.lstrip("\n"))
    context = Context(surfaces(target[1] if target else "latest"))
    port = open_port("example.py", example, context)
    return list(suppress.sift(port, engine.find(port), lambda _: True).kept)


def places(marked: str) -> tuple[str, list[tuple[int, int, int, int]]]:
    """The text without its marks, and the marked places: line, column, last line, last column, from 1."""
    text: list[str] = []
    opened: list[tuple[int, int]] = []
    result = []
    line, column = 1, 1
    for character in marked:
        if character == _OPEN:
            opened.append((line, column))
        elif character == _CLOSE:
            result.append((*opened.pop(), line, column))
        else:
            text.append(character)
            line, column = (line + 1, 1) if character == "\n" else (line, column + 1)
    assert not opened, "a place without an end"
    return "".join(text), sorted(result)


def linted() -> Iterator[Rule]:
    """The rules that find something by themselves in one file's code."""
    yield from (rulebook()[rule] for rule in (rules.UNUSED, *api.RULES))
    yield from (check.rule for check in rules.checks())


BAD = [(rule.id, i, text) for rule in linted() for i, text in enumerate(rule.bad)]
GOOD = [(rule.id, i, text) for rule in linted() for i, text in enumerate(rule.good)]


@pytest.mark.parametrize("rule", list(linted()), ids=lambda r: r.id)
def test_every_rule_has_examples(rule: Rule) -> None:
    assert rule.bad
    assert rule.good
    assert rule.applicability, f"{rule.id} does not say whether its fix is safe, unsafe or manual"
    assert rule.source


@pytest.mark.parametrize(("rule", "number", "marked"), BAD, ids=[f"{r}-{n}" for r, n, _ in BAD])
def test_bad_examples_are_found_where_they_are_marked(rule: str, number: int, marked: str) -> None:
    text, expected = places(marked)
    assert expected, "a bad example marks the places with « and »"
    seen = sorted(
        (place.line, place.column, place.end_line, place.end_column)
        for f in found(text)
        if f.finding.rule == rule and (place := f.finding.location) is not None
    )
    assert seen == expected


@pytest.mark.parametrize(("rule", "number", "text"), GOOD, ids=[f"{r}-{n}" for r, n, _ in GOOD])
def test_good_examples_are_silent(rule: str, number: int, text: str) -> None:
    assert _OPEN not in text
    assert [f.finding.message for f in found(text) if f.finding.rule == rule] == []


def test_examples_are_quiet_about_everything_else() -> None:
    """A good example that another rule blames teaches nobody anything."""
    blamed = {
        (rule, f.finding.rule, f.finding.message)
        for rule, _, text in GOOD
        for f in found(text)
        if f.finding.rule != rule
    }
    assert blamed == set()


def test_every_module_is_a_rule_and_no_id_is_taken_twice() -> None:
    assert len(rules.checks()) == len(lint_modules())
    assert len({c.rule.id for c in rules.checks()} | set(api.RULES)) == len(rules.checks()) + len(api.RULES)


def test_a_key_is_found_in_files_that_use_nothing_of_fireworks() -> None:
    key = "fw_3ZqT8mXw2Lr7Kd9VbN4cYh6P"
    assert [f.finding.rule for f in found(f'TOKEN = "{key}"\ninfra = InfraConfig()\n')] == ["FWD217"]
    assert found('PREFIX = "fw_checkpoint_20260801_0001"\n') == []
