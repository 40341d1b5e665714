"""Findings → findings: one per cause, with the chain of what shows it, and its consequences folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from fwdoctor.causes.code import CodeSetting
from fwdoctor.causes.knowledge import Cause, causes
from fwdoctor.finding import Finding, Link, Remedy, Standing, Witness
from fwdoctor.lean_dataclass import dataclass

#: The variables of findings that hold the id of a job or of a deployment, by what they name.
_JOBS = ("job", "trainer")
_DEPLOYMENTS = ("deployment",)


@dataclass(frozen=True, slots=True)
class Joined:
    """What is left to be told: ``roots`` by the finding whose place each one takes, and what is folded."""

    roots: dict[int, Finding] = field(default_factory=dict)
    folded: frozenset[int] = frozenset()

    def apply(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings with their chains, without those that are told as consequences."""
        return [self.roots.get(id(f), f) for f in findings if id(f) not in self.folded]


def join(remote: Sequence[Finding], log: Sequence[Finding], code: Sequence[CodeSetting]) -> Joined:
    """Find what belongs together.

    ``remote`` are findings of probes, ``log`` those of ``explain``, ``code`` what the code sets. Findings are
    known by identity: the result is applied to the very same ones.
    """
    roots: dict[int, Finding] = {}
    folded: set[int] = set()
    for cause in causes():
        for root in _roots(cause, remote):
            if id(root) in folded or id(root) in roots:
                continue
            free = [f for f in remote if f is not root and id(f) not in folded and id(f) not in roots]
            follows = [f for f in free if f.rule in cause.consequences and _may_be_one(root, f)]
            found = {root.rule, *(f.rule for f in follows)}
            errors = [
                f for f in log if id(f) not in folded and _comes_of(cause, found, f) and _may_be_one(root, f)
            ]
            settings = [s for s in code if s.name in cause.advice and _can_do_it(cause, s) and _fits(root, s)]
            if follows or errors or settings:
                roots[id(root)] = _told(cause, root, settings, errors, follows)
                folded |= {id(f) for f in (*follows, *errors)}
    return Joined(roots, frozenset(folded))


def _roots(cause: Cause, remote: Sequence[Finding]) -> list[Finding]:
    """The findings that show a cause, the most telling first."""
    found = [f for f in remote if f.rule in cause.roots]
    return sorted(found, key=lambda f: cause.roots.index(f.rule))


def _comes_of(cause: Cause, found: set[str], error: Finding) -> bool:
    """Whether an error comes of a cause: what the control plane said to it counts, and else what is known."""
    if error.verdict is not None and error.verdict.standing is Standing.UNSETTLED:
        return False
    if error.verdict is not None and error.verdict.rules:
        return not found.isdisjoint(error.verdict.rules)
    return error.rule in cause.log


def _can_do_it(cause: Cause, setting: CodeSetting) -> bool:
    return setting.name not in cause.values or setting.value in cause.values[setting.name]


def _told(
    cause: Cause,
    root: Finding,
    settings: Sequence[CodeSetting],
    errors: Sequence[Finding],
    follows: Sequence[Finding],
) -> Finding:
    chain = [Link(Witness.CODE, _setting(s), s.location) for s in settings]
    seen = f"{root.message} ({root.evidence})" if root.evidence else root.message
    chain.append(Link(Witness.REMOTE, seen, None, root.rule))
    chain += (Link(Witness.LOG, _error(f), f.location, f.rule) for f in errors)
    mends = [Remedy(f"{s.location}: {s.name}: {cause.advice[s.name]}") for s in settings]
    return replace(
        root,
        # Whatever else there is to be done about errors and consequences is done with the cause.
        remedy=(*mends, *root.remedy),
        chain=tuple(chain) if settings or errors else (),
        consequences=tuple(_link(Witness.REMOTE, f) for f in follows),
    )


def _link(witness: Witness, finding: Finding) -> Link:
    return Link(witness, finding.message, finding.location, finding.rule)


def _error(finding: Finding) -> str:
    """What a log says, how often, and what the control plane says to it."""
    times = f" ({finding.count} times)" if finding.count > 1 else ""
    verdict = (
        f"; {finding.verdict.standing}: {finding.verdict.message}" if finding.verdict is not None else ""
    )
    return f"{finding.message}{times}{verdict}"


def _setting(setting: CodeSetting) -> str:
    value = f"={setting.value!r}" if setting.value is not None else ", to what the code does not tell"
    return f"sets {setting.name}{value}"


def _fits(root: Finding, setting: CodeSetting) -> bool:
    """Whether a setting may be about what was found: a name in it must be one of those that are meant."""
    if setting.value is None or ("/" not in setting.value and not _is_id(setting.name)):
        return True
    return _last(setting.value) in _ids(root)


def _is_id(name: str) -> bool:
    return name.endswith(("_id", "_job", "_url", "_model", "_shape"))


def _may_be_one(root: Finding, other: Finding) -> bool:
    """Whether two findings may be about the same: they must not name other jobs, nor other deployments."""
    for names in (_JOBS, _DEPLOYMENTS):
        mine, theirs = _named(root, names), _named(other, names)
        if mine and theirs and not (theirs & _ids(root)):
            return False
    return True


def _named(finding: Finding, names: Sequence[str]) -> set[str]:
    return {_last(finding.variables[name]) for name in names if finding.variables.get(name)}


def _ids(finding: Finding) -> set[str]:
    """Everything that a finding names."""
    named = {_last(value) for value in finding.variables.values() if value}
    return named | ({_last(finding.resource)} if finding.resource else set())


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]
