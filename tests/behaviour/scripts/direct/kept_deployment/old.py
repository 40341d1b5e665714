"""Point a deployment that is there already at a new trainer; the deployment stays as it was."""

import os

from fireworks.training.sdk import (
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
endpoint = mgr.create_and_wait(TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE))
deployments.reattach_trainer(
    "serving", base_model=MODEL, trainer_job_name=endpoint.job_name, timeout_s=600, poll_interval_s=0.01
)
client = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key).create_training_client(MODEL)
syncer = WeightSyncer(policy_client=client, deploy_mgr=deployments, deployment_id="serving", base_model=MODEL)
client.forward_backward(batch(), "cross_entropy").result()
client.optim_step(ADAM).result()
syncer.wait_for_hotload_ready(poll_interval_s=0)
syncer.save_and_hotload("step-1", checkpoint_type="base")
mgr.delete(endpoint.job_id)
