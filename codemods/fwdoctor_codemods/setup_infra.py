"""``infra = setup_infra(...)``: what was read from the bundle is read from the service client."""

from __future__ import annotations

import ast

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.service import (
    Deployment,
    Reference,
    Service,
    can_build,
    free_name,
    is_constant,
    open_service,
)
from fwdoctor_codemods.core.source import is_none

EXAMPLES = (
    Example(
        name="policy, reference and what the bundle held",
        before="""
            from fireworks.training.sdk import TrainerJobManager
            from training.utils import InfraConfig
            from training.utils.infra import setup_infra

            def train(base_model, key, shape):
                mgr = TrainerJobManager(api_key=key, base_url=URL)
                infra = setup_infra(
                    rlor_mgr=mgr,
                    base_model=base_model,
                    infra_cfg=InfraConfig(training_shape_id=shape),  # one node
                    max_seq_len=4096,
                    needs_reference=True,
                    role_prefix="dpo",
                    api_key=key,
                )
                policy = infra.policy
                reference = infra.reference
                print(infra.policy_job_id, infra.max_seq_len, infra.policy_profile)
                return step(policy, reference)
            """,
        after="""
            from training.utils import TrainerConfig, build_service_client, ReconnectableClient

            def train(base_model, key, shape):
                # TODO(fwdoctor): FWD106 role_prefix="dpo" has no counterpart in cookbook 517d206d (2026-06-01): the service names its trainers itself
                service = build_service_client(
                    base_model=base_model,
                    trainer=TrainerConfig(training_shape_id=shape),  # one node
                    max_context_length=4096,
                    reference_required=True,
                    api_key=key,
                    base_url=URL,
                    additional_headers=None,
                    tokenizer_model=None,
                    lora_rank=0,
                    learning_rate=1e-05,
                )
                training_client = service.create_training_client(base_model, lora_rank=0)
                policy = ReconnectableClient.from_training_client(
                    training_client,
                    base_model=base_model,
                    lora_rank=0,
                    job_id=service.trainer_job_id,
                    service=service,
                )
                reference = ReconnectableClient.from_training_client(
                    service.create_reference_client(base_model, lora_rank=0),
                    base_model=base_model,
                    lora_rank=0,
                    job_id=service.reference_client_job_id,
                    service=service,
                    base_only=True,
                )
                print(service.trainer_job_id, service.max_context_length, service.training_profile)
                return step(policy, reference)
            """,
    ),
    Example(
        name="a client that is read more than once gets a name",
        target="july",
        before="""
            from training.utils import InfraConfig
            from training.utils.infra import setup_infra

            def train(mgr, key, infra_cfg: InfraConfig):
                bundle = setup_infra(rlor_mgr=mgr, base_model="m", infra_cfg=infra_cfg, role_prefix="", api_key=key, step_timeout=60)
                bundle.policy.forward([], "x")
                bundle.policy.optim_step(None)
            """,
        after="""
            import os
            from training.utils import TrainerConfig, ReconnectableClient, read_api_extra_headers_env, build_service_client

            def train(mgr, key, infra_cfg: TrainerConfig):
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                service = build_service_client(
                    base_model="m",
                    trainer=infra_cfg,
                    api_key=key,
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    lora_rank=0,
                    max_context_length=None,
                    learning_rate=1e-05,
                )
                training_client = service.create_training_client("m", lora_rank=0)
                policy = ReconnectableClient.from_training_client(
                    training_client,
                    base_model="m",
                    lora_rank=0,
                    job_id=service.trainer_job_id,
                    default_timeout=60,
                    service=service,
                )
                policy.forward([], "x")
                policy.optim_step(None)
            """,
    ),
    Example(
        name="a bundle that is handed on stays as it is",
        before="""
            from training.utils import InfraConfig
            from training.utils.infra import setup_infra

            infra = setup_infra(rlor_mgr=mgr, base_model="m", infra_cfg=InfraConfig(), role_prefix="x", api_key=key)
            run(infra)
            """,
        after="""
            from training.utils import InfraConfig
            # TODO(fwdoctor): FWD107 training.utils.infra.setup_infra is not in cookbook 517d206d (2026-06-01)
            from training.utils.infra import setup_infra

            # TODO(fwdoctor): FWD120 setup_infra is to become build_service_client: nothing replaces infra in 'run(infra)'
            infra = setup_infra(rlor_mgr=mgr, base_model="m", infra_cfg=InfraConfig(), role_prefix="x", api_key=key)
            run(infra)
            """,
    ),
    Example(
        name="a bundle whose ids are announced",
        before="""
            from training.utils import InfraConfig
            from training.utils.infra import setup_infra
            from training.utils.runner_state import notify_resources_ready

            def main(cfg, mgr, key, ready):
                infra = setup_infra(rlor_mgr=mgr, base_model="m", infra_cfg=InfraConfig(), needs_reference=cfg.kl > 0, role_prefix="", api_key=key)
                notify_resources_ready(infra, ready)
                reference = infra.reference
                return reference
            """,
        after="""
            import os
            from types import SimpleNamespace
            from training.utils import TrainerConfig, ReconnectableClient, read_api_extra_headers_env, build_service_client
            from training.utils.runner_state import notify_resources_ready

            def main(cfg, mgr, key, ready):
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                service = build_service_client(
                    base_model="m",
                    trainer=TrainerConfig(),
                    reference_required=cfg.kl > 0,
                    api_key=key,
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    lora_rank=0,
                    max_context_length=None,
                    learning_rate=1e-05,
                )
                training_client = service.create_training_client("m", lora_rank=0)
                reference_client = ReconnectableClient.from_training_client(
                    service.create_reference_client("m", lora_rank=0),
                    base_model="m",
                    lora_rank=0,
                    job_id=service.reference_client_job_id,
                    service=service,
                    base_only=True,
                ) if cfg.kl > 0 else None
                notify_resources_ready(SimpleNamespace(deployment_id=None, policy_job_id=service.trainer_job_id, reference_job_id=service.reference_trainer_job_id), ready)
                reference = reference_client
                return reference
            """,
    ),
    Example(
        name="somebody else's setup_infra",
        before="""
            from training.utils import WandBConfig
            from mylab.cluster import setup_infra

            infra = setup_infra(base_model="m", infra_cfg=None, api_key=key)
            print(infra.policy_job_id)
            """,
        after=None,
    ),
)


class Codemod(Base):
    """The attributes of what setup_infra(...) returned."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        #: bundles that are handed on whole, and the attributes that are read there
        self.handed: dict[ast.AST, tuple[Service, tuple[str, ...]]] = {}

    def plan(self) -> None:
        for call in self.port.model.calls:
            move = provisioning().calls.get(self.port.resolve(call.func) or "")
            if move is None or move.makes != "bundle" or not can_build(self.port):
                continue
            if (service := open_service(self.port, call, move)) is not None:
                self.port.services.append(service)
                self._plan_needs(service)
                self._plan_reads(service)

    # --- what was asked for --------------------------------------------------------------------------

    def _plan_needs(self, service: Service) -> None:
        given = service.given
        needs = given.get(service.move.reference_when)
        if needs is not None and not is_constant(needs, False):
            always = is_constant(needs, True)
            if not (always or service.is_steady(needs)):
                service.refuse(needs, "needs_reference= is computed in the call, or changes behind it")
            service.reference = Reference(when=None if always else needs)
        serves = given.get(service.move.deployment_when or "")
        if serves is None or is_constant(serves, False):
            return
        settings = given.get(service.move.deployment or "")
        if settings is None or is_none(settings):
            service.refuse(serves, "needs_inference= without deploy_cfg=")
            return
        when = None if is_constant(serves, True) else serves
        service.deployment = Deployment(settings, given.get("deploy_mgr"), when)

    # --- what was read -------------------------------------------------------------------------------

    def _plan_reads(self, service: Service) -> None:
        for load in service.tracked:
            node = self.port.model.parents[load]
            if isinstance(node, ast.Call) and load in node.args and self._plan_reader(service, node, load):
                continue
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            if not service.sees(load):
                service.refuse(load, f"{load.id} is used outside the block that makes it")
            elif node.attr in ("policy", "reference"):
                service.clients[node] = node.attr
                service.claimed.add(load)
            elif node.attr == "closeables":
                self._plan_closing(service, load, node)
            elif isinstance(statement := self.port.model.statement(node), ast.Assert) and self._only_asks(
                statement
            ):
                service.doomed.append(statement)
                service.claimed.add(load)
            elif self._successor(service, node.attr) is not None:
                service.claimed.add(load)

    def _plan_reader(self, service: Service, call: ast.Call, load: ast.Name) -> bool:
        """A bundle handed to a function of the cookbook that only reads some attributes of it."""
        read = provisioning().bundle_readers.get(self.port.resolve(call.func) or "")
        if read is None or not service.sees(load):
            return False
        service.claimed.add(load)
        self.handed[load] = (service, read)
        return True

    def _plan_closing(self, service: Service, load: ast.Name, node: ast.Attribute) -> None:
        """``for c in infra.closeables: stack.callback(c.close)`` closes the service instead."""
        loop = self.port.model.parents[node]
        if not isinstance(loop, ast.For) or loop.iter is not node or loop.orelse or len(loop.body) != 1:
            return
        if not isinstance(loop.target, ast.Name) or loop not in service.block:
            return
        match loop.body[0]:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id=stack), attr="callback"),
                    args=[ast.Attribute(value=ast.Name(id=closed), attr="close")],
                    keywords=[],
                )
            ) if closed == loop.target.id:
                service.stack = stack
                service.doomed.append(loop)
                service.claimed.add(load)

    @staticmethod
    def _only_asks(statement: ast.Assert) -> bool:
        """``assert infra.inference_model is not None``."""
        test = statement.test
        return (
            isinstance(test, ast.Compare)
            and isinstance(test.ops[0], ast.IsNot)
            and isinstance(test.left, ast.Attribute)
            and is_constant(test.comparators[0], None)
        )

    def _successor(self, service: Service, attribute: str) -> str | None:
        """The expression that holds now what an attribute of the bundle held; None where nothing does."""
        if (template := provisioning().bundle.get(attribute)) is not None:
            if attribute in ("deployment_id", "deployment_shape"):
                return self._of_deployment(service, template.format(service=service.name))
            if attribute == "reference_job_id" and service.reference is None:
                return "None"
            return template.format(service=service.name)
        trainer = service.given[service.move.trainer]
        fields = provisioning().bundle_trainer
        if attribute in fields and isinstance(trainer, ast.Name | ast.Attribute):
            return f"{self.port.original(trainer)}.{fields[attribute]}"
        if attribute == "boot_metrics":
            return "{}"
        settings = service.deployment and service.deployment.settings
        if attribute == "deployment_gpu_count" and isinstance(settings, ast.Name | ast.Attribute):
            return f"({self.port.original(settings)}.replica_count or 1)"
        return None

    def _of_deployment(self, service: Service, text: str) -> str:
        """What is known of a deployment: the service raises where there is none, the bundle held None."""
        return "None" if service.deployment is None else service.if_so(text, service.deployment.when)

    # --- writing -------------------------------------------------------------------------------------

    def settle(self) -> None:
        for service in self.port.services:
            if service.move.makes != "bundle" or not service.is_go:
                continue
            for role in ("policy", "reference") if service.reference is not None else ("policy",):
                reads = [n for n, r in service.clients.items() if r == role and self._is_read(service, n)]
                # The id of a reference is known only when its client is made: not later, then.
                early = role == "reference" and any(s is service for s, _ in self.handed.values())
                if early or len(reads) != 1 or self._plain_assignment(service, reads[0]) is None:
                    self._name_client(service, role, reads)

    def _is_read(self, service: Service, node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.value in service.tracked

    def _plain_assignment(self, service: Service, node: ast.AST) -> ast.stmt | None:
        """The statement ``x = infra.policy`` in the anchor's block, of which a read is the value."""
        statement = self.port.model.parents[node]
        if isinstance(statement, ast.Assign) and statement.value is node and statement in service.block:
            return statement
        return None

    def _name_client(self, service: Service, role: str, reads: list[ast.expr]) -> None:
        if reads:
            service.client_names[role] = free_name(self.port, role, f"{role}_client")

    def _stand_in(self, node: ast.AST, service: Service, read: tuple[str, ...]) -> str:
        """An object with the attributes that are read of a bundle."""
        made = self.port.need("types.SimpleNamespace", self.port.model.statement(node))
        return f"{made}({', '.join(f'{a}={self._successor(service, a)}' for a in read)})"

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        if node in self.handed and self.handed[node][0].is_go:
            return self._stand_in(node, *self.handed[node])
        if not isinstance(node, ast.Attribute):
            return None
        service = next((s for s in self.port.services if node.value in s.tracked and s.is_go), None)
        if service is None or service.move.makes != "bundle":
            return None
        if node in service.clients:
            role = service.clients[node]
            if role == "reference" and service.reference is None:
                return "None"
            return service.client_names.get(role) or service.wrapped(role, self.port.model.statement(node))
        text = self._successor(service, node.attr)
        if node.attr in ("boot_metrics", "deployment_gpu_count"):
            advice = provisioning().advice[node.attr]
            self.port.note("FWD106", node, setting=f"{service.target.id}.{node.attr}", advice=advice)
        return text
