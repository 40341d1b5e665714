"""What is only read: accounts, models, shapes, and the collections that a test fills."""

from __future__ import annotations

import datetime as dt

from . import catalogue
from .clock import moment
from .listing import page
from .settings import Settings
from .state import World
from .wire import ApiError, Handler, Json, Request, Routes

#: Collections below an account that a test may fill; empty ones are answered empty.
COLLECTIONS = ("quotas", "trainingSessions", "trainingRuns", "deployedModels")


class Reading:
    """The read-only part of the world."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self.accounts: list[Json] = [
            {
                "name": f"accounts/{world.account}",
                "displayName": world.account.title(),
                "email": f"owner@{world.account}.test",
                "state": "READY",
                "status": {"code": "OK", "message": ""},
                "suspendState": "UNSUSPENDED",
                "accountType": "STANDARD",
                "createTime": "2026-01-01T00:00:00Z",
                "updateTime": "2026-01-01T00:00:00Z",
            }
        ]

    def routes(self, routes: Routes) -> None:
        routes.add("GET", "/v1/accounts", self._accounts)
        routes.add("GET", "/v1/accounts/{account}", self._account)
        routes.add("GET", "/v1/accounts/{account}/models/{model}", self._model)
        for kind, key in (
            ("trainingShapes", "trainingShapeVersions"),
            ("deploymentShapes", "deploymentShapeVersions"),
        ):
            shape = f"/v1/accounts/{{account}}/{kind}"
            routes.add("GET", shape, self._lister(kind))
            routes.add("GET", f"{shape}/{{shape}}", self._shape)
            routes.add("GET", f"{shape}/{{shape}}/versions", self._versions(kind, key))
            routes.add("GET", f"{shape}/{{shape}}/versions/{{version}}", self._version)
        sessions = "/v1/accounts/{account}/trainingSessions/{session}"
        routes.add("GET", sessions, self._session)
        routes.add("DELETE", sessions, self._delete_session)
        routes.add("GET", f"{sessions}/checkpoints", self._session_checkpoints)
        routes.add("GET", "/v1/accounts/{account}/models", self._models)
        routes.add("GET", "/v1/accounts/{account}/auditLogs", self._audit)
        for name in COLLECTIONS:
            routes.add("GET", f"/v1/accounts/{{account}}/{name}", self._collection(name))

    def _accounts(self, request: Request) -> Json:
        """The accounts of the caller's key."""
        assert request.caller is not None
        rows = self.accounts
        if (names := request.caller.accounts) is not None:
            known = {row["name"].split("/")[1]: row for row in rows}
            rows = [known.get(name) or {"name": f"accounts/{name}"} for name in names]
        return page(rows, request.query, "accounts")

    def _audit(self, request: Request) -> Json:
        if not self._settings.enterprise:
            raise ApiError(403, "audit logs are for enterprise accounts")
        rows = self._world.collections.get("auditLogs", [])
        if first := request.query.get("startTime"):
            rows = [r for r in rows if _time(first) <= moment(r["timestamp"])]
        if last := request.query.get("endTime"):
            rows = [r for r in rows if moment(r["timestamp"]) <= _time(last)]
        return page(rows, request.query, "auditLogs")

    def _models(self, request: Request) -> Json:
        parent = f"accounts/{request.groups['account']}/models/"
        rows = [model for name, model in self._world.models.items() if name.startswith(parent)]
        return page(rows, request.query, "models")

    def _session(self, request: Request) -> Json:
        name = f"accounts/{self._world.account}/trainingSessions/{request.groups['session']}"
        for row in self._world.collections.get("trainingSessions", []):
            if row["name"] == name:
                return row
        raise ApiError(404, f"training session {request.groups['session']!r} not found")

    def _delete_session(self, request: Request) -> Json:
        self._session(request)["state"] = "DELETING"
        return {}

    def _session_checkpoints(self, request: Request) -> Json:
        self._session(request)
        rows = self._world.session_checkpoints.get(request.groups["session"], [])
        return page(rows, request.query, "trainingSessionCheckpoints")

    def _account(self, request: Request) -> Json:
        name = request.path.removeprefix("/v1/")
        for account in self.accounts:
            if account["name"] == name:
                return account
        raise ApiError(404, f"account {name!r} not found")

    def _model(self, request: Request) -> Json:
        name = request.path.removeprefix("/v1/")
        if name not in self._world.models:
            raise ApiError(404, f"model {name!r} not found")
        return self._world.models[name]

    def _lister(self, kind: str) -> Handler:
        def answer(request: Request) -> Json:
            parent = f"accounts/{request.groups['account']}/{kind}/"
            shapes = [self._shown(name) for name in self._world.shapes if name.startswith(parent)]
            return page(shapes, request.query, kind)

        return answer

    def _shown(self, name: str) -> Json:
        return {**self._world.shapes[name][-1]["snapshot"], "name": name}

    def _shape(self, request: Request) -> Json:
        name = request.path.removeprefix("/v1/")
        catalogue.check_access(self._world, name)
        if name not in self._world.shapes:
            raise ApiError(404, f"shape {name!r} not found")
        return self._shown(name)

    def _versions(self, kind: str, key: str) -> Handler:
        def answer(request: Request) -> Json:
            account, shape = request.groups["account"], request.groups["shape"]
            # A dash stands for all of them.
            wanted = f"accounts/{account}/{kind}/{shape}"
            catalogue.check_access(self._world, wanted)
            if shape != "-" and account != "-" and wanted not in self._world.shapes:
                raise ApiError(404, f"shape {wanted!r} not found")
            rows = []
            for name, versions in self._world.shapes.items():
                if name in self._world.refused_shapes and name != wanted:
                    continue
                owner, this_kind, identifier = name.split("/")[1:]
                if this_kind == kind and account in ("-", owner) and shape in ("-", identifier):
                    rows += versions
            return page(rows, request.query, key)

        return answer

    def _version(self, request: Request) -> Json:
        name = request.path.removeprefix("/v1/")
        catalogue.check_access(self._world, name.split("/versions/")[0])
        for version in self._world.shapes.get(name.split("/versions/")[0], []):
            if version["name"] == name:
                return version
        raise ApiError(404, f"shape version {name!r} not found")

    def _collection(self, name: str) -> Handler:
        return lambda request: page(self._world.collections.get(name, []), request.query, name)


def _time(text: str) -> dt.datetime:
    try:
        return moment(text)
    except ValueError:
        raise ApiError(400, f"invalid time {text!r}") from None
