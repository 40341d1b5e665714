"""One finding per cause, and nothing joined that does not belong together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fwdoctor.causes.code import CodeSetting
from fwdoctor.causes.join import join
from fwdoctor.explain.catalogue import catalogue
from fwdoctor.finding import Finding, Location, Severity, Side, Standing, Verdict, Witness
from fwdoctor.rulebook import rulebook

LOG = Location("run.log", 120)
CODE = Location("src/train.py", 31)


def remote(rule: str, **variables: str) -> Finding:
    """A probe's finding; what its words need beside the ids is made up."""
    words = "state gpus reason url current newest behind age count versions told usage value quota wanted"
    known = dict.fromkeys([*words.split(), "timeout", "earliest", "after", "answer", "account", "model"], "x")
    filled = known | variables
    named = variables.get("deployment") or variables.get("job")
    return rulebook()[rule].fill(filled, resource=named, evidence="a field")


def error(name: str, **variables: str) -> Finding:
    """What ``explain`` finds in a log."""
    rule = next(entry.rule for entry in catalogue().values() if entry.rule.id == name)
    return Finding(rule.id, rule.name, Severity.ERROR, Side.PLATFORM, "it failed", LOG, variables=variables)


def code(name: str, value: str | None) -> CodeSetting:
    return CodeSetting(name, value, CODE)


KEYED = {"job": "j", "deployment": "d2", "other": "d1"}


def test_three_witnesses_are_one_finding() -> None:
    root, behind = remote("FWP305", **KEYED), remote("FWP412", **KEYED)
    hotload = error("FWE702", seconds="600")
    other = remote("FWP118", jobs="a and b")
    joined = join([root, behind, other], [hotload], [code("hot_load_deployment_id", "d1")])
    told, left = joined.apply([root, behind, other, hotload])
    assert left is other
    assert [(link.witness, link.location, link.rule) for link in told.chain] == [
        (Witness.CODE, CODE, None),
        (Witness.REMOTE, None, "FWP305"),
        (Witness.LOG, LOG, "FWE702"),
    ]
    assert [link.rule for link in told.consequences] == ["FWP412"]
    assert told.remedy[0].text.startswith("src/train.py:31: hot_load_deployment_id: ")
    assert told.remedy[1:] == root.remedy
    assert (told.rule, told.message) == (root.rule, root.message)


def test_an_error_that_the_state_says_nothing_about_is_no_witness() -> None:
    """Such as one of a log from before the job was made."""
    root, hotload = remote("FWP305", **KEYED), error("FWE702", seconds="600")
    unsettled = replace(hotload, verdict=Verdict(Standing.UNSETTLED, "an old log"))
    assert join([root], [hotload], []).apply([root, hotload]) != [root, hotload]
    assert join([root], [unsettled], []).apply([root, unsettled]) == [root, unsettled]


def test_without_other_witnesses_there_is_no_chain() -> None:
    root = remote("FWP305", **KEYED)
    joined = join([root], [], [])
    assert joined.apply([root]) == [root]


@pytest.mark.parametrize(
    "other",
    [
        error("FWE702", job="somebody-elses"),
        error("FWE704", deployment="d9", job="j"),
        error("FWE202"),
        error("FWE053"),
    ],
    ids=lambda f: f.rule,
)
def test_errors_of_something_else_stay(other: Finding) -> None:
    root = remote("FWP305", **KEYED)
    joined = join([root], [other], [])
    assert joined.apply([root, other]) == [root, other]


@pytest.mark.parametrize("name", ["j", "accounts/acme/rlorTrainerJobs/j"])
def test_full_names_and_ids_are_the_same(name: str) -> None:
    root, failed = remote("FWP109", job="j"), error("FWE503", job=name)
    (told,) = join([root], [failed], []).apply([root, failed])
    assert [link.rule for link in told.chain] == ["FWP109", "FWE503"]


@pytest.mark.parametrize(
    ("setting", "joins"),
    [
        (code("hot_load_deployment_id", "d1"), True),
        (code("hot_load_deployment_id", "accounts/acme/deployments/d1"), True),
        (code("hot_load_deployment_id", None), True),
        (code("hot_load_deployment_id", "d7"), False),
        (code("output_model_id", "d1"), False),
        (code("weight_sync_scope", "PER_DEPLOYMENT"), True),
    ],
    ids=str,
)
def test_code_joins_where_it_is_about_the_same(setting: CodeSetting, joins: bool) -> None:
    root = remote("FWP305", **KEYED)
    (told,) = join([root], [], [setting]).apply([root])
    assert bool(told.chain) is joins


def test_the_most_telling_root_wins_and_nothing_is_told_twice() -> None:
    both = remote("FWP304", job="j", deployment="d1", other="j")
    keyed = remote("FWP305", **KEYED)
    stale = remote("FWP301", job="j", deployment="d2", other="k")
    hotload = error("FWE702", seconds="9")
    joined = join([both, stale, keyed], [hotload], [])
    told = joined.apply([both, stale, keyed, hotload])
    assert [f.rule for f in told] == ["FWP301", "FWP305"]
    assert [link.rule for f in told for link in f.chain] == ["FWP305", "FWE702"]


def test_what_other_jobs_suffer_is_not_a_consequence() -> None:
    gone = remote("FWP114", job="j")
    mine = remote("FWP302", job="j", deployment="d")
    other = remote("FWP302", job="k", deployment="e")
    told = join([gone, mine, other], [], []).apply([gone, mine, other])
    assert told[1:] == [other]
    assert [link.rule for link in told[0].consequences] == ["FWP302"]
