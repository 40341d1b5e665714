"""Fixes: they converge, fit and keep what they need not touch; what cannot be proven stays."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from fwdoctor_codemods.core.source import Edit

from fwdoctor.finding import Applicability
from fwdoctor.fit.target import resolve
from fwdoctor.lint import fix, rules
from fwdoctor.lint.api import RULES
from fwdoctor.lint.file import File, Hit
from fwdoctor.lint.session import Linted, Selection, Session
from fwdoctor.rulebook import Rule, rulebook

OLD = """\
from training.recipes.sft_loop import Config  # the recipe
from training.utils import InfraConfig

config = Config(log_path="logs", infra=InfraConfig(region="US_VIRGINIA_1"))  # here
"""
NEW = OLD.replace("InfraConfig", "TrainerConfig").replace("infra=", "trainer=")


@functools.cache
def session(target: str = "latest") -> Session:
    return Session(resolve(target), Selection())


def mended(text: str, *, unsafe: bool = False, path: str = "a.py") -> fix.Mended:
    linted = session().lint(path, text.encode())
    assert linted.problem is None
    return fix.mend(session(), linted, unsafe=unsafe)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_old_api_is_ported(newline: str) -> None:
    result = mended(OLD.replace("\n", newline))
    assert result.text == NEW.replace("\n", newline)
    assert result.done == {"deprecated-infra-config": 3}
    assert result.linted.found == ()


def test_nothing_to_mend_is_no_change() -> None:
    assert mended(NEW).text is None
    assert mended("import training.utils\n").text is None


def test_what_no_codemod_can_do_is_left_without_a_mark() -> None:
    text = "from training.utils import setup_infra\n\n\ndef f(x):\n    return setup_infra(x)\n"
    result = mended(text)
    assert result.text is None
    assert {f.finding.rule for f in result.linted.found} == {"FWD120"}


def test_unsafe_fixes_are_made_when_asked_for() -> None:
    text = (
        "from training.recipes.rl_loop import Config, main\n\n"
        'main(Config(log_path="logs"), rlor_mgr=None, cancel_on_exit=True)\n'
    )
    safe, unsafe = mended(text).text, mended(text, unsafe=True).text
    assert safe is not None
    assert unsafe is not None
    assert "rlor_mgr" not in safe
    assert "cancel_on_exit=True" in safe
    assert 'Config(log_path="logs", cleanup_on_exit=True)' in unsafe


def test_a_line_that_is_silenced_is_not_mended() -> None:
    text = OLD.replace("# the recipe", "").replace("# here", "# noqa: FWD101")
    result = mended(text)
    assert result.text is None
    assert [f.finding.location.line for f in result.linted.found if f.finding.location] == [2]


def examples() -> Iterator[tuple[str, str]]:
    for rule in rulebook().values():
        if rule.id in (rules.UNUSED, *RULES) or rule.id in {c.rule.id for c in rules.checks()}:
            yield from ((rule.id, text) for text in rule.bad if not text.lstrip().startswith("# target"))


@pytest.mark.parametrize(("rule", "marked"), [pytest.param(*e, id=e[0]) for e in examples()])
@pytest.mark.parametrize("unsafe", [False, True])
def test_the_fix_of_every_bad_example_converges_parses_and_verifies(
    rule: str, marked: str, unsafe: bool
) -> None:
    text = marked.replace("«", "").replace("»", "")
    result = mended(text, unsafe=unsafe)
    assert result.problem is None
    if result.text is None:
        return
    again = session().lint("a.py", result.text.encode())
    assert again.problem is None
    assert fix.mend(session(), again, unsafe=unsafe).text is None, "a second run changes it again"
    before = {f.finding.rule for f in session().lint("a.py", text.encode()).found}
    assert {f.finding.rule for f in again.found} <= before, "the fix made new findings"


def fixable() -> Iterator[Rule]:
    yield from (c.rule for c in rules.checks() if c.rule.applicability is not Applicability.MANUAL)


@pytest.mark.parametrize("rule", list(fixable()), ids=lambda r: r.id)
def test_a_rule_that_promises_a_fix_has_one(rule: Rule) -> None:
    texts = (t.replace("«", "").replace("»", "") for t in rule.bad)
    counts = [mended(t, unsafe=True).done.get(rule.name, 0) for t in texts]
    assert any(counts)


# --- fixes that go wrong -------------------------------------------------------------------------------

RULE = rulebook()["FWD001"]


def with_fix(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """A rule whose fix writes ``new`` for ``old``."""

    def find(file: File) -> Iterator[Hit]:
        at = file.port.source.data.find(old.encode())
        if at >= 0:
            yield Hit(
                file.model.tree.body[0], {"comment": "x", "reason": "y"}, (Edit(at, at + len(old), new),)
            )

    monkeypatch.setattr(rules, "checks", lambda: (rules.Check(RULE, find),))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("x = 1", "x = (", "it does not parse"),
        ("x = 1", "x = undefined_name", "a name is undefined"),
        ('log_path="l"', 'log_paths="l"', "it does not fit"),
    ],
)
def test_a_fix_that_cannot_be_proven_is_not_made(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str, why: str
) -> None:
    with_fix(monkeypatch, old, new)
    text = 'from training.recipes.rl_loop import Config\n\nconfig = Config(log_path="l")\nx = 1\n'
    assert mended(text).text is None, why


def test_fixes_that_undo_each_other_leave_the_file_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(file: File) -> Iterator[Hit]:
        data = file.port.source.data
        at = data.find(b"x = ")
        new = "2" if data[at + 4 : at + 5] == b"1" else "1"
        yield Hit(file.model.tree.body[0], {"comment": "x", "reason": "y"}, (Edit(at + 4, at + 5, new),))

    monkeypatch.setattr(rules, "checks", lambda: (rules.Check(RULE, find),))
    result = mended("import training.utils\nx = 1\n")
    assert result.text is None
    assert result.problem is not None
    assert "undo each other" in result.problem.message


def test_edits_that_overlap_wait_for_the_next_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(file: File) -> Iterator[Hit]:
        data = file.port.source.data
        for old, new in ((b"abc", "xbc"), (b"bc", "b")):
            if (at := data.find(old)) >= 0:
                node = file.model.tree.body[1 if new == "b" else 0]
                yield Hit(node, {"comment": "x", "reason": "y"}, (Edit(at, at + len(old), new),))

    monkeypatch.setattr(rules, "checks", lambda: (rules.Check(RULE, find),))
    result = mended("import training.utils\nx = 'abc'\n")
    assert result.problem is None
    assert result.text == "import training.utils\nx = 'xb'\n"


def test_a_notebook_is_mended_by_the_codemods(tmp_path: Path) -> None:
    import json

    cells = [
        {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None, "source": s}
        for s in (OLD.split("\n\n")[0], "%time print(1)\n" + OLD.split("\n\n")[1])
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    linted: Linted = session().lint("a.ipynb", text.encode())
    places = [f.finding.location for f in linted.found]
    assert [(p.cell, p.line) for p in places if p] == [(1, 2), (2, 2), (2, 2)]
    result = fix.mend(session(), linted, unsafe=False)
    assert result.text is not None
    assert "trainer=TrainerConfig" in result.text
    assert result.linted.found == ()
