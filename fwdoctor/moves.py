"""Moves: how an old construct becomes a new one, as data (``fwdoctor_rules/moves``), typed.

What a target really takes is never said here; the codemods ask the target's surface.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ClassMove:
    """A settings class whose fields were renamed; ``new`` is None where the class dissolved."""

    rule: str
    old: str
    fields: Mapping[str, str]
    new: str | None = None
    import_from: str | None = None


@dataclass(frozen=True, slots=True)
class ArgumentMove:
    """What became of one keyword of a recipe's Config or main().

    ``how``: ``rename``; ``flatten`` (the fields of ``class_`` are passed one by one); ``into`` (it is a
    field ``new`` of the value of ``into=``); ``manager`` (dropped: the recipe builds its own); ``config``
    (it is the field ``new`` of the Config); ``keep`` (left in place for a person).
    """

    rule: str
    old: str
    how: str
    new: str | None = None
    into: str | None = None
    class_: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A field that is still accepted but no longer read; ``default`` are the values without effect."""

    class_: str
    field: str
    default: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What old recipes did with their trainer at the end: the ``main`` functions that kept it, or deleted it.

    ``left_running_while``: targets that have this name leave it running where their Config cannot say.
    """

    kept: tuple[str, ...]
    deleted: tuple[str, ...]
    left_running_while: str


@dataclass(frozen=True, slots=True)
class WrittenBack:
    """Fields that the old ``main`` functions wrote into their caller's Config, each with what to do now."""

    main: tuple[str, ...]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """What made an old recipe provision a reference: the ``shape``, or ``either`` it or kl_beta > 0."""

    config: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Moves:
    """All moves."""

    classes: Mapping[str, ClassMove]
    config: Mapping[str, ArgumentMove]
    main: Mapping[str, ArgumentMove]
    managers: frozenset[str]
    ignored: Mapping[tuple[str, str], Ignored]
    advice: Mapping[str, str]
    cleanup: Cleanup
    written_back: tuple[WrittenBack, ...]
    references: Mapping[str, ReferenceChoice]
    #: a path that the versions have to which the moves lead: to those before, none applies
    leads_to: str
    #: arguments that are to be left alone, because their rule is not wanted
    unwanted: frozenset[str] = frozenset()

    def only(self, allows: Callable[[str], bool]) -> Moves:
        """Those whose rule is wanted."""
        return replace(
            self,
            classes={k: m for k, m in self.classes.items() if allows(m.rule)},
            config={k: m for k, m in self.config.items() if allows(m.rule)},
            main={k: m for k, m in self.main.items() if allows(m.rule)},
            unwanted=frozenset(k for k, m in self.config.items() if not allows(m.rule)),
        )


@dataclass(frozen=True, slots=True)
class TrainerCall:
    """A call that made a trainer: ``makes`` a ``bundle`` (trainer, reference, deployment) or one ``trainer``.

    ``keywords`` are the arguments that the builder of a service client takes, by its own names. ``trainer``,
    ``job``, ``reference_job``, ``reference_when``, ``deployment``, ``deployment_when`` and ``timeout`` name
    the arguments that mean that; the service client settles what is ``absorbed`` by itself.
    """

    old: str
    makes: str
    keywords: Mapping[str, str]
    trainer: str
    job: str
    reference_when: str
    absorbed: tuple[str, ...]
    reference_job: str | None = None
    deployment: str | None = None
    deployment_when: str | None = None
    timeout: str | None = None


@dataclass(frozen=True, slots=True)
class Provisioning:
    """How code that provisions for itself becomes code that asks a service client; paths are dotted.

    ``bundle`` says what holds now what ``setup_infra`` returned (``{service}`` is the service client),
    ``bundle_trainer`` which field of the TrainerConfig, and ``bundle_readers`` which functions took it whole
    and what they read of it; ``spellings`` are the names that an argument of the
    builder had, ``advice`` is what to tell about lost arguments, ``words`` are rows for people.
    """

    builder: str
    client: str
    checkpoints: str
    cleanup: str
    syncer: str
    sampler: str
    deployments: tuple[str, ...]
    default_timeout: str
    calls: Mapping[str, TrainerCall]
    bundle: Mapping[str, str]
    bundle_readers: Mapping[str, tuple[str, ...]]
    bundle_trainer: Mapping[str, str]
    spellings: Mapping[str, tuple[str, ...]]
    advice: Mapping[str, str]
    words: Mapping[str, str]


@functools.cache
def provisioning() -> Provisioning:
    """The bundled moves of provisioning.

    Raises:
        FwdoctorError: the file is not TOML or a table has a missing or an unknown key.
    """
    path = fwdoctor_rules.DATA / "moves" / "provisioning.toml"
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        data["calls"] = {c.old: c for c in (_make(TrainerCall, t) for t in data.pop("call"))}
        for table in ("spellings", "bundle_readers"):
            data[table] = {k: tuple(v) for k, v in data[table].items()}
        return _make(Provisioning, data)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: cannot read these moves: {error}") from error


@functools.cache
def moves() -> Moves:
    """The bundled moves."""
    return load(fwdoctor_rules.DATA / "moves" / "recipe_launch.toml")


@dataclass(frozen=True, slots=True)
class Removed:
    """Names that are gone and that no codemod carries: ``path`` and all below it, ``*`` one part of it.

    ``new`` is what to use instead, None where nothing is known.
    """

    path: str
    new: str | None = None

    def covers(self, path: str) -> bool:
        """Whether this is about a path."""
        own, parts = self.path.split("."), path.split(".")
        return len(own) <= len(parts) and all(a in ("*", b) for a, b in zip(own, parts, strict=False))


@functools.cache
def removed() -> tuple[Removed, ...]:
    """The bundled list of names that are gone.

    Raises:
        FwdoctorError: the file is not TOML or a table has a missing or an unknown key.
    """
    path = fwdoctor_rules.DATA / "moves" / "removed.toml"
    try:
        tables = tomllib.loads(path.read_text("utf-8"))["removed"]
        return tuple(_make(Removed, t) for t in tables)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: cannot read this list: {error}") from error


def explanation(path: str) -> Removed | None:
    """What is known about a name that is gone and was not moved: the entry with the longest path."""
    return max((r for r in removed() if r.covers(path)), key=lambda r: len(r.path), default=None)


def successor(path: str) -> str | None:
    """What replaced the thing at a full dotted path, in a few words; None where nothing is known.

    ``training.utils.config.InfraConfig`` gives ``TrainerConfig``, ``….rl_loop.Config.infra`` ``trainer=``.
    """
    moved = _moved(path)
    if moved is not None:
        return moved
    found = explanation(path)
    return found.new if found else None


def _moved(path: str) -> str | None:
    known = moves()
    owner, _, name = path.rpartition(".")
    if (cls := known.classes.get(path)) is not None:
        return cls.new.rpartition(".")[2] if cls.new else "fields of the recipe's Config"
    if (of := known.classes.get(owner)) is not None:
        field = of.fields.get(name)
        return f"{(of.new or 'Config').rpartition('.')[2]}.{field}" if field else None
    if not owner.startswith("training.recipes."):
        return None
    table = known.config if owner.endswith(".Config") else known.main if owner.endswith(".main") else {}
    move = table.get(name)
    if move is None:
        return None
    match move.how:
        case "rename":
            return f"{move.new}="
        case "flatten":
            return "its fields, one by one"
        case "into":
            return f"{move.into}=TrainerConfig({move.new}=...)"
        case "config":
            return f"Config({move.new}=...)"
        case "manager":
            return "nothing: recipes build their own"
        case _:
            return None


def load(path: Path) -> Moves:
    """Read one file of moves.

    Raises:
        FwdoctorError: the file is not TOML or a table has a missing or an unknown key.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return Moves(
            classes={m.old: m for m in (_make(ClassMove, t) for t in data.get("class", ()))},
            config={m.old: m for m in (_make(ArgumentMove, t) for t in data.get("config", ()))},
            main={m.old: m for m in (_make(ArgumentMove, t) for t in data.get("main", ()))},
            managers=frozenset(t["old"] for t in data.get("manager", ())),
            ignored={(m.class_, m.field): m for m in (_make(Ignored, t) for t in data.get("ignored", ()))},
            advice=dict(data.get("advice", {})),
            cleanup=_make(Cleanup, data["cleanup"]),
            written_back=tuple(_make(WrittenBack, t) for t in data.get("written_back", ())),
            references={m.config: m for m in (_make(ReferenceChoice, t) for t in data.get("reference", ()))},
            leads_to=str(data["leads_to"]),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, LookupError, TypeError) as error:
        raise FwdoctorError(f"{path}: cannot read these moves: {error}") from error


def _make(kind: type[_T], table: dict[str, Any]) -> _T:
    values = {
        ("class_" if k == "class" else k): tuple(v) if isinstance(v, list) else v for k, v in table.items()
    }
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(values.keys() - known):
        raise LookupError(f"unknown key {unknown[0]!r}")
    return kind(**values)
