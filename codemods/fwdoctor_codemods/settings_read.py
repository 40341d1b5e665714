"""Reads of settings that moved: ``cfg.infra.ref_training_shape_id``, ``cfg.weight_sync.dcp_save_interval``.

Only where the type of the object is certain; a read of something that the target lacks keeps its text
and gets a marker, and so does every assignment to a field that moved into a shared object.
"""

from __future__ import annotations

import ast

from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base

EXAMPLES = (
    Example(
        name="through the Config, a parameter and a variable",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import InfraConfig

            def describe(cfg: Config, hardware: InfraConfig | None):
                print(cfg.infra.ref_training_shape_id, cfg.weight_sync.dcp_save_interval, cfg.policy_job_id)
                hardware.trainer_timeout_s = 60
                return hardware.region
            """,
        after="""
            from training.recipes.rl_loop import Config
            from training.utils import TrainerConfig

            def describe(cfg: Config, hardware: TrainerConfig | None):
                print(cfg.trainer.reference_training_shape_id, cfg.dcp_save_interval, cfg.trainer.job_id)
                hardware.timeout_s = 60
                return hardware.region
            """,
    ),
    Example(
        name="an attribute of the same name on something else",
        before="""
            from training.utils import WandBConfig

            def f(args, cfg):
                return args.ref_training_shape_id, cfg.infra.region, cfg.policy_job_id
            """,
        after=None,
    ),
)


class Codemod(Base):
    """Attributes of recipe Configs and of settings objects."""

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        if isinstance(node, ast.Name):
            return None
        owner = self.port.type_of(node.value)
        if owner is None:
            return None
        if (config := self.port.config_of(owner, node.attr)) is not None:
            return self._of_config(node, config)
        inner = node.value
        if isinstance(inner, ast.Attribute):
            config = self.port.config_of(self.port.type_of(inner.value), inner.attr)
            if config and (text := self._flattened(node, inner, config)):
                return text
        move = self.port.class_move(owner)
        if move is None or self.port.stays_old(node.value):
            return None
        new = move.fields.get(node.attr, node.attr)
        if new == node.attr or not self._target_field(move.new or "", new):
            return None
        self.port.done[move.rule] += 1
        return f"{self.port.receiver(node.value)}.{new}"

    def _of_config(self, node: ast.Attribute, config: str) -> str | None:
        move = self.port.moves.config.get(node.attr)
        if move is None or self._target_field(config, node.attr):
            return None
        if move.how == "flatten":
            return None  # the read of its field is what counts
        if move.how == "rename" and self._target_field(config, move.new or ""):
            self.port.done[move.rule] += 1
            return f"{self.port.receiver(node.value)}.{move.new}"
        if move.how == "into" and isinstance(node.ctx, ast.Load):
            owner = self.port.field_type(config, move.into or "")
            if owner and self._target_field(owner, move.new or ""):
                self.port.done[move.rule] += 1
                return f"{self.port.receiver(node.value)}.{move.into}.{move.new}"
        return None

    def _flattened(self, node: ast.Attribute, inner: ast.Attribute, config: str) -> str | None:
        move = self.port.moves.config.get(inner.attr)
        if move is None or move.how != "flatten" or self._target_field(config, inner.attr):
            return None
        new = self.port.moves.classes[move.class_ or ""].fields.get(node.attr, node.attr)
        if not self._target_field(config, new):
            return None
        self.port.done[move.rule] += 1
        return f"{self.port.receiver(inner.value)}.{new}"

    def _target_field(self, path: str, name: str) -> bool:
        cls = self.port.surfaces.target.class_at(path)
        return cls is not None and cls.field_named(name) is not None
