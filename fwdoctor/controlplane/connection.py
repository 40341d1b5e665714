"""Where the control plane is, and with which key: read once, from the environment and from options."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import SplitResult, urlsplit

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.redact import HIDDEN, redact_log

DEFAULT_BASE_URL = "https://api.fireworks.ai"
API_KEY = "FIREWORKS_API_KEY"
BASE_URL = "FIREWORKS_BASE_URL"
ACCOUNT_ID = "FIREWORKS_ACCOUNT_ID"
EXTRA_HEADERS = "FIREWORKS_API_EXTRA_HEADERS"
CUSTOM_HEADERS = "FIREWORKS_CUSTOM_HEADERS"

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
#: Headers that say how a message is sent: a user who sets them breaks the message.
_OURS = frozenset(
    {"accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host"}
    | {"keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-authorization"}
)
_NO_SECRET = 6
_LONGEST = 1200


@dataclass(frozen=True, slots=True)
class Connection:
    """All that is needed to ask. Neither the key nor what headers hold is ever shown.

    ``notes`` are lines for the user: what was ignored, and why. ``account_hint`` is what the user says the
    account is; the server has the last word.
    """

    base_url: str
    key: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    account_hint: str | None = None
    #: The proxy's address, which may hold a password.
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    ca_folder: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", _checked_url(self.base_url))
        _check_key(self.key)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, base_url: str | None = None, api_key: str | None = None
    ) -> Connection:
        """The connection of a process with this environment; options win. Bad values are clear errors."""
        url = base_url or environ.get(BASE_URL, "").strip() or DEFAULT_BASE_URL
        key = api_key or environ.get(API_KEY, "")
        headers, notes = _headers_from(environ)
        checked = _checked_url(url)
        if _is_open(checked):
            notes.append(f"{checked}: no https, so the API key travels unencrypted")
        return cls(
            base_url=checked,
            key=key,
            headers=headers,
            account_hint=environ.get(ACCOUNT_ID, "").strip().removeprefix("accounts/") or None,
            proxy=proxy_for(checked, environ),
            ca_file=environ.get("SSL_CERT_FILE") or None,
            ca_folder=environ.get("SSL_CERT_DIR") or None,
            notes=tuple(notes),
        )

    @property
    def proxy_host(self) -> str | None:
        """The proxy as it may be shown: host and port."""
        return urlsplit(self.proxy).netloc.rpartition("@")[2] if self.proxy else None

    def without_key(self, content: bytes) -> bytes:
        """An answer without the key, if a server sends it back; a very short one may be a word."""
        return content.replace(self.key.encode(), HIDDEN.encode()) if len(self.key) >= _NO_SECRET else content

    def hide(self, text: str) -> str:
        """Text without the key, without what the user's headers hold, and without anything like them.

        Long text is cut, for what looks like a secret takes time to find; the known ones are out before,
        so that no half of one is left.
        """
        for secret in (self.key, *(v for v in self.headers.values() if len(v) >= _NO_SECRET)):
            text = text.replace(secret, HIDDEN)
        return redact_log(text[:_LONGEST])


def _checked_url(url: str) -> str:
    """The base URL without the slash at its end; an error that never shows a password in it."""
    shown = repr(redact_log(url))
    said = f"the base URL ({BASE_URL})"
    if any(c.isspace() or not c.isprintable() for c in url):
        raise FwdoctorError(f"{said} has a space or a control character in it: {shown}")
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise FwdoctorError(f"{said} is not an http(s) URL: {shown}; it looks like {DEFAULT_BASE_URL}")
    if "@" in parts.netloc:
        raise FwdoctorError(f"{said} must not hold a user or a password; the key alone lets fwdoctor in")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise FwdoctorError(f"{said} must end with the path, without ? and #: {shown}")
    return url.rstrip("/")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # which raises where it is no number
        (parts.hostname or "").encode("idna")
    except ValueError:  # UnicodeError is one
        return None
    return parts


def _check_key(key: str) -> None:
    if not key:
        raise FwdoctorError(f"no API key: set {API_KEY} to a training-scoped Fireworks key")
    if not all("!" <= c <= "~" for c in key):
        raise FwdoctorError(
            f"{API_KEY} has white space, a control character or a letter outside ASCII in it "
            "(not shown): it was probably copied with a line break or with quotes around it"
        )


def _is_open(url: str) -> bool:
    """Whether others on the way can read what is sent."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _headers_from(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The user's headers and what was ignored; JSON wins over lines, whatever the case of the names."""
    notes: list[str] = []
    headers: dict[str, str] = {}
    pairs = [*_lines(environ.get(CUSTOM_HEADERS, "")), *_json(environ.get(EXTRA_HEADERS, ""), notes)]
    for variable, name, value in pairs:
        why = _why_not(name, value)
        if why:
            notes.append(f"{variable}: {_named(name)} is ignored: {why}")
            continue
        headers = {n: v for n, v in headers.items() if n.lower() != name.lower()}
        headers[name] = value
    return headers, notes


def _lines(text: str) -> list[tuple[str, str, str]]:
    """``name: value`` lines; a line without a colon says nothing, as for the SDK."""
    split = (line.partition(":") for line in text.split("\n") if ":" in line)
    return [(CUSTOM_HEADERS, name.strip(), value.strip()) for name, _, value in split]


def _json(text: str, notes: list[str]) -> list[tuple[str, str, str]]:
    if not text.strip():
        return []
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not all(isinstance(v, str) for v in told.values()):
        notes.append(f"{EXTRA_HEADERS} is ignored: it is not a JSON object of strings")
        return []
    return [(EXTRA_HEADERS, name, value) for name, value in told.items()]


def _why_not(name: str, value: str) -> str | None:
    if not _HEADER_NAME.fullmatch(name):
        return "that is no header's name"
    if name.lower() in _OURS:
        return "that header belongs to the connection"
    return None if _HEADER_VALUE.fullmatch(value) else "its value cannot be sent"


def _named(name: str) -> str:
    """A header's name as a note shows it: where it is no name, it may be half a secret."""
    return name if _HEADER_NAME.fullmatch(name) else "an entry"


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for a URL; names in small letters win, as everywhere."""
    parts = urlsplit(url)
    if _bypasses(parts, _either(environ, "no_proxy")):
        return None
    proxy = _either(environ, f"{parts.scheme}_proxy") or _either(environ, "all_proxy")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _either(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name)
    return (environ.get(name.upper()) if value is None else value) or None


def _bypasses(parts: SplitResult, no_proxy: str | None) -> bool:
    """Whether a host, or a domain above it, is in a list like ``localhost,.corp,10.0.0.1:8080``."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for entry in (no_proxy or "").lower().split(","):
        name = entry.strip().rpartition("://")[2]
        if name == "*":
            return True
        name, its_port = _host_and_port(name)
        if not name or (its_port and its_port != str(port)):
            continue
        if host == name or host.endswith(f".{name.lstrip('.')}"):
            return True
    return False


def _host_and_port(name: str) -> tuple[str, str]:
    """``host:8080`` in two; an IPv6 address may stand in brackets."""
    if name.startswith("["):
        host, _, rest = name[1:].partition("]")
        return host, rest.removeprefix(":")
    if name.count(":") > 1:
        return name, ""
    host, _, port = name.partition(":")
    return host, port
