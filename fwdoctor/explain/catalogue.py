"""The classes of errors, as ``rules/errors/*.toml`` declares them, typed. A bad entry is a clear error."""

from __future__ import annotations

import dataclasses
import functools
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.explain.template import Template
from fwdoctor.finding import Remedy, Severity, Side
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import RULE_ID, RULE_NAME, Rule


@dataclass(frozen=True)
class Pattern:
    """One way in which an error shows itself.

    ``text`` is a message template (:class:`Template`), ``reason`` a token that the platform itself puts
    into a structured answer (``DATASET_INVALID``). The rest narrows it: ``status`` are the HTTP statuses
    that the message must carry in ``<status>``, or show on its line; ``exception`` the types that may
    carry it; ``values`` what a placeholder may hold; of ``near`` one must stand close by, of ``unless``
    none; ``check`` names a function of :mod:`fwdoctor.explain.checks` that has the last word.
    """

    text: str | None = None
    reason: str | None = None
    status: tuple[int, ...] = ()
    exception: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    near: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    check: str | None = None

    @property
    def matched_by(self) -> str:
        """What the match rests on: ``reason``, ``status``, or the wording alone (``text``)."""
        return "reason" if self.reason else "status" if self.status else "text"

    @functools.cached_property
    def template(self) -> Template:
        """The message to look for; a reason is looked for as it is."""
        return Template(self.text or self.reason or "")


@dataclass(frozen=True)
class Entry:
    """One class of errors.

    ``stale_sdk`` says that an SDK which does not fit is behind it. A ``wrapper`` carries another error
    inside and is told only where that is unknown. ``follows`` names the classes of which this one may be a
    mere consequence, ``places`` the files whose exceptions are of this class when no message says more
    (parts of paths; the longest wins). ``when`` says for which versions it holds, ``seed_rows`` which rows
    of the vendor's table ask for it.
    """

    rule: Rule
    patterns: tuple[Pattern, ...]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    stale_sdk: bool = False
    wrapper: bool = False
    follows: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    when: str | None = None
    seed_rows: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.rule.name


class Catalogue(Mapping[str, Entry]):
    """All classes, by name."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = {e.name: e for e in sorted(entries, key=lambda e: e.rule.id)}

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    #: the same book only if it is this one: automata are kept by it
    __hash__ = object.__hash__
    __eq__ = object.__eq__


#: The entries without their examples, generated from the TOML files: these take five times as long to read.
COMPILED = fwdoctor_rules.DATA / "errors" / "compiled.json"


@functools.cache
def catalogue() -> Catalogue:
    """The bundled catalogue, without examples.

    Raises:
        FwdoctorError: what is compiled of it cannot be read.
    """
    try:
        tables = json.loads(COMPILED.read_bytes())
    except (OSError, ValueError) as error:
        raise FwdoctorError(f"{COMPILED}: cannot read the errors: {error}") from error
    return Catalogue([_entry(COMPILED, table | _NO_EXAMPLES) for table in tables])


@functools.cache
def full_catalogue() -> Catalogue:
    """The bundled catalogue as it was written, with its examples."""
    return load(fwdoctor_rules.DATA / "errors")


def compiled(folder: Path) -> str:
    """What ``compiled.json`` must hold."""
    tables = [
        t for path in sorted(folder.glob("*.toml")) for t in tomllib.loads(path.read_text("utf-8"))["error"]
    ]
    kept = [{k: v for k, v in t.items() if k not in _NO_EXAMPLES} for t in tables]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


def load(folder: Path) -> Catalogue:
    """Read every entry below a folder.

    Raises:
        FwdoctorError: a file is not TOML, an entry is incomplete or has an unknown key, a template is
            malformed, an id or a name is taken twice.
    """
    entries: list[Entry] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text("utf-8")).get("error", [])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise FwdoctorError(f"{path}: cannot read these errors: {error}") from error
        entries += [_entry(path, table) for table in tables]
    seen: set[str] = set()
    for entry in entries:
        for key in (entry.rule.id, entry.name):
            if key in seen:
                raise FwdoctorError(f"{folder}: {key} is there twice")
            seen.add(key)
    return Catalogue(entries)


_KEYS = {
    "id": str,
    "name": str,
    "title": str,
    "severity": str,
    "side": str,
    "cause": str,
    "remedy": list,
    "reference": str,
    "source": str,
    "match": list,
    "examples": list,
    "counter_examples": list,
}
_NO_EXAMPLES: dict[str, list[str]] = {"examples": ["-"], "counter_examples": ["-"]}
_OPTIONAL = {
    "stale_sdk": bool,
    "wrapper": bool,
    "follows": list,
    "places": list,
    "when": str,
    "seed_rows": list,
}


def _entry(path: Path, table: dict[str, Any]) -> Entry:
    label = f"{path}: {table.get('id', '?')} {table.get('name', '?')}"
    if missing := [k for k in _KEYS if not table.get(k)]:
        raise FwdoctorError(f"{label}: {missing[0]!r} is missing")
    if unknown := sorted(table.keys() - _KEYS.keys() - _OPTIONAL.keys()):
        raise FwdoctorError(f"{label}: unknown key {unknown[0]!r}")
    for key, kind in (_KEYS | _OPTIONAL).items():
        if key in table and not isinstance(table[key], kind):
            raise FwdoctorError(f"{label}: {key!r} is to be a {kind.__name__}")
    if not RULE_ID.fullmatch(table["id"]) or not RULE_NAME.fullmatch(table["name"]):
        raise FwdoctorError(f"{label}: an id is like FWE101, a name like trainer-failed")
    try:
        rule = Rule(
            id=table["id"],
            name=table["name"],
            severity=Severity(table["severity"]),
            side=Side(table["side"]),
            message=table["title"],
            why=table["cause"],
            remedy=tuple(Remedy(s["text"], tuple(s.get("commands", ()))) for s in table["remedy"]),
            reference=table["reference"],
            source=table["source"],
        )
        return Entry(
            rule=rule,
            patterns=tuple(_pattern(label, m) for m in table["match"]),
            examples=tuple(table["examples"]),
            counter_examples=tuple(table["counter_examples"]),
            stale_sdk=table.get("stale_sdk", False),
            wrapper=table.get("wrapper", False),
            follows=tuple(table.get("follows", ())),
            places=tuple(table.get("places", ())),
            when=table.get("when"),
            seed_rows=tuple(table.get("seed_rows", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise FwdoctorError(f"{label}: {error}") from error


def _pattern(label: str, table: dict[str, Any]) -> Pattern:
    known = {f.name for f in dataclasses.fields(Pattern)}
    if unknown := sorted(table.keys() - known):
        raise FwdoctorError(f"{label}: unknown key of a match: {unknown[0]!r}")
    if bool(table.get("text")) == bool(table.get("reason")):
        raise FwdoctorError(f"{label}: a match has either 'text' or 'reason'")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    values["values"] = {k: tuple(v) for k, v in table.get("values", {}).items()}
    pattern = Pattern(**values)
    try:
        names = pattern.template.names
    except FwdoctorError as error:
        raise FwdoctorError(f"{label}: {error}") from error
    if stray := sorted(pattern.values.keys() - set(names)):
        raise FwdoctorError(f"{label}: values of {stray[0]!r}, which {pattern.text!r} does not have")
    return pattern
