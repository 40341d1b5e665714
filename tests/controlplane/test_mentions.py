"""Which jobs and deployments a log speaks of, near which error, and when it was written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fwdoctor.controlplane.mentions import NEAR, Lines, Mention, in_text, near, read, subject, written
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
    found = subject(error, Lines(named))
    assert (found.job.id if found.job else None, found.deployment.id if found.deployment else None) == (
        job,
        deployment,
    )


def _lines(path: str) -> Iterator[str]:
    with open(path) as file:
        yield from file


def test_only_lines_around_errors_are_searched(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("".join(f"2026-08-19 10:00 accounts/acme/deployments/d{n}\n" for n in range(1, 2001)))
    found = read(str(log), [_error(1000)], _lines)
    there = list(range(1000 - NEAR, 1000 + NEAR + 1))
    assert [line for line, _ in found.named] == there
    assert [line for line, _ in found.dated] == there
    assert near(_error(1000), found) == found
    assert near(_error(1000 + 2 * NEAR), found) == Lines(found.named[-1:], found.dated[-1:])
    assert near(_error(None), found) == Lines()


def test_a_pipe_is_not_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def lines(path: str) -> Iterator[str]:
        raise AssertionError(path)

    assert read(str(pipe), [_error()], lines) == Lines()
    assert read(str(tmp_path / "nowhere"), [_error()], lines) == Lines()


TEN = datetime(2026, 8, 19, 10, tzinfo=UTC)
#: Of a time without a zone: where it is that time last.
LATEST = TEN + timedelta(hours=12)


@pytest.mark.parametrize(
    ("line", "text", "until"),
    [
        ("2026-08-19 10:00:00,123 INFO x", "2026-08-19 10:00", LATEST),
        ("2026-08-19 10:00 x", "2026-08-19 10:00", LATEST),
        ("[2026-08-19T10:00:00] x", "2026-08-19 10:00", LATEST),
        ("2026-08-19T10:00:00.123456789Z stderr F x", "2026-08-19 10:00 UTC", TEN),
        ("2026-08-19 10:00:00.5 UTC | x", "2026-08-19 10:00 UTC", TEN),
        ("2026-08-19T12:00:00+02:00 x", "2026-08-19 12:00+02:00", TEN),
        ("2026-08-19 03:00:00 -0700 x", "2026-08-19 03:00-0700", TEN),
        ('{"timestamp": "2026-08-19T10:00:00Z", "level": "ERROR"}', "2026-08-19 10:00 UTC", TEN),
        ("ts=2026-08-19T10:00:00Z level=error", "2026-08-19 10:00 UTC", TEN),
        ("time: 2026-08-19 10:00:00", "2026-08-19 10:00", LATEST),
    ],
)
def test_the_time_of_a_line(line: str, text: str, until: datetime) -> None:
    found = written(line)
    assert found is not None
    assert (found.text, found.until) == (text, until)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "10:00:00,123 INFO x",
        "Aug 19 10:00:00 host x",
        "E0819 10:00:00.1 x",
        "the key expires 2026-08-19 10:00:00",
        "2026-08-19",
        "2026-02-31 10:00:00 x",
        "2026-08-19 29:00:00 x",
        "2026-08-19 10:00:00+99:99 x",
        "12026-08-19 10:00:00",
        "checkpoint-2026-08-19 10:00",
    ],
)
def test_what_is_no_time_of_a_line(line: str) -> None:
    assert written(line) is None


@pytest.mark.parametrize(
    ("place", "until"),
    [
        (1, LATEST),  # the next line that says it
        (2, LATEST),  # itself
        (3, LATEST + timedelta(hours=1)),
        (9, LATEST + timedelta(hours=1, days=1)),  # nothing after it says when it was
    ],
)
def test_an_error_is_not_younger_than_the_next_line_with_a_time(
    tmp_path: Path, place: int, until: datetime
) -> None:
    log = tmp_path / "run.log"
    log.write_text("x\n2026-08-19 10:00:00 a\nTraceback\n2026-08-19 11:00:00 b\n" + "x\n" * 9)
    error = _error(place)
    found = subject(error, near(error, read(str(log), [error], _lines))).written
    assert found is not None
    assert found.until == until


def test_a_log_without_times_was_written_at_no_time() -> None:
    assert subject(_error(1), Lines([(1, Mention(JOB, "j1"))])).written is None
