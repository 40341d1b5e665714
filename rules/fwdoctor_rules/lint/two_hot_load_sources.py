"""FWD205: a deployment that is told two buckets to load weights from."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._hot_load import deployments, may_be_none

RULE = Rule(
    id="FWD205",
    name="two-hot-load-sources",
    severity=Severity.ERROR,
    side=Side.USER,
    message="a deployment takes its weights from hot_load_bucket_url or from hot_load_trainer_job, not from both",
    why="The server refuses it: hot_load_bucket_url conflicts with hot_load_trainer_job; set exactly one.",
    remedy=(
        Remedy(
            "Remove hot_load_bucket_url: with hot_load_trainer_job the deployment reads the trainer's bucket."
        ),
        Remedy("To change a deployment that has the one, clear it first, and set the other then."),
    ),
    applicability=Applicability.MANUAL,
    source="the server's answers, as the vendor's skill fireworks-training lists them",
    bad=(
        """
from fireworks.training.sdk import DeploymentManager

manager = DeploymentManager(api_key="...")
manager.update(
    "serving",
    body={
        «"hotLoadBucketUrl"»: "gs://bucket/rl-checkpoints/acme/serving",
        "hotLoadTrainerJob": "accounts/acme/rlorTrainerJobs/job-1",
    },
    update_mask=["hot_load_bucket_url", "hot_load_trainer_job"],
)
""",
        """
from fireworks import Fireworks

client = Fireworks()
client.deployments.create(
    base_model="accounts/fireworks/models/qwen3-8b",
    «hot_load_bucket_url="gs://bucket/rl-checkpoints/acme/serving"»,
    extra_body={"hotLoadTrainerJob": "accounts/acme/rlorTrainerJobs/job-1"},
)
""",
    ),
    good=(
        """
from fireworks.training.sdk import DeploymentManager

manager = DeploymentManager(api_key="...")
manager.update(
    "serving",
    body={"hotLoadBucketUrl": "", "hotLoadTrainerJob": "accounts/acme/rlorTrainerJobs/job-1"},
    update_mask=["hot_load_bucket_url", "hot_load_trainer_job"],
)
""",
        """
from fireworks.training.sdk import DeploymentInfo

info = DeploymentInfo(
    deployment_id="serving",
    name="accounts/acme/deployments/serving",
    state="READY",
    hot_load_bucket_url="gs://bucket/rl-checkpoints/acme/trainer-job-1",
    hot_load_trainer_job="accounts/acme/rlorTrainerJobs/job-1",
)
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Deployments in which both are certainly set."""
    if not file.is_used("hot_load_bucket_url") and not file.is_used("hotLoadBucketUrl"):
        return
    for body, _ in deployments(file):
        url, job = body.get("hot_load_bucket_url"), body.get("hot_load_trainer_job")
        if url and job and not may_be_none(file, url.value) and not may_be_none(file, job.value):
            yield Hit(url.node)
