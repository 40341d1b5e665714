"""``create_trainer_job(...)`` and ``setup_deployment(...)``: one service client makes them all."""

from __future__ import annotations

import ast

from fwdoctor.moves import TrainerCall, provisioning
from fwdoctor_codemods.core import steady
from fwdoctor_codemods.core.arguments import comments_in
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port, shown_setting
from fwdoctor_codemods.core.service import (
    Deployment,
    Reference,
    Service,
    arguments_of,
    can_build,
    condition,
    free_name,
    is_constant,
    is_given,
    open_service,
    profiled_shape,
)
from fwdoctor_codemods.core.source import spread_of

EXAMPLES = (
    Example(
        name="trainer, reference and deployment of one function",
        target="july",
        before="""
            from fireworks.training.sdk import DeploymentManager, TrainerJobManager
            from training.utils import DeployConfig, InfraConfig, create_trainer_job, setup_deployment

            def provision(args):
                mgr = TrainerJobManager(api_key=args.key)
                deploy_mgr = DeploymentManager(api_key=args.key)
                infra = InfraConfig(training_shape_id=args.shape)
                setup_deployment(deploy_mgr, DeployConfig(deployment_id=args.deployment), args.model, infra)
                policy = create_trainer_job(mgr, base_model=args.model, infra=infra, lora_rank=args.rank)
                reference = None
                if args.kl > 0:
                    # frozen
                    reference = create_trainer_job(mgr, base_model=args.model, infra=InfraConfig(training_shape_id=args.ref), forward_only=True)
                print(policy.job_id)
            """,
        after="""
            import dataclasses
            from training.utils import DeployConfig, TrainerConfig, build_service_client

            def provision(args):
                infra = TrainerConfig(training_shape_id=args.shape)
                service = build_service_client(
                    base_model=args.model,
                    trainer=dataclasses.replace(infra, reference_training_shape_id=args.ref),
                    lora_rank=args.rank,
                    api_key=args.key,
                    base_url="https://api.fireworks.ai",
                    additional_headers=None,
                    tokenizer_model=None,
                    max_context_length=None,
                    learning_rate=1e-05,
                    deployment=DeployConfig(deployment_id=args.deployment),
                    reference_required=args.kl > 0,
                )
                training_client = service.create_training_client(args.model, lora_rank=args.rank)
                reference_client = None
                if args.kl > 0:
                    # frozen
                    reference_client = service.create_reference_client(args.model, lora_rank=args.rank)
                print(service.trainer_job_id)
            """,
    ),
    Example(
        name="a trainer that exists is attached to",
        before="""
            from fireworks.training.sdk import TrainerJobManager
            from training.utils import InfraConfig, create_trainer_job

            mgr = TrainerJobManager(api_key=KEY, base_url=URL, additional_headers=HEADERS)
            endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig(), job_id=JOB)
            print(endpoint.job_id)
            """,
        after="""
            from training.utils import TrainerConfig, build_service_client

            service = build_service_client(
                base_model="m",
                trainer=TrainerConfig(job_id=JOB),
                api_key=KEY,
                base_url=URL,
                additional_headers=HEADERS,
                tokenizer_model=None,
                lora_rank=0,
                max_context_length=None,
                learning_rate=1e-05,
            )
            training_client = service.create_training_client("m", lora_rank=0)
            print(service.trainer_job_id)
            """,
    ),
    Example(
        name="an endpoint's address has no successor",
        before="""
            from training.utils import InfraConfig, create_trainer_job

            endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
            connect(endpoint.base_url)
            """,
        after="""
            # TODO(fwdoctor): FWD107 training.utils.create_trainer_job is not in cookbook 517d206d (2026-06-01)
            from training.utils import InfraConfig, create_trainer_job

            # TODO(fwdoctor): FWD120 create_trainer_job is to become build_service_client: nothing replaces endpoint.base_url in 'connect(endpoint.base_url)'
            endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
            connect(endpoint.base_url)
            """,
    ),
)


class Codemod(Base):
    """Trainers that a function makes one by one, and the deployment beside them."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.references: dict[ast.Call, Service] = {}
        #: settings of deployments that name their own trainer, and the argument that does
        self.own_trainer: dict[ast.Call, tuple[Service, ast.keyword]] = {}
        #: settings that references had and the service client has not
        self.lost: list[tuple[Service, str, str]] = []
        #: names that are written otherwise from now on
        self.renames: dict[ast.AST, tuple[Service, str]] = {}

    def plan(self) -> None:
        found = [
            (call, move)
            for call in self.port.model.calls
            if (move := provisioning().calls.get(self.port.resolve(call.func) or "")) is not None
            and move.makes == "trainer"
        ]
        if not found or not can_build(self.port):
            return
        for call, move in found:
            if not self._is_reference(call, move):
                service = open_service(self.port, call, move)
                if service is not None:
                    self.port.services.append(service)
        for call, move in found:
            if self._is_reference(call, move) and (service := self._beside(call)) is not None:
                self._plan_reference(service, call)
        for call in self.port.model.calls:
            is_deployment = self.port.resolve(call.func) in provisioning().deployments
            if is_deployment and (service := self._beside(call)) is not None:
                self._plan_deployment(service, call)
        for service in self.port.services:
            if service.move.makes == "trainer":
                self._plan_reads(service)

    def _is_reference(self, call: ast.Call, move: TrainerCall) -> bool:
        return any(k.arg == move.reference_when and is_constant(k.value, True) for k in call.keywords)

    def _beside(self, call: ast.Call) -> Service | None:
        """The service that the same function makes."""
        home = self.port.function_of(call)
        for service in self.port.services:
            if service.move.makes == "trainer" and self.port.function_of(service.anchor) is home:
                return service
        return None

    # --- the reference -------------------------------------------------------------------------------

    def _plan_reference(self, service: Service, call: ast.Call) -> None:
        port, given = self.port, arguments_of(self.port, call, service.move.old)
        value, test = port.model.parents[call], None
        if isinstance(value, ast.IfExp) and value.body is call and is_constant(value.orelse, None):
            test, value = value.test, port.model.parents[value]
        target = value.targets[0] if isinstance(value, ast.Assign) and len(value.targets) == 1 else None
        if given is None or not isinstance(target, ast.Name) or not isinstance(value, ast.Assign):
            service.refuse(call, "its reference trainer is not assigned to a variable")
            return
        if service.reference is not None:
            service.refuse(call, "it makes two reference trainers")
            return
        branch, whole = condition(port, value)
        test = branch.test if branch is not None else test
        if whole not in service.block or not service.sees(call):
            service.refuse(call, "its reference trainer is made elsewhere")
        elif test is not None and not service.is_portable(test):
            service.refuse(test, "whether there is a reference is known only after the trainer is made")
        name = free_name(port, "reference_client", "reference_training_client", "fireworks_reference")
        service.reference = Reference(call, test, target, name)
        service.carried.add(call.func)
        self.references[call] = service
        service.track(target)
        self._plan_reference_settings(service, service.reference, given)

    def _plan_reference_settings(
        self, service: Service, reference: Reference, given: dict[str, ast.expr]
    ) -> None:
        job = given.get(service.move.job)
        if job is not None and is_given(job):
            reference.job = job
        for name, passed in given.items():
            ours = service.given.get(name)
            same = ours is not None and ast.unparse(ours) == ast.unparse(passed)
            if name in ("base_model", "rlor_mgr", "max_seq_len", "api_key") and not same:
                service.refuse(passed, f"its reference has {name}= of its own")
            elif name == "display_name":
                advice = provisioning().advice.get(name, "")
                self.lost.append((service, shown_setting(f"{name}={self.port.original(passed)}"), advice))
        settings, own = given.get(service.move.trainer), service.given[service.move.trainer]
        if isinstance(settings, ast.Name) and self._is_changed(settings):
            service.refuse(settings, "the settings of its reference change behind their making")
        shape: ast.expr | None = None
        if settings is not None and ast.unparse(settings) == ast.unparse(own):
            shape = profiled_shape(self.port, given.get("profile"))
            if shape is not None and ast.unparse(shape) == f"{ast.unparse(own)}.ref_training_shape_id":
                shape = None  # the settings say it already
        else:
            made = self.port.model.single_value(settings) if isinstance(settings, ast.Name) else settings
            if not isinstance(made, ast.Call) or spread_of(made) or made.args:
                service.refuse(reference.call or service.call, "its reference has settings of its own")
                return
            if {k.arg for k in made.keywords} - {"training_shape_id"}:
                service.refuse(made, "its reference has settings of its own")
            shape = next((k.value for k in made.keywords), None)
        for value in (reference.job, shape):
            if value is not None and not service.is_portable(value):
                service.refuse(value, "what its reference needs is known only after the trainer is made")
        reference.shape = shape

    def _is_changed(self, settings: ast.Name) -> bool:
        """Whether an attribute of a settings variable is assigned anywhere in its function."""
        home = self.port.function_of(settings)
        return any(
            isinstance(s, ast.Attribute)
            and isinstance(s.value, ast.Name)
            and s.value.id == settings.id
            and self.port.function_of(s) is home
            for s in self.port.stores
        )

    # --- the deployment ------------------------------------------------------------------------------

    def _plan_deployment(self, service: Service, call: ast.Call) -> None:
        given = arguments_of(self.port, call, self.port.resolve(call.func) or "") or {}
        settings, statement = given.get("deploy_cfg"), self.port.model.parents[call]
        target = None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
        if (
            settings is None
            or not isinstance(statement, ast.Assign | ast.Expr)
            or service.deployment is not None
        ):
            service.refuse(call, "its deployment is made in another way")
            return
        branch, whole = condition(self.port, statement)
        if whole not in service.block:
            service.refuse(call, "its deployment is made elsewhere")
        elif self._is_awaited(service, whole, given):
            service.refuse(call, "its deployment is used before its trainer is made")
        elif branch is not None and steady.may_change(self.port, branch.test, service.between(whole)):
            service.refuse(branch, "whether there is a deployment may change behind its trainer")
        if not self._can_be_early(service, settings):
            service.refuse(
                settings, "the settings of its deployment are known only after the trainer is made"
            )
        if branch is not None and not service.is_portable(branch.test):
            service.refuse(branch, "whether there is a deployment is known only after the trainer is made")
        when = branch.test if branch is not None else None
        service.deployment = Deployment(settings, given.get("deploy_mgr"), when)
        service.carried.add(call.func)
        service.doomed.append(whole)
        for name, value in given.items():
            if name != "deploy_cfg":
                service.claimed.update(n for n in ast.walk(value) if n in service.tracked)
        if isinstance(target, ast.Name):
            service.track(target)
        elif target is not None:
            service.refuse(call, "its deployment is not assigned to a variable")

    def _is_awaited(self, service: Service, made: ast.stmt, given: dict[str, ast.expr]) -> bool:
        """Whether something between the deployment and the trainer uses the deployment's manager or settings."""
        if service.block.index(made) > service.block.index(service.anchor):
            return False
        names = {n.id for v in given.values() for n in ast.walk(v) if isinstance(n, ast.Name)}
        calls = [c for s in service.between(made) for c in ast.walk(s) if isinstance(c, ast.Call)]
        used = {
            n.id
            for c in calls
            if provisioning().calls.get(self.port.resolve(c.func) or "") is None
            and not self._is_registration(c)
            for part in (c.func, *c.args, *(k.value for k in c.keywords))
            for n in ast.walk(part)
            if isinstance(n, ast.Name)
        }
        return bool(names & used - self._harmless(service))

    def _is_registration(self, call: ast.Call) -> bool:
        """``cleanup.deployment(...)``: it is only noted down for the end."""
        match call.func:
            case ast.Attribute(value=ast.Name() as scope, attr="deployment" | "trainer"):
                return any(
                    isinstance(b.value, ast.Call) and self.port.means(b.value.func, provisioning().cleanup)
                    for b in self.port.model.bindings(scope)
                )
        return False

    def _harmless(self, service: Service) -> set[str]:
        """Names that settings share with everything: arguments and modules say nothing of a deployment."""
        manager = service.given.get("rlor_mgr")
        return {n.id for n in ast.walk(manager) if isinstance(n, ast.Name)} if manager is not None else set()

    def _can_be_early(self, service: Service, settings: ast.expr) -> bool:
        """Whether the settings of a deployment can be made before the trainer; plans the move if need be.

        Settings that name their own trainer had to be made behind it. The service client wires the two itself.
        """
        if service.is_portable(settings):
            return True
        made = self.port.model.single_value(settings) if isinstance(settings, ast.Name) else settings
        statement = self.port.model.parents[made] if made is not None else None
        if not isinstance(made, ast.Call) or spread_of(made) is not None:
            return False
        own = next((k for k in made.keywords if self._names_trainer(service, k.value)), None)
        if not service.is_portable(made, but_for=own):
            return False
        if own is not None:
            service.claimed.update(n for n in ast.walk(own.value) if n in service.tracked)
            self.own_trainer[made] = (service, own)
        if isinstance(settings, ast.Name):
            if statement not in service.block or not isinstance(statement, ast.Assign):
                return False
            service.early.append((statement, made))
        return True

    def _names_trainer(self, service: Service, value: ast.expr) -> bool:
        """``endpoint.job_name`` of the policy's endpoint."""
        return (
            isinstance(value, ast.Attribute)
            and value.attr == "job_name"
            and value.value in service.tracked
            and service.role(value.value) == "policy"
        )

    # --- what was read -------------------------------------------------------------------------------

    def _plan_reads(self, service: Service) -> None:
        reference = service.reference
        for load in service.tracked:
            node = self.port.model.parents[load]
            role = service.role(load)
            if not service.sees(load):
                continue
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                text = None
                if self._wires(service, node):
                    service.doomed.append(self.port.model.statement(node))
                    service.claimed.add(load)
                if node.attr == "job_id" and role is not None:
                    text = "trainer_job_id" if role == "policy" else "reference_client_job_id"
                elif node.attr == "deployment_id" and role is None and service.deployment is not None:
                    text = "deployment_id"
                if text is not None:
                    self.renames[node] = (service, f"{service.name}.{text}")
                    service.claimed.add(load)
            elif role == "reference" and reference is not None and self._is_tested(node, load):
                self.renames[load] = (service, reference.name)
                service.claimed.add(load)
        if reference is not None and reference.target is not None:
            for name in self.port.model.names:
                if name.id == reference.target.id and isinstance(name.ctx, ast.Store):
                    self.renames[name] = (service, reference.name)

    def _wires(self, service: Service, node: ast.Attribute) -> bool:
        """``settings.hot_load_trainer_job = endpoint.job_name``: the service client does it."""
        statement = self.port.model.parents[node]
        if not isinstance(statement, ast.Assign) or not self._names_trainer(service, node):
            return False
        target = statement.targets[0]
        return isinstance(target, ast.Attribute) and target.attr == "hot_load_trainer_job"

    @staticmethod
    def _is_tested(node: ast.AST, load: ast.Name) -> bool:
        """Whether a use only asks if there is a reference."""
        if isinstance(node, ast.IfExp | ast.If):
            return node.test is load
        return isinstance(node, ast.Compare) and is_constant(node.comparators[0], None)

    # --- writing -------------------------------------------------------------------------------------

    def settle(self) -> None:
        for service, setting, advice in self.lost:
            if service.is_go:
                self.port.note("FWD106", service.place, setting=setting, advice=advice)
        for service in self.port.services:
            if service.is_go:
                for statement, _ in service.early:
                    service.doomed.append(statement)
        for call, service in self.references.items():
            if service.is_go:
                kept = (service.reference.shape, service.reference.job) if service.reference else ()
                for keyword in call.keywords:
                    if keyword.value not in kept:
                        self.port.remove(keyword.value)
                for value in call.args:
                    self.port.remove(value)
                self.port.orphans.append((call, comments_in(self.port.original(call))))

    def call(self, node: ast.Call) -> str | None:
        if node in self.own_trainer and self.own_trainer[node][0].is_go:
            return self._without_own_trainer(node, self.own_trainer[node][1])
        service = self.references.get(node)
        return service.reference_client() if service is not None and service.is_go else None

    def _without_own_trainer(self, node: ast.Call, own: ast.keyword) -> str:
        call, arguments = self.port.open_call(node)
        self.port.orphans.append((node, call.remove(arguments.index(own))))
        self.port.remove(own.value)
        return call.code()

    def finish(self) -> None:
        for service in self.port.services:
            for statement, made in service.early if service.is_go else ():
                target = self.port.original(statement.targets[0])
                self.port.insert_before(service.anchor, [f"{target} = {self.port.reuse(made)}"])

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        service, text = self.renames.get(node, (None, None))
        return text if service is not None and service.is_go else None
