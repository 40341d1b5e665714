"""A managed service that nobody closes.

Only a service that stays in sight is told: bound to a name, or used in a chain, and nothing of what the file
does with it can close it. One that leaves (returned, stored, passed to code that may take it over) is
somebody else's to close. A service that attaches to an existing trainer, or says
``cleanup_trainer_on_close=False``, and cleans nothing else up, loses nothing by staying open.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint import _services

RULE = Rule(
    id="FWD301",
    name="service-never-closed",
    severity=Severity.WARNING,
    side=Side.USER,
    message="nobody closes this service: {consequence}",
    why="Nothing but close() ends a service's sessions, deletes its reference trainers and does what the "
    "cleanup_..._on_close settings ask for. Until their inactivity timeout, trainers cost money.",
    remedy=(
        Remedy(
            "Close it however the work ends: put the work into `with contextlib.closing(service):`, or call "
            "service.close() in a finally block.{advice}"
        ),
    ),
    applicability=Applicability.MANUAL,
    source="SDK 1.2.0a74 to 1.2.30, fireworks/training/sdk/client.py FiretitanServiceClient.close and "
    "managed.py _ManagedTinkerHandle.close; the vendor's training and sampling guide, Cleanup",
    bad=(
        """
from fireworks.training.sdk import FiretitanServiceClient

service = «FiretitanServiceClient.from_firetitan_config»(
    base_model="accounts/fireworks/models/qwen3-8b",
    cleanup_trainer_on_close=True,
    cleanup_deployment_on_close="scale_to_zero",
)
client = service.create_training_client()
client.save_state("step-0").result()
""",
        """
from training.utils import ReconnectableClient, TrainerConfig
from training.utils.service import build_service_client


def train(key: str) -> None:
    service = «build_service_client»(
        api_key=key,
        base_url="https://api.fireworks.ai",
        additional_headers=None,
        base_model="accounts/fireworks/models/qwen3-8b",
        tokenizer_model=None,
        max_lora_rank=16,
        max_context_length=None,
        learning_rate=1e-5,
        trainer=TrainerConfig(),
        cleanup_trainer_on_close=True,
    )
    policy = ReconnectableClient.from_training_client(
        service.create_training_client(),
        base_model="accounts/fireworks/models/qwen3-8b",
        job_id=service.trainer_job_id,
        service=service,
    )
    policy.save_state("step-0")
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

client = «FiretitanServiceClient.from_firetitan_config»(
    base_model="accounts/fireworks/models/qwen3-8b"
).create_training_client()
""",
    ),
    good=(
        """
from contextlib import closing

from fireworks.training.sdk import FiretitanServiceClient

with closing(FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=True)) as service:
    client = service.create_training_client()
    client.save_state("step-0").result()
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

service = FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=True)
try:
    client = service.create_training_client()
    client.save_state("step-0").result()
finally:
    service.close()
""",
        """
from fireworks.training.sdk import FiretitanServiceClient


def connect(base_model: str) -> FiretitanServiceClient:
    service = FiretitanServiceClient.from_firetitan_config(
        base_model=base_model, cleanup_trainer_on_close=True
    )
    print(service.trainer_job_id)
    return service
""",
        """
from fireworks.training.sdk import FiretitanServiceClient

# To look at a trainer that others started.
service = FiretitanServiceClient.from_firetitan_config(trainer_job_id="job-1")
print(service.create_training_client().list_checkpoints())
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Every managed service that is made in a file and surely stays open."""
    for service in _services.services(file):
        if service.closed or service.hidden or not service.used:
            continue
        cleans = _services.cleans_up(file, service.made)
        if cleans is not True and _services.keeps_its_trainer(file, service.made):
            continue
        yield Hit(service.made.node.func, _told(cleans))


def _told(cleans: bool | None) -> dict[str, str]:
    if cleans is False:
        return {
            "consequence": "its trainer runs on until the inactivity timeout",
            "advice": " Pass cleanup_trainer_on_close=True as well: without it, closing leaves the trainer.",
        }
    asked = "whatever cleanup its settings ask for" if cleans is None else "the cleanup that it is asked for"
    return {
        "consequence": f"{asked} never happens, and what it provisioned runs on until the inactivity timeout",
        "advice": "",
    }
