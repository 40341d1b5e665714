"""Takes secrets out of text that is shown: reports end up in pull requests and in other people's hands.

What a value *is called* decides (``api_key="..."``), and what it looks like (``fw_...``, ``Bearer ...``).
Names stay: ``api_key=api_key`` and ``os.environ["FIREWORKS_API_KEY"]`` say nothing that is secret.
"""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

#: A name that ends in what is secret: ``tokenizer_model`` and ``max_tokens`` name no secret.
#: (Not longer: a pattern that may begin anywhere in a long word takes quadratic time.)
_NAME = r"[\w.-]{0,64}(?:key|token|secret|passw(?:or)?d|authorization|credentials?)"
#: One of them is in each such name.
_WORDS = ("key", "token", "secret", "passw", "authorization", "credential")
#: What may stand between a name and its value: the end of a subscript or a quote, an annotation, `=` or `:`.
#: (Whitespace is never given back: three runs in a row would share a long one in every way there is.)
_BETWEEN = r"""["']?\s*+\]?\s*+(?::\s*+[\w.\[\] |]{1,40})?\s*+[=:]\s*+(?:\w{0,2})"""
_VALUE = r"""(?P<quote>["'])(?P<value>[^"'\n]+)(?P=quote)"""
_NAMED = re.compile(rf"(?P<head>{_NAME}{_BETWEEN}){_VALUE}", re.IGNORECASE)
_PAIR = re.compile(rf"""(?P<head>["']{_NAME}["']\s*,\s*(?:\w{{0,2}})){_VALUE}""", re.IGNORECASE)
#: The rest of a key that a wrapped line cut in two.
_CUT = r"(?:[ \t]*\r?\n[ \t]*(?=[A-Za-z]*[0-9])[A-Za-z0-9_-]{4,})?"
_TOKENS = (
    re.compile(rf"\bfw_[A-Za-z0-9]{{3,}}{_CUT}"),
    re.compile(rf"(?<=Bearer )[A-Za-z0-9._~+/=-]{{6,}}{_CUT}", re.IGNORECASE),
    re.compile(r"(?<=Basic )[A-Za-z0-9+/=]{8,}"),
    re.compile(
        rf"\b(?:sk|hf|gh[pousr]|github_pat|npm|pypi|wandb|xox[abp]|glpat)[-_][A-Za-z0-9_-]{{16,}}{_CUT}"
    ),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+)?"),
    # user:password in an address
    re.compile(r"(?<=://)[^\s/:@'\"]+:[^\s/@'\"]+(?=@)"),
    # what signs an address, and lets whoever has it in
    re.compile(
        r"(?<=[?&])(?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|"
        # (not what another of these patterns hid: hiding twice is hiding once)
        r"GoogleAccessId|sig|token|access_token|api_key|key)=(?!\[hidden\])[^&\s'\"<>]+",
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
    # Patterns that may begin anywhere cost a hundred times what this look does.
    plain = text.casefold()
    if any(word in plain for word in _WORDS):
        text = _NAMED.sub(_hide, text)
        text = _PAIR.sub(_hide, text)
    for token in _TOKENS:
        text = token.sub(HIDDEN, text)
    return text


#: In logs values stand bare. A name that says so hides whatever follows it, others what looks like a key.
_BARE = re.compile(
    r"(?P<head>(?P<name>[\w.-]{0,64}(?:api[_ -]?key|access[_-]?key|private[_-]?key|secret|passw(?:or)?d|"
    r"token|credentials?|authorization))[\"']?\s*[:=]\s*[\"']?(?:Bearer |Basic |Token )?)"
    r"(?P<value>[^\s\"',;)}\]&|]+)",
    re.IGNORECASE,
)
_ALWAYS = re.compile(r"passw(?:or)?d|authorization", re.IGNORECASE)
_LOG_SECRETS = (
    (re.compile(r"((?:set-)?cookie:\s*)[^\r\n\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(--?(?:api[-_]?key|token|password|secret)[ =])\S+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(\s-u\s+)[^\s:]+:\S+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\blogin\s+\S+\s+password\s+)\S+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?<=://)[^\s/@'\"<>]+(?=@)"), HIDDEN),
    (re.compile(r"(?<=://)[^\s/:@'\"<>]*:[^\s@'\"<>]{1,500}(?=@)"), HIDDEN),
)
#: Where a line was wrapped: its end and the frame or indentation of the next. Shorter ones were not.
_WRAP = re.compile(r"(?<![ \t|\u2502])[ \t|\u2502]*\r?\n[ \t|\u2502]*")
_NARROW = 40
#: The line was wrapped at the space.
_JOINED_BEARER = re.compile(r"(?<=Bearer)[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE)


def redact_log(text: str) -> str:
    """As :func:`redact`, for text that is no code: values stand without quotes, lines are wrapped."""
    text = redact(_without_wrapped(text))
    for pattern, hidden in _LOG_SECRETS:
        text = pattern.sub(hidden, text)
    return _BARE.sub(_hide_bare, text)


def _hide_bare(found: re.Match[str]) -> str:
    value = found["value"]
    if value.startswith((HIDDEN[:4], "$", "{", "<", "os.environ")):
        return found[0]
    like_a_key = len(value) >= 8 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return f"{found['head']}{HIDDEN}" if like_a_key or _ALWAYS.search(found["name"]) else found[0]


def _without_wrapped(text: str) -> str:
    """The text with secrets hidden that a wrapped line cut in two."""
    wraps = [w for w in _WRAP.finditer(text) if w.start() - text.rfind("\n", 0, w.start()) > _NARROW]
    if not wraps:
        return text
    joined, at = "", 0
    places: list[int] = []
    for wrap in wraps:
        joined += text[at : wrap.start()]
        places += range(at, wrap.start())
        at = wrap.end()
    joined += text[at:]
    places += range(at, len(text))
    spans = [m.span() for token in (*_TOKENS, _JOINED_BEARER) for m in token.finditer(joined)]
    spans += [m.span("value") for m in _BARE.finditer(joined) if _hide_bare(m) != m[0]]
    spans += [m.span("value") for pattern in (_NAMED, _PAIR) for m in pattern.finditer(joined)]
    for start, end in sorted(_merged(spans), reverse=True):
        first, last = places[start], places[end - 1] + 1
        text = f"{text[:first]}{HIDDEN}{text[last:]}"
    return text


def _hide(found: re.Match[str]) -> str:
    value = found["value"]
    if re.fullmatch(r"(?:Bearer )?\{[^{}]*\}", value):  # an f-string that holds nothing but a name
        return found[0]
    return f"{found['head']}{found['quote']}{HIDDEN}{found['quote']}"


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans without overlaps: several patterns may know one secret."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
