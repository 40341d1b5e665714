"""Reading what may not be there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fwdoctor.controlplane import sparse

ROW: dict[str, Any] = {
    "state": "READY",
    "empty": "",
    "nothing": None,
    "on": True,
    "small": 2,
    "big": "9007199254740993",
    "rate": 1e-05,
    "list": [{"a": 1}, "x", {"b": 2}],
    "replicaStats": {"readyReplicaCount": 1},
    "deep": {"deeper": {"deepest": "x"}},
}


@pytest.mark.parametrize(
    ("path", "options", "expected"),
    [
        ("state", {}, "READY"),
        ("empty", {}, ""),
        ("deep.deeper.deepest", {}, "x"),
        ("absent", {}, None),
        ("absent", {"zero": 0}, 0),
        ("nothing", {}, None),
        ("nothing", {"zero": 0}, 0),
        ("state.more", {}, None),
        ("state.more", {"zero": 0}, None),
        ("list.a", {"zero": 0}, None),
        ("replicaStats.readyReplicaCount", {"zero": 0}, 1),
        ("replicaStats.pendingSchedulingReplicaCount", {"zero": 0}, 0),
        ("other.pendingSchedulingReplicaCount", {"zero": 0}, None),
    ],
)
def test_field(path: str, options: dict[str, Any], expected: Any) -> None:
    assert sparse.field(ROW, path, **options) == expected


@pytest.mark.parametrize("row", [None, [], "text", 3])
def test_what_is_no_row_has_no_fields(row: Any) -> None:
    assert sparse.field(row, "a", zero=0) is None


@pytest.mark.parametrize(
    ("value", "number", "count"),
    [
        (3, 3, 3),
        (2.0, 2.0, 2),
        (2.5, 2.5, None),
        ("12", 12, 12),
        ("-4", -4, -4),
        ("9007199254740993", 9007199254740993, 9007199254740993),
        ("1.5", 1.5, None),
        ("1e3", 1000.0, 1000),
        ("", None, None),
        (" 1", None, None),
        ("1_0", None, None),
        ("nan", None, None),
        ("Infinity", None, None),
        ("9" * 5000, None, None),
        (float("inf"), None, None),
        (True, None, None),
        (None, None, None),
        ([1], None, None),
        ({}, None, None),
    ],
)
def test_numbers(value: Any, number: Any, count: Any) -> None:
    assert sparse.number({"n": value}, "n") == number
    assert sparse.count({"n": value}, "n") == count


def test_zeros_that_were_left_out() -> None:
    assert sparse.count({}, "n", zero=0) == 0
    assert sparse.number({}, "n", zero=0) == 0
    assert sparse.flag({}, "f", zero=False) is False
    assert sparse.duration({}, "d", zero=dt.timedelta(minutes=60)) == dt.timedelta(hours=1)


@pytest.mark.parametrize("value", [1, None, [], {}, "true"])
def test_other_types_are_unknown(value: Any) -> None:
    assert sparse.flag({"f": value}, "f") is None
    if not isinstance(value, str):
        assert sparse.text({"f": value}, "f") is None
    if not isinstance(value, list):
        assert sparse.rows({"f": value}, "f") is None


def test_rows() -> None:
    assert sparse.rows(ROW, "list") == ({"a": 1}, {"b": 2})
    assert sparse.rows({"list": []}, "list") == ()


def utc(*numbers: int) -> dt.datetime:
    return dt.datetime(*numbers, tzinfo=dt.UTC)  # type: ignore[arg-type,misc,unused-ignore]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-08-19T10:00:00Z", utc(2026, 8, 19, 10)),
        ("2026-08-19t10:00:00z", utc(2026, 8, 19, 10)),
        ("2026-08-19T10:00:00.000000Z", utc(2026, 8, 19, 10)),
        ("2026-08-19T10:00:00.123456789Z", utc(2026, 8, 19, 10, 0, 0, 123456)),
        ("2026-08-19T10:00:00.5+02:00", utc(2026, 8, 19, 8, 0, 0, 500000)),
        ("2026-08-19T23:30:00-01:00", utc(2026, 8, 20, 0, 30)),
        ("2026-08-19T10:00:00", None),
        ("2026-08-19", None),
        ("2026-13-19T10:00:00Z", None),
        ("2026-02-30T10:00:00Z", None),
        ("2026-08-19T25:00:00Z", None),
        ("2026-08-19T10:00:00+99:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("", None),
        (1755597600, None),
        (None, None),
    ],
)
def test_times(value: Any, expected: Any) -> None:
    assert sparse.time({"createTime": value}, "createTime") == expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1800s", 1800),
        ("0s", 0),
        ("1.500s", 1.5),
        ("-3s", -3),
        ("1800", None),
        ("30m", None),
        (1800, None),
        ("s", None),
        ("999999999999s", 999999999999),
        ("9999999999999999s", None),
    ],
)
def test_durations(value: Any, seconds: float | None) -> None:
    expected = None if seconds is None else dt.timedelta(seconds=seconds)
    assert sparse.duration({"t": value}, "t") == expected


def test_scrub_leaves_no_secret() -> None:
    row = {
        "name": "accounts/a/deployments/d",
        "directRouteApiKeys": ["hush-1"],
        "wandbConfig": {"apiKey": "hush-2", "project": "p"},
        "awsS3Config": {"credentialsSecret": "hush-3"},
        "azureBlobStorageConfig": {"x": "hush-4"},
        "createdBy": "hush-5@acme.test",
        "created_by": "hush-6@acme.test",
        "auditLogs": [
            {"principal": "hush-7", "apiKeyId": "hush-8", "clientIp": "hush-9", "method": "Delete"}
        ],
        "email": "hush-10@acme.test",
        "status": {"message": "refused fw_hush0123456789abcdef"},
        "count": 3,
        "ready": True,
        "nothing": None,
    }
    clean = sparse.scrub(row)
    assert "hush" not in repr(clean)
    assert clean["wandbConfig"] == {"project": "p"}
    assert clean["auditLogs"] == [{"method": "Delete"}]
    assert (clean["name"], clean["count"], clean["ready"], clean["nothing"]) == (row["name"], 3, True, None)
    assert "directRouteApiKeys" in row, "the row itself stays as it was"
