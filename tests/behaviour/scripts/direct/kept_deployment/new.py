"""Point a deployment that is there already at a new trainer; the deployment stays as it was."""

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
    base_model=MODEL,
    training_shape_id=SHAPE,
    deployment_id="serving",
    reattach_settle_timeout_s=600,
    reattach_poll_interval_s=0.01,
    cleanup_trainer_on_close=True,
)
client = service.create_training_client(MODEL)
client.forward_backward(batch(), "cross_entropy").result()
client.optim_step(ADAM).result()
saved = client.save_weights_for_sampler("step-1", checkpoint_type="base").result()
service.hotload_sampler_snapshot(saved.path)
service.close()
