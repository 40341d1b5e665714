"""The remote half of check: what the key, the network and the resources are like, each as one clear finding."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fwdoctor.controlplane import transport
from fwdoctor.controlplane.outcome import SECTION
from fwdoctor.finding import CheckStatus
from tests.controlplane.remote import check, rules
from tests.fake_control_plane import FakeControlPlane, faults
from tests.fake_control_plane.scenarios import DEPLOYMENT, OLD, SCENARIOS, TRAINER, pair, train

Prepare = Callable[[FakeControlPlane], object]


@pytest.fixture
def plane() -> Iterator[FakeControlPlane]:
    with FakeControlPlane() as made:
        yield made


def _fail(fault: faults.Fault) -> Prepare:
    return lambda plane: plane.fail("", fault)


def _inference_only(status: int) -> Prepare:
    def prepare(plane: FakeControlPlane) -> None:
        plane.settings.inference_only_status = status
        plane.add_key(plane.key, inference_only=True)

    return prepare


REASON = faults.error(401, "denied", reason="INFERENCE_ONLY_KEY")
ACCESS: dict[str, tuple[Prepare, str, str]] = {
    "a wrong key": (_fail(faults.error(401, "invalid API key")), "FWP001", "401"),
    "a key for inference, 401": (_inference_only(401), "FWP009", "HTTP 401"),
    "a key for inference, 403": (_inference_only(403), "FWP009", "HTTP 403"),
    "a key for inference, by reason": (_fail(REASON), "FWP009", "inference only"),
    "no permission": (_fail(faults.error(403, "role lacks permission")), "FWP006", "accounts"),
    "no account": (SCENARIOS["no-account"].prepare, "FWP003", "no account"),
    "several accounts": (SCENARIOS["two-accounts"].prepare, "FWP002", "acme, other"),
    "suspended": (SCENARIOS["suspended"].prepare, "FWP004", "CREDIT_DEPLETED"),
    "unpaid": (_fail(faults.error(402, "pay first")), "FWP004", "pay first"),
    "suspended, by status": (_fail(faults.error(412, "account is suspended")), "FWP004", "suspended"),
    "a login page": (_fail(faults.html(200, "Sign in")), "FWP014", "HTML page"),
    "another service": (_fail(faults.error(404, "no such path")), "FWP014", "404"),
    "text": (_fail(faults.body(b"OK")), "FWP014", "text"),
    "a list": (_fail(faults.body(b"[]")), "FWP014", "not an object"),
    "a redirect": (lambda p: p.fail("", faults.redirect(p.elsewhere.url)), "FWP014", "redirects"),
    "a bad gateway": (_fail(faults.html(502)), "FWP015", "502"),
    "overloaded": (_fail(faults.error(503, "try later")), "FWP015", "try later"),
    "too many requests": (_fail(faults.error(429, "slow down")), "FWP015", "slow down"),
    "a broken connection": (_fail(faults.drop()), "FWP005", "broke"),
    "a proxy that wants a password": (_fail(faults.error(407, "who are you")), "FWP012", "407"),
}


@pytest.mark.parametrize(("prepare", "rule", "said"), ACCESS.values(), ids=ACCESS)
def test_what_keeps_the_key_from_working(
    plane: FakeControlPlane, prepare: Prepare, rule: str, said: str
) -> None:
    train(plane)
    prepare(plane)
    made = check(plane, jobs=[TRAINER])
    (found,) = made.outcomes[0].findings
    assert (found.rule, made.outcomes[0].section) == (rule, SECTION)
    assert said in f"{found.message} {found.evidence}"
    assert found.remedy
    # A suspended account can still be read.
    if rule != "FWP004" or "no access" in made.outcomes[0].detail:
        assert [(o.section, o.status) for o in made.outcomes[1:]] == [(f"job {TRAINER}", CheckStatus.SKIPPED)]
    assert made.problems == []


def test_a_good_key_says_whose_it_is(plane: FakeControlPlane) -> None:
    (outcome,) = check(plane).outcomes
    assert outcome.status is CheckStatus.OK
    assert outcome.detail == "account acme"
    assert [call.path for call in plane.log.calls] == ["/v1/accounts"]


ENVIRONMENT = {
    "another account": ({"FIREWORKS_ACCOUNT_ID": "zenith"}, {"FWP007"}),
    "the same account": ({"FIREWORKS_ACCOUNT_ID": "accounts/acme"}, set()),
    "the gateway elsewhere": ({"FIREWORKS_TRAINER_GATEWAY_URL": "https://u:pw1234@gate.test/x"}, {"FWP016"}),
    "tinker elsewhere": ({"TINKER_BASE_URL": "nonsense"}, {"FWP016"}),
    "an empty one": ({"TINKER_BASE_URL": " "}, set()),
}


@pytest.mark.parametrize(("environ", "expected"), ENVIRONMENT.values(), ids=ENVIRONMENT)
def test_variables_that_mean_another_place(
    plane: FakeControlPlane, environ: dict[str, str], expected: set[str]
) -> None:
    made = check(plane, environ=environ)
    assert rules(made) == {SECTION: expected}
    assert "pw1234" not in repr(made)


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(0, None), (299, None), (-299, None), (900, "15 min ahead of"), (-7200, "2 h behind")],
)
def test_the_clock_is_compared(plane: FakeControlPlane, ahead: float, said: str | None) -> None:
    (outcome,) = check(plane, ahead=ahead).outcomes
    assert [f.rule for f in outcome.findings] == (["FWP008"] if said else [])
    assert said is None or said in outcome.findings[0].message


def test_headers_that_are_ignored_are_told_by_the_local_half(plane: FakeControlPlane) -> None:
    bad = {"FIREWORKS_API_EXTRA_HEADERS": "no json", "FIREWORKS_CUSTOM_HEADERS": "host: elsewhere"}
    made = check(plane, environ=bad)
    assert len(made.notes) == 1
    assert "FIREWORKS_CUSTOM_HEADERS" in made.notes[0]


def test_nobody_listens(plane: FakeControlPlane) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        made = check(plane, url=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert rules(made) == {SECTION: {"FWP005"}}
    assert "refuses the connection" in made.outcomes[0].findings[0].message


def test_a_certificate_that_nobody_trusts(plane: FakeControlPlane) -> None:
    try:
        url, _ = plane.secure()
    except FileNotFoundError:
        pytest.skip("no openssl")
    assert rules(check(plane, url=url)) == {SECTION: {"FWP011"}}


def test_slow_answers_end_with_the_budget(plane: FakeControlPlane) -> None:
    plane.fail("", faults.delay(30))
    assert rules(check(plane, seconds=0.3)) == {SECTION: {"FWP013"}}


def test_a_slow_list_costs_the_job_alone(plane: FakeControlPlane) -> None:
    pair(plane)
    plane.fail("/rlorTrainerJobs/", faults.delay(30))
    made = check(plane, jobs=[TRAINER], deployments=[DEPLOYMENT], seconds=1)
    assert made.outcomes[0].status is CheckStatus.OK
    assert made.problems
    assert all("1 s" in str(problem) for problem in made.problems)


# --- jobs and deployments ---------------------------------------------------------------------------------

LOOKS = {
    "a job, its deployment found": ("healthy", [TRAINER], [], set()),
    "a deployment, its job found": ("healthy", [], [DEPLOYMENT], set()),
    "both": ("stale-attachment", [TRAINER], [DEPLOYMENT], {"FWP301", "FWP302"}),
    "the job that is followed": ("stale-attachment", [], [DEPLOYMENT], {"FWP302"}),
    "several jobs": ("stale-attachment", [TRAINER, OLD], [DEPLOYMENT], {"FWP302"}),
    "full names": (
        "healthy",
        [f"accounts/acme/rlorTrainerJobs/{TRAINER}"],
        [f"accounts/acme/deployments/{DEPLOYMENT}"],
        set(),
    ),
    "a tombstone": ("tombstone", [TRAINER], [], {"FWP114"}),
    "only deltas": ("deltas-only", [TRAINER], [], {"FWP201", "FWP204"}),
}


@pytest.mark.parametrize(("scenario", "jobs", "deployments", "expected"), LOOKS.values(), ids=LOOKS)
def test_what_is_asked_for_is_looked_at(
    plane: FakeControlPlane, scenario: str, jobs: list[str], deployments: list[str], expected: set[str]
) -> None:
    SCENARIOS[scenario].prepare(plane)
    made = check(plane, jobs=jobs, deployments=deployments)
    found = rules(made)
    assert made.problems == []
    assert expected <= {rule for section in found.values() for rule in section}
    for name in jobs:
        assert {f"job {name.split('/')[-1]}", f"checkpoints {name.split('/')[-1]}"} <= set(found)
    for name in deployments:
        assert f"deployment {name.split('/')[-1]}" in found
    everything = [(f.rule, f.resource, f.message) for o in made.outcomes for f in o.findings]
    assert len(everything) == len(set(everything))
    assert len(found) == len(made.outcomes)
    asked = [(call.path, tuple(call.query.items())) for call in plane.log.calls]
    assert len(asked) == len(set(asked)), "each thing is asked once"


class Rounds(httpx.AsyncBaseTransport):
    """Counts how many requests had to wait for one another."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._done = 0
        self.longest = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        depth = self._done + 1
        self.longest = max(self.longest, depth)
        response = await self._inner.handle_async_request(request)
        self._done = max(self._done, depth)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.parametrize(
    ("jobs", "deployments", "most"),
    [([TRAINER], [DEPLOYMENT], 5), ([TRAINER], [], 5), ([], [DEPLOYMENT], 5)],
)
def test_few_requests_wait_for_others(
    plane: FakeControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    jobs: list[str],
    deployments: list[str],
    most: int,
) -> None:
    pair(plane)
    plane.settings.latency_s = 0.05  # so that what is asked together overlaps
    made: list[Rounds] = []
    network = transport._network

    def counted(*args: object) -> Rounds:
        made.append(Rounds(network(*args)))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(transport, "_network", counted)
    assert check(plane, jobs=jobs, deployments=deployments).problems == []
    assert made[0].longest <= most


MISSING = {
    "a job": (["nobody"], [], "there is no job nobody in acme"),
    "a deployment": ([], ["nobody"], "there is no deployment nobody in acme"),
    "no name": (["a b"], [], "names have no spaces"),
    "a name of something else": ([], ["accounts/a/models/m"], "this names a model"),
}


@pytest.mark.parametrize(("jobs", "deployments", "said"), MISSING.values(), ids=MISSING)
def test_what_is_not_there_is_told_once(
    plane: FakeControlPlane, jobs: list[str], deployments: list[str], said: str
) -> None:
    made = check(plane, jobs=jobs, deployments=deployments)
    told = [*map(str, made.problems), *(f.message for o in made.outcomes for f in o.findings)]
    assert len(told) == 1
    assert said in told[0]


def test_a_probe_that_fails_itself_leaves_the_others(
    plane: FakeControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("with a secret in it")

    monkeypatch.setattr("fwdoctor.controlplane.checkup.probe_checkpoints", broken)
    monkeypatch.setattr("fwdoctor.controlplane.checkup.probe_deployment", broken)
    pair(plane)
    made = check(plane, jobs=[TRAINER], deployments=[DEPLOYMENT])
    assert next(o for o in made.outcomes if o.section == f"job {TRAINER}").status is CheckStatus.OK
    assert [o.status for o in made.outcomes if o.section == f"deployment {DEPLOYMENT}"] == [CheckStatus.ERROR]
    assert "failed itself: ZeroDivisionError" in str(made.problems[0])
    assert "secret" not in repr(made)


# --- logs -------------------------------------------------------------------------------------------------

SYNC = "ERROR: Hotload did not complete within 600s\n  Cause: slow\n"


#: Errors of different classes, each about a deployment.
MANY = [
    "ERROR: Hotload did not complete within 600s\n  Cause: x\n",
    "RuntimeError: Hotload failed for sampler snapshot 'a-1'\n",
    "sampler deployment failed to load latest trainer weights\n",
    "RuntimeError: ERROR: Unrecognized hotload status response format\n",
    "TimeoutError: Deployment hotload manager not ready after 1800s.\n",
    "ERROR: Hotload API error (HTTP 404)\n  Cause: y\n",
    "HTTP 503 DEPLOYMENT_SCALING_UP\n",
]


def _log(folder: Path, text: str) -> Path:
    path = folder / "run.log"
    path.write_text(text, "utf-8")
    return path


def test_a_log_may_name_many_and_a_few_are_looked_at(plane: FakeControlPlane, tmp_path: Path) -> None:
    noise = "step done\n" * 300
    text = "".join(f"{noise}using accounts/acme/deployments/d{n}\n{e}" for n, e in enumerate(MANY))
    made = check(plane, log=_log(tmp_path, text))
    asked = {c.path.split("/")[5] for c in plane.log.calls if "/deployments/" in c.path}
    assert len(asked) == 5
    assert any("deployments near its errors; looked at were the first 5" in note for note in made.notes)
    assert made.problems == []


def test_what_only_a_log_names_need_not_be_there(plane: FakeControlPlane, tmp_path: Path) -> None:
    log = _log(tmp_path, f"accounts/acme/rlorTrainerJobs/gone and accounts/acme/deployments/away\n{SYNC}")
    made = check(plane, log=log)
    assert made.problems == []
    sections = {o.section: o.status for o in made.outcomes}
    assert sections["job gone"] is sections["deployment away"] is CheckStatus.SKIPPED


def test_other_accounts_are_not_asked_for(plane: FakeControlPlane, tmp_path: Path) -> None:
    log = _log(tmp_path, f"accounts/zenith/deployments/serving\n{SYNC}")
    made = check(plane, log=log)
    assert [call.path for call in plane.log.calls] == ["/v1/accounts"]
    assert any("zenith" in note for note in made.notes)
    (error,) = made.errors
    assert error.verdict is not None
    assert "Use a key of zenith" in error.remedy[0].text


def test_one_among_many_is_found(plane: FakeControlPlane) -> None:
    SCENARIOS["large"].prepare(plane)
    made = check(plane, jobs=["trainer-495"])
    assert made.problems == []
    assert {"job trainer-495", "deployment serving-495"} <= set(rules(made))
    assert len(plane.log.calls) < 15
