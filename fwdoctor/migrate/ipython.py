"""IPython's own lines in a cell: a Python statement stands in for each while the cell is ported.

``%matplotlib inline``, ``x = !ls`` and ``obj?`` are no Python. Each is masked by a call with as many lines
and the same indentation, and put back, byte for byte, when the port is done. What is Python inside of a
line (``%time main(cfg)``) stands in the mask, so that its names stay imported; a port that would change it
there is refused.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Sequence

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.migrate.pieces import parsed
from fwdoctor.migrate.transform import NotVerified

#: Cell magics that run the rest of the cell as Python, here and now.
_WRAPPING = frozenset({"capture", "debug", "ipytest", "memit", "prun", "time", "timeit", "wandb"})
#: Line magics that run what follows as Python.
_RUNNING = frozenset({"debug", "memit", "prun", "time", "timeit"})
_CELL_MAGIC = re.compile(r"%%(\w+)(?!\S)")
#: Line magics that people write without their ``%``.
_AUTOMAGIC = re.compile(
    r"\s*(?:autoreload|cat|cd|conda|cp|env|load_ext|ls|mamba|matplotlib|mkdir|mv|pip|rm|run|time|timeit|uv)"
    r"[ \t]+\S.*",
    re.DOTALL,
)
_ESCAPES = ("%", "!", "?", ",", ";", "/")
_ASSIGNED = re.compile(r"(?P<target>[^=#!%]+?)\s*=\s*(?=[%!][^=])")
_HELP = re.compile(r"\s*(?:[\w.]+\s*=\s*)?%{0,2}(?!\d)[\w*]+(?:\.[\w*]+|\[\d+\])*\?{1,2}\s*")
_RUN = re.compile(r"%{0,2}(?P<name>\w+)(?P<options>(?:\s+-\w+(?:\s+\d+)?)*)\s+(?P<code>\S.*)", re.DOTALL)
_EXPANDED = re.compile(r"\$\{?([^\W\d]\w*)|\{([^{}]+)\}")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_SIGN = "fwdoctor: line"


@dataclass(frozen=True, slots=True)
class Mask:
    """Lines of a cell, and what stands in for them; ``line`` counts from 1."""

    line: int
    #: whether it is a cell magic, which must stay the first line, with something below it
    heads: bool
    original: tuple[str, ...]
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Masked:
    """A cell as Python."""

    code: str
    masks: tuple[Mask, ...]


def mask(code: str, name: str) -> Masked | None:
    """Mask IPython's lines; None if the whole cell is another language's.

    The result need not be Python: what is wrong with a cell otherwise stays wrong.

    Args:
        name: of the cell, for the masks.

    Raises:
        NotVerified: the cell has the words of a mask.
    """
    if _SIGN in code:
        raise NotVerified(f'it says "{_SIGN}" itself, which fwdoctor needs for IPython\'s lines')
    lines = list(io.StringIO(code, newline=""))
    found: dict[int, Mask] = {}
    start = 0
    while (at := _first(lines, start)) is not None and lines[at].startswith("%%"):
        magic = _CELL_MAGIC.match(lines[at])
        if magic is None or magic[1] not in _WRAPPING:
            return None
        found[at] = _masked(lines, at, at + 1, f"{_SIGN} {name}.{at + 1}", heads=True)
        start = at + 1
    if parsed("".join(lines[start:])) is None:
        for at, stop in _special(lines, start):
            found[at] = _masked(lines, at, stop, f"{_SIGN} {name}.{at + 1}")
    result: list[str] = []
    number = 0
    while number < len(lines):
        if number in found:
            result += found[number].shown
            number += len(found[number].original)
        else:
            result.append(lines[number])
            number += 1
    return Masked("".join(result), tuple(found[at] for at in sorted(found)))


def unmask(code: str, masks: Sequence[Mask]) -> str:
    """Put the original lines back.

    Raises:
        NotVerified: one of the masks is not there exactly once, or not as it was.
    """
    lines = list(io.StringIO(code, newline=""))
    head = 0
    for one in masks:
        sign = _sign(one.shown[0])
        places = [i for i, line in enumerate(lines) if sign in line]
        at = places[0] if len(places) == 1 else len(lines)
        there = lines[at : at + len(one.shown)]
        above = "".join(lines[head:at]).strip() if one.heads else ""
        if above or list(map(_bare, there)) != list(map(_bare, one.shown)):
            raise NotVerified(
                f"line {one.line} is IPython's and could not stay as it is; port that line by hand first"
            )
        # A line that is the last one now has no end, as the last one had none before.
        last = _bare(one.original[-1]) + _end(there[-1])
        lines[at : at + len(one.shown)] = [*one.original[:-1], last]
        head = at + 1 if one.heads else head
    if head and not "".join(lines[head:]).strip():
        # IPython takes no cell magic without a cell.
        lines[head - 1 :] = [_bare(lines[head - 1]), _end(lines[head - 1]) or "\n", "pass"]
    return "".join(lines)


def _first(lines: Sequence[str], start: int) -> int | None:
    return next((i for i in range(start, len(lines)) if lines[i].strip()), None)


def _bare(line: str) -> str:
    return line.rstrip("\r\n")


def _end(line: str) -> str:
    return line[len(_bare(line)) :]


def _sign(shown: str) -> str:
    begin = shown.index(f'"{_SIGN}')
    return shown[begin : shown.index('"', begin + 1) + 1]


def _special(lines: Sequence[str], start: int) -> list[tuple[int, int]]:
    """The lines that IPython takes for itself: the first and the one behind the last, from 0."""
    found = []
    lexer = _Lexer()
    number = start
    while number < len(lines):
        line = lines[number]
        stop = number + 1
        if lexer.at_start and (line.lstrip().startswith(_ESCAPES) or _assigned(line) or _automagic(line)):
            while stop < len(lines) and _bare(lines[stop - 1]).endswith("\\"):
                stop += 1
            found.append((number, stop))
        elif lexer.at_start and _HELP.fullmatch(line):
            found.append((number, stop))
        else:
            lexer.feed(line)
        number = stop
    return found


def _assigned(line: str) -> re.Match[str] | None:
    """``x = !ls``: what is assigned to, if a command's result is."""
    match = _ASSIGNED.match(line)
    return match if match and parsed(f"{match['target'].strip()} = 0") else None


def _automagic(line: str) -> bool:
    return _AUTOMAGIC.fullmatch(line) is not None and parsed(line.strip().removesuffix("\\")) is None


class _Lexer:
    """Follows Python line by line as far as it takes to tell where a statement begins.

    It need not be right about broken code, or about quotes within an f-string's braces: a cell that is no
    Python in the end stays as it is.
    """

    _TOKEN = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\\r\n])*\"|'(?:\\.|[^'\\\r\n])*'|#[^\r\n]*|[()\[\]{}]|\\")

    def __init__(self) -> None:
        self._depth = 0
        self._quotes = ""
        self._continued = False

    @property
    def at_start(self) -> bool:
        """Whether the next line begins a statement."""
        return not (self._depth or self._quotes or self._continued)

    def feed(self, line: str) -> None:
        """Go past a line."""
        self._continued = False
        at = 0
        while at < len(line):
            if self._quotes:
                end = re.compile(rf"(?:\\.|[^\\])*?{self._quotes}", re.DOTALL).match(line, at)
                if end is None:
                    return
                self._quotes = ""
                at = end.end()
                continue
            token = self._TOKEN.search(line, at)
            if token is None:
                return
            at = token.end()
            text = token[0]
            if text in ('"""', "'''"):
                self._quotes = text
            elif text in "([{":
                self._depth += 1
            elif text in ")]}":
                self._depth = max(0, self._depth - 1)
            elif text == "\\":
                self._continued = not line[at:].strip()


def _masked(lines: Sequence[str], at: int, stop: int, sign: str, *, heads: bool = False) -> Mask:
    original = tuple(lines[at:stop])
    first = original[0]
    indent = first[: len(first) - len(first.lstrip(" \t\f"))]
    text = "".join(original).strip()
    assigned = _assigned(first)
    target = ""
    if assigned is not None:
        target = f"{assigned['target'].strip()} = "
        text = "".join(original)[assigned.end() :].strip()
    elif (run := _python(text)) is not None and isinstance(run, ast.Assign):
        target = f"{' = '.join(ast.unparse(t) for t in run.targets)} = "
    call = ", ".join([f'"{sign}"', *_used(text)])
    ends = [_end(line) for line in original]
    if len(original) == 1:
        return Mask(at + 1, heads, original, (f"{indent}{target}get_ipython({call}){ends[0]}",))
    shown = (f"{indent}{target}get_ipython({call}{ends[0]}", *ends[1:-1], f"{indent}){ends[-1]}")
    return Mask(at + 1, heads, original, shown)


def _python(text: str) -> ast.Expr | ast.Assign | None:
    """The statement that a line magic runs, if it is a plain one."""
    match = _RUN.fullmatch(text)
    if match is None or match["name"] not in _RUNNING:
        return None
    tree = parsed(match["code"])
    if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr | ast.Assign):
        return tree.body[0]
    return None


def _used(text: str) -> list[str]:
    """The Python in a line, as arguments of its mask: what it runs, or what a command line quotes."""
    statement = _python(text)
    if statement is not None:
        return [ast.unparse(statement.value)]
    magic = _RUN.fullmatch(text)
    if magic is not None and magic["name"] in _RUNNING:
        return _names(magic["code"])
    used: dict[str, None] = {}
    for quoted in (m[1] or m[2] for m in _EXPANDED.finditer(text)):
        tree = parsed(quoted.strip())
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            used[f"({ast.unparse(tree.body[0].value)})"] = None
        else:
            used.update(dict.fromkeys(_names(quoted)))
    return list(used)


def _names(text: str) -> list[str]:
    """The names in a text that is not quite Python."""
    return [name for name in dict.fromkeys(_NAME.findall(text)) if parsed(f"({name})") is not None]
