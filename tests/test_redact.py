"""What is hidden, what stays readable, and that a planted key never gets through."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.redact import HIDDEN, redact

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
