"""What is asked, how often, and what is made of the answers."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from fwdoctor import __version__
from fwdoctor.controlplane.client import Account, AccountError, ControlPlane, Listing
from fwdoctor.controlplane.errors import ControlPlaneError, Kind
from fwdoctor.controlplane.names import Kind as Names
from fwdoctor.controlplane.names import parse
from fwdoctor.controlplane.timing import Budget, Limits
from fwdoctor.controlplane.transport import ReadOnly, open_network
from fwdoctor.errors import FwdoctorError
from tests.controlplane.faulty import FAST, KEY, Still, connection
from tests.fake_control_plane.http import Server
from tests.fake_control_plane.wire import Request, Response

URL = "https://api.fireworks.example"
JOB = parse("accounts/acme/rlorTrainerJobs/j", Names.TRAINER_JOB)
Answer = Callable[[httpx.Request], httpx.Response]


class Seen(httpx.AsyncBaseTransport):
    """Answers in the place of a network, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Answer) -> None:
        self._answers = answers or (httpx.Response(200, json={}),)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        if callable(answer):
            answer = answer(request)
        # A stream is read once only.
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content)
        )

    @property
    def asked(self) -> list[str]:
        return [request.url.raw_path.decode() for request in self.requests]


def run(
    seen: Seen,
    work: Callable[[ControlPlane], Awaitable[Any]],
    *,
    url: str = URL,
    still: Still | None = None,
    limits: Limits = FAST,
    **environ: str,
) -> Any:
    async def inside() -> Any:
        at = connection(url, **environ)
        async with ControlPlane(at, limits=limits, clock=(still or Still()).clock, transport=seen) as plane:
            return await work(plane)

    return asyncio.run(inside())


def answers(*contents: Any) -> Seen:
    return Seen(*(httpx.Response(200, json=content) for content in contents))


#: Every public method, as it is used. A method that is not here fails the test below.
METHODS: dict[str, Callable[[ControlPlane], Awaitable[Any]]] = {
    "get": lambda plane: plane.get("/v1/accounts"),
    "pages": lambda plane: plane.pages("/v1/accounts/acme/deployments", "deployments"),
    "account": lambda plane: plane.account(),
    "hot_load_status": lambda plane: plane.hot_load_status(
        "accounts/fireworks/models/m", "accounts/acme/deployments/d"
    ),
    "healthz": lambda plane: plane.healthz(JOB),
}


def test_every_public_method_only_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    public = {name for name, _ in inspect.getmembers(ControlPlane, inspect.isfunction) if name[0] != "_"}
    assert public == set(METHODS)
    guarded: list[str] = []
    original = ReadOnly.handle_async_request

    async def watch(self: ReadOnly, request: httpx.Request) -> httpx.Response:
        guarded.append(request.method)
        return await original(self, request)

    monkeypatch.setattr(ReadOnly, "handle_async_request", watch)
    for name, work in METHODS.items():
        seen = answers({"accounts": [{"name": "accounts/acme"}]})
        guarded.clear()
        run(seen, work)
        assert [request.method for request in seen.requests] == ["GET"] == guarded, name
        assert seen.requests[0].content == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "get"])
def test_nothing_but_get_leaves(method: str) -> None:
    seen = Seen()

    async def send() -> None:
        request = httpx.Request("GET", URL)
        request.method = method
        await open_network(connection(URL), FAST, seen).handle_async_request(request)

    with pytest.raises(RuntimeError, match=f"fwdoctor only reads: {method}"):
        asyncio.run(send())
    assert seen.requests == []


def test_no_body_leaves() -> None:
    seen = Seen()

    async def stream() -> Any:
        yield b"x"

    async def send(**body: Any) -> None:
        await open_network(connection(URL), FAST, seen).handle_async_request(
            httpx.Request("GET", URL, **body)
        )

    for body in ({"json": {}}, {"content": b"x"}, {"content": stream()}):
        with pytest.raises(RuntimeError, match="a body for"):
            asyncio.run(send(**body))
    assert seen.requests == []


def test_what_is_sent() -> None:
    seen = Seen()
    run(
        seen,
        lambda plane: plane.get("/v1/accounts", {"filter": 'a="b c"', "showDeleted": True, "pageSize": 2}),
    )
    request = seen.requests[0]
    assert str(request.url) == f"{URL}/v1/accounts?filter=a%3D%22b%20c%22&showDeleted=true&pageSize=2"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["user-agent"] == f"fwdoctor/{__version__}"
    assert request.headers["accept-encoding"] == "gzip"
    assert "x-api-key" not in request.headers


@pytest.mark.parametrize(
    "deployment", ["accounts/acme/deployments/d", parse("accounts/acme/deployments/d", Names.DEPLOYMENT)]
)
def test_what_is_sent_for_hot_load(deployment: Any) -> None:
    seen = answers({"replicas": []})
    work = lambda plane: plane.hot_load_status("accounts/fireworks/models/m", deployment)  # noqa: E731
    assert run(seen, work, FIREWORKS_CUSTOM_HEADERS="Fireworks-Model: mine") == {"replicas": []}
    headers = seen.requests[0].headers
    assert seen.asked == ["/hot_load/v1/models/hot_load"]
    assert (headers["authorization"], headers["x-api-key"]) == (f"Bearer {KEY}", KEY)
    assert headers["fireworks-deployment"] == "accounts/acme/deployments/d"
    assert headers.get_list("fireworks-model") == ["accounts/fireworks/models/m"]


@pytest.mark.parametrize("name", ["", "a b", "a\r\nx-evil: 1", "ä", "x" * 600])
def test_what_cannot_be_a_header_is_no_name(name: str) -> None:
    seen = Seen()
    for pair in ((name, "accounts/a/deployments/d"), ("m", name)):
        with pytest.raises(FwdoctorError, match="no resource name"):
            run(seen, lambda plane, pair=pair: plane.hot_load_status(*pair))  # type: ignore[misc]
    assert seen.requests == []


def test_the_users_headers_replace_ours() -> None:
    seen = Seen()
    run(seen, METHODS["get"], FIREWORKS_API_EXTRA_HEADERS='{"AUTHORIZATION": "Basic eA==", "x-team": "rl"}')
    headers = seen.requests[0].headers
    assert headers.get_list("authorization") == ["Basic eA=="]
    assert headers["x-team"] == "rl"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "v1/accounts",
        "//evil.example/v1",
        "/v1//accounts",
        "/v1/../x",
        "/v1/.",
        "/v1/a?b=1",
        "/v1/a#b",
        "/v1/a b",
        "/v1/a\n",
        "https://evil.example/v1",
        "/v1/a%2e",
    ],
)
def test_what_is_no_path(path: str) -> None:
    seen = Seen()
    with pytest.raises(ValueError, match="not a path"):
        run(seen, lambda plane: plane.get(path))
    assert seen.requests == []


def test_messages_show_the_query_without_tokens() -> None:
    seen = Seen(httpx.Response(404))
    params = {"pageToken": "hush", "api_key": "hush", "filter": f"id={KEY}", "pageSize": 5}
    with pytest.raises(ControlPlaneError) as raised:
        run(seen, lambda plane: plane.get("/v1/accounts", params))
    said = str(raised.value)
    assert ("hush" in said, KEY in said, "pageSize=5" in said) == (False, False, True)


@pytest.mark.parametrize(
    ("status", "headers", "waits"),
    [
        (400, {}, []),
        (401, {}, []),
        (404, {}, []),
        (409, {"Retry-After": "1"}, []),
        (429, {}, [0.5, 1.0, 2.0]),
        (502, {}, [0.5, 1.0, 2.0]),
        (503, {}, [0.5, 1.0, 2.0]),
        (504, {}, [0.5, 1.0, 2.0]),
        (500, {}, [0.5]),
        (501, {}, [0.5]),
        (503, {"Retry-After": "0"}, [0.0, 0.0, 0.0]),
        (429, {"Retry-After": "3"}, [3.0, 3.0, 3.0]),
        (429, {"Retry-After": "3600"}, [10.0, 10.0]),
        (429, {"Retry-After": "Fri, 15 Jan 2027 08:00:04 GMT"}, [4.0, 4.0, 4.0]),
        (429, {"Retry-After": "Fri, 15 Jan 2027 07:59:00 GMT"}, [0.0, 0.0, 0.0]),
        (429, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, [10.0, 10.0]),
        (429, {"Retry-After": "soon"}, [0.5, 1.0, 2.0]),
        (429, {"Retry-After": "-5"}, [0.5, 1.0, 2.0]),
        (429, {"Retry-After": "9" * 40}, [0.5, 1.0, 2.0]),
    ],
)
def test_what_is_tried_again_and_when(status: int, headers: dict[str, str], waits: list[float]) -> None:
    seen, still = Seen(httpx.Response(status, headers=headers)), Still()
    with pytest.raises(ControlPlaneError) as raised:
        run(seen, METHODS["get"], still=still, limits=Limits(total=29))
    assert still.waits == waits
    assert (raised.value.attempts, len(seen.requests)) == (len(waits) + 1, len(waits) + 1)
    assert raised.value.status == status


@pytest.mark.parametrize("dice", [0.0, 0.25, 1.0])
def test_waits_are_spread(dice: float) -> None:
    still = Still(dice)
    with pytest.raises(ControlPlaneError):
        run(
            Seen(httpx.Response(503)),
            METHODS["get"],
            still=still,
            limits=Limits(retries=6, longest_wait=3, total=99),
        )
    assert still.waits == [dice * longest for longest in (0.5, 1, 2, 3, 3, 3)]


def test_retries_end_with_the_call_and_with_the_budget() -> None:
    for seconds, waits in ((30, [0.5, 1.0, 2.0]), (2, [0.5, 1.0]), (0.4, [])):
        still = Still()
        with pytest.raises(ControlPlaneError) as raised:
            run(Seen(httpx.Response(503)), METHODS["get"], still=still, limits=Limits(total=seconds))
        assert (still.waits, raised.value.status) == (waits, 503)
        still = Still()
        budget = Budget(seconds, still.clock)
        work = lambda plane, budget=budget: plane.get("/v1/accounts", budget=budget)  # noqa: E731
        with pytest.raises(ControlPlaneError) as raised:
            run(Seen(httpx.Response(503)), work, still=still)
        assert (still.waits, raised.value.status) == (waits, 503)


def test_a_spent_budget_asks_nothing() -> None:
    still, seen = Still(), Seen()
    budget = Budget(10, still.clock)
    still.seconds += 10
    for work in (
        lambda plane: plane.get("/v1/accounts", budget=budget),
        lambda plane: plane.pages("/v1/accounts", "accounts", budget=budget),
        lambda plane: plane.account(budget=budget),
    ):
        with pytest.raises(ControlPlaneError, match="the 10 s for all requests together are over") as raised:
            run(seen, work, still=still)
        assert raised.value.kind is Kind.TIMED_OUT
    assert seen.requests == []


@pytest.mark.parametrize(
    ("base", "location", "followed"),
    [
        ("https://h.example", "/v1/b", "https://h.example/v1/b"),
        ("https://h.example", "b", "https://h.example/v1/b"),
        ("https://h.example", "https://h.example:443/v1/b", "https://h.example/v1/b"),
        ("https://h.example", "https://H.example/v1/b", "https://h.example/v1/b"),
        ("http://h.example", "https://h.example/v1/b", "https://h.example/v1/b"),
        ("https://h.example", "http://h.example/v1/b", None),
        ("https://h.example", "https://h.example:8443/v1/b", None),
        ("http://h.example:8080", "https://h.example/v1/b", None),
        ("https://h.example", "https://evil.example/v1/b", None),
        ("https://h.example", "//evil.example/v1/b", None),
        ("https://h.example", "https://h.example@evil.example/", None),
        ("https://h.example", "https://h.example.evil.example/", None),
        ("https://h.example", "file:///etc/passwd", None),
        ("https://h.example", "https://[::1", None),
        ("https://h.example", "https://h.example:x/", None),
        ("https://h.example", "", None),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_where_the_key_may_go(base: str, location: str, followed: str | None, status: int) -> None:
    seen = Seen(httpx.Response(status, headers={"Location": location}), httpx.Response(200, json={"a": 1}))
    if followed is None:
        with pytest.raises(ControlPlaneError, match="redirects to") as raised:
            run(seen, lambda plane: plane.get("/v1/a"), url=base)
        assert (raised.value.kind, raised.value.attempts, len(seen.requests)) == (Kind.REDIRECTED, 1, 1)
    else:
        assert run(seen, lambda plane: plane.get("/v1/a"), url=base) == {"a": 1}
        assert str(seen.requests[1].url) == followed
        assert seen.requests[1].headers["authorization"] == f"Bearer {KEY}"


def test_redirects_end() -> None:
    seen = Seen(httpx.Response(302, headers={"Location": "/v1/again"}))
    with pytest.raises(ControlPlaneError, match="more than 3 redirects") as raised:
        run(seen, METHODS["get"])
    assert (raised.value.kind, len(seen.requests)) == (Kind.REDIRECTED, 4)


def numbered(request: httpx.Request) -> httpx.Response:
    """Pages without end, of two rows each."""
    page = int(request.url.params.get("pageToken", "0"))
    return httpx.Response(
        200, json={"rows": [{"n": 2 * page}, {"n": 2 * page + 1}], "nextPageToken": str(page + 1)}
    )


@pytest.mark.parametrize(
    ("contents", "options", "rows", "incomplete"),
    [
        ([{}], {}, 0, None),
        ([{"rows": None}], {}, 0, None),
        ([{"rows": [{}]}], {}, 1, None),
        ([{"old": [{}, {}]}], {}, 2, None),
        ([{"rows": [{}], "nextPageToken": ""}], {}, 1, None),
        ([{"rows": [{}], "nextPageToken": 3}], {}, 1, None),
        ([{"rows": [{}], "nextPageToken": "a"}, {"rows": [{}]}], {}, 2, None),
        ([{"nextPageToken": "a"}, {"rows": [{}]}], {}, 1, None),
        ([{"rows": [{}], "nextPageToken": "a"}], {}, 2, "the same page again and again"),
        ([numbered], {"most_pages": 3}, 6, "only the first 3 pages"),
        ([numbered], {"most_rows": 5}, 5, "only the first 5 rows"),
        ([numbered], {"most_rows": 4}, 4, "only the first 4 rows"),
        ([{"rows": [{}, {}]}], {"most_rows": 2}, 2, None),
    ],
)
def test_pages(contents: list[Any], options: dict[str, int], rows: int, incomplete: str | None) -> None:
    seen = Seen(*(one if callable(one) else httpx.Response(200, json=one) for one in contents))
    listing: Listing = run(seen, lambda plane: plane.pages("/v1/rows", ["rows", "old"], **options))
    assert (len(listing.rows), listing.pages) == (rows, len(seen.requests))
    assert listing.complete is (incomplete is None)
    assert (incomplete or "") in (listing.incomplete or "")
    if contents == [numbered]:
        assert [row["n"] for row in listing.rows] == list(range(rows))
        assert listing.pages == -(-rows // 2), "no page more than is needed"


def test_pages_keep_what_was_asked() -> None:
    seen = answers({"nextPageToken": "a/b=="}, {"nextPageToken": "c"}, {})
    run(seen, lambda plane: plane.pages("/v1/rows", "rows", {"filter": "x", "pageSize": 7}))
    start = "/v1/rows?pageSize=7&filter=x"
    assert seen.asked == [start, f"{start}&pageToken=a%2Fb%3D%3D", f"{start}&pageToken=c"]


@pytest.mark.parametrize("rows", ["text", 3, {"a": 1}, [1], [{}, None]])
def test_what_is_no_list(rows: Any) -> None:
    with pytest.raises(ControlPlaneError, match="rows is not a list of objects") as raised:
        run(answers({"rows": rows}), lambda plane: plane.pages("/v1/rows", "rows"))
    assert raised.value.kind is Kind.PROTOCOL


def test_account() -> None:
    row = {"name": "accounts/acme", "suspendState": "UNSUSPENDED"}
    seen = answers({"accounts": [row]})

    async def work(plane: ControlPlane) -> list[Account]:
        first = await asyncio.gather(*(plane.account() for _ in range(5)))
        return [*first, await plane.account()]

    assert run(seen, work) == [Account("acme", row)] * 6
    assert seen.asked == ["/v1/accounts?pageSize=2"]


@pytest.mark.parametrize(
    ("content", "said", "ids"),
    [
        ({}, "belongs to no account", ()),
        ({"accounts": []}, "belongs to no account", ()),
        (
            {"accounts": [{"name": "accounts/a"}, {"name": "accounts/b"}]},
            r"several accounts \(a, b\)",
            ("a", "b"),
        ),
        (
            {"accounts": [{"name": "accounts/a"}, {"name": "b"}], "nextPageToken": "x"},
            r"several accounts \(a, b and more\)",
            ("a", "b"),
        ),
        ({"accounts": [{}]}, "names no account", ()),
        ({"accounts": [{"name": "accounts/.."}]}, "names no account", ()),
        ({"accounts": [{"name": "accounts/a\x1b[31m"}]}, "names no account", ()),
        (
            {"accounts": [{"name": "a\x1b"}, {"name": KEY}]},
            r"several accounts \(a , \[hidden\]\)",
            ("a\x1b", "[hidden]"),
        ),
        ({"accounts": [{"name": "accounts/a/users/u"}]}, "names no account", ()),
    ],
)
def test_keys_without_exactly_one_account(content: Any, said: str, ids: tuple[str, ...]) -> None:
    with pytest.raises(AccountError, match=said) as raised:
        run(answers(content), METHODS["account"])
    assert raised.value.ids == ids
    assert str(raised.value).isprintable()


def test_a_failure_to_find_the_account_is_not_kept() -> None:
    seen = Seen(httpx.Response(401), httpx.Response(200, json={"accounts": [{"name": "accounts/acme"}]}))

    async def work(plane: ControlPlane) -> list[Any]:
        first = await asyncio.gather(plane.account(), plane.account(), return_exceptions=True)
        return [*first, await plane.account()]

    *first, second = run(seen, work)
    assert [error.kind for error in first] == [Kind.UNAUTHORIZED] * 2
    assert (second.id, len(seen.requests)) == ("acme", 2)


def test_one_that_gives_up_does_not_take_the_account_from_others() -> None:
    release: asyncio.Event

    class Slow(Seen):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await release.wait()
            return await super().handle_async_request(request)

    async def work(plane: ControlPlane) -> Account:
        nonlocal release
        release = asyncio.Event()
        one, other = asyncio.ensure_future(plane.account()), asyncio.ensure_future(plane.account())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        release.set()
        return await other

    assert run(Slow(httpx.Response(200, json={"accounts": [{"name": "accounts/acme"}]})), work).id == "acme"


def test_a_failure_that_nobody_waited_for_is_not_complained_about() -> None:
    complaints: list[dict[str, Any]] = []

    async def late(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.05)
        return httpx.Response(404)

    async def ask() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
        at = connection(URL)
        async with ControlPlane(at, limits=FAST, transport=httpx.MockTransport(late)) as plane:
            with pytest.raises(ControlPlaneError, match="are over"):
                await plane.account(budget=Budget(0.01))
            await asyncio.sleep(0.2)
        del plane
        gc.collect()

    asyncio.run(ask())
    assert complaints == []


def test_leaving_ends_what_is_under_way() -> None:
    class Endless(Seen):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def work(plane: ControlPlane) -> None:
        waiting = asyncio.ensure_future(plane.account())
        await asyncio.sleep(0.01)
        waiting.cancel()

    run(Endless(), work)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (httpx.Response(200, text="ok"), 200),
        (httpx.Response(200, json={"status": "ok"}), 200),
        (httpx.Response(401, text="no"), 401),
        (httpx.Response(404), 404),
        (httpx.Response(503), 503),
    ],
)
def test_healthz(answer: httpx.Response, status: int) -> None:
    seen, still = Seen(answer), Still()
    bare = parse("j", Names.TRAINER_JOB)
    assert run(seen, lambda plane: plane.healthz(JOB), still=still) == status
    assert run(Seen(answer), lambda plane: plane.healthz(bare, "acme")) == status
    assert seen.asked == ["/training/v1/rlorTrainerJobs/acme/j/api/v1/healthz"]
    assert still.waits == []


def test_healthz_of_an_unreachable_gateway() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    with pytest.raises(ControlPlaneError) as raised:
        run(Seen(refuse), METHODS["healthz"])
    assert (raised.value.kind, raised.value.attempts) == (Kind.UNREACHABLE_REFUSED, 1)


def test_no_more_than_so_many_at_once() -> None:
    class Counting(Seen):
        now = most = 0

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.005)
            self.now -= 1
            return await super().handle_async_request(request)

    async def work(plane: ControlPlane) -> list[Any]:
        return await asyncio.gather(*(plane.get("/v1/accounts") for _ in range(65)))

    seen = Counting()
    assert run(seen, work) == [{}] * 65
    assert seen.most == 20


def test_over_a_real_connection() -> None:
    """Many at once, kept alive, from a server that is a server."""
    rows = [{"name": f"accounts/acme/deployments/{n}"} for n in range(45)]

    def answer(request: Request) -> Response:
        if request.headers["authorization"] != f"Bearer {KEY}":
            return Response(401, {"code": 16})
        start = int(request.query.get("pageToken", "0"))
        end = start + int(request.query["pageSize"])
        more = {"nextPageToken": str(end)} if end < len(rows) else {}
        return Response(200, {"deployments": rows[start:end], **more})

    async def work() -> list[Listing]:
        async with ControlPlane(connection(server.url), limits=FAST) as plane:
            path, size = "/v1/accounts/acme/deployments", {"pageSize": 10}
            return await asyncio.gather(*(plane.pages(path, "deployments", size) for _ in range(30)))

    server = Server(answer)
    try:
        listings = asyncio.run(work())
    finally:
        server.close()
    assert listings == [Listing(tuple(rows), 5)] * 30


def test_a_client_that_is_not_open() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        asyncio.run(ControlPlane(connection(URL)).get("/v1/accounts"))


def test_httpx_is_loaded_only_to_ask() -> None:
    code = (
        "import sys, json, fwdoctor.controlplane.client as c, fwdoctor.controlplane.connection as n\n"
        "c.ControlPlane(n.Connection.from_environment({'FIREWORKS_API_KEY': 'k'}))\n"
        "print(json.dumps([m for m in ('httpx', 'httpcore', 'anyio', 'rich', 'libcst') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
