"""A fake control plane for each test, and a client that asks it as the doctor will: plain GETs, one header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.fake_control_plane import FakeControlPlane

Get = Callable[..., Any]


@pytest.fixture
def plane() -> Iterator[FakeControlPlane]:
    with FakeControlPlane() as plane:
        yield plane


@pytest.fixture
def http(plane: FakeControlPlane) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=plane.url, headers={"Authorization": f"Bearer {plane.key}"}) as client:
        yield client


@pytest.fixture
def get(http: httpx.Client) -> Get:
    """Reads below the account; the JSON of an answer that must be a good one."""

    def read(path: str, **query: str) -> Any:
        answer = http.get(f"/v1/accounts/acme/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read
