"""A trainer of its own that is cancelled at the end, so that it could be resumed."""

import os

from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager
from sample_data import ADAM, batch

MODEL = "accounts/fireworks/models/qwen3-8b"
SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"

api_key = os.environ["FIREWORKS_API_KEY"]
base_url = os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai")

mgr = TrainerJobManager(api_key=api_key, base_url=base_url)
endpoint = mgr.create_and_wait(
    TrainerJobConfig(base_model=MODEL, training_shape_ref=SHAPE, region="US_VIRGINIA_1")
)
try:
    client = FiretitanServiceClient(base_url=endpoint.base_url, api_key=api_key).create_training_client(MODEL)
    client.forward_backward(batch(), "cross_entropy").result()
    client.optim_step(ADAM).result()
finally:
    mgr._post(f"/v1/accounts/{mgr.account_id}/rlorTrainerJobs/{endpoint.job_id}:cancel", json={})
