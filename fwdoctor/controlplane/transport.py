"""The one place where requests leave: GET, and the one that resumes a job. Imports httpx at once."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.timing import Limits
from fwdoctor.errors import FwdoctorError

#: The only thing that is ever asked for with POST. An id with a colon could name another verb.
_RESUME = re.compile(r"/v1/accounts/[^/:?#%]+/rlorTrainerJobs/[^/:?#%]+:resume")
#: What it says: nothing.
RESUME_BODY = b"{}"


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


class OneResume(httpx.AsyncBaseTransport):
    """Hands one request to another transport, once: ``POST {}`` to the ``:resume`` of one job."""

    def __init__(self, inner: httpx.AsyncBaseTransport, base_url: str, path: str) -> None:
        """``path`` is the job's own with ``:resume``, below ``base_url``; any other is a FwdoctorError."""
        if not _RESUME.fullmatch(path):
            raise FwdoctorError(f"{path!r} cannot be resumed: that is no trainer job's path")
        self._inner = inner
        self._url = httpx.URL(f"{base_url}{path}")
        self._spent = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST" or request.url != self._url:
            raise RuntimeError(f"fwdoctor only resumes: {request.method} {request.url.path} is not sent")
        if await request.aread() != RESUME_BODY:
            raise RuntimeError(f"fwdoctor only resumes: that body for {request.url.path} is not sent")
        if self._spent:
            raise RuntimeError(f"fwdoctor resumes once: {request.url.path} is not sent again")
        self._spent = True
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def open_resume(
    connection: Connection, limits: Limits, path: str, inner: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """A client that can send one request: the one that resumes the job at ``path``."""
    transport = OneResume(inner or _network(connection, limits), connection.base_url, path)
    return _client(transport, limits)


def _client(transport: httpx.AsyncBaseTransport, limits: Limits) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(limits.read, connect=limits.connect, pool=limits.total),
        follow_redirects=False,
        trust_env=False,
    )


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
