"""``with ResourceCleanup(...)``: the service client cleans up when it is closed."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core import steady
from fwdoctor_codemods.core.arguments import comments_in
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.service import LEAK, Service, arguments_of, condition, free_name, is_given
from fwdoctor_codemods.core.source import Edit, is_none

EXAMPLES = (
    Example(
        name="closing(...) where the scope begins with the trainer",
        target="july",
        before="""
            from training.utils import InfraConfig, ResourceCleanup, create_trainer_job

            def train(mgr):
                with ResourceCleanup(mgr) as cleanup:
                    endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig(region="r"), cleanup=cleanup)
                    return endpoint.job_id
            """,
        after="""
            import os
            from contextlib import closing
            from training.utils import TrainerConfig, read_api_extra_headers_env, build_service_client

            def train(mgr):
                # TODO(fwdoctor): FWD105 who deletes the trainer at the end changed: ResourceCleanup cancelled it, and it could be resumed; closing the service client deletes it, and its checkpoints can be promoted for 30 days
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                with closing(build_service_client(
                    base_model="m",
                    trainer=TrainerConfig(region="r"),
                    api_key=os.environ["FIREWORKS_API_KEY"],
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    lora_rank=0,
                    max_context_length=None,
                    learning_rate=1e-05,
                    cleanup_trainer_on_close=True,
                )) as service:
                    training_client = service.create_training_client("m", lora_rank=0)
                    return service.trainer_job_id
            """,
    ),
    Example(
        name="the ExitStack that is there, and who may delete what",
        target="july",
        before="""
            from contextlib import ExitStack
            from training.utils import DeployConfig, InfraConfig, ResourceCleanup, create_trainer_job, setup_deployment

            def train(mgr, deploy_mgr, args, deploy: DeployConfig, infra: InfraConfig):
                with ResourceCleanup(mgr, deploy_mgr) as cleanup, ExitStack() as stack:
                    setup_deployment(deploy_mgr, deploy, "m", infra)
                    if not args.keep:
                        cleanup.deployment(deploy.deployment_id, action="scale_to_zero")
                    endpoint = create_trainer_job(mgr, base_model="m", infra=infra, job_id=args.job)
                    if not args.keep:
                        cleanup.trainer(endpoint.job_id)
                    return endpoint.job_id
            """,
        after="""
            import os
            import dataclasses
            from contextlib import ExitStack
            from training.utils import DeployConfig, TrainerConfig, read_api_extra_headers_env, build_service_client

            def train(mgr, deploy_mgr, args, deploy: DeployConfig, infra: TrainerConfig):
                # TODO(fwdoctor): FWD105 who deletes the trainer at the end changed: ResourceCleanup cancelled it, and it could be resumed; closing the service client deletes it, and its checkpoints can be promoted for 30 days
                with ExitStack() as stack:
                    # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                    service = build_service_client(
                        base_model="m",
                        trainer=dataclasses.replace(infra, job_id=args.job),
                        api_key=os.environ["FIREWORKS_API_KEY"],
                        base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                        additional_headers=read_api_extra_headers_env(),
                        tokenizer_model=None,
                        lora_rank=0,
                        max_context_length=None,
                        learning_rate=1e-05,
                        deployment=deploy,
                        cleanup_trainer_on_close=not args.keep,
                        cleanup_deployment_on_close="scale_to_zero" if not args.keep else None,
                    )
                    stack.callback(service.close)
                    training_client = service.create_training_client("m", lora_rank=0)
                    return service.trainer_job_id
            """,
    ),
    Example(
        name="a scope without a trainer in it is left alone, and told",
        before="""
            from training.utils import ResourceCleanup

            with ResourceCleanup(mgr) as cleanup:
                cleanup.trainer(job)
            """,
        after="""
            # TODO(fwdoctor): FWD107 training.utils.ResourceCleanup is not in cookbook 517d206d (2026-06-01)
            from training.utils import ResourceCleanup

            with ResourceCleanup(mgr) as cleanup:
                cleanup.trainer(job)
            """,
    ),
)


class Codemod(Base):
    """Cleanup scopes around the making of a trainer."""

    after = ("setup_infra", "create_trainer_job", "sdk_lifecycle")

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        #: the cleanup scopes that are ported: the item of the ``with``, and the service
        self.scopes: list[tuple[ast.With, ast.withitem, Service]] = []
        self.releases: dict[ast.Call, Service] = {}

    def plan(self) -> None:
        self._plan_scopes()
        for service in self.port.services:
            passed = service.given.get("cleanup")
            names = [n for n in ast.walk(passed) if isinstance(n, ast.Name)] if passed is not None else []
            if passed is not None and not is_none(passed) and not any(n in service.claimed for n in names):
                service.refuse(passed, "its cleanup scope is made somewhere else")

    def _plan_scopes(self) -> None:
        for call in self.port.model.calls:
            if not self.port.means(call.func, provisioning().cleanup):
                continue
            scope = self._scope(call)
            if scope is None:
                for service in self.port.services:
                    if self.port.function_of(service.anchor) is self.port.function_of(call):
                        service.refuse(call, "its ResourceCleanup is not the context of one with statement")
                continue
            statement, item, name = scope
            inside = [s for s in self.port.services if statement in self.port.model.ancestors(s.anchor)]
            for service in inside:
                if len(inside) > 1 or any(s is service for _, _, s in self.scopes):
                    service.refuse(call, "its cleanup scope is not its own")
            if len(inside) == 1:
                self._plan_scope(statement, item, call, inside[0], name)

    def _scope(self, call: ast.Call) -> tuple[ast.With, ast.withitem, ast.Name | None] | None:
        """The ``with`` that enters a cleanup scope, its item, and the variable that holds the scope."""
        model, item = self.port.model, self.port.model.parents[call]
        name: ast.expr | None = None
        if isinstance(item, ast.Assign):  # entered later, by its name
            name = item.targets[0]
            if not isinstance(name, ast.Name) or (found := model.scope_of(name).lookup(name.id)) is None:
                return None
            entered = [
                p for n in model.loads(name.id, found[0]) if isinstance(p := model.parents[n], ast.withitem)
            ]
            if len(entered) != 1 or entered[0].optional_vars is not None:
                return None
            item = entered[0]
        elif isinstance(item, ast.withitem):
            name = item.optional_vars
        statement = model.parents.get(item)
        if not isinstance(item, ast.withitem) or not isinstance(statement, ast.With):
            return None
        if name is not None and not isinstance(name, ast.Name):
            return None
        return statement, item, name

    def _plan_scope(
        self, statement: ast.With, item: ast.withitem, call: ast.Call, service: Service, name: ast.Name | None
    ) -> None:
        given = arguments_of(self.port, call, provisioning().cleanup)
        if given is None or given.keys() - {"rlor_mgr", "deploy_mgr"}:
            service.refuse(call, "its ResourceCleanup has settings of its own")
            return
        self.scopes.append((statement, item, service))
        service.carried.update((call.func, *given.values()))
        if service.deployment is not None and service.deployment.manager is None:
            service.deployment.manager = given.get("deploy_mgr")
        made = self.port.model.parents[call]
        if isinstance(made, ast.Assign):
            service.doomed.append(made)
        if name is not None:
            service.track(name)
            for load in service.tracked:
                if load is item.context_expr:
                    service.claimed.add(load)
                elif load.id == name.id:
                    self._plan_use(statement, service, load)
        self._place(statement, item, service)

    # --- uses of the scope ---------------------------------------------------------------------------

    def _plan_use(self, statement: ast.With, service: Service, load: ast.Name) -> None:
        parent = self.port.model.parents[load]
        passed: tuple[ast.expr, bool] | None = None
        if isinstance(parent, ast.IfExp):
            other = parent.orelse if parent.body is load else parent.body
            if is_none(other):
                passed = (parent.test, parent.body is load)
                parent = self.port.model.parents[parent]
        if isinstance(parent, ast.keyword) and parent.arg == "cleanup":
            self._plan_registration(service, load, self.port.model.parents[parent], passed)
            return
        call = self.port.model.parents.get(parent)
        if not isinstance(parent, ast.Attribute) or not isinstance(call, ast.Call) or call.func is not parent:
            return
        if parent.attr in ("cancel_trainer", "delete_trainer") and len(call.args) == 1:
            if service.sees(load) and service.role(call.args[0]) == "reference":
                self.releases[call] = service
                service.claimed.update((load, *self._claim(service, call.args[0])))
            return
        line = self.port.model.parents[call]
        if not isinstance(line, ast.Expr):
            return
        test, removed = condition(self.port, line)
        if (
            removed not in service.block
            or (test is not None and not service.is_portable(test.test))
            or (test is not None and steady.may_change(self.port, test.test, service.between(removed)))
            or any(_may_leave(s) for s in service.between(removed))
        ):
            service.refuse(call, f"{load.id}.{parent.attr}() depends on what is known only after it")
            return
        when = test.test if test is not None else None
        if (parent.attr == "trainer" and self._registers_trainer(service, call, when)) or (
            parent.attr == "deployment" and self._registers_deployment(service, call, when)
        ):
            service.claimed.update((load, *self._claim(service, call.args[0])))
            service.doomed.append(removed)

    def _claim(self, service: Service, node: ast.expr) -> list[ast.Name]:
        return [n for n in ast.walk(node) if isinstance(n, ast.Name) and n in service.tracked]

    def _plan_registration(
        self, service: Service, load: ast.Name, call: ast.AST, when: tuple[ast.expr, bool] | None
    ) -> None:
        """``cleanup=cleanup``: what the call made was cancelled, what it attached to was not.

        ``when``: the test under which it was passed, and whether it had to be true.
        """
        if when is not None and not service.is_portable(when[0]):
            service.refuse(when[0], "whether it cleans up is computed in the call")
        test = functools.partial(_tested, self.port, when) if when is not None else None
        if call is service.call:
            self._once(service, service.cleans_trainer, call)
            job = service.given.get(service.move.job)
            if not isinstance(job, ast.Constant) or is_none(job):
                service.cleans_trainer = functools.partial(_cleans, self.port, job, test)
            if service.move.makes == "bundle":
                service.cleans_reference = test or (lambda: "True")
                if service.deployment is not None:
                    service.cleans_deployment = functools.partial(_scaled, test)
        elif service.reference is not None and call is service.reference.call:
            service.cleans_reference = test or (lambda: "True")
        else:
            return
        service.claimed.add(load)

    @staticmethod
    def _once(service: Service, earlier: Callable[[], str] | None, call: ast.AST) -> None:
        if earlier is not None:
            service.refuse(call, "its cleanup is registered twice")

    def _registers_trainer(self, service: Service, call: ast.Call, when: ast.expr | None) -> bool:
        if len(call.args) != 1 or call.keywords:
            return False
        role = service.role(call.args[0])
        self._once(service, service.cleans_reference if role == "reference" else service.cleans_trainer, call)
        if role == "reference":
            service.cleans_reference = functools.partial(self.port.reuse, when) if when else (lambda: "True")
            return True
        if role != "policy":
            return False
        job = service.given.get(service.move.job)
        if is_given(job) and isinstance(job, ast.Constant):
            service.refuse(call, "it cancels a trainer that it attached to")
        if when is not None:
            service.cleans_trainer = functools.partial(self.port.reuse, when)
        else:
            service.cleans_trainer = functools.partial(_cleans, self.port, job, None)
        return True

    def _registers_deployment(self, service: Service, call: ast.Call, when: ast.expr | None) -> bool:
        given = arguments_of(self.port, call, f"{provisioning().cleanup}.deployment")
        given = given or dict(zip(("dep_id", "action"), call.args, strict=False)) | {
            k.arg: k.value for k in call.keywords if k.arg
        }
        action = given.get("action")
        if service.deployment is None or not call.args or not service.serves_as(call.args[0]):
            return False
        self._once(service, service.cleans_deployment, call)
        if action is not None and not isinstance(action, ast.Constant):
            return False
        text = self.port.original(action) if action is not None else '"delete"'
        service.cleans_deployment = functools.partial(service.if_so, text, when)
        return True

    # --- where it is closed --------------------------------------------------------------------------

    def _place(self, statement: ast.With, item: ast.withitem, service: Service) -> None:
        """Decide what closes the service: an ExitStack that is there, ``closing(...)``, or a new ExitStack."""
        if (stack := self._stack(statement)) is not None:
            service.stack = stack
        elif len(statement.items) == 1 and self._begins(statement, service) and self._can_move(service):
            service.closing = item
        elif service.stack is None:
            service.stack = free_name(self.port, "stack", "exit_stack")

    def _stack(self, statement: ast.With) -> str | None:
        for item in statement.items:
            match item:
                case ast.withitem(context_expr=ast.Call(func=callee), optional_vars=ast.Name(id=name)):
                    if self.port.model.resolve(callee) == "contextlib.ExitStack":
                        return name
        return None

    def _begins(self, statement: ast.With, service: Service) -> bool:
        """Whether the service is the first thing that will stand in the scope."""
        first = next(s for s in statement.body if s not in service.doomed)
        return first is service.anchor and not service.early

    def _can_move(self, service: Service) -> bool:
        """Whether the anchor's call may stand in the ``with`` line: its text must survive another indent."""
        text = self.port.original(service.call)
        return not comments_in(text) and '"""' not in text and "'''" not in text and "\\" not in text

    def settle(self) -> None:
        for statement, _, service in self.scopes:
            if not service.is_go:
                continue
            if service.cleans_trainer or service.cleans_reference:
                detail = (
                    "ResourceCleanup cancelled it, and it could be resumed; closing the service client deletes it, "
                    "and its checkpoints can be promoted for 30 days"
                )
                self.port.note("FWD105", statement, detail=detail)
            if service.cleans_trainer and service.deployment is not None:
                self.port.note("FWD105", statement, marker=False, detail=LEAK)

    def call(self, node: ast.Call) -> str | None:
        service = self.releases.get(node)
        return f"{service.name}.release_references()" if service is not None and service.is_go else None

    def finish(self) -> None:
        for statement, item, service in self.scopes:
            if service.is_go and service.closing is None:
                self._mend_with(statement, item, service)

    def _mend_with(self, statement: ast.With, item: ast.withitem, service: Service) -> None:
        """Take the item out of the ``with``, or put an ExitStack in its place."""
        source, items = self.port.source, statement.items
        start, end = source.start(item.context_expr), source.end(item.optional_vars or item.context_expr)
        if len(items) == 1 or service.stack is None or self._stack(statement) is None:
            stack = self.port.need("contextlib.ExitStack", statement)
            self.port.edits.append(Edit(start, end, f"{stack}() as {service.stack}"))
            return
        i = items.index(item)
        if i + 1 < len(items):
            end = source.start(items[i + 1].context_expr)
        else:
            before = items[i - 1]
            start = source.end(before.optional_vars or before.context_expr)
        comments = comments_in(source.slice(start, end))
        self.port.orphans.append((statement, comments))
        self.port.edits.append(Edit(start, end, ""))


def _tested(port: Port, when: tuple[ast.expr, bool]) -> str:
    """The text of a test, or of its opposite."""
    test, wanted = when
    return port.reuse(test) if wanted else _negated(port, test)


def _cleans(port: Port, job: ast.expr | None, test: Callable[[], str] | None) -> str:
    """When the trainer is deleted at the end: if it is wanted, and the trainer is not somebody else's."""
    own = _negated(port, job) if job is not None and is_given(job) else None
    wanted = test() if test else None
    if wanted and own and isinstance(ast.parse(f"({wanted}\n)", mode="eval").body, ast.BoolOp | ast.IfExp):
        wanted = f"({wanted})"
    return " and ".join(filter(None, (wanted, own))) or "True"


def _may_leave(statement: ast.stmt) -> bool:
    """Whether the function may end in a statement, so that what follows is not reached."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))
    return False


def _scaled(test: Callable[[], str] | None) -> str:
    return f'"scale_to_zero" if {test()} else None' if test else '"scale_to_zero"'


def _negated(port: Port, node: ast.expr) -> str:
    text = port.reuse(node)
    simple = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    return f"not {text}" if simple else f"not ({text})"
