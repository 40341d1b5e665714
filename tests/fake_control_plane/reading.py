"""What is only read: accounts, models, shapes, and the collections that a test fills."""

from __future__ import annotations

from .listing import page
from .settings import Settings
from .state import World
from .wire import ApiError, Handler, Json, Request, Routes

#: Collections below an account that a test may fill; empty ones are answered empty.
COLLECTIONS = ("quotas", "auditLogs", "trainingSessions", "trainingRuns", "deployedModels")


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
        routes.add("GET", "/v1/accounts", lambda r: page(self.accounts, r.query, "accounts"))
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
        for name in COLLECTIONS:
            routes.add("GET", f"/v1/accounts/{{account}}/{name}", self._collection(name))

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
        if name not in self._world.shapes:
            raise ApiError(404, f"shape {name!r} not found")
        return self._shown(name)

    def _versions(self, kind: str, key: str) -> Handler:
        def answer(request: Request) -> Json:
            account, shape = request.groups["account"], request.groups["shape"]
            # A dash stands for all of them.
            wanted = f"accounts/{account}/{kind}/{shape}"
            if shape != "-" and account != "-" and wanted not in self._world.shapes:
                raise ApiError(404, f"shape {wanted!r} not found")
            rows = []
            for name, versions in self._world.shapes.items():
                owner, this_kind, identifier = name.split("/")[1:]
                if this_kind == kind and account in ("-", owner) and shape in ("-", identifier):
                    rows += versions
            return page(rows, request.query, key)

        return answer

    def _version(self, request: Request) -> Json:
        name = request.path.removeprefix("/v1/")
        for version in self._world.shapes.get(name.split("/versions/")[0], []):
            if version["name"] == name:
                return version
        raise ApiError(404, f"shape version {name!r} not found")

    def _collection(self, name: str) -> Handler:
        return lambda request: page(self._world.collections.get(name, []), request.query, name)
