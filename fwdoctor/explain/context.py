"""What stands around a match, and whether it is a message at all or somebody's words about one."""

from __future__ import annotations

import functools
import re

from fwdoctor.explain.squeeze import squeeze
from fwdoctor.lean_dataclass import dataclass

_COLOURS = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")
_ESCAPED = re.compile(r"\\+([n\"'])")
#: Words that show that a text is about Fireworks training.
FIREWORKS = (
    "fireworks",
    "rlortrainerjob",
    "rlor job",
    "firectl",
    "trainingshapes",
    "hot_load",
    "hotload",
    "training.utils",
    "training.recipes",
    "training/recipes",
    "training/utils",
    "training.examples",
    "training/examples",
    "training.renderer",
    "training/renderer",
    "rl_loop",
    "sft_loop",
    "dpo_loop",
    "distillation_loop",
    "accounts/",
    "finetuningjobs",
)
_FRAME = re.compile(
    r'^[^\n]*?File "(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<name>[^\n]+))?'
    r'(?:\n(?!\s*File ")(?P<code>[^\n]*))?',
    re.MULTILINE,
)
#: Lines that belong to the message above them.
_BELONGS = re.compile(
    rb"[ \t]+\S|\[rank\d+\]:\s{2,}\S|(?:response|error|status|reason|message)\b[^\n]{0,20}:"
    rb"|[^\n]{0,160}?\s{2}(?:Cause|Solution|Agent debug|Docs|Support|Console): "
)
#: A line that begins inside a string of source code, and one that defines something.
_STRING_LINE = re.compile(r"""\s*[+\-]?\s*[rfbuRFBU]{0,2}(?:"[^"]*|'[^']*)$""")
_DEFINITION = re.compile(r"\s*(?:async\s+def|def|class)\s+\w")
#: Rows of tables, behind what diffs and quotations put in front of a line.
_TABLE = re.compile(r"[+\->]?[ \t]{0,1}\|[^|]")
#: What grep, cat -n and diffs put in front of a line of a file.
_LOCATOR = re.compile(r"^(?:[\w./\\-]+[:-]\d+[:-]|\s*\d+\s*[|:]|\s*\d+\s|[+\->]\s)\s*(?=[\"'rfbu]*$)")
#: Products whose errors have the same words.
_OTHERS = re.compile(
    r"\b(?:google(?:apis)?\.|vertex|azure|az ml\b|amazonaws|botocore|boto3|datadog|stripe|kubectl|helm\b|"
    r"argocd|istio|dapr|modal\.|digitalocean|lambda-labs|railway|together\.(?:ai|xyz)|anthropic|cohere|replicate|mlflow)",
    re.IGNORECASE,
)
#: What documents have in front of a sentence: an item of a list, a tag.
_MARKUP = re.compile(r"^[-*\u2022]\s+$|<(?:li|p|td|th|code|pre|b|em|strong)>$")
#: Somebody looks for the words, or says that a test was left out.
_COMMAND = re.compile(r"(?:^|[\s$;|&])(?:grep|egrep|rg|ag|ack)\s|--grep[= ]|^\s*SKIPPED\b")
#: What stands before a quote in source code and not in a message.
_BEFORE_STRING = re.compile(
    r"[\w\])]\s+=\s*\(?$|[(]\w+=$|,\s*\w+=$|^\s+\w+=$|[(\[,+%]\s*[rbu]?$|(?:^|[{,\s])\d+:\s*$|\b(?:in|not|or|and|is)\s$"
)
#: The same as IPython prints it: the place, some lines around, an arrow before the one.
_IPYTHON_FRAME = re.compile(
    r"^File (?P<path>[^\n:]+\.py):(?P<line>\d+), in (?P<name>[^\n]+)"
    r"(?P<code>(?:\n\s+\d+ [^\n]*)*\n-+> \d+ [^\n]*)?",
    re.MULTILINE,
)
_CAUGHT = re.compile(
    r"(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Timeout))(?::\s*|\(\s*[\"']?)$"
)
_STATUS = re.compile(
    r"HTTP(?:/[\d.]+)?[ :]*\"?(?P<a>[1-5]\d\d)\b|status(?:_code)?[\"']?\s*[:=]\s*(?P<b>[1-5]\d\d)\b"
    r"|-> (?P<c>[45]\d\d)\b|(?:^|[\s'\"])(?P<d>[45]\d\d) (?:Client|Server|Unauthorized|Forbidden|[A-Z])",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"^(?:[\w./\\-]+[:-]\d+[:-])?\s*[+\->]?\s*(?:\d+[:|-]?\s+)?(?:raise|return|assert|yield|print|echo|printf|def|class|if|elif|with|except|from|import|"
    r"(?:self\.)?_?log(?:ger|ging)?\.\w+|warnings\.warn|pytest\.\w+|self\.assert\w+)\b"
)
_RECORD_LINES = 14
#: Of lines that are longer only so much is looked at.
_LONGEST_LINE = 16_384


def is_ours(path: str) -> bool:
    """Whether a file is surely the SDK's or the cookbook's, and not in some project's folder of that name."""
    path = path.replace("\\", "/")
    if "fireworks/training/" in path or ("cookbook" in path and "/training/" in path):
        return True
    return "training/recipes/" in path and path.endswith("_loop.py")


@dataclass(frozen=True)
class Frame:
    """One entry of a traceback: the file, its line, the function and the source line that it shows."""

    path: str
    line: int
    name: str
    code: str


#: Bytes above a match that are looked at.
_BEFORE = 12_000


class Context:
    """A piece of a log around a match; ``start`` and ``end`` are its offsets in ``raw``."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self.raw, self.start, self.end = raw, start, end

    @functools.cached_property
    def line_start(self) -> int:
        first = max(0, self.start - _LONGEST_LINE)
        return max(first, self.raw.rfind(b"\n", first, self.start) + 1)

    @functools.cached_property
    def prefix(self) -> str:
        """What stands before the match on its line, without colours; an escaped line end is one."""
        return _text(self.raw[max(self.line_start, self.start - 600) : self.start]).rpartition("\n")[2]

    @functools.cached_property
    def rest(self) -> str:
        """What stands behind the match on its line."""
        stop = self.raw.find(b"\n", self.end, self.end + _LONGEST_LINE)
        return _text(self.raw[self.end : stop if stop >= 0 else len(self.raw)][:2000])

    @functools.cached_property
    def record_end(self) -> int:
        """Where the message ends: its line, and the lines below that are indented or belong to its block."""
        at = self.raw.find(b"\n", self.end, self.end + _LONGEST_LINE)
        if at < 0:
            return min(len(self.raw), self.end + _LONGEST_LINE)
        for _ in range(_RECORD_LINES):
            if at < 0:
                return len(self.raw)
            stop = self.raw.find(b"\n", at + 1, at + 1 + _LONGEST_LINE)
            line = _COLOURS.sub(b"", self.raw[at + 1 : stop if stop >= 0 else len(self.raw)])
            if not _BELONGS.match(line):
                return at
            at = stop
        return at if at >= 0 else len(self.raw)

    @functools.cached_property
    def record(self) -> str:
        """The line of the match and what belongs to it."""
        return _text(self.raw[self.line_start : min(self.record_end, self.line_start + 8000)])

    @functools.cached_property
    def around(self) -> str:
        """A few dozen lines before and behind, squeezed, in small letters."""
        return squeeze(self.raw[max(0, self.start - 4000) : self.end + 2000]).decode("ascii").lower()

    @functools.cached_property
    def before(self) -> str:
        """What stands above the match's line, be its line ends escaped or not."""
        text = _text(self.raw[max(0, self.start - _BEFORE) : self.start])
        return text[: text.rfind("\n") + 1]

    @functools.cached_property
    def frames(self) -> tuple[Frame, ...]:
        """The traceback that ends in the match's line, outermost first."""
        if self.raw.rfind(b"Traceback", max(0, self.start - _BEFORE), self.start) < 0:
            return ()  # to make the text readable takes its time
        text = self.before
        opened = text.rfind("Traceback (most recent call last)")
        if opened < 0:
            return ()
        if shown := [
            Frame(f["path"], int(f["line"]), f["name"].strip(), _arrowed(f["code"] or ""))
            for f in _IPYTHON_FRAME.finditer(text, opened)
        ]:
            return tuple(shown)
        marks = list(_FRAME.finditer(text, opened))
        found = [
            Frame(f["path"], int(f["line"]), (f["name"] or "").strip(), (f["code"] or "").strip())
            for f in marks
        ]
        below = text[marks[-1].end() :] if marks else ""
        # Lines that are no part of a traceback in between: the match is another story.
        strangers = [s for s in below.splitlines() if s.strip() and not s[:1].isspace() and s[0] not in "[|+"]
        return () if len(strangers) > 1 else tuple(found)

    @property
    def exception(self) -> str | None:
        """The type of the exception that carries the message, where the line shows one."""
        found = _CAUGHT.search(self.prefix.rstrip("\\'\"` "))
        return found["type"] if found else None

    @functools.cached_property
    def status(self) -> int | None:
        """The HTTP status that the record shows."""
        found = _STATUS.search(self.record)
        return int(next(v for v in found.groups() if v)) if found else None

    @functools.cached_property
    def is_about_others(self) -> bool:
        """Whether the message names another product, and nothing around names Fireworks."""
        line = _text(self.raw[max(self.line_start, self.start - 300) : min(self.record_end, self.end + 300)])
        others = _OTHERS.search(line) or any("tinker_cookbook/" in f.path for f in self.frames)
        return bool(others) and not self.has(("@fireworks",))

    def has(self, words: tuple[str, ...]) -> bool:
        """Whether one of the words stands around; ``@fireworks`` stands for all that show Fireworks."""
        wanted = [w for word in words for w in (FIREWORKS if word == "@fireworks" else (word,))]
        return any(squeeze(w.lower().encode()).decode("ascii") in self.around for w in wanted)

    @property
    def _is_no_repr(self) -> bool:
        """Whether ``Type("...")`` is code: Python's own form has single quotes where it can."""
        if (
            self.raw[self.start - 1 : self.start] != b'"'
            or self.raw[self.start - 2 : self.start - 1] == b"\\"
        ):
            return False
        return b"'" not in self.raw[self.start : self.raw.find(b'"', self.start)]

    @functools.cached_property
    def is_quoted(self) -> bool:
        """Whether the text stands in source code, a comment or a document rather than in a message."""
        prefix = self.prefix
        stripped = prefix.strip()
        if _STRING_LINE.match(prefix) or _DEFINITION.match(prefix):
            return True
        if _COMMAND.search(prefix) or (_CODE.search(prefix) and prefix.count('"') % 2):
            return True
        if "|" in prefix and self.rest.rstrip().endswith("|"):
            return True
        if prefix.count("`") % 2 or _TABLE.match(prefix) or stripped.startswith(("#", "//", "* ", "- `")):
            return True
        if prefix.endswith(("\u201c", "\u2018", "\u00ab")) or _MARKUP.search(prefix):
            return True
        if not prefix.endswith(('"', "'")):
            return stripped.endswith("raise")
        head = _LOCATOR.sub("", prefix[:-1].rstrip("\"'\\"))
        if head.endswith(("\\n",)) or not head.strip():
            return True
        if re.search(r"(?:^|[^\w])[rbu]?f[rb]?$", head):
            return True
        if _CODE.search(head):
            return True
        if re.search(r"(?:^|\W)[a-z_]\w*\(\s*[\w.]+\($", head):  # fail(RuntimeError("...
            return True
        if re.search(r"(?:Error|Exception|Warning|Exit|Tripped|Mismatch|NotSupported)\($", head):
            return self._is_no_repr
        if _BEFORE_STRING.search(head):
            return not re.search(r"[\"'][:=]\s*$", head)
        return False


def _arrowed(code: str) -> str:
    """The line of an IPython frame to which the arrow points."""
    last = code.rpartition("\n")[2]
    return re.sub(r"^-+> \d+\s+", "", last).strip()


def _text(data: bytes) -> str:
    """A text without colours; escaped line ends and quotes are what they stand for."""
    text = _COLOURS.sub(b"", data).decode("utf-8", "replace")
    if "\\" in text:
        text = _ESCAPED.sub(lambda m: "\n" if m[1] == "n" else m[1], text)
    return text
