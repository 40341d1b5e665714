"""Supervised training on a trainer that the cookbook's helper makes and the clean-up cancels."""

import os

from fireworks.training.sdk import TrainerJobManager
from sample_data import ADAM, batch
from training.utils import InfraConfig, ReconnectableClient, ResourceCleanup, create_trainer_job

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
infra = InfraConfig(training_shape_id=SHAPE, trainer_replica_count=2, region="US_VIRGINIA_1")

with ResourceCleanup(mgr) as cleanup:
    endpoint = create_trainer_job(
        mgr,
        base_model=MODEL,
        infra=infra,
        profile=mgr.resolve_training_profile(infra.training_shape_id),
        lora_rank=0,
        learning_rate=2e-5,
        display_name="sft",
        cleanup=cleanup,
    )
    client = ReconnectableClient(mgr, endpoint.job_id, MODEL, 0, fw_api_key=api_key, endpoint=endpoint)
    for step in range(3):
        client.forward_backward(batch(step), "cross_entropy")
        client.optim_step(ADAM)
    client.save_state("final")
