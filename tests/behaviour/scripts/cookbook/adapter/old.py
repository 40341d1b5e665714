"""LoRA: a trainer, a deployment that follows it, a sampler; the deployment is deleted at the end."""

import asyncio
import os

from fireworks.training.sdk import DeploymentManager, DeploymentSampler, TrainerJobManager, WeightSyncer
from sample_data import ADAM, batch
from training.utils import (
    DeployConfig,
    InfraConfig,
    ReconnectableClient,
    ResourceCleanup,
    create_trainer_job,
    setup_deployment,
)

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"
RANK = 16

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

rlor_mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
deploy_mgr = DeploymentManager(api_key=api_key, base_url=base_url)
infra = InfraConfig(training_shape_id=SHAPE)
profile = rlor_mgr.resolve_training_profile(SHAPE)

with ResourceCleanup(rlor_mgr, deploy_mgr) as cleanup:
    endpoint = create_trainer_job(
        rlor_mgr,
        base_model=MODEL,
        infra=infra,
        profile=profile,
        lora_rank=RANK,
        learning_rate=1e-4,
        cleanup=cleanup,
    )
    deployment = DeployConfig(
        deployment_id="adapters",
        deployment_shape=profile.deployment_shape_version,
        hot_load_trainer_job=endpoint.job_name,
        replica_count=1,
        disable_speculative_decoding=False,
    )
    info = setup_deployment(deploy_mgr, deployment, MODEL, infra)
    cleanup.deployment("adapters")
    client = ReconnectableClient(
        rlor_mgr, endpoint.job_id, MODEL, RANK, fw_api_key=api_key, endpoint=endpoint, default_timeout=900
    )
    syncer = WeightSyncer(
        policy_client=client.inner,
        deploy_mgr=deploy_mgr,
        deployment_id="adapters",
        base_model=MODEL,
        lora_rank=RANK,
        warmup_after_hotload=False,
    )
    sampler = DeploymentSampler(
        inference_url=deploy_mgr.inference_url, model=info.inference_model, api_key=api_key
    )

    async def train():
        for step in range(2):
            client.forward_backward(batch(step), "cross_entropy")
            client.optim_step(ADAM)
            syncer.save_and_hotload(f"adapter-{step}")
            await sampler.sample_with_prompt_tokens([1, 2], n=1, max_tokens=2)

    asyncio.run(train())
