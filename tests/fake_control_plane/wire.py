"""Requests, responses, errors and the table of routes: what all parts of the fake speak."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """An API key: the accounts that it lists (None: all that the fake shows) and what it is good for."""

    accounts: tuple[str, ...] | None = None
    inference_only: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One request: header names in lower case, ``body`` parsed if it is JSON, ``groups`` from its route."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    groups: Mapping[str, str] = field(default_factory=dict)
    caller: Key | None = None

    def flag(self, name: str) -> bool:
        """Whether a boolean of the query is set."""
        return self.query.get(name) == "true"

    @property
    def json(self) -> Json:
        """The body as an object; what has no body counts as an empty one, as for a proto gateway."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise ApiError(400, "the body must be a JSON object")
        return self.body


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; ``content`` is sent as JSON unless it is bytes already.

    ``cut`` is how it goes wrong on its way: ``drop``, ``half``, ``drip`` (with ``pause_s`` after each byte),
    ``endless``.
    """

    status: int
    content: Any
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: str = ""
    delay_s: float = 0.0
    pause_s: float = 0.0


#: google.rpc.Code by HTTP status, as the gateway maps them.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 412: 9, 429: 8, 500: 13, 501: 12, 503: 14, 504: 4}


class ApiError(Exception):
    """A refusal in the control plane's shape: a flat google.rpc.Status.

    ``reason`` and ``metadata`` go into an ErrorInfo, the only place from which the SDK takes a reason.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.code = _CODES.get(status, 2) if code is None else code

    def response(self) -> Response:
        body: Json = {"code": self.code, "message": self.message, "details": []}
        if self.reason is not None:
            body["details"].append(error_info(self.reason, self.metadata))
        return Response(self.status, body)


def error_info(reason: str, metadata: Mapping[str, str] | None = None) -> Json:
    """The detail that gives a refusal or a failed job its reason."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "training.fireworks.ai",
        "metadata": {"version": "1", "source": "lifecycle", **(metadata or {})},
    }


Handler = Callable[[Request], "Response | Json"]


class Routes:
    """Handlers by method and path; ``{name}`` in a pattern is one segment without a colon."""

    def __init__(self) -> None:
        self._table: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Serve ``method`` on ``pattern``; the earliest that was added wins."""
        expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/:]+)", re.escape(pattern))
        self._table.append((method, re.compile(expression), handler))

    def find(self, method: str, path: str) -> tuple[Handler, Mapping[str, str]] | None:
        """The handler and the named segments; None if nothing is served there."""
        for verb, pattern, handler in self._table:
            if verb == method and (match := pattern.fullmatch(path)):
                return handler, match.groupdict()
        return None
