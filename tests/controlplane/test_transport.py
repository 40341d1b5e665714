"""What can leave this machine: GET, and one POST that resumes one job."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from fwdoctor.controlplane.transport import OneResume, ReadOnly
from fwdoctor.errors import FwdoctorError

BASE = "https://api.example/x"
PATH = "/v1/accounts/acme/rlorTrainerJobs/my-trainer:resume"


def send(transport: httpx.AsyncBaseTransport, *requests: httpx.Request) -> list[int]:
    """The statuses that requests get."""

    async def all_of_them() -> list[int]:
        async with transport:
            return [(await transport.handle_async_request(r)).status_code for r in requests]

    return asyncio.run(all_of_them())


def network(seen: list[str]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url}")
        return httpx.Response(200, json={})

    return httpx.MockTransport(answer)


def resume(url: str = f"{BASE}{PATH}", method: str = "POST", body: bytes = b"{}") -> httpx.Request:
    return httpx.Request(method, url, content=body)


def test_a_resume_leaves_once() -> None:
    seen: list[str] = []
    transport = OneResume(network(seen), BASE, PATH)
    with pytest.raises(RuntimeError, match="resumes once"):
        send(transport, resume(), resume())
    assert seen == [f"POST {BASE}{PATH}"]


@pytest.mark.parametrize(
    "request_",
    [
        resume(method="GET"),
        resume(method="PATCH"),
        resume(method="DELETE", body=b""),
        resume(body=b""),
        resume(body=b'{"force": true}'),
        resume(url=f"{BASE}{PATH.replace(':resume', ':cancel')}"),
        resume(url=f"{BASE}{PATH.replace('my-trainer', 'other')}"),
        resume(url=f"{BASE}{PATH}?validateOnly=true"),
        resume(url=f"https://other.example/x{PATH}"),
        resume(url=f"http://api.example/x{PATH}"),
        resume(url=f"https://api.example{PATH}"),
    ],
    ids=lambda r: f"{r.method} {r.url} {len(r.content)}",
)
def test_nothing_else_leaves_there(request_: httpx.Request) -> None:
    seen: list[str] = []
    with pytest.raises(RuntimeError, match="fwdoctor only resumes"):
        send(OneResume(network(seen), BASE, PATH), request_)
    assert seen == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/accounts/acme/rlorTrainerJobs/j",
        "/v1/accounts/acme/rlorTrainerJobs/j:cancel",
        "/v1/accounts/acme/rlorTrainerJobs/j:cancel:resume",
        "/v1/accounts/acme/rlorTrainerJobs/j/checkpoints/c:resume",
        "/v1/accounts/acme/deployments/d:resume",
        "/v1/accounts/acme/rlorTrainerJobs/j:resume?x=1",
        "/v1/accounts/acme/rlorTrainerJobs/:resume",
        f"/elsewhere{PATH}",
    ],
)
def test_only_a_job_has_a_path_to_resume(path: str) -> None:
    with pytest.raises(FwdoctorError, match="cannot be resumed"):
        OneResume(network([]), BASE, path)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (resume(), "POST"),
        (httpx.Request("DELETE", f"{BASE}/v1/accounts"), "DELETE"),
        (httpx.Request("GET", f"{BASE}/v1/accounts", content=b"{}"), "a body"),
    ],
)
def test_everything_else_reads(request_: httpx.Request, why: str) -> None:
    seen: list[str] = []
    with pytest.raises(RuntimeError, match=f"only reads: {why}"):
        send(ReadOnly(network(seen)), request_)
    assert seen == []


def test_reading_goes_through() -> None:
    seen: list[str] = []
    assert send(ReadOnly(network(seen)), httpx.Request("GET", f"{BASE}/v1/accounts")) == [200]
    assert seen == [f"GET {BASE}/v1/accounts"]
