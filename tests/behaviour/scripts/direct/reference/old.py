"""Preference training: a policy and a frozen reference on a trainer of its own; both go at the end."""

import os

from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
REFERENCE_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)


def launch(shape, name, forward_only=False):
    return mgr.create_and_wait(
        TrainerJobConfig(
            base_model=MODEL,
            training_shape_ref=mgr.resolve_training_profile(shape).training_shape_version,
            learning_rate=1e-6,
            display_name=name,
            forward_only=forward_only,
        )
    )


policy_endpoint = launch(SHAPE, "dpo-policy")
reference_endpoint = launch(REFERENCE_SHAPE, "dpo-reference", forward_only=True)
try:
    policy = FiretitanServiceClient(
        base_url=policy_endpoint.base_url, api_key=api_key
    ).create_training_client(MODEL)
    reference = FiretitanServiceClient(
        base_url=reference_endpoint.base_url, api_key=api_key
    ).create_training_client(MODEL)
    for step in range(2):
        baseline = reference.forward(batch(step), "cross_entropy").result()
        assert len(baseline.loss_fn_outputs) == 2
        policy.forward_backward(batch(step), "cross_entropy").result()
        policy.optim_step(ADAM).result()
    mgr.delete(reference_endpoint.job_id)
    policy.save_state("final").result()
finally:
    mgr.delete(policy_endpoint.job_id)
