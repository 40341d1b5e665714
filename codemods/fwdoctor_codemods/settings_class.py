"""Settings classes that were renamed: ``InfraConfig(...)`` becomes ``TrainerConfig(...)``.

Constructor calls get the new field names, written as keywords because the order of the fields changed;
annotations, default factories and other mentions get the new name. A class that flows into old API that
nothing can port yet stays what it was.
"""

from __future__ import annotations

import ast
import re

from fwdoctor.moves import ClassMove, provisioning
from fwdoctor.surface.model import MISSING
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.model import BindingKind
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.source import argument_value

EXAMPLES = (
    Example(
        name="fields are renamed, positional ones become keywords",
        before="""
            from training.utils import InfraConfig

            infra = InfraConfig("accounts/fireworks/trainingShapes/a", ref_training_shape_id="b", trainer_timeout_s=60)
            """,
        after="""
            from training.utils import TrainerConfig

            infra = TrainerConfig(training_shape_id="accounts/fireworks/trainingShapes/a", reference_training_shape_id="b", timeout_s=60)
            """,
    ),
    Example(
        name="an alias keeps its local name",
        before="""
            from training.utils import InfraConfig as Hardware

            def make() -> Hardware:
                return Hardware(trainer_replica_count=2)  # two
            """,
        after="""
            from training.utils import TrainerConfig as Hardware

            def make() -> Hardware:
                return Hardware(replica_count=2)  # two
            """,
    ),
    Example(
        name="through a module",
        before="""
            import training.utils as u

            x: "u.InfraConfig" = u.InfraConfig(region="US_OHIO_1")
            """,
        after="""
            import training.utils as u

            x: "u.TrainerConfig" = u.TrainerConfig(region="US_OHIO_1")
            """,
    ),
    Example(
        name="somebody else's class of that name is not touched",
        before="""
            from training.utils import WandBConfig
            from hawk.api import InfraConfig

            infra = InfraConfig(log_dir="", max_sandboxes=7)
            """,
        after=None,
    ),
    Example(
        name="a setting that the target does not know is named in a marker",
        target="august",
        before="""
            from training.utils import InfraConfig

            infra = InfraConfig(region="US_OHIO_1", accelerator_type="NVIDIA_H200")
            """,
        after="""
            from training.utils import TrainerConfig

            # TODO(fwdoctor): FWD106 accelerator_type="NVIDIA_H200" has no counterpart in cookbook 76821fa1 (2026-08-19): the training shape owns it: set training_shape_id to a shape with that accelerator
            infra = TrainerConfig(region="US_OHIO_1")
            """,
    ),
)


class Codemod(Base):
    """InfraConfig → TrainerConfig, wherever the class itself is named."""

    after = ("service_client", "keyword_dict")  # what a service takes over is no use of the old API any more

    def plan(self) -> None:
        api_level = self._stays_old()
        for node in self.port.model.calls:
            move = self.port.class_move(self.port.resolve(node.func))
            if move is None:
                continue
            if (spread := self.port.hidden(node)) is not None:
                self.port.kept.add(node)
                self.port.note(
                    "FWD109",
                    node,
                    spread=self.port.original(spread),
                    callee=move.old.rpartition(".")[2],
                    advice=f"port it to {_last(move)} by hand",
                )
            elif node.args and self.port.order_then(move.old, node.args) is None:
                self.port.kept.add(node)
                name = move.old.rpartition(".")[2]
                advice = f"pass them by keyword: the order of {name}'s fields was not always the same"
                self.port.note("FWD110", node, what="the order of these arguments", advice=advice)
            elif api_level and not self._feeds_recipes_only(node):
                self.port.kept.add(node)
        for use in (*self.port.model.names, *self.port.model.attributes):
            if self.port.class_move(self.port.resolve(use)) is None:
                continue
            parent = self.port.model.parents.get(use)
            called = isinstance(parent, ast.Call) and parent.func is use
            if parent in self.port.kept if called else api_level:
                self.port.kept.add(use)
            elif isinstance(parent, ast.MatchClass) or (
                isinstance(parent, ast.ClassDef) and use in parent.bases and self._extends(parent)
            ):
                # Patterns and subclasses name fields in ways that are not followed.
                self.port.kept.add(use)
                name = self.port.original(use)
                self.port.note(
                    "FWD110", use, what=f"every use of {name}'s fields here", advice="port it by hand"
                )
        self._keep_aliases_whole()
        self.port.kept.update(call for call in self.port.model.calls if call.func in self.port.kept)

    @staticmethod
    def _extends(node: ast.ClassDef) -> bool:
        """Whether a subclass has more than a docstring and ``pass``."""
        return any(not isinstance(s, ast.Pass | ast.Expr) for s in node.body)

    def _stays_old(self) -> bool:
        """Whether the classes stay what they are, but for what recipes and service clients are given.

        A service client cannot be given settings that stay: then its code stays, too.
        """
        removed = self._removed_api()
        services = [s for s in self.port.services if s.is_go]
        guarded = self._guarded_use()
        if guarded is None and not any(self._provisions(path) for path in removed):
            # Something else that the target lacks has no say in what the service client is given.
            return bool(removed) and not services
        for service in services:
            settings = service.given.get(service.move.trainer)
            if settings is not None and self._is_declared(settings):
                service.refuse(service.call, "other code of this file needs its settings as they are")
        if guarded is not None:
            self._tell_guarded(guarded)
        return True

    def _tell_guarded(self, guarded: ast.Attribute) -> None:
        """Say at the class why it stays: what is written for several versions is not the place for it."""
        uses = (*self.port.model.names, *self.port.model.attributes)
        found = [use for use in uses if self.port.class_move(self.port.resolve(use)) is not None]
        free = [use for use in found if not self.port.guards.around(use)]
        if free:
            use = min(free, key=lambda use: (use.lineno, use.col_offset))
            read = self.port.original(guarded)
            detail = (
                f"code for several versions reads {read}, which has another name there; port both by hand"
            )
            self.port.note("FWD101", use, detail=detail)

    def _guarded_use(self) -> ast.Attribute | None:
        """A use of a field that has another name now, in code that is left as it is for the sake of other versions.

        The class that it is a field of must not change, then. Where the code looks the field itself up, it
        may: such code goes on to work.
        """
        for node in self.port.model.attributes if self.port.guards else ():
            move = self.port.class_move(self.port.type_of(node.value))
            if move is None or not self.port.guards.around(node):
                continue
            target = self.port.surfaces.target.class_at(move.new or "")
            there = target is not None and target.field_named(node.attr) is not None
            if not there and not self.port.guards.looks_up(node, node.attr):
                return node
        return None

    def _is_declared(self, settings: ast.expr) -> bool:
        """Whether settings are of an old class because something declares or keeps them so, not just made here."""
        while isinstance(settings, ast.Call) and self.port.is_copy(settings):
            settings = settings.args[0]
        if self.port.class_move(self.port.type_of(settings)) is None or isinstance(settings, ast.Call):
            return False
        value = self.port.model.single_value(settings) if isinstance(settings, ast.Name) else None
        return value is None or self._is_declared(value)

    def _removed_api(self) -> set[str]:
        """The names of the cookbook that the file uses, and that the target lacks and no move replaces."""
        carried = {n for s in self.port.services if s.is_go for n in s.carried}
        found = set()
        for node in (*self.port.model.names, *self.port.model.attributes):
            raw = None if node in carried else self.port.model.resolve(node)
            if raw is None or self.port.surfaces.target.locate(raw) is not MISSING:
                continue
            path = self.port.canonical(raw)
            if path and path not in self.port.moves.classes and path not in self.port.moves.managers:
                found.add(path)
        return found

    @staticmethod
    def _provisions(path: str) -> bool:
        """Whether a name is of a module that took settings of the old classes."""
        modules = {old.rpartition(".")[0] for old in provisioning().calls}
        return any(path.startswith(f"{module}.") for module in modules)

    def _feeds_recipes_only(self, node: ast.expr) -> bool:
        parent = self.port.model.parents.get(node)
        if isinstance(parent, ast.keyword):
            outer = self.port.model.parents.get(parent)
            if isinstance(outer, ast.Call) and self.port.recipe_config(outer.func):
                return True
            if any(outer is s.call and s.is_go for s in self.port.services):
                return True
        if (
            isinstance(parent, ast.Assign)
            and len(parent.targets) == 1
            and isinstance(parent.targets[0], ast.Name)
        ):
            target = parent.targets[0]
            found = self.port.model.scope_of(target).lookup(target.id)
            if found and len(found[1]) == 1:
                loads = self.port.model.loads(target.id, found[0])
                return bool(loads) and all(self._feeds_recipes_only(load) for load in loads)
        if isinstance(parent, ast.Call) and self.port.is_copy(parent) and parent.args[0] is node:
            return self._feeds_recipes_only(parent)
        return False

    def _keep_aliases_whole(self) -> None:
        """``InfraConfig as X``: one local name cannot mean both classes, so all of it stays or none."""
        for node in [n for n in self.port.kept if isinstance(n, ast.Name)]:
            bindings = self.port.model.bindings(node)
            aliased = any(
                b.kind is BindingKind.IMPORT and isinstance(b.node, ast.alias) and b.node.asname
                for b in bindings
            )
            found = self.port.model.scope_of(node).lookup(node.id)
            if aliased and found:
                self.port.kept.update(self.port.model.loads(node.id, found[0]))

    def call(self, node: ast.Call) -> str | None:
        applied = self.port.applied(node)
        copied = self.port.is_copy(node) or applied is not None
        if applied is not None:
            path = self.port.resolve(applied)
        else:
            path = self.port.type_of(node.args[0]) if copied else self.port.resolve(node.func)
        move = self.port.class_move(path)
        if move is None or node in self.port.kept or self.port.stays_old(node):
            return None
        origin = self.port.origin_class(move.old)
        target = self.port.target_signature(move.new or "")
        if origin is None or target is None or (copied and not node.keywords):
            return None
        call, arguments = self.port.open_call(node)
        order = [] if copied else self.port.order_then(move.old, node.args) or []
        for i in reversed(range(len(arguments))):
            argument = arguments[i]
            old = argument.arg if isinstance(argument, ast.keyword) else None
            if isinstance(argument, ast.keyword) and old is None:
                continue  # a dictionary whose keys were ported
            if old is None:
                if i >= len(order):
                    continue
                old = order[i]
            new = move.fields.get(old, old)
            value = argument_value(argument)
            if target.accepts_keyword(new):
                call.set_keyword(i, new)
                self.port.tell_ignored(node, move.new, new, value)
                continue
            if not self.port.allows("FWD106"):
                continue
            self.port.orphans.append((node, call.remove(i)))
            self.port.remove(value)
            self.port.tell_lost(node, origin, old, value, old)
        self.port.done[move.rule] += 1
        return call.code()

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        if not isinstance(node.ctx, ast.Load) or node in self.port.kept:
            return None
        raw = self.port.model.resolve(node)
        move = self.port.class_move(self.port.canonical(raw))
        if move is None or raw is None:
            return None
        self.port.renamed.add(node)
        if isinstance(node, ast.Name):
            return self._local_name(node, move)
        module = raw.rpartition(".")[0]
        if self.port.target_has(f"{module}.{_last(move)}"):
            return f"{self.port.receiver(node.value)}.{_last(move)}"
        return self.port.need(f"{move.import_from}.{_last(move)}", node)

    def _local_name(self, node: ast.Name, move: ClassMove) -> str:
        aliases = [b.node for b in self.port.model.bindings(node) if isinstance(b.node, ast.alias)]
        if any(a.asname for a in aliases) or self.port.model.single_value(node) is not None:
            return node.id
        if not aliases:  # it came by ``import *``, and so does its successor
            return _last(move)
        taken = self.port.model.scope_of(node).lookup(_last(move))
        if taken is None:
            return _last(move)
        return self.port.need(f"{move.import_from}.{_last(move)}", node)

    def quoted(self, node: ast.Constant) -> str | None:
        text = self.port.original(node)
        for name in self.port.model.module.bindings:
            pattern = rf"\b{re.escape(name)}(\.\w+)*\b"
            if not isinstance(node.value, str) or not re.search(pattern, node.value):
                continue
            try:
                tree = ast.parse(node.value, mode="eval")
            except (SyntaxError, ValueError):
                return None
            for part in ast.walk(tree):
                if not isinstance(part, ast.Name | ast.Attribute):
                    continue
                spelled = ast.unparse(part)
                move = self.port.class_move(self._resolve_text(spelled))
                if move is None or any(isinstance(k, ast.Name) and k.id == spelled for k in self.port.kept):
                    continue
                aliased = "." not in spelled and self._import_alias(spelled)
                if aliased:
                    continue
                head = spelled.rpartition(".")[0]
                new = f"{head}.{_last(move)}" if head else _last(move)
                text = re.sub(rf"(?<![\w.]){re.escape(spelled)}(?!\w)", new, text)
        return text if text != self.port.original(node) else None

    def _import_alias(self, name: str) -> bool:
        return any(
            isinstance(b.node, ast.alias) and b.node.asname
            for b in self.port.model.module.bindings.get(name, ())
        )

    def _resolve_text(self, spelled: str) -> str | None:
        head, _, rest = spelled.partition(".")
        bindings = self.port.model.module.bindings.get(head, [])
        paths = {b.path for b in bindings if b.kind is BindingKind.IMPORT}
        if len(paths) != 1 or len(bindings) != len([b for b in bindings if b.kind is BindingKind.IMPORT]):
            return None
        path = paths.pop()
        return self.port.canonical(f"{path}.{rest}" if rest else path)


def _last(move: ClassMove) -> str:
    return (move.new or "").rpartition(".")[2]
