"""The deployment is made first and owns the bucket; the trainer writes into it (PER_DEPLOYMENT)."""

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
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
deployments = DeploymentManager(api_key=api_key, base_url=base_url)
profile = mgr.resolve_training_profile(SHAPE)
deployments.create_or_get(
    DeploymentConfig(
        deployment_id="serving",
        base_model=MODEL,
        deployment_shape=profile.deployment_shape_version,
        min_replica_count=1,
        region="US_VIRGINIA_1",
    )
)
endpoint = mgr.create_and_wait(
    TrainerJobConfig(
        base_model=MODEL,
        training_shape_ref=profile.training_shape_version,
        hot_load_deployment_id="serving",
        region="US_VIRGINIA_1",
    )
)
deployments.wait_for_ready("serving")
client = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key).create_training_client(MODEL)
syncer = WeightSyncer(
    policy_client=client,
    deploy_mgr=deployments,
    deployment_id="serving",
    base_model=MODEL,
    warmup_after_hotload=False,
)
client.forward_backward(batch(), "cross_entropy").result()
client.optim_step(ADAM).result()
syncer.save_and_hotload("step-1")
deployments.delete("serving")
mgr.delete(endpoint.job_id)
