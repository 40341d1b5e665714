"""``ReconnectableClient(mgr, job_id, ...)`` of a service's own trainer wraps the service's training client."""

from __future__ import annotations

import ast

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core.arguments import CallText, NewArgument
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.service import Service, arguments_of, code
from fwdoctor_codemods.core.source import argument_value

EXAMPLES = (
    Example(
        name="a client around the service's training client",
        before="""
            from training.utils import InfraConfig, ReconnectableClient, create_trainer_job

            def train(mgr, rank):
                endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig(), lora_rank=rank)
                client = ReconnectableClient(
                    mgr, endpoint.job_id, "m", rank,
                    fw_api_key=KEY,  # from the vault
                    default_timeout=60,
                )
                base = client.create_base_reference()
                return client, base
            """,
        after="""
            import os
            from training.utils import TrainerConfig, ReconnectableClient, read_api_extra_headers_env, build_service_client

            def train(mgr, rank):
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                service = build_service_client(
                    base_model="m",
                    trainer=TrainerConfig(),
                    lora_rank=rank,
                    api_key=os.environ["FIREWORKS_API_KEY"],
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    max_context_length=None,
                    learning_rate=1e-05,
                )
                training_client = service.create_training_client("m", lora_rank=rank)
                client = ReconnectableClient.from_training_client(
                    training_client,
                    job_id=service.trainer_job_id, base_model="m", lora_rank=rank,
                    # from the vault
                    default_timeout=60,
                    service=service,
                )
                base = ReconnectableClient.from_training_client(
                    service.create_reference_client("m", lora_rank=rank),
                    base_model="m",
                    lora_rank=0,
                    job_id=service.reference_client_job_id,
                    service=service,
                    base_only=True,
                )
                return client, base
            """,
    ),
    Example(
        name="a client of a trainer that somebody else made",
        before="""
            from training.utils import ReconnectableClient

            client = ReconnectableClient(mgr, "job", "m", 8, fw_api_key=KEY)
            """,
        after=None,
    ),
)


class Codemod(Base):
    """Clients of trainers that a service client makes, and the reference on the policy's own trainer."""

    after = ("setup_infra", "create_trainer_job", "sdk_lifecycle")

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.wrappers: dict[ast.Call, tuple[Service, str, dict[str, ast.expr]]] = {}
        self.shared: dict[ast.Call, Service] = {}

    def plan(self) -> None:
        if not self.port.services:
            return
        for call in self.port.model.calls:
            if self.port.means(call.func, provisioning().client):
                self._plan_wrapper(call)
        for call in self.port.model.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr == "create_base_reference":
                self._plan_shared(call, call.func.value)

    def _plan_wrapper(self, call: ast.Call) -> None:
        given = arguments_of(self.port, call, provisioning().client)
        for service in self.port.services:
            role = service.role((given or {}).get("job_id")) or service.role((given or {}).get("endpoint"))
            if given is None or role is None:
                continue
            if not service.sees(call):
                service.refuse(call, "a client is made before its trainer")
                return
            self.wrappers[call] = (service, role, given)
            service.clients[call] = role
            for value in given.values():
                service.claimed.update(n for n in ast.walk(value) if n in service.tracked)

    def _plan_shared(self, call: ast.Call, client: ast.expr) -> None:
        for service in self.port.services:
            if service.client_role(client) == "policy" and service.sees(call):
                self.shared[call] = service
                service.clients[call] = "reference"
                service.carried.add(call.func)

    def call(self, node: ast.Call) -> str | None:
        if node in self.shared and (service := self.shared[node]).is_go:
            return service.wrapped("reference", self.port.model.statement(node))
        if node not in self.wrappers:
            return None
        service, role, given = self.wrappers[node]
        return self._rewrite(node, service, role, given) if service.is_go else None

    def _rewrite(self, node: ast.Call, service: Service, role: str, given: dict[str, ast.expr]) -> str:
        call, arguments = self.port.open_call(node)
        names = {id(value): name for name, value in given.items()}
        reference = role == "reference"
        for i in reversed(range(len(arguments))):
            value = argument_value(arguments[i])
            name = names[id(value)]
            if name == "lora_rank" and reference:
                call.set_keyword(i, name)
                call.set_value(i, "0")
            elif name == "job_id":
                call.set_keyword(i, name)
                # A reference on the policy's own trainer has no job of its own.
                text = f"{service.name}.{'reference_client_job_id' if reference else 'trainer_job_id'}"
                call.set_value(
                    i, self.port.text(value) if isinstance(value, ast.Name) and not reference else text
                )
            elif name in ("base_model", "lora_rank", "default_timeout"):
                call.set_keyword(i, name)
            else:
                self.port.orphans.append((node, call.remove(i)))
                self.port.remove(value)
        self._complete(call, service, reference)
        callee = f"{self.port.text(node.func)}.from_training_client"
        return code(self.port, call, callee, self.port.model.statement(node))

    def _complete(self, call: CallText, service: Service, reference: bool) -> None:
        client = service.client
        if reference:
            assert service.reference is not None
            client = service.reference.name
        call.insert(0, NewArgument("", client))
        if call.index("job_id") is None:
            job = "reference_client_job_id" if reference else "trainer_job_id"
            call.append(NewArgument("job_id", f"{service.name}.{job}"))
        call.append(NewArgument("service", service.name))
        if reference:
            call.append(NewArgument("base_only", "True"))
