"""``/v1/accounts/{account}/rlorTrainerJobs``: create, read, cancel, resume, delete, checkpoints, promotion."""

from __future__ import annotations

import json
import re
from collections import deque

from . import buckets, catalogue
from .listing import page
from .settings import Plan, Settings
from .state import ENDED, RESUMABLE, TOMBSTONES, Trainer, World
from .wire import ApiError, Json, Request, Routes

_ROOT = "/v1/accounts/{account}/rlorTrainerJobs"
_ID = re.compile(r"[a-z0-9-]{1,63}")


class Trainers:
    """The trainer jobs of the world."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings

    def routes(self, routes: Routes) -> None:
        routes.add("POST", _ROOT, self._create)
        routes.add("GET", _ROOT, self._list)
        routes.add("GET", f"{_ROOT}/{{job}}", self._get)
        routes.add("DELETE", f"{_ROOT}/{{job}}", self._delete)
        routes.add("POST", f"{_ROOT}/{{job}}:resume", self._resume)
        routes.add("POST", f"{_ROOT}/{{job}}:cancel", self._cancel)
        routes.add("GET", f"{_ROOT}/{{job}}/checkpoints", self._checkpoints)
        routes.add("POST", "/v1/accounts/{account}/checkpoints/{checkpoint}:promote", self._promote)
        routes.add("GET", "/v1/accounts/{account}/operations/{operation}", self._operation)

    def _create(self, request: Request) -> Json:
        query, body = request.query, dict(request.json)
        job = query.get("rlorTrainerJobId") or f"job-{len(self._world.trainers) + 1}"
        if not _ID.fullmatch(job):
            raise ApiError(400, f"invalid rlor_trainer_job_id {job!r}")
        if job in self._world.trainers:
            raise ApiError(409, f"rlor trainer job {job!r} already exists")
        if job in self._world.purged:
            raise ApiError(409, f"rlor trainer job {job!r} is archived and cannot be recreated")
        skip = request.flag("skipValidations")
        if skip and not self._settings.superuser:
            raise ApiError(400, "skip_validations requires a superuser API key")
        config = dict(body.get("trainingConfig") or {})
        if config.get("baseModel") not in self._world.models:
            raise ApiError(400, f"base model {config.get('baseModel')!r} not found")
        shape = self._shape(query.get("trainingShape"), config, body, skip=skip)
        bucket = self._bucket(job, query.get("deploymentId"), body)
        body.setdefault("hotLoadDeploymentId", query.get("deploymentId", ""))
        trainer = self.add(job, config, body, shape, bucket, self._settings.next_trainer())
        return trainer.json(with_shape=self._settings.shape_version_on_jobs)

    def add(self, job: str, config: Json, body: Json, shape: Json | None, bucket: str, plan: Plan) -> Trainer:
        """Make a trainer job; the first of the planned states is the one it is created in."""
        snapshot = shape["snapshot"] if shape else {}
        # The newest schema has no region on a job; what was asked for is only visible on the wire.
        shown = {k: v for k, v in config.items() if k != "region"}
        shown.setdefault("maxContextLength", snapshot.get("maxSupportedContextLength", 0))
        row: Json = {
            "displayName": body.get("displayName", ""),
            "createTime": self._world.clock(),
            "createdBy": f"owner@{self._world.account}.test",
            "serviceMode": bool(body.get("serviceMode")),
            "keepAlive": bool(body.get("keepAlive")),
            "forwardOnly": bool(body.get("forwardOnly")),
            "dataset": body.get("dataset", ""),
            "trainingConfig": shown,
            "trainerReplicaCount": body.get("trainerReplicaCount", 1),
            "nodeCount": body.get("nodeCount") or snapshot.get("nodeCount", 1),
            "hotLoadDeploymentId": body.get("hotLoadDeploymentId", ""),
            "inactivityTimeout": body.get("inactivityTimeout", "3600s"),
            "disableInactivityCleanup": bool(body.get("disableInactivityCleanup")),
            "acceleratorSeconds": {},
            "managedBy": body.get("managedBy", ""),
            "purpose": body.get("purpose", "PURPOSE_UNSPECIFIED"),
        }
        trainer = Trainer(
            f"accounts/{self._world.account}/rlorTrainerJobs/{job}",
            row,
            bucket,
            shape["name"] if shape else None,
            state=plan.states[0],
            coming=deque(plan.states[1:]),
            status={"code": plan.code, "message": plan.message},
            timed=self._settings.by_clock,
            entered=self._world.clock.now(),
            active=self._world.clock.now(),
        )
        if trainer.timed:
            trainer.coming.clear()
        self._world.trainers[job] = trainer
        return trainer

    def _shape(self, reference: str | None, config: Json, body: Json, *, skip: bool) -> Json | None:
        """The version that the job runs on; None on the manual path of a superuser."""
        model = config["baseModel"]
        if reference:
            found = catalogue.resolve(self._world, reference, allow_unvalidated=skip)
            if found["snapshot"]["baseModel"] != model:
                raise ApiError(400, f"training shape {reference!r} is for another base model than {model!r}")
            return found
        if skip:
            return None
        frozen_or_lora = body.get("forwardOnly") or config.get("loraRank")
        wanted = ("LORA_TRAINER", "FORWARD_ONLY") if frozen_or_lora else ("POLICY_TRAINER",)
        launchable = [v for versions in self._world.shapes.values() for v in versions if v["latestValidated"]]
        for mode in wanted:
            for version in launchable:
                snapshot = version["snapshot"]
                if snapshot.get("trainerMode") == mode and snapshot["baseModel"] == model:
                    return version
        raise ApiError(400, f"no validated training shape for {model!r}", code=9)

    def _bucket(self, job: str, deployment_id: str | None, body: Json) -> str:
        """Where its snapshots go: its own place, or that of a deployment that was made before it."""
        if not deployment_id:
            if body.get("hotLoadDeploymentId"):
                raise ApiError(400, "hot_load_deployment_id needs the query parameter deployment_id, too")
            return self._world.bucket(f"trainer-{job}")
        return buckets.of_deployment(self._world, deployment_id)

    def _list(self, request: Request) -> Json:
        # Deleted rows are never listed, whatever the request asks for; archived ones are, if it asks.
        archived = {"JOB_STATE_ARCHIVED"} if request.flag("includeArchived") else frozenset()
        shown = [t for t in self._world.trainers.values() if t.state not in TOMBSTONES - archived]
        rows = [t.json(with_shape=self._settings.shape_version_on_jobs) for t in shown]
        return page(rows, request.query, "rlorTrainerJobs")

    def _get(self, request: Request) -> Json:
        trainer = self._world.trainer(request.groups["job"])
        trainer.advance()
        return trainer.json(with_shape=self._settings.shape_version_on_jobs)

    def _delete(self, request: Request) -> Json:
        trainer = self._world.trainer(request.groups["job"])
        if trainer.state not in TOMBSTONES:
            trainer.enter("JOB_STATE_DELETED", at=self._world.clock.now())
        return {}

    def _resume(self, request: Request) -> Json:
        trainer = self._world.trainer(request.groups["job"])
        if trainer.state not in RESUMABLE:
            raise ApiError(400, f"cannot resume job in state: {trainer.state}", code=9)
        states = self._settings.next_trainer().states
        trainer.timed = self._settings.by_clock
        trainer.enter(*(states[:1] if trainer.timed else states), at=self._world.clock.now())
        trainer.completed, trainer.granted = None, None
        trainer.process += 1
        return trainer.json(with_shape=self._settings.shape_version_on_jobs)

    def _cancel(self, request: Request) -> Json:
        trainer = self._world.trainer(request.groups["job"])
        if trainer.state in ENDED:
            raise ApiError(400, f"cannot cancel job in state: {trainer.state}", code=9)
        trainer.enter("JOB_STATE_CANCELLED", at=self._world.clock.now())
        trainer.completed = self._world.clock()
        return {}

    def _checkpoints(self, request: Request) -> Json:
        trainer = self._world.trainer(request.groups["job"])
        rows = sorted((c.row(trainer.name) for c in trainer.checkpoints), key=lambda r: r["createTime"])
        return page(rows, request.query, self._settings.checkpoints_key)

    def _promote(self, request: Request) -> Json:
        body = request.json
        trainer = self._world.trainer_named(body.get("trainer_job_id", ""))
        if trainer is None:
            raise ApiError(404, f"trainer job {body.get('trainer_job_id')!r} not found")
        checkpoint = trainer.checkpoint(request.groups["checkpoint"])
        if checkpoint is None:
            # The words of production; fwdoctor explains them.
            raise ApiError(404, f"checkpoint {json.dumps(request.groups['checkpoint'])} not found in GCS")
        if not checkpoint.promotable:
            raise ApiError(400, f"checkpoint type {checkpoint.type} cannot be promoted", code=9)
        target = body.get("output_model", "")
        if not _ID.fullmatch(target.rsplit("/", 1)[-1]):
            wanted = json.dumps(target.rsplit("/", 1)[-1])
            raise ApiError(400, f"invalid output_model: model ID {wanted} must match ^[a-z0-9-]{{1,63}}$")
        if target in self._world.models:
            raise ApiError(409, f"output_model {target} already exists")
        lora = checkpoint.type.endswith("LORA")
        model: Json = {
            "name": target,
            "state": "READY",
            "kind": "HF_PEFT_ADDON" if lora else "HF_BASE_MODEL",
        }
        if lora:
            model["peftDetails"] = {"baseModel": body.get("base_model"), "r": trainer.lora_rank}
        self._world.models[target] = model
        if not body.get("async_promotion"):
            return {"model": model}
        name = f"accounts/{self._world.account}/operations/promote-{len(self._world.operations) + 1}"
        done: Json = {
            "name": name,
            "done": True,
            "metadata": {"status_message": "promoted"},
            "response": {"@type": "type.googleapis.com/gateway.Model", **model},
        }
        self._world.operations[name] = done
        if self._settings.operations_take_time:
            return {"operation": {"name": name, "done": False, "metadata": {"status_message": "copying"}}}
        return {"operation": done}

    def _operation(self, request: Request) -> Json:
        name = request.path.removeprefix("/v1/")
        if name not in self._world.operations:
            raise ApiError(404, f"operation {name!r} not found")
        return self._world.operations[name]
