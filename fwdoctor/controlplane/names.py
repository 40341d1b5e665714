"""Names of resources: ``accounts/acme/rlorTrainerJobs/j`` and the bare id ``j`` mean the same."""

from __future__ import annotations

import enum
import re

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.redact import redact_log


class Kind(enum.StrEnum):
    """What a name names, as a user calls it."""

    TRAINER_JOB = "trainer job"
    DEPLOYMENT = "deployment"
    TRAINING_SHAPE = "training shape"
    TRAINING_SHAPE_VERSION = "training shape version"
    CHECKPOINT = "checkpoint"
    MODEL = "model"


#: The segments of each kind's full names; ``*`` is an id. The first one is the one that is shown.
_FORMS: dict[Kind, tuple[str, ...]] = {
    Kind.TRAINER_JOB: ("rlorTrainerJobs/*",),
    Kind.DEPLOYMENT: ("deployments/*",),
    Kind.TRAINING_SHAPE: ("trainingShapes/*",),
    Kind.TRAINING_SHAPE_VERSION: ("trainingShapes/*/versions/*",),
    Kind.CHECKPOINT: (
        "rlorTrainerJobs/*/checkpoints/*",
        "checkpoints/*",
        "trainingSessions/*/checkpoints/*",
        "supervisedFineTuningJobs/*/checkpoints/*",
        "dpoJobs/*/checkpoints/*",
    ),
    Kind.MODEL: ("models/*",),
}
#: A version's id says nothing without its shape.
_NEVER_BARE = (Kind.TRAINING_SHAPE_VERSION,)

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:~@+-]{0,254}")
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. ``account`` is None where a bare id was given; ``parent`` is what comes between
    (``rlorTrainerJobs/j`` of a checkpoint, ``trainingShapes/s`` of a version)."""

    kind: Kind
    account: str | None
    id: str
    parent: str | None = None

    def name(self, account: str | None = None) -> str:
        """The full name; ``account`` is used where the resource was given without one."""
        owner = self.account or account
        if owner is None:
            raise ValueError(f"{self.id}: the account is not known yet")
        if self.parent is None and self.kind is Kind.CHECKPOINT:
            return f"accounts/{owner}/checkpoints/{self.id}"
        last = _FORMS[self.kind][0].split("/")[-2]
        return "/".join(("accounts", owner, *([self.parent] if self.parent else []), last, self.id))

    def path(self, account: str | None = None) -> str:
        """Where the control plane serves it."""
        return f"/v1/{self.name(account)}"


def parse(text: str, kind: Kind, *others: Kind) -> Resource:
    """The resource that a user means; a bare id is of the first kind. Anything else is a clear error."""
    kinds = (kind, *others)
    expected = f"expected {_expected(kinds)}"
    if not text:
        raise FwdoctorError(f"an empty name: {expected}")
    shown = _shown(text)
    if any(not c.isprintable() or c.isspace() for c in text):
        raise FwdoctorError(f"{shown}: names have no spaces or control characters; {expected}")
    if "/" not in text:
        if not is_id(text):
            raise FwdoctorError(f"{shown}: not an id; {expected}")
        if kind in _NEVER_BARE:
            raise FwdoctorError(f"{shown}: a bare id does not say of which training shape; {expected}")
        return Resource(kind, None, text)
    found = recognize(text)
    if found is None:
        raise FwdoctorError(f"{shown}: not a resource name; {expected}")
    if found.kind not in kinds:
        raise FwdoctorError(f"{shown}: this names a {found.kind}; {expected}")
    return found


def recognize(text: str) -> Resource | None:
    """The resource that a full name names, of whatever kind; None where it names none."""
    segments = text.split("/")
    if len(segments) < 4 or segments[0] != "accounts" or not all(map(is_id, segments)):
        return None
    rest = segments[2:]
    form = "/".join(part if n % 2 == 0 else "*" for n, part in enumerate(rest))
    for kind, forms in _FORMS.items():
        if form in forms:
            return Resource(kind, segments[1], rest[-1], "/".join(rest[:-2]) or None)
    return None


def is_id(text: str) -> bool:
    """Whether a text can be one segment of a name."""
    return _ID.fullmatch(text) is not None


def _expected(kinds: tuple[Kind, ...]) -> str:
    """``a deployment (accounts/<account>/deployments/<id>, or its id alone)``."""
    said = []
    for kind in kinds:
        form = _FORMS[kind][0].replace("*", "<id>")
        bare = ", or its id alone" if kind is kinds[0] and kind not in _NEVER_BARE else ""
        said.append(f"a {kind} (accounts/<account>/{form}{bare})")
    return " or ".join(said)


def _shown(text: str) -> str:
    """What the user gave, in one short line without secrets: people paste keys into the wrong place."""
    clean = redact_log(text)
    return repr(clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}…")
