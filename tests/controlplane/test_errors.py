"""What a refusal says, whatever shape it has."""

from __future__ import annotations

import json
import ssl
import time
from typing import Any

import httpx
import pytest

from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.errors import ControlPlaneError, Kind, Told, from_answer, from_failure, read
from fwdoctor.errors import FwdoctorError

KEY = "0123456789-plain-key"
HIDE = Connection("http://127.0.0.1:1", KEY).hide
INFO = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "ACCELERATOR_TIER_REQUIRED",
    "domain": "training.fireworks.ai",
    "metadata": {"quota_required": "8", "apiKeyId": "hush", "n": 3},
}
FLAT = {"code": 9, "message": "no tier", "details": [{"@type": "other"}, 3, INFO]}
TOLD = Told(
    "no tier",
    9,
    "FAILED_PRECONDITION",
    "ACCELERATOR_TIER_REQUIRED",
    "training.fireworks.ai",
    {"quota_required": "8"},
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (FLAT, TOLD),
        ({"error": FLAT}, TOLD),
        ({"error": "gone"}, Told("gone")),
        (
            {"error": {"code": "session_limit", "type": "limit", "message": "too many"}},
            Told("too many", name="session_limit"),
        ),
        ({"error": {"code": 404, "status": "NOT_FOUND", "message": "no"}}, Told("no", 404, "NOT_FOUND")),
        ({"detail": "Not Found"}, Told("Not Found")),
        ({"detail": [{"loc": []}]}, Told()),
        ({"code": True, "message": 3, "details": "x"}, Told()),
        ({"code": 5}, Told("", 5, "NOT_FOUND")),
        ([1], Told()),
        ("plain JSON", Told("plain JSON")),
        (b"upstream  connect\r\nerror\x1b[31m", Told("upstream connect error [31m")),
        (b"", Told()),
        (b"\xff\xfe\x00", Told("\ufffd\ufffd")),
        (
            b"<!DOCTYPE html><html><head><title>502 Bad &amp; sad</title>",
            Told("an HTML page, titled '502 Bad & sad'"),
        ),
        (b"  <html><body>x", Told("an HTML page")),
        (b"[" * 50_000, Told("[" * 300 + "…")),
    ],
)
def test_bodies(body: Any, expected: Told) -> None:
    assert read(body if isinstance(body, bytes) else json.dumps(body).encode(), HIDE) == expected


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.BAD_REQUEST),
        (401, Kind.UNAUTHORIZED),
        (402, Kind.FORBIDDEN),
        (403, Kind.FORBIDDEN),
        (404, Kind.NOT_FOUND),
        (407, Kind.PROXY),
        (408, Kind.TIMED_OUT),
        (409, Kind.CONFLICT),
        (410, Kind.NOT_FOUND),
        (412, Kind.BAD_REQUEST),
        (418, Kind.BAD_REQUEST),
        (429, Kind.RATE_LIMITED),
        (500, Kind.UNAVAILABLE),
        (503, Kind.UNAVAILABLE),
        (599, Kind.UNAVAILABLE),
    ],
)
def test_kinds(status: int, kind: Kind) -> None:
    error = from_answer("GET /v1/x", status, json.dumps(FLAT).encode(), HIDE)
    assert isinstance(error, FwdoctorError)
    assert (error.kind, error.status, error.told) == (kind, status, TOLD)
    said = str(error)
    assert said.startswith(f"GET /v1/x: {status} FAILED_PRECONDITION [ACCELERATOR_TIER_REQUIRED]: no tier")
    assert "\n" not in said


def test_attempts_are_told() -> None:
    error = ControlPlaneError(Kind.PROTOCOL, "GET /v1/x", "broke")
    assert str(error) == "GET /v1/x: broke"
    error.attempts = 4
    assert str(error) == "GET /v1/x: broke (4 attempts)"


@pytest.mark.parametrize(
    "body",
    [
        {"message": f"bad key {KEY}"},
        {"error": f"bad key {KEY}"},
        {
            "message": "x",
            "details": [{**INFO, "reason": KEY, "domain": KEY, "metadata": {"k": KEY, KEY: "v"}}],
        },
        {"error": {"code": KEY, "message": "x"}},
        f"bad key {KEY}",
        # Where a message is cut, half a key must not be left.
        {"message": "x" * 290 + KEY},
        {"message": KEY * 400},
        {"message": "Authorization: Bearer abcdef0123456789"},
    ],
)
def test_secrets_that_a_server_echoes_are_hidden(body: Any) -> None:
    error = from_answer("GET /v1/x", 401, json.dumps(body).encode(), HIDE)
    for said in (str(error), repr(error), repr(error.told)):
        assert "01234" not in said
    page = from_answer("GET /v1/x", 401, f"<html><title>{KEY}</title>".encode(), HIDE)
    assert "01234" not in str(page)


def test_long_words_cost_no_time() -> None:
    start = time.monotonic()
    for _ in range(5):
        assert read(b"a" * 64 * 1024, HIDE).message == "a" * 300 + "…"
    assert time.monotonic() - start < 2


def because(error: BaseException, *causes: BaseException) -> BaseException:
    """An exception, as it is raised from others."""
    inner = causes[0] if len(causes) == 1 else ExceptionGroup("several addresses", list(causes))  # type: ignore[type-var]
    middle = OSError("All connection attempts failed")
    middle.__cause__ = inner
    error.__cause__ = middle
    return error


REFUSED, NO_ROUTE = ConnectionRefusedError(111, "refused"), OSError(101, "Network is unreachable")


@pytest.mark.parametrize(
    ("error", "proxy", "kind", "said", "transient"),
    [
        (because(httpx.ConnectError("x"), REFUSED), None, Kind.UNREACHABLE_REFUSED, "h:1 refuses", True),
        (
            because(httpx.ConnectError("x"), NO_ROUTE, REFUSED),
            None,
            Kind.UNREACHABLE_REFUSED,
            "h:1 refuses",
            True,
        ),
        (
            because(httpx.ConnectError("x"), NO_ROUTE),
            None,
            Kind.UNREACHABLE_REFUSED,
            "Network is unreachable",
            True,
        ),
        (because(httpx.ConnectError("x"), NO_ROUTE), "p:2", Kind.PROXY, "p:2 cannot be reached", True),
        (httpx.ConnectTimeout(""), None, Kind.TIMED_OUT, "no connection to h:1 in time", True),
        (httpx.ReadTimeout(""), None, Kind.TIMED_OUT, "h:1 does not answer in time", False),
        (httpx.PoolTimeout(""), None, Kind.TIMED_OUT, "in time", False),
        (httpx.ProxyError("403 Forbidden"), "p:2", Kind.PROXY, "p:2 refuses: 403 Forbidden", False),
        (httpx.ReadError(""), None, Kind.PROTOCOL, "h:1 broke: ReadError", True),
        (httpx.RemoteProtocolError("bad line"), None, Kind.PROTOCOL, "h:1 broke: bad line", True),
        (httpx.LocalProtocolError("bad header"), None, Kind.PROTOCOL, "bad header", False),
        (
            because(httpx.ConnectError("x"), ssl.SSLError(1, "odd")),
            "p:2",
            Kind.TLS,
            "no secure connection",
            False,
        ),
    ],
)
def test_failures(error: BaseException, proxy: str | None, kind: Kind, said: str, transient: bool) -> None:
    told = from_failure("GET /v1/x", error, "h:1", proxy)
    assert (told.kind, told.transient, told.status) == (kind, transient, None)
    assert said in str(told)
