"""The bundled timelines: every version of the cookbook and of the SDK, and what each offers.

The files are ``rules/fwdoctor_rules/surfaces/*.jsonl``, written by ``scripts/build_surfaces.py``.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.history import History
from fwdoctor.surface.model import Absent, Module, Surface, Symbol

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version as Number

# packaging, tomllib and difflib load where they are needed: a lookup needs none of them.

FOLDER = fwdoctor_rules.DATA / "surfaces"
#: How many neighbours an error names.
_SUGGESTED = 3
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_TAG_PREFIX = "cookbook-v"


class Product(enum.StrEnum):
    """What a timeline is about; the value is its file's name."""

    COOKBOOK = "cookbook"
    SDK = "sdk"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the cookbook (a commit) or of the SDK (a release).

    ``index`` is its place in its timeline, ``state`` that of its surface: versions with the same state offer
    the same. ``date`` is the commit's or the upload's. ``sdk_pin`` is the requirement that the cookbook's
    project file states.
    """

    product: Product
    index: int
    state: int
    date: dt.date
    commit: str | None = None
    tag: str | None = None
    sdk_pin: str | None = None
    number: str | None = None

    @property
    def id(self) -> str:
        """Short and exact: ``517d206d``, or ``1.2.28``."""
        return self.number or (self.commit or "")[:8]

    @property
    def label(self) -> str:
        """How messages name it: ``cookbook 517d206d (2026-06-01)``, ``fireworks-ai 1.2.28``."""
        if self.product is Product.SDK:
            return f"fireworks-ai {self.number}"
        return f"cookbook {self.id} ({self.date})"


#: What stands at a path: where it lives and what it is, or why there is nothing.
Located = tuple[str, Symbol | Module] | Absent


@dataclass(frozen=True, slots=True)
class Span:
    """A path's answer in the states ``first`` to ``last``, both included."""

    first: int
    last: int
    found: Located

    @property
    def there(self) -> bool:
        """Whether the name is there in these states."""
        return isinstance(self.found, tuple)


class Timeline:
    """All versions of one product, oldest first."""

    def __init__(self, product: Product, history: History) -> None:
        self.product = product
        self.history = history
        header = history.header
        rows: list[list[Any]] = header["versions"]
        pins: list[str] = header.get("pins", [])
        if product is Product.SDK:
            made = [
                Version(product, i, state, dt.date.fromisoformat(date), number=number)
                for i, (number, date, state) in enumerate(rows)
            ]
        else:
            made = [
                Version(
                    product,
                    i,
                    row[2],
                    dt.date.fromisoformat(row[1]),
                    commit=row[0],
                    sdk_pin=pins[row[3]] if len(row) > 3 and row[3] is not None else None,
                    tag=row[4] if len(row) > 4 else None,
                )
                for i, row in enumerate(rows)
            ]
        self.versions: tuple[Version, ...] = tuple(made)
        self.fingerprints: list[str] = header["fingerprints"]
        self._spans: dict[str, tuple[Span, ...]] = {}

    @property
    def newest(self) -> Version:
        """The newest version that is known."""
        return self.versions[-1]

    @functools.cached_property
    def states(self) -> tuple[tuple[Version, ...], ...]:
        """The versions of each state, oldest first."""
        result: list[list[Version]] = [[] for _ in range(self.history.states)]
        for version in self.versions:
            result[version.state].append(version)
        return tuple(tuple(group) for group in result)

    def surface(self, version: Version) -> Surface:
        """What the version offers."""
        return self.of_state(version.state)

    def of_state(self, state: int) -> Surface:
        """What the versions of a state offer."""
        return self.history.at(state, self.states[state][0].label)

    def surfaces(self) -> Iterator[Surface]:
        """The surface of every state, oldest first."""
        return (self.of_state(state) for state in range(self.history.states))

    def spans(self, path: str) -> tuple[Span, ...]:
        """What stands at a dotted path, over all states: when it came, when it changed, when it went."""
        if path not in self._spans:
            self._spans[path] = tuple(self._spans_of(path))
        return self._spans[path]

    def _spans_of(self, path: str) -> Iterator[Span]:
        last = self.history.states - 1
        if not any(path == r or path.startswith(r + ".") for r in self.history.roots):
            yield Span(0, last, Absent.UNKNOWN)
            return
        points = sorted({0, *self.history.points(path)})
        first, found = 0, self.of_state(0).locate(path)
        for point in points[1:]:
            now = self.of_state(point).locate(path)
            if now != found:
                yield Span(first, point - 1, found)
                first, found = point, now
        yield Span(first, last, found)

    def until(self, state: int) -> dt.date | None:
        """The last day of a state: the one before the next begins; None for the newest."""
        if state + 1 >= len(self.states):
            return None
        following = self.states[state + 1][0].date - dt.timedelta(days=1)
        return max(following, self.states[state][-1].date)

    def on(self, day: dt.date) -> Version | None:
        """The newest version of that day or before; None if all are later."""
        # Not by bisection: the order is that of the history, and its dates need not rise.
        return next((v for v in reversed(self.versions) if v.date <= day), None)

    def find(self, wanted: str) -> Version:
        """The version that ``wanted`` names.

        ``latest``, a date (the newest of that day or before), a commit, a tag or its number, a name like
        ``june``; for the SDK a release. ``^`` at the end means the one before.

        Raises:
            FwdoctorError: there is none; the message names the nearest.
        """
        text = wanted.strip()
        back = len(text) - len(text.rstrip("^"))
        version = self._find(text[: len(text) - back]) if back else self._find(text)
        if back > version.index:
            raise FwdoctorError(f"{wanted}: there is no version that far before {version.label}")
        return self.versions[version.index - back]

    def _find(self, wanted: str) -> Version:
        if wanted == "latest":
            return self.newest
        if _DATE.fullmatch(wanted):
            return self._on(wanted)
        found = self._release(wanted) if self.product is Product.SDK else self._commit(wanted)
        if found is None:
            raise FwdoctorError(self._no_such(wanted))
        return found

    def _on(self, wanted: str) -> Version:
        try:
            day = dt.date(*map(int, wanted.split("-")))
        except ValueError as error:
            raise FwdoctorError(f"{wanted} is no date: {error}") from error
        version = self.on(day)
        if version is None:
            raise FwdoctorError(f"{wanted} is before the oldest version known, {self.versions[0].label}")
        return version

    def _release(self, wanted: str) -> Version | None:
        return self.release(_release_number(wanted))

    def release(self, number: str) -> Version | None:
        """The SDK release with a number, in any form of PEP 440; None if it is not in the timeline."""
        wanted = _number(number)
        return next((v for v in self.versions if wanted and _number(v.number or "") == wanted), None)

    def _commit(self, wanted: str) -> Version | None:
        commit = names().get(wanted, wanted)
        if _COMMIT.fullmatch(commit):
            found = [v for v in self.versions if v.commit is not None and v.commit.startswith(commit)]
            if len(found) == 1:
                return found[0]
        return self.tagged(wanted)

    def tagged(self, wanted: str) -> Version | None:
        """The version with a tag, or with the tag's number in any form of PEP 440."""
        tagged = [v for v in self.versions if v.tag is not None]
        if (exact := next((v for v in tagged if v.tag == wanted), None)) is not None:
            return exact
        number = _number(wanted.removeprefix(_TAG_PREFIX))
        same = (v for v in tagged if number and _number((v.tag or "").removeprefix(_TAG_PREFIX)) == number)
        return next(same, None)

    def by_commit(self, commit: str) -> Version | None:
        """The version of a commit, abbreviated or not; None if it is not in the timeline."""
        return next((v for v in self.versions if v.commit is not None and v.commit.startswith(commit)), None)

    def _no_such(self, wanted: str) -> str:
        newest = self.newest
        if self.product is Product.SDK:
            near = _nearest_releases(wanted, self.versions)
            return f"no fireworks-ai {_bare(wanted)}: the nearest are {near}; newest known is {newest.number}"
        import difflib

        words = [w for v in self.versions for w in (v.tag, v.id) if w] + list(names())
        near = ", ".join(difflib.get_close_matches(wanted, words, n=_SUGGESTED, cutoff=0.5))
        hint = f"; near it: {near}" if near else ""
        return (
            f"no cookbook version {wanted!r}{hint}. Give 'latest', a date, a tag, a commit, one of "
            f"{', '.join(names())}, or a folder that holds a cookbook. Known are {len(self.versions)} commits"
            f" from {self.versions[0].date} to {newest.date} ({newest.id})"
        )


@dataclass(frozen=True)
class Past:
    """The states of a timeline before ``states``: what old code may have meant."""

    timeline: Timeline
    states: int

    def answers(self, path: str) -> Iterator[tuple[str, Symbol | Module]]:
        """What stood at a path, the newest first; states that had nothing there are passed over."""
        for span in reversed(self.timeline.spans(path)):
            if span.first < self.states and isinstance(span.found, tuple):
                yield span.found

    def exports(self, module: str) -> frozenset[str]:
        """What ``from module import *`` has brought in any version."""
        history = self.timeline.history
        return history.module(module).ever_exported() if module in history.toggles else frozenset()

    def knows(self, path: str) -> bool:
        """Whether any of these states can tell if the path exists."""
        return any(s.first < self.states and s.found is not Absent.UNKNOWN for s in self.timeline.spans(path))


def _release_number(wanted: str) -> str:
    """``fireworks-ai[training]==1.2.2`` or ``1.2.2`` as ``1.2.2``."""
    if not wanted[:1].isdigit():
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            requirement = Requirement(wanted)
        except InvalidRequirement:
            return ""
        exact = [s.version for s in requirement.specifier if s.operator in ("==", "===")]
        return exact[0] if len(exact) == 1 else ""
    return wanted


def _bare(wanted: str) -> str:
    return _release_number(wanted) or wanted


def _number(text: str) -> Number | None:
    from packaging.version import InvalidVersion
    from packaging.version import Version as Number

    try:
        return Number(text)
    except InvalidVersion:
        return None


def _nearest_releases(wanted: str, versions: Iterable[Version]) -> str:
    """The releases on both sides of a number; for what is no number, those that are spelled alike."""
    numbers = [v.number or "" for v in versions]
    number = _number(_bare(wanted))
    if number is None:
        import difflib

        return ", ".join(difflib.get_close_matches(wanted, numbers, n=_SUGGESTED, cutoff=0)) or numbers[-1]
    place = sum(known <= number for n in numbers if (known := _number(n)))
    return ", ".join(numbers[max(0, place - 1) : place + 1])


@functools.cache
def timeline(product: Product) -> Timeline:
    """The bundled timeline of a product.

    Raises:
        FwdoctorError: its file is missing or damaged.
    """
    path = FOLDER / f"{product}.jsonl"
    history = History.load(path)
    try:
        return Timeline(product, history)
    except (LookupError, TypeError, ValueError) as error:
        raise FwdoctorError(f"{path}: the list of versions is damaged; reinstall fwdoctor") from error


def cookbook() -> Timeline:
    """The timeline of the cookbook."""
    return timeline(Product.COOKBOOK)


def sdk() -> Timeline:
    """The timeline of the SDK's training client."""
    return timeline(Product.SDK)


@functools.cache
def names() -> dict[str, str]:
    """Names that people give to versions of the cookbook, and the commits that they mean."""
    import tomllib

    path = FOLDER / "names.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))["cookbook"]
        return {str(name): str(commit) for name, commit in table.items()}
    except (OSError, ValueError, LookupError, AttributeError) as error:
        raise FwdoctorError(f"{path}: the names of versions are damaged; reinstall fwdoctor") from error


def name_of(version: Version) -> str | None:
    """The name of a version of the cookbook, if it has one."""
    return next((n for n, c in names().items() if (version.commit or "").startswith(c)), None)


#: The SDK release to use with each version of the cookbook: generated, because to work it out takes the time
#: in which `lint` looks at a file.
GOES_WITH = FOLDER / "goes_with.json"


@functools.cache
def sdk_of(version: Version) -> Version:
    """The SDK release to use with a version of the cookbook.

    The newest of its day that goes with it (:func:`releases_for`), or else the first that does: a cookbook
    may be published hours before the SDK that it needs.

    Raises:
        FwdoctorError: the file that says so is damaged.
    """
    try:
        rows = json.loads(GOES_WITH.read_text("utf-8"))
        number = next(number for index, number in reversed(rows) if index <= version.index)
        found = next(v for v in sdk().versions if v.number == number)
    except (OSError, ValueError, LookupError, TypeError, StopIteration) as error:
        raise FwdoctorError(f"{GOES_WITH}: the pairs of versions are damaged; reinstall fwdoctor") from error
    return found


def goes_with() -> str:
    """What that file is to hold: from which version of the cookbook on which release of the SDK."""
    rows: list[tuple[int, str]] = []
    for version in cookbook().versions:
        number = _sdk_of(version).number or ""
        if not rows or rows[-1][1] != number:
            rows.append((version.index, number))
    return json.dumps(rows) + "\n"


def _sdk_of(version: Version) -> Version:
    allowed = releases_for(version) or sdk().versions
    of_its_day = [r for r in allowed if r.date <= version.date]
    return of_its_day[-1] if of_its_day else allowed[0]


@functools.cache
def releases_for(version: Version) -> tuple[Version, ...]:
    """The SDK releases that go with a version of the cookbook.

    Those that its pin allows and that have what its own code uses; where no release has all of that, those
    that its pin allows.
    """
    from packaging.requirements import Requirement

    line = sdk()
    allowed = line.versions
    if version.sdk_pin is not None:
        allowed = releases_within(Requirement(version.sdk_pin).specifier)
    needed = sdk_range(version)
    if needed is None:
        return allowed
    return tuple(v for v in allowed if needed[0].index <= v.index <= needed[1].index) or allowed


def sdk_range(version: Version) -> tuple[Version, Version] | None:
    """The first and the last SDK release that has what a cookbook's own code uses; None if that is not known.

    The cookbook's pin is a promise; this is what was read from its recipes and helpers, as far as the SDK's
    public names go. A recipe that no release allowed by the pin fits is left out: that is its own mistake.
    """
    row = next((r for r in reversed(_pairs()) if r[0] <= version.index), None)
    if row is None or row[1] is None:
        return None
    first, last = sdk().release(row[1]), sdk().release(row[2])
    return None if first is None or last is None else (first, last)


@functools.cache
def _pairs() -> tuple[tuple[int, str, str], ...]:
    path = FOLDER / "pairs.json"
    try:
        rows = json.loads(path.read_text("utf-8"))
        return tuple((int(r[0]), r[1], r[2]) for r in rows)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: the pairs of versions are damaged; reinstall fwdoctor") from error


def releases_within(specifier: SpecifierSet) -> tuple[Version, ...]:
    """The SDK releases that a specifier allows, pre-releases included: the cookbook's pins name such."""
    return tuple(v for v in sdk().versions if specifier.contains(v.number or "", prereleases=True))


def is_sdk(requirement: str) -> bool:
    """Whether a requirement or a bare name means the SDK."""
    name = re.split(r"[\[=<>!~ @;]", requirement, maxsplit=1)[0]
    # As PEP 503 says it; packaging.utils would take 8 ms to load.
    return re.sub(r"[-_.]+", "-", name).lower() == "fireworks-ai"
