"""FWP0xx: whether the control plane lets anybody look, and whether both mean the same place and time."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from fwdoctor.controlplane.client import AccountError
from fwdoctor.controlplane.diagnoses.filled import of as _finding
from fwdoctor.controlplane.errors import ControlPlaneError, Kind, causes
from fwdoctor.controlplane.sparse import printable
from fwdoctor.controlplane.words import age, moment
from fwdoctor.finding import Finding

#: Signed addresses and tokens are refused from about this difference on.
_SKEW = timedelta(minutes=5)
#: Variables that lead the training client elsewhere; the control plane stays where it is.
_ELSEWHERE = ("FIREWORKS_TRAINER_GATEWAY_URL", "TINKER_BASE_URL")
_INFERENCE_ONLY = re.compile(r"inference[ _-]?only|only[^.]{0,20}inference", re.IGNORECASE)
#: OpenSSL's number for a certificate that begins later.
_NOT_YET_VALID = 9

_OF_KIND = {
    Kind.UNREACHABLE_DNS: "FWP010",
    Kind.TLS: "FWP011",
    Kind.PROXY: "FWP012",
    Kind.TIMED_OUT: "FWP013",
    Kind.NOT_JSON: "FWP014",
    Kind.REDIRECTED: "FWP014",
    Kind.NOT_FOUND: "FWP014",
    Kind.TOO_LARGE: "FWP014",
    Kind.BAD_REQUEST: "FWP014",
    Kind.CONFLICT: "FWP014",
    Kind.UNAVAILABLE: "FWP015",
    Kind.RATE_LIMITED: "FWP015",
}
#: What the platform answers for accounts that are not paid for, or suspended.
_SUSPENDED = (402, 412)


def is_refusal(error: ControlPlaneError | AccountError) -> bool:
    """Whether an answer is about the key, and not about what was asked for."""
    return isinstance(error, AccountError) or error.kind in (Kind.UNAUTHORIZED, Kind.FORBIDDEN)


def diagnose_refusal(error: ControlPlaneError | AccountError, now: datetime) -> Finding:
    """Why a request, mostly the first one, did not bring what it asked for; ``now``: this machine's time."""
    if isinstance(error, AccountError):
        if error.ids:
            return _finding(
                "FWP002", "account", "GET /v1/accounts", accounts=", ".join(map(printable, error.ids))
            )
        return _finding("FWP003", "account", "GET /v1/accounts")
    told = f"{error.request}" + (f", {error.what}" if error.status else "")
    if error.status in _SUSPENDED:
        return _finding("FWP004", "account", told, account="of this key", state=error.what)
    if error.kind in (Kind.UNAUTHORIZED, Kind.FORBIDDEN):
        if _INFERENCE_ONLY.search(f"{error.told.reason or ''} {error.told.message}"):
            return _finding("FWP009", "key", told, status=str(error.status))
        rule, more = (
            ("FWP001", {}) if error.kind is Kind.UNAUTHORIZED else ("FWP006", {"what": error.request})
        )
        return _finding(rule, "key", told, **more)
    if _is_not_yet_valid(error):
        return _finding("FWP017", "clock", told, now=moment(now))
    times = f" ({error.attempts} attempts)" if error.attempts > 1 else ""
    rule = _OF_KIND.get(error.kind, "FWP005")
    return _finding(rule, "control plane", told, reason=f"{error.what}{times}")


def as_refusal(error: ControlPlaneError | AccountError, now: datetime) -> Finding | None:
    """The finding that an error is, where it is about the key; None where it is not, and may pass."""
    return diagnose_refusal(error, now) if is_refusal(error) else None


def diagnose_clock(ahead: float | None) -> Iterator[Finding]:
    """``ahead``: seconds that this machine's clock is ahead of the server's; None: not known."""
    if ahead is None or abs(ahead) <= _SKEW.total_seconds():
        return
    difference = f"{age(timedelta(seconds=abs(ahead)))} {'ahead of' if ahead > 0 else 'behind'}"
    yield _finding("FWP008", "clock", "the answer's Date", difference=difference)


def diagnose_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that lead a part of the requests to another host."""
    for variable in _ELSEWHERE:
        if environ.get(variable, "").strip():
            host = _host(environ[variable].strip())
            yield _finding("FWP016", variable, "the environment", variable=variable, host=host)


def _host(url: str) -> str:
    """The host of an address, which alone is shown: the rest may hold a password."""
    try:
        return urlsplit(url).hostname or "a place that is no URL"
    except ValueError:
        return "a place that is no URL"


def _is_not_yet_valid(error: ControlPlaneError) -> bool:
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code == _NOT_YET_VALID
        for cause in causes(error)
    )
