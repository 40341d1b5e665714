"""Reinforcement learning: a trainer, a deployment that follows it, weights synced after every step."""

import asyncio
import os

from fireworks.training.sdk import (
    DeploymentConfig,
    DeploymentManager,
    DeploymentSampler,
    FiretitanServiceClient,
    TrainerJobConfig,
    TrainerJobManager,
    WeightSyncer,
)
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
DEPLOYMENT = "rollouts"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

rlor_mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
deploy_mgr = DeploymentManager(api_key=api_key, base_url=base_url)

profile = rlor_mgr.resolve_training_profile(SHAPE)
endpoint = rlor_mgr.create_and_wait(
    TrainerJobConfig(
        base_model=MODEL,
        training_shape_ref=profile.training_shape_version,
        lora_rank=0,
        learning_rate=1e-5,
        inactivity_timeout="5400s",
    )
)
try:
    deploy_mgr.create_or_get(
        DeploymentConfig(
            deployment_id=DEPLOYMENT,
            base_model=MODEL,
            deployment_shape=profile.deployment_shape_version,
            min_replica_count=2,
            max_replica_count=2,
            hot_load_trainer_job=endpoint.job_name,
            hot_load_transition_type="SYNC",
            disable_speculative_decoding=True,
        )
    )
    info = deploy_mgr.wait_for_ready(DEPLOYMENT)

    service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key)
    client = service.create_training_client(base_model=MODEL, lora_rank=0)
    syncer = WeightSyncer(
        policy_client=client,
        deploy_mgr=deploy_mgr,
        deployment_id=DEPLOYMENT,
        base_model=MODEL,
        hotload_timeout=600,
    )
    sampler = DeploymentSampler(
        inference_url=deploy_mgr.inference_url, model=info.inference_model, api_key=api_key
    )

    async def rollouts(step):
        return await sampler.sample_with_prompt_tokens([step, 2, 3], n=2, max_tokens=4, logprobs=True)

    async def train():
        for step in range(3):
            syncer.save_and_hotload(f"step-{step}")
            await rollouts(step)
            client.forward_backward(batch(step), "cross_entropy").result()
            client.optim_step(ADAM).result()

    asyncio.run(train())
finally:
    deploy_mgr.scale_to_zero(DEPLOYMENT)
    rlor_mgr.delete(endpoint.job_id)
