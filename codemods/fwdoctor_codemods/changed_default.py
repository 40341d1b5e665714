"""Defaults that changed since the version that the code was written for: told, or written out.

Nothing fails, so nobody would notice. What the code was written for is the newest version before the target
that the whole file fits.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fwdoctor.surface.model import Class, Parameter
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.source import spread_of

EXAMPLES = (
    Example(
        name="the old values, written out",
        target="july",
        preserve_defaults=True,
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import DeployConfig, InfraConfig

            cfg = Config(
                log_path="l",
                infra=InfraConfig(),
                deployment=DeployConfig(deployment_id="d"),
            )
            """,
        after="""
            from training.recipes.rl_loop import Config
            from training.utils import DeployConfig, TrainerConfig
            from fireworks.training.sdk import GradAccNormalization

            cfg = Config(
                log_path="l",
                trainer=TrainerConfig(),
                deployment=DeployConfig(deployment_id="d", disable_speculative_decoding=True),
                grad_accumulation_normalization=GradAccNormalization.NUM_LOSS_TOKENS,
            )
            """,
    ),
    Example(
        name="told, unless asked to write them",
        target="july",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import DeployConfig, InfraConfig

            cfg = Config(log_path="l", infra=InfraConfig(), deployment=DeployConfig(deployment_id="d"))
            """,
        after="""
            from training.recipes.rl_loop import Config
            from training.utils import DeployConfig, TrainerConfig

            cfg = Config(log_path="l", trainer=TrainerConfig(), deployment=DeployConfig(deployment_id="d"))
            """,
    ),
    Example(
        name="code of the target's own time",
        target="july",
        preserve_defaults=True,
        before="""
            from training.utils import DeployConfig, TrainerConfig

            deployment = DeployConfig(deployment_id="d")
            """,
        after=None,
    ),
)


class Codemod(Base):
    """Calls of settings classes, in files that speak the old API."""

    after = ("recipe_main",)

    def plan(self) -> None:
        if not self.port.is_old or not self.port.allows("FWD124"):
            return
        for node in self.port.model.calls:
            path = self.port.recipe_config(node.func) or self.port.resolve(node.func)
            cls = self.port.surfaces.target.class_at(path) if path else None
            if (
                path
                and cls is not None
                and cls.fields
                and spread_of(node) is None
                and not self.port.is_ignored(node)
            ):
                self._plan_call(node, path, cls)

    def _plan_call(self, node: ast.Call, path: str, cls: Class) -> None:
        given = {k.arg for k in node.keywords}
        if not any(self._changed(field, cls, given) for older in self._older(path) for field in older.fields):
            return
        origin = self.port.origin()
        old = self.port.surfaces.class_then(path, origin) if origin is not None else None
        if old is None:
            return
        given |= {f.name for f in old.fields[: len(node.args)]}
        given |= {name for name, _ in self.port.extra_arguments.get(node, ())}
        changed = []
        for field in old.fields:
            new = cls.field_named(field.name)
            if new is None or field.default is None or not self._changed(field, cls, given):
                continue
            text = self._written(node, path, field.default) if self.port.preserve_defaults else None
            if text is not None:
                self.port.extra_arguments.setdefault(node, []).append((field.name, text))
                self.port.done["FWD124"] += 1
            else:
                changed.append(f"{field.name} was {field.default} and is {new.default}")
        if changed:
            callee = ".".join(path.split(".")[-2:])
            self.port.note("FWD124", node, marker=False, callee=callee, changes="; ".join(changed))

    def _older(self, path: str) -> Iterator[Class]:
        return (s for _, s in self.port.surfaces.old(path) if isinstance(s, Class))

    @staticmethod
    def _changed(field: Parameter, cls: Class, given: set[str | None]) -> bool:
        """Whether a field that a call leaves out has another default in the target."""
        new = cls.field_named(field.name)
        if new is None or field.name in given:
            return False
        return None not in (field.default, new.default) and field.default != new.default

    def _written(self, node: ast.Call, path: str, default: str) -> str | None:
        """An old default as a text for the place of the call: a literal, or a member of an enum."""
        try:
            ast.literal_eval(default)
        except (ValueError, SyntaxError):
            owner, _, member = default.rpartition(".")
            public = f"fireworks.training.sdk.{owner}"
            found = public if self.port.target_has(public) else f"{path.rpartition('.')[0]}.{owner}"
            if not owner.isidentifier() or not self.port.target_has(found):
                return None
            return f"{self.port.need(found, node)}.{member}"
        return default
