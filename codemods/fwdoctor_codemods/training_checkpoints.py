"""``TrainingCheckpoints(client, manager, ...)`` of a service's client takes the service client as its second."""

from __future__ import annotations

import ast

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.service import Service, arguments_of, managers_of
from fwdoctor_codemods.core.source import argument_value

EXAMPLES = (
    Example(
        name="the service lists the checkpoints",
        before="""
            from training.utils import InfraConfig, ReconnectableClient, create_trainer_job
            from training.utils.checkpoints import TrainingCheckpoints

            def train(mgr):
                endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
                client = ReconnectableClient(mgr, endpoint.job_id, "m", fw_api_key=KEY)
                return TrainingCheckpoints(client, mgr, trainer_id=endpoint.job_id, log_path="logs")
            """,
        after="""
            import os
            from training.utils import TrainerConfig, ReconnectableClient, read_api_extra_headers_env, build_service_client
            from training.utils.checkpoints import TrainingCheckpoints

            def train(mgr):
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                service = build_service_client(
                    base_model="m",
                    trainer=TrainerConfig(),
                    api_key=os.environ["FIREWORKS_API_KEY"],
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    lora_rank=0,
                    max_context_length=None,
                    learning_rate=1e-05,
                )
                training_client = service.create_training_client("m", lora_rank=0)
                client = ReconnectableClient.from_training_client(
                    training_client,
                    job_id=service.trainer_job_id,
                    base_model="m",
                    service=service,
                )
                return TrainingCheckpoints(client, service, trainer_id=service.trainer_job_id, log_path="logs")
            """,
    ),
    Example(
        name="checkpoints through a manager",
        before="""
            from training.utils.checkpoints import TrainingCheckpoints

            keeper = TrainingCheckpoints(client, mgr, trainer_id="job", log_path="logs")
            """,
        after=None,
    ),
)


class Codemod(Base):
    """Checkpoint keepers whose client is a service's."""

    after = ("setup_infra", "create_trainer_job", "sdk_lifecycle", "reconnectable_client")

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.keepers: dict[ast.Call, tuple[Service, ast.expr]] = {}

    def plan(self) -> None:
        for call in self.port.model.calls if self.port.services else ():
            if not self.port.means(call.func, provisioning().checkpoints):
                continue
            given = arguments_of(self.port, call, provisioning().checkpoints) or {}
            for service in self.port.services:
                lister = given.get("fw_client")
                if (
                    lister is not None
                    and service.client_role(given.get("client")) == "policy"
                    and service.sees(call)
                ):
                    if not self._is_its_manager(service, lister):
                        service.refuse(call, "its checkpoints are listed through another manager")
                    self.keepers[call] = (service, lister)

    def _is_its_manager(self, service: Service, lister: ast.expr) -> bool:
        own = service.given.get("rlor_mgr") or service.manager
        if own is None or ast.unparse(own) == ast.unparse(lister):
            return True
        return set(managers_of(self.port, own)) == set(managers_of(self.port, lister)) != set()

    def call(self, node: ast.Call) -> str | None:
        if node not in self.keepers or not (service := self.keepers[node][0]).is_go:
            return None
        call, arguments = self.port.open_call(node)
        for i, argument in enumerate(arguments):
            if argument_value(argument) is self.keepers[node][1]:
                call.set_value(i, service.name)
                self.port.remove(self.keepers[node][1])
        return call.code()
