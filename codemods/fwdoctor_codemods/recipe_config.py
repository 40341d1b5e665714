"""A recipe's ``Config(...)``: ``infra=`` → ``trainer=``, weight-sync settings flattened, job ids moved.

The target decides: a keyword is renamed, flattened or moved only where the target's Config does not take
the old one, and only fields that it takes are written. What it does not take is removed and named in a
marker, unless it says what was the default anyway.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection

from fwdoctor.moves import ArgumentMove
from fwdoctor.surface.model import Function
from fwdoctor_codemods.core.arguments import NewArgument, comments_in
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import argument_value, call_arguments, is_none, spread_of

EXAMPLES = (
    Example(
        name="infra and weight sync, comments kept",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import InfraConfig, WeightSyncConfig

            cfg = Config(
                log_path="./logs",
                infra=InfraConfig(
                    training_shape_id="a",  # the policy
                    ref_training_shape_id="b",
                ),
                # sync often
                weight_sync=WeightSyncConfig(
                    weight_sync_interval=1,
                    first_checkpoint_type="base",
                    dcp_save_interval=20,  # resumable
                ),
            )
            """,
        after="""
            from training.recipes.rl_loop import Config
            from training.utils import TrainerConfig

            cfg = Config(
                log_path="./logs",
                trainer=TrainerConfig(
                    training_shape_id="a",  # the policy
                    reference_training_shape_id="b",
                ),
                # sync often
                # resumable
                weight_sync_interval=1,
                dcp_save_interval=20,
            )
            """,
    ),
    Example(
        name="job ids move into the trainer",
        before="""
            from training.recipes import rl_loop
            from training.utils import InfraConfig

            cfg = rl_loop.Config(log_path="l", policy_job_id=old, reference_job_id=None, infra=InfraConfig(region="r"))
            """,
        after="""
            from training.recipes import rl_loop
            from training.utils import TrainerConfig

            cfg = rl_loop.Config(log_path="l", trainer=TrainerConfig(region="r", job_id=old))
            """,
    ),
    Example(
        name="a shared trainer is copied, never written into",
        before="""
            from training.recipes.sft_loop import Config
            from training.utils import InfraConfig

            shared = InfraConfig(region="r")
            first = Config(log_path="1", infra=shared)
            second = Config(log_path="2", infra=shared, trainer_job_id=first_job)
            """,
        after="""
            import dataclasses
            from training.recipes.sft_loop import Config
            from training.utils import TrainerConfig

            shared = TrainerConfig(region="r")
            first = Config(log_path="1", trainer=shared)
            second = Config(log_path="2", trainer=dataclasses.replace(shared, job_id=first_job))
            """,
    ),
    Example(
        name="a weight-sync object in a variable is written out",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import WeightSyncConfig

            sync = WeightSyncConfig(weight_sync_interval=every, dcp_timeout=60)
            cfg = Config(log_path="l", weight_sync=sync)
            """,
        after="""
            from training.recipes.rl_loop import Config

            # TODO(fwdoctor): FWD106 dcp_timeout=60 has no counterpart in cookbook 517d206d (2026-06-01): no recipe takes it; in a loop of your own pass timeout= to save_state and load_state_with_optimizer
            cfg = Config(log_path="l", weight_sync_interval=every)
            """,
    ),
    Example(
        name="the target decides: August's rl_loop has no weight_sync_interval",
        target="august",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import WeightSyncConfig

            cfg = Config(log_path="l", weight_sync=WeightSyncConfig(weight_sync_interval=4, weight_sync_timeout=60))
            """,
        after="""
            from training.recipes.rl_loop import Config

            # TODO(fwdoctor): FWD106 weight_sync_interval=4 has no counterpart in cookbook 76821fa1 (2026-08-19): this recipe syncs the weights on its own schedule
            cfg = Config(log_path="l", weight_sync_timeout=60)
            """,
    ),
    Example(
        name="a partial and the call of what it made",
        before="""
            from functools import partial
            from training.recipes import rl_loop
            from training.utils import InfraConfig

            make = partial(rl_loop.Config, log_path="l", infra=InfraConfig(region="r"))
            cfg = make(infra=InfraConfig(region="s"), base_model="m")
            """,
        after="""
            from functools import partial
            from training.recipes import rl_loop
            from training.utils import TrainerConfig

            make = partial(rl_loop.Config, log_path="l", trainer=TrainerConfig(region="r"))
            cfg = make(trainer=TrainerConfig(region="s"), base_model="m")
            """,
    ),
    Example(
        name="a trainer in parts, some given to the partial",
        before="""
            from functools import partial
            from training.recipes import rl_loop
            from training.utils import InfraConfig

            make = partial(rl_loop.Config, log_path="l", policy_job_id=job)
            cfg = make(infra=InfraConfig(region="r"))
            """,
        after="""
            from functools import partial
            from training.recipes import rl_loop
            from training.utils import InfraConfig

            # TODO(fwdoctor): FWD109 cannot see through functools.partial in the call of partial: what it sets becomes one object now, and other calls give parts of that: port them together
            # TODO(fwdoctor): FWD108 rl_loop.Config of cookbook 517d206d (2026-06-01) takes no policy_job_id=
            make = partial(rl_loop.Config, log_path="l", policy_job_id=job)
            # TODO(fwdoctor): FWD109 cannot see through functools.partial in the call of make: what it sets becomes one object now, and other calls give parts of that: port them together
            # TODO(fwdoctor): FWD108 rl_loop.Config of cookbook 517d206d (2026-06-01) takes no infra=
            cfg = make(infra=InfraConfig(region="r"))
            """,
    ),
    Example(
        name="what a class below hands to the recipe's",
        before="""
            from training.recipes import rl_loop
            from training.utils import InfraConfig

            class Mine(rl_loop.Config):
                def __init__(self, infra: InfraConfig, job):
                    super().__init__(log_path="l", infra=infra, policy_job_id=job)

            class Other(rl_loop.Config):
                @classmethod
                def make(cls):
                    return cls(log_path="l", infra=InfraConfig(region="r"))
            """,
        after="""
            import dataclasses
            from training.recipes import rl_loop
            from training.utils import TrainerConfig

            class Mine(rl_loop.Config):
                def __init__(self, infra: TrainerConfig, job):
                    super().__init__(log_path="l", trainer=dataclasses.replace(infra, job_id=job))

            class Other(rl_loop.Config):
                @classmethod
                def make(cls):
                    return cls(log_path="l", trainer=TrainerConfig(region="r"))
            """,
    ),
    Example(
        name="ported code is left alone",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import TrainerConfig

            cfg = Config(log_path="l", trainer=TrainerConfig(region="r"), weight_sync_interval=1)
            """,
        after=None,
    ),
)


class Codemod(Base):
    """Calls of a recipe's Config (or a subclass of it), and ``dataclasses.replace`` of one."""

    after = ("keyword_dict",)

    @classmethod
    def concerns(cls, port: Port) -> bool:
        # Positional arguments slide on to other fields, and nothing fails.
        return any(len(c.args) > 1 and port.recipe_config(c.func) for c in port.model.calls)

    def plan(self) -> None:
        for node in self.port.model.calls:
            if self.port.applied(node) is not None and self._config_path(node) and _is_split(self.port, node):
                parts = (n for n in ast.walk(node) if isinstance(n, ast.Call | ast.Name | ast.Attribute))
                self.port.kept.update(parts)

    def call(self, node: ast.Call) -> str | None:
        config = self._config_path(node)
        if config is None:
            return None
        signature = self.port.target_signature(config)
        if signature is None or signature.opaque:
            return None
        return _ConfigCall(self.port, node, config, signature).rewrite()

    def _config_path(self, node: ast.Call) -> str | None:
        if (config := self.port.recipe_config(node.func)) is not None:
            return config
        if self.port.is_copy(node):
            made = self.port.type_of(node.args[0])
            if made and made.startswith("training.recipes."):
                return made
        applied = self.port.applied(node)
        return self.port.recipe_config(applied) if applied is not None else None


class _ConfigCall:
    """One call on its way."""

    def __init__(self, port: Port, node: ast.Call, config: str, signature: Function) -> None:
        self.port = port
        self.node = node
        self.config = config
        self.signature = signature
        self.own = port.own_fields(port.applied(node) or node.func)
        #: the first positional argument is no field: what is copied, or called later
        self.is_copy = port.is_copy(node) or port.applied(node) is not None
        #: what goes into the value of another argument, and which
        self.inward: list[tuple[str, NewArgument]] = []

    def accepts(self, keyword: str) -> bool:
        return keyword in self.own or self.signature.accepts_keyword(keyword)

    def rewrite(self) -> str | None:
        keywords = {k.arg: k.value for k in self.node.keywords if k.arg}
        extra = self.port.extra_arguments.get(self.node, [])
        stale = [k for k in keywords if not self.accepts(k) and self._known(k)]
        spread = self.port.hidden(self.node)
        hides = spread is not None and self.port.is_old
        if self._is_ambiguous():
            self._tell_ambiguous()
            return None
        if not stale and not extra and not hides and not self._positional_slide():
            return None
        if _is_split(self.port, self.node):
            advice = (
                "what it sets becomes one object now, and other calls give parts of that: port them together"
            )
            callee = ast.unparse(self.node.func)
            self.port.note("FWD109", self.node, spread="functools.partial", callee=callee, advice=advice)
            return None
        if spread is not None:
            self._tell_opaque(spread)
            return None
        if {"trainer", "infra"} <= keywords.keys():
            return None  # a wrapper of its own kind; the leftover is reported
        if (beside := spread_of(self.node)) is not None and self._moves_in(keywords):
            # The settings may be in the dictionary: they cannot be given twice.
            self._tell_opaque(beside)
            return None
        if (shared := self._not_to_copy(keywords)) is not None:
            advice = "job ids are its fields now, but it may be None, or it changes behind this call"
            self.port.note("FWD110", self.node, what=self.port.original(shared), advice=advice)
            return None
        self.call, self.arguments = self.port.open_call(self.node)
        self._tell_reference(keywords)
        self._write_positional()
        for i in reversed(range(len(self.arguments))):
            argument = self.arguments[i]
            if isinstance(argument, ast.keyword) and argument.arg and not self.accepts(argument.arg):
                self._argument(i, argument.arg, argument.value)
        for into in dict.fromkeys(i for i, _ in self.inward):
            self._move_in(into, [new for i, new in reversed(self.inward) if i == into])
        for name, text in extra:
            if self.call.index(name) is None:
                self.call.append(NewArgument(name, text))
        return self.call.code()

    def _moves_in(self, keywords: dict[str, ast.expr]) -> bool:
        """Whether something that is passed becomes a field of what is passed beside it."""
        moves = [self.port.moves.config.get(k) for k, v in keywords.items() if not is_none(v)]
        return any(m is not None and m.how == "into" for m in moves)

    def _not_to_copy(self, keywords: dict[str, ast.expr]) -> ast.expr | None:
        """Settings that are to take more fields and cannot: they may be None, or are changed afterwards."""
        settings = keywords.get("infra", keywords.get("trainer"))
        if settings is None or not self._moves_in(keywords):
            return None
        if any(self._may_be_none(part) for part in _results(settings)):
            return settings
        if isinstance(settings, ast.Attribute):
            return settings if self._is_changed(settings.attr) else None
        if not isinstance(settings, ast.Name):
            return None
        home = self.port.function_of(settings)
        for store in self.port.stores:
            match store:
                case ast.Attribute(value=ast.Name(id=owner)) if owner == settings.id:
                    behind = store.lineno > (self.node.end_lineno or self.node.lineno)
                    if behind and self.port.function_of(store) is home:
                        return settings
        return None

    def _may_be_none(self, node: ast.expr) -> bool:
        values = [b.value for b in self.port.model.bindings(node)] if isinstance(node, ast.Name) else [node]
        return any(value is not None and is_none(value) for value in values)

    def _is_changed(self, attribute: str) -> bool:
        """Whether some code sets fields of what an attribute of that name holds."""
        return any(
            isinstance(store, ast.Attribute)
            and isinstance(store.value, ast.Attribute)
            and store.value.attr == attribute
            for store in self.port.stores
        )

    def _tell_reference(self, keywords: dict[str, ast.expr]) -> None:
        """Whether a reference trainer is made or not made now, where both sides can be seen.

        With LoRA there is none in either case: the reference is the policy's own trainer without the adapter.
        """
        choice = self.port.moves.references.get(self.config)
        made = keywords.get("infra")
        if isinstance(made, ast.Name):
            made = self.port.model.single_value(made)
        if choice is None or not isinstance(made, ast.Call) or spread_of(made) is not None or made.args:
            return
        shape = next((k.value for k in made.keywords if k.arg == "ref_training_shape_id"), None)
        beta, rank = (self._number(name, keywords.get(name)) for name in ("kl_beta", "lora_rank"))
        if (
            beta is None
            or rank is None
            or rank > 0
            or (shape is not None and not isinstance(shape, ast.Constant))
        ):
            return
        had_shape = shape is not None and not is_none(shape)
        before = had_shape or (choice.decided_by == "either" and beta > 0)
        if before == (beta > 0):
            return
        detail = "it was made because of ref_training_shape_id, and is not with kl_beta=0"
        if not before:
            detail = (
                f"there was none without ref_training_shape_id, and with kl_beta={beta:g} there is one now"
            )
        self.port.note("FWD126", self.node, detail=detail)

    def _number(self, name: str, value: ast.expr | None) -> float | None:
        """The value of a setting, its old default if it is not given, None if it cannot be seen."""
        if value is None:
            origin = self.port.origin_class(self.config)
            field = origin.field_named(name) if origin else None
            value = ast.parse(field.default, mode="eval").body if field and field.default else None
        found = value.value if isinstance(value, ast.Constant) else None
        return float(found) if isinstance(found, int | float) else None

    def _known(self, keyword: str) -> bool:
        return keyword in self.port.moves.config or self.port.origin_accepts(self.config, keyword)

    def _tell_opaque(self, spread: ast.AST) -> None:
        self.port.note(
            "FWD109",
            self.node,
            spread=self.port.original(spread),
            callee=ast.unparse(self.node.func),
            advice="old settings may hide in it, and what stands beside it was left as it is",
        )

    # --- positional arguments ------------------------------------------------------------------------

    @property
    def _count(self) -> int:
        return 0 if self.is_copy else len(self.node.args)

    @functools.cached_property
    def _origin_order(self) -> list[str] | None:
        if not self._count:
            return []
        order = self.port.order_then(self.config, self.node.args)
        if order is None and self._count <= 2 and not self.port.is_old:
            # Only in its first week had Config another beginning; nothing else here is that old.
            origin = self.port.origin_class(self.config)
            order = [f.name for f in origin.fields][: self._count] if origin else None
        return order

    def _is_ambiguous(self) -> bool:
        """Whether positional arguments meant one thing or another in the versions that the code may be of."""
        return self._count > 0 and self._origin_order is None

    def _tell_ambiguous(self) -> None:
        advice = "pass them by keyword: the order of Config's fields was not always the same"
        self.port.note("FWD110", self.node, what="the order of these arguments", advice=advice)

    def _positional_slide(self) -> bool:
        """Whether positional arguments would land on other fields in the target."""
        target = [p.name for p in self.signature.positional]
        return self._count > 0 and self._origin_order != target[: self._count]

    def _write_positional(self) -> None:
        if not self._positional_slide() or any(isinstance(a, ast.Starred) for a in self.node.args):
            return
        order = self._origin_order or []
        for i, value in enumerate(self.node.args[: len(order)]):
            self.call.set_keyword(i, order[i])
            self.arguments[i] = ast.keyword(order[i], value)

    # --- one argument --------------------------------------------------------------------------------

    def _argument(self, i: int, keyword: str, value: ast.expr) -> None:
        move = self.port.moves.config.get(keyword)
        if keyword in self.port.moves.unwanted:
            return
        if move is None:
            if self._known(keyword):
                self._lost(i, keyword, value)
            return
        if move.how == "rename":
            self._rename(i, move, value)
        elif move.how == "into":
            self._take_out(i, move, value)
        elif move.how == "flatten":
            self._flatten(i, move, value)

    def _lost(self, i: int, keyword: str, value: ast.expr) -> None:
        if not self.port.allows("FWD106"):
            return
        self._drop(i, value)
        self.port.tell_lost(self.node, self.port.origin_class(self.config), keyword, value, keyword)

    def _drop(self, i: int, value: ast.expr) -> None:
        self.port.orphans.append((self.node, self.call.remove(i)))
        self.port.remove(value)

    def _rename(self, i: int, move: ArgumentMove, value: ast.expr) -> None:
        new = move.new or ""
        if not self.accepts(new):
            return
        if self.port.stays_old(value):
            return
        if is_none(value):
            self._drop(i, value)
        else:
            self.call.set_keyword(i, new)
            if self.port.type_of(value) is None:
                self.port.note(
                    "FWD110",
                    self.node,
                    what=self.port.original(value),
                    advice=f"it was an InfraConfig and must now be a TrainerConfig ({new}=)",
                )
        self.port.done[move.rule] += 1

    def _take_out(self, i: int, move: ArgumentMove, value: ast.expr) -> None:
        owner = self.port.field_type(self.config, move.into or "")
        signature = self.port.target_signature(owner) if owner else None
        if signature is None or not signature.accepts_keyword(move.new or ""):
            self._lost(i, move.old, value)
            return
        text = self.call.value(i)
        comments = self.call.remove(i)
        self.port.orphans.append((self.node, comments))
        self.port.done[move.rule] += 1
        if is_none(value):
            self.port.remove(value)
        else:
            self.inward.append((move.into or "", NewArgument(move.new or "", text)))

    def _move_in(self, into: str, new: list[NewArgument]) -> None:
        place = self.call.index(into)
        if place is None:
            name = self.port.need("training.utils.TrainerConfig", self.node)
            fields = ", ".join(f"{n.keyword}={n.value}" for n in new)
            self.call.append(NewArgument(into, f"{name}({fields})"))
            return
        original = next((k.value for k in self.node.keywords if k.arg in ("infra", "trainer")), self.node)
        text = self.port.with_fields(original, self.call.value(place), new, self.node)
        self.call.set_value(place, text)

    # --- nested settings -----------------------------------------------------------------------------

    def _flatten(self, i: int, move: ArgumentMove, value: ast.expr) -> None:
        if is_none(value):
            self._drop(i, value)
            return
        made = self._construction(move, value)
        if made is not None and spread_of(made) is None:
            self._write_out(i, move, value, made)
        elif isinstance(value, ast.Name) and self.port.type_of(value) == move.class_:
            self._read_out(i, move, value)
        else:
            self.port.note(
                "FWD110",
                self.node,
                what=self.port.original(value),
                advice=f"write its settings as fields of this Config instead of {move.old}=",
            )

    def _construction(self, move: ArgumentMove, value: ast.expr) -> ast.Call | None:
        """The call that makes the nested object, here or in a variable that is nothing else."""
        if isinstance(value, ast.Call) and self.port.resolve(value.func) == move.class_:
            return value
        if not isinstance(value, ast.Name):
            return None
        made = self.port.model.single_value(value)
        if not (isinstance(made, ast.Call) and self.port.resolve(made.func) == move.class_):
            return None
        found = self.port.model.scope_of(value).lookup(value.id)
        if found is None or found[0] is not self.port.model.scope_of(value):
            return None
        uses = self.port.model.loads(value.id, found[0])
        if all(self._is_passed_on(use, move) for use in uses) and self._is_stable(made):
            return made
        return None

    def _is_passed_on(self, use: ast.Name, move: ArgumentMove) -> bool:
        keyword = self.port.model.parents[use]
        if not isinstance(keyword, ast.keyword) or keyword.arg != move.old:
            return False
        call = self.port.model.parents[keyword]
        return (
            isinstance(call, ast.Call)
            and self.port.recipe_config(call.func) is not None
            and spread_of(call) is None
        )

    def _is_stable(self, made: ast.Call) -> bool:
        """Whether evaluating the arguments later gives the same values and no second effect."""
        for node in ast.walk(made):
            if (
                isinstance(node, ast.Call | ast.Await | ast.NamedExpr | ast.Yield | ast.Subscript)
                and node is not made
            ):
                return False
            if isinstance(node, ast.Name) and len(self.port.model.bindings(node)) > 1:
                return False
        return not comments_in(self.port.original(made))

    def _write_out(self, i: int, move: ArgumentMove, value: ast.expr, made: ast.Call) -> None:
        new, inline = [], made is value
        origin = self.port.origin_class(move.class_ or "")
        order = [f.name for f in origin.fields] if origin else []
        fields = self.port.moves.classes[move.class_ or ""].fields
        for position, argument in enumerate(call_arguments(made)):
            inner = argument_value(argument)
            old = argument.arg if isinstance(argument, ast.keyword) else None
            old = old or (order[position] if position < len(order) else None)
            if old is None:
                continue
            name = fields.get(old, old)
            if self.accepts(name) and self.call.index(name) is None:
                new.append(NewArgument(name, self.port.text(inner)))
                continue
            self.port.remove(inner)
            if not self._without_effect(name, ast.unparse(inner)):
                self.port.tell_lost(self.node, origin, old, inner, name)
        given = {a.arg for a in call_arguments(made) if isinstance(a, ast.keyword)} | {
            *order[: len(made.args)]
        }
        new += self._defaults(move, given)
        comments = comments_in(self.port.original(made)) if inline else []
        self.port.orphans.append((self.node, self.call.replace(i, new, comments)))
        self.port.remove(made.func)
        if not inline:
            self.port.remove(value)
        self.port.done[move.rule] += 1

    def _without_effect(self, name: str, value: str) -> bool:
        """A recipe without weight sync: "never sync" is what it does."""
        return name == "weight_sync_interval" and value == "0" and not self.accepts("weight_sync_timeout")

    def _stores_of(self, name: ast.Name) -> list[ast.Attribute]:
        """The assignments to fields of what a variable holds."""
        found = self.port.model.scope_of(name).lookup(name.id)
        uses = self.port.model.loads(name.id, found[0]) if found else []
        parents = [self.port.model.parents[use] for use in uses]
        return [p for p in parents if isinstance(p, ast.Attribute) and not isinstance(p.ctx, ast.Load)]

    def _read_out(self, i: int, move: ArgumentMove, value: ast.Name) -> None:
        """The object is made elsewhere: read its fields one by one, for the class is still there."""
        if not self.port.target_has(move.class_ or ""):
            return
        stores = self._stores_of(value)
        if any(store.lineno > self.node.lineno for store in stores):
            advice = "it changes behind this call, which reads its settings; set the fields of this Config"
            self.port.note("FWD110", self.node, what=self.port.original(value), advice=advice)
            return
        made = self.port.model.single_value(value)
        known = None
        if isinstance(made, ast.Call) and spread_of(made) is None and not made.args and not stores:
            known = {k.arg for k in made.keywords}
        origin = self.port.origin_class(move.class_ or "")
        fields = self.port.moves.classes[move.class_ or ""].fields
        text = self.port.original(value)
        new, lost = [], []
        for field in origin.fields if origin else ():
            if known is not None and field.name not in known:
                continue  # (of a copy, see below)
            name = fields.get(field.name, field.name)
            if self.accepts(name) and self.call.index(name) is None:
                new.append(NewArgument(name, f"{text}.{field.name}"))
            elif known is not None:
                inner = next(k.value for k in made.keywords if k.arg == field.name)  # type: ignore[union-attr]
                self.port.tell_lost(self.node, origin, field.name, inner, name)
            else:
                lost.append(name)
        if lost:
            self.port.note(
                "FWD110",
                self.node,
                what=text,
                advice=f"this recipe takes no {', '.join(lost)}; if it sets them, they are gone",
            )
        if known is not None:
            new += self._defaults(move, known)
        self.call.replace(i, new)
        self.port.done[move.rule] += 1

    def _defaults(self, move: ArgumentMove, given: Collection[str | None]) -> list[NewArgument]:
        """What a copy of a Config is to be told of settings that it got anew: those that were not given, too.

        The old object took the place of the one in the copied Config; field by field, that one's would stay.
        """
        origin = self.port.origin_class(move.class_ or "")
        if origin is None or not self.port.is_copy(self.node):
            return []
        fields = self.port.moves.classes[move.class_ or ""].fields
        found = []
        for field in origin.fields:
            name = fields.get(field.name, field.name)
            if field.name in given or field.default is None or not self.accepts(name):
                continue
            if self.call.index(name) is None and _is_literal(field.default):
                found.append(NewArgument(name, field.default))
        return found


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def _is_split(port: Port, node: ast.Call) -> bool:
    """Whether a partial and the calls of what it made give parts of what is one setting now.

    The last of them would take the place of all that the others gave.
    """
    if port.applied(node) is None:
        return False
    steps = port.steps(node)
    others = [c for c in port.model.calls if c is not node and (c in steps or node in port.steps(c))]
    ids = {old for old, move in port.moves.config.items() if move.how == "into"}
    nested = {old for old, move in port.moves.config.items() if move.how == "flatten"}
    trainer = ids | {"infra", "trainer"}
    here = {k.arg for k in node.keywords}
    for there in ({k.arg for k in call.keywords} for call in others):
        if here & nested and there & nested:
            return True
        if here & trainer and there & trainer and (here | there) & ids:
            return True
    return False


def _results(node: ast.expr) -> list[ast.expr]:
    """What a conditional expression may give."""
    if isinstance(node, ast.IfExp):
        return [*_results(node.body), *_results(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [r for v in node.values for r in _results(v)]
    return [node]
