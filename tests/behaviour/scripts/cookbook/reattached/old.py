"""Reattach to a trainer that runs already, and leave it running."""

import os

from fireworks.training.sdk import TrainerJobManager
from sample_data import ADAM, batch
from training.utils import InfraConfig, ReconnectableClient, create_trainer_job

MODEL = "accounts/fireworks/models/qwen3-8b"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
endpoint = create_trainer_job(mgr, base_model=MODEL, infra=InfraConfig(), job_id="my-job")
client = ReconnectableClient(mgr, endpoint.job_id, MODEL, 0, fw_api_key=api_key, endpoint=endpoint)
client.load_state_with_optimizer("step-100")
client.forward_backward(batch(), "cross_entropy")
client.optim_step(ADAM)
client.save_state("step-101")
client.close()
