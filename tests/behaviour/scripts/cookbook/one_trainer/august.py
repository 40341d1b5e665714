"""Supervised training on a trainer that the cookbook's helper makes and the clean-up cancels."""

import os
from contextlib import closing

from sample_data import ADAM, batch
from training.utils import ReconnectableClient, TrainerConfig, build_service_client

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = build_service_client(
    api_key=api_key,
    base_url=base_url,
    additional_headers=None,
    base_model=MODEL,
    tokenizer_model=None,
    max_lora_rank=0,
    max_context_length=None,
    learning_rate=2e-5,
    trainer=TrainerConfig(training_shape_id=SHAPE, replica_count=2, region="US_VIRGINIA_1"),
    cleanup_trainer_on_close=True,
)
with closing(service):
    client = ReconnectableClient.from_training_client(
        service.create_training_client(base_model=MODEL, lora_rank=0),
        base_model=MODEL,
        lora_rank=0,
        job_id=service.trainer_job_id,
        service=service,
    )
    for step in range(3):
        client.forward_backward(batch(step), "cross_entropy")
        client.optim_step(ADAM)
    client.save_state("final")
