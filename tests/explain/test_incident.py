"""From matches to findings: one a class, wrappers and consequences folded, a stale SDK first."""

import textwrap
from collections.abc import Callable

import pytest

from fwdoctor.explain.run import Explained

Look = Callable[[str | bytes], Explained]
Names = Callable[[str | bytes], list[str]]

CASES = {
    "a wrapper is told where nothing inside is known": (
        "fireworks.training.sdk.errors.TrainingAPIError: RLOR job creation failed (HTTP 400): it is odd",
        ["trainer-create-failed"],
    ),
    "a wrapper is not told around what is known": (
        (
            "fireworks.training.sdk.errors.TrainingAPIError: RLOR job creation failed (HTTP 400): hotload flow "
            "mismatch: trainer wants deployment-first (hot_load_deployment_id=d) but deployment d is trainer-first "
            "(hot_load_trainer_job=accounts/a/rlorTrainerJobs/j)"
        ),
        ["hotload-scope-crossed"],
    ),
    "logged, then raised": (
        """
        2026-07-15 19:02:10,774 WARNING fireworks.training.sdk.deployment:
        ERROR: Hotload did not complete within 600s
          Cause: The deployment status did not become ready for the requested snapshot before the timeout.
        Traceback (most recent call last):
          File "/srv/train.py", line 3, in <module>
            main()
        RuntimeError: Hotload failed for sampler snapshot 'step-3-ab12cd34'
        """,
        ["hotload-timeout"],
    ),
    "two causes": (
        """
        RuntimeError: ERROR: Trainer job a-1 is archived and cannot be recreated with the same ID
        KeyError: 'FIREWORKS_API_KEY'
        """,
        ["trainer-archived-id-reuse", "api-key-missing"],
    ),
    "a stale SDK first": (
        """
        RuntimeError: ERROR: Trainer job a-1 is archived and cannot be recreated with the same ID
        AttributeError: 'FireworksClient' object has no attribute 'list_checkpoints'
        """,
        ["sdk-missing-symbol", "trainer-archived-id-reuse"],
    ),
    "by the place that raised it": (
        """
        Traceback (most recent call last):
          File "/srv/.venv/lib/python3.12/site-packages/fireworks/training/sdk/_core/lib/odd.py", line 9, in f
            raise ValueError("an odd thing that no class has words for")
        ValueError: an odd thing that no class has words for
        """,
        ["sdk-internal-invariant"],
    ),
    "an error on a line of that place that raises nothing": (
        """
        Traceback (most recent call last):
          File "/srv/.venv/lib/python3.12/site-packages/fireworks/training/sdk/_core/lib/odd.py", line 9, in f
            return table[name]
        KeyError: 'odd'
        """,
        [],
    ),
    "a place of somebody else": (
        """
        Traceback (most recent call last):
          File "/home/ana/vision/training/utils/odd.py", line 9, in f
            raise ValueError("an odd thing")
        ValueError: an odd thing
        """,
        [],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_what_is_told(text: str, expected: list[str], names: Names) -> None:
    assert names(textwrap.dedent(text)) == expected


def test_repetition_is_one_finding(look: Look) -> None:
    line = "RuntimeError: ERROR: Trainer job a-{} is archived and cannot be recreated with the same ID\n"
    (found,) = look("\n" + "".join(line.format(i) for i in range(7))).findings
    assert found.count == 7
    assert found.location is not None
    assert (found.location.line, found.location.end_line) == (2, 8)
    assert found.variables["job"] == "a-0"
    assert found.resource == "a-0"


def test_the_evidence_ends_before_the_advice_that_is_always_the_same(look: Look) -> None:
    text = """\
RuntimeError: ERROR: Trainer job a-1 is archived and cannot be recreated with the same ID
  Cause: Archived. Resources released.
  Solution: Use a new trainer job ID to provision again.
  Docs: https://docs.fireworks.ai
"""
    (found,) = look(text).findings
    assert (found.evidence or "").splitlines() == text.splitlines()[:2]


def test_how_it_was_matched_is_told(look: Look) -> None:
    by_reason = 'HTTP 503\n{"error":{"code":"DEPLOYMENT_SCALING_UP","message":"x"}}'
    by_text = "RuntimeError: ERROR: Trainer job a-1 is archived and cannot be recreated with the same ID"
    assert look(by_reason).findings[0].matched_by == "reason"
    assert look(by_text).findings[0].matched_by == "text"


def test_an_answer_is_short_enough_for_an_agent(look: Look) -> None:
    from fwdoctor import reporters
    from fwdoctor.explain.catalogue import full_catalogue
    from fwdoctor.finding import Report

    sizes = {}
    for entry in full_catalogue().values():
        found = [f for f in look(entry.examples[0]).findings if f.name == entry.name]
        text = reporters.render(Report(command="explain", findings=tuple(found)), "text")
        sizes[entry.name] = len(text) / 3  # characters; a token has three or more
    assert max(sizes.values()) < 2000, max(sizes, key=lambda n: sizes[n])
