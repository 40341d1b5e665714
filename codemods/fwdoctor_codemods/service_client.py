"""The old call that made a trainer becomes ``build_service_client(...)``, with the clients behind it."""

from __future__ import annotations

import ast
import functools

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core.arguments import NewArgument
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import shown_setting
from fwdoctor_codemods.core.service import (
    Service,
    code,
    is_given,
    managers_of,
    old_default,
    settings_of_manager,
    spelled,
)
from fwdoctor_codemods.core.source import Edit, argument_value, is_none

EXAMPLES = (
    Example(
        name="the address of the manager, and what is lost",
        target="august",
        before="""
            import os
            from fireworks.training.sdk import TrainerJobManager
            from training.utils import InfraConfig, create_trainer_job

            mgr = TrainerJobManager(os.environ["KEY"], base_url=os.environ.get("URL"))
            endpoint = create_trainer_job(
                mgr,
                base_model="m",
                infra=InfraConfig(),
                # adapters
                lora_rank=16,
                display_name="mine",
                hot_load_deployment_id=None,
            )
            """,
        after="""
            import os
            from training.utils import TrainerConfig, build_service_client

            # TODO(fwdoctor): FWD106 display_name="mine" has no counterpart in cookbook 76821fa1 (2026-08-19): the service names its trainers itself
            service = build_service_client(
                base_model="m",
                trainer=TrainerConfig(),
                # adapters
                max_lora_rank=16,
                api_key=os.environ["KEY"],
                base_url=os.environ.get("URL"),
                additional_headers=None,
                tokenizer_model=None,
                max_context_length=None,
                learning_rate=1e-05,
            )
            training_client = service.create_training_client("m", lora_rank=16)
            """,
    ),
    Example(
        name="old code for an old target",
        target="may",
        before="""
            from training.utils import InfraConfig, create_trainer_job

            endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
            """,
        after=None,
    ),
)

_URL = "FIREWORKS_BASE_URL"
#: What the service client takes of how a manager was made.
_TAKEN_OVER = ("api_key", "base_url", "additional_headers")


class Codemod(Base):
    """The calls of setup_infra and create_trainer_job whose service is ported."""

    after = (
        "setup_infra",
        "create_trainer_job",
        "resource_cleanup",
        "reconnectable_client",
        "weight_syncer",
        "deployment_sampler",
        "training_checkpoints",
    )
    needs = (*after, "settings_class", "settings_read", "settings_field")

    def _services(self) -> list[Service]:
        """Those that the cookbook's builder makes."""
        return [s for s in self.port.services if s.move.old in provisioning().calls]

    def settle(self) -> None:
        for service in self._services():
            if not service.is_go:
                callee = ast.unparse(service.call.func)
                self.port.note("FWD120", service.anchor, old=callee, detail=service.verdict)
                continue
            self.port.done["FWD120"] += 1
            for node in service.carried:
                self.port.remove(node)
            for statement in service.doomed:
                self.port.remove_statement(statement)
            if service.closing is not None:
                self.port.replaced[service.anchor] = functools.partial(self._in_place, service)

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        for service in self._services():
            if node is service.target and service.is_go:
                return service.name
        return None

    def call(self, node: ast.Call) -> str | None:
        for service in self._services():
            if node is service.call and service.is_go:
                return _Builder(service).text()
        return None

    def finish(self) -> None:
        for service in self._services():
            if service.is_go and service.closing is None:
                self.port.insert_after(service.anchor, self._lines(service))
            elif service.is_go and service.closing is not None:
                item = service.closing
                start, end = (
                    self.port.source.start(item.context_expr),
                    self.port.source.end(item.optional_vars or item.context_expr),
                )
                closing = self.port.need("contextlib.closing", service.anchor)
                text = f"{closing}({self._moved(service)}) as {service.name}"
                self.port.edits.append(Edit(start, end, text))

    def _in_place(self, service: Service) -> str:
        return self.port.indented(service.anchor, self._lines(service)).lstrip(" \t")

    def _lines(self, service: Service) -> list[str]:
        """What stands behind the service: who closes it, and the clients."""
        lines = [f"{service.stack}.callback({service.name}.close)"] if service.stack else []
        lines.append(f"{service.client} = {service.training_client()}")
        for role, name in service.client_names.items():
            lines.append(f"{name} = {service.wrapped(role, service.anchor)}")
        return lines

    def _moved(self, service: Service) -> str:
        """The text of the new call for the line of the ``with``, which stands one step to the left."""
        inner = self.port.source.indent(service.anchor.lineno)
        outer = self.port.source.indent(service.place.lineno)
        first, *rest = _Builder(service).text().splitlines(keepends=True)
        return first + "".join(
            outer + line.removeprefix(inner) if line.startswith(inner) else line for line in rest
        )


class _Builder:
    """One call on its way."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.port = service.port
        self.call, self.arguments = self.port.open_call(service.call)

    def text(self) -> str:
        builder = provisioning().builder
        callee = self.port.need(f"training.utils.{builder.rpartition('.')[2]}", self.service.anchor)
        names = {id(value): name for name, value in self.service.given.items()}
        for i in reversed(range(len(self.arguments))):
            value = argument_value(self.arguments[i])
            self._argument(i, names[id(value)], value)
        for argument in self._missing():
            if self.call.index(argument.keyword) is None:
                self.call.append(argument)
        return code(self.port, self.call, callee, self.service.anchor)

    # --- what was passed -----------------------------------------------------------------------------

    def _argument(self, i: int, name: str, value: ast.expr) -> None:
        service, move = self.service, self.service.move
        if name in move.keywords:
            self.call.set_keyword(i, spelled(self.port, move.keywords[name]))
        elif name == move.trainer:
            self.call.set_keyword(i, "trainer")
            text = self.port.with_fields(value, self.call.value(i), self._trainer_fields(), service.anchor)
            self.call.set_value(i, text)
        elif name == move.deployment and service.deployment is not None:
            self.call.set_keyword(i, "deployment")
            self.call.set_value(i, service.if_so(self.call.value(i), service.deployment.when))
        elif name == move.reference_when and move.makes == "bundle" and service.reference is not None:
            self.call.set_keyword(i, "reference_required")
        else:
            moved = name in (move.job, move.reference_job, move.timeout, move.deployment_when)
            self._drop(i, name, value, moved=moved)

    def _trainer_fields(self) -> list[NewArgument]:
        """What moves into the TrainerConfig: ids of trainers that exist, and what became of the reference."""
        service, reference = self.service, self.service.reference
        wanted = [("job_id", service.given.get(service.move.job))]
        wanted.append(("reference_job_id", service.given.get(service.move.reference_job or "")))
        if reference is not None:
            wanted += [("reference_training_shape_id", reference.shape), ("reference_job_id", reference.job)]
        fields = [NewArgument(k, self.port.reuse(v)) for k, v in wanted if v is not None and is_given(v)]
        closes = service.stack is not None or service.closing is not None
        if reference is not None and closes:  # by default, closing deletes it
            cleans = service.cleans_reference() if service.cleans_reference else "False"
            if cleans != "True":
                fields.append(NewArgument("cleanup_reference_on_close", cleans))
        return fields

    def _drop(self, i: int, name: str, value: ast.expr, *, moved: bool) -> None:
        service = self.service
        self.port.orphans.append((service.place, self.call.remove(i)))
        if moved:
            return
        self.port.remove(value)
        expected = name in (*service.move.absorbed, service.move.reference_when, service.move.deployment)
        default = old_default(self.port, service.move.old, name)
        if expected or is_none(value) or ast.unparse(value) in (default, "''"):
            return
        advice = provisioning().advice.get(name, "the service client has no such setting")
        setting = shown_setting(f"{name}={self.port.original(value)}")
        self.port.note("FWD106", service.place, setting=setting, advice=advice)

    # --- what is needed now --------------------------------------------------------------------------

    def _missing(self) -> list[NewArgument]:
        service, move = self.service, self.service.move
        found = list(self._connection())
        found.append(NewArgument("tokenizer_model", self._tokenizer()))
        for old, new in move.keywords.items():
            if old not in service.given and old != "api_key":
                found.append(NewArgument(spelled(self.port, new), service.text_of(old)))
        if service.deployment is not None and move.deployment not in service.given:
            text = self.port.reuse(service.deployment.settings)
            found.append(NewArgument("deployment", service.if_so(text, service.deployment.when)))
        if service.hotload_timeout is not None:
            found.append(NewArgument("hotload_timeout_s", self.port.reuse(service.hotload_timeout)))
        if service.cleans_trainer is not None:
            found.append(NewArgument("cleanup_trainer_on_close", service.cleans_trainer()))
        if service.cleans_deployment is not None:
            if self._takes("cleanup_deployment_on_close"):
                found.append(NewArgument("cleanup_deployment_on_close", service.cleans_deployment()))
            else:
                detail = (
                    f"the deployment was cleaned up ({service.cleans_deployment()}), and is now left running"
                )
                self.port.note(
                    "FWD105", service.place, detail=f"{detail}: this version has no setting for it"
                )
        if service.reference is not None:
            when = service.reference.when
            found.append(NewArgument("reference_required", "True" if when is None else self.port.reuse(when)))
        return found

    def _takes(self, keyword: str) -> bool:
        signature = self.port.target_signature(provisioning().builder)
        return signature is not None and signature.accepts_keyword(keyword)

    def _connection(self) -> list[NewArgument]:
        """The address and the credentials, as the managers had them."""
        service = self.service
        manager = service.given.get("rlor_mgr")
        made = list(managers_of(self.port, manager))
        key = "api_key" in service.given or None
        found = []
        settings = settings_of_manager(made[0]) if len(made) == 1 else {}
        shown = [v for n, v in settings.items() if n in _TAKEN_OVER and is_given(v)]
        unseen = any(not service.is_portable(v) for v in shown)
        if len(made) != 1 or unseen or (isinstance(manager, ast.Name) and self._is_parameter(manager)):
            self._tell_unseen(manager)
        for name, value in settings.items():
            if name not in (*_TAKEN_OVER, "inference_url", "hotload_api_url") and is_given(value):
                setting = shown_setting(f"{name}={self.port.original(value)}")
                advice = "the service client takes no such setting from here"
                self.port.note("FWD106", service.place, setting=setting, advice=advice)
        if not key:
            text = self._portable(settings.get("api_key"))
            found.append(NewArgument("api_key", text or self._environment("FIREWORKS_API_KEY")))
        url = settings.get("base_url")
        default = '"https://api.fireworks.ai"' if len(made) == 1 and url is None else None
        found.append(NewArgument("base_url", default or self._portable(url) or self._environment(_URL)))
        if len(made) == 1:
            headers = self._portable(settings.get("additional_headers")) or "None"
        else:
            headers = self.port.need("training.utils.read_api_extra_headers_env", service.anchor) + "()"
        found.append(NewArgument("additional_headers", headers))
        found += self._inference_url(url)
        return found

    def _inference_url(self, url: ast.expr | None) -> list[NewArgument]:
        deployment = self.service.deployment
        made = list(managers_of(self.port, deployment.manager)) if deployment else []
        value = settings_of_manager(made[0]).get("inference_url") if len(made) == 1 else None
        if value is None or is_none(value) or (url is not None and ast.unparse(value) == ast.unparse(url)):
            return []
        text = self._portable(value)
        return [NewArgument("inference_url", text)] if text else []

    def _portable(self, value: ast.expr | None) -> str | None:
        if value is None or not self.service.is_portable(value):
            return None
        return self.port.reuse(value)

    def _environment(self, variable: str) -> str:
        module = self.port.need("os", self.service.anchor)
        if variable == _URL:
            return f'{module}.environ.get("{_URL}", "https://api.fireworks.ai")'
        return f'{module}.environ["{variable}"]'

    def _is_parameter(self, node: ast.Name) -> bool:
        return any(isinstance(b.node, ast.arg) for b in self.port.model.bindings(node))

    def _tell_unseen(self, manager: ast.expr | None) -> None:
        shown = self.port.original(manager) if manager is not None else "the manager"
        self.port.note("FWD122", self.service.place, manager=shown)

    def _tokenizer(self) -> str:
        """The model whose tokenizer samplers use, where the function shows it."""
        service = self.service
        if service.deployment is not None:
            settings = service.deployment.settings
            made = self.port.model.single_value(settings) if isinstance(settings, ast.Name) else settings
            if isinstance(made, ast.Call):
                value = next((k.value for k in made.keywords if k.arg == "tokenizer_model"), None)
                if is_given(value) and (text := self._portable(value)):
                    return text
            if isinstance(settings, ast.Attribute):
                return f"{self.port.text(settings)}.tokenizer_model"
        base = service.given.get("base_model")
        if isinstance(base, ast.Attribute):
            wanted = f"{ast.unparse(base.value)}.tokenizer_model"
            if any(ast.unparse(a) == wanted for a in self.port.model.attributes):
                return f"{self.port.text(base.value)}.tokenizer_model"
        return "None"
