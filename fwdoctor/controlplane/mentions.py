"""Which jobs and deployments a log speaks of, and near which error."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from fwdoctor.controlplane.names import Kind, recognize
from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Finding
from fwdoctor.lean_dataclass import dataclass

#: So many lines before an error and after it are searched.
NEAR = 120
_ID = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
#: What is a name of a job or a deployment wherever it stands. A bare ``job_id`` may be any program's.
_FORMS = re.compile(
    rf"accounts/(?P<account>{_ID})/(?P<kind>rlorTrainerJobs|deployments)/(?P<id>{_ID})"
    rf"|/training/v1/rlorTrainerJobs/(?P<gateway_account>{_ID})/(?P<gateway>{_ID})"
    rf"|gs://[^/\s\"']+/rl-checkpoints/(?P<bucket_account>{_ID})/(?P<bucket>{_ID})"
    rf"|\b(?P<generated>training-api-service-[0-9a-f]{{8}})\b"
    rf"|\b(?:hot_load_)?deployment_id[\"']?\s*[=:]\s*[\"']?(?P<deployment>{_ID})"
    rf"|\b(?:trainer_job_id|hot_load_trainer_job)[\"']?\s*[=:]\s*[\"']?(?P<job>(?!accounts/){_ID})"
)
_OF_TRAINER = "trainer-"
_NO_NAMES = frozenset({"none", "null", "true", "false", "str", "optional"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A job or a deployment that a text names; ``account`` None: it does not say whose."""

    kind: Kind
    id: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What one error is about: at most one job and one deployment, those that stand nearest to it."""

    job: Mention | None = None
    deployment: Mention | None = None


Window = tuple[int, int]
#: A line of a log, and what it names.
Named = tuple[int, Mention]


def in_text(text: str) -> Iterator[Mention]:
    """The jobs and deployments that a text names, in its order."""
    for found in _FORMS.finditer(text):
        mention = _mention(found)
        if mention is not None and mention.id.lower() not in _NO_NAMES:
            yield mention


def _mention(found: re.Match[str]) -> Mention | None:
    if found["kind"]:
        kind = Kind.TRAINER_JOB if found["kind"] == "rlorTrainerJobs" else Kind.DEPLOYMENT
        return Mention(kind, found["id"], found["account"])
    if found["gateway"]:
        return Mention(Kind.TRAINER_JOB, found["gateway"], found["gateway_account"])
    if found["bucket"]:
        owner, account = found["bucket"], found["bucket_account"]
        if owner.startswith(_OF_TRAINER):
            return Mention(Kind.TRAINER_JOB, owner.removeprefix(_OF_TRAINER), account)
        return Mention(Kind.DEPLOYMENT, owner, account)
    if found["deployment"]:
        return Mention(Kind.DEPLOYMENT, found["deployment"])
    return Mention(Kind.TRAINER_JOB, found["generated"] or found["job"])


def subject(finding: Finding, near: Sequence[Named]) -> Subject:
    """What an error is about: what it says itself, else what stands nearest to it."""
    own = [*_captured(finding), *in_text(finding.evidence or "")]
    place = finding.location.line if finding.location and finding.location.line is not None else 0
    by_distance = [m for _, m in sorted(near, key=lambda n: (abs(n[0] - place), n[0] > place))]
    return Subject(
        _first(Kind.TRAINER_JOB, [*own, *by_distance]), _first(Kind.DEPLOYMENT, [*own, *by_distance])
    )


def _captured(finding: Finding) -> Iterator[Mention]:
    """What the error's template captured; a full name says the account, too."""
    for variable, kind in (
        ("job", Kind.TRAINER_JOB),
        ("job_id", Kind.TRAINER_JOB),
        ("deployment", Kind.DEPLOYMENT),
    ):
        value = finding.variables.get(variable, "")
        found = recognize(value)
        if found is not None and found.kind is kind:
            yield Mention(kind, found.id, found.account)
        elif re.fullmatch(_ID, value) and value.lower() not in _NO_NAMES:
            yield Mention(kind, value)
    for variable in ("path", "value", "model"):
        yield from in_text(finding.variables.get(variable, ""))


def _first(kind: Kind, mentions: Iterable[Mention]) -> Mention | None:
    return next((m for m in mentions if m.kind is kind), None)


def near(finding: Finding, named: Sequence[Named]) -> list[Named]:
    """What is named within some lines of an error."""
    window = _window(finding)
    return [n for n in named if window is not None and window[0] <= n[0] <= window[1]]


def _window(finding: Finding) -> Window | None:
    place = finding.location
    if place is None or place.line is None:
        return None
    # Of an error that comes again and again, the first one is what is looked at.
    return place.line - NEAR, place.line + NEAR


def read(path: str, findings: Sequence[Finding], lines: Callable[[str], Iterator[str]]) -> list[Named]:
    """What the lines of a log near its errors name. A pipe, which can be read once only, names nothing."""
    windows = [w for w in map(_window, findings) if w is not None]
    try:
        if not windows or not stat.S_ISREG(Path(path).stat().st_mode):
            return []
        last = max(end for _, end in windows)
        named: list[Named] = []
        for number, line in enumerate(lines(path), 1):
            if number > last:
                break
            if any(start <= number <= end for start, end in windows):
                named += ((number, mention) for mention in in_text(line))
    except (OSError, FwdoctorError):
        return []  # that it cannot be read is told already
    return named
