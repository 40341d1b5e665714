"""``DeploymentSampler(...)`` on a service's deployment is asked of the service client."""

from __future__ import annotations

import ast

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core import steady
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.service import Service, arguments_of, managers_of, settings_of_manager
from fwdoctor_codemods.core.source import argument_value

EXAMPLES = (
    Example(
        name="the sampler knows its address and model",
        before="""
            from fireworks.training.sdk import DeploymentSampler
            from training.utils import DeployConfig, InfraConfig
            from training.utils.infra import setup_infra

            def train(mgr, deploy_mgr, deploy: DeployConfig, infra_cfg: InfraConfig):
                infra = setup_infra(
                    rlor_mgr=mgr, deploy_mgr=deploy_mgr, base_model="m", infra_cfg=infra_cfg, deploy_cfg=deploy,
                    needs_inference=True, role_prefix="", api_key=KEY,
                )
                model = infra.inference_model or "m"
                sampler = DeploymentSampler(
                    inference_url=deploy_mgr.inference_url,
                    model=model,
                    api_key=KEY,
                    tokenizer=TOKENIZER,  # the same as in training
                )
                deploy_mgr.warmup(model)
                return sampler
            """,
        after="""
            import os
            from training.utils import DeployConfig, TrainerConfig, read_api_extra_headers_env, build_service_client

            def train(mgr, deploy_mgr, deploy: DeployConfig, infra_cfg: TrainerConfig):
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                service = build_service_client(
                    base_model="m", trainer=infra_cfg, deployment=deploy,
                    api_key=KEY,
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    lora_rank=0,
                    max_context_length=None,
                    learning_rate=1e-05,
                )
                training_client = service.create_training_client("m", lora_rank=0)
                sampler = service.create_deployment_sampler(
                    tokenizer=TOKENIZER,  # the same as in training
                )
                model = sampler.model
                deploy_mgr.warmup(model)
                return sampler
            """,
    ),
    Example(
        name="the name that is served, without a sampler",
        before="""
            from training.utils import InfraConfig
            from training.utils.infra import setup_infra

            def serve(mgr, deploy_mgr, settings, key):
                infra = setup_infra(rlor_mgr=mgr, deploy_mgr=deploy_mgr, base_model="m", infra_cfg=InfraConfig(), deploy_cfg=settings, needs_inference=True, role_prefix="", api_key=key)
                ask(url=deploy_mgr.inference_url, model=infra.inference_model)
            """,
        after="""
            import os
            from training.utils import TrainerConfig, read_api_extra_headers_env, build_service_client

            def serve(mgr, deploy_mgr, settings, key):
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                service = build_service_client(
                    base_model="m",
                    trainer=TrainerConfig(),
                    deployment=settings,
                    api_key=key,
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    lora_rank=0,
                    max_context_length=None,
                    learning_rate=1e-05,
                )
                training_client = service.create_training_client("m", lora_rank=0)
                ask(url=deploy_mgr.inference_url, model=service.create_deployment_sampler().model)
            """,
    ),
    Example(
        name="a sampler of another deployment",
        before="""
            from fireworks.training.sdk import DeploymentSampler

            sampler = DeploymentSampler(inference_url=URL, model="m", api_key=KEY, tokenizer=TOKENIZER)
            """,
        after=None,
    ),
)

#: Arguments of a sampler that the service's own has too.
_KNOWN = frozenset({"inference_url", "model", "api_key", "tokenizer", "concurrency_controller"})


class Codemod(Base):
    """Samplers whose model is what a service's deployment serves."""

    after = ("setup_infra", "create_trainer_job", "sdk_lifecycle")

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.samplers: dict[ast.Call, tuple[Service, dict[str, ast.expr]]] = {}
        self.models: dict[ast.Attribute, Service] = {}
        #: variables that held the served model's name: where they are set from now on
        self.moved: list[tuple[Service, ast.stmt, str]] = []

    def plan(self) -> None:
        for call in self.port.model.calls if self.port.services else ():
            if not self.port.means(call.func, provisioning().sampler):
                continue
            given = arguments_of(self.port, call, provisioning().sampler) or {}
            for service in self.port.services:
                if self._serves(service, given.get("model")) and service.sees(call):
                    if (why := self._differs(service, given)) is not None:
                        service.refuse(call, why)
                        continue
                    self.samplers[call] = (service, given)
                    for value in given.values():
                        service.claimed.update(n for n in ast.walk(value) if n in service.tracked)
                    statement = self.port.model.parents[call]
                    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                        service.sampler = statement.targets[0]
                        self._plan_variable(service, statement, given["model"])
        for service in self.port.services:
            self._plan_models(service)

    def _serves(self, service: Service, node: ast.expr | None) -> bool:
        """Whether an expression is the name under which the service's deployment serves."""
        match node:
            case ast.Attribute(attr="inference_model", value=ast.Name() as owner):
                return service.deployment is not None and owner in service.tracked
            case ast.Name() if node not in service.tracked:
                return self._serves(service, self.port.model.single_value(node))
            case ast.BoolOp(op=ast.Or(), values=[first, *others]):
                return self._serves(service, first) and all(steady.is_pure(self.port, o) for o in others)
        return False

    def _differs(self, service: Service, given: dict[str, ast.expr]) -> str | None:
        """What of a sampler's arguments is not as the service's own sampler has it."""
        if stray := sorted(given.keys() - _KNOWN):
            return f"its sampler has {stray[0]}="
        url, key = given.get("inference_url"), given.get("api_key")
        manager = isinstance(url, ast.Attribute) and url.attr == "inference_url"
        if url is not None and not manager and ast.unparse(url) not in self._settings(service, "base_url"):
            return "its sampler has an address of its own"
        if key is not None and ast.unparse(key) not in self._settings(service, "api_key"):
            return "its sampler has a key of its own"
        return None

    def _settings(self, service: Service, name: str) -> set[str]:
        """A setting as the service's managers have it, and as its own call has it."""
        wanted = {name, "inference_url"} if name == "base_url" else {name}
        managers = [service.given.get("rlor_mgr"), service.manager]
        managers.append(service.deployment.manager if service.deployment else None)
        made = [m for manager in managers for m in managers_of(self.port, manager)]
        found = {ast.unparse(v) for m in made for k, v in settings_of_manager(m).items() if k in wanted}
        own = service.given.get(name)
        return found | ({ast.unparse(own)} if own is not None else set())

    def _plan_variable(self, service: Service, made: ast.Assign, model: ast.expr) -> None:
        """``name = info.inference_model`` before the sampler: what else reads it does so behind it."""
        statement = self.port.model.parents[value] if (value := self._value(model)) is not None else None
        if (
            not isinstance(model, ast.Name)
            or not isinstance(statement, ast.Assign)
            or service.sampler is None
        ):
            return
        found = self.port.model.scope_of(model).lookup(model.id)
        others = [n for n in self.port.model.loads(model.id, found[0]) if n is not model] if found else []
        if statement not in self.port.block(made) or not self.port.has_own_lines(made):
            return
        if any(n.lineno <= (made.end_lineno or made.lineno) for n in others):
            return
        service.doomed.append(statement)
        service.claimed.update(n for n in ast.walk(statement) if n in service.tracked)
        if others:
            self.moved.append((service, made, model.id))

    def _value(self, model: ast.expr) -> ast.expr | None:
        return self.port.model.single_value(model) if isinstance(model, ast.Name) else None

    def _plan_models(self, service: Service) -> None:
        """Other reads of the served model's name, behind the sampler that knows it."""
        for load in service.tracked:
            node = self.port.model.parents[load]
            if (
                load in service.claimed
                or not isinstance(node, ast.Attribute)
                or node.attr != "inference_model"
            ):
                continue
            if service.deployment is None or not service.sees(load):
                continue
            behind = service.sampler is not None and self._is_bound(service, service.sampler, load)
            # Without a sampler of its own: one that only says what it would sample from.
            alone = service.sampler is None and service not in self.models.values()
            if behind or alone:
                self.models[node] = service
                service.claimed.add(load)

    def _is_bound(self, service: Service, sampler: ast.Name, load: ast.Name) -> bool:
        """Whether the sampler's variable surely holds the sampler at a place."""
        made = self.port.model.statement(sampler)
        if made not in service.block or not service.is_fixed(sampler):
            return False
        here = self.port.model.scope_of(load).lookup(sampler.id)
        if here is None or here[0] is not self.port.model.scope_of(sampler):
            return False
        return load.lineno > (made.end_lineno or made.lineno)

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        service = self.models.get(node) if isinstance(node, ast.Attribute) else None
        if service is None or not service.is_go:
            return None
        made = service.sampler.id if service.sampler else f"{service.name}.create_deployment_sampler()"
        return f"{made}.model"

    def finish(self) -> None:
        for service, made, variable in self.moved:
            if service.is_go and service.sampler is not None:
                self.port.insert_after(made, [f"{variable} = {service.sampler.id}.model"])

    def call(self, node: ast.Call) -> str | None:
        if node not in self.samplers or not (service := self.samplers[node][0]).is_go:
            return None
        given = self.samplers[node][1]
        call, arguments = self.port.open_call(node)
        call.set_callee(f"{service.name}.create_deployment_sampler")
        self.port.remove(node.func)
        names = {id(value): name for name, value in given.items()}
        for i in reversed(range(len(arguments))):
            value = argument_value(arguments[i])
            if names[id(value)] in ("tokenizer", "concurrency_controller"):
                call.set_keyword(i, names[id(value)])
            else:
                self.port.orphans.append((node, call.remove(i)))
                self.port.remove(value)
        return call.code()
