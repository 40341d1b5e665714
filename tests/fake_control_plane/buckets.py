"""Who owns the bucket that weights travel through: what the platform refuses, in its own words.

It says "trainer-first" for the scope PER_TRAINER and "deployment-first" for PER_DEPLOYMENT.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from .settings import Settings
from .state import TOMBSTONES, Trainer, World
from .wire import ApiError


def source(world: World, deployment: str, job: str) -> Trainer:
    """The trainer that a deployment may follow.

    Raises:
        ApiError: there is no such trainer, or it writes to another deployment's bucket.
    """
    trainer = world.trainer_named(job)
    if trainer is None or trainer.state in TOMBSTONES:
        raise ApiError(400, f"hot load trainer job {job!r} not found")
    if owner := trainer.row["hotLoadDeploymentId"]:
        raise ApiError(
            400,
            f"hotload flow mismatch: trainer {job} is deployment-first-keyed for deployment {owner}, "
            f"but you're trying to use it as the source for deployment {deployment}",
        )
    return trainer


def of_deployment(world: World, deployment: str) -> str:
    """The bucket of a deployment that a new trainer is to write to.

    Raises:
        ApiError: there is no such deployment, it follows a trainer, or it has no bucket.
    """
    row = world.deployment(deployment).row
    if job := row.get("hotLoadTrainerJob"):
        raise ApiError(
            400,
            f"hotload flow mismatch: trainer wants deployment-first (hot_load_deployment_id={deployment}) "
            f"but deployment {deployment} is trainer-first (hot_load_trainer_job={job})",
        )
    if not row.get("hotLoadBucketUrl"):
        raise ApiError(400, f"deployment {deployment!r} has no hot load bucket")
    return str(row["hotLoadBucketUrl"])


def conflict(url: str, job: str, *, update: bool) -> ApiError:
    """Both a bucket and a trainer say where snapshots come from."""
    end = "update hot_load_trainer_job instead, or clear it first" if update else "set exactly one"
    return ApiError(
        400, f"hot_load_bucket_url {json.dumps(url)} conflicts with hot_load_trainer_job {job}; {end}"
    )


def check(world: World, settings: Settings, url: str) -> None:
    """Refuse a URL that cannot be a hosted bucket of this account.

    Raises:
        ApiError: its form, its path, or whether the control plane can read it.
    """
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        raise ApiError(400, f"invalid FW_HOSTED hot_load_bucket_url {json.dumps(url)}")
    if parts.scheme != "gs":
        raise ApiError(400, f"FW_HOSTED hot_load_bucket_url must use gs:// scheme, got {url}")
    start = f"rl-checkpoints/{world.account}/"
    if not parts.path.lstrip("/").startswith(start):
        raise ApiError(400, f"FW_HOSTED hot_load_bucket_url {url}: path must start with {start}")
    if parts.netloc != urlsplit(world.bucket("any")).netloc:
        raise ApiError(400, "configured FW_HOSTED hot_load bucket is not reachable", code=9)
    if not settings.bucket_readable:
        text = "control plane lacks permission to read the configured FW_HOSTED hot_load bucket"
        raise ApiError(400, text, code=9)
