"""Train, save, promote the newest snapshot that can be promoted, delete the trainer."""

import os
import time

from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url, additional_headers={"X-Team": "research"})
created = mgr.create(TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE, purpose="PURPOSE_PILOT"))
while mgr.get(created.job_id)["state"] != "JOB_STATE_RUNNING":
    time.sleep(0.01)
endpoint = mgr.wait_for_ready(created.job_id)
client = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key).create_training_client(MODEL)
for step in range(2):
    client.forward_backward(batch(step), "cross_entropy").result()
    client.optim_step(ADAM).result()
    client.save_weights_for_sampler(f"step-{step}", checkpoint_type="base").result()
rows = [row for row in mgr.list_checkpoints(created.job_id) if row["promotable"]]
mgr.promote_checkpoint(
    name=max(rows, key=lambda row: row["createTime"])["name"], output_model_id="my-model", base_model=MODEL
)
mgr.delete(created.job_id)
