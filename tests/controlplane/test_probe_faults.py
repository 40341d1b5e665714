"""Whatever the network or the server does, a probe ends in time, and says what is wrong without the key."""

from __future__ import annotations

import functools
import gc
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fwdoctor.cli import run
from fwdoctor.controlplane.checkup import checkup
from tests.controlplane.faulty import closed_port
from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.catalogue import MODEL, POLICY_SHAPE
from tests.fake_control_plane.faults import Fault
from tests.fake_control_plane.scenarios import SCENARIOS

KEY = "fw_8qJ0lNbaKb6WkmCMaEm3ypiv"
#: Seconds that each command gets, and what it may take on a machine that is busy.
TIMEOUT, PATIENCE = 0.4, 5.0
COMMANDS = {
    "job": ("job", "my-trainer"),
    "checkpoints": ("checkpoints", "my-trainer", "--output-model-id", "mine"),
    "deployment": ("deployment", "serving", "--job", "my-trainer"),
    "account": ("account", "--all"),
    "shape": ("shape", POLICY_SHAPE, "--base-model", MODEL),
}


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[FakeControlPlane]:
    """A healthy account; at the end, nothing but GET was sent, and nobody else has seen the key."""
    with FakeControlPlane(key=KEY) as plane:
        SCENARIOS["healthy"].prepare(plane)
        monkeypatch.setenv("FIREWORKS_BASE_URL", plane.url)
        monkeypatch.setenv("FIREWORKS_API_KEY", KEY)
        monkeypatch.setenv("FWDOCTOR_DEBUG", "1")  # what is unexpected is raised
        with caplog.at_level(logging.ERROR, "asyncio"):
            yield plane
            gc.collect(1)  # a task whose error nobody fetched complains when it goes
        assert [record.message for record in caplog.records] == []
        assert {call.method for call in plane.log.calls} <= {"GET"}
        assert not any(has_key for _, has_key in plane.elsewhere.seen)


Probe = Callable[..., tuple[int, str]]


@pytest.fixture
def probe(capsys: pytest.CaptureFixture[str]) -> Probe:
    """Runs ``fwdoctor probe``; its status and all that it printed, which never holds the key."""

    def execute(*words: str, timeout: float = TIMEOUT) -> tuple[int, str]:
        started = time.monotonic()
        status = run(["probe", *words, "--timeout", str(timeout)])
        took = time.monotonic() - started
        told = capsys.readouterr()
        printed = told.out + told.err
        assert KEY not in printed
        assert "Traceback" not in printed
        assert took < timeout + PATIENCE, f"{took:.1f} s"
        return status, printed

    return execute


def deep(_: Any) -> Any:
    found: Any = 1
    for _ in range(80):
        found = {"a": found}
    return found


# What goes wrong, and the words by which a user sees what it was.
FAULTS: dict[str, tuple[Fault, str]] = {
    "late": (faults.delay(30), "are over"),
    "no answer": (faults.drop(), "broke"),
    "half an answer": (faults.half(), "broke"),
    "a byte now and then": (faults.drip(0.05), "are over"),
    "without an end": (faults.endless(), ""),
    "a page": (faults.html(200, "Sign in"), "an HTML page"),
    "a bad gateway": (faults.html(502), "502"),
    "an error": (faults.error(500), "500"),
    "too many requests": (faults.error(429, retry_after="1"), "429"),
    "too many, come back tomorrow": (faults.error(429, retry_after="86400"), "429"),
    "refused in the middle": (faults.error(403, nested=True), "403"),
    "a loop": (faults.redirect("/v1/accounts/acme/again"), "redirects on the same host"),
    "not JSON": (faults.body(b"hello"), "hello"),
    "nothing at all": (faults.body(b""), "an empty answer"),
    "a list": (faults.body(b"[1, 2]"), "not an object"),
    "null": (faults.body(b"null"), "not an object"),
    "too deep": (faults.body(json.dumps(deep(None)).encode()), "deeper than"),
    "the key, sent back": (faults.error(400, f"what is {KEY}?"), "what is [hidden]"),
    "the cursor, moved": (faults.error(400, "\x1b[2Jgone"), "[2Jgone"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("name", FAULTS)
def test_from_the_first_request_on(
    plane: FakeControlPlane, probe: Probe, name: str, command: tuple[str, ...]
) -> None:
    fault, words = FAULTS[name]
    plane.fail("", fault)
    status, printed = probe(*command)
    if words not in printed and "are over" in printed:  # a busy machine: no time for even one answer
        status, printed = probe(*command, timeout=10 * TIMEOUT)
    assert (status, words in printed) == (1 if "FWP006" in printed else 2, True), printed
    assert "\x1b" not in printed


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("name", FAULTS)
def test_after_the_first(plane: FakeControlPlane, probe: Probe, name: str, command: tuple[str, ...]) -> None:
    """The account is told; all else meets the fault: findings or problems, and never a clean bill."""
    fault, _ = FAULTS[name]
    plane.fail(r"/v1/accounts/.|hot_load|healthz", fault)
    status, printed = probe(*command)
    assert status == 2 or (status == 1 and "FWP" in printed), printed
    assert "\x1b" not in printed


OTHERS = {
    "check": ("check", "--job", "my-trainer", "--deployment", "serving", "."),
    "resume": ("resume", "my-trainer"),
    "watch": ("probe", "job", "my-trainer", "--watch", "--interval", "1", "--timeout", str(TIMEOUT)),
    "watch a deployment": ("probe", "deployment", "serving", "--watch", "--timeout", str(TIMEOUT)),
}


@pytest.mark.parametrize("command", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize(
    "where", ["", r"/v1/accounts/.|hot_load|healthz"], ids=["at once", "after the first"]
)
@pytest.mark.parametrize("name", FAULTS)
def test_other_commands(
    plane: FakeControlPlane,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    where: str,
    command: tuple[str, ...],
) -> None:
    """The same for those that ask the control plane and are no probe, or look more than once."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mine'\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fwdoctor.cli.resume.ONE_LOOK", TIMEOUT)
    monkeypatch.setattr("fwdoctor.controlplane.checkup.checkup", functools.partial(checkup, seconds=TIMEOUT))
    plane.fail(where, FAULTS[name][0])
    started = time.monotonic()
    status = run([*command, *(["--select", "FWP"] if command[0] == "check" else [])])
    took = time.monotonic() - started
    told = capsys.readouterr()
    printed = told.out + told.err
    assert status == 2 or (status == 1 and "FWP" in printed), printed
    assert took < TIMEOUT + PATIENCE, f"{took:.1f} s"
    assert KEY not in printed
    assert "Traceback" not in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_key_stays_on_its_host(plane: FakeControlPlane, probe: Probe, command: tuple[str, ...]) -> None:
    plane.fail("", faults.redirect(plane.elsewhere.url))
    status, printed = probe(*command)
    assert (status, "the server redirects to" in printed) == (2, True)
    assert plane.elsewhere.seen == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_certificate_that_nobody_knows(
    plane: FakeControlPlane, probe: Probe, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIREWORKS_BASE_URL", plane.secure()[0])
    status, printed = probe(*command)
    assert (status, "self-signed" in printed) == (2, True), printed
    assert len(plane.log) == 0


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nobody_listens(
    plane: FakeControlPlane, probe: Probe, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIREWORKS_BASE_URL", f"http://127.0.0.1:{closed_port()}")
    status, printed = probe(*command)
    assert (status, "refuses the connection" in printed) == (2, True), printed


#: Values that no field should have; rows of them are unknown, and never a crash.
ODD: tuple[Any, ...] = (None, [], ["x"], {}, {"a": 1}, "", "x y", "\x1b[2J", 7, -1, 1e300, True, 10**40)


def odd(value: Any) -> Callable[[Any], Any]:
    """Puts a value in place of every field of an answer's rows, names and lists left as they are."""

    def change(answer: Any) -> Any:
        def row(one: Any) -> Any:
            return {k: v if k == "name" else value for k, v in one.items()} if isinstance(one, dict) else one

        lists = {k: [row(one) for one in v] for k, v in answer.items() if isinstance(v, list)}
        return {**(answer if lists else row(answer)), **lists}

    return change


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_wrong_types(plane: FakeControlPlane, probe: Probe, value: Any, command: tuple[str, ...]) -> None:
    plane.rewrite("/v1/accounts/.|hot_load", odd(value))
    status, printed = probe(*command, timeout=5)
    assert status in (0, 1, 2)
    assert "\x1b" not in printed


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_wrong_names(plane: FakeControlPlane, probe: Probe, value: Any, command: tuple[str, ...]) -> None:
    """The names of rows, and of what they refer to, are what more is asked with."""

    def change(answer: Any) -> Any:
        names = ("name", "hotLoadTrainerJob", "hotLoadDeploymentId", "trainingShapeVersion", "baseModel")
        if isinstance(answer, dict):
            return {k: value if k in names else change(v) for k, v in answer.items()}
        return [change(one) for one in answer] if isinstance(answer, list) else answer

    plane.rewrite("/v1/accounts/.|hot_load", change)
    status, printed = probe(*command, timeout=5)
    assert status in (0, 1, 2)
    assert "\x1b" not in printed


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("value", [1, "x", {"a": 1}, ["x"], [[1]], [None]], ids=repr)
def test_lists_that_are_none(
    plane: FakeControlPlane, probe: Probe, value: Any, command: tuple[str, ...]
) -> None:
    plane.rewrite(
        "/v1/accounts", lambda answer: {k: value if isinstance(v, list) else v for k, v in answer.items()}
    )
    status, printed = probe(*command, timeout=5)
    assert (status, "is not a list of objects" in printed) == (2, True), printed


def test_a_page_that_comes_again_and_again(plane: FakeControlPlane, probe: Probe) -> None:
    plane.rewrite("/rlorTrainerJobs$", lambda answer: {**answer, "nextPageToken": "page-0"})
    status, printed = probe("account", timeout=5)
    assert (status, "the same page again and again" in printed) == (2, True)
