"""``# fwdoctor: ignore[FWD101] reason``: statements that somebody wants left as they are."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import rulebook

_NOQA = re.compile(
    r"#\s*noqa(?:\s*:\s*(?P<rules>[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*))?(?![\w-])", re.IGNORECASE
)
_PATTERN = re.compile(r"#\s*fwdoctor:\s*ignore(?:\[(?P<rules>[^\]]*)\])?[\s:-]*(?P<reason>[^#]*)")
_CODE = re.compile(r"[A-Z]{1,3}[0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One such comment: the rules that it names (none means all of them), and why.

    ``is_comment`` is False of what no comment asks for: code that stays because of what stands around it.
    """

    rules: frozenset[str]
    reason: str
    is_comment: bool = True

    def covers(self, rule: str | None) -> bool:
        """Whether it speaks of a rule; None asks about being rewritten at all."""
        return not self.rules or rule is None or any(rule.startswith(r) for r in self.rules)


class Ignores:
    """The ignore comments of one file: behind a statement, or alone on the lines above it.

    With ``noqa``, those for linters count as well.
    """

    def __init__(self, text: str, *, noqa: bool = False) -> None:
        #: the comments, by their lines
        self.by_line: dict[int, Ignore] = {}
        self._alone: set[int] = set()
        if "fwdoctor:" not in text and not (noqa and "noqa" in text.lower()):
            return
        try:
            # Lines end for Python where they end here; the tokenizer would not see a lone CR.
            lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))
            tokens = list(tokenize.generate_tokens(lines.readline))
        except (tokenize.TokenError, SyntaxError):
            return
        for token in tokens:
            if token.type != tokenize.COMMENT:
                continue
            if not token.line[: token.start[1]].strip():
                self._alone.add(token.start[0])
            if (found := _PATTERN.search(token.string)) is not None:
                rules = frozenset(map(_rule, re.findall(r"[\w-]+", found["rules"] or "")))
                self.by_line[token.start[0]] = Ignore(rules, found["reason"].strip())
            elif noqa and (silent := _NOQA.search(token.string)) is not None:
                codes = frozenset(re.findall(r"FWD\d*", (silent["rules"] or "").upper()))
                if codes or not silent["rules"]:
                    self.by_line[token.start[0]] = Ignore(codes, "noqa")

    def __bool__(self) -> bool:
        return bool(self.by_line)

    def at(self, statement: ast.stmt, rule: str | None) -> Ignore | None:
        """The comment that covers a statement (of a compound one, its head)."""
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        decorators = getattr(statement, "decorator_list", [])
        first = min([first, *(d.lineno for d in decorators)])
        if body := getattr(statement, "body", None):
            last = max(first, body[0].lineno - 1)
        while first - 1 in self._alone:
            first -= 1
        for line in range(first, last + 1):
            found = self.by_line.get(line)
            if found is not None and found.covers(rule):
                return found
        return None


def _rule(code: str) -> str:
    """The id that a code or a name of a rule means; what means none is kept as it is."""
    if _CODE.fullmatch(code):
        return code.upper()
    try:
        return rulebook().named(code).id
    except KeyError:
        return code
