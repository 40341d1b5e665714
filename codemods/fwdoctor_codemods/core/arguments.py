"""One call's text, editable argument by argument, with every comment and line break kept.

libcst keeps white space with the comma before it; here it is kept in *gaps*: gap ``i`` stands before
argument ``i``, the last gap before the closing parenthesis. A gap holds the comment behind the argument
before it, the comment lines above the argument after it, and the indentation. With that, removing an
argument is joining two gaps, and no comment can get lost on the way.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence

import libcst as cst

from fwdoctor.lean_dataclass import dataclass

Gap = cst.SimpleWhitespace | cst.ParenthesizedWhitespace
_TIGHT = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


@dataclass(frozen=True)
class NewArgument:
    """An argument to be written: a keyword (empty for a positional one) and the text of its value."""

    keyword: str
    value: str


class CallText:
    """A call expression as text that can be edited.

    Args:
        text: the source of the call, from the first character of the callee to the closing parenthesis.
        newline: the file's line ending.
    """

    def __init__(self, text: str, newline: str = "\n") -> None:
        self._module = cst.Module([], default_newline=newline)
        self._config = cst.PartialParserConfig(default_newline=newline)
        call = self.parse(text)
        if not isinstance(call, cst.Call):
            raise TypeError(f"not a call: {text!r}")
        self._call = call
        self.arguments: list[cst.Arg] = []
        self._gaps: list[Gap] = [_gap(call.whitespace_before_args)]
        self._trailing_comma = False
        for arg in call.args:
            if isinstance(arg.comma, cst.Comma):
                self._gaps.append(_gap(arg.comma.whitespace_after))
                self._trailing_comma = True
            else:
                self._gaps.append(_gap(arg.whitespace_after_arg))
                self._trailing_comma = False
            self.arguments.append(
                arg.with_changes(
                    comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace("")
                )
            )

    def parse(self, text: str) -> cst.BaseExpression:
        """Parse an expression of this file; one that spans lines need not have parentheses."""
        try:
            return cst.parse_expression(text, config=self._config)
        except cst.ParserSyntaxError:
            node = cst.parse_expression(f"({text})", config=self._config)
            return node.with_changes(lpar=node.lpar[1:], rpar=node.rpar[:-1])

    def index(self, keyword: str) -> int | None:
        """The position of the argument passed as ``keyword=``."""
        for i, arg in enumerate(self.arguments):
            if arg.keyword is not None and arg.keyword.value == keyword:
                return i
        return None

    def value(self, i: int) -> str:
        """The text of argument ``i``'s value."""
        return self._module.code_for_node(self.arguments[i].value)

    def set_callee(self, text: str) -> None:
        """Call something else."""
        self._call = self._call.with_changes(func=self.parse(text))

    def set_keyword(self, i: int, keyword: str) -> None:
        """Pass argument ``i`` as ``keyword=``, whether it had a keyword before or not."""
        arg = self.arguments[i]
        equal = arg.equal if isinstance(arg.equal, cst.AssignEqual) else _TIGHT
        self.arguments[i] = arg.with_changes(keyword=cst.Name(keyword), equal=equal)

    def set_value(self, i: int, text: str) -> None:
        """Give argument ``i`` another value."""
        self.arguments[i] = self.arguments[i].with_changes(value=self.parse(text))

    def remove(self, i: int) -> list[str]:
        """Remove argument ``i``; return the comments for which there is no place left in the call."""
        inside = comments_in(self._module.code_for_node(self.arguments[i]))
        last = i == len(self.arguments) - 1
        before, after = self._gaps[i], self._gaps[i + 1]
        if inside and isinstance(before, cst.ParenthesizedWhitespace):
            before = _with_comments(before, inside)
            inside = []
        self._gaps[i : i + 2] = [_joined(before, after, closing=last)]
        del self.arguments[i]
        if last and not (self._trailing_comma and self.is_multiline()):
            self._trailing_comma = False
        return inside

    def insert(self, i: int, new: NewArgument) -> None:
        """Write ``new`` before argument ``i`` (or last), laid out as the others are."""
        separator = self._separator()
        gap = self._gaps[i]
        before: Gap = gap
        after: Gap = separator
        if not self.arguments:
            after = cst.SimpleWhitespace("")
        elif i == len(self.arguments):
            before, after = separator, gap
            if isinstance(gap, cst.ParenthesizedWhitespace) and gap.first_line.comment:
                if isinstance(separator, cst.SimpleWhitespace):
                    separator = _plain(gap)
                before = separator.with_changes(first_line=gap.first_line)
                after = gap.with_changes(first_line=_plain_line(gap))
        elif i > 0 and isinstance(gap, cst.ParenthesizedWhitespace):
            before = gap.with_changes(empty_lines=())
            after = gap.with_changes(first_line=_plain_line(gap))
        self._gaps[i : i + 1] = [before, after]
        self.arguments.insert(i, self._argument(new))

    def append(self, new: NewArgument) -> None:
        """Write ``new`` last, but before any ``**spread``, so that it stays last."""
        self.insert(len(self.arguments), new)

    def replace(self, i: int, new: Sequence[NewArgument], inner_comments: Sequence[str] = ()) -> list[str]:
        """Put ``new`` in the place of argument ``i``; comments as :meth:`remove`."""
        if not new:
            return self.remove(i)
        separator = self._separator()
        replacement: list[cst.Arg] = []
        gaps: list[Gap] = []
        for k, argument in enumerate(new):
            replacement.append(self._argument(argument))
            if k:
                gaps.append(separator)
        self.arguments[i : i + 1] = replacement
        self._gaps[i + 1 : i + 1] = gaps
        gap = self._gaps[i]
        if inner_comments and isinstance(gap, cst.ParenthesizedWhitespace):
            self._gaps[i] = _with_comments(gap, inner_comments)
            return []
        return list(inner_comments)

    def texts(self) -> list[str]:
        """The arguments as they are written, without what stands between them."""
        return [self._module.code_for_node(a) for a in self.arguments]

    def code(self) -> str:
        """The call as it now stands."""
        args = []
        last = len(self.arguments) - 1
        for i, arg in enumerate(self.arguments):
            gap = self._gaps[i + 1]
            if i < last or self._trailing_comma:
                args.append(arg.with_changes(comma=cst.Comma(whitespace_after=gap)))
            else:
                args.append(arg.with_changes(whitespace_after_arg=gap))
        first = self._gaps[0]
        if not args and isinstance(first, cst.ParenthesizedWhitespace) and not _has_comments(first):
            first = cst.SimpleWhitespace("")
        return self._module.code_for_node(self._call.with_changes(args=args, whitespace_before_args=first))

    def _argument(self, new: NewArgument) -> cst.Arg:
        if not new.keyword:
            return cst.Arg(value=self.parse(new.value))
        return cst.Arg(value=self.parse(new.value), keyword=cst.Name(new.keyword), equal=_TIGHT)

    def is_multiline(self) -> bool:
        """Whether the call is written over several lines."""
        return any(isinstance(g, cst.ParenthesizedWhitespace) for g in self._gaps)

    def _separator(self) -> Gap:
        between = self._gaps[1:-1] or (self._gaps[:1] if self.arguments else [])
        for gap in between:
            if isinstance(gap, cst.ParenthesizedWhitespace):
                return _plain(gap)
        return cst.SimpleWhitespace(" ")


def comments_in(text: str) -> list[str]:
    """The comments of a piece of source, each with its ``#``."""
    if "#" not in text:
        return []
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [t.string for t in tokens if t.type == tokenize.COMMENT]


def _gap(whitespace: cst.BaseParenthesizableWhitespace) -> Gap:
    assert isinstance(whitespace, cst.SimpleWhitespace | cst.ParenthesizedWhitespace)
    return whitespace


def _plain_line(gap: cst.ParenthesizedWhitespace) -> cst.TrailingWhitespace:
    return cst.TrailingWhitespace(newline=gap.first_line.newline)


def _plain(gap: cst.ParenthesizedWhitespace) -> cst.ParenthesizedWhitespace:
    return gap.with_changes(first_line=_plain_line(gap), empty_lines=())


def _has_comments(gap: Gap) -> bool:
    return isinstance(gap, cst.ParenthesizedWhitespace) and (
        gap.first_line.comment is not None or any(line.comment for line in gap.empty_lines)
    )


def _comment_line(comment: str, gap: cst.ParenthesizedWhitespace) -> cst.EmptyLine:
    return cst.EmptyLine(
        indent=False,
        whitespace=gap.last_line,
        comment=cst.Comment(comment),
        newline=gap.first_line.newline,
    )


def _with_comments(gap: cst.ParenthesizedWhitespace, comments: Sequence[str]) -> cst.ParenthesizedWhitespace:
    return gap.with_changes(empty_lines=(*gap.empty_lines, *(_comment_line(c, gap) for c in comments)))


def _joined(before: Gap, after: Gap, *, closing: bool) -> Gap:
    """The gap that is left when the argument between two gaps goes."""
    if isinstance(before, cst.SimpleWhitespace):
        if isinstance(after, cst.SimpleWhitespace) and not closing:
            return before
        return after
    if isinstance(after, cst.SimpleWhitespace):
        if not closing:
            return before
        if not _has_comments(before):
            return after
        return before.with_changes(last_line=after)
    lines = [*before.empty_lines]
    if after.first_line.comment is not None:
        lines.append(_comment_line(after.first_line.comment.value, before))
    lines += after.empty_lines
    return before.with_changes(empty_lines=lines, last_line=after.last_line, indent=after.indent)
