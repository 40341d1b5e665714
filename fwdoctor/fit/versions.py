"""Which of the stored versions code fits, and where it does not: of the cookbook and of the SDK."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property, lru_cache

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import span
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.finding import Location, Problem
from fwdoctor.fit import project
from fwdoctor.fit.answers import Wrong, answer, eras, product_of, was_right
from fwdoctor.fit.misfits import BREAKING, place_of
from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.uses import Asks, Question, Use, is_guarded, unseen, uses
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.source.sieve import sieve
from fwdoctor.source.text import UnreadableSource, decode_source, parse_guarded
from fwdoctor.surface import timeline
from fwdoctor.surface.model import Surface
from fwdoctor.surface.reader import no_garbage
from fwdoctor.surface.timeline import Past, Product, Version

#: How many files are opened before what is left of them is collected.
_COLLECT_AFTER = 100
#: What is wrong at a site, in few words: many of them share one finding.
_SHORT = {
    "FWD107": "no {name}",
    "FWD108": "{callee} takes no {name}",
    "FWD114": "{callee} needs {name}",
}


@dataclass(frozen=True)
class Site:
    """One place that does not fit, and when what it asks for went or came.

    ``dropped_by`` is the first version without it (or, of a needed argument, with the need), ``added_by`` the
    first of a later one that has it; None where no such version is known.
    """

    location: Location
    rule: str
    message: str
    name: str
    dropped_by: Version | None = None
    added_by: Version | None = None

    def __str__(self) -> str:
        return f"{self.location.path}:{self.location.line} ({self.message}{self._when()})"

    def _when(self) -> str:
        """``: 1311b610 (2026-07-17) added it and needs fireworks-ai>=…``, or nothing."""
        needed = self.rule == "FWD114"
        if self.dropped_by is not None:
            return f": {_named(self.dropped_by)} {'asks for it first' if needed else 'dropped it'}"
        if self.added_by is not None:
            pin = f" and needs {self.added_by.sdk_pin}" if self.added_by.sdk_pin else ""
            return f": {_named(self.added_by)} {'asks no more for it' if needed else 'added it'}{pin}"
        return ""


def _named(version: Version) -> str:
    return version.label.removeprefix("cookbook ")


class FileFit:
    """What a file asks of the cookbook and the SDK, and which versions give it."""

    def __init__(self, port: Port) -> None:
        self.path = port.path
        self._source = port.source
        self._uses = tuple(
            use
            for use in uses(port, look_through=True)
            if not (_misfits(use.question) and is_guarded(port, use.node))
        )
        #: what is spread into calls and cannot be looked into
        self.unseen = tuple(port.source.location(port.path, node) for node in unseen(port))

    @cached_property
    def products(self) -> frozenset[Product]:
        """What the file uses."""
        return frozenset(
            product_of(u.question.path) for u in self._uses if u.question.asks is not Asks.STRING
        )

    @cached_property
    def questions(self) -> frozenset[Question]:
        """All that the file asks."""
        return frozenset(u.question for u in self._uses)

    def places(self) -> Iterator[tuple[Use, Location]]:
        """Every use and where it stands, in the order of the lines."""
        for use in sorted(self._uses, key=lambda u: span(u.node)):
            yield use, self._source.location(self.path, use.node)

    def misfits(self, product: Product) -> int:
        """The states that the file does not fit, as a bit mask."""
        mask = 0
        for question in self.questions:
            if product_of(question.path) is product:
                mask |= _misfits(question)
        return mask

    def sites(self, version: Version) -> list[Site]:
        """The places that break with a stored version. None: the file fits it."""
        surface = timeline.timeline(version.product).surface(version)
        return list(self._sites(surface, version.product, version.state))

    def sites_in(self, surface: Surface, product: Product, state: int) -> list[Site]:
        """The places that break with a surface on disk; ``state`` is its place in the timeline."""
        return list(self._sites(surface, product, state))

    def _sites(self, surface: Surface, product: Product, state: int) -> Iterator[Site]:
        found: list[tuple[int, Use, Wrong]] = []
        for i, use in enumerate(self._uses):
            if product_of(use.question.path) is product:
                found += [(i, use, w) for w in answer(use.question, surface) if _counts(use.question, w)]
        for _, use, wrong in sorted(found, key=lambda f: (span(place_of(f[1], f[2])), f[0])):
            dropped, added = _when(use.question, wrong, state)
            yield Site(
                self._source.location(self.path, place_of(use, wrong)),
                wrong.rule,
                _SHORT[wrong.rule].format(callee=use.callee, name=_called(use, wrong)),
                wrong.name,
                dropped,
                added,
            )


def _called(use: Use, wrong: Wrong) -> str:
    """The name that is missing, with the class whose attribute or field it is."""
    question = use.question
    if question.asks is Asks.ATTRIBUTE:
        return f"{question.path.rpartition('.')[2]}.{wrong.name}"
    return wrong.name


def _counts(question: Question, wrong: Wrong) -> bool:
    """Whether it makes the code fail, and some version had it: what none had says nothing about versions.

    Setting an attribute that the class lacks does not fail, nor does a field of a subclass's own.
    """
    harmless = (Asks.OWN_ATTRIBUTE, Asks.REDECLARED_FIELD)
    return wrong.rule in BREAKING and question.asks not in harmless and was_right(question, wrong)


@lru_cache(maxsize=2**16)
def _misfits(question: Question) -> int:
    """The states that a question does not fit, as a bit mask."""
    mask = 0
    for era in eras(question):
        if any(_counts(question, wrong) for wrong in era.wrong):
            mask |= (1 << era.last + 1) - (1 << era.first)
    return mask


def _when(question: Question, wrong: Wrong, state: int) -> tuple[Version | None, Version | None]:
    """The first version that lacks it after those that had it, and the first later one that has it."""
    line = timeline.timeline(product_of(question.path))
    right = [e for e in eras(question) if e.there and wrong not in e.wrong]
    before = [e for e in right if e.first <= state]
    after = [e for e in right if e.first > state]
    dropped = before[-1].last + 1 if before else None
    if dropped is not None and dropped >= len(line.states):
        dropped = None
    return (
        None if dropped is None else line.states[dropped][0],
        line.states[after[0].first][0] if after else None,
    )


def compare(files: Iterable[str]) -> tuple[list[FileFit], list[Problem]]:
    """Open each file that uses the cookbook or the SDK. Files that cannot be read are problems."""
    with no_garbage():
        return _compare(files)


def _compare(files: Iterable[str]) -> tuple[list[FileFit], list[Problem]]:
    opened = 0
    result: list[FileFit] = []
    problems: list[Problem] = []
    for path, data in sieve(files):
        if isinstance(data, Problem):
            problems.append(data)
            continue
        if project.is_library(path):
            continue
        try:
            port = _open(path, data, project.module_name(path))
            opened += 1
            if opened % _COLLECT_AFTER == 0:
                gc.collect()  # a syntax tree and its model refer to each other
            if not project.lookalike(path, port.model) and (fit := FileFit(port)).products:
                result.append(fit)
        except UnreadableSource as error:
            problems.append(error.problem)
        except RecursionError:
            problems.append(Problem("nested too deeply to look at", path))
    return result, problems


def of_source(path: str, data: bytes, module_name: str) -> FileFit:
    """One file of a package, of which only the bytes are there.

    Raises:
        UnreadableSource, RecursionError: it is no Python, or nested too deeply.
    """
    return FileFit(_open(path, data, module_name))


def _open(path: str, data: bytes, module_name: str | None) -> Port:
    source = decode_source(path, data)
    tree = parse_guarded(source)
    return open_port(path, source.text, Context(_everything(), module_name), source.newline, tree)


@cache
def _everything() -> Surfaces:
    """All versions at once: a name is resolved if any of them has it."""
    cookbook, sdk = timeline.cookbook(), timeline.sdk()
    past = (Past(cookbook, len(cookbook.states)), Past(sdk, len(sdk.states)))
    return Surfaces(cookbook.surface(cookbook.newest), cookbook.newest.label, past)


@dataclass(frozen=True)
class Interval:
    """Neighbouring states that code fits: from the first version of one to the last of another."""

    first: Version
    last: Version

    def __str__(self) -> str:
        line = timeline.timeline(self.first.product)
        if self.first.product is Product.SDK:
            newest = self.last is line.newest
            if self.first is self.last:
                return f"fireworks-ai {self.first.number}"
            end = f"{self.last.number} (the newest known)" if newest else f"{self.last.number}"
            return f"fireworks-ai {self.first.number} to {end}"
        until = line.until(self.last.state)
        since = self.first.date
        if self.first.state == self.last.state and until is not None and until == since:
            return f"cookbook {self.first.id} ({since})"
        ends = f"to {until}" if until else "on"
        commits = self.first.id if self.first.state == self.last.state else f"{self.first.id}…{self.last.id}"
        return f"cookbook {commits} ({since} {ends})" if until else f"cookbook {commits} (from {since} on)"


def intervals(fits: Sequence[FileFit], product: Product) -> list[Interval]:
    """The versions that all of the files fit, as intervals, oldest first."""
    line = timeline.timeline(product)
    mask = 0
    for fit in fits:
        mask |= fit.misfits(product)
    result: list[Interval] = []
    start: int | None = None
    for state in range(len(line.states) + 1):
        good = state < len(line.states) and not mask >> state & 1
        if good and start is None:
            start = state
        elif not good and start is not None:
            result.append(Interval(line.states[start][0], line.states[state - 1][-1]))
            start = None
    return result


def written_for(port: Port) -> int | None:
    """The newest state of the cookbook before the target that a file fits; None if it fits none of them."""
    return next(reversed(fitting(port)), None)


def fitting(port: Port) -> tuple[int, ...]:
    """The states of the cookbook before the target that a file fits, oldest first."""
    states = port.surfaces.past[0].states if port.surfaces.past else 0
    mask = FileFit(port).misfits(Product.COOKBOOK)
    return tuple(state for state in range(states) if not mask >> state & 1)


def closest(fits: Sequence[FileFit], product: Product) -> Version:
    """Of all versions the one with which the fewest questions go wrong; of several, the newest."""
    line = timeline.timeline(product)
    questions = {q for f in fits for q in f.questions if product_of(q.path) is product}
    masks = [mask for q in questions if (mask := _misfits(q))]
    counts = [sum(mask >> state & 1 for mask in masks) for state in range(len(line.states))]
    best = max(state for state, count in enumerate(counts) if count == min(counts))
    return line.states[best][-1]


def sdk_for(cookbook: Version, fits: Sequence[FileFit]) -> Version | None:
    """The SDK release to stay with: of the cookbook's time, allowed by its pin, and fit for the code."""
    mask = 0
    for fit in fits:
        mask |= fit.misfits(Product.SDK)
    good = [v for v in timeline.releases_for(cookbook) if not mask >> v.state & 1]
    until = timeline.cookbook().until(cookbook.state)
    of_its_time = [v for v in good if until is None or v.date <= until]
    if cookbook is timeline.cookbook().newest:
        of_its_time = [v for v in good if v.date <= cookbook.date]
    return of_its_time[-1] if of_its_time else (good[0] if good else None)
