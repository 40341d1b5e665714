"""What was asked of the fake, and how two runs differ in it.

A raw call has ids, suffixes and times of its run. A normal log replaces them, drops heartbeats, telemetry and
polls of futures, and sorts the calls into lanes, one for each trainer, each deployment and the account: the
SDK provisions in threads, so only within a lane is the order always the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

#: Calls that say nothing about what a script wants.
_NOISE = ("session_heartbeat", "telemetry", "retrieve_future", "client/config")
#: Fields that number requests or name the client's build.
_NOISE_FIELDS = frozenset({"seq_id", "sdk_version"})
_MADE_JOB = re.compile(r"training-api-service-[0-9a-f]{8}")
_MADE_DEPLOYMENT = re.compile(r"\b([a-z][a-z0-9-]*)-(1\d{9})\b")
ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Call:
    """One request and the status it got. ``told`` are the headers that say what it is about."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    told: Mapping[str, str]

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Entry:
    """A call without what differs from run to run, in its lane."""

    lane: str
    call: Call

    @property
    def protocol(self) -> bool:
        """Whether it goes to a trainer itself: ``<trainer> operation`` instead of a path."""
        return " " in self.call.path

    @property
    def title(self) -> str:
        """Method and path, short: what two calls must share to be the same call."""
        return f"{self.call.method} {self.call.path}"

    @property
    def fields(self) -> dict[str, str]:
        """All that it says, one value per dotted name."""
        found = {f"?{k}": _text(v) for k, v in self.call.query.items()}
        found |= {f"{k}:": _text(v) for k, v in self.call.told.items()}
        found |= dict(_leaves(self.call.body))
        if self.call.status >= 400:
            found["status"] = str(self.call.status)
        return found

    def __str__(self) -> str:
        return " ".join([self.title, *(f"{k}={_short(v)}" for k, v in self.fields.items())])


class Log:
    """The calls of one run, in the order in which they were answered."""

    def __init__(self, calls: Sequence[Call], account: str) -> None:
        self.calls = tuple(calls)
        self._account = account

    def __len__(self) -> int:
        return len(self.calls)

    def __str__(self) -> str:
        return "\n".join(str(e) for lane in self.lanes().values() for e in lane)

    def find(self, method: str, path: str) -> list[Call]:
        """The raw calls whose path matches the regular expression ``path``, in order."""
        return [c for c in self.calls if c.method == method and re.search(path, c.path)]

    def one(self, method: str, path: str) -> Call:
        """The only such call."""
        found = self.find(method, path)
        assert len(found) == 1, f"{len(found)} calls {method} {path}:\n" + "\n".join(map(str, self.normal()))
        return found[0]

    def normal(self) -> list[Entry]:
        """The normal log in the order of arrival, which may differ between lanes."""
        replace = _Names(self.calls)
        entries = []
        for call in self.calls:
            if call.path.endswith(_NOISE):
                continue
            call = replace.call(call)
            lane = _lane(call)
            entries.append(Entry(lane, _shorten(call, self._account)))
        return entries

    def lanes(self) -> dict[str, list[Entry]]:
        """The normal log by lane; lanes by name."""
        lanes: dict[str, list[Entry]] = {}
        for entry in self.normal():
            lanes.setdefault(entry.lane, []).append(entry)
        return dict(sorted(lanes.items()))

    def changes(self) -> list[str]:
        """The titles of all calls that change something and succeeded, without the trainers' protocol."""
        return [e.title for e in self.normal() if e.call.changes and e.call.status < 400 and not e.protocol]


def differences(one: Log, other: Log, *, reads: bool = False) -> list[str]:
    """How ``other`` differs from ``one``, lane by lane.

    ``- call`` is missing, ``+ call`` is new, ``~ title: field: value -> value`` says something else. Calls
    that only read are compared if ``reads`` is set: how often something is looked at is mostly the SDK's
    affair, not the script's.
    """
    lanes = one.lanes(), other.lanes()
    found: list[str] = []
    for lane in sorted({*lanes[0], *lanes[1]}):
        left, right = ([e for e in side.get(lane, ()) if reads or e.call.changes] for side in lanes)
        for same, before, after in _aligned(left, right, str):
            if same:
                continue
            # Among calls that differ as a whole, those to the same place are compared field by field.
            for alike, old, new in _aligned(before, after, lambda entry: entry.title):
                if alike:
                    found += [line for pair in zip(old, new, strict=True) for line in _changed(*pair)]
                else:
                    found += [*(f"- {e}" for e in old), *(f"+ {e}" for e in new)]
    return found


def _aligned(
    left: Sequence[Entry], right: Sequence[Entry], key: Callable[[Entry], str]
) -> Iterator[tuple[bool, Sequence[Entry], Sequence[Entry]]]:
    """Two lists cut into stretches, each with whether its keys are the same on both sides."""
    matcher = SequenceMatcher(None, [key(e) for e in left], [key(e) for e in right], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        yield kind == "equal", left[a:b], right[c:d]


def _changed(before: Entry, after: Entry) -> Iterator[str]:
    left, right = before.fields, after.fields
    for name in [*left, *(n for n in right if n not in left)]:
        old, new = left.get(name, ABSENT), right.get(name, ABSENT)
        if old != new:
            yield f"~ {before.title}: {name}: {_short(old)} -> {_short(new)}"


class _Names:
    """Replaces what is made up in a run: trainers' and deployments' ids, and clients' suffixes."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._names: dict[str, str] = {}
        for call in calls:
            if call.method == "POST" and call.path.endswith("/rlorTrainerJobs"):
                job = call.query.get("rlorTrainerJobId", "")
                if _MADE_JOB.fullmatch(job):
                    self._name(job, "trainer")
            if call.method == "POST" and call.path.endswith("/deployments"):
                deployment = call.query.get("deploymentId", "")
                if _MADE_DEPLOYMENT.fullmatch(deployment):
                    self._name(deployment, "deployment")
            if call.path.endswith("/save_weights_for_sampler") and isinstance(call.body, dict):
                _, _, suffix = str(call.body.get("path")).rpartition("-")
                if re.fullmatch(r"[0-9a-f]{8}", suffix):
                    self._name(suffix, "client")
        longest = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)")

    def _name(self, made: str, kind: str) -> None:
        if made not in self._names:
            number = sum(n.startswith(f"<{kind}") for n in self._names.values()) + 1
            self._names[made] = f"<{kind}-{number}>"

    def call(self, call: Call) -> Call:
        return Call(
            call.method,
            self._text(call.path),
            {k: self._text(v) for k, v in sorted(call.query.items())},
            self._value(call.body),
            call.status,
            {k: self._text(v) for k, v in sorted(call.told.items())},
        )

    def _text(self, text: str) -> str:
        return self._pattern.sub(lambda m: self._names[m[0]], text)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {k: self._value(v) for k, v in value.items() if k not in _NOISE_FIELDS}
        if isinstance(value, list):
            return [self._value(v) for v in value]
        return value


def _lane(call: Call) -> str:
    """The thing that a call is about."""
    if match := re.search(r"/rlorTrainerJobs/(?:[^/]+/(?=[^/]+/api/))?([^/:]+)", call.path):
        return f"trainer {match[1]}"
    if call.path.endswith("/rlorTrainerJobs") and call.method == "POST":
        return f"trainer {call.query.get('rlorTrainerJobId')}"
    if match := re.search(r"/deployments/([^/:]+)", call.path):
        return f"deployment {match[1]}"
    if call.path.endswith("/deployments") and call.method == "POST":
        return f"deployment {call.query.get('deploymentId')}"
    if name := call.told.get("fireworks-deployment"):
        return f"deployment {name.rsplit('/', 1)[-1]}"
    if "/inference/" in call.path and isinstance(call.body, dict):
        return f"deployment {str(call.body.get('model')).rsplit('/', 1)[-1]}"
    if match := re.search(r"/((?:training|deployment)Shapes|models)/([^/:]+)", call.path):
        return f"{match[1]} {match[2]}"
    return "account"


def _shorten(call: Call, account: str) -> Call:
    path = re.sub(rf"^/training/v1/rlorTrainerJobs/{re.escape(account)}/([^/]+)/api/v1/", r"\1 ", call.path)
    path = path.removeprefix("/v1/").removeprefix(f"accounts/{account}/")
    return Call(call.method, path, call.query, call.body, call.status, call.told)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """A body as dotted names and values; lists are values."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else key)
        if not value and name:
            yield name, "{}"
    elif value is not None or name:
        yield name or "body", _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=repr)


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}..."
