"""The fake itself: everything behind one address, with a log and switches."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from . import catalogue
from .access import Access
from .audit import entry
from .clock import START, Clock, stamp
from .control import DeploymentControl, TrainerControl
from .deployments import Deployments
from .faults import Fault, Trigger
from .gateway import Gateway
from .http import Server
from .life import Life
from .listing import without_zeros
from .log import Call, Log
from .reading import Reading
from .serving import Serving
from .settings import Plan, Settings
from .state import Deployment, Trainer, World
from .tls import Certificate
from .trainers import Trainers
from .wire import ApiError, Json, Key, Request, Response, Routes


@dataclass(frozen=True)
class Elsewhere:
    """Another host: what came there, and whether a key came with it."""

    server: Server
    seen: list[tuple[str, bool]]

    @property
    def url(self) -> str:
        return self.server.url


class FakeControlPlane:
    """A control plane with one account and one key, listening on loopback while it is entered.

    ``world`` is what it knows, ``settings`` how it behaves, ``log`` what was asked of it, ``clock`` its time.
    ``trainers`` and ``deployments`` change single ones. ``start`` and ``live`` are the clock's.
    """

    def __init__(
        self,
        account: str = "acme",
        key: str = "fw_fake_key",
        *,
        start: dt.datetime = START,
        live: bool = False,
        port: int = 0,
        omit_zero: bool = False,
        training_shape_version: bool = True,
    ) -> None:
        self.key = key
        self.settings = Settings(omit_zeros=omit_zero, shape_version_on_jobs=training_shape_version)
        self.clock = Clock(start, live=live)
        self.world = World(account, self.clock)
        catalogue.fill(self.world)
        self.reading = Reading(self.world, self.settings)
        self.access = Access(account, self.reading.accounts, self.settings)
        self.access.keys[key] = Key()
        self._trainers = Trainers(self.world, self.settings)
        self._deployments = Deployments(self.world, self.settings)
        self.trainers = TrainerControl(self.world)
        self.deployments = DeploymentControl(self.world)
        self._life = Life(self.world, self.settings)
        self._rewrites: list[tuple[re.Pattern[str], Callable[[Any], Any]]] = []
        self._port = port
        self._open = ExitStack()
        self._elsewhere: Elsewhere | None = None
        self._secure: tuple[Server, Path] | None = None
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
        self._server = self._serve(self._port)
        return self

    def _serve(self, port: int = 0, certificate: Certificate | None = None) -> Server:
        context = certificate.context() if certificate else None
        return Server(self.answer, port, now=lambda: self.clock.now().timestamp(), tls=context)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._server = None
        self._open.close()
        self._elsewhere = self._secure = None
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

    @property
    def elsewhere(self) -> Elsewhere:
        """A second host, to redirect to: it keeps what it is asked, and answers nothing of use."""
        if self._elsewhere is None:
            seen: list[tuple[str, bool]] = []

            def answer(request: Request) -> Response:
                seen.append((request.path, bool({"authorization", "x-api-key"} & set(request.headers))))
                return Response(200, {})

            server = Server(answer)
            self._open.callback(server.close)
            self._elsewhere = Elsewhere(server, seen)
        return self._elsewhere

    def secure(self) -> tuple[str, Path]:
        """The same control plane behind HTTPS with a certificate that nobody trusts: its URL, and that file.

        Raises:
            FileNotFoundError: there is no ``openssl`` program to make a certificate with.
        """
        if self._secure is None:
            folder = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
            certificate = Certificate.make(folder)
            server = self._serve(certificate=certificate)
            self._open.callback(server.close)
            self._secure = server, certificate.public
        return self._secure[0].url, self._secure[1]

    def fail(
        self, path: str, fault: Fault, *, method: str | None = None, times: int | None = None
    ) -> Trigger:
        """Let requests whose path has a match of the regular expression ``path`` meet a fault."""
        trigger = Trigger(re.compile(path), fault, method, times)
        self.settings.faults.append(trigger)
        return trigger

    def heal(self) -> None:
        """No more faults."""
        self.settings.faults.clear()

    def rewrite(self, path: str, change: Callable[[Any], Any]) -> None:
        """Change the JSON of all good answers below a path: what another release of the server would say."""
        self._rewrites.append((re.compile(path), change))

    def add_key(
        self, key: str, *, accounts: tuple[str, ...] | None = None, inference_only: bool = False
    ) -> None:
        """One more key: of other accounts, or for inference only."""
        self.access.keys[key] = Key(accounts, inference_only)

    def suspend(self, state: str) -> None:
        """Put the account into a ``suspendState``."""
        self.reading.accounts[0]["suspendState"] = state

    def set_quota(self, name: str, value: int, usage: float) -> None:
        """How much of something the account may have at once, and has."""
        row: Json = {
            "name": f"accounts/{self.world.account}/quotas/{name}",
            "value": str(value),
            "maxValue": str(value),
            "usage": usage,
            "updateTime": stamp(self.clock.now()),
        }
        quotas = self.world.collections.setdefault("quotas", [])
        quotas[:] = [q for q in quotas if q["name"] != row["name"]] + [row]

    def add_session(self, session: str, state: str = "READY", *, age_s: float = 0, **fields: Any) -> Json:
        """A serverless training session that was made ``age_s`` ago; ``fields`` in camel case."""
        made = stamp(self.clock.ago(age_s))
        row: Json = {
            "name": f"accounts/{self.world.account}/trainingSessions/{session}",
            "state": "TRAINING_SESSION_STATE_UNSPECIFIED" if state == "UNSPECIFIED" else state,
            "status": {"code": "OK", "message": ""},
            "baseModel": catalogue.MODEL,
            "createTime": made,
            "updateTime": made,
            **fields,
        }
        self.world.collections.setdefault("trainingSessions", []).append(row)
        return row

    def add_model(self, name: str, **fields: Any) -> None:
        """A model of this account (a bare id), or any (a full name)."""
        full = name if "/" in name else f"accounts/{self.world.account}/models/{name}"
        catalogue.add_model(self.world, full, **fields)

    def add_trainer(self, job: str, state: str = "JOB_STATE_RUNNING", **config: Any) -> Trainer:
        """A trainer that was there before: ``config`` as in ``trainingConfig``, in camel case."""
        shape = catalogue.resolve(self.world, catalogue.POLICY_SHAPE)
        body = {"serviceMode": True}
        given = {"baseModel": catalogue.MODEL, "loraRank": 0, "learningRate": 1e-5, **config}
        bucket = self.world.bucket(f"trainer-{job}")
        trainer = self._trainers.add(job, given, body, shape, bucket, self.settings.next_trainer())
        trainer.enter(state)
        return trainer

    def add_deployment(
        self,
        identifier: str,
        follows: Trainer | None,
        *,
        shape: str = catalogue.DEPLOYMENT_SHAPE,
        replicas: int = 1,
        **fields: Any,
    ) -> Deployment:
        """A deployment that was there before and follows a trainer (or None); ``fields`` in camel case."""
        body = {
            "baseModel": follows.base_model if follows else catalogue.MODEL,
            "deploymentShape": shape,
            "minReplicaCount": replicas,
            "maxReplicaCount": replicas,
            "enableHotLoad": True,
            "hotLoadTrainerJob": follows.name if follows else "",
            **fields,
        }
        return self._deployments.add(identifier, body, {}, Plan(("READY",)))

    def answer(self, request: Request) -> Response:
        """Answer one request and log it."""
        with self._lock:
            self._life.catch_up()
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
        # Nobody else waits for an answer that is late.
        return replace(response, delay_s=response.delay_s + self.settings.latency_s)

    def _respond(self, request: Request) -> Response:
        # What goes wrong on the way does so whatever the key is.
        fault = self.settings.fault(request) or Fault()
        response = fault.instead(request) if fault.instead else self._good(request)
        if fault.change:
            response = fault.change(response)
        return replace(response, delay_s=fault.delay_s)

    def _good(self, request: Request) -> Response:
        """The answer if nothing is told to fail."""
        try:
            request = replace(request, caller=self.access.caller(request.headers))
            served = self._routes.find(request.method, request.path)
            if served is None:
                raise ApiError(404, f"nothing is served at {request.method} {request.path}")
            handler, groups = served
            account = groups.get("account")
            self.access.check(request, account)
            self._check_suspension(request)
            if self.access.is_foreign(account) and not request.path.endswith(f"/accounts/{account}"):
                answer: Response | Json = _nothing(request)
            else:
                answer = handler(replace(request, groups=groups))
            self._audit(request, 200)
        except ApiError as error:
            if error.status in (400, 409, 412):
                self._audit(request, error.status)
            return error.response()
        except Exception:
            # A client would ask again for minutes; the test shall see what broke.
            self._broken.append(f"{request.method} {request.path}\n{traceback.format_exc()}")
            return Response(418, {"message": "the fake is broken"})
        if isinstance(answer, Response):
            return answer
        if self.settings.omit_zeros and request.path.startswith("/v1/"):
            answer = without_zeros(answer)
        for path, change in self._rewrites:
            if path.search(request.path):
                answer = change(answer)
        return Response(200, answer)

    def _check_suspension(self, request: Request) -> None:
        state = self.reading.accounts[0].get("suspendState") if self.reading.accounts else None
        makes = request.path.endswith(("/rlorTrainerJobs", "/deployments", ":resume"))
        if request.method == "POST" and makes and state not in (None, "UNSUSPENDED"):
            raise ApiError(412, f"account {self.world.account!r} is suspended: {state}")

    def _audit(self, request: Request, status: int) -> None:
        """Note who changed what, or tried to: the account's audit log."""
        made = entry(request, status, self.world.account, self.clock.now())
        if made is not None:
            self.world.collections.setdefault("auditLogs", []).append(made)


def _nothing(request: Request) -> Json:
    """What an account without anything answers.

    Raises:
        ApiError: the request is for one thing.
    """
    parts = request.path.split("/")
    if request.method == "GET" and len(parts) == 5:
        return {parts[4]: [], "totalSize": 0}
    raise ApiError(404, f"{request.path.removeprefix('/v1/')!r} not found")


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
