"""The one place where requests leave: whatever is not GET is refused here. Imports httpx at once."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.timing import Limits
from fwdoctor.errors import FwdoctorError


class ReadOnly(httpx.AsyncBaseTransport):
    """Hands GET requests without a body to another transport, and nothing else."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            raise RuntimeError(f"fwdoctor only reads: {request.method} {request.url.path} is not sent")
        if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
            raise RuntimeError(f"fwdoctor only reads: a body for {request.url.path} is not sent")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def open_network(
    connection: Connection, limits: Limits, inner: httpx.AsyncBaseTransport | None = None
) -> ReadOnly:
    """A network that can only be read from; ``inner`` takes the place of the real one.

    There is no httpx client around it: that one would keep cookies, look for more settings in the
    environment, and look into redirects before we do.
    """
    return ReadOnly(inner or _network(connection, limits))


def get(url: str, headers: Mapping[str, str], limits: Limits) -> httpx.Request:
    """A request as the network wants it, with its times."""
    times = httpx.Timeout(limits.read, connect=limits.connect, pool=limits.total)
    return httpx.Request("GET", url, headers=dict(headers), extensions={"timeout": times.as_dict()})


def _network(connection: Connection, limits: Limits) -> httpx.AsyncHTTPTransport:
    try:
        return httpx.AsyncHTTPTransport(
            verify=_trust(connection),
            trust_env=False,
            limits=httpx.Limits(max_connections=limits.concurrent),
            proxy=httpx.Proxy(connection.proxy) if connection.proxy else None,
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise FwdoctorError(
            f"the proxy {connection.proxy_host} of the environment cannot be used: known are http:// and "
            "https:// proxies, and socks5:// where socksio is installed"
        ) from error


def _may_be_secure(connection: Connection) -> bool:
    """Whether TLS may be spoken: from port 80, a redirect may lead to it."""
    parts = urlsplit(connection.base_url)
    proxy = (connection.proxy or "").lower()
    return parts.scheme == "https" or parts.port in (None, 80) or proxy.startswith("https")


def _trust(connection: Connection) -> ssl.SSLContext | bool:
    """Whom to trust: what SSL_CERT_FILE or SSL_CERT_DIR name, else the list that httpx brings."""
    if not _may_be_secure(connection):
        # Reading the list takes 50 ms. A context without one trusts nobody, should it ever be asked.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if connection.ca_file is None and connection.ca_folder is None:
        return True
    path = connection.ca_file or connection.ca_folder
    try:
        if connection.ca_file is not None:
            return ssl.create_default_context(cafile=connection.ca_file)
        return ssl.create_default_context(capath=connection.ca_folder)
    except OSError as error:  # SSLError is one
        raise FwdoctorError(f"{path} (SSL_CERT_FILE, SSL_CERT_DIR) holds no certificates") from error
