"""The catalogue: every example is found, no counter-example is, and the entries hold together."""

import re
from collections.abc import Callable

import pytest

from fwdoctor.explain.catalogue import Entry, full_catalogue
from fwdoctor.explain.checks import CHECKS
from fwdoctor.finding import Severity, Side

ENTRIES = list(full_catalogue().values())
NAMES = [e.name for e in ENTRIES]
Names = Callable[[str | bytes], list[str]]

#: Variables that a check adds to what a template captures.
ADDED = {"verdict", "advice", "install", "callee", "owner", "module", "name"}


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_examples_are_found(entry: Entry, names: Names) -> None:
    missed = [e for e in entry.examples if entry.name not in names(e)]
    assert not missed


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_counter_examples_are_not(entry: Entry, names: Names) -> None:
    alarms = [e for e in entry.counter_examples if entry.name in names(e)]
    assert not alarms


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_entries_hold_together(entry: Entry) -> None:
    assert set(entry.follows) <= set(NAMES)
    assert (entry.rule.severity is Severity.INFO) <= (entry.rule.side is Side.NOBODY)
    assert entry.rule.id.startswith("FWE")
    assert all(p.check is None or p.check in CHECKS for p in entry.patterns)
    texts = (entry.rule.message, *(s.text for s in entry.rule.remedy))
    wanted = {v for t in texts for v in re.findall(r"\{([a-z_]+)\}", t)} - ADDED
    for pattern in entry.patterns:
        known = {*pattern.template.names}
        assert wanted <= known or pattern.check, (pattern.text, wanted - known)


def test_ids_are_taken_once() -> None:
    assert len({e.rule.id for e in ENTRIES}) == len(ENTRIES)


# The rows of the vendor's table of signals, by what a user sees, with the class that answers.
SEED_ROWS = {
    "5 TypeError: Config.__init__() got an unexpected keyword argument 'infra'": (
        "TypeError: Config.__init__() got an unexpected keyword argument 'infra'",
        "removed-infra-kwarg",
    ),
    "5 ImportError: cannot import name 'setup_infra'": (
        "ImportError: cannot import name 'setup_infra' from 'training.utils.rl' (/c/training/utils/rl/__init__.py)",
        "removed-infra-import",
    ),
    "7 Failed to resolve latest validated training shape": (
        (
            "RuntimeError: ERROR: Failed to resolve latest validated training shape for "
            "'accounts/fireworks/trainingShapes/x'"
        ),
        "shape-latest-validated-missing",
    ),
    "15 DeploymentSamplerTimeoutError": (
        (
            "fireworks.training.sdk.sampling_observability.DeploymentSamplerTimeoutError: DeploymentSampler request "
            "failed after exhausting retries on a timeout-like error. raw_error=HTTP 504 model=m"
        ),
        "sampler-timeout",
    ),
    "22 reconnect a training client": (
        "RuntimeError: ERROR: Trainer job j-1 stuck in JOB_STATE_CREATING\n  Cause: x",
        "trainer-stuck-not-resumable",
    ),
    "30 checkpoint not found in GCS": ('checkpoint "step-1-ab" not found in GCS', "checkpoint-not-in-gcs"),
    "31 Hotload failed for snapshot": ("ERROR: Hotload failed for snapshot 'step-1'", "hotload-failed"),
    "31 Hotload did not complete within": ("ERROR: Hotload did not complete within 600s", "hotload-timeout"),
    "31 failed to load latest trainer weights": (
        "sampler deployment failed to load latest trainer weights",
        "hotload-stale-weights",
    ),
    "32 wants deployment-first but trainer-first": (
        (
            "hotload flow mismatch: trainer wants deployment-first (hot_load_deployment_id=d) but deployment d is "
            "trainer-first (hot_load_trainer_job=accounts/a/rlorTrainerJobs/j)"
        ),
        "hotload-scope-crossed",
    ),
    "33 keyed for another deployment": (
        (
            "hotload flow mismatch: trainer j is deployment-first-keyed for deployment a, but you're trying to use "
            "it as the source for deployment b"
        ),
        "hotload-scope-other-deployment",
    ),
    "34 set exactly one": (
        (
            'hot_load_bucket_url "gs://b/rl-checkpoints/a/d" conflicts with hot_load_trainer_job '
            "accounts/a/rlorTrainerJobs/j; set exactly one"
        ),
        "hotload-bucket-conflict-create",
    ),
    "35 update or clear first": (
        (
            'hot_load_bucket_url "gs://b/rl-checkpoints/a/d" conflicts with hot_load_trainer_job '
            "accounts/a/rlorTrainerJobs/j; update hot_load_trainer_job instead, or clear it first"
        ),
        "hotload-bucket-conflict-update",
    ),
    "36 invalid FW_HOSTED hot_load_bucket_url": (
        '400 INVALID_ARGUMENT: invalid FW_HOSTED hot_load_bucket_url "b/rl"',
        "hotload-bucket-url-invalid",
    ),
    "37 bucket is not reachable": (
        "configured FW_HOSTED hot_load bucket is not reachable",
        "hotload-bucket-unreachable",
    ),
    "38 cannot cancel job in state": (
        "cannot cancel job in state: JOB_STATE_DELETED",
        "cancel-deleted-job",
    ),
    "39 NOT_FOUND after the retention window": (
        (
            "RuntimeError: ERROR: Failed to list checkpoints for trainer job 'j' (HTTP 404)\n"
            "  Cause: RlorTrainerJob accounts/a/rlorTrainerJobs/j not found\n"
        ),
        "checkpoint-retention-expired",
    ),
    "40 HTTP 400 on output_model_id": (
        "ValueError: output_model_id 'a-very-long-name' is too long (77 chars). Maximum is 63 characters.",
        "output-model-id-invalid",
    ),
    "42 manual accelerator_type": (
        (
            "ValueError: accelerator_type cannot be set when training shape selection is enabled. Remove it to use "
            "the selected shape's value, or disable training shape selection for a manual launch."
        ),
        "manual-accelerator-fields",
    ),
    "first debug step: missing keyword argument": (
        (
            "TypeError: FiretitanServiceClient.from_firetitan_config() got an unexpected keyword argument "
            "'trainer_pending_timeout_s'"
        ),
        "sdk-missing-kwarg",
    ),
    "first debug step: unknown field": (
        '{"code":3,"message":"proto: (line 1:212): unknown field \\"useReservation\\"","details":[]}',
        "sdk-unknown-field",
    ),
}


@pytest.mark.parametrize(("text", "name"), SEED_ROWS.values(), ids=SEED_ROWS)
def test_a_row_of_the_vendors_table(text: str, name: str, names: Names) -> None:
    assert names(text) == [name]


# Rows that ask something and name no error: nothing is to be said of them.
QUESTIONS = {
    "1": "How do I set up / install the cookbook?",
    "2": "I want to run something out of the box",
    "3": "I want to fork a recipe and edit the Config",
    "8": "Can I run two deployments off one trainer (sampler + eval)?",
    "11": "Why are some RL samples being filtered?",
    "17": "Black-box coding-agent RL",
    "18": "Why is perf/wait_time_ratio high? perf/wait_time_ratio 0.31",
    "24": "How do I verify train vs inference logprobs?",
}
ROWS = [*(str(n) for n in range(1, 43) if str(n) not in QUESTIONS), "first debug step", "NN1", "NN2", "NN4"]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_the_vendors_table_that_names_an_error_is_answered(row: str, names: Names) -> None:
    answering = [e for e in ENTRIES if row in e.seed_rows]
    assert answering
    for entry in answering:
        assert entry.name in names(entry.examples[0])


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_is_no_error(question: str, names: Names) -> None:
    assert names(question) == []
