"""Wake up a job that was cancelled, train, and cancel it again so that it can be resumed."""

import os

from fireworks.training.sdk import FiretitanServiceClient, TrainerJobManager
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
endpoint = mgr.resume_and_wait("my-job")
service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key)
client = service.create_training_client(base_model=MODEL, lora_rank=0)
client.forward_backward(batch(), "cross_entropy").result()
client.optim_step(ADAM).result()
mgr._post(f"/v1/accounts/{mgr.account_id}/rlorTrainerJobs/{endpoint.job_id}:cancel", json={})
