"""Managers that were made only to be passed to a recipe: their construction goes with the last use."""

from __future__ import annotations

import ast

from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.service import managers_of

EXAMPLES = (
    Example(
        name="made, passed, gone; its import too",
        before="""
            from fireworks.training.sdk import TrainerJobManager, FireworksClient
            from training.recipes.sft_loop import main

            def run(cfg):
                mgr = TrainerJobManager(
                    api_key=KEY,  # from the vault
                )

                main(cfg, rlor_mgr=mgr)
            """,
        after="""
            from fireworks.training.sdk import FireworksClient
            from training.recipes.sft_loop import main

            def run(cfg):
                # from the vault

                main(cfg)
            """,
    ),
    Example(
        name="another use keeps it",
        before="""
            from fireworks.training.sdk import TrainerJobManager
            from training.recipes.sft_loop import main

            mgr = TrainerJobManager(api_key=KEY)
            print(mgr.list_checkpoints("job"))
            main(cfg, rlor_mgr=mgr)
            """,
        after="""
            from fireworks.training.sdk import TrainerJobManager
            from training.recipes.sft_loop import main

            mgr = TrainerJobManager(api_key=KEY)
            print(mgr.list_checkpoints("job"))
            main(cfg)
            """,
    ),
    Example(
        name="arguments that do something when evaluated keep it",
        before="""
            from fireworks.training.sdk import TrainerJobManager
            from training.recipes.sft_loop import main

            mgr = TrainerJobManager(api_key=unlock_vault())
            main(cfg, rlor_mgr=mgr)
            """,
        after="""
            from fireworks.training.sdk import TrainerJobManager
            from training.recipes.sft_loop import main

            mgr = TrainerJobManager(api_key=unlock_vault())
            main(cfg)
            """,
    ),
)


class Codemod(Base):
    """Removes variables whose every use was removed: managers, dissolved settings, profiles of shapes."""

    after = ("recipe_config", "recipe_main", "settings_class")

    def finish(self) -> None:
        waiting = [n for n in self.port.model.calls if self._may_go(n)]
        # What goes may have been the last use of another: the profile, then the manager that was asked for it.
        while gone := [n for n in waiting if self._is_unused(n)]:
            waiting = [n for n in waiting if n not in gone]
            for node in gone:
                self.port.remove_statement(self.port.model.statement(node))

    def _may_go(self, node: ast.Call) -> bool:
        path = self.port.resolve(node.func)
        move = self.port.moves.classes.get(path or "")
        dissolved = move is not None and move.new is None
        return path in self.port.moves.managers or dissolved or self._is_profile(node)

    def _is_profile(self, node: ast.Call) -> bool:
        """Whether a call only reads a shape from the control plane, as the service client does anyway."""
        method = node.func
        if not self.port.services or not isinstance(method, ast.Attribute):
            return False
        return method.attr == "resolve_training_profile" and any(managers_of(self.port, method.value))

    def _is_unused(self, node: ast.Call) -> bool:
        target = self._only_target(self.port.model.parents[node])
        if target is None or not self._is_pure(node) or self.port.is_ignored(node):
            return False
        found = self.port.model.scope_of(target).lookup(target.id)
        if found is None or len(found[1]) != 1 or self.port.model.is_exported(target.id):
            return False
        loads = self.port.model.loads(target.id, found[0])
        is_unused = bool(loads) and all(self.port.is_gone(load) for load in loads)
        return is_unused and not self.port.is_taken(target.id, target)

    @staticmethod
    def _only_target(statement: ast.AST) -> ast.Name | None:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target: ast.expr = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        else:
            return None
        return target if isinstance(target, ast.Name) else None

    def _is_pure(self, made: ast.Call) -> bool:
        for part in ast.walk(made):
            if isinstance(part, ast.Await | ast.NamedExpr | ast.Yield | ast.YieldFrom):
                return False
            if isinstance(part, ast.Call) and part is not made:
                reads = self.port.model.resolve(part.func) in ("os.getenv", "os.environ.get")
                if not reads:
                    return False
        return True
