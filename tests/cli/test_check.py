"""``fwdoctor check`` and the control plane: when it is asked, with which key, and what is printed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from fwdoctor.cli import run
from tests.cli.test_cli import SCHEMA
from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.scenarios import DEPLOYMENT, SCENARIOS, TRAINER, pair

KEY = "fw_4hQ9secret0Z1x"


@pytest.fixture
def plane() -> Iterator[FakeControlPlane]:
    with FakeControlPlane(key=KEY, start=dt.datetime.now(dt.UTC), live=True) as made:
        yield made
        assert {call.method for call in made.log.calls} <= {"GET"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mine"\n')
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def _line(out: str, section: str) -> str:
    """The line of a section."""
    (found,) = [line for line in out.splitlines() if line[2:].startswith(section)]
    return found


@pytest.fixture
def keyed(plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch) -> FakeControlPlane:
    """A plane, and an environment that leads to it."""
    monkeypatch.setenv("FIREWORKS_API_KEY", KEY)
    monkeypatch.setenv("FIREWORKS_BASE_URL", plane.url)
    return plane


def test_without_a_key_nobody_is_asked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(project)]) == 1
    assert "skipped: no FIREWORKS_API_KEY in the environment" in _line(
        capsys.readouterr().out, "control plane"
    )


def test_what_was_asked_for_and_not_looked_at_is_a_problem(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--job", "j", "--deployment", "d", str(project)]) == 2
    error = capsys.readouterr().err
    assert "fwdoctor: job j was not looked at: no FIREWORKS_API_KEY" in error
    assert "fwdoctor: deployment d was not looked at" in error


def test_a_projects_own_file_sends_the_key_nowhere(
    project: Path, plane: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repository that somebody else wrote may name a host of theirs."""
    (project / ".env").write_text(f"FIREWORKS_API_KEY={KEY}\nFIREWORKS_BASE_URL={plane.url}\n")
    run(["check", str(project)])
    line = _line(capsys.readouterr().out, "control plane")
    assert ".env:1 only, which is not used to connect; export it" in line
    assert plane.log.calls == ()


def test_the_users_key_does_not_go_to_a_projects_host(
    project: Path, keyed: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeControlPlane(key=KEY) as theirs:
        (project / ".env").write_text(f"FIREWORKS_BASE_URL={theirs.url}\n")
        run(["check", str(project)])
        assert theirs.log.calls == ()
    assert "account acme" in _line(capsys.readouterr().out, "control plane")


def test_offline(project: Path, keyed: FakeControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--offline", str(project)])
    assert "skipped: not asked (--offline)" in _line(capsys.readouterr().out, "control plane")
    assert run(["check", "--offline", "--job", "j", str(project)]) == 2
    assert "--offline forbids it" in capsys.readouterr().err
    assert keyed.log.calls == ()


def test_a_job_and_its_deployment(
    project: Path, keyed: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    SCENARIOS["stale-attachment"].prepare(keyed)
    assert run(["check", "--job", TRAINER, "--deployment", DEPLOYMENT, str(project)]) == 1
    out = capsys.readouterr().out
    assert "RUNNING" in _line(out, f"job {TRAINER}")
    assert "FWP301" in _line(out, f"deployment {DEPLOYMENT}")


URLS = {
    "not http": ("ftp://x", "FWS403", False),
    "a space": ("http://x y", "FWS403", False),
    "a password": ("http://me:pw9999@h", "", True),
    "a query": ("http://h/?x", "", True),
}


@pytest.mark.parametrize(("url", "rule", "is_problem"), URLS.values(), ids=URLS)
def test_a_base_url_that_is_none_is_told_once(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    rule: str,
    is_problem: bool,
) -> None:
    monkeypatch.setenv("FIREWORKS_API_KEY", KEY)
    monkeypatch.setenv("FIREWORKS_BASE_URL", url)
    assert run(["check", str(project)]) == (2 if is_problem else 1)
    printed = capsys.readouterr()
    assert "skipped: the base URL" in _line(printed.out, "control plane")
    assert rule in printed.out
    assert printed.err.count("the base URL") == is_problem
    assert KEY not in printed.out + printed.err
    assert "pw9999" not in printed.out + printed.err


@pytest.mark.parametrize(
    "fault",
    [faults.html(200, "Sign in"), faults.error(401, f"no such key {KEY}"), faults.body(f"<{KEY}>".encode())],
)
@pytest.mark.parametrize("output_format", ["text", "json", "concise", "sarif", "junit"])
def test_the_key_is_never_shown(
    project: Path,
    keyed: FakeControlPlane,
    capsys: pytest.CaptureFixture[str],
    fault: faults.Fault,
    output_format: str,
) -> None:
    keyed.fail("", fault)
    assert run(["check", "--output-format", output_format, str(project)]) == 1
    printed = capsys.readouterr()
    assert "FWP0" in printed.out
    assert KEY not in printed.out + printed.err
    assert "Traceback" not in printed.out + printed.err


LOG = f"""\
using accounts/acme/deployments/{DEPLOYMENT} for accounts/acme/rlorTrainerJobs/{TRAINER}
ERROR: Hotload did not complete within 600s
  Cause: The deployment is still loading the snapshot.
"""


def test_a_log_is_held_against_the_state(
    project: Path, keyed: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    SCENARIOS["stale-attachment"].prepare(keyed)
    log = project / "run.log"
    log.write_text(LOG)
    assert run(["check", "--log", str(log), "--output-format", "json", str(project)]) == 1
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, SCHEMA)
    (cause,) = [f for f in data["findings"] if f["rule"] in ("FWP301", "FWE702")]
    assert (cause["rule"], cause["side"], cause["verdict"]) == ("FWP301", "user", None)
    assert [(link["witness"], link["rule"]) for link in cause["chain"]] == [
        ("remote", "FWP301"),
        ("log", "FWE702"),
    ]
    assert "confirmed: " in cause["chain"][1]["text"]


CODE = """\
from fireworks.training.sdk import TrainerJobConfig

config = TrainerJobConfig(
    base_model="accounts/fireworks/models/qwen3-8b",
    hot_load_deployment_id="first",
)
"""


def test_one_cause_from_three_witnesses(
    project: Path, keyed: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code keys the trainer to one deployment, another one follows it, and the log waits in vain."""
    SCENARIOS["crossed-scopes"].prepare(keyed)
    (project / "train.py").write_text(CODE)
    log = project / "run.log"
    log.write_text(LOG)
    given = ["check", "--log", str(log), "--job", TRAINER, "--output-format", "json", str(project)]
    assert run([*given, "--select", "FWP,FWE"]) == 1
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, SCHEMA)
    (cause,) = [f for f in data["findings"] if f["severity"] == "error"]
    places = [(link["witness"], (link["location"] or {}).get("line")) for link in cause["chain"]]
    assert places == [("code", 5), ("remote", None), ("log", 2)]
    assert "hot_load_deployment_id: " in cause["remedy"][0]
    (section,) = [c for c in data["checks"] if c["section"] == "log"]
    assert "1 error told with the cause" in section["detail"]


def test_the_code_is_not_looked_at_where_nothing_is_wrong(
    project: Path,
    keyed: FakeControlPlane,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the code was looked at")

    monkeypatch.setattr("fwdoctor.causes.code.settings_in", never)
    pair(keyed)
    (project / "train.py").write_text(CODE)
    run(["check", "--job", TRAINER, "--select", "FWP", str(project)])
    assert "RUNNING" in _line(capsys.readouterr().out, f"job {TRAINER}")


def test_what_is_over_does_not_fail_the_check(
    project: Path, keyed: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    pair(keyed)
    log = project / "run.log"
    log.write_text(LOG + "HTTP 503 DEPLOYMENT_SCALING_UP\n")
    run(["check", "--log", str(log), "--select", "FWE312", str(project)])
    out = capsys.readouterr().out
    assert f"now corrected: {DEPLOYMENT} is READY now: it was transient" in out
    assert "nobody must act" in out


def test_offline_a_log_is_explained_all_the_same(
    project: Path, keyed: FakeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    log = project / "run.log"
    log.write_text(LOG)
    assert run(["check", "--offline", "--log", str(log), str(project)]) == 1
    out = capsys.readouterr().out
    assert "FWE702" in out
    assert "  now " not in out
    assert keyed.log.calls == ()


UNKNOWN = "ERROR fireworks.training.sdk.trainer: shard handshake rejected\nfireworks.training.sdk.errors.ShardHandshakeError: epoch\n"


@pytest.mark.parametrize(
    "output", [[], ["--agent"], ["--output-format", "json"]], ids=["text", "agent", "json"]
)
@pytest.mark.parametrize(
    ("text", "told"),
    [(UNKNOWN, True), (LOG + UNKNOWN, False), ("INFO step 1\n", False)],
    ids=["unknown", "both", "clean"],
)
def test_a_log_with_errors_that_nothing_explains_is_not_told_as_clean(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, told: bool, output: list[str]
) -> None:
    log = project / "run.log"
    log.write_text(text)
    run(["check", "--offline", "--log", str(log), *output, str(project)])
    out = capsys.readouterr().out
    assert ("errors that nothing explains" in out) is told
    assert (f"fwdoctor explain {log} --unknown" in out) is told
