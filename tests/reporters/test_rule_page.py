"""Rules as pages of Markdown."""

from __future__ import annotations

import ast

import pytest

from fwdoctor.explain.catalogue import catalogue
from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.reporters.rule_page import brief, page, strip_marks, with_carets
from fwdoctor.rulebook import Rule, rulebook

RULE = Rule(
    id="FWD999",
    name="made-up",
    severity=Severity.WARNING,
    side=Side.USER,
    message="{old} became {new}: see train_*.py and <id>",
    why="Guard it with `if a * b`.",
    remedy=(Remedy("Port it.", ("fwdoctor migrate {path}",)), Remedy("Or wait.")),
    applicability=Applicability.UNSAFE,
    source="fw-ai/cookbook 517d206d",
    versions="fireworks-ai>=1.2",
    bad=("# target: june\nx = «old(«1», 2)»\n",),
    good=("x = new(1)\n",),
)

PAGE = """\
# FWD999 made-up

‹old› became ‹new›: see train_\\*.py and \\<id>

**warning** · who acts: you · fix: unsafe: applied only when asked for, for it may change what the code does

## Why

Guard it with `if a * b`.

## What to do

1. Port it.

   ```sh
   fwdoctor migrate ‹path›
   ```
2. Or wait.

## Bad

With `--target june`:

```python
x = old(1, 2)
#   ^^^^^^^^^
```

## Good

```python
x = new(1)
```

## Facts

- Versions: fireworks-ai>=1.2
- Source: fw-ai/cookbook 517d206d
"""


def test_a_page_says_everything() -> None:
    assert page(RULE) == PAGE


def test_a_brief_page_is_about_the_case() -> None:
    finding = RULE.finding(old="a", new="b", path="train.py")
    text = brief(RULE, finding)
    assert "a became b: see" in text
    assert "   fwdoctor migrate train.py\n" in text
    assert "x = new(1)" in text
    assert "x = old" not in text
    assert "‹path›" in brief(RULE)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("a = «b»\n", "a = b\n#   ^\n"),
        ("«abc»\n", "abc\n#^^\n"),
        ("«a»\n", "a\n#^\n"),
        ("f(«a», «b»)\n", "f(a, b)\n# ^  ^\n"),
        (
            "f(\n    «a(\n        1,\n    )»,\n)\n",
            "f(\n    a(\n#   ^^\n        1,\n#       ^^\n    )\n#   ^,\n)\n",
        ),
        ("a\n", "a\n"),
    ],
)
def test_carets_stand_below_the_places(marked: str, expected: str) -> None:
    assert with_carets(marked) == expected.replace("    )\n#   ^,\n", "    ),\n#   ^\n")


@pytest.mark.parametrize("rule", [r for r in rulebook().values() if r.bad], ids=lambda r: r.id)
def test_examples_stay_the_code_that_they_are(rule: Rule) -> None:
    for example in (*rule.bad, *rule.good):
        assert ast.dump(ast.parse(with_carets(example))) == ast.dump(ast.parse(strip_marks(example)))


def test_every_rule_has_a_page_without_gaps_and_marks() -> None:
    rules = [*rulebook().values(), *(entry.rule for entry in catalogue().values())]
    for rule in rules:
        text = page(rule)
        assert text.startswith(f"# {rule.id} {rule.name}\n")
        assert "«" not in text
        assert text.count("```") % 2 == 0
