"""Which jobs and deployments a log speaks of, and near which error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fwdoctor.controlplane.mentions import NEAR, Mention, in_text, near, read, subject
from fwdoctor.controlplane.names import Kind
from fwdoctor.finding import Finding, Location, Severity, Side

JOB, DEPLOYMENT = Kind.TRAINER_JOB, Kind.DEPLOYMENT

TEXTS: dict[str, list[Mention]] = {
    "accounts/acme/rlorTrainerJobs/j-1.": [Mention(JOB, "j-1", "acme")],
    "model=accounts/acme/deployments/d_1 request_id=9": [Mention(DEPLOYMENT, "d_1", "acme")],
    "GET https://h/training/v1/rlorTrainerJobs/acme/j1/api/v1/healthz": [Mention(JOB, "j1", "acme")],
    'bucket "gs://b-1/rl-checkpoints/acme/trainer-j1/"': [Mention(JOB, "j1", "acme")],
    "gs://b/rl-checkpoints/acme/serving,": [Mention(DEPLOYMENT, "serving", "acme")],
    "created training-api-service-0622909f in 3 s": [Mention(JOB, "training-api-service-0622909f")],
    "deployment_id='serving'": [Mention(DEPLOYMENT, "serving")],
    '{"deployment_id": "serving", "trainer_job_id": "j1"}': [
        Mention(DEPLOYMENT, "serving"),
        Mention(JOB, "j1"),
    ],
    "hot_load_deployment_id=a, hot_load_trainer_job=b": [Mention(DEPLOYMENT, "a"), Mention(JOB, "b")],
    "hot_load_trainer_job=accounts/acme/rlorTrainerJobs/b": [Mention(JOB, "b", "acme")],
    "deployment_id=None trainer_job_id: null": [],
    "job_id=4711 (slurm)": [],
    "accounts/acme/models/m and accounts/fireworks/trainingShapes/s": [],
    "my_deployment_identity=x": [],
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.items(), ids=TEXTS)
def test_what_a_text_names(text: str, expected: list[Mention]) -> None:
    assert list(in_text(text)) == expected


def _error(line: int | None = 500, evidence: str | None = None, **variables: str) -> Finding:
    place = Location("run.log", line) if line is not None else None
    return Finding(
        "FWE702",
        "hotload-timeout",
        Severity.ERROR,
        Side.USER,
        "m",
        place,
        evidence=evidence,
        variables=variables,
    )


@pytest.mark.parametrize(
    ("error", "job", "deployment"),
    [
        (_error(), "near", "d-before"),
        (_error(job="own"), "own", "d-before"),
        (_error(job="accounts/zenith/rlorTrainerJobs/own"), "own", "d-before"),
        (_error(job="None", deployment="dep"), "near", "dep"),
        (_error(evidence="for accounts/acme/deployments/seen"), "near", "seen"),
        (_error(path="gs://b/rl-checkpoints/acme/trainer-t"), "t", "d-before"),
        (_error(job="two words"), "near", "d-before"),
        (_error(line=None), "near", "d-before"),
    ],
)
def test_what_stands_nearest_counts_but_the_error_itself_counts_more(
    error: Finding, job: str, deployment: str
) -> None:
    named = [
        (400, Mention(JOB, "far", "acme")),
        (499, Mention(DEPLOYMENT, "d-before")),
        (501, Mention(DEPLOYMENT, "d-after")),
        (510, Mention(JOB, "near")),
    ]
    if error.location is None:
        named = [(1, Mention(JOB, "near")), (2, Mention(DEPLOYMENT, "d-before"))]
    found = subject(error, named)
    assert (found.job.id if found.job else None, found.deployment.id if found.deployment else None) == (
        job,
        deployment,
    )


def test_only_lines_around_errors_are_searched(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("".join(f"accounts/acme/deployments/d{n}\n" for n in range(1, 2001)))

    def lines(path: str) -> Iterator[str]:
        with open(path) as file:
            yield from file

    named = read(str(log), [_error(1000)], lines)
    assert [line for line, _ in named] == list(range(1000 - NEAR, 1000 + NEAR + 1))
    assert near(_error(1000), named) == named
    assert near(_error(1000 + 2 * NEAR), named) == named[-1:]
    assert near(_error(None), named) == []


def test_a_pipe_is_not_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def lines(path: str) -> Iterator[str]:
        raise AssertionError(path)

    assert read(str(pipe), [_error()], lines) == []
    assert read(str(tmp_path / "nowhere"), [_error()], lines) == []
