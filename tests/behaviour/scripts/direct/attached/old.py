"""Train on with a job that somebody else started; leave it running."""

import os

from fireworks.training.sdk import FiretitanServiceClient, TrainerJobManager
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
endpoint = mgr.wait_for_existing(job_id="my-job")
service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key)
client = service.create_training_client(base_model=MODEL, lora_rank=0)
client.load_state_with_optimizer("step-100").result()
client.forward_backward(batch(), "cross_entropy").result()
client.optim_step(ADAM).result()
client.save_state("step-101").result()
