"""The surfaces of one comparison: the target, and what old code may have meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.model import UNKNOWN, Class, Function, Module, Surface, Symbol, signature_of
from fwdoctor.surface.timeline import Past


@dataclass(frozen=True)
class Surfaces:
    """The surfaces of one migration.

    ``past`` are the versions from which old code may come, of the cookbook and of the SDK. ``sdk`` is the
    SDK that goes with the target, None where any may.
    """

    target: Surface
    label: str
    past: tuple[Past, ...]
    sdk: Surface | None = None

    _canonical: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def canonical(self, path: str) -> str | None:
        """Where ``path`` lives in the target, or else in the newest older version that has it."""
        if path not in self._canonical:
            self._canonical[path] = self._find(path)
        return self._canonical[path]

    def _find(self, path: str) -> str | None:
        places = (s.canonical(path) for s in self.all_targets() if s.covers(path))
        return next((p for p in places if p), None) or next((p for p, _ in self.old(path)), None)

    def old(self, path: str) -> Iterator[tuple[str, Symbol | Module]]:
        """What stood at ``path`` in older versions, the newest first, and where it lived."""
        for past in self.past:
            yield from past.answers(path)

    def old_class(self, path: str) -> Class | None:
        """The class at ``path`` in the newest older version that has it."""
        return next((s for _, s in self.old(path) if isinstance(s, Class)), None)

    def class_then(self, path: str, state: int) -> Class | None:
        """The class at ``path`` in a state of the cookbook's past."""
        before = Past(self.past[0].timeline, state + 1) if self.past else None
        found = next((s for _, s in before.answers(path)), None) if before else None
        return found if isinstance(found, Class) else None

    def old_signatures(self, path: str) -> Iterator[Function]:
        """How ``path`` was called, the newest first."""
        return (f for _, s in self.old(path) if (f := signature_of(s)) is not None)

    def old_exports(self, module: str) -> frozenset[str]:
        """What ``from module import *`` has ever brought."""
        return frozenset().union(*(past.exports(module) for past in self.past))

    def is_called(self, path: str) -> bool:
        """Whether any version knows how ``path`` is called."""
        targets = any(s.signature(path) for s in self.all_targets())
        return targets or next(self.old_signatures(path), None) is not None

    def old_knows(self, path: str) -> bool:
        """Whether any older version can tell if ``path`` exists."""
        return any(past.knows(path) for past in self.past)

    def tells_apart(self, owner: str, name: str) -> bool:
        """Whether some versions of ``owner`` have ``name`` and others do not, or it cannot be told."""
        path = f"{owner}.{name}"
        versions = [*self.all_targets()]
        for timeline in (past.timeline for past in self.past):
            starts = {span.first for span in (*timeline.spans(owner), *timeline.spans(path))}
            versions += [timeline.of_state(state) for state in starts]
        found = {v.canonical(path) is not None for v in versions if isinstance(v.locate(owner), tuple)}
        unknown = any(isinstance(v.locate(owner), tuple) and v.locate(path) is UNKNOWN for v in versions)
        return unknown or len(found) != 1

    def all_targets(self) -> tuple[Surface, ...]:
        """The target's surfaces: the cookbook's, and the SDK's where it is known."""
        return (self.target,) if self.sdk is None else (self.target, self.sdk)
