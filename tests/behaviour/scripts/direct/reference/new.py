"""Preference training: a policy and a frozen reference on a trainer of its own; both go at the end."""

import os
from contextlib import closing

from fireworks.training.sdk import FiretitanServiceClient
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
REFERENCE_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = FiretitanServiceClient.from_firetitan_config(
    api_key=api_key,
    base_url=base_url,
    base_model=MODEL,
    training_shape_id=SHAPE,
    reference_training_shape_id=REFERENCE_SHAPE,
    reference_required=True,
    learning_rate=1e-6,
    display_name="dpo-policy",
    create_deployment=False,
    cleanup_trainer_on_close=True,
)
with closing(service):
    policy = service.create_training_client(MODEL)
    reference = service.create_reference_client(MODEL)
    for step in range(2):
        baseline = reference.forward(batch(step), "cross_entropy").result()
        assert len(baseline.loss_fn_outputs) == 2
        policy.forward_backward(batch(step), "cross_entropy").result()
        policy.optim_step(ADAM).result()
    service.release_references()
    policy.save_state("final").result()
