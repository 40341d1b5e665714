"""Loads the rules that stand behind findings, once, typed. A bad rule file is a clear error.

A rule is a ``[[rule]]`` table in a TOML file of ``fwdoctor_rules``, or the ``RULE`` of a module in
``fwdoctor_rules/lint``, which also holds the code that finds it. What a rule may hold is the dataclass
:class:`Rule`; anything else, and a second rule with the same id or name, is refused. What is read at run time
is one generated file (``scripts/generate.py``), because every command starts with it.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import fwdoctor_rules

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Applicability, Finding, Location, Remedy, Severity, Side
from fwdoctor.lean_dataclass import dataclass

#: flake8 takes one to three capitals and three digits, nothing else.
RULE_ID = re.compile(r"[A-Z]{1,3}[0-9]{3}")
RULE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Folders of fwdoctor_rules that hold rules.
RULE_FOLDERS = ("environment", "lint", "probes")
#: All rules, as they are read at run time.
COMPILED = fwdoctor_rules.DATA / "compiled.json"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding.

    ``message``, ``remedy`` texts and commands are templates: ``{name}`` is filled from the finding's
    variables. ``why`` says what goes wrong if nobody acts, ``source`` where the fact comes from, and
    ``versions`` of which versions it holds (none said: of all).

    ``bad`` and ``good`` are whole Python files, and the tests of a lint rule: each ``«…»`` in a bad one is a
    place where the rule, and no other one of its file, has a finding. A first line ``# target: june`` names
    the version that an example is for.
    """

    id: str
    name: str
    severity: Severity
    side: Side
    message: str
    why: str
    remedy: tuple[Remedy, ...] = ()
    applicability: Applicability | None = None
    reference: str | None = None
    source: str | None = None
    versions: str | None = None
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()

    def finding(
        self,
        *,
        location: Location | None = None,
        severity: Severity | None = None,
        evidence: str | None = None,
        resource: str | None = None,
        remedy: tuple[Remedy, ...] | None = None,
        **variables: str,
    ) -> Finding:
        """Make a finding of this rule, its templates filled from ``variables``.

        Raises:
            FwdoctorError: a template names a variable that was not given.
        """
        return self.fill(
            variables,
            location=location,
            severity=severity,
            evidence=evidence,
            resource=resource,
            remedy=remedy,
        )

    def fill(
        self,
        variables: Mapping[str, str],
        *,
        location: Location | None = None,
        severity: Severity | None = None,
        evidence: str | None = None,
        resource: str | None = None,
        remedy: tuple[Remedy, ...] | None = None,
    ) -> Finding:
        """As :meth:`finding`, with the variables in a mapping."""
        words = _quoted(variables)
        return Finding(
            rule=self.id,
            name=self.name,
            severity=severity or self.severity,
            side=self.side,
            message=self._fill(self.message, variables),
            location=location,
            resource=resource,
            evidence=evidence,
            variables=variables,
            cause=self._fill(self.why, variables),
            remedy=tuple(
                Remedy(self._fill(step.text, variables), tuple(self._fill(c, words) for c in step.commands))
                for step in (self.remedy if remedy is None else remedy)
            ),
            reference=self.reference,
            applicability=self.applicability,
        )

    def _fill(self, template: str, variables: Mapping[str, str]) -> str:
        def value(match: re.Match[str]) -> str:
            try:
                return variables[match[1]]
            except KeyError:
                raise FwdoctorError(f"rule {self.id}: nothing fills {{{match[1]}}} in {template!r}") from None

        # Not str.format: values and templates may hold braces and brackets of their own.
        return re.sub(r"\{([a-z_]+)\}", value, template)


def _quoted(variables: Mapping[str, str]) -> Mapping[str, str]:
    """The variables as commands need them: a path is one word, whatever it is called.

    The others are words of commands, or whole ones, as they are.
    """
    if "path" not in variables:
        return variables
    import shlex

    return {**variables, "path": shlex.quote(variables["path"])}


class Rulebook(Mapping[str, Rule]):
    """All rules, by id; :meth:`named` finds one by name."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = {rule.id: rule for rule in sorted(rules, key=lambda r: r.id)}
        self._names = {rule.name: rule for rule in rules}

    def __getitem__(self, rule_id: str) -> Rule:
        return self._rules[rule_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def named(self, name: str) -> Rule:
        """The rule called ``name``; KeyError if there is none."""
        return self._names[name]


@functools.cache
def rulebook() -> Rulebook:
    """The bundled rulebook.

    Raises:
        FwdoctorError: its file is damaged.
    """
    try:
        tables = json.loads(COMPILED.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FwdoctorError(f"{COMPILED}: cannot read the rules: {error}") from error
    return Rulebook([_rule(COMPILED, table) for table in tables])


def compiled() -> str:
    """What the file of all rules is to hold."""
    pages = references(fwdoctor_rules.DATA / "references.toml")
    rules = load(fwdoctor_rules.DATA, modules=True).values()
    tables = [_table(rule if rule.reference else _with_page(rule, pages)) for rule in rules]
    return json.dumps(tables, indent=1, ensure_ascii=False) + "\n"


def references(path: Path) -> Mapping[str, str]:
    """Which page of the skill goes with which ids: the page by what they begin with.

    Raises:
        FwdoctorError: the file is damaged.
    """
    import tomllib

    try:
        pages: dict[str, str] = tomllib.loads(path.read_text("utf-8"))["references"]
    except (OSError, ValueError, LookupError) as error:
        raise FwdoctorError(f"{path}: cannot read the references of rules: {error}") from error
    return pages


def _with_page(rule: Rule, pages: Mapping[str, str]) -> Rule:
    """A rule with the page whose beginning of an id is the longest that fits; as it is if there is none."""
    fits = [start for start in pages if rule.id.startswith(start)]
    return dataclasses.replace(rule, reference=pages[max(fits, key=len)]) if fits else rule


def load(folder: Path, *, modules: bool = False) -> Rulebook:
    """Read every rule below ``folder``; with ``modules``, also those of the package ``fwdoctor_rules.lint``.

    Raises:
        FwdoctorError: a file is not TOML, a table is incomplete or has an unknown key, an id or a name
            is malformed or taken twice.
    """
    import tomllib

    rules: list[tuple[Path, Rule]] = []
    for path in sorted(p for sub in RULE_FOLDERS for p in (folder / sub).glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text("utf-8")).get("rule", [])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise FwdoctorError(f"{path}: cannot read this rule file: {error}") from error
        rules += ((path, _rule(path, table)) for table in tables)
    for name in lint_modules() if modules else ():
        path = folder / "lint" / f"{name}.py"
        found = importlib.import_module(f"fwdoctor_rules.lint.{name}").RULE
        rules.append((path, _rule(path, _table(found))))
    seen: dict[str, Path] = {}
    for path, rule in rules:
        for key in (rule.id, rule.name):
            if key in seen:
                raise FwdoctorError(f"{path}: {key} is already taken in {seen[key]}")
            seen[key] = path
    return Rulebook([rule for _, rule in rules])


def lint_modules() -> list[str]:
    """The names of the modules that hold a lint rule each."""
    found = (path.stem for path in (fwdoctor_rules.DATA / "lint").glob("*.py"))
    return sorted(name for name in found if not name.startswith("_"))


def _table(rule: Rule) -> dict[str, Any]:
    """A rule as a table; what it does not say is left out."""
    return {k: v for k, v in dataclasses.asdict(rule).items() if v not in (None, ())}


def _rule(path: Path, table: dict[str, Any]) -> Rule:
    label = f"{path}: rule {table.get('id', '?')}"
    if unknown := sorted(table.keys() - _KEYS):
        raise FwdoctorError(f"{label}: unknown key {unknown[0]!r}")
    if missing := [n for n in _REQUIRED if not table.get(n)]:
        raise FwdoctorError(f"{label}: {missing[0]!r} is missing")
    if not RULE_ID.fullmatch(table["id"]) or not RULE_NAME.fullmatch(table["name"]):
        raise FwdoctorError(f"{label}: an id is like FWD101, a name like old-config-field")
    values = dict(table)
    try:
        values["severity"] = Severity(table["severity"])
        values["side"] = Side(table["side"])
        if "applicability" in table:
            values["applicability"] = Applicability(table["applicability"])
        values["remedy"] = tuple(
            Remedy(step["text"], tuple(step.get("commands", ()))) for step in table.get("remedy", ())
        )
        for key in ("bad", "good"):
            values[key] = tuple(table.get(key, ()))
    except (ValueError, KeyError, TypeError) as error:
        raise FwdoctorError(f"{label}: {error}") from error
    return Rule(**values)


_KEYS = frozenset(f.name for f in dataclasses.fields(Rule))
_REQUIRED = tuple(f.name for f in dataclasses.fields(Rule) if f.default is dataclasses.MISSING)


def nearest(wanted: str, known: Mapping[str, str]) -> str:
    """What to say to a code that no rule has: the one that was probably meant, or where all are listed.

    ``known`` are the names of rules by their ids. A code of another family, or a name with hardly anything in
    common, helps nobody.
    """
    import difflib

    code = wanted.upper()
    families = {rule.rstrip("0123456789") for rule in known}
    family = code.rstrip("0123456789")
    ids = [rule for rule in known if family not in families or rule.startswith(family)]
    near = [code] if code in known else [rule for rule in ids if _is_slip(code, rule)]
    near = near or difflib.get_close_matches(wanted.lower(), known.values(), n=1, cutoff=0.8)
    return f"did you mean {near[0]!r}?" if near else "'fwdoctor rule --all' lists them"


def _is_slip(one: str, other: str) -> bool:
    """Whether one character is another, too many or missing, or two neighbours are swapped."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    first, second = one[start:], other[start:]
    swapped = first[:2] == second[1::-1] and first[2:] == second[2:]
    return swapped or second[1:] in (first, first[1:]) or first[1:] == second


def is_selected(rule: str, name: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
    """Whether a rule is wanted: codes are its name, or what its id begins with; no ``select`` means all."""

    def hit(codes: Sequence[str]) -> bool:
        return any(rule.startswith(c) or name == c for c in codes)

    return (not select or hit(select)) and not hit(ignore)
