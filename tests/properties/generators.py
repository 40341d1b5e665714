"""What the property tests try: programs of others, old programs in odd shapes, logs, reports, secrets, rows.

Programs come as bytes, as they lie on disk. A generator that changes the layout of a program checks that
it still is the same program, and gives the plain one where it is not: no example is thrown away.
"""

from __future__ import annotations

import ast
import codecs
import dataclasses
import enum
import functools
import io
import itertools
import keyword
import random
import re
import string
import sysconfig
import textwrap
import tokenize
import types
import typing
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hypothesmith
from fwdoctor_codemods.core import registry
from hypothesis import strategies as st

from fwdoctor import results
from fwdoctor.explain.catalogue import full_catalogue
from fwdoctor.finding import Report
from fwdoctor.lint import api, rules
from fwdoctor.rulebook import rulebook
from tests.migrate.test_properties import programs as launches

# --- Python ------------------------------------------------------------------------------------------


def parses(text: str) -> bool:
    """Whether a text is Python, for the parser that counts."""
    return _tree(text) is not None


def _tree(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def is_same(old: str, new: str) -> bool:
    """Whether two texts are the same program."""
    one, other = _tree(old), _tree(new)
    return one is not None and other is not None and ast.dump(one) == ast.dump(other)


def comments(text: str) -> Counter[str]:
    """The comments of a program, each with its number."""
    lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")).readline
    return Counter(t.string for t in tokenize.generate_tokens(lines) if t.type == tokenize.COMMENT)


#: Words of the old and the new API. Without an import of the cookbook or the SDK they mean nothing.
WORDS = (
    "training", "fireworks", "tinker", "recipes", "InfraConfig", "WeightSyncConfig", "HotloadConfig", "DeployConfig",
    "TrainerConfig", "TrainerJobManager", "DeploymentManager", "Config", "main", "rl_loop", "cancel_on_exit",
    "rlor_mgr", "infra", "setup_infra", "create_trainer_job", "ResourceCleanup", "ReconnectableClient", "service",
    "WeightSyncer", "DeploymentSampler", "FiretitanServiceClient", "training_shape_id", "close", "optim_step",
    "build_service_client", "hot_load_deployment_id", "output_model_id", "promote_checkpoint",
)  # fmt: skip


@functools.cache
def statements() -> tuple[str, ...]:
    """Top-level statements of the standard library: what people write, in their own layout."""
    found: list[str] = []
    folder = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(p for p in folder.glob("*.py") if p.stat().st_size < 40_000)[::3]:
        text = path.read_text("utf-8", errors="replace")
        tree = _tree(text)
        for node in tree.body if tree else ():
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            whole = "\n".join(lines) + "\n"
            if len(whole) < 2500 and parses(whole):
                found.append(whole)
    return tuple(dict.fromkeys(found))


def _renamed(text: str, new: Mapping[str, str]) -> str:
    """A program with names replaced, but for those that it imports; as it was if that is no program."""
    tree = _tree(text)
    if tree is None:
        return text
    imported = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            getattr(node, "module", None),
            *(a.name for a in node.names),
            *(a.asname for a in node.names),
        )
        for part in (name or "").split(".")
    }
    chosen = {old: word for old, word in new.items() if old not in imported}
    made = re.sub(r"\b[A-Za-z_]\w*\b", lambda m: chosen.get(m[0], m[0]), text)
    return made if parses(made) else text


def _names(text: str) -> list[str]:
    return sorted(n for n in set(re.findall(r"\b[A-Za-z_]\w*\b", text)) if not keyword.iskeyword(n))


#: Programs by the rules of Python's grammar; to build them takes a second.
_grammatical = hypothesmith.from_grammar()


@st.composite
def others(draw: st.DrawFn) -> str:
    """A program that uses neither the SDK nor the cookbook, though it may use their words."""
    if draw(st.integers(0, 3)) == 0:
        text = draw(_grammatical)
        return "" if _imports_ours(text) else text
    text = "".join(draw(st.lists(st.sampled_from(statements()), min_size=1, max_size=4)))
    if _imports_ours(text):
        return ""
    names = _names(text)
    if not names:
        return text
    return _renamed(text, draw(st.dictionaries(st.sampled_from(names), st.sampled_from(WORDS), max_size=8)))


def _imports_ours(text: str) -> bool:
    return re.search(r"\b(?:training|fireworks)\b", text) is not None


# --- layout ------------------------------------------------------------------------------------------

_QUOTES = {getattr(tokenize, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(tokenize, name)}
_UNQUOTES = {getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name)}


def reformatted(text: str, seed: int, amount: float) -> str:
    """The same program with comments, line breaks, blanks and backslashes where Python allows them.

    ``seed`` and ``amount`` (0 to 1) decide where; each comment has a number of its own.
    """
    dice = random.Random(seed)
    lines = [0]
    for line in io.StringIO(text, newline="\n"):
        lines.append(lines[-1] + len(line))
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="\n").readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    inserted: list[tuple[int, str]] = []
    depth = quoted = number = 0
    for token, following in itertools.pairwise(tokens):
        quoted += (token.type in _QUOTES) - (token.type in _UNQUOTES)
        depth += (
            (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
            if token.type == tokenize.OP
            else 0
        )
        if (
            quoted
            or token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
            or dice.random() > amount
        ):
            continue
        at = lines[token.end[0] - 1] + token.end[1]
        number += 1
        if token.type == tokenize.COMMENT:
            inserted.append((at, f" {number}"))
        elif following.type in (tokenize.NEWLINE, tokenize.NL) and token.type != tokenize.NL:
            inserted.append(
                (
                    at,
                    dice.choice((f"  # note {number}", f" #note {number}", "  ", " ;" if not depth else " ")),
                )
            )
        elif token.type in (tokenize.NEWLINE, tokenize.NL) and not depth:
            inserted.append(
                (at, dice.choice((f"# above {number}\n", "\n", f"        # off {number}\n", "\f\n")))
            )
        elif depth and token.type != tokenize.NL:
            blank = " " * dice.randrange(12)
            inserted.append(
                (
                    at,
                    dice.choice(
                        (f"  # in {number}\n{blank}", f"\n{blank}", "  ", f"\n{blank}# own {number}\n{blank}")
                    ),
                )
            )
        elif token.end == following.start or following.start[0] != token.end[0]:
            continue
        else:
            inserted.append((at, dice.choice(("  ", " \\\n  "))))
    made = text
    for at, piece in sorted(inserted, key=lambda i: i[0], reverse=True):
        made = made[:at] + piece + made[at:]
    return made if is_same(text, made) else text


def _tabbed(text: str) -> str:
    made = re.sub(r"(?m)^(?: {4})+", lambda m: "\t" * (len(m[0]) // 4), text)
    return made if parses(made) else text


@st.composite
def files(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> bytes:
    """A program as a file: any layout, line ends, byte order mark and encoding."""
    text = draw(texts)
    if amount := draw(st.sampled_from([0, 0, 0.02, 0.1, 0.4])):
        text = reformatted(text, draw(st.integers(0, 2**32)), amount)
    if draw(st.booleans()):
        text = _tabbed(text)
    plain = text
    shape = draw(
        st.sampled_from(
            ["plain", "plain", "crlf", "cr", "no end", "bom", "latin-1", "euc_jp", "utf-8 declared"]
        )
    )
    text = {
        "crlf": text.replace("\n", "\r\n"),
        "cr": text.replace("\n", "\r"),
        "no end": text.rstrip("\n"),
    }.get(shape, text)
    text = text if is_same(plain, text) else plain
    if shape == "bom":
        return codecs.BOM_UTF8 + text.encode("utf-8", "replace")
    if shape in ("latin-1", "euc_jp", "utf-8 declared"):
        codec = shape.removesuffix(" declared")
        declared = (
            f"# -*- coding: {codec} -*-\n# caf\u00e9\n"
            if codec != "euc_jp"
            else f"# coding: {codec}\n# \u65e5\u672c\n"
        )
        try:
            return (declared + text).encode(codec)
        except UnicodeEncodeError:
            pass
    return text.encode("utf-8", "replace")


# --- old programs ------------------------------------------------------------------------------------


@functools.cache
def old_programs() -> tuple[str, ...]:
    """What the codemods say that they port or leave, and what the lint rules find."""
    shown = [e.before for name in registry.names() for e in registry.examples(name)]
    wrong = [rulebook()[rule].bad for rule in (rules.UNUSED, *api.RULES)]
    wrong += [check.rule.bad for check in rules.checks()]
    shown += [re.sub("[«»]", "", text) for texts in wrong for text in texts]
    return tuple(dict.fromkeys(textwrap.dedent(text).strip() + "\n" for text in shown))


#: Where a statement can stand.
_PLACES = (
    "def run(args, keep=False):\n    {}",
    "async def run(self):\n    {}",
    "class Job:\n    def run(self):\n        {}",
    "class Job:\n    {}",
    "try:\n    {}\nfinally:\n    pass",
    "try:\n    pass\nexcept ValueError:\n    {}",
    "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    {}\nfinally:\n    done()",
    "with open(p) as f, other():\n    {}",
    "for i in range(3):\n    {}\nelse:\n    pass",
    "while going():\n    {}",
    "if fast:\n    pass\nelif slow:\n    {}\nelse:\n    pass",
    "match x:\n    case [1, *_]:\n        {}\n    case _:\n        pass",
    "def outer():\n    def inner():\n        {}\n    return inner",
    "if __name__ == '__main__':\n    {}",
)


def nested(text: str, place: str, *, with_imports: bool) -> str:
    """A program with its statements at another place; its imports come along or stay at the top."""
    tree = _tree(text)
    if tree is None:
        return text
    first = next((n.lineno for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom)), None)
    if first is None:
        return text
    lines = text.splitlines(keepends=True)
    head, body = ("", text) if with_imports else ("".join(lines[: first - 1]), "".join(lines[first - 1 :]))
    before, _, after = place.partition("{}")
    indent = before.rpartition("\n")[2]
    made = f"{head}{before.removesuffix(indent)}{textwrap.indent(body, indent)}{after.lstrip(' ')}\n"
    return made if parses(made) else text


def aliased(text: str, suffix: str) -> str:
    """A program that imports what it imports under other names."""
    tree = _tree(text)
    if tree is None or not text.isascii():
        return text
    new = {
        alias.name: f"{alias.name}{suffix}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname is None and alias.name != "*"
    }
    lines = text.splitlines(keepends=True)
    places: list[tuple[int, int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in new:
            places.append((node.lineno, node.col_offset, len(node.id), new[node.id]))
        elif isinstance(node, ast.ImportFrom):
            places += [
                (a.lineno, a.col_offset, len(a.name), f"{a.name} as {new[a.name]}")
                for a in node.names
                if a.asname is None and a.name in new
            ]
    for line, column, length, name in sorted(set(places), reverse=True):
        row = lines[line - 1]
        lines[line - 1] = row[:column] + name + row[column + length :]
    made = "".join(lines)
    return made if parses(made) else text


@st.composite
def planted(draw: st.DrawFn) -> str:
    """A program that uses the SDK or the cookbook the old way, somewhere in code that does not."""
    text = draw(st.one_of(st.sampled_from(old_programs()), st.sampled_from(old_programs()), launches()))
    if not parses(text):
        return draw(st.sampled_from(old_programs()))
    if draw(st.booleans()):
        text = aliased(text, draw(st.sampled_from(["_", "1", "Alias"])))
    for _ in range(draw(st.integers(0, 2))):
        text = nested(text, draw(st.sampled_from(_PLACES)), with_imports=draw(st.booleans()))
    if draw(st.integers(0, 3)) == 0:
        text = draw(st.sampled_from(statements())) + text
    if draw(st.integers(0, 3)) == 0:
        text += draw(st.sampled_from(statements()))
    if draw(st.integers(0, 5)) == 0:
        text += draw(st.sampled_from(old_programs()))
    return text if parses(text) else draw(st.sampled_from(old_programs()))


# --- logs --------------------------------------------------------------------------------------------


@functools.cache
def messages() -> tuple[tuple[str, ...], ...]:
    """Of each template: its literal pieces, and the whole with placeholders that are filled somehow."""
    found = []
    for entry in full_catalogue().values():
        for pattern in entry.patterns:
            source = (pattern.text or pattern.reason or "").removesuffix("$").replace("\\", "")
            pieces = [p for p in re.split(r"<[a-z_]+(?::[a-z]+)?>|\.\.\.", source) if p]
            whole = re.sub(r"<[a-z_]+(?::([a-z]+))?>", lambda m: "7" if m[1] == "int" else "kb8-1", source)
            found.append((*pieces, whole))
        found.append(entry.examples)
    return tuple(dict.fromkeys(row for row in found if row))


NOISE = (
    " ", "\n", "\r\n", "\\n", "\\", "\\u0027", "\x1b[31m", "\x1b[", "| ", "\n  | ", "\u2502 ", "'", '"', "x", "7",
    "<name>", "{name!r}", "%s", "...", "RuntimeError: ", "ERROR ", "Traceback (most recent call last):\n",
    '  File "/x/fireworks/training/sdk/trainer.py", line 3, in f\n    raise ValueError("no")\n', "(HTTP 400)",
    "During handling of the above exception, another exception occurred:\n", '{"code": 3, "message": "',
    "File \"", "# ", ">>> ", "```\n", "-" * 40, "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "\0",
)  # fmt: skip


@st.composite
def units(draw: st.DrawFn) -> list[str]:
    """Pieces of one or two messages, between noise: what a text is made of that wants to be slow."""
    pieces = [p for row in draw(st.lists(st.sampled_from(messages()), min_size=1, max_size=2)) for p in row]
    return draw(st.lists(st.sampled_from(pieces) | st.sampled_from(NOISE), min_size=1, max_size=8))


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """A text of messages, whole or not, repeated, cut, wrapped, encoded, between noise."""
    text = ""
    for _ in range(draw(st.integers(1, 4))):
        text += "".join(draw(units())) * draw(st.sampled_from([1, 1, 1, 2, 3, 40, 200]))
    data = text[:20_000].encode("utf-8", "replace")
    cut = draw(st.integers(0, len(data)))
    return data[cut:] + draw(st.binary(max_size=30)) + data[:cut]


# --- reports -----------------------------------------------------------------------------------------

#: Anything that can stand in a name or a message, halves of characters included.
ANY_TEXT = st.text(st.characters(), max_size=30)
_RESULT_NAMES = vars(results) | vars(typing)


def of_type(wanted: Any, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Any value of a type, built of dataclasses down to its texts."""
    origin, parts = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([of_type(part, texts) for part in sorted(parts, key=_is_big)])
    if origin is tuple:
        one = of_type(parts[0], texts)
        return st.lists(one, max_size=2).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(texts, of_type(parts[1], texts), max_size=2)
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return st.sampled_from(wanted)
    if dataclasses.is_dataclass(wanted):
        return _of_dataclass(wanted, texts)
    known = {str: texts, int: st.integers(1, 10**6), bool: st.booleans(), type(None): st.none()}
    return known[wanted]


def _is_big(wanted: Any) -> bool:
    return wanted is not type(None)


def _of_dataclass(wanted: Any, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(wanted, localns=_RESULT_NAMES | {"Result": _RESULT})
    fields = {f.name: of_type(hints[f.name], texts) for f in dataclasses.fields(wanted)}
    return st.builds(wanted, **fields)


_RESULT = (
    tuple[results.ShowResult, ...]
    | results.DiffResult
    | results.FitResult
    | results.BuildResult
    | results.SkillResult
)


@functools.cache
def reports() -> st.SearchStrategy[Report]:
    """Any report."""
    return _of_dataclass(Report, ANY_TEXT)


# --- secrets -----------------------------------------------------------------------------------------

#: How a key stands in texts; ``{}`` is the key.
SECRET_FORMS = (
    "fw_{}", 'api_key="{}"', "x['API_KEY'] = '{}'", '{{"token": "{}"}}', 'FIREWORKS_API_KEY: str = "{}"',
    "Authorization: Bearer {}", "https://ana:{}@host/x", "FIREWORKS_API_KEY={}", "x-api-key: {}",
    "https://h/x?X-Goog-Signature={}&b=1", "hf_{}", "headers={{'Authorization': 'Bearer {}'}}",
)  # fmt: skip
#: Never cut short by what a form asks for, and found again wherever it stands.
KEYS = st.text(string.ascii_letters + string.digits, min_size=20, max_size=40).map(lambda t: f"Q7{t}z9")


# --- rows of the control plane -----------------------------------------------------------------------

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(
        ["READY", "JOB_STATE_RUNNING", "2026-08-19T11:00:00Z", "1800s", "9" * 40, "-1", "accounts/a/b/c"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
