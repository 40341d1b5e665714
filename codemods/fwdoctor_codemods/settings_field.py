"""Fields that a settings class of the same name no longer has, or still has and no longer reads.

``DeployConfig(deployment_region=...)`` went on 2026-06-08. Removing the argument keeps the script
running; the marker keeps the setting from vanishing without a word. Functions are not touched: an
argument of theirs that went is a change of meaning, and is left in place with a marker.
"""

from __future__ import annotations

import ast

from fwdoctor.surface.model import Class
from fwdoctor_codemods.core.arguments import NewArgument
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.source import spread_of

EXAMPLES = (
    Example(
        name="a field that went",
        target="july",
        before="""
            from training.utils import DeployConfig

            deployment = DeployConfig(deployment_id="d", deployment_region="US_OHIO_1", deployment_accelerator_type=None)
            """,
        after="""
            from training.utils import DeployConfig

            # TODO(fwdoctor): FWD106 deployment_region="US_OHIO_1" has no counterpart in cookbook b425d652 (2026-07-15): the trainer's region is used for both: set TrainerConfig(region=...)
            deployment = DeployConfig(deployment_id="d", deployment_accelerator_type=None)
            """,
    ),
    Example(
        name="a field that nothing reads any more, in code that is being ported",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import DeployConfig, InfraConfig, WeightSyncScope

            cfg = Config(
                log_path="l",
                infra=InfraConfig(),
                deployment=DeployConfig(weight_sync_scope=WeightSyncScope.PER_DEPLOYMENT),
            )
            """,
        after="""
            from training.recipes.rl_loop import Config
            from training.utils import DeployConfig, TrainerConfig, WeightSyncScope

            # TODO(fwdoctor): FWD111 weight_sync_scope=WeightSyncScope.PER_DEPLOYMENT is accepted by cookbook 517d206d (2026-06-01) but no longer read: the service always syncs per trainer; drop it
            cfg = Config(
                log_path="l",
                trainer=TrainerConfig(),
                deployment=DeployConfig(weight_sync_scope=WeightSyncScope.PER_DEPLOYMENT),
            )
            """,
    ),
    Example(
        name="code for the target may set what it likes",
        before="""
            from training.utils import DeployConfig, WeightSyncScope

            deployment = DeployConfig(weight_sync_scope=WeightSyncScope.PER_DEPLOYMENT, deployment_region="US_OHIO_1")
            """,
        after=None,
    ),
)


class Codemod(Base):
    """Constructor calls of the cookbook's settings classes (dataclasses other than a recipe's Config)."""

    after = ("recipe_config", "settings_class")

    def call(self, node: ast.Call) -> str | None:
        path = self.port.resolve(node.func)
        cls = self.port.surfaces.target.class_at(path) if path else None
        if path is None or cls is None or not cls.fields or self.port.recipe_config(node.func):
            return None
        for given in node.keywords if self.port.is_old else ():
            self.port.tell_ignored(node, path, given.arg or "", given.value)
        if spread_of(node) is not None or cls.constructor.opaque:
            return None
        stale = [k for k in node.keywords if k.arg and self._went(path, cls, k.arg)]
        left = {k.arg for k in node.keywords if k.arg and k not in stale}
        if cls.constructor.missing(len(node.args), left):
            stale = []  # the class is another one by now, and needs something for what went: nothing is lost
        extra = self.port.extra_arguments.get(node, [])
        if not stale and not extra:
            return None
        call, arguments = self.port.open_call(node)
        origin = self.port.origin_class(path)
        for i in reversed(range(len(arguments))):
            keyword = arguments[i]
            if not isinstance(keyword, ast.keyword) or keyword not in stale or not keyword.arg:
                continue
            self.port.orphans.append((node, call.remove(i)))
            self.port.remove(keyword.value)
            self.port.tell_lost(node, origin, keyword.arg, keyword.value, keyword.arg)
            self.port.done["FWD106"] += 1
        for name, text in extra:
            call.append(NewArgument(name, text))
        return call.code()

    def _went(self, path: str, cls: Class, keyword: str) -> bool:
        wanted = self.port.allows("FWD106")
        return (
            wanted
            and not cls.constructor.accepts_keyword(keyword)
            and self.port.origin_accepts(path, keyword)
        )
