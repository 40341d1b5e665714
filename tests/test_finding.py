"""Exit statuses and summaries."""

import pytest

from fwdoctor.finding import Finding, Location, Problem, Report, Severity, Side, Summary

ERROR, WARNING, INFO = (Finding("FWD101", "n", s, Side.USER, "m") for s in Severity)
PROBLEM = Problem("cannot be read", "x.py")

# findings, problems, would change, --exit-zero → exit status
EXITS = [
    pytest.param((), (), False, False, 0, id="nothing found"),
    pytest.param((INFO,), (), False, False, 0, id="advice alone"),
    pytest.param((WARNING,), (), False, False, 1, id="a warning"),
    pytest.param((ERROR,), (), False, False, 1, id="an error"),
    pytest.param((), (), True, False, 1, id="something would change"),
    pytest.param((), (PROBLEM,), False, False, 2, id="a problem"),
    pytest.param((ERROR,), (PROBLEM,), True, False, 2, id="2 wins over 1"),
    pytest.param((ERROR,), (), True, True, 0, id="--exit-zero relaxes 1"),
    pytest.param((ERROR,), (PROBLEM,), False, True, 2, id="--exit-zero never relaxes 2"),
]


@pytest.mark.parametrize(("findings", "problems", "would_change", "exit_zero", "status"), EXITS)
def test_exit_status(
    findings: tuple[Finding, ...],
    problems: tuple[Problem, ...],
    would_change: bool,
    exit_zero: bool,
    status: int,
) -> None:
    report = Report("check", findings=findings, problems=problems, would_change=would_change)
    assert report.exit_status(exit_zero=exit_zero) == status


def test_summary_counts_by_severity() -> None:
    assert Report("check", findings=(ERROR, WARNING, WARNING, INFO)).summary == Summary(1, 2, 1)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("a.py"), "a.py"),
        (Location("a.py", 3), "a.py:3"),
        (Location("a.py", 3, 7), "a.py:3:7"),
        (Location("n.ipynb", 2, 5, cell=3), "n.ipynb:cell 3:2:5"),
        (Location("n.ipynb", cell=3), "n.ipynb:cell 3"),
    ],
)
def test_location_text(location: Location, text: str) -> None:
    assert str(location) == text
