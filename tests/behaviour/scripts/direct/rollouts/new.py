"""Reinforcement learning: a trainer, a deployment that follows it, weights synced after every step."""

import asyncio
import os
from contextlib import closing

from fireworks.training.sdk import FiretitanServiceClient
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
DEPLOYMENT = "rollouts"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = FiretitanServiceClient.from_firetitan_config(
    api_key=api_key,
    base_url=base_url,
    base_model=MODEL,
    training_shape_id=SHAPE,
    lora_rank=0,
    learning_rate=1e-5,
    inactivity_timeout="5400s",
    deployment_id=DEPLOYMENT,
    replica_count=2,
    hot_load_transition_type="SYNC",
    disable_speculative_decoding=True,
    hotload_timeout_s=600,
    cleanup_trainer_on_close=True,
    cleanup_deployment_on_close="scale_to_zero",
)
with closing(service):
    client = service.create_training_client(base_model=MODEL, lora_rank=0)
    sampler = service.create_deployment_sampler()

    async def rollouts(step):
        return await sampler.sample_with_prompt_tokens([step, 2, 3], n=2, max_tokens=4, logprobs=True)

    async def train():
        for step in range(3):
            saved = client.save_weights_for_sampler(f"step-{step}").result()
            service.hotload_sampler_snapshot(saved.path)
            await rollouts(step)
            client.forward_backward(batch(step), "cross_entropy").result()
            client.optim_step(ADAM).result()

    asyncio.run(train())
