"""JUnit's XML as its readers take it."""

import xml.etree.ElementTree as ET

import pytest

from fwdoctor import reporters
from fwdoctor.finding import FileOutcome, FileStatus, Location, Problem, Report, Severity


def tree(report: Report, *, unicode: bool = True) -> ET.Element:
    root = ET.fromstring(reporters.render(report, "junit", unicode=unicode).encode())
    for suites in (root, *root.findall("testsuite")):
        cases = list(suites.iter("testcase"))
        assert int(suites.attrib["tests"]) == len(cases)
        for outcome, count in (("failure", "failures"), ("error", "errors")):
            assert int(suites.attrib[count]) == sum(case.find(outcome) is not None for case in cases)
    return root


def test_a_clean_run_is_one_test_that_passed() -> None:
    (suite,) = tree(Report("lint"))
    (case,) = suite
    assert (suite.attrib["name"], case.attrib["name"], list(case)) == ("fwdoctor lint", "nothing found", [])


def test_a_suite_for_each_file_and_a_case_for_each_finding(make) -> None:
    other = make(location=Location("other.py", 9), severity=Severity.WARNING)
    root = tree(Report("lint", (make(), other, make())))
    assert [(s.attrib["name"], [c.attrib["name"] for c in s]) for s in root] == [
        ("train.py", ["FWD102 deprecated-weight-sync-config", "FWD102 deprecated-weight-sync-config (2)"]),
        ("other.py", ["FWD102 deprecated-weight-sync-config"]),
    ]
    case = root[0][0]
    assert (case.attrib["classname"], case.attrib["file"], case.attrib["line"]) == (
        "train.py",
        "train.py",
        "3",
    )
    (failure,) = case
    assert (failure.tag, failure.attrib["type"]) == ("failure", "error")
    assert failure.attrib["message"] == "weight_sync= is gone"
    assert failure.text == "at train.py:3:10\nweight_sync= is gone\nPort it.\n$ fwdoctor migrate train.py"
    assert root[1][0][0].attrib["type"] == "warning"


@pytest.mark.parametrize(("infos_count", "tag"), [(False, "system-out"), (True, "failure")])
def test_advice_fails_nothing_unless_it_sets_the_exit_status(make, infos_count: bool, tag: str) -> None:
    report = Report("lint", (make(severity=Severity.INFO),), infos_count=infos_count)
    assert [e.tag for e in tree(report)[0][0]] == [tag]
    assert bool(report.exit_status()) is (tag == "failure")


def test_problems_are_errors_and_files_to_be_ported_fail() -> None:
    outcome = FileOutcome("a.py", FileStatus.PORTED, moves={"x": 1}, changed=True)
    problems = (Problem("is not UTF-8", "z.py"), Problem("no surfaces"))
    root = tree(Report("migrate", files=(outcome,), would_change=True, problems=problems))
    found = [(s.attrib["name"], c[0].tag, c[0].text) for s in root for c in s]
    assert found == [
        ("z.py", "error", "z.py: is not UTF-8"),
        ("fwdoctor migrate", "error", "no surfaces"),
        ("a.py", "failure", "would be ported: x 1"),
    ]


def test_what_is_in_no_file_names_none(make) -> None:
    found = (
        make(location=None, resource="jobs/1"),
        make(location=None),
        make(location=Location("<stdin>", 1)),
    )
    root = tree(Report("lint", found))
    assert [s.attrib["name"] for s in root] == ["jobs/1", "fwdoctor lint", "<stdin>"]
    assert not any("file" in case.attrib for case in root.iter("testcase"))


def test_a_cell_is_in_the_text(make) -> None:
    (suite,) = tree(Report("lint", (make(location=Location("a.ipynb", 3, 1, cell=2)),)))
    assert "line" not in suite[0].attrib
    assert suite[0][0].text.startswith("at a.ipynb:cell 2:3:1\ncell 2, line 3: ")


@pytest.mark.parametrize("unicode", [True, False])
def test_every_text_survives_but_for_what_xml_cannot_say(make, unicode: bool) -> None:
    text = "a<b & 'c' \"d\" ]]> \x00\x07\x1b\x0b\ufffe\ud800 é😀\ttab\r\nline"
    expected = "a<b & 'c' \"d\" ]]> ? é😀\ttab\r\nline"
    (suite,) = tree(Report("lint", (make(message=text, remedy=(), location=None),)), unicode=unicode)
    failure = suite[0][0]
    assert failure.text == expected
    assert failure.attrib["message"] == expected
