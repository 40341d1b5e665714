"""The sections of ``fwdoctor check`` with one finding per cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fwdoctor.causes.code import CodeSetting
from fwdoctor.causes.join import Joined, join
from fwdoctor.causes.knowledge import causes
from fwdoctor.finding import CheckOutcome, CheckStatus, Severity


def join_sections(
    remote: Sequence[CheckOutcome], log: CheckOutcome | None, code: Callable[[], Sequence[CodeSetting]]
) -> tuple[list[CheckOutcome], CheckOutcome | None]:
    """The remote sections and that of the log, with what belongs together told once.

    ``code`` says what the code sets; it is not asked where remote state shows no cause.
    """
    found = [f for outcome in remote for f in outcome.findings]
    errors = log.findings if log is not None else ()
    shown = {rule for cause in causes() for rule in cause.roots}
    if not any(f.rule in shown for f in found):
        return list(remote), log
    joined = join(found, errors, code())
    told = _told(log, joined) if log is not None else None
    return [without(outcome, joined) for outcome in remote], told


def without(outcome: CheckOutcome, joined: Joined) -> CheckOutcome:
    """A section without what is told elsewhere; where nothing is left, it stays one that is not in order."""
    return replace(outcome, findings=tuple(joined.apply(outcome.findings)))


def _told(log: CheckOutcome, joined: Joined) -> CheckOutcome:
    """The log's section: what is left of its findings, and where the others are told."""
    left = without(log, joined)
    moved = sum(f.count for f in log.findings) - sum(f.count for f in left.findings)
    if not moved:
        return log
    others = f"{moved:,} error{'s' if moved > 1 else ''} told with the cause"
    wrong = any(f.severity is not Severity.INFO for f in left.findings)
    status = log.status if wrong or log.status is CheckStatus.ERROR else CheckStatus.OK
    return replace(left, detail=f"{log.detail}, {others}", status=status)
