"""A rule as a page of Markdown: for the docs, for editors, and for whoever asks what a rule means."""

from __future__ import annotations

import re
from dataclasses import replace

from fwdoctor.finding import Applicability, Finding, Remedy, Side
from fwdoctor.rulebook import Rule

_WHO = {Side.USER: "you", Side.PLATFORM: "Fireworks", Side.NOBODY: "nobody", Side.UNKNOWN: "not clear"}
_FIX = {
    Applicability.SAFE: "safe: applied without asking",
    Applicability.UNSAFE: "unsafe: applied only when asked for, for it may change what the code does",
    Applicability.MANUAL: "none: a person must decide",
}
_OPEN, _CLOSE = "«", "»"
_SPECIAL = re.compile(r"[*<`\[]")
_TARGET = re.compile(r"# target: (\S+)\n")


def page(rule: Rule) -> str:
    """All that there is to say about a rule."""
    parts = [*_head(rule), "## Why", _prose(rule.why)]
    if rule.remedy:
        parts += ["## What to do", _remedy(rule)]
    if rule.bad:
        parts += ["## Bad", *_example(rule.bad[0])]
    if rule.good:
        parts += ["## Good", *_example(rule.good[0])]
    if facts := _facts(rule):
        parts += ["## Facts", facts]
    return "\n\n".join(parts) + "\n"


def brief(rule: Rule, finding: Finding | None = None) -> str:
    """What somebody wants to read who has a finding, and its code, on the screen.

    With the finding, message and remedy are those of the case instead of the rule's templates.
    """
    case = rule if finding is None else replace(rule, message=finding.message, remedy=finding.remedy)
    parts = [*_head(case), _prose(case.why)]
    if case.remedy:
        parts.append(_remedy(case))
    if rule.good:
        parts += _example(rule.good[0])
    return "\n\n".join(parts) + "\n"


def strip_marks(example: str) -> str:
    """The code of an example without the marks around its places."""
    return example.replace(_OPEN, "").replace(_CLOSE, "")


def with_carets(example: str) -> str:
    """The code of an example; below each line with a marked place stands a comment that points at it."""
    lines: list[str] = []
    depth = 0
    for marked in example.splitlines():
        text, pointed, depth = _read(marked, depth)
        lines.append(text)
        if pointed:
            lines.append(_pointer(pointed))
    return "\n".join(lines) + "\n"


def _read(marked: str, depth: int) -> tuple[str, set[int], int]:
    """A line without marks, the columns inside of them, and how many are open at its end."""
    text = ""
    columns = set()
    for character in marked:
        if character == _OPEN:
            depth += 1
        elif character == _CLOSE:
            depth -= 1
        else:
            # What goes on from the line before is pointed at from its first letter on.
            if depth and (text.strip() or not character.isspace()):
                columns.add(len(text))
            text += character
    return text, columns, depth


def _pointer(columns: set[int]) -> str:
    """A comment with carets in these columns; its own sign takes the first one."""
    carets = "".join("^" if i in columns else " " for i in range(1, max(columns) + 1))
    return f"#{carets or '^'}"


def _head(rule: Rule) -> list[str]:
    about = [f"**{rule.severity}**", f"who acts: {_WHO[rule.side]}"]
    if rule.applicability:
        about.append(f"fix: {_FIX[rule.applicability]}")
    return [f"# {rule.id} {rule.name}", _prose(rule.message), " · ".join(about)]


def _remedy(rule: Rule) -> str:
    if len(rule.remedy) == 1:
        return _step(rule.remedy[0], "")
    return "\n".join(f"{i}. {_step(step, '   ')}" for i, step in enumerate(rule.remedy, 1))


def _step(step: Remedy, indent: str) -> str:
    lines = [_prose(step.text)]
    if step.commands:
        lines += ["", f"{indent}```sh", *(f"{indent}{_filled(c)}" for c in step.commands), f"{indent}```"]
    return "\n".join(lines)


def _example(example: str) -> list[str]:
    """The code as a fenced block, after the version that it is for, if it says one."""
    example = example.lstrip("\n")
    target = _TARGET.match(example)
    said = [f"With `--target {target[1]}`:"] if target else []
    code = with_carets(example[target.end() :] if target else example)
    return [*said, f"```python\n{code}```"]


def _facts(rule: Rule) -> str:
    facts = {"Versions": rule.versions, "Source": rule.source, "Reference": rule.reference}
    return "\n".join(f"- {name}: {_prose(fact)}" for name, fact in facts.items() if fact)


def _filled(template: str) -> str:
    """A template with its gaps named as people name them."""
    return re.sub(r"\{([a-z_]+)\}", r"‹\1›", template)


def _prose(template: str) -> str:
    """A text of a rule as Markdown: what stands in backticks is code, the rest is plain."""
    parts = _filled(template).split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow: a plain one
        return _SPECIAL.sub(r"\\\g<0>", _filled(template))
    return "`".join(part if i % 2 else _SPECIAL.sub(r"\\\g<0>", part) for i, part in enumerate(parts))
