"""A recipe's ``main(...)``: managers are no longer passed, cleanup moves to the Config."""

from __future__ import annotations

import ast
import functools

from fwdoctor_codemods.core.arguments import CallText
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.model import Binding, BindingKind
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port, shown_setting
from fwdoctor_codemods.core.source import argument_value, call_arguments, is_none, spread_of

EXAMPLES = (
    Example(
        name="managers go",
        before="""
            from training.recipes import sft_loop

            def run(cfg, rlor_mgr=None):
                return sft_loop.main(cfg, rlor_mgr=rlor_mgr)

            run(cfg)
            """,
        after="""
            from training.recipes import sft_loop

            def run(cfg, rlor_mgr=None):
                return sft_loop.main(cfg)

            run(cfg)
            """,
    ),
    Example(
        name="managers of unknown making are told, without a marker",
        before="""
            from training.recipes import sft_loop

            def run(cfg, rlor_mgr):
                return sft_loop.main(cfg, rlor_mgr=rlor_mgr)
            """,
        after="""
            from training.recipes import sft_loop

            def run(cfg, rlor_mgr):
                return sft_loop.main(cfg)
            """,
    ),
    Example(
        name="a manager in an attribute",
        before="""
            from fireworks.training.sdk import TrainerJobManager
            from training.recipes import sft_loop

            class Runner:
                def __init__(self, url="https://staging.example.com"):
                    self.mgr = TrainerJobManager(api_key="k", base_url=url)

                def run(self, cfg):
                    return sft_loop.main(cfg, rlor_mgr=self.mgr)
            """,
        after="""
            from fireworks.training.sdk import TrainerJobManager
            from training.recipes import sft_loop

            class Runner:
                def __init__(self, url="https://staging.example.com"):
                    self.mgr = TrainerJobManager(api_key="k", base_url=url)

                def run(self, cfg):
                    # TODO(fwdoctor): FWD104 recipes build their own clients and no longer take managers: base_url=url of self.mgr has no effect any more; set FIREWORKS_BASE_URL to it
                    return sft_loop.main(cfg)
            """,
    ),
    Example(
        name="June's rl_loop cannot clean up: say so",
        before="""
            from training.recipes.rl_loop import main

            main(cfg, cancel_on_exit=not keep)
            """,
        after="""
            from training.recipes.rl_loop import main

            # TODO(fwdoctor): FWD105 who deletes the trainer at the end changed: cancel_on_exit=not keep went; the recipe of this version leaves its trainer running: close it yourself, or rely on the inactivity timeout
            main(cfg)
            """,
    ),
    Example(
        name="July's takes it on the Config",
        target="july",
        before="""
            from training.recipes.rl_loop import Config, main

            cfg = Config(log_path="l")
            main(cfg, cancel_on_exit=False)
            """,
        after="""
            from training.recipes.rl_loop import Config, main

            cfg = Config(log_path="l", cleanup_on_exit=False)
            main(cfg)
            """,
    ),
    Example(
        name="a manager with an address of its own leaves a marker",
        before="""
            from fireworks.training.sdk import TrainerJobManager
            from training.recipes.sft_loop import main

            mgr = TrainerJobManager(api_key=key, base_url="https://staging.example.com")
            main(cfg, rlor_mgr=mgr)
            """,
        after="""
            from training.recipes.sft_loop import main

            # TODO(fwdoctor): FWD104 recipes build their own clients and no longer take managers: base_url="https://staging.example.com" of mgr has no effect any more; set FIREWORKS_BASE_URL to it
            main(cfg)
            """,
    ),
    Example(
        name="run in threads",
        before="""
            import asyncio
            from functools import partial
            from training.recipes import sft_loop

            async def run(loop, pool, cfgs):
                await asyncio.to_thread(sft_loop.main, cfgs[0], rlor_mgr=None)
                await loop.run_in_executor(None, sft_loop.main, cfgs[1], None)
                await loop.run_in_executor(None, partial(sft_loop.main, cfgs[2], rlor_mgr=None))
                return [pool.submit(sft_loop.main, c, rlor_mgr=None) for c in cfgs]
            """,
        after="""
            import asyncio
            from functools import partial
            from training.recipes import sft_loop

            async def run(loop, pool, cfgs):
                await asyncio.to_thread(sft_loop.main, cfgs[0])
                await loop.run_in_executor(None, sft_loop.main, cfgs[1])
                await loop.run_in_executor(None, partial(sft_loop.main, cfgs[2]))
                return [pool.submit(sft_loop.main, c) for c in cfgs]
            """,
    ),
    Example(
        name="cleanup of a run in a thread",
        target="july",
        before="""
            import asyncio
            from training.recipes.rl_loop import Config, main

            cfg = Config(log_path="l")
            run = asyncio.to_thread(main, cfg, None, None, True)
            """,
        after="""
            import asyncio
            from training.recipes.rl_loop import Config, main

            cfg = Config(log_path="l", cleanup_on_exit=True)
            run = asyncio.to_thread(main, cfg)
            """,
    ),
    Example(
        name="what a thread is given in a tuple and a dictionary",
        before="""
            from threading import Thread
            from training.recipes import sft_loop

            Thread(target=sft_loop.main, args=(cfg,), kwargs={"rlor_mgr": mgr}).start()
            Thread(target=sft_loop.main, args=(cfg, mgr)).start()
            Thread(target=sft_loop.main, args=(cfg,)).start()
            """,
        after="""
            from threading import Thread
            from training.recipes import sft_loop

            # TODO(fwdoctor): FWD108 sft_loop.main of cookbook 517d206d (2026-06-01) takes no rlor_mgr=
            Thread(target=sft_loop.main, args=(cfg,), kwargs={"rlor_mgr": mgr}).start()
            # TODO(fwdoctor): FWD108 sft_loop.main of cookbook 517d206d (2026-06-01) takes no 2 positional arguments
            Thread(target=sft_loop.main, args=(cfg, mgr)).start()
            Thread(target=sft_loop.main, args=(cfg,)).start()
            """,
    ),
    Example(
        name="what others run is theirs",
        before="""
            from training.recipes import sft_loop
            from mylab import jobs, train

            jobs.submit(train, rlor_mgr=mgr)
            jobs.submit(sft_loop.main, cfg, key="a")
            """,
        after=None,
    ),
    Example(
        name="a main() of one's own is not a recipe's",
        before="""
            from training.utils import WandBConfig
            from mylab.loop import main

            main(cfg, rlor_mgr=mgr, cancel_on_exit=True)
            """,
        after=None,
    ),
)

_CLEANUP = "cleanup_on_exit"
#: The arguments that say who deletes the trainer.
_SAYING = frozenset({"cancel_on_exit", _CLEANUP})
_DEFAULT_URL = "https://api.fireworks.ai"


class Codemod(Base):
    """Calls of a recipe's main()."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        #: launches whose Config got to say that the trainer is kept
        self.kept: set[ast.Call] = set()

    def plan(self) -> None:
        for node in self.port.model.calls:
            path = self._path(node)
            if path is None or spread_of(node) is not None:
                continue
            self._plan_cleanup(node, path)
            self._plan_kept(node, path)

    def _path(self, node: ast.Call) -> str | None:
        """The main() that a call calls, or has called: in a thread, by a partial."""
        return self.port.recipe_main(self.port.called(node)[0])

    def _stale(self, node: ast.Call, path: str) -> list[tuple[str, ast.expr]]:
        """The arguments that the target's main() does not take, by name, positional ones too."""
        signature = self.port.target_signature(path)
        if signature is None or signature.opaque:
            return []
        # The newest that takes as many: recipes took managers in these places once, and then no more.
        _, places = self.port.called(node)
        orders = ([p.name for p in f.positional] for f in self.port.surfaces.old_signatures(path))
        order = next((names for names in orders if len(names) >= len(places)), [])
        given = list(zip(order, places, strict=False))
        given += [(k.arg, k.value) for k in node.keywords if k.arg]
        moved = self.port.moves.main
        return [(n, value) for n, value in given if n in moved and not signature.accepts_keyword(n)]

    def _plan_cleanup(self, node: ast.Call, path: str) -> None:
        """Decide before any text is made whether a Config in view can take the cleanup setting."""
        for name, value in self._stale(node, path):
            move = self.port.moves.main[name]
            if move.how != "config" or move.new is None:
                continue
            config = self._config_call(node, path)
            signature = self.port.target_signature(f"{path.rpartition('.')[0]}.Config")
            if (
                config is not None
                and signature
                and signature.parameter(move.new)
                and self._portable(value, config)
            ):
                waiting = self.port.extra_arguments.setdefault(config, [])
                if all(n != move.new for n, _ in waiting):
                    waiting.append((move.new, self.port.original(value)))

    def _plan_kept(self, node: ast.Call, path: str) -> None:
        """Write ``cleanup_on_exit=False`` where the old recipe kept its trainer, if that is wanted."""
        if not self.port.preserve_defaults or path not in self.port.moves.cleanup.kept:
            return
        config = self._config_call(node, path)
        if config is None or self._says(node, path) or self._fate(path) != "deleted":
            return
        if not self._is_old_launch(node, path):
            return
        self.kept.add(node)
        waiting = self.port.extra_arguments.setdefault(config, [])
        if all(n != _CLEANUP for n, _ in waiting):
            waiting.append((_CLEANUP, "False"))
            self.port.done["FWD105"] += 1

    def _config(self, node: ast.Call) -> ast.expr | None:
        """The Config that a launch gets, as it is written there."""
        _, places = self.port.called(node)
        if places:
            return places[0]
        return next((k.value for k in node.keywords if k.arg == "config"), None)

    def _config_call(self, node: ast.Call, path: str) -> ast.Call | None:
        """The Config that this run gets, if it is made in view and for this run alone."""
        value = self._config(node)
        made = self.port.model.single_value(value) if isinstance(value, ast.Name) else value
        if not isinstance(made, ast.Call) or spread_of(made) is not None or self.port.is_ignored(made):
            return None
        if self.port.recipe_config(made.func) != f"{path.rpartition('.')[0]}.Config":
            return None
        if isinstance(value, ast.Name):
            found = self.port.model.scope_of(value).lookup(value.id)
            runs = [
                load
                for load in (self.port.model.loads(value.id, found[0]) if found else [])
                if isinstance(call := self.port.model.parents[load], ast.Call) and self._path(call)
            ]
            if len(runs) > 1:
                return None
        return made

    def _portable(self, value: ast.expr, config: ast.Call) -> bool:
        """Whether the value means the same where the Config is made."""
        here, there = self.port.model.scope_of(value), self.port.model.scope_of(config)
        if here is not there:
            return isinstance(value, ast.Constant)
        for part in ast.walk(value):
            if isinstance(part, ast.Call | ast.Await | ast.NamedExpr | ast.Yield):
                return False
            if isinstance(part, ast.Name):
                bindings = self.port.model.bindings(part)
                if len(bindings) != 1:
                    return False
                bound = bindings[0].node
                if getattr(bound, "lineno", 0) > config.lineno:
                    return False
        return True

    def call(self, node: ast.Call) -> str | None:
        path = self._path(node)
        if path is None:
            self._tell_target(node)
            return None
        stale = self._stale(node, path)
        if (spread := spread_of(node)) is not None:
            if stale:
                self.port.note(
                    "FWD109",
                    node,
                    spread=self.port.original(spread),
                    callee=ast.unparse(node.func),
                    advice="the arguments beside it were left as they are",
                )
            return None
        self._tell_new_default(node, path)
        self._tell_reads(node, path)
        here = {id(argument_value(a)) for a in call_arguments(node)}
        values = {id(value): name for name, value in stale if id(value) in here}
        if not values:
            return None
        moves = self.port.moves.main
        self._tell_connections(node, [v for n, v in stale if id(v) in values and moves[n].how == "manager"])
        call, arguments = self.port.open_call(node)
        for i in reversed(range(len(arguments))):
            value = argument_value(arguments[i])
            name = values.get(id(value))
            if name is not None:
                self._argument(node, path, call, i, name, value)
        return call.code()

    def _argument(
        self, node: ast.Call, path: str, call: CallText, i: int, name: str, value: ast.expr
    ) -> None:
        move = self.port.moves.main[name]
        if move.how == "keep":
            return
        if move.how != "manager" and not self._is_taken_over(node, path, move.new or ""):
            self._tell_cleanup(node, path, name, value)
        self.port.orphans.append((node, call.remove(i)))
        self.port.remove(value)
        self.port.done[move.rule] += 1

    def _is_taken_over(self, node: ast.Call, path: str, new: str) -> bool:
        config = self._config_call(node, path)
        return config is not None and any(n == new for n, _ in self.port.extra_arguments.get(config, ()))

    def _tell_cleanup(self, node: ast.Call, path: str, name: str, value: ast.expr) -> None:
        text = f"{name}={self.port.original(value)}"
        signature = self.port.target_signature(f"{path.rpartition('.')[0]}.Config")
        if signature and signature.parameter(_CLEANUP):
            self.port.note(
                "FWD105", node, detail=f"{text} went; set cleanup_on_exit on the Config that this run gets"
            )
        elif not (isinstance(value, ast.Constant) and value.value is False):
            advice = self.port.moves.advice[name]
            self.port.note("FWD105", node, detail=f"{text} went; {advice}")

    def _tell_new_default(self, node: ast.Call, path: str) -> None:
        """Tell old code that does not say who deletes the trainer where the answer has changed."""
        if node in self._applied or self._says(node, path):
            return
        detail = self._new_default(path)
        if detail is not None and node not in self.kept and self._is_old_launch(node, path):
            self.port.note("FWD105", node, marker=False, detail=detail)

    def _tell_target(self, node: ast.Call) -> None:
        """The same of ``Thread(target=main, args=(config,))``, if that says nothing about it."""
        given = {k.arg: k.value for k in node.keywords}
        path = self.port.recipe_main(given["target"]) if "target" in given else None
        if path is None or not self._is_old_file:
            return
        args = given.get("args")
        places = args.elts if isinstance(args, ast.Tuple | ast.List) else []
        words = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
        words |= {part.arg for part in ast.walk(node) if isinstance(part, ast.keyword)}
        if words & _SAYING or self._is_stored or (places and self._is_said(places[0], set())):
            return
        if (detail := self._new_default(path)) is not None:
            self.port.note("FWD105", node, marker=False, detail=detail)

    def _new_default(self, path: str) -> str | None:
        """What changed for a launch that does not say who deletes the trainer; None if nothing did."""
        cleanup = self.port.moves.cleanup
        before = "kept" if path in cleanup.kept else "deleted" if path in cleanup.deleted else None
        after = self._fate(path)
        if before in (None, after):
            return None
        if after == "deleted":
            return "it was kept, and is now deleted unless the Config says cleanup_on_exit=False"
        if before == "deleted":
            return "it was deleted, and is now left running, and billed, until its inactivity timeout"
        return None

    @functools.cached_property
    def _applied(self) -> set[ast.Call]:
        """Partials whose every launch is a call in view: those tell."""
        return {step for call in self.port.model.calls for step in self.port.steps(call)[1:]}

    def _says(self, node: ast.Call, path: str) -> bool:
        """Whether a launch says who deletes the trainer, or what makes its Config, as far as that is in view."""
        names = {k.arg for call in self.port.steps(node) for k in call.keywords}
        names |= {name for name, _ in self._stale(node, path)}
        return bool(names & _SAYING) or self._is_stored or self._is_said(self._config(node), set())

    @functools.cached_property
    def _is_stored(self) -> bool:
        """Whether the file sets the cleanup of some Config afterwards."""
        return any(isinstance(s, ast.Attribute) and s.attr == _CLEANUP for s in self.port.stores)

    def _is_said(self, config: ast.expr | None, seen: set[ast.AST]) -> bool:
        """Whether the calls that make a Config set the cleanup."""
        if config is None or config in seen:
            return False
        seen.add(config)
        if isinstance(config, ast.Name):
            return any(self._is_said(b.value, seen) for b in self.port.model.bindings(config))
        if not isinstance(config, ast.Call):
            return False
        if any(k.arg == _CLEANUP for call in self.port.steps(config) for k in call.keywords):
            return True
        if self.port.is_copy(config):
            return self._is_said(config.args[0], seen)
        function = self.port.model.local_function(config.func)
        results = (n.value for n in ast.walk(function) if isinstance(n, ast.Return)) if function else ()
        return any(self._is_said(result, seen) for result in results)

    def _tell_reads(self, node: ast.Call, path: str) -> None:
        """Reads, after the run, of what the old recipe wrote into its Config."""
        written = [w for w in self.port.moves.written_back if path in w.main]
        config = self._config(node)
        if not written or not isinstance(config, ast.Name) or not self._is_old_launch(node, path):
            return
        for read in self.port.model.attributes:
            if read.lineno <= (node.end_lineno or node.lineno) or not isinstance(read.ctx, ast.Load):
                continue
            head, _, field = ast.unparse(read).partition(".")
            same = head == config.id and self.port.function_of(read) is self.port.function_of(node)
            for entry in written if same else ():
                if field in entry.fields and not self._is_set(self._config_call(node, path), field):
                    self.port.note("FWD125", read, read=f"{head}.{field}", advice=entry.fields[field])

    def _is_set(self, config: ast.Call | None, field: str) -> bool:
        """Whether the script set a field (``a`` or ``a.b``) itself: then it reads what it set."""
        first, _, rest = field.partition(".")
        value = next((k.value for k in config.keywords if k.arg == first), None) if config else None
        if isinstance(value, ast.Name):
            value = self.port.model.single_value(value)
        if not rest:
            return value is not None and not is_none(value)
        return isinstance(value, ast.Call) and self._is_set(value, rest)

    def _fate(self, path: str) -> str:
        """What the target's recipe does with its trainer if nobody says anything."""
        signature = self.port.target_signature(f"{path.rpartition('.')[0]}.Config")
        field = signature.parameter(_CLEANUP) if signature else None
        if field is not None:
            return "deleted" if field.default == "True" else "kept"
        running = self.port.target_has(self.port.moves.cleanup.left_running_while)
        return "left running" if running else "deleted"

    def _is_old_launch(self, node: ast.Call, path: str) -> bool:
        """Whether this launch still speaks the old API: ported code has made its choice.

        Where neither it nor its Config gives any sign, the rest of the file does.
        """
        made = self._config_call(node, path)
        names = {k.arg for k in made.keywords} if made is not None else set()
        if names & self.port.moves.config.keys() or self._stale(node, path):
            return True
        new = {move.new for move in self.port.moves.config.values() if move.how == "rename"}
        return self._is_old_file and not names & new

    @functools.cached_property
    def _is_old_file(self) -> bool:
        """Whether the file was written for a version to which the moves do not lead yet."""
        if not self.port.is_old or self.port.names_old_classes:
            return self.port.is_old
        state = self.port.origin()
        return state is None or self.port.surfaces.class_then(self.port.moves.leads_to, state) is None

    # --- managers ------------------------------------------------------------------------------------

    def _tell_connections(self, node: ast.Call, managers: list[ast.expr]) -> None:
        """Tell what the managers of a launch were made with, and what of them cannot be seen."""
        unseen = []
        for value in managers:
            made = self._makings(value, set())
            if made is None:
                unseen.append(self.port.original(value))
            owner = "the manager" if isinstance(value, ast.Call) else self.port.original(value)
            for call in made or ():
                self._tell_connection(node, owner, call)
        if unseen:
            detail = (
                f"cannot see what {' and '.join(unseen)} {'were' if len(unseen) > 1 else 'was'} made with; "
                "the run takes its address and headers from FIREWORKS_BASE_URL and FIREWORKS_API_EXTRA_HEADERS"
            )
            # No marker: mostly there is nothing to be done, and nothing here shows that there is.
            self.port.note("FWD104", node, marker=False, detail=detail)

    def _tell_connection(self, node: ast.Call, owner: str, made: ast.Call) -> None:
        order = ("api_key", "base_url")  # the first two parameters of both managers
        for i, argument in enumerate(call_arguments(made)):
            name = argument.arg if isinstance(argument, ast.keyword) else order[i] if i < 2 else None
            inner = argument_value(argument)
            if name not in ("base_url", "additional_headers") or self._is_default(inner, name):
                continue
            variable = "FIREWORKS_BASE_URL" if name == "base_url" else "FIREWORKS_API_EXTRA_HEADERS"
            setting = shown_setting(f"{name}={self.port.original(inner)}")
            self.port.note(
                "FWD104",
                node,
                detail=f"{setting} of {owner} has no effect any more; set {variable} to it",
            )

    def _makings(self, value: ast.expr, seen: set[ast.AST]) -> list[ast.Call] | None:
        """The calls that may have made a manager; None if one of them is not in view."""
        if value in seen or is_none(value):
            return []
        seen.add(value)
        if isinstance(value, ast.Call):
            if self.port.resolve(value.func) in self.port.moves.managers:
                return [value] if spread_of(value) is None else None
            if (self.port.model.resolve(value.func) or "").startswith("unittest.mock."):
                return []
            if self.port.model.local_class(value.func) is not None:
                return []  # a stand-in of the file's own
        sources = self._sources(value)
        found: list[ast.Call] = []
        for source in sources:
            calls = self._makings(source, seen) if source is not None else None
            if calls is None:
                return None
            found += calls
        return found if sources else None

    def _sources(self, value: ast.expr) -> list[ast.expr | None]:
        """The expressions one of which gives a value; None among them is one that is not in view."""
        match value:
            case ast.Name():
                bindings = self.port.model.bindings(value)
                return [part for binding in bindings for part in self._bound_to(binding)]
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                cls = self.port.model.class_around(value)
                return [*_stored(cls, name)] if cls is not None else []
            case ast.IfExp():
                return [value.body, value.orelse]
            case ast.BoolOp():
                return [*value.values]
            case ast.NamedExpr():
                return [value.value]
            case ast.Call() if (function := self.port.model.local_function(value.func)) is not None:
                inside = (n for n in ast.walk(function) if isinstance(n, ast.Return))
                return [n.value for n in inside if self.port.function_of(n) is function]
        return []

    def _bound_to(self, binding: Binding) -> list[ast.expr | None]:
        """What a binding of a variable gives it: of a parameter, what the calls in this file pass."""
        if binding.kind in (BindingKind.ASSIGN, BindingKind.WITH):
            # An annotation without a value binds nothing.
            return [] if binding.value is None and binding.annotation is not None else [binding.value]
        if binding.kind is not BindingKind.PARAMETER or not isinstance(binding.node, ast.arg):
            return [None]
        function = self.port.model.parents[self.port.model.parents[binding.node]]
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return [None]
        calls = [c for c in self.port.model.calls if self._calls(c, function)]
        return [_passed(call, function, binding.node) for call in calls] or [None]

    def _calls(self, call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Whether a call is one of a function of this file, or makes an object by it."""
        cls = self.port.model.parents[function]
        if isinstance(cls, ast.ClassDef):
            return function.name == "__init__" and self.port.model.local_class(call.func) is cls
        return self.port.model.local_function(call.func) is function

    def _is_default(self, node: ast.expr, name: str) -> bool:
        """Whether a connection setting is what the recipe finds by itself."""
        if isinstance(node, ast.Constant):
            return node.value in (None, _DEFAULT_URL)
        variable = "FIREWORKS_BASE_URL" if name == "base_url" else "FIREWORKS_API_EXTRA_HEADERS"
        if variable in ast.unparse(node):
            return True
        if isinstance(node, ast.BoolOp):
            return all(self._is_default(v, name) for v in node.values)
        if isinstance(node, ast.Name):
            made = self.port.model.single_value(node)
            return made is not None and self._is_default(made, name)
        return False


def _stored(cls: ast.ClassDef, name: str) -> list[ast.expr]:
    """What a class assigns to ``self.name``, or to ``name`` in its body."""
    found = []
    for part in ast.walk(cls):
        if not isinstance(part, ast.Assign | ast.AnnAssign) or part.value is None:
            continue
        targets = part.targets if isinstance(part, ast.Assign) else [part.target]
        wanted = {f"self.{name}", name} if part in cls.body else {f"self.{name}"}
        if wanted & {ast.unparse(target) for target in targets}:
            found.append(part.value)
    return found


def _passed(
    call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef, parameter: ast.arg
) -> ast.expr | None:
    """What a call passes for a parameter, or its default; None if that cannot be told."""
    if spread_of(call) is not None:
        return None
    for keyword in call.keywords:
        if keyword.arg == parameter.arg:
            return keyword.value
    arguments = function.args
    if parameter in arguments.kwonlyargs:
        return arguments.kw_defaults[arguments.kwonlyargs.index(parameter)]
    order = [*arguments.posonlyargs, *arguments.args]
    if parameter not in order:
        return None
    place = order.index(parameter)
    given = place - (function.name == "__init__")
    if given < len(call.args):
        return call.args[given]
    default = place - (len(order) - len(arguments.defaults))
    return arguments.defaults[default] if default >= 0 else None
