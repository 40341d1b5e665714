"""ReconnectableClient: a training client whose calls wait for their results."""

from fireworks.training.sdk import FiretitanServiceClient


class ReconnectableClient:
    """Wraps a client that a service made, or connects to a trainer job as it always did."""

    def __init__(
        self, rlor_mgr, job_id, base_model, lora_rank=0, fw_api_key=None, default_timeout=3600, endpoint=None
    ):
        endpoint = endpoint or rlor_mgr.wait_for_existing(job_id)
        service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=fw_api_key)
        client = service.create_training_client(base_model=base_model, lora_rank=lora_rank)
        self._set(client, job_id, default_timeout)

    @classmethod
    def from_training_client(
        cls, client, *, base_model, lora_rank=0, job_id, default_timeout=3600, service=None, base_only=False
    ):
        self = cls.__new__(cls)
        self._set(client, job_id, default_timeout)
        return self

    def _set(self, client, job_id, timeout):
        self._client, self.job_id, self._timeout = client, job_id, timeout

    def _wait(self, future):
        return future.result(timeout=self._timeout)

    def forward(self, data, loss_fn):
        return self._wait(self._client.forward(data, loss_fn))

    def forward_backward(self, data, loss_fn="cross_entropy", loss_fn_config=None):
        return self._wait(self._client.forward_backward(data, loss_fn, loss_fn_config=loss_fn_config))

    def forward_backward_custom(self, data, loss_fn):
        return self._wait(self._client.forward_backward_custom(data, loss_fn))

    def optim_step(self, params, grad_accumulation_normalization=None):
        given = {"grad_accumulation_normalization": grad_accumulation_normalization}
        return self._wait(
            self._client.optim_step(params, **{k: v for k, v in given.items() if v is not None})
        )

    def save_state(self, name, timeout=2700):
        return self._client.save_state(name).result(timeout=timeout)

    def load_state_with_optimizer(self, path, timeout=2700):
        return self._client.load_state_with_optimizer(path).result(timeout=timeout)

    def load_adapter(self, adapter_path, timeout=2700):
        return self._client.load_adapter(adapter_path).result(timeout=timeout)

    def save_weights_for_sampler_ext(self, name, checkpoint_type=None, timeout=2700):
        return self._client.save_weights_for_sampler_ext(name, checkpoint_type=checkpoint_type)

    def save_weights_for_sampler(self, name, ttl_seconds=None, *, checkpoint_type=None, timeout=2700):
        saving = self._client.save_weights_for_sampler(name, ttl_seconds, checkpoint_type=checkpoint_type)
        return saving.result(timeout=timeout)

    def list_checkpoints(self):
        return self._client.list_checkpoints()

    def resolve_checkpoint_path(self, name, source_job_id=None):
        return self._client.resolve_checkpoint_path(name, source_job_id=source_job_id)

    def close(self, timeout=5.0):
        """Nothing: only the service's own close lets trainers go."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
