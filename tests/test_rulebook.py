"""The bundled rules, and what a bad rule file says."""

from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Location, Side
from fwdoctor.rulebook import RULE_ID, load, nearest, rulebook

GOOD = """
[[rule]]
id = "FWD900"
name = "a-rule"
severity = "error"
side = "user"
message = "{what} is wrong"
why = "because"
"""


def write(folder: Path, text: str, name: str = "x.toml") -> Path:
    target = folder / "lint" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, "utf-8")
    return folder


def test_the_bundled_rules_are_complete() -> None:
    for rule_id, rule in rulebook().items():
        assert RULE_ID.fullmatch(rule_id)
        assert rule.remedy or rule.side is Side.NOBODY, f"{rule_id} says what is wrong but not what to do"
        assert rule.source, f"{rule_id} names no source"
        assert rulebook().named(rule.name) is rule


BAD = {
    "not TOML": ("[[rule", "cannot read this rule file"),
    "an unknown key": (GOOD + 'colour = "red"\n', "unknown key 'colour'"),
    "no message": (GOOD.replace('message = "{what} is wrong"', ""), "'message' is missing"),
    "a bad id": (GOOD.replace("FWD900", "FWDX9"), "an id is like FWD101"),
    "a bad name": (GOOD.replace("a-rule", "A Rule"), "an id is like FWD101"),
    "a bad severity": (GOOD.replace('"error"', '"fatal"'), "'fatal' is not a valid Severity"),
    "twice": (GOOD + GOOD, "FWD900 is already taken"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_rule_file_is_a_clear_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FwdoctorError, match=message) as caught:
        load(write(tmp_path, text))
    assert "x.toml" in str(caught.value)


def test_a_finding_is_filled_from_its_variables(tmp_path: Path) -> None:
    rule = load(write(tmp_path, GOOD))["FWD900"]
    finding = rule.finding(location=Location("a.py", 1), what="it {0} {x")
    assert finding.message == "it {0} {x is wrong"
    with pytest.raises(FwdoctorError, match="nothing fills"):
        rule.finding()


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("FWD999", None),
        ("FWD1O6", "FWD106"),
        ("fwd106", "FWD106"),
        ("FDW106", "FWD106"),
        ("FWD016", "FWD106"),
        ("FW106", "FWD106"),
        ("FWD1066", "FWD106"),
        ("FWS999", None),
        ("XYZ", None),
        ("nonsense", None),
        ("E501", None),
        ("", None),
        ("removed-nam", "removed-name"),
        ("Removed_Name", "removed-name"),
        ("deprecated-infra-confg", "deprecated-infra-config"),
    ],
)
def test_only_a_near_code_is_suggested(wanted: str, near: str | None) -> None:
    from fwdoctor.explain.catalogue import catalogue

    known = {rule.id: rule.name for rule in rulebook().values()}
    known |= {entry.rule.id: entry.name for entry in catalogue().values()}
    told = nearest(wanted, known)
    assert told == (f"did you mean {near!r}?" if near else "'fwdoctor rule --all' lists them")
