"""Wake up a job that was cancelled, train, and cancel it again so that it can be resumed."""

import os

from fireworks.training.sdk import FiretitanServiceClient
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

service = FiretitanServiceClient.from_firetitan_config(
    api_key=api_key,
    base_url=base_url,
    base_model=MODEL,
    trainer_job_id="my-job",
    create_deployment=False,
)
client = service.create_training_client(base_model=MODEL, lora_rank=0)
client.forward_backward(batch(), "cross_entropy").result()
client.optim_step(ADAM).result()
service.close()
