"""The trainer gateway: the protocol that training clients speak with a running trainer.

Every operation is answered with a request id; its result waits at ``retrieve_future``. Numbers are made up,
but have the right shapes: one log probability for each token.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .settings import Settings
from .state import RESUME, Trainer, World
from .wire import ApiError, Json, Request, Routes

_ROOT = "/training/v1/rlorTrainerJobs/{account}/{job}/api/v1"
LOGPROB = -0.5


class Refused(Exception):
    """The trainer accepted the operation and then failed; the SDK finds that in the future."""


@dataclass
class _Session:
    """What one trainer process remembers of its clients."""

    sessions: int = 0
    requests: int = 0
    models: dict[str, Json] = field(default_factory=dict)
    futures: dict[str, Json] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    based: bool = False


class Gateway:
    """The protocol of all trainers that run."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._processes: dict[str, _Session] = defaultdict(_Session)

    def routes(self, routes: Routes) -> None:
        routes.add("GET", f"{_ROOT}/healthz", self._healthz)
        routes.add("GET", f"{_ROOT}/list_checkpoints", self._list_checkpoints)
        routes.add("GET", f"{_ROOT}/get_server_capabilities", self._capabilities)
        routes.add("POST", f"{_ROOT}/client/config", lambda _: {})
        routes.add("POST", f"{_ROOT}/telemetry", lambda _: {"status": "accepted"})
        routes.add("POST", f"{_ROOT}/session_heartbeat", self._heartbeat)
        routes.add("POST", f"{_ROOT}/create_session", self._create_session)
        routes.add("POST", f"{_ROOT}/retrieve_future", self._retrieve)
        routes.add("POST", f"{_ROOT}/weights_info", self._weights_info)
        operations: dict[str, Callable[[Trainer, _Session, Json], Json]] = {
            "create_model": self._create_model,
            "forward": self._forward,
            "forward_backward": self._forward_backward,
            "optim_step": self._optim_step,
            "save_weights": self._save_weights,
            "save_weights_for_sampler": self._save_for_sampler,
            "load_weights": self._load_weights,
            "load_adapter": self._load_adapter,
            "unload_model": self._unload_model,
        }
        for name, operation in operations.items():
            routes.add("POST", f"{_ROOT}/{name}", self._accepting(operation))

    def _trainer(self, request: Request) -> Trainer:
        trainer = self._world.trainers.get(request.groups["job"])
        if trainer is not None and request.method == "POST":
            trainer.active = self._world.clock.now()
        if trainer is None or not trainer.serving or request.groups["account"] != self._world.account:
            raise ApiError(404, f"no route to trainer {request.groups['job']!r}")
        return trainer

    def _process(self, trainer: Trainer) -> _Session:
        """What the present process of a trainer remembers: nothing of the ones before it."""
        return self._processes[f"{trainer.id}#{trainer.process}"]

    def _accepting(self, operation: Callable[[Trainer, _Session, Json], Json]) -> Callable[[Request], Json]:
        """A handler that runs an operation at once and keeps its result for ``retrieve_future``."""

        def accept(request: Request) -> Json:
            trainer = self._trainer(request)
            process = self._process(trainer)
            process.requests += 1
            key = f"{trainer.id}-request-{process.requests}"
            try:
                process.futures[key] = operation(trainer, process, request.json)
            except Refused as error:
                process.futures[key] = {"error": str(error), "category": "user"}
            return {"request_id": key}

        return accept

    def _retrieve(self, request: Request) -> Json:
        process = self._process(self._trainer(request))
        key = request.json.get("request_id", "")
        if key not in process.futures:
            raise ApiError(410, f"promise {key!r} is gone")
        process.asked[key] += 1
        if process.asked[key] <= self._settings.futures_try_again:
            return {"type": "try_again", "request_id": key, "queue_state": "active"}
        return process.futures[key]

    def _healthz(self, request: Request) -> Json:
        self._trainer(request)
        return {"status": "ok"}

    def _heartbeat(self, request: Request) -> Json:
        # A connected client counts as activity, even if it trains nothing.
        self._trainer(request)
        return {"type": "session_heartbeat"}

    def _list_checkpoints(self, request: Request) -> Json:
        trainer = self._trainer(request)
        return {"checkpoints": sorted(c.id for c in trainer.checkpoints if c.type in RESUME)}

    def _capabilities(self, request: Request) -> Json:
        return {"supported_models": [{"model_name": self._trainer(request).base_model}]}

    def _create_session(self, request: Request) -> Json:
        trainer = self._trainer(request)
        process = self._process(trainer)
        process.sessions += 1
        return {"type": "create_session", "session_id": f"{trainer.id}-session-{process.sessions}"}

    def _create_model(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        if body.get("base_model") != trainer.base_model:
            raise Refused(f"this trainer has {trainer.base_model}, not {body.get('base_model')}")
        lora = body.get("lora_config") or {}
        rank = int(lora.get("rank") or 0)
        if rank > trainer.lora_rank:
            raise Refused(f"LoRA rank {rank} is more than the trainer's {trainer.lora_rank}")
        model = f"{body.get('session_id')}:train:{body.get('model_seq_id')}"
        process.models[model] = {"rank": rank, "base_only": bool(body.get("base_only"))}
        return {"type": "create_model", "model_id": model}

    def _model(self, process: _Session, body: Json) -> Json:
        model = process.models.get(body.get("model_id", ""))
        if model is None:
            raise Refused(f"model {body.get('model_id')!r} is not loaded")
        return model

    def _forward(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        self._model(process, body)
        return _outputs(body.get("forward_input") or {})

    def _forward_backward(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        self._trained(trainer, process, body)
        return _outputs(body.get("forward_backward_input") or {})

    def _optim_step(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        self._trained(trainer, process, body)
        return {"metrics": {"grad_norm": 1.0}}

    def _trained(self, trainer: Trainer, process: _Session, body: Json) -> None:
        if trainer.forward_only or self._model(process, body)["base_only"]:
            raise Refused("a frozen model cannot be trained")

    def _save_weights(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        self._trained(trainer, process, body)
        kind = "CHECKPOINT_TYPE_TRAINING_LORA" if trainer.lora_rank else "CHECKPOINT_TYPE_TRAINING"
        trainer.save(body["path"], kind, self._world.clock())
        return {"type": "save_weights", "path": body["path"]}

    def _save_for_sampler(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        self._trained(trainer, process, body)
        rank = self._model(process, body)["rank"]
        wanted = body.get("checkpoint_type", "base")
        if wanted == "delta" and (rank or not process.based):
            raise Refused("a delta needs a base snapshot of this trainer before it")
        if wanted == "merged_base" and not rank:
            raise Refused("only a LoRA session can be merged")
        kind = {"delta": "ARC_V2", "merged_base": "BASE", "base": "LORA" if rank else "BASE"}.get(wanted)
        if kind is None:
            raise Refused(f"unknown checkpoint type {wanted!r}")
        process.based = process.based or wanted == "base"
        trainer.save(body["path"], f"CHECKPOINT_TYPE_INFERENCE_{kind}", self._world.clock())
        return {"type": "save_weights_for_sampler", "path": body["path"]}

    def _load_weights(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        self._model(process, body)
        saved = trainer.checkpoint(body.get("path", ""))
        # "cross_job://" and the like name another trainer's checkpoint: taken on trust.
        if "://" not in body.get("path", "") and (saved is None or saved.type not in RESUME):
            raise Refused(f"no checkpoint {body.get('path')!r} to resume from")
        return {"type": "load_weights", "path": body.get("path")}

    def _load_adapter(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        if not self._model(process, body)["rank"]:
            raise Refused("adapters can be loaded into LoRA sessions only")
        return {"model_id": body["model_id"], "adapter_path": body.get("adapter_path")}

    def _unload_model(self, trainer: Trainer, process: _Session, body: Json) -> Json:
        self._model(process, body)
        del process.models[body["model_id"]]
        return {"type": "unload_model", "model_id": body["model_id"]}

    def _weights_info(self, request: Request) -> Json:
        trainer = self._trainer(request)
        rank = trainer.lora_rank
        return {"base_model": trainer.base_model, "is_lora": bool(rank), "lora_rank": rank or None}


def _outputs(given: Json) -> Json:
    """The log probabilities for a batch, one for each token, and the loss over them."""
    outputs: list[dict[str, Any]] = []
    for datum in given.get("data") or []:
        count = sum(len(c.get("tokens") or []) for c in datum["model_input"]["chunks"])
        outputs.append({"logprobs": {"data": [LOGPROB] * count, "dtype": "float32", "shape": [count]}})
    total = -LOGPROB * sum(len(o["logprobs"]["data"]) for o in outputs)
    return {
        "loss_fn_output_type": "ArrayRecord",
        "loss_fn_outputs": outputs,
        "metrics": {"loss:sum": total},
    }
