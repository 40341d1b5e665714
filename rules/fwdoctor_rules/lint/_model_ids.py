"""What the rules about ids of promoted models share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwdoctor.lint.file import HOLE, Call, File

#: As the SDK checks them (and the server after it): hyphens may stand anywhere.
LONGEST = 63
#: So many of the characters that it must not hold are named.
_SHOWN = 8
_OTHER = re.compile(r"[^a-z0-9-]")

_PROMOTING = (
    "promote_checkpoint",
    "promote_latest",
    "promote_session_checkpoint",
    "promote_training_job_checkpoint",
)


def promotions(file: File) -> Iterator[Call]:
    """The calls that make a model of a checkpoint."""
    return file.calls_of(*_PROMOTING) if file.is_used("promote") else iter(())


def fault(model_id: str) -> str | None:
    """What is wrong with an id, as far as it is known; None if it may be right."""
    known = model_id.replace(HOLE, "")
    if others := sorted(set(_OTHER.findall(known))):
        more = ", …" if len(others) > _SHOWN else ""
        return f"holds {', '.join(map(repr, others[:_SHOWN]))}{more}"
    if len(known) > LONGEST:
        return f"has {'at least ' if HOLE in model_id else ''}{len(known)} characters"
    return None
