"""Why the key does not open the door: one rule for each reason that asks for another remedy."""

from __future__ import annotations

import ssl
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import fwdoctor_rules
import pytest

from fwdoctor.controlplane.client import AccountError
from fwdoctor.controlplane.diagnoses.access import diagnose_clock, diagnose_environment, diagnose_refusal
from fwdoctor.controlplane.errors import ControlPlaneError, Kind

NOW = datetime(2026, 8, 19, 12, tzinfo=UTC)
REQUEST = "GET /v1/accounts"

#: What stands behind a kind of failure that has no status.
KINDS = {
    Kind.UNREACHABLE_DNS: "FWP010",
    Kind.UNREACHABLE_REFUSED: "FWP005",
    Kind.TLS: "FWP011",
    Kind.PROXY: "FWP012",
    Kind.TIMED_OUT: "FWP013",
    Kind.NOT_JSON: "FWP014",
    Kind.TOO_LARGE: "FWP014",
    Kind.REDIRECTED: "FWP014",
    Kind.PROTOCOL: "FWP005",
}


@pytest.mark.parametrize(("kind", "rule"), KINDS.items(), ids=map(str, KINDS))
def test_a_failure_on_the_way(kind: Kind, rule: str) -> None:
    error = ControlPlaneError(kind, REQUEST, "this went wrong")
    error.attempts = 3
    found = diagnose_refusal(error, NOW)
    assert (found.rule, found.message.partition(": ")[2]) == (rule, "this went wrong (3 attempts)")


def test_every_kind_has_a_rule() -> None:
    for kind in Kind:
        assert diagnose_refusal(ControlPlaneError(kind, REQUEST, "x", status=400), NOW).remedy


@pytest.mark.parametrize(("number", "rule"), [(9, "FWP017"), (10, "FWP011"), (18, "FWP011"), (62, "FWP011")])
def test_a_certificate_of_tomorrow_is_a_clock_of_yesterday(number: int, rule: str) -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_code = number
    middle = OSError("wrapped")
    middle.__cause__ = cause
    error = ControlPlaneError(Kind.TLS, REQUEST, "cannot be trusted")
    error.__cause__ = middle
    found = diagnose_refusal(error, NOW)
    assert found.rule == rule
    assert rule != "FWP017" or "2026-08-19 12:00 UTC" in found.message


def test_accounts() -> None:
    assert diagnose_refusal(AccountError("several", ["a", "b"]), NOW).rule == "FWP002"
    assert diagnose_refusal(AccountError("none"), NOW).rule == "FWP003"


@pytest.mark.parametrize("ahead", [None, 0.0, 300.0, -300.0])
def test_clocks_that_agree(ahead: float | None) -> None:
    assert list(diagnose_clock(ahead)) == []


def test_hosts_alone_are_shown() -> None:
    environ = {
        "TINKER_BASE_URL": "https://me:secret-word@[::1]:8/x?key=1",
        "FIREWORKS_TRAINER_GATEWAY_URL": "http://[",
    }
    messages = [f.message for f in diagnose_environment(environ)]
    assert messages == [
        "FIREWORKS_TRAINER_GATEWAY_URL leads training requests to a place that is no URL",
        "TINKER_BASE_URL leads training requests to ::1",
    ]


def test_every_rule_about_access_is_found_by_some_code() -> None:
    path = fwdoctor_rules.DATA / "probes" / "access.toml"
    ids = [rule["id"] for rule in tomllib.loads(path.read_text("utf-8"))["rule"]]
    folder = Path(__file__).parents[3] / "fwdoctor" / "controlplane" / "diagnoses"
    code = "".join((folder / name).read_text("utf-8") for name in ("access.py", "account.py"))
    assert [rule for rule in ids if f'"{rule}"' not in code] == []
