"""Train, save, promote the newest snapshot that can be promoted, delete the trainer."""

import os

from fireworks.training.sdk import FiretitanServiceClient
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = FiretitanServiceClient.from_firetitan_config(
    api_key=api_key,
    base_url=base_url,
    additional_headers={"X-Team": "research"},
    base_model=MODEL,
    training_shape_id=SHAPE,
    purpose="PURPOSE_PILOT",
    create_deployment=False,
    cleanup_trainer_on_close=True,
)
client = service.create_training_client(MODEL)
for step in range(2):
    client.forward_backward(batch(step), "cross_entropy").result()
    client.optim_step(ADAM).result()
    client.save_weights_for_sampler(f"step-{step}", checkpoint_type="base").result()
rows = [row for row in service.list_checkpoints(service.trainer_job_id) if row["promotable"]]
service.promote_checkpoint(
    name=max(rows, key=lambda row: row["createTime"])["name"], output_model_id="my-model", base_model=MODEL
)
service.close()
