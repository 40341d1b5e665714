"""Which jobs and deployments a log speaks of, near which error, and when it was written."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
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
#: The date and time that a line of a log begins with, perhaps behind a bracket or as a field. Syslog
#: and glog, which leave the year out, say too little.
_DATE = re.compile(
    r"[^A-Za-z0-9]{0,4}(?:(?:@?timestamp|asctime|time|date|ts)[\"']?\s*[:=]\s*[\"']?)?"
    r"(?P<date>20\d\d-[01]\d-[0-3]\d)[T ](?P<time>[0-2]\d:[0-5]\d(?::[0-5]\d)?)(?:[.,]\d{1,9})?"
    r"\s?(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?(?![0-9])"
)
#: A time without a zone may be that of any: the one that is furthest behind is last.
_ANY_ZONE = timedelta(hours=12)
#: An error without a time of its own comes at most so long after a line that has one.
_AFTER = timedelta(days=1)
_OF_TRAINER = "trainer-"
_NO_NAMES = frozenset({"none", "null", "true", "false", "str", "optional"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A job or a deployment that a text names; ``account`` None: it does not say whose."""

    kind: Kind
    id: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """When a line was written: as it says itself, and the last moment at which that may have been."""

    text: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """What one error is about: at most one job and one deployment, those that stand nearest to it.

    ``written``: when the log says that it happened, if it says so.
    """

    job: Mention | None = None
    deployment: Mention | None = None
    written: Written | None = None


Window = tuple[int, int]
#: A line of a log, and what it names.
Named = tuple[int, Mention]


@dataclass(frozen=True, slots=True)
class Lines:
    """What lines of a log name, and which of them bear a time."""

    named: list[Named] = field(default_factory=list)
    dated: list[tuple[int, Written]] = field(default_factory=list)


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


def written(line: str) -> Written | None:
    """The time that a line of a log begins with."""
    found = _DATE.match(line)
    if found is None:
        return None
    zone = (found["zone"] or "").replace("UTC", "Z")
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['time']}{zone}")
        until = moment.astimezone(UTC) if zone else moment.replace(tzinfo=UTC) + _ANY_ZONE
    except (ValueError, OverflowError):  # 2026-02-31
        return None
    return Written(f"{found['date']} {found['time'][:5]}" + (" UTC" if zone == "Z" else zone), until)


def subject(finding: Finding, nearby: Lines) -> Subject:
    """What an error is about: what it says itself, else what stands nearest to it."""
    own = [*_captured(finding), *in_text(finding.evidence or "")]
    place = finding.location.line if finding.location and finding.location.line is not None else 0
    by_distance = [m for _, m in sorted(nearby.named, key=lambda n: (abs(n[0] - place), n[0] > place))]
    return Subject(
        _first(Kind.TRAINER_JOB, [*own, *by_distance]),
        _first(Kind.DEPLOYMENT, [*own, *by_distance]),
        _written(place, nearby.dated),
    )


def _written(place: int, dated: Sequence[tuple[int, Written]]) -> Written | None:
    """When a line was written at the latest: the next line that bears a time tells, else the last one."""
    if later := [w for line, w in dated if line >= place]:
        return later[0]
    if not dated:
        return None
    before = dated[-1][1]
    return Written(before.text, before.until + _AFTER)


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


def near(finding: Finding, lines: Lines) -> Lines:
    """What is named within some lines of an error, and those that bear a time."""
    window = _window(finding)
    if window is None:
        return Lines()
    return Lines(
        [n for n in lines.named if window[0] <= n[0] <= window[1]],
        [d for d in lines.dated if window[0] <= d[0] <= window[1]],
    )


def _window(finding: Finding) -> Window | None:
    place = finding.location
    if place is None or place.line is None:
        return None
    # Of an error that comes again and again, the first one is what is looked at.
    return place.line - NEAR, place.line + NEAR


def read(path: str, findings: Sequence[Finding], lines: Callable[[str], Iterator[str]]) -> Lines:
    """What the lines of a log near its errors say. A pipe, which can be read once only, says nothing."""
    windows = [w for w in map(_window, findings) if w is not None]
    found = Lines()
    try:
        if not windows or not stat.S_ISREG(Path(path).stat().st_mode):
            return found
        last = max(end for _, end in windows)
        for number, line in enumerate(lines(path), 1):
            if number > last:
                break
            if any(start <= number <= end for start, end in windows):
                found.named.extend((number, mention) for mention in in_text(line))
                if (when := written(line)) is not None:
                    found.dated.append((number, when))
    except (OSError, FwdoctorError):
        return Lines()  # that it cannot be read is told already
    return found
