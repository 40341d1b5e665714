"""LoRA: a trainer, a deployment that follows it, a sampler; the deployment is deleted at the end."""

import asyncio
import os
from contextlib import closing

from sample_data import ADAM, batch
from training.utils import DeployConfig, ReconnectableClient, TrainerConfig, build_service_client

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"
RANK = 16

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = build_service_client(
    api_key=api_key,
    base_url=base_url,
    additional_headers=None,
    base_model=MODEL,
    tokenizer_model=None,
    max_lora_rank=RANK,
    max_context_length=None,
    learning_rate=1e-4,
    trainer=TrainerConfig(training_shape_id=SHAPE),
    deployment=DeployConfig(deployment_id="adapters", replica_count=1, disable_speculative_decoding=False),
    cleanup_trainer_on_close=True,
    cleanup_deployment_on_close="delete",
)
with closing(service):
    client = ReconnectableClient.from_training_client(
        service.create_training_client(base_model=MODEL, lora_rank=RANK),
        base_model=MODEL,
        lora_rank=RANK,
        job_id=service.trainer_job_id,
        default_timeout=900,
        service=service,
    )
    sampler = service.create_deployment_sampler()

    async def train():
        for step in range(2):
            client.forward_backward(batch(step), "cross_entropy")
            client.optim_step(ADAM)
            saved = client.save_weights_for_sampler(f"adapter-{step}")
            service.hotload_sampler_snapshot(saved.path)
            await sampler.sample_with_prompt_tokens([1, 2], n=1, max_tokens=2)

    asyncio.run(train())
