"""What a bad network, a bad proxy and a bad server do, for real: on loopback, over sockets."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from fwdoctor.controlplane.client import ControlPlane
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.errors import ControlPlaneError, Kind
from fwdoctor.controlplane.timing import Budget, Limits
from fwdoctor.errors import FwdoctorError
from tests.controlplane.faulty import CERTIFICATES, FAST, KEY, Faulty, Still, closed_port, connection, http

SHORT = Limits(connect=0.2, read=0.1, total=0.25)


def ask(at: Connection, limits: Limits = FAST, still: Still | None = None) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async with ControlPlane(at, limits=limits, clock=(still or Still()).clock) as plane:
            return await plane.get("/v1/accounts")

    return asyncio.run(run())


def refused(at: Connection, limits: Limits = FAST, still: Still | None = None) -> ControlPlaneError:
    """The error that asking ends in; whatever it is, it shows no key and is one line."""
    with pytest.raises(ControlPlaneError) as raised:
        ask(at, limits, still)
    said = str(raised.value)
    assert KEY not in said + repr(raised.value)
    assert said.isprintable()
    assert said.startswith("GET /v1/accounts: ")
    return raised.value


def chunked(*chunks: bytes, end: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return http(200, body + (b"0\r\n\r\n" if end else b""), length=-1, Transfer_Encoding="chunked")


BOMB = gzip.compress(b'"' + b"x" * 50_000_000 + b'"', mtime=0)
MEGABYTES = b'{"x": "' + b"x" * 9_000_000 + b'"}'


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (b"", Kind.PROTOCOL, "broke"),
        (b"\x16\x03\x01 this is no HTTP\r\n\r\n", Kind.PROTOCOL, "broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Kind.PROTOCOL, "broke"),
        (http(200, b'{"accounts": [', length=1000), Kind.PROTOCOL, "broke"),
        (chunked(b'{"accounts": ', end=False), Kind.PROTOCOL, "broke"),
        (http(200, b""), Kind.NOT_JSON, "an empty answer instead of JSON"),
        (http(204, b""), Kind.NOT_JSON, "204, but an empty answer"),
        (
            http(200, b"<html><title>Sign in</title>", Content_Type="text/html"),
            Kind.NOT_JSON,
            "an HTML page, titled 'Sign in'",
        ),
        (http(200, b"hello", Content_Type="application/json"), Kind.NOT_JSON, "text, which begins 'hello'"),
        (http(200, b'{"a": 1', Content_Type="application/json"), Kind.NOT_JSON, "instead of JSON"),
        (http(200, b'{"a": "\xff"}'), Kind.NOT_JSON, "instead of JSON"),
        (http(200, b"9" * 5000), Kind.NOT_JSON, "instead of JSON"),
        (http(200, b"[]"), Kind.NOT_JSON, "not an object"),
        (http(200, b"null"), Kind.NOT_JSON, "not an object"),
        (http(200, b'{"a":' * 65 + b"1" + b"}" * 65), Kind.TOO_LARGE, "deeper than 64 levels"),
        (
            http(200, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
            Kind.TOO_LARGE,
            "deeper than 64 levels",
        ),
        (http(200, b"{", length=9_000_000), Kind.TOO_LARGE, "larger than 8192 KB"),
        (http(200, b"{", length=10**18), Kind.TOO_LARGE, "larger than 8192 KB"),
        (http(200, MEGABYTES, length=-1), Kind.TOO_LARGE, "larger than 8192 KB"),
        (chunked(MEGABYTES), Kind.TOO_LARGE, "larger than 8192 KB"),
        (http(200, BOMB, Content_Encoding="gzip"), Kind.TOO_LARGE, "larger than 8192 KB"),
        (http(200, b'{"a": 1}', Content_Encoding="gzip"), Kind.PROTOCOL, "not the gzip that it says"),
        (
            http(200, gzip.compress(b'{"a": 1}' * 99, mtime=0)[:-20], Content_Encoding="gzip"),
            Kind.PROTOCOL,
            "ends in the middle",
        ),
        (http(200, b"", Content_Encoding="gzip"), Kind.NOT_JSON, "an empty answer"),
        (http(200, b"x", Content_Encoding="br"), Kind.PROTOCOL, "packed in a way that was not asked for"),
        (http(401, b"<html>" + b"x" * 200_000), Kind.UNAUTHORIZED, "401"),
        (http(403, b"half", length=100), Kind.FORBIDDEN, "403"),
        (http(404, b"x", Content_Encoding="br"), Kind.NOT_FOUND, "404"),
        (http(401, f'{{"message": "what is {KEY}?"}}'.encode()), Kind.UNAUTHORIZED, "what is"),
        (http(304, b""), Kind.PROTOCOL, "304"),
        (
            http(302, b"", Location="http://127.0.0.1:1/v1"),
            Kind.REDIRECTED,
            "redirects to http://127.0.0.1:1",
        ),
        (
            http(302, b"", Location="https://evil.example/?"),
            Kind.REDIRECTED,
            "redirects to https://evil.example:443",
        ),
        (http(302, b""), Kind.REDIRECTED, "redirects to nowhere"),
    ],
)
def test_bad_answers(answer: bytes, kind: Kind, said: str) -> None:
    with Faulty(answer) as server:
        error = refused(connection(server.url))
    assert (error.kind, said in str(error)) == (kind, True), str(error)


@pytest.mark.parametrize(
    "answer",
    [
        http(200, b'{"a": 1}'),
        http(200, b'\xef\xbb\xbf{"a": 1}'),
        http(200, b'{"a": 1}', Content_Type="text/plain"),
        http(200, b'{"a": 1}', length=-1),
        http(200, gzip.compress(b'{"a": 1}', mtime=0), Content_Encoding="GZIP"),
        chunked(b'{"a"', b": 1}"),
        http(200, b'{"a":' * 64 + b"1" + b"}" * 64),
    ],
)
def test_odd_answers_that_are_fine(answer: bytes) -> None:
    with Faulty(answer) as server:
        assert list(ask(connection(server.url))) == ["a"]


def silent(server: Faulty) -> Callable[[socket.socket], None]:
    return lambda connected: server.pause(3)


def dribbling(server: Faulty) -> Callable[[socket.socket], None]:
    """Sends a byte now and then: no read takes long, the whole takes for ever."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(http(200, b"", length=1000))
        for _ in range(100):
            connected.sendall(b" ")
            server.pause(0.02)

    return answer


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [(silent, "does not answer in time"), (dribbling, "no complete answer within 0.25 s")],
)
def test_slow_answers_end_in_time(behaviour: Any, said: str) -> None:
    with Faulty(b"") as server:
        server._answers = (behaviour(server),)
        start = time.monotonic()
        error = refused(connection(server.url), SHORT)
        assert time.monotonic() - start < 2
    assert (error.kind, error.attempts) == (Kind.TIMED_OUT, 1)
    assert said in str(error)


def test_a_budget_ends_what_hangs() -> None:
    async def run(url: str) -> list[Any]:
        async with ControlPlane(connection(url), limits=FAST) as plane:
            budget = Budget(0.1)
            calls = (plane.get("/v1/accounts", budget=budget), plane.account(budget=budget))
            return await asyncio.gather(*calls, return_exceptions=True)

    with Faulty(b"") as server:
        server._answers = (silent(server),)
        errors = asyncio.run(run(server.url))
    assert [error.kind for error in errors] == [Kind.TIMED_OUT] * 2
    assert "the 0.1 s for all requests together are over" in str(errors[0])


@pytest.mark.parametrize(
    "bad",
    [b"", http(503, b"busy"), http(200, b'{"a', length=100), http(429, b"slow down", Retry_After="1")],
)
def test_what_passes_is_tried_again(bad: bytes) -> None:
    still = Still()
    with Faulty(bad, bad, http(200, b'{"a": 1}')) as server:
        assert ask(connection(server.url), still=still) == {"a": 1}
        assert len(server.requests) == 3
    assert len(still.waits) == 2


def test_a_storm_is_left_after_four_attempts() -> None:
    still = Still()
    with Faulty(http(503, b'{"message": "no healthy upstream"}')) as server:
        error = refused(connection(server.url), still=still)
        assert len(server.requests) == 4
    assert (error.kind, error.status, error.attempts, still.waits) == (
        Kind.UNAVAILABLE,
        503,
        4,
        [0.5, 1.0, 2.0],
    )
    assert "no healthy upstream (4 attempts)" in str(error)


def test_a_port_where_nobody_listens() -> None:
    error = refused(connection(f"http://127.0.0.1:{closed_port()}"))
    assert (error.kind, error.attempts) == (Kind.UNREACHABLE_REFUSED, 4)
    assert "refuses the connection" in str(error)


@pytest.mark.parametrize(("number", "attempts"), [(socket.EAI_NONAME, 1), (socket.EAI_AGAIN, 4)])
def test_a_host_that_has_no_address(monkeypatch: pytest.MonkeyPatch, number: int, attempts: int) -> None:
    def resolve(*args: Any, **named: Any) -> Any:
        raise socket.gaierror(number, "no such thing")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = refused(connection("https://api.fireworks.example"))
    assert (error.kind, error.attempts) == (Kind.UNREACHABLE_DNS, attempts)
    assert "no address is known for api.fireworks.example" in str(error)


@pytest.mark.parametrize(
    ("certificate", "trusted", "host", "said"),
    [
        ("valid.pem", None, "127.0.0.1", "its certificate is self-signed"),
        ("expired.pem", "expired.pem", "127.0.0.1", "its certificate has expired"),
        ("valid.pem", "valid.pem", "localhost", "its certificate is for another host name"),
    ],
)
def test_certificates(certificate: str, trusted: str | None, host: str, said: str) -> None:
    environ = {"SSL_CERT_FILE": str(CERTIFICATES / trusted)} if trusted else {}
    with Faulty(http(), certificate=certificate) as server:
        error = refused(connection(server.url.replace("127.0.0.1", host), **environ))
        assert server.requests == [], "no request, so no key"
    assert (error.kind, error.attempts) == (Kind.TLS, 1)
    assert said in str(error)


def test_a_certificate_that_is_trusted() -> None:
    with Faulty(http(200, b'{"a": 1}'), certificate="valid.pem") as server:
        at = connection(server.url, SSL_CERT_FILE=str(CERTIFICATES / "valid.pem"))
        assert ask(at) == {"a": 1}


def test_https_redirects_on_the_same_host_are_followed() -> None:
    moved = http(307, b"", Location="/v2/accounts")
    with Faulty(moved, http(200, b'{"a": 1}'), certificate="valid.pem") as server:
        assert ask(connection(server.url, SSL_CERT_FILE=str(CERTIFICATES / "valid.pem"))) == {"a": 1}
        assert [request.split()[1] for request in server.requests] == [b"/v1/accounts", b"/v2/accounts"]


def test_the_key_does_not_follow_a_redirect_to_another_port() -> None:
    with Faulty(http()) as other, Faulty(http(302, b"", Location=f"{other.url}/v1/accounts")) as server:
        error = refused(connection(server.url))
        assert (len(server.requests), other.requests) == (1, [])
    assert error.kind is Kind.REDIRECTED


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there(variable: str, tmp_path: Any) -> None:
    if variable == "SSL_CERT_FILE":
        with pytest.raises(FwdoctorError, match="holds no certificates"):
            ask(connection("https://127.0.0.1:1", **{variable: str(tmp_path / "none.pem")}))
    else:
        with Faulty(http(), certificate="valid.pem") as server:
            assert refused(connection(server.url, **{variable: str(tmp_path)})).kind is Kind.TLS


def test_https_where_http_is_spoken() -> None:
    with Faulty(http(400, b"plain HTTP here"), eager=True) as server:
        error = refused(connection(server.url.replace("http:", "https:")))
    assert (error.kind, error.attempts) == (Kind.TLS, 1)
    assert "does not speak TLS on this port" in str(error)


def test_http_where_https_is_spoken() -> None:
    with Faulty(http(), certificate="valid.pem") as server:
        error = refused(connection(server.url.replace("https:", "http:")))
    assert error.kind is Kind.PROTOCOL


def test_a_proxy_that_is_not_there() -> None:
    port = closed_port()
    error = refused(
        connection("https://api.fireworks.example", HTTPS_PROXY=f"http://me:hush@127.0.0.1:{port}")
    )
    assert (error.kind, error.attempts) == (Kind.PROXY, 4)
    assert f"the proxy 127.0.0.1:{port} cannot be reached" in str(error)
    assert "hush" not in str(error)


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses(status: int) -> None:
    with Faulty(http(status, b"<html>")) as proxy:
        at = connection("https://api.fireworks.example", HTTPS_PROXY=proxy.url)
        error = refused(at)
        assert proxy.requests[0].startswith(b"CONNECT api.fireworks.example:443 ")
        assert KEY.encode() not in b"".join(proxy.requests)
    assert (error.kind, error.attempts, str(status) in str(error)) == (Kind.PROXY, 1, True)


def test_a_proxy_that_is_of_no_known_kind() -> None:
    with pytest.raises(FwdoctorError, match="the proxy p:1 of the environment cannot be used"):
        ask(connection("https://api.fireworks.example", HTTPS_PROXY="gopher://me:hush@p:1"))


def test_a_proxy_that_works() -> None:
    with Faulty(http(200, b'{"a": 1}')) as proxy:
        assert ask(connection("http://api.fireworks.example", HTTP_PROXY=proxy.url)) == {"a": 1}
        assert proxy.requests[0].startswith(b"GET http://api.fireworks.example/v1/accounts ")
