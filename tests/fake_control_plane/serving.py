"""What a deployment's pods answer: the weight-sync status and signal, and completions.

The pods load what a real one could load: a snapshot that lies in the deployment's bucket, and a delta only on
top of the snapshot that it was made from. Anything else ends in the stage ``error``.
"""

from __future__ import annotations

import json

from .settings import Settings
from .state import ABSENT, Deployment, Replica, World
from .wire import ApiError, Json, Request, Response, Routes

#: States in which no pod answers.
_DOWN = frozenset({"CREATING", "FAILED", "DELETING", "DELETED"})
_HOT_LOAD = "/hot_load/v1/models/hot_load"


class Serving:
    """The pods of all deployments."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings

    def routes(self, routes: Routes) -> None:
        routes.add("GET", _HOT_LOAD, self._status)
        routes.add("POST", _HOT_LOAD, self._load)
        routes.add("POST", "/inference/v1/completions", self._complete)

    def _deployment(self, request: Request) -> Deployment:
        name = request.headers.get("fireworks-deployment", "")
        found = self._world.deployment(name.rsplit("/", 1)[-1])
        if request.headers.get("fireworks-model") != found.row["baseModel"]:
            raise ApiError(404, f"model {request.headers.get('fireworks-model')!r} is not served here")
        if not found.row.get("enableHotLoad"):
            raise ApiError(400, f"hot load is not enabled on deployment {found.id!r}")
        return found

    def _status(self, request: Request) -> Response | Json:
        found = self._deployment(request)
        if found.hot_load is not ABSENT:
            return Response(200, found.hot_load)
        if found.lagging:
            old = [r.json() for r in found.replicas]
            found.lagging -= 1
            if not found.lagging:
                found.roll(len(old))
            return {"replicas": old}
        if found.rolling:
            found.rolling -= 1
            return {"replicas": []}
        up = found.state not in _DOWN
        return {"replicas": [r.json() for r in found.replicas] if up else []}

    def _load(self, request: Request) -> Json:
        found = self._deployment(request)
        body = request.json
        unknown = set(body) - {"identity", "reset_prompt_cache", "incremental_snapshot_metadata"}
        if unknown or not isinstance(body.get("identity"), str):
            raise ApiError(400, f"extra inputs are not permitted: {sorted(unknown)}")
        snapshot = self._world.snapshot(found.row["hotLoadBucketUrl"], body["identity"])
        kind = snapshot.type if snapshot else None
        base = (body.get("incremental_snapshot_metadata") or {}).get("previous_snapshot_identity")
        for replica in found.replicas:
            _into(replica, body["identity"], kind, base)
            word = "failed to load" if replica.stage == "error" else "loaded"
            found.ledger.append(
                {"timestamp": self._world.clock(), "value": f"{replica.identity} {word} {body['identity']}"}
            )
        return {}

    def _complete(self, request: Request) -> Response | Json:
        body = request.json
        name = str(body.get("model", ""))
        found = self._world.deployments.get(name.rsplit("/", 1)[-1])
        if found is None or found.state not in ("READY", "UPDATING"):
            # Never 503 here: the SDK would ask again for five minutes.
            raise ApiError(404, f"model {name!r} not found, inaccessible, or not deployed")
        if not found.replicas:
            raise ApiError(503, "the deployment is scaling up", reason="DEPLOYMENT_SCALING_UP")
        prompt = list(body.get("prompt") or [])
        new = [7 + i for i in range(min(int(body.get("max_tokens") or 16), 4))]
        # An echo covers the prompt, too; logprobs belong to exactly the tokens that come back.
        tokens = prompt + new if body.get("echo") else new
        content = [{"token_id": t, "logprob": -0.5, "sampling_logprob": -0.5} for t in tokens]
        choice: Json = {
            "index": 0,
            "text": " ".join(str(t) for t in new),
            "finish_reason": "length",
            "logprobs": {"content": content} if body.get("logprobs") else None,
            "raw_output": {"prompt_token_ids": prompt, "completion_token_ids": tokens},
        }
        answer: Json = {
            "id": "completion-1",
            "object": "text_completion",
            "model": name,
            "choices": [choice],
            "usage": {"prompt_tokens": len(prompt), "completion_tokens": len(new)},
        }
        if not body.get("stream"):
            return answer
        events = f"data: {json.dumps(answer)}\n\ndata: [DONE]\n\n".encode()
        return Response(200, events, "text/event-stream")


def _into(replica: Replica, identity: str, kind: str | None, base: str | None) -> None:
    """Load one snapshot into one pod, or fail as the loader does."""
    replica.target = identity
    delta = kind == "CHECKPOINT_TYPE_INFERENCE_ARC_V2"
    fits = kind is not None and (base is not None and base == replica.current if delta else base is None)
    if not fits:
        replica.stage = "error"
        return
    replica.stage = "completed"
    if kind == "CHECKPOINT_TYPE_INFERENCE_LORA":
        # Adapters are reported one by one; the base weights under them stay what they were.
        replica.adapters = [{"identity": identity, "status": "loaded"}]
    else:
        replica.current = identity
