"""A loop of its own on setup_infra: policy, reference, rollouts; trainers are cancelled at the end."""

import os

from fireworks.training.sdk import DeploymentManager, TrainerJobManager, WeightSyncer
from sample_data import ADAM, batch
from training.utils import DeployConfig, InfraConfig, ResourceCleanup, setup_infra

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
REFERENCE_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

rlor_mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
deploy_mgr = DeploymentManager(api_key=api_key, base_url=base_url)

with ResourceCleanup(rlor_mgr, deploy_mgr) as cleanup:
    infra = setup_infra(
        rlor_mgr=rlor_mgr,
        deploy_mgr=deploy_mgr,
        base_model=MODEL,
        infra_cfg=InfraConfig(
            training_shape_id=SHAPE, ref_training_shape_id=REFERENCE_SHAPE, trainer_timeout_s=1800
        ),
        deploy_cfg=DeployConfig(deployment_id="rollouts", replica_count=2, disable_speculative_decoding=True),
        lora_rank=0,
        max_seq_len=4096,
        learning_rate=1e-5,
        step_timeout=600,
        needs_reference=True,
        needs_inference=True,
        role_prefix="grpo",
        api_key=api_key,
        cleanup=cleanup,
    )
    policy = infra.policy
    reference = infra.reference
    weight_syncer = WeightSyncer(
        policy_client=policy.inner,
        deploy_mgr=deploy_mgr,
        deployment_id=infra.deployment_id,
        base_model=MODEL,
        hotload_timeout=300,
        lora_rank=0,
    )
    for step in range(2):
        weight_syncer.save_and_hotload(f"step-{step}")
        reference.forward(batch(step), "cross_entropy")
        policy.forward_backward(batch(step), "cross_entropy")
        policy.optim_step(ADAM)
    policy.save_state("final")
    assert infra.reference_job_id not in (None, infra.policy_job_id)
