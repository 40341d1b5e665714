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
#: The rest of a key that a wrapped line cut in two.
_CUT = r"(?:[ \t]*\r?\n[ \t]*(?=[A-Za-z]*[0-9])[A-Za-z0-9_-]{4,})?"
_TOKENS = (
    re.compile(rf"\bfw_[A-Za-z0-9]{{3,}}{_CUT}"),
    re.compile(rf"(?<=Bearer )[A-Za-z0-9._~+/=-]{{6,}}{_CUT}", re.IGNORECASE),
    re.compile(r"(?<=Basic )[A-Za-z0-9+/=]{8,}"),
    re.compile(rf"\b(?:sk|hf|ghp|gho|github_pat|wandb|xox[abp]|glpat)[-_][A-Za-z0-9_-]{{16,}}{_CUT}"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+)?"),
    # user:password in an address
    re.compile(r"(?<=://)[^\s/:@'\"]+:[^\s/@'\"]+(?=@)"),
    # what signs an address, and lets whoever has it in
    re.compile(
        r"(?<=[?&])(?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|"
        r"GoogleAccessId|sig|token|access_token|api_key|key)=[^&\s'\"<>]+",
        re.IGNORECASE,
    ),
    # NAME=value of a shell, an .env file or a header; names in capitals are no Python arguments
    re.compile(
        r"(?<=KEY=)[^\s'\"$({\[]{6,}|(?<=TOKEN=)[^\s'\"$({\[]{6,}|(?<=SECRET=)[^\s'\"$({\[]{6,}|"
        r"(?<=PASSWORD=)[^\s'\"$({\[]{4,}"
    ),
    re.compile(r"(?<=x-api-key: )\S+|(?<=x-api-key:)\S+", re.IGNORECASE),
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
