"""FWD214: a number of concurrent samples that is fixed by the old setting."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import UNKNOWN, File, Hit
from fwdoctor.rulebook import Rule

RULE = Rule(
    id="FWD214",
    name="fixed-concurrency",
    severity=Severity.WARNING,
    side=Side.USER,
    message="ConcurrencyConfig(max_concurrency={value}) is deprecated: it fixes how many requests run at a time",
    why="A fixed number is too high for a cold deployment and too low for a scaled one. The adaptive window, "
    "which is the default, follows the queue of the deployment.",
    remedy=(
        Remedy(
            'Remove it: mode="adaptive" begins with initial_window and stays between min_window and max_window.'
        ),
        Remedy('To fix it all the same, set mode="fixed" and hand the sampler a FixedConcurrencyController.'),
    ),
    applicability=Applicability.UNSAFE,
    source="fw-ai/cookbook 76821fa1, training/utils/config.py (ConcurrencyConfig)",
    bad=(
        """
from training.recipes.igpo_loop import Config
from training.utils import ConcurrencyConfig

config = Config(log_path="runs/1", concurrency=ConcurrencyConfig(mode=None, «max_concurrency=32»))
""",
    ),
    good=(
        """
from training.utils import ConcurrencyConfig

concurrency = ConcurrencyConfig(initial_window=8, max_window=64)
""",
        """
from mylab.settings import ConcurrencyConfig

concurrency = ConcurrencyConfig(max_concurrency=32)
""",
    ),
)


def check(file: File) -> Iterator[Hit]:
    """Known numbers; of others, FWD118 says that the argument is deprecated."""
    if not file.is_used("max_concurrency"):
        return
    for setting in file.settings("max_concurrency"):
        parameter = file.parameter(setting.path, setting.name)
        if not setting.is_of("ConcurrencyConfig") or parameter is None or not parameter.deprecated:
            continue
        value = file.value(setting.value)
        if value is not UNKNOWN:
            yield Hit(setting.node, {"value": str(value)}, file.without(setting.node))
