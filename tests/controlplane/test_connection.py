"""Where the control plane is, according to the environment."""

from __future__ import annotations

from typing import Any

import pytest

from fwdoctor.controlplane.connection import Connection, proxy_for
from fwdoctor.errors import FwdoctorError

KEY = "fw_0123456789abcdefABCDEF"


def read(base_url: str | None = None, api_key: str | None = None, **environ: str) -> Connection:
    return Connection.from_environment(
        {"FIREWORKS_API_KEY": KEY, **environ}, base_url=base_url, api_key=api_key
    )


def test_with_a_key_alone() -> None:
    connection = read()
    assert connection.base_url == "https://api.fireworks.ai"
    assert connection.key == KEY
    assert (dict(connection.headers), connection.account_hint, connection.proxy) == ({}, None, None)
    assert connection.notes == ()


@pytest.mark.parametrize(
    ("environ", "option", "url"),
    [
        ({"FIREWORKS_BASE_URL": "https://dev.example/"}, None, "https://dev.example"),
        ({"FIREWORKS_BASE_URL": "https://dev.example/x//"}, None, "https://dev.example/x"),
        ({"FIREWORKS_BASE_URL": ""}, None, "https://api.fireworks.ai"),
        ({"FIREWORKS_BASE_URL": "https://dev.example"}, "http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ({"FIREWORKS_BASE_URL": "http://[::1]:80"}, None, "http://[::1]:80"),
    ],
)
def test_base_url(environ: dict[str, str], option: str | None, url: str) -> None:
    connection = read(base_url=option, **environ)
    assert connection.base_url == url
    assert connection.notes == ()


@pytest.mark.parametrize(
    "url",
    [
        "api.fireworks.ai",
        "ftp://api.fireworks.ai",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://host:port",
        "https://host:99999",
        "https://a b",
        "https://host\n.example",
        "https://host/\x00",
        "https://user:hush@host",
        "https://hush@host",
        "https://host?token=hush",
        "https://host#x",
        "https://[::1",
        "https://" + "a" * 70 + ".example",
    ],
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(FwdoctorError, match="base URL") as raised:
        read(FIREWORKS_BASE_URL=url)
    assert "hush" not in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("url", "noted"),
    [
        ("http://gateway.example", True),
        ("http://10.0.0.1", True),
        ("http://localhost:1", False),
        ("http://127.8.8.8", False),
        ("https://gateway.example", False),
    ],
)
def test_a_key_that_travels_in_the_open_is_noted(url: str, noted: bool) -> None:
    assert any("unencrypted" in note for note in read(FIREWORKS_BASE_URL=url).notes) is noted


@pytest.mark.parametrize(
    "key", [f"{KEY}\n", f" {KEY}", "fw_01 234567", "fw_0\x1b1234567", "fw_ä123456789", "\ufefffw_123"]
)
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(
        FwdoctorError, match="FIREWORKS_API_KEY has white space, a control character"
    ) as raised:
        read(FIREWORKS_API_KEY=key)
    assert "fw_" not in str(raised.value)
    with pytest.raises(FwdoctorError):
        read(api_key=key)


def test_no_key() -> None:
    with pytest.raises(FwdoctorError, match="no API key: set FIREWORKS_API_KEY"):
        Connection.from_environment({})
    assert read(FIREWORKS_API_KEY="", api_key="fw_given").key == "fw_given"


@pytest.mark.parametrize("account", ["acme", " acme ", "accounts/acme"])
def test_the_account_is_a_hint(account: str) -> None:
    assert read(FIREWORKS_ACCOUNT_ID=account).account_hint == "acme"


@pytest.mark.parametrize(
    ("environ", "headers", "note"),
    [
        ({"FIREWORKS_API_EXTRA_HEADERS": '{"x-a": "1"}'}, {"x-a": "1"}, None),
        ({"FIREWORKS_CUSTOM_HEADERS": "x-a: 1\nX-B:2:3\n\nnothing"}, {"x-a": "1", "X-B": "2:3"}, None),
        (
            {"FIREWORKS_CUSTOM_HEADERS": "x-a: lines", "FIREWORKS_API_EXTRA_HEADERS": '{"X-A": "json"}'},
            {"X-A": "json"},
            None,
        ),
        ({"FIREWORKS_API_EXTRA_HEADERS": "  "}, {}, None),
        ({"FIREWORKS_API_EXTRA_HEADERS": "x-a: hush"}, {}, "is ignored: it is not a JSON object of strings"),
        ({"FIREWORKS_API_EXTRA_HEADERS": '{"x-a": ["hush"]}'}, {}, "is not a JSON object of strings"),
        ({"FIREWORKS_API_EXTRA_HEADERS": '["hush"]'}, {}, "is not a JSON object of strings"),
        ({"FIREWORKS_API_EXTRA_HEADERS": "[" * 100_000}, {}, "is not a JSON object of strings"),
        ({"FIREWORKS_API_EXTRA_HEADERS": '{"x-a": "hush\\nx-b: 1"}'}, {}, "x-a is ignored: its value cannot"),
        (
            {"FIREWORKS_API_EXTRA_HEADERS": '{"x a hush": "1"}'},
            {},
            "an entry is ignored: that is no header's name",
        ),
        ({"FIREWORKS_CUSTOM_HEADERS": "Host: hush.example"}, {}, "Host is ignored: that header belongs"),
        ({"FIREWORKS_CUSTOM_HEADERS": "Transfer-Encoding: chunked"}, {}, "Transfer-Encoding is ignored"),
        ({"FIREWORKS_CUSTOM_HEADERS": "x-a:"}, {}, "x-a is ignored: its value"),
    ],
)
def test_headers(environ: dict[str, str], headers: dict[str, str], note: str | None) -> None:
    connection = read(**environ)
    assert dict(connection.headers) == headers
    assert len(connection.notes) == (note is not None)
    assert all(note in line and "hush" not in line for line in connection.notes if note)


def test_neither_key_nor_headers_are_ever_shown() -> None:
    connection = read(
        FIREWORKS_CUSTOM_HEADERS="x-gate: hush-hush", HTTPS_PROXY="http://me:hush@proxy.example:3128"
    )
    assert KEY not in repr(connection)
    assert "hush" not in repr(connection)
    assert connection.proxy_host == "proxy.example:3128"
    shown = connection.hide(f"you sent {KEY} and hush-hush")
    assert (KEY in shown, "hush" in shown) == (False, False)


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("https://h.example", {}, None),
        ("https://h.example", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.example", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://h.example", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.example", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.example", {"ALL_PROXY": "http://p:1", "https_proxy": "http://q:1"}, "http://q:1"),
        ("https://h.example", {"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, "http://q:1"),
        ("https://h.example", {"HTTPS_PROXY": "http://p:1", "https_proxy": ""}, None),
        ("https://h.example", {"HTTPS_PROXY": "p:1"}, "http://p:1"),
    ],
)
def test_proxies(url: str, environ: dict[str, str], expected: str | None) -> None:
    assert proxy_for(url, environ) == expected


@pytest.mark.parametrize(
    ("url", "no_proxy", "bypassed"),
    [
        ("https://h.example", "*", True),
        ("https://h.example", "h.example", True),
        ("https://h.example", "example", True),
        ("https://h.example", ".example", True),
        ("https://example", ".example", False),
        ("https://h.example", "x.example, H.Example", True),
        ("https://h.example", "ample", False),
        ("https://h.example", "", False),
        ("https://h.example", "h.example:443", True),
        ("https://h.example", "h.example:80", False),
        ("https://h.example", "https://h.example", True),
        ("http://127.0.0.1:8080", "127.0.0.1", True),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("http://[::1]:8080", "::1", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://[::1]:8080", "[::1]:8081", False),
    ],
)
def test_no_proxy(url: str, no_proxy: str, bypassed: bool) -> None:
    environ: dict[str, Any] = {"ALL_PROXY": "http://p:1", "NO_PROXY": no_proxy}
    assert (proxy_for(url, environ) is None) is bypassed
