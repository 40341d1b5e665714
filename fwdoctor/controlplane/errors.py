"""What goes wrong between fwdoctor and the control plane, sorted by what a user can do about it."""

from __future__ import annotations

import enum
import html
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any

from fwdoctor.controlplane.sparse import is_secret_field
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

_LONGEST = 300
_LONGEST_NAME = 128
#: Of a body that is not what it should be, this much is looked at.
_BEGINNING = 64 * 1024
_ERROR_INFO = "google.rpc.ErrorInfo"


class Kind(enum.StrEnum):
    """What kind of failure it is."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    BAD_REQUEST = "bad_request"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    #: The host's name is not known.
    UNREACHABLE_DNS = "unreachable_dns"
    #: The host is there (or not on the way), but nothing takes the connection.
    UNREACHABLE_REFUSED = "unreachable_refused"
    TLS = "tls"
    PROXY = "proxy"
    TIMED_OUT = "timed_out"
    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    REDIRECTED = "redirected"
    #: The connection broke, or what came is no HTTP.
    PROTOCOL = "protocol"


_OF_STATUS = {
    401: Kind.UNAUTHORIZED,
    402: Kind.FORBIDDEN,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    407: Kind.PROXY,
    408: Kind.TIMED_OUT,
    409: Kind.CONFLICT,
    410: Kind.NOT_FOUND,
    429: Kind.RATE_LIMITED,
}

#: What to do, by status or else by kind.
_ADVICE: dict[int | Kind, str] = {
    402: "the account has not paid: see its billing page",
    412: "the account is suspended, or this is not enabled for it",
    Kind.UNAUTHORIZED: "the key is wrong, revoked or for inference only: training needs a training key",
    Kind.FORBIDDEN: "the key is valid but may not read this",
    Kind.NOT_FOUND: "check the id, and that it belongs to the key's account",
    Kind.RATE_LIMITED: "wait a little and try again",
    Kind.UNAVAILABLE: "the service has trouble: try again later",
    Kind.UNREACHABLE_DNS: "check FIREWORKS_BASE_URL and the network",
    Kind.UNREACHABLE_REFUSED: "check FIREWORKS_BASE_URL, its port and the network",
    Kind.PROXY: "check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY",
    Kind.NOT_JSON: "check FIREWORKS_BASE_URL: this may be a proxy, a login page or another service",
    Kind.REDIRECTED: "the key is not sent to other hosts: set FIREWORKS_BASE_URL to the right one",
    Kind.TIMED_OUT: "check the network, or try again",
}

#: google.rpc.Code
_CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)

Hide = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Told:
    """What a server says about its refusal; everything may be missing. Secrets are out already."""

    message: str = ""
    code: int | None = None
    #: The name of the google.rpc code, or what the server puts in its place.
    name: str | None = None
    reason: str | None = None
    domain: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class ControlPlaneError(FwdoctorError):
    """One request that did not bring what was asked for.

    ``request`` is its method and path, without secrets; ``attempts`` how often it was sent.
    """

    def __init__(
        self,
        kind: Kind,
        request: str,
        what: str,
        *,
        status: int | None = None,
        told: Told | None = None,
        retry_after: float | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(what)
        self.kind = kind
        self.request = request
        self.what = what
        self.status = status
        self.told = told or Told()
        self.retry_after = retry_after
        #: Whether the same request may well succeed in a moment.
        self.transient = transient
        self.attempts = 1

    def __str__(self) -> str:
        advice = _ADVICE.get(self.status or 0) or _ADVICE.get(self.kind)
        times = f" ({self.attempts} attempts)" if self.attempts > 1 else ""
        return f"{self.request}: {self.what}{times}" + (f"; {advice}" if advice else "")


def from_answer(
    request: str, status: int, body: bytes, hide: Hide, *, retry_after: float | None = None
) -> ControlPlaneError:
    """The error that an answer with this status and body is."""
    other = Kind.UNAVAILABLE if status >= 500 else Kind.BAD_REQUEST if status >= 400 else Kind.PROTOCOL
    kind = _OF_STATUS.get(status, other)
    told = read(body, hide)
    label = f"{status} {told.name}" if told.name else str(status)
    reason = f" [{told.reason}]" if told.reason else ""
    what = f"{label}{reason}: {told.message}" if told.message else f"{label}{reason}"
    return ControlPlaneError(kind, request, what, status=status, told=told, retry_after=retry_after)


def read(body: bytes, hide: Hide) -> Told:
    """What an error's body says: a google.rpc.Status, one below ``error``, plain text, or a page."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return Told(message=_page(body, hide))
    if isinstance(content, dict):
        inner = content.get("error")
        return _status(inner if isinstance(inner, dict) else content, hide)
    return Told(message=one_line(content, hide) if isinstance(content, str) else "")


def _status(status: Mapping[str, Any], hide: Hide) -> Told:
    said = (status.get(name) for name in ("message", "error", "detail", "error_description"))
    message = next((text for text in said if isinstance(text, str) and text), "")
    code = status.get("code")
    number = code if isinstance(code, int) and not isinstance(code, bool) else None
    info = _error_info(status.get("details"))
    metadata = info.get("metadata")
    return Told(
        message=one_line(message, hide),
        code=number,
        name=_code_name(number, (code, status.get("status"), status.get("type")), hide),
        reason=_word(info.get("reason"), hide),
        domain=_word(info.get("domain"), hide),
        metadata={
            _cut(hide(name), _LONGEST_NAME): one_line(value, hide)
            for name, value in (metadata.items() if isinstance(metadata, dict) else ())
            if isinstance(value, str) and not is_secret_field(name)
        },
    )


def _code_name(number: int | None, names: tuple[Any, ...], hide: Hide) -> str | None:
    if number is not None and 0 <= number < len(_CODES):
        return _CODES[number]
    return next((_word(name, hide) for name in names if isinstance(name, str) and name), None)


def _error_info(details: Any) -> Mapping[str, Any]:
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith(_ERROR_INFO):
            return detail
    return {}


_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,500})", re.IGNORECASE)
_HTML = re.compile(r"\s*(?:<\?xml|<!--|<!doctype html|<html|<head|<body)", re.IGNORECASE)


def _page(body: bytes, hide: Hide) -> str:
    """A body that is no JSON, in one line."""
    text = body.decode("utf-8", "replace")
    if not _HTML.match(text):
        return one_line(text, hide)
    title = _TITLE.search(text)
    return f"an HTML page, titled {one_line(html.unescape(title[1]), hide)!r}" if title else "an HTML page"


def describe(body: bytes, hide: Hide) -> str:
    """What came instead of JSON."""
    if not body.strip():
        return "an empty answer"
    said = _page(body[:_BEGINNING], hide)
    return said if said.startswith("an HTML page") else f"text, which begins {_cut(said, 60)!r}"


def one_line(text: str, hide: Hide) -> str:
    """Text from a server as one short line that is safe to print; hidden first, for a cut key is none."""
    clean = hide(text)
    printable = "".join(c if c.isprintable() else " " for c in clean)
    return _cut(" ".join(printable.split()), _LONGEST)


def _word(text: Any, hide: Hide) -> str | None:
    return _cut(one_line(text, hide), _LONGEST_NAME) or None if isinstance(text, str) else None


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def from_failure(request: str, error: BaseException, host: str, proxy: str | None) -> ControlPlaneError:
    """The error behind an exception of httpx: no answer came, or not all of it.

    ``host`` is where it was sent; ``proxy`` the one in between, without its password.
    """
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return _timeout(request, error, host)
    chain = list(causes(error))
    tls = next((c for c in chain if isinstance(c, ssl.SSLError)), None)
    if tls is not None:
        return ControlPlaneError(Kind.TLS, request, _tls(tls, host))
    if isinstance(error, httpx.ProxyError):
        return ControlPlaneError(Kind.PROXY, request, f"the proxy {proxy} refuses: {_plain(error)}")
    dns = next((c for c in chain if isinstance(c, socket.gaierror)), None)
    connecting = dns is not None or isinstance(error, httpx.ConnectError)
    if proxy and connecting:
        return ControlPlaneError(Kind.PROXY, request, f"the proxy {proxy} cannot be reached", transient=True)
    if dns is not None:
        again = dns.errno == socket.EAI_AGAIN
        return ControlPlaneError(
            Kind.UNREACHABLE_DNS, request, f"no address is known for {host}", transient=again
        )
    if connecting:
        refused = any(isinstance(c, ConnectionRefusedError) for c in chain)
        what = (
            f"{host} refuses the connection" if refused else f"{host} cannot be reached: {_plain(chain[-1])}"
        )
        return ControlPlaneError(Kind.UNREACHABLE_REFUSED, request, what, transient=True)
    broken = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)
    return ControlPlaneError(
        Kind.PROTOCOL, request, f"the connection to {host} broke: {_plain(error)}", transient=broken
    )


def _timeout(request: str, error: BaseException, host: str) -> ControlPlaneError:
    import httpx

    connecting = isinstance(error, httpx.ConnectTimeout)
    what = f"no connection to {host} in time" if connecting else f"{host} does not answer in time"
    return ControlPlaneError(Kind.TIMED_OUT, request, what, transient=connecting)


#: OpenSSL's numbers for what is wrong with a certificate.
_CERTIFICATES = {
    9: "its certificate is not valid yet: is this machine's clock right?",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its chain is self-signed: behind a proxy that opens TLS, point SSL_CERT_FILE at that one's root",
    20: "nobody known here issued its certificate: point SSL_CERT_FILE at the issuer's",
    21: "its certificate cannot be verified: the chain may be incomplete",
    62: "its certificate is for another host name",
    64: "its certificate is for another IP address",
}


def _tls(error: ssl.SSLError, host: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        said = getattr(error, "verify_message", "") or "its certificate is not trusted"
        return f"{host} cannot be trusted: {_CERTIFICATES.get(getattr(error, 'verify_code', 0), said)}"
    # Only those that OpenSSL itself raises have one.
    reason: str = getattr(error, "reason", None) or "TLS failed"
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return f"{host} does not speak TLS on this port: should the base URL begin with http:// ?"
    return f"no secure connection to {host}: {reason.replace('_', ' ')}"


def _plain(error: BaseException) -> str:
    """An exception's text, or its name where it has none."""
    return _cut(" ".join(str(error).split()), 120) or type(error).__name__


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that led to it; groups (one try per address) are opened."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        waiting.extend(cause for cause in (one.__cause__, one.__context__) if cause is not None)
