"""LoRA with its adapter synced into a deployment, which stays."""

import os

from fireworks.training.sdk import FiretitanServiceClient
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"
RANK = 16

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = FiretitanServiceClient.from_firetitan_config(
    api_key=api_key,
    base_url=base_url,
    base_model=MODEL,
    training_shape_id=SHAPE,
    lora_rank=RANK,
    learning_rate=1e-4,
    deployment_id="adapters",
    cleanup_trainer_on_close=True,
)
client = service.create_training_client(MODEL, lora_rank=RANK)
for step in range(2):
    client.forward_backward(batch(step), "cross_entropy").result()
    client.optim_step(ADAM).result()
    saved = client.save_weights_for_sampler(f"adapter-{step}").result()
    service.hotload_sampler_snapshot(saved.path)
service.close()
