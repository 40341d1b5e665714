"""FWD217: an API key that stands in the code."""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections import Counter
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import Argument, File, Hit
from fwdoctor.redact import redact
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.source import span

RULE = Rule(
    id="FWD217",
    name="literal-api-key",
    severity=Severity.ERROR,
    side=Side.USER,
    message="an API key is written into the code",
    why="Whoever can read the file, its history or a copy of it can use the account.",
    remedy=(
        Remedy("Revoke the key and make a new one: the old one stays in the file's history."),
        Remedy(
            'Read it from the environment: os.environ["FIREWORKS_API_KEY"].',
            ("export FIREWORKS_API_KEY=...",),
        ),
    ),
    applicability=Applicability.MANUAL,
    source="the SDK's way to name keys; the form of keys as fwdoctor hides them",
    bad=(
        """
from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(
    api_key=«"fw_3ZqT8mXw2Lr7Kd9VbN4cYh6P"», base_model="accounts/fireworks/models/qwen3-8b", lora_rank=16
)
""",
        """
import os

import training.recipes.sft_loop as sft

os.environ["FIREWORKS_API_KEY"] = «"fw_3ZqT8mXw2Lr7Kd9VbN4cYh6P"»
headers = {"Authorization": «f"Bearer fw_3ZqT8mXw2Lr7Kd9VbN4cYh6P"»}
sft.main(sft.Config(log_path="runs/1"))
""",
        """
from fireworks.training.sdk import FireworksClient

client = FireworksClient(«api_key="q7Xw2Lr9Kd4VbN8cYh6PzT3m"»)
""",
    ),
    good=(
        """
import os

from fireworks.training.sdk import FireworksClient

client = FireworksClient(api_key=os.environ["FIREWORKS_API_KEY"])
""",
        """
from fireworks.training.sdk import FireworksClient

clients = [
    FireworksClient(api_key="<FIREWORKS_API_KEY>"),
    FireworksClient(api_key="YOUR_FIREWORKS_API_KEY_1234"),
    FireworksClient(api_key="fw_your_api_key"),
    FireworksClient(api_key="fw_xxxxxxxxxxxxxxxxxxxxxxxx"),
    FireworksClient(api_key="test-key-for-the-2nd-account"),
    FireworksClient(api_key="..."),
    FireworksClient(api_key=""),
]
""",
        """
from fireworks.training.sdk import FireworksClient

names = ["fw_client", "fw_3layer_config", "fw_checkpoint_20260801_0001", "fw_checkpoint20260801step", "fw_abcdefghijklmnopqrstuvwxyz"]
path = "/data/fw_3ZqT8mXw2Lr7Kd9VbN4cYh6P-weights/step"
""",
    ),
)

#: A key that is written into a settings file is as public as one beside the call.
ANYWHERE = True

#: A whole token, not a part of a name or of a path.
_KEY = re.compile(r"(?<![A-Za-z0-9_/.-])fw_([A-Za-z0-9]{16,})(?![A-Za-z0-9_/-])")
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.-]{20,}")
_PLACEHOLDER = re.compile(
    r"your|my[_-]|test|dummy|fake|mock|example|sample|placeholder|change|replace|insert|secret|key|token|"
    r"xxx|123456|abcdef|\.\.\.",
    re.IGNORECASE,
)
#: Bits per character: names have less, random tokens more.
_BITS = 3.0
#: Of so many random letters and digits, all kinds are among them.
_KINDS = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9].*[A-Za-z].*[0-9]"))
#: A key without capitals looks like the name of a model or a run: what stands before it must say that it is one.
_NAMED = re.compile(
    r"(?:key|token|secret|bearer|authorization)[\"')\]]*\s*(?::[^:=\n]{0,20})?[=:,(]?\s*[rbfu]{0,2}[\"']*(?:bearer )?$",
    re.IGNORECASE,
)
#: From letters to digits and back: random texts do it more often than names.
_TURN = re.compile(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
_TURNS = 6


def check(file: File) -> Iterator[Hit]:
    """Texts that are keys, comments that hold one, and what is passed as a key and looks like one."""
    if file.is_used("fw_") and _KEY.search(file.port.source.text):
        for node in ast.walk(file.model.tree):
            keys = _keys(node.value, _before(file, node)) if isinstance(node, ast.Constant) else []
            if keys and _is_hidden(file, place := _in_text(file, node), keys):
                yield Hit(place)
        for place, comment in _comments(file.port.source.text):
            keys = _keys(comment, "")
            if keys and _is_hidden(file, place, keys):
                yield Hit(place)
    for _, argument in file.passing("api_key") if file.is_used("api_key") and not file.is_test else ():
        text = file.known_text(argument.value)
        if (
            text
            and _is_token(text)
            and not _is_told(file, argument)
            and _is_hidden(file, argument.node, [text])
        ):
            yield Hit(argument.node)


def _before(file: File, node: ast.Constant) -> str:
    """What stands before a constant on its line."""
    line, column, _, _ = span(node)
    return file.port.source.line(line).encode()[:column].decode("utf-8", "replace")


def _comments(text: str) -> Iterator[tuple[ast.AST, str]]:
    """The comments of a file, each with a statement that stands for its place: comments have no node."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return  # it parses; the pure-Python tokenizer is stricter in corners
    for token in tokens:
        if token.type == tokenize.COMMENT:
            (line, start), (_, end) = token.start, token.end
            column = len(token.line[:start].encode())
            stop = column + len(token.line[start:end].encode())
            yield ast.Pass(lineno=line, col_offset=column, end_lineno=line, end_col_offset=stop), token.string


def _keys(value: object, before: str) -> list[str]:
    """The keys in a text; ``before`` stands in front of it."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return []
    found = []
    for key in _KEY.finditer(text):
        # The line before a key in a text; for the first line, also what is in front of the text.
        head = text[: key.start()]
        named = _NAMED.search(head.rpartition("\n")[2] if "\n" in head else before + head)
        if _looks_random(key[1]) or (named and _looks_random_in_small_letters(key[1])):
            found.append(key[0])
    return found


def _is_told(file: File, argument: Argument) -> bool:
    """Whether the text of an argument is found as a key already, where it is written."""
    value = file.origin(argument.value)
    return isinstance(value, ast.Constant) and bool(_keys(value.value, _before(file, value)))


def _is_token(text: str) -> bool:
    if _PLACEHOLDER.search(text):
        return False
    key = _KEY.fullmatch(text)
    small = key is not None and _looks_random_in_small_letters(key[1])
    return small or (bool(_TOKEN.fullmatch(text)) and _looks_random(text))


def _looks_random(token: str) -> bool:
    """Whether a token is no word, no date and no row of x."""
    return all(k.search(token) for k in _KINDS) and _is_no_word(token)


def _looks_random_in_small_letters(token: str) -> bool:
    """The same of one without capitals."""
    return token.islower() and len(_TURN.findall(token)) >= _TURNS and _is_no_word(token)


def _is_no_word(token: str) -> bool:
    total = len(token)
    bits = -sum(n / total * math.log2(n / total) for n in Counter(token).values())
    return bits >= _BITS and not _PLACEHOLDER.search(token)


def _in_text(file: File, node: ast.AST) -> ast.AST:
    """The text that a constant is, or is a part of: before Python 3.12 such parts have no place of their own."""
    parent = file.model.parents.get(node)
    return parent if isinstance(parent, ast.JoinedStr) else node


def _is_hidden(file: File, place: ast.AST, secrets: list[str]) -> bool:
    """Whether the line that reports show of a finding hides the key; else the finding would spread it."""
    line, _, _, _ = span(place)
    shown = redact(file.port.source.line(line))
    return not any(secret[i : i + 8] in shown for secret in secrets for i in range(len(secret) - 7))
