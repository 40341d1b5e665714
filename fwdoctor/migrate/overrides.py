"""Settings of recipes that stand outside Python: YAML that instantiates a Config, and command lines.

Only where it is certain whose settings they are: below ``_target_: training.recipes.rl_loop.Config`` in a
YAML file (Hydra's notation), and on a command line that runs a recipe's module. Keys that were renamed are
renamed in YAML, by their bytes; everything else is told. ``infra:`` is a common word: without such evidence
not a byte is touched and nothing is said. The flags of a script are its users' interface, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fwdoctor_codemods.core.port import shown_setting
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.finding import FileOutcome, FileStatus, Finding, Location
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.migrate.markers import MARKER
from fwdoctor.migrate.writing import Result
from fwdoctor.moves import moves
from fwdoctor.rulebook import rulebook
from fwdoctor.source.write import unified_diff

YAML = (".yaml", ".yml")
SHELL = (".sh", ".bash")
SUFFIXES = (*YAML, *SHELL)
RULE = "FWD116"

_KEY = re.compile(r"(?P<indent>[ ]*)(?P<key>[A-Za-z_]\w*)(?P<colon>\s*:)(?P<value>(?:[ \t].*)?)$")
_TARGET = re.compile(r"""["']?(?P<path>training(?:\.\w+)+)["']?\s*(?:#.*)?$""")
_RUN = re.compile(r"-m\s+training\.recipes\.(?P<recipe>\w+)")
_OVERRIDE = re.compile(r"(?<![\w.-])(?P<plus>[+~]{0,2})(?P<path>[a-z_]+(?:\.[a-z_]+)*)=(?P<value>[^\s\\]*)")


def concerns(data: bytes) -> bool:
    """Whether a file may hold settings of recipes at all."""
    return b"training." in data


def port(path: str, data: bytes, surfaces: Surfaces, *, diff: bool) -> Result | None:
    """What becomes of a file; None where it is not about the cookbook, or is no UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    lines = text.splitlines(keepends=True)
    found = list((_yaml if path.lower().endswith(YAML) else _shell)(lines, surfaces))
    if not found:
        return None
    new, todo, moved = _written(path, lines, found, surfaces.label)
    encoded = "".join(new).encode("utf-8")
    changed = encoded != data
    status = FileStatus.PARTIAL if todo else FileStatus.PORTED
    outcome = FileOutcome(
        path,
        status,
        moves={rulebook()[RULE].name: moved} if moved else {},
        todo=tuple(todo),
        diff=unified_diff(path, data, encoded) if diff and changed else None,
        changed=changed,
    )
    return Result(outcome, tuple(todo), data, encoded if changed else None)


@dataclass(frozen=True)
class _Hit:
    """A setting on a line (from 0). ``rename`` is its new key, written in its place; else it is told.

    ``marker``: a comment above the line may say so.
    """

    line: int
    old: str
    new: str
    rename: str | None = None
    start: int = 0
    end: int = 0
    marker: bool = False


def _written(
    path: str, lines: Sequence[str], hits: Sequence[_Hit], label: str
) -> tuple[list[str], list[Finding], int]:
    """The new lines, the findings by line of them, and how many keys were renamed."""
    result: list[str] = []
    todo: list[Finding] = []
    moved = 0
    for number, line in enumerate(lines):
        own = [h for h in hits if h.line == number]
        for hit in (h for h in own if h.rename is None):
            finding = rulebook()[RULE].fill({"old": hit.old, "new": hit.new, "target": label, "path": path})
            marker = f"{MARKER}{RULE} {finding.message}"
            if hit.marker and not any(marker in above for above in _comments(result)):
                indent = line[: len(line) - len(line.lstrip(" "))]
                end = "\r\n" if line.endswith("\r\n") else "\n"
                result.append(f"{indent}{marker}{end}")
            place = Location(path, len(result) + 1)
            todo.append(rulebook()[RULE].fill(dict(finding.variables), location=place))
        for hit in sorted((h for h in own if h.rename is not None), key=lambda h: -h.start):
            line = f"{line[: hit.start]}{hit.rename}{line[hit.end :]}"
            moved += 1
        result.append(line)
    return result, todo, moved


def _comments(lines: Sequence[str]) -> Iterator[str]:
    for line in reversed(lines):
        if not line.lstrip().startswith("#"):
            return
        yield line


# --- YAML --------------------------------------------------------------------------------------------


def _yaml(lines: Sequence[str], surfaces: Surfaces) -> Iterator[_Hit]:
    seen: set[int] = set()
    for number, line in enumerate(lines):
        found = _KEY.match(line.rstrip("\r\n"))
        if found is None or found["key"] != "_target_":
            continue
        target = _TARGET.match(found["value"].strip())
        if target is None:
            continue
        path = surfaces.canonical(target["path"])
        block = _block(lines, number, len(found["indent"]))
        if path and re.fullmatch(r"training\.recipes\.\w+\.Config", path):
            yield from (h for h in _config(lines, block, path, surfaces) if h.line not in seen)
        elif path is not None and path in moves().classes:
            yield from _class(number, line, target["path"], path)
            yield from (h for h in _fields(lines, block, path, surfaces) if h.line not in seen)
        seen.update(n for n, _ in block)


def _block(lines: Sequence[str], number: int, indent: int) -> list[tuple[int, re.Match[str]]]:
    """The keys of the mapping in which a line stands, with their lines."""

    def outside(line: str) -> bool:
        text = line.rstrip("\r\n")
        return bool(text.strip()) and not text.lstrip().startswith("#") and _depth(text) < indent

    first = number
    while first > 0 and not outside(lines[first - 1]):
        first -= 1
    last = number
    while last + 1 < len(lines) and not outside(lines[last + 1]):
        last += 1
    keys = ((n, _KEY.match(lines[n].rstrip("\r\n"))) for n in range(first, last + 1))
    return [(n, m) for n, m in keys if m is not None and len(m["indent"]) == indent]


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _config(
    lines: Sequence[str], block: Sequence[tuple[int, re.Match[str]]], config: str, surfaces: Surfaces
) -> Iterator[_Hit]:
    """The keys of a recipe's Config."""
    for number, key in block:
        move = moves().config.get(key["key"])
        if move is None or _takes(surfaces, config, key["key"]):
            continue
        old = f"{key['key']}:"
        if move.how == "rename" and _takes(surfaces, config, move.new or ""):
            yield _Hit(number, old, f"{move.new}:", move.new, key.start("key"), key.end("key"))
            owner = next((c for c, m in moves().classes.items() if m.rule == move.rule), "")
            if inner := _inner(lines, number, len(key["indent"])):
                yield from _fields(lines, inner, owner, surfaces)
        else:
            yield _Hit(number, old, _successor(config, move.old, surfaces), marker=True)


def _inner(lines: Sequence[str], number: int, indent: int) -> list[tuple[int, re.Match[str]]]:
    """The keys of the mapping below a key, unless it says itself what it is."""
    for n in range(number + 1, len(lines)):
        text = lines[n].rstrip("\r\n")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        if _depth(text) <= indent:
            return []
        block = _block(lines, n, _depth(text))
        return [] if any(m["key"] == "_target_" for _, m in block) else block
    return []


def _fields(
    lines: Sequence[str], block: Sequence[tuple[int, re.Match[str]]], owner: str, surfaces: Surfaces
) -> Iterator[_Hit]:
    """The keys of a settings object whose class was renamed."""
    move = moves().classes.get(owner)
    if move is None or move.new is None:
        return
    for number, key in block:
        name = key["key"]
        new = move.fields.get(name, name)
        if name == "_target_" or name == new or not _takes(surfaces, move.new, new):
            continue
        yield _Hit(number, f"{name}:", f"{new}:", new, key.start("key"), key.end("key"))


def _class(number: int, line: str, written: str, path: str) -> Iterator[_Hit]:
    """``_target_: training.utils.InfraConfig``."""
    move = moves().classes[path]
    if move.new is None:
        yield _Hit(number, f"_target_: {written}", "fields of the recipe's Config", marker=True)
        return
    new = f"{written.rpartition('.')[0]}.{move.new.rpartition('.')[2]}"
    start = line.index(written)
    yield _Hit(number, written, new, new, start, start + len(written))


def _takes(surfaces: Surfaces, path: str, field: str) -> bool:
    cls = surfaces.target.class_at(path)
    return cls is None or cls.constructor.accepts_keyword(field)


def _successor(config: str, key: str, surfaces: Surfaces) -> str:
    """What a person reads about a key of a Config that is not simply renamed."""
    move = moves().config[key]
    if move.how == "into" and _takes(surfaces, config, move.into or ""):
        return f"{move.into}.{move.new}"
    if move.how == "flatten":
        return "the settings below it, one by one, as fields of the Config"
    return "nothing: this version dropped it"


# --- command lines -----------------------------------------------------------------------------------


def _shell(lines: Sequence[str], surfaces: Surfaces) -> Iterator[_Hit]:
    number = 0
    while number < len(lines):
        first = number
        while number + 1 < len(lines) and lines[number].rstrip("\r\n").endswith("\\"):
            number += 1
        joined = "".join(lines[first : number + 1])
        run = None if lines[first].lstrip().startswith("#") else _RUN.search(joined)
        config = f"training.recipes.{run['recipe']}.Config" if run else ""
        if run and any(surfaces.old(config)):
            for n in range(first, number + 1):
                yield from _overrides(n, lines[n], config, surfaces)
        number += 1


def _overrides(number: int, line: str, config: str, surfaces: Surfaces) -> Iterator[_Hit]:
    for found in _OVERRIDE.finditer(line):
        head, _, rest = found["path"].partition(".")
        move = moves().config.get(head)
        if move is None or _takes(surfaces, config, head):
            continue
        new = _successor(config, head, surfaces)
        if move.how == "rename":
            owner = next((m for m in moves().classes.values() if m.rule == move.rule), None)
            new = f"{move.new}.{(owner.fields if owner else {}).get(rest, rest)}".rstrip(".")
        elif move.how == "flatten" and rest:
            field = moves().classes[move.class_ or ""].fields.get(rest, rest)
            new = field if _takes(surfaces, config, field) else "nothing: this version dropped it"
        yield _Hit(number, shown_setting(f"{found['path']}={found['value']}"), new)
