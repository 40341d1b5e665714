"""Reattach to a trainer that runs already, and leave it running."""

import os

from sample_data import ADAM, batch
from training.utils import ReconnectableClient, TrainerConfig, build_service_client

MODEL = "accounts/fireworks/models/qwen3-8b"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = build_service_client(
    api_key=api_key,
    base_url=base_url,
    additional_headers=None,
    base_model=MODEL,
    tokenizer_model=None,
    lora_rank=0,
    max_context_length=None,
    learning_rate=1e-5,
    trainer=TrainerConfig(job_id="my-job"),
)
client = ReconnectableClient.from_training_client(
    service.create_training_client(base_model=MODEL, lora_rank=0),
    base_model=MODEL,
    lora_rank=0,
    job_id=service.trainer_job_id,
    service=service,
)
client.load_state_with_optimizer("step-100")
client.forward_backward(batch(), "cross_entropy")
client.optim_step(ADAM)
client.save_state("step-101")
client.close()
service.close()
