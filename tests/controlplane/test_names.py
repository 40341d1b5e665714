"""What users may call a resource."""

from __future__ import annotations

import pytest

from fwdoctor.controlplane.names import Kind, Resource, parse, recognize
from fwdoctor.errors import FwdoctorError

JOB, DEPLOYMENT, SHAPE = Kind.TRAINER_JOB, Kind.DEPLOYMENT, Kind.TRAINING_SHAPE
VERSION, CHECKPOINT, MODEL = Kind.TRAINING_SHAPE_VERSION, Kind.CHECKPOINT, Kind.MODEL


@pytest.mark.parametrize(
    ("text", "kind", "expected", "full"),
    [
        ("j-1", JOB, Resource(JOB, None, "j-1"), "accounts/me/rlorTrainerJobs/j-1"),
        ("accounts/a/rlorTrainerJobs/j", JOB, Resource(JOB, "a", "j"), "accounts/a/rlorTrainerJobs/j"),
        ("accounts/a/deployments/d", DEPLOYMENT, Resource(DEPLOYMENT, "a", "d"), "accounts/a/deployments/d"),
        ("s", SHAPE, Resource(SHAPE, None, "s"), "accounts/me/trainingShapes/s"),
        (
            "accounts/fireworks/trainingShapes/s/versions/v1",
            VERSION,
            Resource(VERSION, "fireworks", "v1", "trainingShapes/s"),
            "accounts/fireworks/trainingShapes/s/versions/v1",
        ),
        (
            "accounts/a/rlorTrainerJobs/j/checkpoints/step-2-8c48d803",
            CHECKPOINT,
            Resource(CHECKPOINT, "a", "step-2-8c48d803", "rlorTrainerJobs/j"),
            "accounts/a/rlorTrainerJobs/j/checkpoints/step-2-8c48d803",
        ),
        (
            "accounts/a/trainingSessions/ts-1/checkpoints/c",
            CHECKPOINT,
            Resource(CHECKPOINT, "a", "c", "trainingSessions/ts-1"),
            "accounts/a/trainingSessions/ts-1/checkpoints/c",
        ),
        (
            "accounts/a/checkpoints/c",
            CHECKPOINT,
            Resource(CHECKPOINT, "a", "c"),
            "accounts/a/checkpoints/c",
        ),
        ("c", CHECKPOINT, Resource(CHECKPOINT, None, "c"), "accounts/me/checkpoints/c"),
        (
            "run-0a:train:3",
            MODEL,
            Resource(MODEL, None, "run-0a:train:3"),
            "accounts/me/models/run-0a:train:3",
        ),
    ],
)
def test_names_and_bare_ids(text: str, kind: Kind, expected: Resource, full: str) -> None:
    found = parse(text, kind)
    assert found == expected
    assert found.name("me") == full
    assert found.path("me") == f"/v1/{full}"
    assert recognize(full) is not None


def test_several_kinds_may_be_meant() -> None:
    name = "accounts/a/trainingShapes/s/versions/v"
    assert parse(name, SHAPE, VERSION).kind is VERSION
    assert parse("s", SHAPE, VERSION).kind is SHAPE
    with pytest.raises(FwdoctorError, match=r"a training shape .* or a training shape version"):
        parse("accounts/a/models/m", SHAPE, VERSION)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "",
            JOB,
            r"an empty name: expected a trainer job \(accounts/<account>/rlorTrainerJobs/<id>, or its id alone",
        ),
        ("accounts/a/deployments/d", JOB, "this names a deployment; expected a trainer job"),
        ("accounts/a/rlorTrainerJobs/j", DEPLOYMENT, "this names a trainer job; expected a deployment"),
        ("accounts/a/rlorTrainerJobs/j/checkpoints/c", JOB, "this names a checkpoint"),
        ("accounts/a/rlorTrainerJobs/", JOB, "not a resource name"),
        ("accounts//rlorTrainerJobs/j", JOB, "not a resource name"),
        ("/j", JOB, "not a resource name"),
        ("j/", JOB, "not a resource name"),
        ("a/b", JOB, "not a resource name"),
        ("accounts/../rlorTrainerJobs/j", JOB, "not a resource name"),
        ("accounts/a/rlorTrainerJobs/..", JOB, "not a resource name"),
        ("https://api.fireworks.ai/v1/accounts/a/rlorTrainerJobs/j", JOB, "not a resource name"),
        (".", JOB, "not an id"),
        ("..", JOB, "not an id"),
        ("-x", JOB, "not an id"),
        ("a?b", JOB, "not an id"),
        ("a%2Fb", JOB, "not an id"),
        ("ä", JOB, "not an id"),
        ("x" * 300, JOB, "not an id"),
        ("j ", JOB, "no spaces or control characters"),
        (" j", JOB, "no spaces"),
        ("a b", JOB, "no spaces"),
        ("j\n", JOB, "no spaces"),
        ("j\x1b[31m", JOB, "control characters"),
        ("j\u2028k", JOB, "control characters"),
        ("v1", VERSION, "does not say of which training shape"),
    ],
)
def test_what_is_no_name_is_told(text: str, kind: Kind, message: str) -> None:
    with pytest.raises(FwdoctorError, match=message) as raised:
        parse(text, kind)
    said = str(raised.value)
    assert said.isprintable()
    assert "expected a" in said
    assert len(said) < 400


def test_a_key_in_the_wrong_place_is_not_shown() -> None:
    with pytest.raises(FwdoctorError) as raised:
        parse("fw_0123456789abcdef01234567 ", JOB)
    assert "0123456789" not in str(raised.value)


def test_a_bare_id_needs_an_account() -> None:
    with pytest.raises(ValueError, match="not known yet"):
        Resource(JOB, None, "j").name()
