"""What the state says about an error: each row of the vendor's routing table that has remote state, and the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fwdoctor.controlplane.mentions import Written
from fwdoctor.controlplane.resources import Checkpoint, Deployment, Job, Replica
from fwdoctor.controlplane.verdicts import Case, _words, facts, judge, verdicts
from fwdoctor.explain.catalogue import catalogue
from fwdoctor.finding import Finding, Severity, Side, Standing
from fwdoctor.rulebook import RULE_ID, rulebook
from tests.controlplane.remote import check
from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.catalogue import POLICY_SHAPE
from tests.fake_control_plane.scenarios import (
    DAY,
    DEPLOYMENT,
    HOUR,
    OLD,
    SCENARIOS,
    TRAINER,
    pair,
    snapshot,
    train,
)

NOW = datetime(2026, 8, 19, 12, tzinfo=UTC)
CONFIRMED, CORRECTED, UNSETTLED = Standing


def test_every_row_can_be_met() -> None:
    names = {entry.rule.name for entry in catalogue().values()}
    words = _words(_error("hotload-timeout"), Case(None, NOW))
    for row in verdicts():
        assert set(row.errors) <= names, f"{row.says}: {set(row.errors) - names}"
        for fact in (*row.when, *row.any, *row.unless):
            assert not RULE_ID.fullmatch(fact) or fact in rulebook(), fact
        for text in (row.says, row.do or "", row.command or ""):
            assert set(re.findall(r"\{([a-z_]+)\}", text)) <= set(words), text
        # Who has nothing to do must not be told to do it.
        assert row.standing is not Standing.CORRECTED or row.do, row.says


def test_no_row_hides_another() -> None:
    """A row below one that asks for less, of the same error, is never reached."""
    seen: list[tuple[str, set[str]]] = []
    for row in verdicts():
        for name in row.errors:
            needs = set(row.when)
            assert not any(n == name and needs >= less and not row.any for n, less in seen), (name, row.says)
        if not row.any and not row.unless:
            seen += [(name, set(row.when)) for name in row.errors]


# --- the pure part ----------------------------------------------------------------------------------------


def _error(name: str, **variables: str) -> Finding:
    return Finding("FWE000", name, Severity.ERROR, Side.PLATFORM, "m", variables=variables)


def _ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat().replace("+00:00", "Z")


def _job(state: str, *, days: float = 1, **row: Any) -> Job:
    made = {
        "name": "accounts/acme/rlorTrainerJobs/j1",
        "state": f"JOB_STATE_{state}",
        "createTime": _ago(days=days),
    }
    return Job.of({**made, **row})


def _saved(name: str, *, promotable: bool = True, days: float = 1) -> Checkpoint:
    row = {"name": f"x/checkpoints/{name}", "checkpointType": "CHECKPOINT_TYPE_INFERENCE_BASE"}
    return Checkpoint.of({**row, "promotable": promotable, "createTime": _ago(days=days)})


def _deployment(**row: Any) -> Deployment:
    made = {"name": "accounts/acme/deployments/d1", "state": "READY", "desiredReplicaCount": 1}
    return Deployment.of({**made, "replicaStats": {"readyReplicaCount": 1}, **row})


def _case(**known: Any) -> Case:
    return Case(**{"account": "acme", "now": NOW, "job_id": "j1", "deployment_id": "d1", **known})


def _written(**ago: float) -> Written:
    return Written("then", NOW - timedelta(**ago))


GCS = _error("checkpoint-not-in-gcs", checkpoint="step-1")
SYNC = _error("hotload-timeout", snapshot="step-1")
ANSWER = _error("trainer-ready-timeout", job="j1")
PURE: dict[str, tuple[Finding, Case, Standing | None, str]] = {
    "past retention: 404": (GCS, _case(job_is_gone=True), CORRECTED, "nothing to repair"),
    "past retention: a tombstone of 41 days": (
        GCS,
        _case(job=_job("DELETED", days=41)),
        CORRECTED,
        "past retention",
    ),
    "a tombstone whose last sign of life is younger": (
        GCS,
        _case(job=_job("DELETED", days=41), checkpoints=[_saved("step-1", days=2)]),
        CONFIRMED,
        "lists step-1",
    ),
    "alive, and the id is wrong": (
        GCS,
        _case(job=_job("RUNNING"), checkpoints=[_saved("step-9")]),
        CORRECTED,
        "has no checkpoint step-1",
    ),
    "alive, and nothing is known of its checkpoints": (
        GCS,
        _case(job=_job("RUNNING")),
        CORRECTED,
        "the id of the checkpoint or the bucket is wrong",
    ),
    "keyed to a deployment": (
        GCS,
        _case(job=_job("RUNNING", hotLoadDeploymentId="d7"), checkpoints=[_saved("step-1")]),
        CORRECTED,
        "writes to the bucket of deployment d7",
    ),
    "nothing read": (GCS, _case(), None, ""),
    "nothing named": (GCS, _case(job_id=None), UNSETTLED, "--job names one"),
    "no access": (GCS, Case(None, NOW), None, ""),
    "served by all": (
        SYNC,
        _case(deployment=_deployment(), replicas=[Replica("r", current="step-1")]),
        CORRECTED,
        "serve step-1 now",
    ),
    "served by some": (
        SYNC,
        _case(deployment=_deployment(), replicas=[Replica("r", current="step-1"), Replica("s")]),
        UNSETTLED,
        "nothing is wrong with it now",
    ),
    "the trainer has ended": (
        SYNC,
        _case(deployment=_deployment(), job=_job("FAILED")),
        CONFIRMED,
        "does not run any more (FAILED)",
    ),
    "a finding counts more than a state": (
        SYNC,
        _case(deployment=_deployment(), job=_job("FAILED"), rules=frozenset({"FWP301"})),
        CONFIRMED,
        "weights of j1 never reach it",
    ),
    "it answers": (ANSWER, _case(job=_job("RUNNING"), answers=True), CORRECTED, "it was transient"),
    "it answers, and what failed in the middle of the work is not told": (
        _error("trainer-request-failed", job="j1"),
        _case(job=_job("RUNNING"), answers=True),
        UNSETTLED,
        "its state does not tell",
    ),
    "it was not asked": (ANSWER, _case(job=_job("RUNNING")), UNSETTLED, "RUNNING now"),
    "it does not answer": (
        ANSWER,
        _case(job=_job("RUNNING"), rules=frozenset({"FWP104"})),
        CONFIRMED,
        "either",
    ),
    "another account's": (ANSWER, Case("acme", NOW, foreign="zenith"), CORRECTED, "belongs to acme"),
    "a log from before the job was made": (
        ANSWER,
        _case(job=_job("RUNNING", days=1), answers=True, written=_written(days=1, minutes=1)),
        UNSETTLED,
        "the log is of then, and j1 was made after that, 2026-08-18 12:00 UTC",
    ),
    "a log from after that": (
        ANSWER,
        _case(job=_job("RUNNING", days=1), rules=frozenset({"FWP104"}), written=_written(hours=23)),
        CONFIRMED,
        "either",
    ),
    "an old log of what the job has no say in": (
        _error("api-key-rejected"),
        _case(job=_job("RUNNING", days=1), written=_written(days=9)),
        CORRECTED,
        "the run had another one",
    ),
    "no such class": (_error("dataset-empty"), Case("acme", NOW, foreign="zenith"), None, ""),
}


@pytest.mark.parametrize(("error", "case", "standing", "said"), PURE.values(), ids=PURE)
def test_judge(error: Finding, case: Case, standing: Standing | None, said: str) -> None:
    judged = judge(error, case)
    if standing is None:
        assert judged == error
        return
    assert judged.verdict is not None
    assert judged.verdict.standing is standing
    assert said in judged.verdict.message
    assert "{" not in str(judged.verdict)


def test_a_verdict_names_what_it_rests_on() -> None:
    judged = judge(SYNC, _case(deployment=_deployment(), rules=frozenset({"FWP303", "FWP321"})))
    assert judged.verdict is not None
    assert judged.verdict.rules == ("FWP303",)
    assert str(judged.verdict).startswith("confirmed by FWP303: ")
    assert judged.side is Side.USER


def test_what_was_not_read_is_no_fact() -> None:
    assert facts(GCS, _case()) == {"account-reads"}


# --- the vendor's routing table, against the fake ---------------------------------------------------------

NAMED = (
    f"trainer accounts/acme/rlorTrainerJobs/{TRAINER}, deployment accounts/acme/deployments/{DEPLOYMENT}\n"
)
HOTLOAD = f"{NAMED}ERROR: Hotload failed for snapshot '{snapshot(20)}'\n  Cause: an error.\n"
WAITED = f"{NAMED}ERROR: Hotload did not complete within 600s\n  Cause: it is still loading.\n"
WORDED = f"{NAMED}status: sampler deployment failed to load latest trainer weights\n"
NOT_IN_GCS = f'{NAMED}RuntimeError: promotion: checkpoint "{{}}" not found in GCS\n'
CROSSED = (
    f"400: hotload flow mismatch: trainer wants deployment-first (hot_load_deployment_id={DEPLOYMENT}) but "
    f"deployment {DEPLOYMENT} is trainer-first (hot_load_trainer_job=accounts/acme/rlorTrainerJobs/{TRAINER})\n"
)
KEYED = (
    f"400: hotload flow mismatch: trainer {TRAINER} is deployment-first-keyed for deployment first, but you're "
    f"trying to use it as the source for deployment {DEPLOYMENT}\n"
)
CONFLICT = (
    f'hot_load_bucket_url "gs://b/rl-checkpoints/acme/{DEPLOYMENT}" conflicts with '
    f"hot_load_trainer_job accounts/acme/rlorTrainerJobs/{TRAINER}; "
)
CREATE = f"400: {CONFLICT}set exactly one\n"
UPDATE = f"400: {CONFLICT}update hot_load_trainer_job instead, or clear it first\n"
BUCKET = f"creating accounts/acme/deployments/{DEPLOYMENT}\n400: {{}}\n"
INVALID = BUCKET.format('invalid FW_HOSTED hot_load_bucket_url "x/rl"')
UNREADABLE = BUCKET.format("configured FW_HOSTED hot_load bucket is not reachable")
MISMATCH = (
    "[save_weights_for_sampler] Bucket mismatch — the deployment will not find this snapshot and hotload will fail. "
    f"Trainer wrote to gs://fw/rl-checkpoints/acme/trainer-{TRAINER}/, but the deployment's hot_load_bucket_url is "
    f"gs://fw/rl-checkpoints/acme/{DEPLOYMENT}/\n"
)
CANCEL = f'{NAMED}{{"code":9,"message":"cannot cancel job in state: JOB_STATE_DELETED"}}\n'
LIST = (
    f"RuntimeError: ERROR: Failed to list checkpoints for trainer job '{TRAINER}' (HTTP 404)\n"
    f"  Cause: RlorTrainerJob accounts/acme/rlorTrainerJobs/{TRAINER} not found\n"
)
MODEL = (
    f"{NAMED}ValueError: output_model_id 'My.Tuned_Model' contains invalid characters. Must be lowercase.\n"
)
NONE = f"RuntimeError: No promotable checkpoints found for trainer job '{TRAINER}'. Call save first.\n"
PROMOTE = (
    f"{NAMED}RuntimeError: ERROR: Failed to promote checkpoint '{snapshot(10)}' (HTTP 500)\n  Cause: x\n"
)
SAMPLER = (
    "DeploymentSamplerTimeoutError: DeploymentSampler request failed after exhausting retries on a timeout-like "
    f"error. raw_error=HTTP 504 model=accounts/acme/deployments/{DEPLOYMENT} prompt_tokens=9 max_tokens=8\n"
)
SCALING = f'{NAMED}HTTP 503\n{{"error":{{"code":"DEPLOYMENT_SCALING_UP","message":"try again soon"}}}}\n'
SHAPE = f"RuntimeError: ERROR: Failed to resolve latest validated training shape for '{POLICY_SHAPE}'\n  Cause: none.\n"
READY = (
    f"TimeoutError: ERROR: Trainer job {TRAINER} did not become ready within 900s\n  Cause: provisioning.\n"
)
UNKNOWN = f"RuntimeError: ERROR: Trainer job {TRAINER} was not found in this account\n  Cause: none.\n"
REJECTED = (
    "ERROR: RLOR job creation failed (HTTP 401)\n  Cause: unauthorized\n  Solution: Check your API key.\n"
)
SUSPENDED = '{"code":9,"message":"account acme is suspended: monthly spending limit reached"}\n'
QUOTA = "ERROR: RLOR job creation failed (HTTP 429)\n  Cause: not enough left for 8 GPUs\n"

Prepare = Callable[[FakeControlPlane], object]


def _gone(plane: FakeControlPlane) -> None:
    """Deleted 41 days ago."""
    train(plane)
    plane.trainers.born(TRAINER, 50 * DAY)
    plane.trainers.set_state(TRAINER, "JOB_STATE_DELETED", age_s=41 * DAY)


def _deleted(plane: FakeControlPlane) -> None:
    train(plane)
    plane.trainers.set_state(TRAINER, "JOB_STATE_DELETED", age_s=HOUR)


def _keyed(plane: FakeControlPlane) -> None:
    plane.add_deployment("first", None)
    plane.add_deployment(DEPLOYMENT, None)
    train(plane).row["hotLoadDeploymentId"] = "first"


def _loose(plane: FakeControlPlane) -> None:
    train(plane)
    plane.add_deployment(DEPLOYMENT, None)


def _bad_bucket(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.deployments.edit(DEPLOYMENT, hotLoadBucketUrl="s3://elsewhere/x")


def _unvalidated(plane: FakeControlPlane) -> None:
    for version in plane.world.shapes[POLICY_SHAPE]:
        version["validated"] = version["latestValidated"] = False


def _dead(plane: FakeControlPlane) -> None:
    train(plane)
    plane.fail("healthz$", faults.error(503, "upstream"))


def _nothing(_: FakeControlPlane) -> None:
    """An account without anything."""


def _scenario(name: str) -> Prepare:
    return SCENARIOS[name].prepare


ROUTED: list[tuple[str, str, Prepare, Standing, str, str]] = [
    # row of the table, log, state, verdict, the rules that it rests on, a piece of the sentence
    ("7", SHAPE, _unvalidated, CONFIRMED, "FWP501", "no validated version"),
    ("7", SHAPE, _nothing, CORRECTED, "", "has a validated version now"),
    ("13", WAITED, _scenario("regions-apart"), UNSETTLED, "", "nothing is wrong with it now"),
    ("15", SAMPLER, _scenario("asleep"), CONFIRMED, "FWP311", "scaled to zero"),
    ("15", SAMPLER, _scenario("crash-loop"), CONFIRMED, "FWP408", "serving process dies"),
    ("15", SAMPLER, _scenario("healthy"), UNSETTLED, "", "READY now"),
    ("20", PROMOTE, _scenario("healthy"), CORRECTED, "", f"{snapshot(10)} of {TRAINER} can be promoted"),
    ("20", PROMOTE, _gone, CORRECTED, "", "nothing to repair"),
    ("21", NONE, _scenario("deltas-only"), CONFIRMED, "FWP201", "nothing that can be promoted"),
    ("21", NONE, _scenario("healthy"), CORRECTED, "", "can be promoted now"),
    ("-", READY, _scenario("healthy"), CORRECTED, "", "its trainer answers now"),
    ("-", READY, _dead, CONFIRMED, "FWP104", "does not answer now, either"),
    ("-", READY, _scenario("pending"), CONFIRMED, "FWP101", "PENDING still"),
    ("-", READY, _scenario("failed"), CONFIRMED, "FWP109", "has failed"),
    ("22", UNKNOWN, _scenario("healthy"), CORRECTED, "", "answers now"),
    ("22", UNKNOWN, _deleted, CORRECTED, "", "DELETED"),
    ("22", UNKNOWN, _nothing, CONFIRMED, "", "there is no job"),
    ("23", HOTLOAD, _keyed, CONFIRMED, "FWP305", "the scopes cross"),
    ("30", NOT_IN_GCS.format(snapshot(10)), _gone, CORRECTED, "", "nothing to repair"),
    ("30", NOT_IN_GCS.format("step-99"), _scenario("healthy"), CORRECTED, "", "the id is wrong"),
    ("30", NOT_IN_GCS.format(snapshot(10)), _scenario("healthy"), CONFIRMED, "", "so the id is right"),
    ("30", NOT_IN_GCS.format(snapshot(10)), _keyed, CORRECTED, "", "bucket of deployment first"),
    ("31", HOTLOAD, _scenario("stale-attachment"), CONFIRMED, "FWP301", f"follows {OLD}, not {TRAINER}"),
    ("31", HOTLOAD, _scenario("load-failed"), CONFIRMED, "FWP403", "could not load"),
    ("31", HOTLOAD, _scenario("wrong-bucket"), CONFIRMED, "FWP303", "reads another bucket"),
    ("31", HOTLOAD, _scenario("healthy"), CORRECTED, "", "arrived after the wait had ended"),
    ("31", WAITED, _scenario("behind"), CONFIRMED, "FWP401", "older weights"),
    ("31", WAITED, _scenario("serving-failed"), CONFIRMED, "FWP308", "broken itself"),
    ("31", WAITED, _scenario("asleep"), CONFIRMED, "FWP311", "scaled to zero"),
    ("31", WAITED, _nothing, CONFIRMED, "", "there is no deployment"),
    ("31", WAITED, _scenario("healthy"), UNSETTLED, "", "nothing is wrong with it now"),
    ("31", WORDED, _scenario("replicas-differ"), CONFIRMED, "FWP402", "older weights"),
    ("31", WORDED, _scenario("dead-trainer"), CONFIRMED, "", "does not run any more"),
    ("32", CROSSED, _scenario("healthy"), CONFIRMED, "", f"follows {TRAINER} (PER_TRAINER)"),
    ("32", CROSSED, _loose, CORRECTED, "", "follows no trainer now"),
    ("33", KEYED, _keyed, CONFIRMED, "", "writes to the bucket of deployment first"),
    ("33", KEYED, _loose, CORRECTED, "", "not keyed"),
    ("34", CREATE, train, CONFIRMED, "", f"there is no deployment {DEPLOYMENT}"),
    ("34", CREATE, pair, CORRECTED, "", "made by another request"),
    ("35", UPDATE, pair, CONFIRMED, "", f"follows {TRAINER}: while it does"),
    ("35", UPDATE, _loose, CORRECTED, "", "cleared since"),
    ("36", INVALID, _bad_bucket, CONFIRMED, "FWP306", "invalid still"),
    ("36", INVALID, train, CONFIRMED, "", f"there is no deployment {DEPLOYMENT}"),
    ("36", INVALID, pair, CORRECTED, "", "well-formed"),
    ("37", UNREADABLE, train, CONFIRMED, "", f"there is no deployment {DEPLOYMENT}"),
    ("37", UNREADABLE, pair, CORRECTED, "", "reached since"),
    ("37", UNREADABLE, _scenario("no-capacity"), UNSETTLED, "", "not readable"),
    ("38", CANCEL, _deleted, CONFIRMED, "", "nothing to cancel"),
    ("38", CANCEL, _scenario("healthy"), CORRECTED, "", "another job"),
    ("39", LIST, _gone, CONFIRMED, "", "nothing to repair"),
    ("39", LIST, _deleted, CORRECTED, "", "can still be promoted"),
    ("39", LIST, _scenario("healthy"), CORRECTED, "", "not past retention"),
    ("40", MODEL, _scenario("healthy"), CONFIRMED, "FWP209", "still there to be promoted"),
    ("40", MODEL, _gone, CORRECTED, "", "a better id cannot"),
    ("41", MISMATCH, _keyed, CONFIRMED, "FWP305", "the scopes cross"),
    ("41", MISMATCH, _scenario("wrong-bucket"), CONFIRMED, "FWP303", "reads another bucket"),
    ("41", MISMATCH, _scenario("stale-attachment"), CONFIRMED, "FWP301", f"follows {OLD}"),
    ("41", MISMATCH, _scenario("healthy"), CORRECTED, "", "the two agree"),
    # Others that the table sends to the error reference.
    ("-", SCALING, _scenario("asleep"), CONFIRMED, "FWP311", "scaled to zero"),
    ("-", SCALING, _scenario("healthy"), CORRECTED, "", "READY now"),
    ("-", REJECTED, _nothing, CORRECTED, "", "the run had another one"),
    ("-", REJECTED, _scenario("inference-only"), CONFIRMED, "FWP009", "refused now, too"),
    ("-", SUSPENDED, _scenario("suspended"), CONFIRMED, "FWP004", "suspended"),
    ("-", SUSPENDED, _nothing, CORRECTED, "", "not suspended now"),
    ("-", QUOTA, _scenario("quota-full"), CONFIRMED, "FWP601", "used up"),
    ("-", QUOTA, _nothing, CORRECTED, "", "there is room"),
]


@pytest.mark.parametrize(
    ("row", "log", "prepare", "standing", "rules", "said"),
    ROUTED,
    ids=[f"{n}-row-{r[0]}" for n, r in enumerate(ROUTED)],
)
def test_the_routing_table(
    tmp_path: Path, row: str, log: str, prepare: Prepare, standing: Standing, rules: str, said: str
) -> None:
    path = tmp_path / "run.log"
    path.write_text(f"step 1 done\n{log}", "utf-8")
    with FakeControlPlane() as plane:
        prepare(plane)
        made = check(plane, log=path)
    (error,) = made.errors
    seed = catalogue()[error.name].seed_rows if row != "-" else (row,)
    assert row in seed
    assert error.verdict is not None
    assert error.verdict.standing is standing
    # A consequence may stand beside the rule that counts; a state alone rests on no rule.
    assert set(rules.split()) <= set(error.verdict.rules)
    assert bool(rules) is bool(error.verdict.rules)
    assert said in error.verdict.message
    assert error.remedy
    assert made.problems == []


def test_each_row_of_the_table_with_remote_state_is_there() -> None:
    """Rows that are about a call, a setting or the code alone have no state."""
    remote = {"7", "13", "15", "20", "21", "22", "23", *map(str, range(30, 42))}
    assert remote == {row[0] for row in ROUTED} - {"-"}


def test_a_log_of_an_earlier_run_of_that_name_is_no_witness(tmp_path: Path) -> None:
    """The job's state explains the error by heart, and the log is a year old: nothing is confirmed or joined."""
    path = tmp_path / "run.log"
    with FakeControlPlane() as plane:
        _keyed(plane)
        path.write_text(f"step 1 done\n{HOTLOAD}\n", "utf-8")
        (fits,) = check(plane, log=path).errors
        path.write_text(f"2025-08-19 10:00:00 step 1 done\n{HOTLOAD}\n", "utf-8")
        (old,) = check(plane, log=path).errors
    assert fits.verdict is not None
    assert fits.verdict.rules == ("FWP305",)
    assert old.verdict is not None
    assert (old.verdict.standing, old.verdict.rules) == (UNSETTLED, ())
    assert f"and {TRAINER} was made after that" in old.verdict.message
