"""What goes wrong on the way, as a client sees it; and that the log tells all of it, but no key."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.faults import Fault

PATH = "/v1/accounts"

# The fault, what holds for the answer.
ANSWERS: dict[str, tuple[Fault, Callable[[httpx.Response], bool]]] = {
    "a reason": (
        faults.error(403, reason="TIER", metadata={"quota_required": "8"}),
        lambda r: r.json()["details"][0]["metadata"]["quota_required"] == "8",
    ),
    "below error": (faults.error(429, "slow", nested=True), lambda r: r.json()["error"]["message"] == "slow"),
    "retry after": (faults.error(429, retry_after="7"), lambda r: r.headers["retry-after"] == "7"),
    "no retry after": (faults.error(429), lambda r: "retry-after" not in r.headers),
    "an HTML page": (
        faults.html(),
        lambda r: (
            r.status_code == 502 and r.headers["content-type"].startswith("text/html") and "<h1>" in r.text
        ),
    ),
    "another type": (
        faults.wrong_type(),
        lambda r: r.headers["content-type"] == "text/plain" and r.json()["totalSize"] == 1,
    ),
    "no JSON": (
        faults.body(b'{"accounts": ['),
        lambda r: r.status_code == 200 and r.text == '{"accounts": [',
    ),
    "no body": (faults.body(b""), lambda r: r.content == b""),
    "another path": (
        faults.redirect("/v1/accounts/acme"),
        lambda r: r.status_code == 302 and r.headers["location"] == "/v1/accounts/acme",
    ),
}


@pytest.mark.parametrize(("fault", "holds"), ANSWERS.values(), ids=ANSWERS)
def test_spoilt_answers(
    plane: FakeControlPlane, http: httpx.Client, fault: Fault, holds: Callable[[httpx.Response], bool]
) -> None:
    plane.fail("accounts$", fault, times=1)
    assert holds(http.get(PATH))
    assert http.get(PATH).json()["totalSize"] == 1, "only once"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 412, 429, 500, 502, 503, 504])
def test_statuses(plane: FakeControlPlane, http: httpx.Client, status: int) -> None:
    plane.fail("accounts$", faults.error(status, "not now"))
    answer = http.get(PATH)
    assert (answer.status_code, answer.json()["message"]) == (status, "not now")
    assert isinstance(answer.json()["code"], int)


@pytest.mark.parametrize("fault", [faults.drop(), faults.half()], ids=["drop", "half"])
def test_broken_connections(plane: FakeControlPlane, http: httpx.Client, fault: Fault) -> None:
    trigger = plane.fail("accounts$", fault, times=2)
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            http.get(PATH)
    assert http.get(PATH).status_code == 200
    assert trigger.met == 2


def test_a_late_answer_holds_up_nobody_else(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.fail("accounts$", faults.delay(30), times=1)
    with pytest.raises(httpx.ReadTimeout):
        http.get(PATH, timeout=0.1)
    start = time.monotonic()
    assert http.get(PATH).status_code == 200
    assert time.monotonic() - start < 10


def test_latency(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.settings.latency_s = 0.05
    start = time.monotonic()
    http.get(PATH)
    assert time.monotonic() - start >= 0.05


def test_a_drip_beats_the_read_timeout(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.fail("accounts$", faults.drip(0.02))
    with http.stream("GET", PATH, timeout=5) as answer:
        pieces = answer.iter_raw()
        start = time.monotonic()
        got = b"".join(next(pieces) for _ in range(5))
        assert got.startswith(b'{"acc')
        assert time.monotonic() - start >= 0.05


def test_an_endless_body(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.fail("accounts$", faults.endless())
    got = 0
    with http.stream("GET", PATH) as answer:
        for piece in answer.iter_raw():
            got += len(piece)
            if got > 5_000_000:
                break
    assert got > 5_000_000


def test_a_redirect_to_another_host(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.fail("accounts$", faults.redirect(plane.elsewhere.url, 307))
    assert http.get(PATH, follow_redirects=True).json() == {}
    # httpx itself keeps Authorization to its host; a header of our own would travel.
    httpx.get(plane.url + PATH, headers={"X-Api-Key": plane.key}, follow_redirects=True)
    assert plane.elsewhere.seen == [(PATH, False), (PATH, True)]


def test_faults_only_hit_what_they_name(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.fail("accounts$", faults.error(500), method="POST")
    plane.fail("/models/", faults.error(503), times=1)
    assert http.get(PATH).status_code == 200
    assert http.post(PATH).status_code == 500
    model = "/v1/accounts/fireworks/models/qwen3-8b"
    assert [http.get(model).status_code for _ in range(2)] == [503, 200]
    plane.heal()
    assert http.post(PATH).status_code == 404


def test_a_proxy_does_not_ask_for_keys(plane: FakeControlPlane) -> None:
    plane.fail("", faults.html(200, "Sign in"))
    assert httpx.get(plane.url + PATH).status_code == 200


def test_rewritten_answers(plane: FakeControlPlane, http: httpx.Client) -> None:
    def change(answer: Any) -> Any:
        return {**answer, "accounts": None, "new": 1}

    plane.rewrite("accounts$", change)
    assert http.get(PATH).json() == {"accounts": None, "new": 1, "totalSize": 1}


def test_nobody_trusts_the_certificate(plane: FakeControlPlane) -> None:
    try:
        url, certificate = plane.secure()
    except FileNotFoundError:
        pytest.skip("there is no openssl program")
    headers = {"Authorization": f"Bearer {plane.key}"}
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(url + PATH, headers=headers)
    import ssl

    trusted = ssl.create_default_context(cafile=str(certificate))
    assert httpx.get(url + PATH, headers=headers, verify=trusted).status_code == 200
    with pytest.raises(httpx.ConnectError, match="SSL"):
        httpx.get(plane.url.replace("http:", "https:") + PATH, headers=headers)


def test_answers_have_the_date_of_the_clock(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.clock.advance(86400)
    told = parsedate_to_datetime(http.get(PATH).headers["date"])
    assert abs((told - plane.clock.now()).total_seconds()) < 1


def test_the_log_tells_everything_but_keys(plane: FakeControlPlane, http: httpx.Client) -> None:
    plane.fail("models", faults.drop(), times=1)
    http.get(PATH, params={"pageSize": "2"})
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/v1/accounts/fireworks/models/qwen3-8b")
    httpx.get(plane.url + PATH, headers={"X-Api-Key": "fw_wrong"})
    seen = [(c.method, c.path, dict(c.query), c.status) for c in plane.log.calls]
    assert seen == [
        ("GET", PATH, {"pageSize": "2"}, 200),
        ("GET", "/v1/accounts/fireworks/models/qwen3-8b", {}, 0),
        ("GET", PATH, {}, 401),
    ]
    assert not any(key in repr(plane.log.calls) for key in (plane.key, "fw_wrong", "Bearer"))
