"""``fwdoctor probe`` as a user meets it: bad input, and every format."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from fwdoctor.cli import run
from tests.controlplane.faulty import Faulty, closed_port, http
from tests.fake_control_plane import FakeControlPlane
from tests.fake_control_plane.catalogue import POLICY_SHAPE
from tests.fake_control_plane.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "output.json").read_text("utf-8"))
KEY = "fw_8qJ0lNbaKb6WkmCMaEm3ypiv"
OTHER = "fw_3mWq7ZtGx2BvUeYkR9pLcDsH"


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeControlPlane]:
    """A deployment that follows an old trainer; at the end, nothing but GET was sent."""
    for name in [n for n in os.environ if n.startswith(("FIREWORKS_", "FWDOCTOR_"))]:
        monkeypatch.delenv(name)
    with FakeControlPlane(key=KEY) as plane:
        SCENARIOS["stale-attachment"].prepare(plane)
        monkeypatch.setenv("FIREWORKS_BASE_URL", plane.url)
        monkeypatch.setenv("FIREWORKS_API_KEY", KEY)
        monkeypatch.setenv("FWDOCTOR_DEBUG", "1")
        yield plane
        assert {call.method for call in plane.log.calls} <= {"GET"}


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The status of ``fwdoctor probe``, and all that it printed; a key is never in it."""
    status = run(["probe", *words])
    told = capsys.readouterr()
    assert KEY not in told.out + told.err
    assert OTHER not in told.out + told.err
    assert "Traceback" not in told.err
    return status, told.out + told.err


#: What is set instead, what is asked, the exit status, and what the user reads.
BAD: dict[str, tuple[dict[str, str], tuple[str, ...], int, str]] = {
    "no key": ({"FIREWORKS_API_KEY": ""}, ("account",), 2, "no API key: set FIREWORKS_API_KEY"),
    "a key with its line break": (
        {"FIREWORKS_API_KEY": f"{KEY}\n"},
        ("account",),
        2,
        "FIREWORKS_API_KEY has white space",
    ),
    "a key with letters of another script": (
        {"FIREWORKS_API_KEY": f"{KEY}é"},
        ("account",),
        2,
        "a letter outside ASCII",
    ),
    "a wrong key": ({"FIREWORKS_API_KEY": OTHER}, ("account",), 1, "refuses this key (HTTP 401)"),
    "no URL": ({"FIREWORKS_BASE_URL": "api.fireworks.ai"}, ("account",), 2, "is not an http(s) URL"),
    "a URL with a password": (
        {"FIREWORKS_BASE_URL": f"https://me:{OTHER}@host"},
        ("account",),
        2,
        "must not hold a user or a password",
    ),
    "a URL with a port that is none": (
        {"FIREWORKS_BASE_URL": "https://host:port"},
        ("account",),
        2,
        "is not an http(s) URL",
    ),
    "a job with a space": ({}, ("job", "my trainer"), 2, "names have no spaces"),
    "a job with a slash": ({}, ("job", "acme/my-trainer"), 2, "not a resource name; expected a trainer job"),
    "no job": ({}, ("job", ""), 2, "an empty name"),
    "a second job with a space": ({}, ("job", "my-trainer", "a b"), 2, "names have no spaces"),
    "a way out": ({}, ("job", "../../v1/accounts"), 2, "not a resource name"),
    "dots": ({}, ("job", ".."), 2, "not an id"),
    "a question": ({}, ("job", "x?pageSize=1"), 2, "not an id"),
    "a key in place of a job": ({}, ("job", f"{OTHER} "), 2, "names have no spaces"),
    "a deployment's name": (
        {},
        ("job", "accounts/acme/deployments/serving"),
        2,
        "this names a deployment; expected a trainer job",
    ),
    "a trainer's name": (
        {},
        ("deployment", "accounts/acme/rlorTrainerJobs/my-trainer"),
        2,
        "this names a trainer job; expected a deployment",
    ),
    "a version in place of a shape's name": ({}, ("shape", "versions/v1"), 2, "not a resource name"),
    "a job of another account": (
        {},
        ("job", "accounts/other/rlorTrainerJobs/my-trainer"),
        1,
        "rlorTrainerJobs/my-trainer (HTTP 403)",
    ),
    "a deployment of another account": (
        {},
        ("deployment", "accounts/other/deployments/serving"),
        1,
        "deployments/serving (HTTP 403)",
    ),
    "an unknown job": ({}, ("job", "my-trainr"), 1, "there is no job my-trainr in acme"),
    "one that may be past its retention": ({}, ("job", "my-trainr"), 1, "deleted more than 30 days ago"),
    "an unknown deployment": ({}, ("deployment", "servin"), 1, "there is no deployment servin in acme"),
    "an unknown job of a deployment": (
        {},
        ("deployment", "serving", "--job", "my-trainr"),
        1,
        "there is no job my-trainr in acme",
    ),
    "checkpoints of nothing": ({}, ("checkpoints", "my-trainr"), 1, "there is no job my-trainr"),
    "an unknown shape": ({}, ("shape", "qwen9"), 1, "qwen9 cannot be used by acme: there is no such shape"),
    "no time": ({}, ("account", "--timeout", "0"), 2, "--timeout"),
    "endless time": ({}, ("account", "--timeout", "inf"), 2, "--timeout"),
    "a time that is none": ({}, ("account", "--timeout", "soon"), 2, "--timeout"),
    "a context below nothing": ({}, ("shape", "s", "--context", "-5"), 2, "--context"),
    "nothing at all": ({}, ("job",), 2, "Missing argument"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(
    plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    environ, words, status, said = BAD[name]
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    ended, told = printed(capsys, *words)
    assert (ended, said in told) == (status, True), told
    if status == 2:
        assert len(plane.log) == 0, "what cannot be asked for is not asked for"


def test_a_key_of_another_account(
    plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plane.add_key(OTHER, accounts=("other",))
    monkeypatch.setenv("FIREWORKS_API_KEY", OTHER)
    status, told = printed(capsys, "job", "my-trainer")
    assert (status, "there is no job my-trainer in other" in told) == (1, True), told
    status, told = printed(capsys, "job", "accounts/acme/rlorTrainerJobs/my-trainer")
    assert (status, "(HTTP 403)" in told) == (1, True), told


def test_a_foreign_name_that_is_not_found_names_its_account(
    plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    plane.settings.foreign_status = 404
    status, told = printed(capsys, "job", "accounts/other/rlorTrainerJobs/my-trainer")
    assert (status, "there is no job my-trainer in other" in told) == (1, True), told


@pytest.mark.parametrize(
    ("bare", "full"),
    [
        (("job", "my-trainer"), ("job", "accounts/acme/rlorTrainerJobs/my-trainer")),
        (("checkpoints", "my-trainer"), ("checkpoints", "accounts/acme/rlorTrainerJobs/my-trainer")),
        (
            ("deployment", "serving", "--job", "my-trainer"),
            (
                "deployment",
                "accounts/acme/deployments/serving",
                "--job",
                "accounts/acme/rlorTrainerJobs/my-trainer",
            ),
        ),
        (("shape", POLICY_SHAPE.rpartition("/")[2]), ("shape", POLICY_SHAPE)),
    ],
)
def test_full_names_and_ids_mean_the_same(
    plane: FakeControlPlane, capsys: pytest.CaptureFixture[str], bare: tuple[str, ...], full: tuple[str, ...]
) -> None:
    assert printed(capsys, *bare) == printed(capsys, *full)


def test_a_server_that_speaks_html(
    plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Faulty(http(200, b"<html><title>Sign in</title></html>")) as server:
        monkeypatch.setenv("FIREWORKS_BASE_URL", server.url)
        status, told = printed(capsys, "account")
    assert (status, "an HTML page, titled 'Sign in'" in told) == (2, True), told


def test_nothing_listens(
    plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIREWORKS_BASE_URL", f"http://127.0.0.1:{closed_port()}")
    status, told = printed(capsys, "account", "--timeout", "0.5")
    assert (status, "refuses the connection" in told) == (2, True), told


def test_several_jobs_each_have_a_line(plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = printed(capsys, "job", "my-trainer", "old-trainer", "none")
    lines = [line for line in told.splitlines() if line.startswith(("✓", "✗", "ok", "!!"))]
    assert (status, [line.split()[2] for line in lines]) == (1, ["my-trainer", "old-trainer", "none"]), told


def test_what_is_ignored_of_the_environment_is_told(
    plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIREWORKS_API_EXTRA_HEADERS", "{no json")
    _, told = printed(capsys, "job", "my-trainer")
    assert "FIREWORKS_API_EXTRA_HEADERS is ignored: it is not a JSON object of strings" in told


#: What the server says of a job that failed: a key, and what moves the cursor.
SAID = f"bad header \x1b[2J\r\nauthorization: Bearer {KEY} and {OTHER}"


@pytest.mark.parametrize("form", ["text", "concise", "json", "jsonl", "sarif", "github", "junit", "rdjson"])
def test_formats(plane: FakeControlPlane, capsys: pytest.CaptureFixture[str], form: str) -> None:
    plane.trainers.fail("my-trainer", SAID)
    plane.trainers.edit("my-trainer", displayName="\x1b]0;mine\x07")
    for words in (("deployment", "serving", "--job", "my-trainer"), ("account", "--all")):
        assert run(["probe", *words, "--output-format", form]) == 1
        told = capsys.readouterr()
        assert told.err == ""
        assert not [part for part in (KEY, OTHER, "\x1b", "\x07") if part in told.out]
        well_formed(form, told.out)
        assert "FWP109" in told.out


def well_formed(form: str, text: str) -> None:
    """Whether programs can read it."""
    if form == "json":
        jsonschema.validate(json.loads(text), SCHEMA)
    elif form == "jsonl":
        assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
    elif form == "sarif":
        (one,) = json.loads(text)["runs"]
        known = {rule["id"] for rule in one["tool"]["driver"]["rules"]}
        assert {result["ruleId"] for result in one["results"]} <= known
    elif form == "junit":
        root = ET.fromstring(text)
        assert root.findall(".//failure")
    elif form == "rdjson":
        assert json.loads(text)["diagnostics"]
    elif form == "github":
        assert all(line.startswith(("::error", "::warning", "::notice")) for line in text.splitlines())
    else:
        assert text.isprintable() or all(line.isprintable() for line in text.splitlines())


def test_a_process_of_its_own(plane: FakeControlPlane) -> None:
    """The whole way, with the asyncio of a real process: nothing on the standard error."""
    path = os.pathsep.join(str(ROOT / part) for part in (".", "codemods", "rules"))
    environ = {k: v for k, v in os.environ.items() if k != "FWDOCTOR_DEBUG"} | {"PYTHONPATH": path}
    command = [
        sys.executable,
        "-W",
        "always::ResourceWarning",
        "-m",
        "fwdoctor",
        "probe",
        "deployment",
        "serving",
    ]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "serving takes the weights of old-trainer, which is CANCELLED" in done.stdout
