"""Templates: what they match, what their placeholders hold, and that no input makes them slow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.errors import FwdoctorError
from fwdoctor.explain.squeeze import Squeezed
from fwdoctor.explain.template import Span, Template


def find(template: str, text: str) -> Span | None:
    made = Template(template)
    window = Squeezed(text.encode())
    at = window.text.find(made.anchor)
    while at >= 0:
        if (span := made.match(window, at)) is not None:
            return span
        at = window.text.find(made.anchor, at + 1)
    return None


# template, text, what the placeholders hold (None: no match)
CASES = {
    "a word": ("Trainer job <job:word> failed$", "Trainer job kb8-1 failed\n", {"job": "kb8-1"}),
    "the line must end": ("Trainer job <job:word> failed$", "Trainer job kb8-1 failed to start", None),
    "a word is one word": ("Trainer job <job:word> failed", "Trainer job of mine failed", None),
    "words end at words": ("Trainer job <job:word> fail", "Trainer job kb8-1 failed", None),
    "words begin at words": ("rainer job <job:word> failed", "Trainer job kb8-1 failed", None),
    "a number": (
        "did not complete within <seconds:int>s",
        "did not complete within 1,800s",
        {"seconds": "1,800"},
    ),
    "no number": ("did not complete within <seconds:int>s", "did not complete within a few hours", None),
    "the rest": (
        "Sampling worker died: <message>",
        "Sampling worker died: out of luck\nx",
        {"message": "out of luck"},
    ),
    "quotes": ("cannot import name '<name:word>' from", 'cannot import name "a" from', {"name": "a"}),
    "wrapped in a word": (
        "Trainer job <job:word> was archived",
        "Trainer jo\nb kb8\n-1 was ar\nchived",
        {"job": "kb8-1"},
    ),
    "escaped": ("unknown field '<field:word>'", r"unknown field \"useX\"", {"field": "useX"}),
    "a word in front": (
        "<callee:word>() got an unexpected",
        "TypeError: A.b() got an unexpected",
        {"callee": "A.b"},
    ),
    "nothing in front": ("<callee:word>() got an unexpected", "TypeError: () got an unexpected", None),
    "three dots": ("form (job_id, \\...) is deprecated", "form (job_id, ...) is deprecated", {}),
    "a bracket": ("expected type \\<class", "expected type <class 'int'>", {}),
    "a document": ("Hotload failed for '<snapshot>'", "Hotload failed for '<name>'", None),
    "a format string": ("Hotload failed for '<snapshot>'", "Hotload failed for '{name!r}'", None),
    "an old format string": ("Hotload failed for '<snapshot>'", "Hotload failed for '%s'", None),
    "an ellipsis": ("Hotload failed for '<snapshot>'", "Hotload failed for '...'", None),
    "json is no format string": (
        "creation failed (HTTP <status:int>): <message>",
        'creation failed (HTTP 400): {"code": 3}',
        {"status": "400", "message": '{"code": 3}'},
    ),
    "a short piece before a long one": (
        "Failed to delete <job:word>: <message> You can delete it manually",
        "Failed to delete j-1: error: code: 5. You can delete it manually",
        {"job": "j-1", "message": "error: code: 5."},
    ),
}


@pytest.mark.parametrize(("template", "text", "expected"), CASES.values(), ids=CASES)
def test_match(template: str, text: str, expected: dict[str, str] | None) -> None:
    span = find(template, text)
    assert (span.variables if span is not None else None) == expected


BAD = {
    "nothing to look for": "<a> is <b>",
    "a placeholder first": "<message> happened to the trainer",
    "two placeholders": "the trainer said <a><b>",
    "an unknown kind": "the trainer said <a:float> things",
}


@pytest.mark.parametrize("source", BAD.values(), ids=BAD)
def test_bad_templates_are_refused(source: str) -> None:
    with pytest.raises(FwdoctorError):
        Template(source)


WORDS = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


@given(WORDS, st.integers(0, 99999), st.integers(12, 100))
def test_a_wrapped_message_is_found(job: str, seconds: int, width: int) -> None:
    text = f"TimeoutError: ERROR: Trainer job {job} did not become ready within {seconds}s after placement"
    wrapped = "\n".join(text[i : i + width] for i in range(0, len(text), width))
    span = find("Trainer job <job:word> did not become ready within <seconds:int>s", wrapped)
    assert span is not None
    assert span.variables == {"job": job, "seconds": str(seconds)}


def test_what_grows_tenfold_takes_about_tenfold_time() -> None:
    made = Template("start <a> middle <b> the end of it <c> and no more")

    def seconds(count: int) -> float:
        window = Squeezed(b"start middle the end of it " * count)
        began = time.perf_counter()
        for at in range(0, len(window.text), 200):
            made.match(window, at)
        return time.perf_counter() - began

    seconds(10)
    assert seconds(4000) < 60 * max(seconds(400), 1e-4)
