"""Comments that silence findings: ``# noqa``, ``# fwdoctor: ignore[…]``, and those that silence nothing.

``# noqa`` is read as flake8 and ruff read it: behind the line on which a finding begins, alone for all
rules, or with codes, each of which stands for every rule that begins with it. ``# flake8: noqa`` and
``# ruff: noqa`` on a line of their own speak of the whole file.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import field, replace

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import Edit

from fwdoctor.finding import Applicability, Finding, Location
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint.engine import Found
from fwdoctor.lint.rules import UNUSED, ids
from fwdoctor.rulebook import rulebook

_CODE = r"[A-Za-z]+[0-9]+"
_NOQA = re.compile(
    rf"#\s*(?P<whole>(?:flake8|ruff)\s*:\s*)?noqa(?P<codes>\s*:\s*{_CODE}(?:(?:\s*,\s*|\s+){_CODE})*)?"
    r"(?![\w-])",
    re.IGNORECASE,
)
_MAY_BE_OURS = re.compile(r"noqa\s*:[^\n]*FWD", re.IGNORECASE)
_OURS = re.compile(r"FWD[0-9]*", re.IGNORECASE)


@dataclass(eq=False)
class Noqa:
    """One such comment: its place (line from 1, characters from 0) and the codes; none mean all rules."""

    line: int
    start: int
    end: int
    codes: tuple[str, ...]
    #: the places of the codes, as of the comment
    spans: tuple[tuple[int, int], ...]
    whole_file: bool
    used: set[str] = field(default_factory=set)

    def covers(self, rule: str) -> bool:
        """Whether it silences a rule; what it silenced is kept in ``used``."""
        if not self.codes:
            return True
        hits = {code for code in self.codes if rule.upper().startswith(code.upper())}
        self.used |= hits
        return bool(hits)


@dataclass(frozen=True)
class Sifted:
    """The findings that are left, those that comments silence, and those in code for several versions."""

    kept: tuple[Found, ...]
    silenced: tuple[Finding, ...]
    guarded: tuple[Finding, ...] = ()


class Comments:
    """Every ``noqa`` of a text, and the lines that it speaks for."""

    def __init__(self, text: str) -> None:
        self.noqas: list[Noqa] = []
        self._last: dict[int, int] = {}
        # Lines end for Python where they end here; the tokenizer would not see a lone CR.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        except (tokenize.TokenError, SyntaxError):
            return  # it parses; the pure-Python tokenizer is stricter in corners: no comment is read there
        first: int | None = None
        for token in tokens:
            if token.type == tokenize.COMMENT and (match := _NOQA.search(token.string)) is not None:
                self.noqas.append(_noqa(token, match))
            if token.type in (tokenize.DEDENT, tokenize.INDENT, tokenize.ENDMARKER):
                continue
            first = token.start[0] if first is None else first
            if token.type in (tokenize.NL, tokenize.NEWLINE):
                if token.start[0] > first:
                    self._last |= dict.fromkeys(range(first, token.start[0] + 1), token.start[0])
                first = None

    def last_line(self, line: int) -> int:
        """The line behind which a comment for this line can stand: strings and backslashes may go on."""
        return self._last.get(line, line)

    def speak_for(self, noqa: Noqa, line: int | None) -> bool:
        """Whether a comment is about a line."""
        if noqa.whole_file or line is None:
            return noqa.whole_file
        return self.last_line(noqa.line) == self.last_line(line)


def _noqa(token: tokenize.TokenInfo, match: re.Match[str]) -> Noqa:
    line, column = token.start
    begin = column + match.start()
    spans = []
    codes = []
    if match["codes"]:
        for code in re.finditer(_CODE, match["codes"]):
            codes.append(code[0])
            at = column + match.start("codes")
            spans.append((at + code.start(), at + code.end()))
    alone = not token.line[: token.start[1]].strip()
    end = column + match.end()
    return Noqa(line, begin, end, tuple(codes), tuple(spans), bool(match["whole"]) and alone)


def sift(port: Port, found: Sequence[Found], allows: Callable[[str], bool]) -> Sifted:
    """Part the findings by the comments of the file; add those about comments that silence nothing."""
    text = port.source.text
    # To take a file apart into tokens costs more than all rules together.
    worthwhile = "noqa" in text.lower() and (found or _MAY_BE_OURS.search(text))
    comments = Comments(text if worthwhile else "")
    kept: list[Found] = []
    silenced: list[Finding] = []
    guarded: list[Finding] = []
    waived: set[int] = set()
    for each in found:
        rule = each.finding.rule
        line = each.finding.location.line if each.finding.location else None
        covering = [n for n in comments.noqas if comments.speak_for(n, line) and n.covers(rule)]
        if covering:
            silenced.append(each.finding)
        elif (ignore := port.ignored_at(each.node, rule)) is not None:
            waived.add(id(ignore))
            silent = silenced if ignore.is_comment else guarded
            silent.append(replace(each.finding, evidence=ignore.reason or None))
        else:
            kept.append(each)
    if allows(UNUSED):
        kept += _unused_noqas(port, comments.noqas, allows)
        kept += _unused_waivers(port, waived, allows)
    return Sifted(tuple(kept), tuple(silenced), tuple(guarded))


def _unused_noqas(port: Port, noqas: Sequence[Noqa], allows: Callable[[str], bool]) -> list[Found]:
    """One finding for each code of ours that silenced nothing, though its rules were looked for."""
    result = []
    for noqa in noqas:
        gone = [c for c in noqa.codes if _OURS.fullmatch(c) and c not in noqa.used and _judged(c, allows)]
        if not gone:
            continue
        fix = _without(port, noqa, gone)
        for code, (start, end) in zip(noqa.codes, noqa.spans, strict=True):
            if code in gone:
                place = Location(port.path, noqa.line, start + 1, noqa.line, end + 1)
                result.append(_finding(port, place, f"noqa: {code}", code, fix, noqa.line))
    return result


def _judged(code: str, allows: Callable[[str], bool]) -> bool:
    """Whether all rules that a code stands for were looked for; a code of no rule is always wrong."""
    meant = [rule for rule in ids() if rule.startswith(code.upper())]
    return all(allows(rule) for rule in meant)


def _unused_waivers(port: Port, waived: set[int], allows: Callable[[str], bool]) -> list[Found]:
    result = []
    for line, ignore in port.ignores.by_line.items():
        rules = [r for r in ignore.rules if _OURS.fullmatch(r)]
        # Without rules it may be there for `migrate`, and so may one for a rule that only migrate has.
        if id(ignore) in waived or not rules or len(rules) != len(ignore.rules):
            continue
        known = [rule for rule in rules if rule in ids() or rule not in rulebook()]
        if len(known) == len(rules) and all(_judged(rule, allows) for rule in rules):
            text = port.source.line(line).rstrip("\r\n")
            place = Location(port.path, line, max(text.find("#"), 0) + 1, line, len(text) + 1)
            named = ", ".join(sorted(rules))
            result.append(_finding(port, place, f"fwdoctor: ignore[{named}]", named, (), line))
    return result


def _finding(
    port: Port, place: Location, comment: str, codes: str, fix: tuple[Edit, ...], line: int
) -> Found:
    unknown = not any(rule.startswith(codes.upper()) for rule in ids()) and codes not in rulebook()
    reason = "there is no such rule" if unknown else "there is no such finding"
    finding = rulebook()[UNUSED].fill(
        {"comment": comment, "reason": reason, "path": port.path}, location=place
    )
    excerpt = port.source.line(line).rstrip("\r\n")
    applicability = Applicability.SAFE if fix else Applicability.MANUAL
    return Found(replace(finding, excerpt=excerpt, applicability=applicability), _Place(line), fix)


def _without(port: Port, noqa: Noqa, codes: Sequence[str]) -> tuple[Edit, ...]:
    """The edit that takes codes out of a comment, and the comment with the last of them."""
    text = port.source.line(noqa.line)
    left = [c for c in noqa.codes if c not in codes]
    begin = port.source.line_start(noqa.line)

    def at(column: int) -> int:
        return begin + len(text[:column].encode())

    if left:
        first, last = noqa.spans[0][0], noqa.spans[-1][1]
        return (Edit(at(first), at(last), ", ".join(left)),)
    before = text[: noqa.start].rstrip()
    rest = text[noqa.end :].strip()
    if rest and not rest.startswith("#"):
        rest = f"# {rest.lstrip(' :-')}" if rest.lstrip(" :-") else ""
    end = len(text.rstrip("\r\n"))
    gap = "  " if before and rest else ""
    if not before and not rest:
        return (Edit(begin, port.source.line_start(noqa.line + 1), ""),)
    return (Edit(at(len(before)), at(end), f"{gap}{rest}"),)


class _Place(ast.stmt):
    """A line, where a finding is about no code."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.lineno = self.end_lineno = line
        self.col_offset = self.end_col_offset = 0
