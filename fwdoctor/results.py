"""What ``fwdoctor surface`` and ``fwdoctor skill`` answer: frozen data, in the shape of its JSON.

As with :mod:`fwdoctor.finding`, the verbs make it and the reporters show it.
"""

from __future__ import annotations

from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True)
class VersionRef:
    """A version of the cookbook (a commit) or of the SDK (a release). Dates are ISO 8601."""

    product: str
    id: str
    label: str
    date: str
    commit: str | None = None
    tag: str | None = None
    sdk_pin: str | None = None


@dataclass(frozen=True)
class Signature:
    """One field or parameter; ``default`` and ``annotation`` are source text, null where there is none."""

    name: str
    kind: str
    annotation: str | None
    default: str | None
    deprecated: bool
    text: str


@dataclass(frozen=True)
class MethodResult:
    """A method and its parameters, without ``self``; ``complete`` is false if it may take more."""

    name: str
    parameters: tuple[Signature, ...]
    complete: bool
    deprecated: bool


@dataclass(frozen=True)
class PartChange:
    """One part that changed: a field, a parameter, a method …; ``text`` is how people read it."""

    how: str
    what: str
    name: str
    before: str | None
    after: str | None
    text: str


@dataclass(frozen=True)
class SiteResult:
    """A place in the user's code; ``dropped_by``/``added_by`` say when what it asks for went and came."""

    path: str
    line: int | None
    column: int | None
    rule: str | None
    message: str
    dropped_by: VersionRef | None = None
    added_by: VersionRef | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a name in a version."""

    how: str
    version: VersionRef
    changes: tuple[PartChange, ...] = ()


@dataclass(frozen=True)
class ShowResult:
    """What one version has at a path. ``what`` is null where it has nothing there.

    ``fields`` are a dataclass's, ``parameters`` those of the call (of a class, its constructor's).
    ``complete``: the source shows all fields and parameters. ``names`` are a module's own public names.
    ``source`` is the file; of what is gone, the file and the last version that had it. ``history`` is
    everything that happened to it, oldest first.
    """

    asked: str
    version: str
    path: str
    what: str | None
    source: str | None
    complete: bool
    deprecated: bool
    bases: tuple[str, ...]
    members: tuple[str, ...]
    fields: tuple[Signature, ...]
    parameters: tuple[Signature, ...]
    methods: tuple[MethodResult, ...]
    attributes: tuple[str, ...]
    names: tuple[str, ...]
    history: tuple[Event, ...]
    replaced_by: str | None


@dataclass(frozen=True)
class ChangeResult:
    """A name that came, went, moved or changed; ``sites`` is where code uses it, if any was given."""

    how: str
    what: str
    path: str
    moved_to: str | None
    replaced_by: str | None
    names: tuple[str, ...]
    parts: tuple[PartChange, ...]
    sites: tuple[SiteResult, ...] = ()


@dataclass(frozen=True)
class DiffResult:
    """What changed between two versions, or only what touches the code ``used_by``."""

    old: str
    new: str
    used_by: str | None
    changes: tuple[ChangeResult, ...]


@dataclass(frozen=True)
class IntervalResult:
    """Versions next to each other; ``until`` is the last day of the last one, null if it is the newest."""

    first: VersionRef
    last: VersionRef
    until: str | None
    text: str


@dataclass(frozen=True)
class BreakResult:
    """A version that code does not fit, and where."""

    version: VersionRef
    sites: tuple[SiteResult, ...]


@dataclass(frozen=True)
class GroupResult:
    """Files that fit the same versions; none, if each breaks with all of them."""

    files: tuple[str, ...]
    fits: tuple[IntervalResult, ...]


@dataclass(frozen=True)
class ProductFit:
    """The versions of one product that code fits, and what breaks on both sides of them.

    ``groups``: where no version fits all of it, the files by the versions that they fit.
    """

    files: int
    fits: tuple[IntervalResult, ...]
    breaks: tuple[BreakResult, ...]
    groups: tuple[GroupResult, ...] = ()


@dataclass(frozen=True)
class WayOut:
    """What to do, and the commands that do it."""

    text: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class FitResult:
    """Which versions code fits. A product that it does not use is null.

    ``unseen`` are calls that spread arguments which cannot be looked into: they may break all the same.
    """

    path: str
    files: int
    cookbook: ProductFit | None
    sdk: ProductFit | None
    requirement: str | None
    stay: WayOut | None
    move_on: WayOut | None
    unseen: tuple[SiteResult, ...] = ()


@dataclass(frozen=True)
class ModuleResult:
    """A module of a surface that was read: its own public names, with what they are."""

    name: str
    names: dict[str, str]
    complete: bool


@dataclass(frozen=True)
class BuildResult:
    """A surface that was read, and the stored version that it is, or that is nearest to it."""

    path: str
    product: str
    modules: tuple[ModuleResult, ...]
    version: VersionRef | None
    nearest: VersionRef
    distance: int
    saved: str | None = None


@dataclass(frozen=True)
class SkillPlace:
    """A folder in which an agent looks for the skill.

    ``state`` is what it held: ``absent``, ``current``, ``outdated``, ``newer``, ``changed`` (by somebody,
    since fwdoctor installed it), ``foreign``, ``broken-link``, ``unreadable``; ``version`` is that of the
    copy. ``action`` is what was done: ``installed``, ``updated``, ``replaced``, ``up to date``, or null.
    """

    agent: str
    scope: str
    folder: str
    state: str
    version: str | None
    changed: tuple[str, ...]
    action: str | None
    note: str | None


@dataclass(frozen=True)
class SkillResult:
    """The skill that this fwdoctor brings, and the places where agents look for it.

    ``reason`` says how the agents were chosen, where nobody named them.
    """

    name: str
    version: str
    folder: str
    places: tuple[SkillPlace, ...]
    reason: str | None = None
