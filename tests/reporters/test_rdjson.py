"""reviewdog's format: its columns count bytes."""

import json
from typing import Any

import pytest

from fwdoctor import reporters
from fwdoctor.finding import FileOutcome, FileStatus, Location, Problem, Report, Severity


def rendered(report: Report) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(reporters.render(report, "rdjson"))
    return data


def test_a_finding(make) -> None:
    assert rendered(Report("lint", (make(reference="https://example.org/FWD102"),))) == {
        "source": {"name": "fwdoctor"},
        "severity": "ERROR",
        "diagnostics": [
            {
                "message": "deprecated-weight-sync-config: weight_sync= is gone\nPort it.\n$ fwdoctor migrate train.py",
                "location": {
                    "path": "train.py",
                    "range": {"start": {"line": 3, "column": 10}, "end": {"line": 3, "column": 21}},
                },
                "severity": "ERROR",
                "code": {"value": "FWD102", "url": "https://example.org/FWD102"},
            }
        ],
    }


def test_nothing_found() -> None:
    assert rendered(Report("lint")) == {"source": {"name": "fwdoctor"}, "diagnostics": []}


@pytest.mark.parametrize(
    ("line", "location", "expected"),
    [
        # 'a😀b': b stands in the third column and at the sixth byte
        ("a\U0001f600b", Location("a.py", 1, 3, 1, 4), {"start": (1, 6), "end": (1, 7)}),
        ("\xe9 = f(\xe9)", Location("a.py", 1, 5, 1, 9), {"start": (1, 6), "end": (1, 11)}),
        ("x = f(1)", Location("a.py", 1, 5, 1, 9), {"start": (1, 5), "end": (1, 9)}),
        # what is hidden in the report does not move the columns of the file
        (
            'k(api_key="fw_abc123", \xe9=1)',
            Location("a.py", 1, 26, 1, 27),
            {"start": (1, 27), "end": (1, 28)},
        ),
        # only the first line is known
        ("\xe9 = f(", Location("a.py", 1, 5, 3, 9), {"start": (1, 6), "end": (3, 9)}),
        (None, Location("a.py", 1, 5, 1, 9), {"start": (1, 5), "end": (1, 9)}),
        (None, Location("a.py", 1, 5), {"start": (1, 5)}),
        (None, Location("a.py", 1, None, 2), {"start": (1, None), "end": (2, None)}),
        (None, Location("a.py", 1), {"start": (1, None)}),
        (None, Location("a.py"), None),
        ("x", Location("a.ipynb", 1, 1, 1, 2, cell=3), None),
    ],
)
def test_ranges(make, line: str | None, location: Location, expected: dict[str, Any] | None) -> None:
    (diagnostic,) = rendered(Report("lint", (make(excerpt=line, location=location),)))["diagnostics"]
    found = diagnostic["location"].get("range")
    if expected is None:
        assert found is None
    else:
        assert {k: (v["line"], v.get("column")) for k, v in found.items()} == expected
    assert ("cell 3, line 1: " in diagnostic["message"]) is (location.cell == 3)


@pytest.mark.parametrize(
    ("severities", "overall"),
    [
        ([Severity.INFO], "INFO"),
        ([Severity.INFO, Severity.WARNING], "WARNING"),
        ([Severity.INFO, Severity.ERROR, Severity.WARNING], "ERROR"),
    ],
)
def test_the_worst_is_the_severity_of_all(make, severities: list[Severity], overall: str) -> None:
    data = rendered(Report("lint", tuple(make(severity=s) for s in severities)))
    assert data["severity"] == overall
    assert [d["severity"] for d in data["diagnostics"]] == [s.upper() for s in severities]


def test_problems_and_files_to_be_ported(make) -> None:
    outcome = FileOutcome("a.py", FileStatus.PORTED, changed=True)
    report = Report(
        "migrate",
        (make(location=None),),
        files=(outcome,),
        would_change=True,
        problems=(Problem("is locked", "z.py"),),
    )
    found = [(d["message"].split("\n")[0], d["location"]["path"]) for d in rendered(report)["diagnostics"]]
    assert found == [
        ("is locked", "z.py"),
        ("would be ported", "a.py"),
        ("deprecated-weight-sync-config: weight_sync= is gone", ""),
    ]
