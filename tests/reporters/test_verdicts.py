"""What the control plane says about an error stands in every format."""

from __future__ import annotations

import dataclasses
import json

import pytest

from fwdoctor.finding import Finding, Report, Standing, Verdict
from fwdoctor.reporters import Style, render_as
from tests.reporters.conftest import Make

VERDICT = Verdict(Standing.CONFIRMED, "serving follows old-trainer", ("FWP301", "FWP302"))
SAID = "confirmed by FWP301, FWP302: serving follows old-trainer"
STYLE = Style(color=False, quiet=False, verbose=False, unicode=True)


def _render(finding: Finding, output_format: str) -> str:
    return render_as(Report(command="check", findings=(finding,), checks=()), output_format, STYLE)


@pytest.mark.parametrize("output_format", ["text", "concise", "github", "junit", "sarif", "rdjson"])
def test_it_is_told(make: Make, output_format: str) -> None:
    assert SAID in _render(make(verdict=VERDICT), output_format)
    assert "confirmed" not in _render(make(), output_format)


@pytest.mark.parametrize("output_format", ["json", "jsonl"])
def test_it_is_data(make: Make, output_format: str) -> None:
    text = _render(make(verdict=VERDICT), output_format)
    found = json.loads(text)["findings"][0] if output_format == "json" else json.loads(text.splitlines()[0])
    assert found["verdict"] == {
        "standing": "confirmed",
        "message": "serving follows old-trainer",
        "rules": ["FWP301", "FWP302"],
    }


def test_without_rules_it_says_so_little() -> None:
    assert str(dataclasses.replace(VERDICT, rules=())) == "confirmed: serving follows old-trainer"
