"""A loop of its own on setup_infra: policy, reference, rollouts; trainers are cancelled at the end."""

import os
from contextlib import closing

from sample_data import ADAM, batch
from training.utils import DeployConfig, ReconnectableClient, TrainerConfig, build_service_client

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
REFERENCE_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = build_service_client(
    api_key=api_key,
    base_url=base_url,
    additional_headers=None,
    base_model=MODEL,
    tokenizer_model=None,
    lora_rank=0,
    max_context_length=4096,
    learning_rate=1e-5,
    trainer=TrainerConfig(
        training_shape_id=SHAPE, reference_training_shape_id=REFERENCE_SHAPE, timeout_s=1800
    ),
    deployment=DeployConfig(deployment_id="rollouts", replica_count=2, disable_speculative_decoding=True),
    hotload_timeout_s=300,
    cleanup_trainer_on_close=True,
    reference_required=True,
)
with closing(service):
    policy = ReconnectableClient.from_training_client(
        service.create_training_client(base_model=MODEL, lora_rank=0),
        base_model=MODEL,
        lora_rank=0,
        job_id=service.trainer_job_id,
        default_timeout=600,
        service=service,
    )
    reference = ReconnectableClient.from_training_client(
        service.create_reference_client(MODEL, lora_rank=0),
        base_model=MODEL,
        lora_rank=0,
        job_id=service.reference_client_job_id,
        default_timeout=600,
        service=service,
        base_only=True,
    )
    for step in range(2):
        saved = policy.save_weights_for_sampler_ext(f"step-{step}")
        service.hotload_sampler_snapshot(saved.snapshot_name)
        reference.forward(batch(step), "cross_entropy")
        policy.forward_backward(batch(step), "cross_entropy")
        policy.optim_step(ADAM)
    policy.save_state("final")
    assert service.reference_trainer_job_id not in (None, service.trainer_job_id)
