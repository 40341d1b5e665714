"""Every format's exact text for one report."""

import json

import pytest

from fwdoctor import reporters
from fwdoctor.finding import (
    Applicability,
    CheckOutcome,
    CheckStatus,
    FileOutcome,
    FileStatus,
    Finding,
    Location,
    Remedy,
    Report,
    Severity,
    Side,
)

FINDING = Finding(
    rule="FWS201",
    name="sdk-too-old",
    severity=Severity.ERROR,
    side=Side.USER,
    message="fireworks-ai 1.2.0a86 does not satisfy >=1.2.9,<2",
    location=Location("training/pyproject.toml", 11),
    evidence="fireworks_ai-1.2.0a86.dist-info",
    count=2,
    cause="A stale SDK.",
    remedy=(Remedy("Upgrade.", ("pip install x",)), Remedy("Or pin the cookbook.")),
    applicability=Applicability.MANUAL,
)
CHECK = Report(
    command="check",
    findings=(FINDING,),
    checks=(
        CheckOutcome("python", CheckStatus.OK, "3.11.7"),
        CheckOutcome("sdk", CheckStatus.FINDING, "1.2.0a86", (FINDING,)),
        CheckOutcome("control plane", CheckStatus.SKIPPED, "no FIREWORKS_API_KEY"),
    ),
)
MIGRATE = Report(
    command="migrate",
    files=(
        FileOutcome("a.py", FileStatus.PORTED, moves={"deprecated-infra-config": 2}, changed=True, diff="--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n"),
        FileOutcome("b.py", FileStatus.UNCHANGED),
        FileOutcome("c.md", FileStatus.SKIPPED, reason="only Python files are ported"),
    ),
    notes=("looked at 9 files",),
    looked_at=9,
)  # fmt: skip

TEXT = """\
✓ python         3.11.7
✗ sdk            1.2.0a86  FWS201
- control plane  skipped: no FIREWORKS_API_KEY

FWS201 sdk-too-old · error · you must act ×2
  at training/pyproject.toml:11
  fireworks-ai 1.2.0a86 does not satisfy >=1.2.9,<2
  seen fireworks_ai-1.2.0a86.dist-info
  1. Upgrade.
     $ pip install x
  2. Or pin the cookbook.

1 error · 1 skipped
"""


def test_text() -> None:
    assert reporters.render(CHECK, "text") == TEXT


def test_text_in_ascii() -> None:
    text = reporters.render(CHECK, "text", unicode=False)
    assert text.isascii()
    assert text.startswith("ok python")
    assert "!! sdk" in text


def test_text_in_colour_says_the_same() -> None:
    import re

    coloured = reporters.render(CHECK, "text", color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == TEXT


def test_quiet_is_findings_only() -> None:
    assert reporters.render(CHECK, "text", quiet=True).startswith("FWS201")
    assert reporters.render(MIGRATE, "text", quiet=True) == ""


def test_verbose_says_why() -> None:
    assert "  why A stale SDK.\n" in reporters.render(CHECK, "text", verbose=True)


def test_text_of_a_migration() -> None:
    assert reporters.render(MIGRATE, "text") == (
        "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n"
        "ported    a.py  deprecated-infra-config 2\n"
        "skipped   c.md  only Python files are ported\n"
        "ported 1 · unchanged 7 · skipped 1\n"
    )


def test_concise() -> None:
    expected = "training/pyproject.toml:11: FWS201 fireworks-ai 1.2.0a86 does not satisfy >=1.2.9,<2\n"
    assert reporters.render(CHECK, "concise") == expected


def test_json_has_every_field_of_the_design() -> None:
    data = json.loads(reporters.render(CHECK, "json"))
    assert {"tool", "version", "command", "schema", "findings", "summary", "checks"} <= data.keys()
    (finding,) = data["findings"]
    assert finding["location"] == {
        "path": "training/pyproject.toml",
        "line": 11,
        "column": None,
        "end_line": None,
        "end_column": None,
        "cell": None,
    }
    assert finding["remedy"] == ["Upgrade.", "Or pin the cookbook."]
    assert finding["commands"] == ["pip install x"]
    assert data["summary"] == {"errors": 1, "warnings": 0, "infos": 0}
    assert "files" not in data
    assert json.loads(reporters.render(MIGRATE, "json"))["files"][0]["moves"] == {
        "deprecated-infra-config": 2
    }


@pytest.mark.parametrize("output_format", ["text", "concise", "json", "jsonl"])
def test_an_empty_report(output_format: str) -> None:
    text = reporters.render(Report("check", checks=()), output_format)
    assert text == {"text": "nothing found\n", "concise": ""}.get(output_format, text)


def test_what_was_wrong_before_the_port_stands_apart() -> None:
    port = Finding("FWD106", "a", Severity.WARNING, Side.USER, "the port left this")
    before = Finding("FWD114", "b", Severity.ERROR, Side.USER, "nobody's fault but yours", preexisting=True)
    text = reporters.render(Report(command="migrate", findings=(before, port), files=()), "text")
    assert (
        text.index("the port left this") < text.index("Wrong before the port") < text.index("nobody's fault")
    )
