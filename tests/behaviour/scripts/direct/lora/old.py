"""LoRA with its adapter synced into a deployment, which stays."""

import os

from fireworks.training.sdk import (
    DeploymentConfig,
    DeploymentManager,
    FiretitanServiceClient,
    TrainerJobConfig,
    TrainerJobManager,
    WeightSyncer,
)
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"
RANK = 16

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

jobs = TrainerJobManager(api_key=api_key, base_url=base_url)
deployments = DeploymentManager(api_key=api_key, base_url=base_url)
shape = jobs.resolve_training_profile(SHAPE)

created = jobs.create(
    TrainerJobConfig(
        base_model=MODEL, training_shape_ref=shape.training_shape, lora_rank=RANK, learning_rate=1e-4
    )
)
trainer = jobs.wait_for_ready(created.job_id, job_name=created.job_name)
config = DeploymentConfig.from_training_profile(
    deployment_id="adapters",
    base_model=MODEL,
    profile=shape,
    hot_load_trainer_job=trainer.job_name,
    min_replica_count=1,
)
deployments.create_or_get(config)
deployments.wait_for_ready(config.deployment_id)

client = FiretitanServiceClient(base_url=trainer.base_url, api_key=api_key).create_training_client(
    MODEL, lora_rank=RANK
)
syncer = WeightSyncer(
    client, deployments, config.deployment_id, MODEL, lora_rank=RANK, warmup_after_hotload=False
)
for step in range(2):
    client.forward_backward(batch(step), "cross_entropy").result()
    client.optim_step(ADAM).result()
    syncer.save_and_hotload(f"adapter-{step}")
jobs.delete(trainer.job_id)
