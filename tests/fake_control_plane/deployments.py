"""``/v1/accounts/{account}/deployments``: create, read, patch, scale, delete; and who owns the bucket."""

from __future__ import annotations

import datetime as dt
import re
from collections import deque
from collections.abc import Mapping

from . import buckets, catalogue
from .clock import moment, stamp
from .listing import page
from .settings import Plan, Settings
from .state import Deployment, World
from .wire import ApiError, Json, Request, Routes

_ROOT = "/v1/accounts/{account}/deployments"
_GONE = frozenset({"DELETED", "DELETING"})
#: How long a deleted deployment can be brought back.
_PURGE = dt.timedelta(days=7)


class Deployments:
    """The deployments of the world."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings

    def routes(self, routes: Routes) -> None:
        routes.add("POST", _ROOT, self._create)
        routes.add("GET", _ROOT, self._list)
        routes.add("GET", f"{_ROOT}/{{deployment}}", self._get)
        routes.add("PATCH", f"{_ROOT}/{{deployment}}", self._patch)
        routes.add("PATCH", f"{_ROOT}/{{deployment}}:scale", self._scale)
        routes.add("DELETE", f"{_ROOT}/{{deployment}}", self._delete)
        routes.add("POST", f"{_ROOT}/{{deployment}}:undelete", self._undelete)
        routes.add("GET", f"{_ROOT}/{{deployment}}:metrics", self._metrics)
        routes.add("GET", f"{_ROOT}/{{deployment}}/ledger", self._ledger)
        routes.add("DELETE", f"{_ROOT}/{{deployment}}/ledger", self._reset_ledger)
        routes.add("GET", f"{_ROOT}/{{deployment}}/shards", self._shards)
        routes.add("GET", f"{_ROOT}/{{deployment}}/terminationMessage", self._termination)

    def _create(self, request: Request) -> Json:
        identifier = request.query.get("deploymentId") or f"deployment-{len(self._world.deployments) + 1}"
        if identifier in self._world.deployments:
            raise ApiError(409, f"deployment {identifier!r} already exists")
        flags = {k: v == "true" for k, v in request.query.items()}
        return self.add(identifier, request.json, flags, self._settings.next_deployment()).json()

    def add(self, identifier: str, body: Json, flags: Mapping[str, bool], plan: Plan) -> Deployment:
        """Make a deployment; the first of the planned states is the one it is created in.

        Raises:
            ApiError: the platform would refuse it.
        """
        if body.get("baseModel") not in self._world.models:
            raise ApiError(400, f"base model {body.get('baseModel')!r} not found")
        low, high = int(body.get("minReplicaCount") or 0), int(body.get("maxReplicaCount") or 1)
        if low > high:
            raise ApiError(400, "min_replica_count is larger than max_replica_count")
        now = self._world.clock()
        region = (body.get("placement") or {}).get("region") or "US_VIRGINIA_1"
        row: Json = {
            "baseModel": body["baseModel"],
            "description": body.get("description", ""),
            "region": region,
            "placement": {"region": region},
            "minReplicaCount": low,
            "maxReplicaCount": high,
            **self._hardware(body, flags),
            **self._hot_load(identifier, body),
            "annotations": dict(body.get("annotations") or {}),
            "preemptible": bool(body.get("preemptible")),
            "createTime": now,
            "updateTime": now,
        }
        made = Deployment(
            f"accounts/{self._world.account}/deployments/{identifier}",
            row,
            state=plan.states[0],
            coming=deque(plan.states[1:]),
            status={"code": plan.code, "message": plan.message},
        )
        made.roll(max(low, min(1, high)))
        self._world.deployments[identifier] = made
        return made

    def _hardware(self, body: Json, flags: Mapping[str, bool]) -> Json:
        """From a shape, or given by hand; never both, never neither."""
        if body.get("deploymentShape"):
            if body.get("acceleratorType") or flags.get("acceptShapelessRisk"):
                raise ApiError(400, "the deployment shape decides the accelerator; do not give both")
            skip = flags.get("skipShapeValidation", False)
            if skip and not self._settings.superuser:
                raise ApiError(403, "skip_shape_validation requires a superuser API key")
            shape = catalogue.resolve(self._world, body["deploymentShape"], allow_unvalidated=skip)
            snapshot = shape["snapshot"]
            if snapshot["baseModel"] != body["baseModel"]:
                raise ApiError(400, f"deployment shape {shape['name']!r} is for another base model")
            # The server shows the version that it chose, whatever name it was given.
            return {
                "deploymentShape": shape["name"],
                "acceleratorType": snapshot["acceleratorType"],
                "acceleratorCount": snapshot["acceleratorCount"],
                "precision": snapshot["precision"],
            }
        if body.get("acceleratorType", "ACCELERATOR_TYPE_UNSPECIFIED") == "ACCELERATOR_TYPE_UNSPECIFIED":
            raise ApiError(400, "accelerator_type is required without a deployment shape")
        return {"acceleratorType": body["acceleratorType"], "acceleratorCount": 1, "precision": "BF16"}

    def _hot_load(self, identifier: str, body: Json) -> Json:
        """Its hot-load fields. The bucket is the attached trainer's, or its own if it was made first."""
        if not body.get("enableHotLoad"):
            if body.get("hotLoadTrainerJob"):
                raise ApiError(400, "hot_load_trainer_job needs enable_hot_load")
            return {"enableHotLoad": False}
        if body.get("hotLoadBucketType", "FW_HOSTED") != "FW_HOSTED":
            raise ApiError(400, f"bucket type {body['hotLoadBucketType']!r} is not supported")
        fields: Json = {
            "enableHotLoad": True,
            "hotLoadBucketType": "FW_HOSTED",
            "hotLoadTransitionType": body.get("hotLoadTransitionType", "ASYNC"),
        }
        url, job = body.get("hotLoadBucketUrl"), body.get("hotLoadTrainerJob")
        if url and job:
            raise buckets.conflict(url, job, update=False)
        if url:
            buckets.check(self._world, self._settings, url)
        if job:
            return {**fields, **self._attach(identifier, job)}
        own = url or self._world.bucket(identifier)
        return {**fields, "hotLoadTrainerJob": "", "hotLoadBucketUrl": own}

    def _attach(self, identifier: str, job: str) -> Json:
        """The fields of a deployment that follows ``job``, or, if that is empty, nobody any more."""
        if not job:
            return {"hotLoadTrainerJob": "", "hotLoadBucketUrl": self._world.bucket(identifier)}
        return {
            "hotLoadTrainerJob": job,
            "hotLoadBucketUrl": buckets.source(self._world, identifier, job).bucket,
        }

    def _list(self, request: Request) -> Json:
        deleted = request.flag("showDeleted")
        found = [d for d in self._world.deployments.values() if deleted or d.state not in _GONE]
        return page([d.json() for d in found], request.query, "deployments")

    def _get(self, request: Request) -> Json:
        found = self._world.deployment(request.groups["deployment"])
        found.advance()
        return found.json()

    def _patch(self, request: Request) -> Json:
        found = self._world.deployment(request.groups["deployment"])
        if found.state in _GONE:
            raise ApiError(400, f"deployment {found.id!r} is deleted", code=9)
        body = request.json
        mask = request.query.get("updateMask")
        # Without a mask the given fields count; the SDK scales to zero so.
        fields = [_camel(f) for f in mask.split(",")] if mask else list(body)
        for name in fields:
            if name == "hotLoadTrainerJob":
                self._reattach(found, body.get(name, ""))
            elif name == "hotLoadBucketUrl":
                self._move_bucket(found, body.get(name, ""), body.get("hotLoadTrainerJob"))
            elif name in ("minReplicaCount", "maxReplicaCount"):
                found.row[name] = int(body.get(name) or 0)
            elif name in ("hotLoadTransitionType", "description", "annotations"):
                found.row[name] = body.get(name)
            else:
                raise ApiError(400, f"field {name!r} cannot be updated")
        self._resize(found)
        found.row["updateTime"] = self._world.clock()
        return found.json()

    def _reattach(self, deployment: Deployment, job: str) -> None:
        if deployment.row.get("hotLoadTrainerJob") == job:
            return
        deployment.row.update(self._attach(deployment.id, job))
        deployment.rolling = self._settings.reads_while_rolling
        deployment.lagging = self._settings.reads_before_rolling
        if not deployment.lagging:
            deployment.roll(len(deployment.replicas))

    def _move_bucket(self, deployment: Deployment, url: str, job: str | None) -> None:
        """Another bucket for a deployment that follows nobody."""
        following = deployment.row.get("hotLoadTrainerJob") if job is None else job
        if url and following:
            raise buckets.conflict(url, following, update=True)
        if url:
            buckets.check(self._world, self._settings, url)
            deployment.row["hotLoadBucketUrl"] = url

    def _metrics(self, request: Request) -> Json:
        return {"metrics": self._world.deployment(request.groups["deployment"]).metrics}

    def _ledger(self, request: Request) -> Json:
        return {"ledger": self._world.deployment(request.groups["deployment"]).ledger}

    def _reset_ledger(self, request: Request) -> Json:
        self._world.deployment(request.groups["deployment"]).ledger.clear()
        return {}

    def _shards(self, request: Request) -> Json:
        shown = self._world.deployment(request.groups["deployment"]).json()
        fields = ("state", "status", "replicaStats", "replicaCount", "desiredReplicaCount")
        shard = {"name": f"{shown['name']}/shards/0", **{k: shown[k] for k in fields if k in shown}}
        return {"shards": [shard]}

    def _termination(self, request: Request) -> Json:
        return {"message": self._world.deployment(request.groups["deployment"]).termination}

    def _scale(self, request: Request) -> Json:
        found = self._world.deployment(request.groups["deployment"])
        count = int(request.json.get("replicaCount") or 0)
        found.row["minReplicaCount"] = found.row["maxReplicaCount"] = count
        self._resize(found)
        return found.json()

    def _resize(self, deployment: Deployment) -> None:
        low, high = deployment.row["minReplicaCount"], deployment.row["maxReplicaCount"]
        if low > high:
            raise ApiError(400, "min_replica_count is larger than max_replica_count")
        wanted = min(max(low, len(deployment.replicas)), high)
        if wanted < len(deployment.replicas):
            deployment.replicas = deployment.replicas[:wanted]
        elif wanted > len(deployment.replicas):
            kept = deployment.replicas
            deployment.roll(wanted - len(kept))
            deployment.replicas = kept + deployment.replicas

    def _delete(self, request: Request) -> Json:
        found = self._world.deployment(request.groups["deployment"])
        if not request.flag("ignoreChecks") and found.state not in _GONE and found.replicas:
            raise ApiError(400, f"deployment {found.id!r} served requests lately; set ignore_checks", code=9)
        if request.flag("hard"):
            del self._world.deployments[found.id]
            return {}
        found.state, found.coming = "DELETED", deque()
        found.replicas = []
        found.row["deleteTime"] = self._world.clock()
        found.row["purgeTime"] = stamp(moment(found.row["deleteTime"]) + _PURGE)
        return found.json()

    def _undelete(self, request: Request) -> Json:
        found = self._world.deployment(request.groups["deployment"])
        if found.state != "DELETED":
            raise ApiError(400, f"deployment {found.id!r} is not deleted", code=9)
        del found.row["deleteTime"], found.row["purgeTime"]
        found.state = "CREATING"
        found.coming = deque(["READY"])
        found.roll(found.row["minReplicaCount"])
        return found.json()


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda m: m[1].upper(), name.strip())
