"""The remote half of ``fwdoctor check``: is the key good, and how are the resources that are asked about.

Everything is asked at once where nothing has to be known first, each thing once, all within one budget. An
error of a log is held against the state of what it names; :mod:`fwdoctor.controlplane.verdicts` judges.
"""

from __future__ import annotations

import asyncio
import dataclasses
import traceback
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fwdoctor.controlplane.cases import LookedAt, gather_case, is_foreign
from fwdoctor.controlplane.client import Account, AccountError, ControlPlane
from fwdoctor.controlplane.connection import EXTRA_HEADERS, Connection
from fwdoctor.controlplane.diagnoses.access import (
    diagnose_clock,
    diagnose_environment,
    diagnose_refusal,
    is_refusal,
)
from fwdoctor.controlplane.diagnoses.account import diagnose_account, diagnose_quotas
from fwdoctor.controlplane.diagnoses.checkpoints import diagnose_model_id
from fwdoctor.controlplane.diagnoses.shapes import Wanted
from fwdoctor.controlplane.errors import ControlPlaneError
from fwdoctor.controlplane.look import Look, Probed
from fwdoctor.controlplane.mentions import Mention, Subject
from fwdoctor.controlplane.names import Kind, parse
from fwdoctor.controlplane.outcome import SECTION, Checkup, Errors
from fwdoctor.controlplane.probes import probe_checkpoints, probe_deployment, probe_job, probe_shape
from fwdoctor.controlplane.resources import Deployment, Quota, last
from fwdoctor.controlplane.timing import Budget, Clock, Limits
from fwdoctor.controlplane.verdicts import Case, judge
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import CheckOutcome, CheckStatus, Finding, Problem
from fwdoctor.lean_dataclass import dataclass

#: For all requests together.
SECONDS = 15.0
#: So many jobs, and so many deployments, that a log names are looked at.
MOST = 5
#: A check must end while somebody looks on: fewer tries than a probe has.
_LIMITS = Limits(connect=4.0, retries=2, total=12.0)
_QUOTAS = "quotas"
_SHAPE_ERROR = "shape-latest-validated-missing"
_QUOTA_ERROR = "quota-exceeded"
_MODEL_ERROR = "output-model-id-invalid"
#: What is as usual, and told only to who asks about the deployment alone.
_AS_USUAL = frozenset({"FWP321"})
#: Seconds from which on an answer is called slow.
_SLOW = 2.0
#: What probes say of what is not there.
_NOT_FOUND = "not found"


def checkup(
    connection: Connection,
    environ: Mapping[str, str],
    jobs: Sequence[str] = (),
    deployments: Sequence[str] = (),
    errors: Errors | None = None,
    *,
    seconds: float = SECONDS,
    clock: Clock | None = None,
) -> Checkup:
    """Try the key, look at the jobs and deployments (ids or full names), and judge the errors of a log."""
    run = _Run(environ, (tuple(jobs), tuple(deployments)), errors or Errors(), clock or Clock())
    return asyncio.run(run.run(connection, seconds))


@dataclass
class _Target:
    """A deployment to look at, and the job whose weights it is to serve."""

    name: str
    job: str | None = None


class _Run:
    """One run: first whose key it is, then what is to be looked at, then all probes at once."""

    def __init__(
        self,
        environ: Mapping[str, str],
        asked: tuple[tuple[str, ...], tuple[str, ...]],
        errors: Errors,
        clock: Clock,
    ) -> None:
        self._environ = environ
        self._asked_jobs, self._asked_deployments = asked
        self._asked = {_id(name) for names in asked for name in names}
        self._errors = errors
        self._clock = clock
        self._result = Checkup(errors=errors.findings)
        self._jobs: list[str] = []
        self._targets: list[_Target] = []

    async def run(self, connection: Connection, seconds: float) -> Checkup:
        """Ask, and say what came of it."""
        clock = self._clock
        # That these headers are ignored is a finding of the local half.
        self._result.notes += [n for n in connection.notes if not n.startswith(EXTRA_HEADERS)]
        now = datetime.fromtimestamp(clock.now(), UTC)
        async with (
            ControlPlane(connection, limits=_LIMITS, clock=clock) as plane,
            Look(plane, now, Budget(seconds, clock)) as look,
        ):
            owner = await self._access(look, plane, connection)
            if owner is not None:
                await self._choose(look, owner)
                await self._probe(look, owner)
            else:
                self._closed()
            self._result.errors = tuple([await self._judged(look, owner, *one) for one in self._each()])
            self._result.problems += look.problems()
        return self._result

    # --- the key --------------------------------------------------------------------------------------

    async def _access(self, look: Look, plane: ControlPlane, connection: Connection) -> Account | None:
        """The key's account; None if it does not let anybody look. Either is told."""
        started = self._clock.monotonic()
        owner: Account | None = None
        try:
            owner = await look.account()
            findings = list(diagnose_account(owner.row, told=connection.account_hint))
            took = self._clock.monotonic() - started
            detail = f"account {owner.id}" + (f", slow: answered in {took:.0f} s" if took >= _SLOW else "")
        except (ControlPlaneError, AccountError) as error:
            findings = [diagnose_refusal(error, look.now)]
            detail = f"no access at {connection.hide(connection.base_url)}"
        findings += [*diagnose_clock(plane.ahead), *diagnose_environment(self._environ)]
        self._result.add(SECTION, detail, findings)
        return owner

    def _closed(self) -> None:
        for kind, names in (("job", self._asked_jobs), ("deployment", self._asked_deployments)):
            for name in names:
                self._result.skip(f"{kind} {_id(name)}", "the control plane does not let fwdoctor look")

    # --- what to look at ------------------------------------------------------------------------------

    async def _choose(self, look: Look, owner: Account) -> None:
        """The jobs and deployments that are asked for, those of the log, and those that go with them."""
        self._jobs = self._parsed(self._asked_jobs, Kind.TRAINER_JOB)
        self._targets = [_Target(d) for d in self._parsed(self._asked_deployments, Kind.DEPLOYMENT)]
        self._add_log(owner)
        if len(self._jobs) == 1:
            for target in self._targets:
                target.job = target.job or self._jobs[0]
        alone = [j for j in self._jobs if all(_id(t.job) != _id(j) for t in self._targets)]
        await asyncio.gather(self._find_jobs(look, owner), self._find_deployments(look, owner, alone))

    def _parsed(self, names: Sequence[str], kind: Kind) -> list[str]:
        """Names that can be asked for; the others are problems."""
        good: list[str] = []
        for name in dict.fromkeys(names):
            try:
                parse(name, kind)
                good.append(name)
            except FwdoctorError as error:
                self._result.problems.append(Problem(str(error)))
        return good

    def _add_log(self, owner: Account) -> None:
        """The jobs and deployments of this account that the log names near errors: a few of each."""
        jobs: dict[str, None] = {}
        targets: dict[str, _Target] = {}
        for subject in self._errors.subjects:
            job, deployment = _own(subject.job, owner), _own(subject.deployment, owner)
            if job is not None and job not in self._asked:
                jobs.setdefault(job)
            if deployment is not None and deployment not in self._asked:
                targets.setdefault(deployment, _Target(deployment, job))
        for word, found in (("jobs", list(jobs)), ("deployments", list(targets))):
            if len(found) > MOST:
                note = f"the log names {len(found)} {word} near its errors; looked at were the first {MOST}"
                self._result.notes.append(note)
        self._jobs += list(jobs)[:MOST]
        self._targets += list(targets.values())[:MOST]
        mentions = [m for s in self._errors.subjects for m in (s.job, s.deployment)]
        for account in sorted({str(m.account) for m in mentions if m is not None and is_foreign(m, owner)}):
            note = f"the log names resources of {account}, which were not looked at: the key is {owner.id}'s"
            self._result.notes.append(note)

    async def _find_jobs(self, look: Look, owner: Account) -> None:
        """The jobs of deployments that came without one: among several it is the one that is followed."""
        unpaired = [t for t in self._targets if t.job is None]
        rows = await asyncio.gather(*(_deployment(look, owner, t.name) for t in unpaired))
        known = {_id(j): j for j in self._jobs}
        for target, deployment in zip(unpaired, rows, strict=True):
            follows = deployment.follows if deployment is not None else None
            target.job = known.get(follows or "")
            if follows is not None and not known:
                self._jobs.append(follows)

    async def _find_deployments(self, look: Look, owner: Account, jobs: Sequence[str]) -> None:
        """The deployments that follow jobs which came without one."""
        if not jobs:
            return
        try:
            rows = await look.rows(f"/v1/accounts/{owner.id}/deployments", "deployments")
        except ControlPlaneError as error:
            self._result.notes.append(f"which deployments follow the job could not be read: {error}")
            return
        known = {_id(t.name) for t in self._targets}
        wanted = {_id(j) for j in jobs}
        for deployment in map(Deployment.of, rows or ()):
            if deployment.follows in wanted and deployment.id not in known:
                self._targets.append(_Target(deployment.id, deployment.follows))

    # --- looking --------------------------------------------------------------------------------------

    async def _probe(self, look: Look, owner: Account) -> None:
        """All probes at once; they share what they ask."""
        jobs = list(dict.fromkeys(self._jobs))
        named: list[tuple[str, str, Awaitable[Probed]]] = [
            *((f"job {_id(j)}", j, probe_job(look, j)) for j in jobs),
            *((f"checkpoints {_id(j)}", j, probe_checkpoints(look, j)) for j in jobs),
            *(
                (f"deployment {_id(t.name)}", t.name, probe_deployment(look, t.name, t.job))
                for t in self._targets
            ),
            *((f"shape {_id(s)}", s, probe_shape(look, s, Wanted())) for s in self._shapes()),
        ]
        if any(e.name == _QUOTA_ERROR for e in self._errors.findings):
            named.append((_QUOTAS, _QUOTAS, _quotas(look, owner)))
        probed = await asyncio.gather(*(_guarded(section, probe, look.now) for section, _, probe in named))
        for (section, name, _), one in zip(named, probed, strict=True):
            self._merge(section, one, is_asked=_id(name) in self._asked)

    def _shapes(self) -> list[str]:
        """The training shapes that the log's errors name."""
        found = (e.variables.get("shape") for e in self._errors.findings if e.name == _SHAPE_ERROR)
        return list(dict.fromkeys(s for s in found if s))[:MOST]

    def _merge(self, section: str, probed: Probed, *, is_asked: bool) -> None:
        """Take what a probe says and another one has not said."""
        told = {(f.rule, f.resource, f.message) for o in self._result.outcomes for f in o.findings}
        for outcome in probed.outcomes:
            # A probe of checkpoints speaks of the job, too; one of a deployment of the job that it follows.
            own = section if section.startswith("checkpoints ") else outcome.section
            is_gone = outcome.detail == _NOT_FOUND
            if self._result.has(own) or (is_gone and own != outcome.section):
                continue
            if is_gone and not is_asked:
                self._result.skip(own, "it is named, and not there (any more)")
                continue
            new = [
                f
                for f in outcome.findings
                if f.rule not in _AS_USUAL and (f.rule, f.resource, f.message) not in told
            ]
            self._result.add(own, outcome.detail, new)
        for problem in probed.problems:
            self._fail(section, problem, is_asked=is_asked)

    def _fail(self, section: str, problem: Problem, *, is_asked: bool) -> None:
        """Something could not be looked at: a problem, unless only a log names it."""
        if self._result.has(section) or section.startswith("checkpoints "):
            return  # the job's own section says it
        if is_asked:
            self._result.problems.append(problem)
        status = CheckStatus.ERROR if is_asked else CheckStatus.SKIPPED
        self._result.outcomes.append(CheckOutcome(section, status, problem.message))

    # --- judging --------------------------------------------------------------------------------------

    def _each(self) -> list[tuple[Finding, Subject]]:
        return list(zip(self._errors.findings, self._errors.subjects, strict=True))

    async def _judged(self, look: Look, owner: Account | None, error: Finding, subject: Subject) -> Finding:
        """An error with what the state says about it."""
        if owner is None:
            return judge(error, Case(None, look.now, rules=self._rules(None, None)))
        pairs = [(_id(t.job) or None, _id(t.name)) for t in self._targets]
        looked_at = LookedAt({_id(j) for j in self._jobs}, {_id(t.name) for t in self._targets}, pairs)
        case = await gather_case(look, owner, subject, looked_at)
        shape = _id(error.variables.get("shape"))
        rules = self._rules(case.job_id, case.deployment_id, error)
        return judge(
            error,
            dataclasses.replace(
                case,
                rules=rules,
                shape_is_read=self._is_read(f"shape {shape}"),
                quotas_are_read=self._is_read(_QUOTAS),
            ),
        )

    def _is_read(self, section: str) -> bool:
        read = (CheckStatus.OK, CheckStatus.FINDING)
        return any(o.section == section and o.status in read for o in self._result.outcomes)

    def _rules(self, job: str | None, deployment: str | None, error: Finding | None = None) -> frozenset[str]:
        """The rules that were found of the account, and of what an error is about."""
        shape = f"shape {_id(error.variables.get('shape'))}" if error else ""
        found = {
            f.rule
            for o in self._result.outcomes
            for f in o.findings
            if o.section in (SECTION, _QUOTAS, shape) or f.resource in {job, deployment} - {None}
        }
        if error is not None and error.name == _MODEL_ERROR:
            model = error.variables.get("model") or error.variables.get("value")
            found |= {f.rule for f in diagnose_model_id(model)} if model else set()
        return frozenset(found)


def _id(name: str | None) -> str:
    """The last part of a name: what it is called everywhere."""
    return last(name) or ""


def _own(mention: Mention | None, owner: Account) -> str | None:
    """The id of what a log names, if it is of the key's account."""
    return mention.id if mention is not None and not is_foreign(mention, owner) else None


async def _deployment(look: Look, owner: Account, name: str) -> Deployment | None:
    """A deployment; None if it is not there, or may not be seen: the probe tells which."""
    try:
        row = await look.row(parse(name, Kind.DEPLOYMENT).path(owner.id))
    except (ControlPlaneError, FwdoctorError):
        return None
    return Deployment.of(row) if row is not None else None


async def _quotas(look: Look, owner: Account) -> Probed:
    """Which quotas of the account are used up."""
    probed = Probed()
    rows = await look.rows(f"/v1/accounts/{owner.id}/quotas", "quotas")
    if rows is None:
        probed.problems.append(Problem("the quotas may not be seen"))
    else:
        findings = list(diagnose_quotas([Quota.of(row) for row in rows]))
        probed.add(_QUOTAS, f"{len(rows)} quota{'s' * (len(rows) != 1)}", findings)
    return probed


async def _guarded(section: str, probe: Awaitable[Probed], now: datetime) -> Probed:
    """What a probe says, also where it fails: then the others still do."""
    probed = Probed()
    try:
        return await probe
    except (ControlPlaneError, AccountError) as error:
        if is_refusal(error):
            probed.add(section, "it may not be looked at", [diagnose_refusal(error, now)])
        else:
            probed.problems.append(Problem(str(error)))
    except FwdoctorError as error:
        probed.problems.append(Problem(str(error)))
    except Exception as error:
        # Without the error's text: it may quote what it stumbled over.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        reason = f"{section}: this check failed itself: {type(error).__name__} at {place}"
        probed.problems.append(Problem(reason))
    return probed
