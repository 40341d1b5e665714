"""Takes secrets out of text that is shown: reports end up in pull requests and in other people's hands.

What a value *is called* decides (``api_key="..."``), and what it looks like (``fw_...``, ``Bearer ...``).
Names stay: ``api_key=api_key`` and ``os.environ["FIREWORKS_API_KEY"]`` say nothing that is secret.
"""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

#: A name that ends in what is secret: ``tokenizer_model`` and ``max_tokens`` name no secret.
_NAME = r"[\w.-]*(?:key|token|secret|passw(?:or)?d|authorization|credentials?)"
#: What may stand between a name and its value: the end of a subscript or a quote, an annotation, `=` or `:`.
_BETWEEN = r"""["']?\s*\]?\s*(?::\s*[\w.\[\] |]{1,40})?\s*[=:]\s*(?:\w{0,2})"""
_VALUE = r"""(?P<quote>["'])(?P<value>[^"'\n]+)(?P=quote)"""
_NAMED = re.compile(rf"(?P<head>{_NAME}{_BETWEEN}){_VALUE}", re.IGNORECASE)
_PAIR = re.compile(rf"""(?P<head>["']{_NAME}["']\s*,\s*(?:\w{{0,2}})){_VALUE}""", re.IGNORECASE)
_TOKENS = (
    re.compile(r"\bfw_[A-Za-z0-9]{6,}"),
    re.compile(r"(?<=Bearer )[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
    re.compile(r"\b(?:sk|hf|ghp|wandb)[-_][A-Za-z0-9_-]{16,}"),
)


def redact(text: str) -> str:
    """The text with everything hidden that looks like a secret; the rest, and its lines, stay."""
    text = _NAMED.sub(_hide, text)
    text = _PAIR.sub(_hide, text)
    for token in _TOKENS:
        text = token.sub(HIDDEN, text)
    return text


def _hide(found: re.Match[str]) -> str:
    value = found["value"]
    if re.fullmatch(r"(?:Bearer )?\{[^{}]*\}", value):  # an f-string that holds nothing but a name
        return found[0]
    return f"{found['head']}{found['quote']}{HIDDEN}{found['quote']}"
