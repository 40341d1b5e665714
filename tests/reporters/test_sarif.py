"""SARIF: valid, relative, stable when lines move, never too large, never silent about it."""

import gzip
import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fwdoctor import __version__, reporters
from fwdoctor.cli import run
from fwdoctor.finding import FileOutcome, FileStatus, Location, Problem, Remedy, Report, Severity
from fwdoctor.reporters import Style, sarif_

SUBSET = json.loads((Path(__file__).parent / "sarif_subset.json").read_text("utf-8"))
FIXTURES = Path(__file__).parents[1] / "fixtures"
STYLE = Style(folder="/work/repo/sub", root="/work/repo")


def validate(log: Any) -> None:
    jsonschema.validate(log, SUBSET)
    official = os.environ.get("FWDOCTOR_SARIF_SCHEMA")
    if official:
        schema = json.loads(Path(official).read_text("utf-8"))
        jsonschema.validators.validator_for(schema)(schema).validate(log)


def rendered(report: Report, style: Style = STYLE) -> dict[str, Any]:
    log = json.loads(reporters.render_as(report, "sarif", style))
    validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def physical(make, **given: Any) -> dict[str, Any]:
    (result,) = rendered(Report("lint", (make(**given),)))["results"]
    place: dict[str, Any] = result["locations"][0]["physicalLocation"]
    return place


def test_an_empty_report_is_a_run_that_went_well() -> None:
    run = rendered(Report("lint"))
    assert run["results"] == []
    assert run["tool"]["driver"] == {
        "name": "fwdoctor",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [],
    }
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_a_result_and_its_rule(make) -> None:
    run = rendered(Report("lint", (make(rule="FWD106", name="setting-without-counterpart"), make())))
    first, second = run["results"]
    assert [r["id"] for r in run["tool"]["driver"]["rules"]] == ["FWD102", "FWD106"]
    assert (first["ruleId"], first["ruleIndex"], second["ruleId"], second["ruleIndex"]) == (
        "FWD106",
        1,
        "FWD102",
        0,
    )
    assert second["message"] == {"text": "weight_sync= is gone"}
    assert run["columnKind"] == "unicodeCodePoints"
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["name"] == "DeprecatedWeightSyncConfig"
    assert rule["shortDescription"]["text"] == "Deprecated weight sync config"
    assert "reject weight_sync=" in rule["fullDescription"]["text"]
    assert "\nPort it.\n$ fwdoctor migrate ‹path›\nBad:\n" in rule["help"]["text"]
    assert "\n\nPort it.\n\n```sh\nfwdoctor migrate ‹path›\n```\n\nBad:" in rule["help"]["markdown"]
    assert "#                          ^" in rule["help"]["markdown"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["properties"]["tags"] == ["fireworks-ai", "fix-safe"]


def test_rules_of_errors_in_logs_are_described_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(FIXTURES / "failed_run.log"), "--output-format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    validate(log)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == ["FWE702", "FWE903"]
    assert all(len(r["help"]["text"]) > 40 for r in rules)


def test_a_rule_that_nobody_knows_is_described_by_its_finding(make) -> None:
    finding = make(rule="FWX999", name="of-tomorrow", cause="It fails.", reference="https://example.org/x")
    (rule,) = rendered(Report("lint", (finding,)))["tool"]["driver"]["rules"]
    assert (rule["name"], rule["fullDescription"]["text"]) == ("OfTomorrow", "It fails.")
    assert rule["helpUri"] == "https://example.org/x"


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")],
)
def test_levels(make, severity: Severity, level: str) -> None:
    assert rendered(Report("lint", (make(severity=severity),)))["results"][0]["level"] == level


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("train.py", "sub/train.py"),
        ("./train.py", "sub/train.py"),
        ("../train.py", "train.py"),
        ("/work/repo/a/b.py", "a/b.py"),
        ("a b/ü:#?.py", "sub/a%20b/%C3%BC%3A%23%3F.py"),
        ("bad\udcff.py", "sub/bad%FF.py"),
        ("100%.py", "sub/100%25.py"),
    ],
)
def test_addresses_are_relative_to_the_root(make, path: str, uri: str) -> None:
    place = physical(make, location=Location(path, 1))
    assert place["artifactLocation"] == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_what_lies_outside_has_a_whole_address(make) -> None:
    for path in ("/elsewhere/a b.py", "../../../elsewhere/a b.py"):
        place = physical(make, location=Location(path, 1))
        assert place["artifactLocation"] == {"uri": "file:///elsewhere/a%20b.py"}


def test_the_root_is_that_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "pyproject.toml").write_text(
        '[project]\nname="x"\ndependencies=["fireworks-ai>=2"]\n'
    )
    monkeypatch.chdir(tmp_path / "sub")
    args = ["check", ".", "--python", str(FIXTURES / "stale_venv"), "--output-format", "sarif"]
    uris = []
    for _ in range(2):
        run(args)
        results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
        uris += [
            r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for r in results
            if r["ruleId"] == "FWS202"
        ]
        (tmp_path / ".git").mkdir(exist_ok=True)
    assert uris == ["pyproject.toml", "sub/pyproject.toml"]


LINE = "x = rl.C(weight_sync=1)"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (
            Location("a.py", 3, 10, 3, 21),
            {
                "region": {"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 21},
                "contextRegion": {"startLine": 3, "snippet": {"text": LINE}},
            },
        ),
        (
            Location("a.py", 3, 10, 5, 2),
            {"region": {"startLine": 3, "startColumn": 10, "endLine": 5, "endColumn": 2}},
        ),
        (Location("a.py", 3), {"region": {"startLine": 3, "snippet": {"text": LINE}}}),
        (  # a context is larger than what it is the context of
            Location("a.py", 3, 1, 3, len(LINE) + 1),
            {
                "region": {
                    "startLine": 3,
                    "startColumn": 1,
                    "endLine": 3,
                    "endColumn": len(LINE) + 1,
                    "snippet": {"text": LINE},
                }
            },
        ),
        (Location("a.py"), {"region": {"startLine": 1}}),
        (Location("a.ipynb", 3, 10, 3, 21, cell=2), {"region": {"startLine": 1}}),
    ],
)
def test_regions(make, location: Location, expected: dict[str, Any]) -> None:
    place = physical(make, location=location, excerpt=LINE)
    del place["artifactLocation"]
    assert place == expected


@pytest.mark.parametrize(
    ("given", "text", "logical"),
    [
        (
            {"location": Location("a.ipynb", 3, 10, cell=2)},
            "cell 2, line 3: weight_sync= is gone",
            {"name": "cell 2", "fullyQualifiedName": "a.ipynb:cell 2, line 3"},
        ),
        (
            {"location": Location("<stderr>", 7)},
            "weight_sync= is gone",
            {"name": "<stderr>:7", "kind": "stream"},
        ),
        (
            {"location": None, "resource": "jobs/1"},
            "weight_sync= is gone",
            {"name": "jobs/1", "kind": "resource"},
        ),
    ],
)
def test_places_that_are_no_lines_of_a_file(
    make, given: dict[str, Any], text: str, logical: dict[str, str]
) -> None:
    (result,) = rendered(Report("lint", (make(**given),)))["results"]
    assert result["message"]["text"] == text
    assert result["locations"][0]["logicalLocations"] == [logical]


def test_brackets_in_a_message_are_no_link(make) -> None:
    (result,) = rendered(Report("lint", (make(message="pass [a](1)"),)))["results"]
    assert result["message"]["text"] == "pass [a] (1)"


def prints(report: Report) -> list[str]:
    return [r["partialFingerprints"][sarif_.FINGERPRINT] for r in rendered(report)["results"]]


def at(finding, line: int, column: int = 10):
    return replace(finding, location=Location("train.py", line, column))


def test_a_fingerprint_stays_when_lines_and_indentation_move(make) -> None:
    finding = make(excerpt=LINE)
    before = prints(Report("lint", (at(finding, 3), at(finding, 8))))
    moved = replace(finding, excerpt=f"    {LINE.replace(' = ', '  =  ')}")
    assert prints(Report("lint", (at(moved, 40, 14), at(moved, 48, 14)))) == before
    assert len(set(before)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "FWD103"},
        {"excerpt": LINE + "  # changed"},
        {"location": Location("other.py", 3, 10)},
    ],
)
def test_a_fingerprint_tells_findings_apart(make, change: dict[str, Any]) -> None:
    finding = make(excerpt=LINE, location=Location("train.py", 3, 10))
    assert len(set(prints(Report("lint", (finding, replace(finding, **change)))))) == 2


def test_equal_lines_are_counted_from_the_top_whatever_the_order(make) -> None:
    finding = make(excerpt=LINE)
    down = prints(Report("lint", (at(finding, 3), at(finding, 8))))
    assert prints(Report("lint", (at(finding, 8), at(finding, 3)))) == down[::-1]


def test_without_a_line_the_message_without_its_places_identifies(make) -> None:
    one, two = (make(location=None, message=f"train.py:{n} is old") for n in (3, 4))
    assert prints(Report("lint", (one,))) == prints(Report("lint", (two,)))


def test_problems_are_notifications_and_the_run_failed(make) -> None:
    report = Report(
        "lint",
        (make(),),
        problems=(Problem("is not UTF-8", "a b.py"), Problem("no surfaces")),
        preface=("The SDK is stale.",),
        interrupted=True,
    )
    (invocation,) = rendered(report)["invocations"]
    assert invocation["executionSuccessful"] is False
    first, *others = invocation["toolExecutionNotifications"]
    assert first["message"]["text"] == "a b.py: is not UTF-8"
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sub/a%20b.py"
    assert [(n["level"], n["message"]["text"]) for n in others] == [
        ("error", "no surfaces"),
        ("error", "interrupted: there may be more to find"),
        ("note", "The SDK is stale."),
    ]


def test_files_that_a_check_would_port_are_told() -> None:
    outcome = FileOutcome("a.py", FileStatus.PORTED, moves={"deprecated-infra-config": 2}, changed=True)
    notes = rendered(Report("migrate", files=(outcome,), would_change=True))["invocations"][0]
    assert [n["message"]["text"] for n in notes["toolExecutionNotifications"]] == [
        "would be ported: deprecated-infra-config 2"
    ]
    assert notes["executionSuccessful"] is True


def test_what_comments_suppress_is_no_result(make) -> None:
    outcome = FileOutcome("a.py", FileStatus.UNCHANGED, ignored=(make(),))
    assert rendered(Report("migrate", files=(outcome,)))["results"] == []


def notices(run: dict[str, Any]) -> list[str]:
    return [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]]


def test_over_the_limit_the_worst_stay_and_it_is_said(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_, "RESULTS", 6)
    monkeypatch.setattr(sarif_, "SHOWN", 4)
    severities = [Severity.INFO, Severity.WARNING, Severity.ERROR] * 3
    findings = tuple(make(severity=s, location=Location("a.py", i + 1)) for i, s in enumerate(severities))
    run = rendered(Report("lint", findings))
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in run["results"]]
    assert lines == [2, 3, 5, 6, 8, 9]
    assert notices(run) == [
        "3 of 9 findings are left out, the least bad: services take no more",
        "GitHub shows 4 of the 6 findings in this file, the worst",
    ]


def test_a_file_that_is_too_large_shrinks_and_says_so(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_, "BYTES", 20_000)
    letters = random.Random(1)
    findings = [
        make(
            severity=Severity.ERROR if i == 399 else Severity.WARNING,
            message="".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=120)),
            location=Location("a.py", i + 1),
        )
        for i in range(400)
    ]
    text = reporters.render_as(Report("lint", tuple(findings)), "sarif", STYLE)
    run = json.loads(text)["runs"][0]
    assert len(gzip.compress(text.encode())) <= 20_000
    assert 100 < len(run["results"]) < 400
    assert run["results"][-1]["level"] == "error"
    assert notices(run) == [
        f"{400 - len(run['results'])} of 400 findings are left out, the least bad: services take no more"
    ]


def test_steps_are_numbered_and_secrets_are_hidden(make) -> None:
    finding = make(rule="FWX999", remedy=(Remedy("One."), Remedy("Two.", ('export api_key="fw_abc123456"',))))
    (rule,) = rendered(Report("lint", (finding,)))["tool"]["driver"]["rules"]
    assert rule["help"]["text"].endswith('\n1. One.\n2. Two.\n$ export api_key="[hidden]"')
