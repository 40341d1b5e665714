"""The fake itself: everything behind one address, with a log and switches."""

from __future__ import annotations

import threading
import traceback
from types import TracebackType
from typing import Any

from . import catalogue
from .deployments import Deployments
from .gateway import Gateway
from .http import Server
from .listing import without_zeros
from .log import Call, Log
from .reading import Reading
from .serving import Serving
from .settings import Plan, Settings
from .state import Clock, Deployment, Trainer, World
from .trainers import Trainers
from .wire import ApiError, Request, Response, Routes


class FakeControlPlane:
    """A control plane with one account and one key, listening on loopback while it is entered.

    ``world`` is what it knows, ``settings`` how it behaves, ``log`` what was asked of it.
    """

    def __init__(self, account: str = "acme", key: str = "fw_fake_key") -> None:
        self.key = key
        self.settings = Settings()
        self.world = World(account, Clock())
        catalogue.fill(self.world)
        self.reading = Reading(self.world, self.settings)
        self._trainers = Trainers(self.world, self.settings)
        self._deployments = Deployments(self.world, self.settings)
        self._routes = Routes()
        for part in (
            self._trainers,
            self._deployments,
            Serving(self.world, self.settings),
            Gateway(self.world, self.settings),
            self.reading,
        ):
            part.routes(self._routes)
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._broken: list[str] = []
        self._server: Server | None = None

    def __enter__(self) -> FakeControlPlane:
        self._server = Server(self.answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._server = None
        if self._broken and error is None:
            raise AssertionError("the fake itself failed:\n" + "\n".join(self._broken))

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        assert self._server is not None, "not entered"
        return self._server.url

    @property
    def log(self) -> Log:
        """All requests so far."""
        with self._lock:
            return Log(tuple(self._calls), self.world.account)

    def add_trainer(self, job: str, state: str = "JOB_STATE_RUNNING", **config: Any) -> Trainer:
        """A trainer that was there before: ``config`` as in ``trainingConfig``, in camel case."""
        shape = catalogue.resolve(self.world, catalogue.POLICY_SHAPE)
        body = {"serviceMode": True}
        given = {"baseModel": catalogue.MODEL, "loraRank": 0, "learningRate": 1e-5, **config}
        bucket = self.world.bucket(f"trainer-{job}")
        trainer = self._trainers.add(job, given, body, shape, bucket, self.settings.next_trainer())
        trainer.enter(state)
        return trainer

    def add_deployment(self, identifier: str, follows: Trainer, *, shape: str) -> Deployment:
        """A deployment with one replica that was there before and follows a trainer."""
        body = {
            "baseModel": follows.base_model,
            "deploymentShape": shape,
            "minReplicaCount": 1,
            "maxReplicaCount": 1,
            "enableHotLoad": True,
            "hotLoadTrainerJob": follows.name,
        }
        return self._deployments.add(identifier, body, {}, Plan(("READY",)))

    def answer(self, request: Request) -> Response:
        """Answer one request and log it."""
        with self._lock:
            response = self._respond(request)
            self._calls.append(
                Call(
                    request.method,
                    request.path,
                    dict(request.query),
                    request.body,
                    response.status,
                    _told(request),
                )
            )
        return response

    def _respond(self, request: Request) -> Response:
        try:
            self._authorize(request)
            if (fault := self.settings.fault(request)) is not None:
                raise fault
            served = self._routes.find(request.method, request.path)
            if served is None:
                raise ApiError(404, f"nothing is served at {request.method} {request.path}")
            handler, groups = served
            account = groups.get("account", self.world.account)
            if account not in (self.world.account, "fireworks", "-"):
                raise ApiError(403, f"no access to account {account!r}")
            made = Request(request.method, request.path, request.query, request.headers, request.body, groups)
            answer = handler(made)
        except ApiError as error:
            return error.response()
        except Exception:
            # A client would ask again for minutes; the test shall see what broke.
            self._broken.append(f"{request.method} {request.path}\n{traceback.format_exc()}")
            return Response(418, {"message": "the fake is broken"})
        if isinstance(answer, Response):
            return answer
        if self.settings.omit_zeros and request.path.startswith("/v1/"):
            answer = without_zeros(answer)
        return Response(200, answer)

    def _authorize(self, request: Request) -> None:
        given = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix(
            "Bearer "
        )
        if given != self.key:
            raise ApiError(401, "invalid API key", code=16)


#: Headers that the SDK sends by itself.
_OWN = (
    "x-api-key",
    "x-fireworks-client-",
    "x-fireworks-session-",
    "x-idempotency-key",
    "x-request-id",
    "x-stainless-",
    "x-tinker-",
)


def _told(request: Request) -> dict[str, str]:
    """The headers that are part of what is asked: which deployment, where its snapshot lies, the user's own."""
    return {
        name: value
        for name, value in request.headers.items()
        if name.startswith(("fireworks-", "x-")) and not name.startswith(_OWN)
    }
