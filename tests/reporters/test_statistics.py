"""Counts by rule."""

import json

from fwdoctor.finding import Report
from fwdoctor.reporters import Style, statistics


def report(make) -> Report:
    one, two = make(rule="FWD101", name="one"), make(rule="FWD2", name="two")
    return Report("lint", (one, *[two] * 10, make(rule="FWD100", name="nought")))


def test_the_most_frequent_first_then_by_rule(make) -> None:
    assert statistics.render(report(make), Style()) == (
        "10  FWD2    two\n 1  FWD100  nought\n 1  FWD101  one\n"
    )


def test_json(make) -> None:
    assert json.loads(statistics.render(report(make), Style(), as_json=True)) == [
        {"rule": "FWD2", "name": "two", "count": 10},
        {"rule": "FWD100", "name": "nought", "count": 1},
        {"rule": "FWD101", "name": "one", "count": 1},
    ]


def test_nothing_found() -> None:
    assert statistics.render(Report("lint"), Style()) == "nothing found\n"
    assert statistics.render(Report("lint"), Style(quiet=True)) == ""
    assert statistics.render(Report("lint"), Style(), as_json=True) == "[]\n"
