"""What is hidden, what stays readable, and that a planted key never gets through."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.redact import HIDDEN, redact, redact_log

SECRETS = [
    'api_key="sesame-open-12345"',
    "api_key = 'sesame-open-12345'",
    'FIREWORKS_API_KEY: str = "sesame-open-12345"',
    'os.environ["FIREWORKS_API_KEY"] = "sesame-open-12345"',
    "os.environ.setdefault('WANDB_TOKEN', 'sesame-open-12345')",
    'headers={"Authorization": "Bearer sesame-open-12345"}',
    '{"x-api-key": f"sesame-open-12345", "other": 1}',
    "{'password': 'sesame-open-12345'}",
    'client(secret=b"sesame-open-12345", region="r")',
    "curl -H 'Authorization: Bearer sesame-open-12345'",
    "run(fw_sesameopen12345)",
    'x = "fw_sesameopen12345"  # mine',
]
READABLE = [
    "api_key=api_key",
    'os.environ["FIREWORKS_API_KEY"]',
    'os.environ.get("FIREWORKS_API_KEY", "")',
    'headers={"Authorization": f"Bearer {api_key}"}',
    'tokenizer_model="Qwen/Qwen3-8B"',
    "max_tokens=4096",
    "print(key)",
]


@pytest.mark.parametrize("text", SECRETS)
def test_hidden(text: str) -> None:
    shown = redact(text)
    assert "sesame" not in shown
    assert HIDDEN in shown
    assert redact(shown) == shown


@pytest.mark.parametrize("text", READABLE)
def test_readable(text: str) -> None:
    assert redact(text) == text


@given(
    st.sampled_from(
        ["api_key={q}{s}{q}", "x['API_KEY'] = {q}{s}{q}", "{{{q}token{q}: {q}{s}{q}}}", "fw_{s}"]
    ),
    st.sampled_from("\"'"),
    st.text(string.ascii_letters + string.digits, min_size=12, max_size=60),
    st.text(string.punctuation.replace("'", "").replace('"', "") + " é\t", max_size=40),
)
def test_a_planted_key_never_gets_through(form: str, quote: str, secret: str, around: str) -> None:
    text = f"{around}\n{form.format(q=quote, s=secret)}\n{around}"
    shown = redact(text)
    assert secret not in shown
    assert shown.count("\n") == text.count("\n")


KEY = "1ebc99d913c9716343a31f9630cf9a2a4afd2f50"
IN_LOGS = {
    "bare": f"api_key={KEY}",
    "after a colon": f"WANDB_API_KEY: {KEY}",
    "a password": "password: hunter",
    "a header": f"Authorization: {KEY}",
    "a cookie": f"Cookie: session={KEY}; a=b",
    "an option": f"train.py --api-key {KEY} --steps 3",
    "curl": f"curl -u ana:{KEY} https://x",
    "a netrc": f"machine x login ana password {KEY}",
    "an address": f"https://{KEY}@github.com/x",
    "no user": f"redis://:{KEY}@host/0",
    "a slash in it": f"https://ana:pa/{KEY}@host",
    "a quote that was lost": f"dcp_save failed: api_key='{KEY}",
    "github": "ghs_0123456789abcdefghijABCDEFGHIJ",
}


@pytest.mark.parametrize("text", IN_LOGS.values(), ids=IN_LOGS)
def test_logs_have_secrets_without_quotes(text: str) -> None:
    shown = redact_log(text)
    assert KEY not in shown
    assert "hunter" not in shown
    assert "0123456789abcdefghij" not in shown
    assert HIDDEN in shown


HARMLESS = (
    "max_tokens=512 prompt_tokens=18844 tokenizer: Qwen/Qwen3-8B first_token: 512",
    "KeyError: 'FIREWORKS_API_KEY'",
    "Check your API key. Training APIs require a training-scoped key",
    "the token: not found",
    "accounts/acme/rlorTrainerJobs/kb8vyphflnh3knf3 step-3-ab12cd34",
)


@pytest.mark.parametrize("text", HARMLESS)
def test_logs_keep_what_is_no_secret(text: str) -> None:
    assert redact_log(text) == text


SECRETS = (
    "fw_8qJ0lNbaKb6WkmCMaEm3ypiv",
    "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345",
    f"Bearer {KEY}",
    f"api_key='{KEY}'",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("indent", ["", "    ", "│ "])
def test_a_wrapped_secret_is_hidden_wherever_it_is_cut(secret: str, indent: str) -> None:
    head = "  Cause: the request was refused by a proxy that knows nothing of "
    plain = secret.removeprefix("Bearer ").removeprefix("api_key='").rstrip("'")
    for cut in range(1, len(secret)):
        shown = redact_log(f"{head}{secret[:cut]}\n{indent}{secret[cut:]} and went away")
        pieces = [plain[i : i + 12] for i in range(len(plain) - 12)]
        assert not [p for p in pieces if p in shown], (cut, shown)


_ENDLESS = {
    "a word": "u" * 100_000,
    "letters that are none": "ü" * 100_000,
    "spaces after a name": "key" + " " * 100_000,
    "frames": "|" * 100_000,
    "addresses": "://a:" * 20_000,
    "names": "token" * 20_000,
    "options": " -u " * 25_000,
    "wrapped lines": ("fw_" + "a1" * 25 + "\n") * 2_000,
}


@pytest.mark.parametrize("text", _ENDLESS.values(), ids=_ENDLESS)
def test_a_long_text_takes_no_more_than_its_length(text: str) -> None:
    """With a pattern that tries every way to share a text, this would take hours."""
    assert redact_log(text)
