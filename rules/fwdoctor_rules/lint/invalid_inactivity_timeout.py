"""FWD210: an inactivity timeout that the SDK refuses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import UNKNOWN, File, Hit
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._text import shown

RULE = Rule(
    id="FWD210",
    name="invalid-inactivity-timeout",
    severity=Severity.ERROR,
    side=Side.USER,
    message="inactivity_timeout={value} {fault}",
    why="The SDK raises ValueError before the trainer is created.",
    remedy=(Remedy('Write seconds with an s, "1800s", or a timedelta; 3 hours ("10800s") at most.'),),
    applicability=Applicability.MANUAL,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/trainer.py (_format_proto_duration, _MAX_INACTIVITY_TIMEOUT_S)",
    versions="the limit: fireworks-ai 1.2.4 and later",
    bad=(
        """
from training.utils import TrainerConfig

trainers = [
    TrainerConfig(«inactivity_timeout="30m"»),
    TrainerConfig(«inactivity_timeout="7200"»),
    TrainerConfig(«inactivity_timeout="-5s"»),
    TrainerConfig(«inactivity_timeout="14400s"»),
    TrainerConfig(«inactivity_timeout=1800»),
]
""",
        """
from datetime import timedelta

from fireworks.training.sdk import FiretitanServiceClient

HOURS = 6
service = FiretitanServiceClient.from_firetitan_config(
    base_model="accounts/fireworks/models/qwen3-8b",
    lora_rank=16,
    «inactivity_timeout=timedelta(hours=HOURS)»,
)
""",
    ),
    good=(
        """
import datetime as dt
import os

from fireworks.training.sdk import TrainerJobConfig
from training.utils import TrainerConfig

MODEL = "accounts/fireworks/models/qwen3-8b"
trainers = [
    TrainerConfig(inactivity_timeout="10800s"),
    TrainerConfig(inactivity_timeout="0.5s"),
    TrainerConfig(inactivity_timeout=f"{os.environ['IDLE']}s"),
    TrainerConfig(inactivity_timeout=None),
    TrainerJobConfig(base_model=MODEL, inactivity_timeout=dt.timedelta(hours=2, minutes=60)),
    TrainerJobConfig(base_model=MODEL, inactivity_timeout=dt.timedelta(hours=float(os.environ["IDLE"]))),
]
""",
        """
# target: july
from training.utils import TrainerConfig

trainer = TrainerConfig(inactivity_timeout="14400s")
""",
    ),
)

_DURATION = re.compile(r"-?(\d+(?:\.\d{1,9})?)s")
_MOST = timedelta(hours=3)


def check(file: File) -> Iterator[Hit]:
    """Known texts, numbers and timedeltas. Tests try wrong ones on purpose."""
    if file.is_test or not file.is_used("inactivity_timeout"):
        return
    for setting in file.settings("inactivity_timeout"):
        faults = [_fault(file, choice) for choice in file.choices(setting.value)]
        if faults and all(faults):
            variables = {"value": shown(ast.unparse(setting.value)), "fault": faults[0] or ""}
            yield Hit(setting.node, variables)


def _fault(file: File, value: ast.expr) -> str | None:
    if isinstance(made := file.origin(value), ast.Call):
        length = _timedelta(file, made)
        return None if length is None else _out_of_range(file, length)
    known = file.value(value)
    if known is UNKNOWN or known is None:
        return None
    if not isinstance(known, str):
        return "is neither a text nor a timedelta"
    found = _DURATION.fullmatch(known)
    if found is None:
        return "is not a duration in seconds"
    if known.startswith("-"):
        return "is negative"
    # No timedelta: it cannot hold any number that somebody may write.
    return _TOO_LONG if float(found[1]) > _MOST.total_seconds() and _has_limit(file) else None


_TOO_LONG = "is more than 3 hours"


def _out_of_range(file: File, length: timedelta) -> str | None:
    if length < timedelta():
        return "is negative"
    return _TOO_LONG if length > _MOST and _has_limit(file) else None


def _has_limit(file: File) -> bool:
    return file.sdk_is(">=1.2.4")


def _timedelta(file: File, call: ast.Call) -> timedelta | None:
    """What ``timedelta(…)`` makes, if all of its arguments are known numbers."""
    if file.model.resolve(call.func) != "datetime.timedelta":
        return None
    places = [file.value(a) for a in call.args]
    names = {k.arg or "": file.value(k.value) for k in call.keywords}
    if not all(isinstance(v, int | float) for v in (*places, *names.values())):
        return None
    try:
        return timedelta(*places, **names)
    except (TypeError, OverflowError):
        return None
