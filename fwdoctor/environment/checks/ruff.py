"""Our entries in the project's configuration of ruff: does ruff use them, and are they up to date?

A project without them is fine. ruff says nothing where they are there and have no effect.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.reading import Reader, shown
from fwdoctor.environment.ruff_settings import Layer, Off, bans, chain, files_in, nearest, off
from fwdoctor.finding import CheckOutcome, Finding, Location
from fwdoctor.rulebook import rulebook

SECTION = "ruff"
ORDER = 80


def check(facts: Facts) -> CheckOutcome:
    """Look at the file that ruff takes for the folder, at those that it hides, and at those below."""
    # A reader of its own: a file that is no TOML is refused by ruff itself, and no problem of ours.
    facts = dataclasses.replace(facts, reader=Reader())
    folder = facts.folders[0]
    taken = nearest(folder, facts.reader)
    if taken is None:
        return outcome(SECTION, "no configuration of ruff")
    layers = _chain(facts, taken)
    if _holder(layers) is None:
        hidden = _hidden(facts, taken)
        if hidden is None:
            return outcome(SECTION, f"{shown(taken)} does not use fwdoctor's entries")
        return outcome(SECTION, shown(taken), [_hidden_finding(hidden, taken, folder)])
    findings: list[Finding] = []
    for finding in (*_judge(facts, layers), *_below(facts, layers)):
        if finding not in findings:  # a file below may extend this one
            findings.append(finding)
    return outcome(SECTION, f"fwdoctor's entries are in {shown(_held(layers).file)}", findings)


def _chain(facts: Facts, file: Path) -> list[Layer]:
    return chain(file, facts.environ, facts.reader)


def _ours(banned: Mapping[str, str] | None) -> dict[str, str]:
    """The entries that are ours: their messages name us."""
    return {name: message for name, message in (banned or {}).items() if "fwdoctor" in message}


def _holder(layers: Sequence[Layer]) -> Layer | None:
    """The first layer with entries of ours."""
    return next((layer for layer in layers if _ours(layer.banned)), None)


def _held(layers: Sequence[Layer]) -> Layer:
    holder = _holder(layers)
    assert holder is not None
    return holder


# --- the file that counts -----------------------------------------------------------------------------


def _judge(facts: Facts, layers: Sequence[Layer]) -> list[Finding]:
    """Judge a chain with entries of ours in it."""
    holder, counts = _held(layers), bans(layers)
    assert counts is not None
    if counts is not holder:
        name = counts.file.name
        own = Off(
            counts.file,
            f"{name} has a banned-api table of its own, which replaces the inherited one",
            f"merge the entries into the banned-api table of {name}",
        )
        return [_inactive(holder.file, own)]
    if (why := off(layers)) is not None:
        return [_inactive(holder.file, why)]
    return _stale(facts, holder)


def _inactive(holder: Path, why: Off) -> Finding:
    return rulebook()["FWS601"].finding(
        location=Location(shown(why.file)),
        resource=shown(holder),
        holder=shown(holder),
        reason=why.reason,
        advice=f"{why.advice[0].upper()}{why.advice[1:]}.",
    )


# --- files that hide others ---------------------------------------------------------------------------


def _hidden(facts: Facts, taken: Path) -> Path | None:
    """A file with entries of ours that ruff would take, were the one not there that it takes."""
    for folder in facts.folders:
        for file in files_in(folder, facts.reader):
            if file == taken or _holder(_chain(facts, file)) is None:
                continue
            # A part of the project that has nothing to do with Fireworks may well have its own settings.
            if file.parent == taken.parent or _use_fireworks(_sources(facts)):
                return file
    return None


def _hidden_finding(hidden: Path, taken: Path, folder: Path) -> Finding:
    """The finding that ``taken`` hides a file with entries of ours from a folder."""
    if hidden.parent == taken.parent:
        reason = f"ruff reads {taken.name} instead, and nothing else in that folder"
    else:
        reason = f"for {shown(folder)} ruff reads {shown(taken)} alone, which does not extend it"
    advice = f"name that file with extend in {shown(taken)}, or merge the entries into it"
    return _inactive(hidden, Off(taken, reason, advice))


def _below(facts: Facts, layers: Sequence[Layer]) -> Iterator[Finding]:
    """Judge the files that ruff takes for folders below, where code lies that uses Fireworks."""
    for file, sources in sorted(_nested(facts).items()):
        nested = _chain(facts, file)
        if _holder(nested) is not None:
            yield from _judge(facts, nested)
        elif _use_fireworks(sources):
            yield _hidden_finding(_held(layers).file, file, file.parent)


def _use_fireworks(sources: Iterable[str]) -> bool:
    from fwdoctor.source.sieve import sieve

    return any(isinstance(data, bytes) for _, data in sieve(sources))


def _sources(facts: Facts) -> tuple[str, ...]:
    from fwdoctor.source.discovery import discover

    return discover([facts.path]).files


def _nested(facts: Facts) -> dict[Path, list[str]]:
    """The configuration files below the folder, each with the sources that ruff takes it for.

    Other people's projects are left out: the cookbook's checkout, and repositories inside this one.
    """
    top = facts.folders[0]
    others = {facts.cookbook.folder} if facts.cookbook is not None else set()
    known: dict[Path, Path | None] = {top: None}

    def taken(folder: Path) -> Path | None:
        if folder not in known:
            if folder in others or folder.parent == folder or (folder / ".git").exists():
                known[folder] = None
            else:
                own = files_in(folder, facts.reader)
                known[folder] = own[0] if own else taken(folder.parent)
        return known[folder]

    found: dict[Path, list[str]] = {}
    for source in _sources(facts) if facts.path == top else ():
        file = taken(Path(source).parent)
        if file is not None:
            found.setdefault(file, []).append(source)
    return found


# --- the entries --------------------------------------------------------------------------------------


def _stale(facts: Facts, holder: Layer) -> list[Finding]:
    """The finding that the entries are not today's, neither for the newest cookbook nor for the one here."""
    import tomllib

    from fwdoctor.environment.surfaces import cookbook_there
    from fwdoctor.lint import ruff_config

    ours = _ours(holder.banned)
    if holder.file == ruff_config.shipped():
        return []
    shipped = Layer(ruff_config.shipped(), tomllib.loads(ruff_config.shipped().read_text("utf-8"))).banned
    if ours == shipped:
        return []
    there = cookbook_there(facts)
    if there is not None and ours == ruff_config.entries(there.version):
        return []
    return [
        rulebook()["FWS602"].finding(
            location=Location(shown(holder.file)),
            resource=shown(holder.file),
            holder=shown(holder.file),
            difference=_difference(ours, shipped or {}),
        )
    ]


def _difference(ours: Mapping[str, str], shipped: Mapping[str, str]) -> str:
    missing = len(shipped.keys() - ours.keys())
    surplus = len(ours.keys() - shipped.keys())
    changed = sum(ours[name] != shipped[name] for name in ours.keys() & shipped.keys())
    counts = ((missing, "missing"), (surplus, "no longer banned"), (changed, "with another message"))
    return ", ".join(f"{count} {what}" for count, what in counts if count)
