"""``options = {...}; options["infra"] = ...; Config(**options)``: the keys are ported where all of them are seen.

Only a dictionary of this function with literal keys, that nothing but this one call reads. What cannot be
looked into stays a finding of the codemods behind this one.
"""

from __future__ import annotations

import ast

from fwdoctor.lean_dataclass import dataclass
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import Edit

EXAMPLES = (
    Example(
        name="filled step by step",
        before="""
            from training.utils import InfraConfig

            def hardware(args):
                kwargs = {"training_shape_id": args.shape}  # the policy
                if args.ref_shape:
                    kwargs['ref_training_shape_id'] = args.ref_shape
                kwargs.update(trainer_timeout_s=60)
                return InfraConfig(**kwargs)
            """,
        after="""
            from training.utils import TrainerConfig

            def hardware(args):
                kwargs = {"training_shape_id": args.shape}  # the policy
                if args.ref_shape:
                    kwargs['reference_training_shape_id'] = args.ref_shape
                kwargs.update(timeout_s=60)
                return TrainerConfig(**kwargs)
            """,
    ),
    Example(
        name="a Config's own",
        before="""
            from training.recipes.sft_loop import Config
            from training.utils import InfraConfig

            options = dict(log_path="l", infra=InfraConfig(region="r"))
            cfg = Config(base_model="m", **options)
            """,
        after="""
            from training.recipes.sft_loop import Config
            from training.utils import TrainerConfig

            options = dict(log_path="l", trainer=TrainerConfig(region="r"))
            cfg = Config(base_model="m", **options)
            """,
    ),
    Example(
        name="a dictionary that others read is left, and told",
        before="""
            from training.utils import InfraConfig

            kwargs = {"ref_training_shape_id": "a"}
            log(kwargs)
            infra = InfraConfig(**kwargs)
            """,
        after="""
            from training.utils import InfraConfig

            kwargs = {"ref_training_shape_id": "a"}
            log(kwargs)
            # TODO(fwdoctor): FWD109 cannot see through **kwargs in the call of InfraConfig: port it to TrainerConfig by hand
            infra = InfraConfig(**kwargs)
            """,
    ),
    Example(
        name="keys that fit already",
        before="""
            from training.recipes.sft_loop import Config

            options = {"log_path": "l"}
            cfg = Config(**options)
            """,
        after=None,
    ),
)


@dataclass(frozen=True)
class _Key:
    """A key of a dictionary: a string, or the keyword of ``dict(...)`` or ``update(...)``."""

    name: str
    node: ast.Constant | ast.keyword


class Codemod(Base):
    """Calls whose only hidden arguments are a dictionary that can be seen whole."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.renames: list[tuple[_Key, str, str]] = []

    def plan(self) -> None:
        for call in self.port.model.calls:
            spread = [k for k in call.keywords if k.arg is None]
            starred = any(isinstance(a, ast.Starred) for a in call.args)
            if len(spread) != 1 or starred or not isinstance(spread[0].value, ast.Name):
                continue
            config = self.port.recipe_config(call.func)
            move = self.port.class_move(self.port.resolve(call.func))
            if config is None and move is None:
                continue
            keys = self._keys(spread[0].value)
            renames = self._renames(call, keys, config) if keys is not None else None
            if renames is not None:
                self.port.seen_through.add(call)
                self.renames += renames

    # --- what is in it -------------------------------------------------------------------------------

    def _keys(self, name: ast.Name) -> list[_Key] | None:
        """Every key that the dictionary ever gets; None if one cannot be seen or somebody else reads it."""
        model = self.port.model
        made = model.single_value(name)
        found = model.scope_of(name).lookup(name.id)
        statement = model.parents.get(made) if made is not None else None
        if isinstance(statement, ast.Assign) and len(statement.targets) > 1:
            return None
        if found is not None and isinstance(found[0].node, ast.ClassDef):
            return None
        if made is None or found is None or found[0] is not model.scope_of(name):
            return None
        keys = self._literal(made)
        for load in model.loads(name.id, found[0]):
            more = [] if load is name else self._stored(load)
            if keys is None or more is None or (load is not name and load.lineno > name.lineno):
                return None
            keys += more
        return None if any(self.port.is_ignored(key.node) for key in keys or ()) else keys

    def _literal(self, node: ast.expr) -> list[_Key] | None:
        match node:
            case ast.Dict(keys=keys) if all(isinstance(k, ast.Constant) and self._is_plain(k) for k in keys):
                return [_Key(str(k.value), k) for k in keys if isinstance(k, ast.Constant)]
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords) if all(
                k.arg for k in keywords
            ):
                return [_Key(k.arg or "", k) for k in keywords]
        return None

    def _is_plain(self, key: ast.Constant) -> bool:
        """Whether a key is written as it is: one string, no escapes."""
        return self.port.original(key).strip("'\"") == key.value

    def _stored(self, load: ast.Name) -> list[_Key] | None:
        """The keys that a use of the dictionary adds; None for every other use."""
        parents = self.port.model.parents
        node = parents[load]
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(key)) as constant, ctx=ast.Store()):
                return [_Key(key, constant)] if self._is_plain(constant) else None
            case ast.Attribute(attr="update"):
                call = parents[node]
                if not isinstance(call, ast.Call) or not isinstance(parents[call], ast.Expr):
                    return None
                keys = [_Key(k.arg, k) for k in call.keywords if k.arg]
                if len(keys) != len(call.keywords):
                    return None
                for argument in call.args:
                    more = self._literal(argument)
                    if more is None:
                        return None
                    keys += more
                return keys
        return None

    # --- what becomes of it --------------------------------------------------------------------------

    def _renames(
        self, call: ast.Call, keys: list[_Key], config: str | None
    ) -> list[tuple[_Key, str, str]] | None:
        """The keys with their new names and rules; None if one of them cannot simply be renamed."""
        result = []
        for key in keys:
            found = self._renamed(call, key.name, config)
            if found is None:
                return None
            new, rule = found
            if new != key.name:
                result.append((key, new, rule))
        return result

    def _renamed(self, call: ast.Call, name: str, config: str | None) -> tuple[str, str] | None:
        move = None if config else self.port.class_move(self.port.resolve(call.func))
        path = config or (move.new if move else None) or ""
        signature = self.port.target_signature(path)
        if signature is None or signature.opaque:
            return None
        own = self.port.own_fields(call.func) if config else set()
        new, rule = name, ""
        if move is not None:
            new, rule = move.fields.get(name, name), move.rule
        elif name not in own and not signature.accepts_keyword(name):
            argument = self.port.moves.config.get(name)
            if argument is None or argument.how != "rename":
                return None
            new, rule = argument.new or name, argument.rule
        return (new, rule) if new in own or signature.accepts_keyword(new) else None

    def finish(self) -> None:
        source = self.port.source
        for key, new, rule in self.renames:
            start = source.start(key.node)
            if isinstance(key.node, ast.keyword):
                self.port.edits.append(Edit(start, start + len(key.name.encode()), new))
            else:
                text = self.port.original(key.node)
                self.port.edits.append(Edit(start, source.end(key.node), text.replace(key.name, new)))
            self.port.done[rule] += 1
