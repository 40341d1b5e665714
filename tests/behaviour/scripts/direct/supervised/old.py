"""Supervised training on a trainer of its own, which is deleted at the end."""

import os

from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
profile = mgr.resolve_training_profile(SHAPE)
endpoint = mgr.create_and_wait(
    TrainerJobConfig(
        base_model=MODEL,
        training_shape_ref=profile.training_shape_version,
        lora_rank=0,
        learning_rate=2e-5,
        trainer_replica_count=2,
        display_name="supervised-policy",
    )
)
try:
    service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key)
    client = service.create_training_client(base_model=MODEL, lora_rank=0)
    for step in range(3):
        client.forward_backward(batch(step), "cross_entropy").result()
        client.optim_step(ADAM).result()
    client.save_state("step-3").result()
finally:
    mgr.delete(endpoint.job_id)
