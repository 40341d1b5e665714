"""Calls on a service client that later versions take otherwise: ``lora_rank=``, whose reference it is."""

from __future__ import annotations

import ast

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.service import spelled
from fwdoctor_codemods.core.source import call_arguments, spread_of

EXAMPLES = (
    Example(
        name="the rank became the capacity, and a reference names its policy",
        target="august",
        before="""
            from training.utils import ReconnectableClient, TrainerConfig, build_service_client

            service = build_service_client(
                api_key=KEY, base_url=URL, additional_headers=None, base_model="m", tokenizer_model=None,
                lora_rank=RANK,  # adapters
                max_context_length=None, learning_rate=1e-5, trainer=TrainerConfig(),
            )
            client = service.create_training_client("m", lora_rank=RANK)
            reference = service.create_reference_client("m", lora_rank=RANK)
            """,
        after="""
            from training.utils import ReconnectableClient, TrainerConfig, build_service_client

            service = build_service_client(
                api_key=KEY, base_url=URL, additional_headers=None, base_model="m", tokenizer_model=None,
                max_lora_rank=RANK,  # adapters
                max_context_length=None, learning_rate=1e-5, trainer=TrainerConfig(),
            )
            client = service.create_training_client("m", lora_rank=RANK)
            reference = service.create_reference_client(policy_client=client)
            """,
    ),
    Example(
        name="a reference whose policy has no name here",
        target="august",
        before="""
            def reference(service, rank):
                return service.create_reference_client("m", lora_rank=rank)
            """,
        after=None,
    ),
    Example(
        name="June's own spelling in June",
        before="""
            from training.utils import TrainerConfig, build_service_client

            service = build_service_client(
                api_key=KEY, base_url=URL, additional_headers=None, base_model="m", tokenizer_model=None,
                lora_rank=8, max_context_length=None, learning_rate=1e-5, trainer=TrainerConfig(),
            )
            """,
        after=None,
    ),
)


class Codemod(Base):
    """Code for an earlier service client than the target's."""

    after = ("service_client",)

    @classmethod
    def concerns(cls, port: Port) -> bool:
        return "create_reference_client" in port.source.text

    def call(self, node: ast.Call) -> str | None:
        if spread_of(node) is not None:
            return None
        if self.port.means(node.func, provisioning().builder):
            return self._builder(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "create_reference_client":
            return self._reference(node, node.func.value)
        return None

    def _builder(self, node: ast.Call) -> str | None:
        signature = self.port.target_signature(provisioning().builder)
        stale = {
            k.arg: new
            for k in node.keywords
            if k.arg and signature and not signature.accepts_keyword(k.arg)
            if (new := spelled(self.port, k.arg)) != k.arg and all(o.arg != new for o in node.keywords)
        }
        if not stale:
            return None
        call, arguments = self.port.open_call(node)
        for i, argument in enumerate(arguments):
            if isinstance(argument, ast.keyword) and argument.arg in stale:
                call.set_keyword(i, stale[argument.arg])
        self.port.done["FWD108"] += 1
        return call.code()

    def _reference(self, node: ast.Call, service: ast.expr) -> str | None:
        """``service.create_reference_client(model, lora_rank=r)`` of a service that may hold several models."""
        if not isinstance(service, ast.Name) or spelled(self.port, "lora_rank") == "lora_rank":
            return None
        if any(k.arg == "policy_client" for k in node.keywords) or not call_arguments(node):
            return None
        made = self.port.model.single_value(service)
        if not isinstance(made, ast.Call) or not self.port.means(made.func, provisioning().builder):
            return None
        client = self._training_client(service)
        if client is None:
            detail = (
                "a service client may hold several models: pass policy_client=, the training client it made"
            )
            self.port.note("FWD123", node, detail=detail)
            return None
        self.port.done["FWD123"] += 1
        return f"{self.port.text(node.func)}(policy_client={client})"

    def _training_client(self, service: ast.Name) -> str | None:
        """The variable that holds the one training client of a service."""
        found = self.port.model.scope_of(service).lookup(service.id)
        names = []
        for load in self.port.model.loads(service.id, found[0]) if found else ():
            method = self.port.model.parents[load]
            call = self.port.model.parents.get(method)
            if not isinstance(method, ast.Attribute) or method.attr != "create_training_client":
                continue
            statement = self.port.model.parents.get(call) if call is not None else None
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            names.append(target.id if isinstance(target, ast.Name) else None)
        return names[0] if len(names) == 1 else None
