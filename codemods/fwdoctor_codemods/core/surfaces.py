"""The surfaces of one comparison: the target, and what old code may have meant."""

from __future__ import annotations

from dataclasses import dataclass, field

from fwdoctor.surface.model import Surface


@dataclass(frozen=True)
class Surfaces:
    """The surfaces of one migration.

    ``origins`` are older versions of the cookbook, newest first: what a name meant in old code. ``sdk``
    is the SDK that goes with the target, ``sdk_origins`` older ones.
    """

    target: Surface
    label: str
    origins: tuple[Surface, ...]
    sdk: Surface | None = None
    sdk_origins: tuple[Surface, ...] = ()

    _canonical: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def canonical(self, path: str) -> str | None:
        """Where ``path`` lives in the target, or else in the newest older version that has it."""
        if path not in self._canonical:
            surfaces = (*self.all_targets(), *self.older())
            places = (s.canonical(path) for s in surfaces if s.covers(path))
            self._canonical[path] = next((place for place in places if place), None)
        return self._canonical[path]

    def older(self) -> tuple[Surface, ...]:
        """Every older version, of the cookbook and of the SDK."""
        return (*self.origins, *self.sdk_origins)

    def all_targets(self) -> tuple[Surface, ...]:
        """The target's surfaces: the cookbook's, and the SDK's where it is known."""
        return (self.target,) if self.sdk is None else (self.target, self.sdk)
