"""FWD214: a number of concurrent samples that the old setting is to fix."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import UNKNOWN, File, Hit, Setting
from fwdoctor.rulebook import Rule

RULE = Rule(
    id="FWD214",
    name="fixed-concurrency",
    severity=Severity.WARNING,
    side=Side.USER,
    message="ConcurrencyConfig(max_concurrency={value}) is deprecated and fixes nothing in a recipe: "
    "the window is adaptive",
    why="Recipes with a ConcurrencyConfig read neither max_concurrency nor mode: how many requests run at a time "
    'follows the queue of the deployment, between min_window and max_window, be mode "fixed" or not.',
    remedy=(
        Remedy("Remove it; set initial_window, and max_window for a limit."),
        Remedy("In a loop of your own, a FixedConcurrencyController of the SDK fixes the number."),
    ),
    applicability=Applicability.UNSAFE,
    source="fw-ai/cookbook 76821fa1, b425d652 and 517d206d, training/utils/config.py (ConcurrencyConfig), "
    "training/provision/provision.py, training/recipes",
    versions="from 2026-03-24 to 2026-04-20, rl_loop read both: max_concurrency with mode=None fixed the number",
    bad=(
        """
from training.recipes.igpo_loop import Config
from training.utils import ConcurrencyConfig

config = Config(log_path="runs/1", concurrency=ConcurrencyConfig(mode=None, «max_concurrency=32»))
""",
        """
from training.utils import ConcurrencyConfig

settings = ConcurrencyConfig(max_window=64, «max_concurrency=32»)
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
        if value is not UNKNOWN and not _is_read(file, setting):
            fix = file.without(setting.node) if _is_adaptive(file, setting) else ()
            yield Hit(setting.node, {"value": str(value)}, fix)


def _is_read(file: File, setting: Setting) -> bool:
    """Whether the recipes of the target may read the number: those that still had cleanup_on_exit alone did."""
    main = "training.recipes.rl_loop.main"
    is_old = file.parameter(main, "cleanup_on_exit") and not file.parameter(main, "cancel_on_exit")
    mode = setting.call.get("mode") if setting.call else None
    return bool(is_old) and mode is not None and file.value(mode) not in ("adaptive", "fixed")


def _is_adaptive(file: File, setting: Setting) -> bool:
    """Whether the number means nothing to its author either; with another mode, somebody has to look."""
    mode = setting.call.get("mode") if setting.call else None
    return mode is None or file.value(mode) == "adaptive"
