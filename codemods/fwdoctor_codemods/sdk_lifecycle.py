"""Scripts on the SDK alone that make trainer and deployment by managers: one managed service client does it.

The managers are still there, so nothing breaks where this does not apply: a script is ported as a whole, from
``TrainerJobManager.create_and_wait(...)`` to the ``FiretitanServiceClient(base_url=endpoint.base_url)`` on it,
or it stays as it is without a word.
"""

from __future__ import annotations

import ast
from dataclasses import field

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.moves import TrainerCall, provisioning
from fwdoctor_codemods.core.arguments import comments_in
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port, shown_setting
from fwdoctor_codemods.core.service import (
    LEAK,
    Deployment,
    Service,
    be_alone,
    free_name,
    is_constant,
    is_given,
    laid_out,
    managers_of,
    profiled_shape,
    refuse_unseen_uses,
    settings_of_manager,
)
from fwdoctor_codemods.core.source import is_none, spread_of

EXAMPLES = (
    Example(
        name="a trainer that is deleted at the end",
        target="august",
        before="""
            import os
            from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager

            mgr = TrainerJobManager(api_key=os.environ["KEY"])
            profile = mgr.resolve_training_profile(SHAPE)
            endpoint = mgr.create_and_wait(
                TrainerJobConfig(
                    base_model="m",
                    training_shape_ref=profile.training_shape_version,
                    learning_rate=2e-5,  # found by search
                    display_name="mine",
                    gradient_accumulation_steps=4,
                )
            )
            try:
                service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=os.environ["KEY"])
                client = service.create_training_client(base_model="m", lora_rank=0)
                print(endpoint.job_id)
            finally:
                mgr.delete(endpoint.job_id)
            """,
        after="""
            import os
            from fireworks.training.sdk import FiretitanServiceClient

            # found by search
            service = FiretitanServiceClient.from_firetitan_config(
                api_key=os.environ["KEY"],
                base_model="m",
                training_shape_id=SHAPE,
                learning_rate=2e-5,
                display_name="mine",
                gradient_accumulation_steps=4,
                create_deployment=False,
                cleanup_trainer_on_close=True,
            )
            try:
                client = service.create_training_client(base_model="m", lora_rank=0)
                print(service.trainer_job_id)
            finally:
                service.close()
            """,
    ),
    Example(
        name="trainer, deployment, weight sync",
        target="august",
        before="""
            from fireworks.training.sdk import (
                DeploymentConfig,
                DeploymentManager,
                DeploymentSampler,
                FiretitanServiceClient,
                TrainerJobConfig,
                TrainerJobManager,
                WeightSyncer,
            )

            def train(key, url, shape):
                mgr = TrainerJobManager(key, url)
                deployments = DeploymentManager(key, url)
                profile = mgr.resolve_training_profile(shape)
                created = mgr.create(TrainerJobConfig(base_model="m", training_shape_ref=profile.training_shape_version, lora_rank=8))
                trainer = mgr.wait_for_ready(created.job_id)
                config = DeploymentConfig(
                    deployment_id="d",
                    base_model="m",
                    deployment_shape=profile.deployment_shape_version,
                    hot_load_trainer_job=trainer.job_name,
                    min_replica_count=2,
                    max_replica_count=2,
                )
                deployments.create_or_get(config)
                info = deployments.wait_for_ready(config.deployment_id)
                client = FiretitanServiceClient(base_url=trainer.base_url, api_key=key).create_training_client("m", lora_rank=8)
                syncer = WeightSyncer(policy_client=client, deploy_mgr=deployments, deployment_id="d", base_model="m")
                sampler = DeploymentSampler(inference_url=deployments.inference_url, model=info.inference_model, api_key=key)
                syncer.save_and_hotload("step-0", checkpoint_type="base")
                use(client, sampler)
                deployments.scale_to_zero("d")
                mgr.delete(trainer.job_id)
            """,
        after="""
            from fireworks.training.sdk import (
                FiretitanServiceClient,
            )

            def train(key, url, shape):
                service = FiretitanServiceClient.from_firetitan_config(
                    api_key=key,
                    base_url=url,
                    base_model="m",
                    training_shape_id=shape,
                    lora_rank=8,
                    deployment_id="d",
                    replica_count=2,
                    cleanup_trainer_on_close=True,
                    cleanup_deployment_on_close="scale_to_zero",
                )
                client = service.create_training_client("m", lora_rank=8)
                sampler = service.create_deployment_sampler()
                service.hotload_sampler_snapshot(client.save_weights_for_sampler("step-0", checkpoint_type="base").result().path)
                use(client, sampler)
                service.close()
            """,
    ),
    Example(
        name="an attached trainer is left running",
        target="august",
        before="""
            from fireworks.training.sdk import FiretitanServiceClient, TrainerJobManager

            mgr = TrainerJobManager(api_key=KEY, base_url=URL)
            endpoint = mgr.wait_for_existing("job")
            service = FiretitanServiceClient(base_url=endpoint.base_url, api_key=KEY)
            client = service.create_training_client(base_model="m", lora_rank=0)
            """,
        after="""
            from fireworks.training.sdk import FiretitanServiceClient

            service = FiretitanServiceClient.from_firetitan_config(
                api_key=KEY,
                base_url=URL,
                base_model="m",
                trainer_job_id="job",
                create_deployment=False,
            )
            client = service.create_training_client(base_model="m", lora_rank=0)
            """,
    ),
    Example(
        name="managers that are used for more are left alone: they still exist",
        target="august",
        before="""
            from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager

            mgr = TrainerJobManager(api_key=KEY)
            endpoint = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
            ping(endpoint.base_url)
            client = FiretitanServiceClient(base_url=endpoint.base_url, api_key=KEY).create_training_client("m")
            """,
        after=None,
    ),
    Example(
        name="a deployment that owns the bucket has no successor",
        target="august",
        before="""
            from fireworks.training.sdk import DeploymentConfig, DeploymentManager, FiretitanServiceClient, TrainerJobConfig, TrainerJobManager

            mgr = TrainerJobManager(api_key=KEY)
            deployments = DeploymentManager(api_key=KEY)
            deployments.create_or_get(DeploymentConfig(deployment_id="d", base_model="m"))
            endpoint = mgr.create_and_wait(TrainerJobConfig(base_model="m", hot_load_deployment_id="d"))
            client = FiretitanServiceClient(base_url=endpoint.base_url, api_key=KEY).create_training_client("m")
            """,
        after=None,
    ),
)

_CLIENT = "fireworks.training.sdk.FiretitanServiceClient"
_SETTINGS = "fireworks.training.sdk.managed.FiretitanProvisioningConfig"
_TRAINER = "fireworks.training.sdk.TrainerJobConfig"
_DEPLOYMENT = "fireworks.training.sdk.DeploymentConfig"
_MOVE = TrainerCall(
    old="fireworks.training.sdk.TrainerJobManager.create_and_wait",
    makes="lifecycle",
    keywords={},
    trainer="config",
    job="job_id",
    reference_when="forward_only",
    absorbed=(),
)
#: What the service takes of how a manager was made.
_CONNECTION = frozenset({"api_key", "base_url", "additional_headers", "inference_url", "hotload_api_url"})
#: Methods of the manager that wait for a trainer which exists.
_ATTACH = ("wait_for_existing", "resume_and_wait", "reconnect_and_wait")


@dataclass(eq=False)
class _Lifecycle:
    """One trainer from its creation to its end; ``service`` collects what becomes of it."""

    service: Service
    #: the call of FiretitanServiceClient that goes, and what made the trainer
    client: ast.Call
    config: ast.Call | None
    job: ast.expr | None
    manager: ast.expr
    shape: ast.expr | None = None
    timeout: ast.expr | None = None
    deployment_timeout: ast.expr | None = None
    deployment: dict[str, ast.expr] = field(default_factory=dict)
    #: names under which ``x.job_id`` is the trainer's id
    endpoints: set[str] = field(default_factory=set)
    lost: list[tuple[str, ast.expr]] = field(default_factory=list)
    deletes: list[ast.Call] = field(default_factory=list)


class Codemod(Base):
    """Managers' lifecycles of scripts without the cookbook."""

    @classmethod
    def concerns(cls, port: Port) -> bool:
        return _CLIENT.rpartition(".")[2] in port.source.text

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.lifecycles: list[_Lifecycle] = []
        self.renames: dict[ast.AST, tuple[Service, str]] = {}

    # --- planning ------------------------------------------------------------------------------------

    def plan(self) -> None:
        if not self.port.target_has(_SETTINGS) or not self.port.allows("FWD120"):
            return
        for call in self.port.model.calls:
            if self.port.means(call.func, _CLIENT) and (life := self._open(call)) is not None:
                self.port.services.append(life.service)
                self.lifecycles.append(life)
                self._plan_client(life)
                self._plan_deployment(life)
                self._plan_end(life)
                self._plan_reads(life)

    def _open(self, client: ast.Call) -> _Lifecycle | None:
        """The lifecycle that ends in a client of an endpoint which this very function waited for."""
        port = self.port
        url = (
            client.args[0]
            if client.args
            else next((k.value for k in client.keywords if k.arg == "base_url"), None)
        )
        if spread_of(client) or not isinstance(url, ast.Attribute) or url.attr != "base_url":
            return None
        if {k.arg for k in client.keywords} - {"base_url", "api_key"} or not isinstance(url.value, ast.Name):
            return None
        waited = port.model.single_value(url.value)
        statement = port.model.parents[waited] if waited is not None else None
        if not isinstance(waited, ast.Call) or not isinstance(waited.func, ast.Attribute):
            return None
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            return None
        if not any(managers_of(port, waited.func.value)) or spread_of(waited):
            return None
        if len(waited.args) > 1:
            return None  # which argument is which is not to be guessed
        service = self._service(statement, waited, client)
        life = _Lifecycle(service, client, None, None, waited.func.value)
        life.endpoints.add(statement.targets[0].id)
        life.timeout = next((k.value for k in waited.keywords if k.arg == "timeout_s"), None)
        if life.timeout is not None and not service.is_portable(life.timeout):
            return None
        known = {"config", "job_id", "job_name", "timeout_s"}
        life.lost += [(k.arg, k.value) for k in waited.keywords if k.arg and k.arg not in known]
        return life if self._origin(life, waited) and self._connects(life) else None

    def _connects(self, life: _Lifecycle) -> bool:
        """Whether the trainer's manager, its address and its key can be written down for the service."""
        made = list(managers_of(self.port, life.manager))
        if len(made) != 1 or spread_of(made[0]) is not None or len(made[0].args) > 2:
            return False
        key = next((k.value for k in life.client.keywords if k.arg == "api_key"), None)
        values = [*settings_of_manager(made[0]).values(), *([key] if key is not None else [])]
        life.lost += [
            (n, v) for n, v in settings_of_manager(made[0]).items() if n not in _CONNECTION and is_given(v)
        ]
        return all(life.service.is_portable(v) for v in values)

    def _service(self, statement: ast.Assign, waited: ast.Call, client: ast.Call) -> Service:
        target = statement.targets[0]
        assert isinstance(target, ast.Name)
        outer = self.port.model.parents[client]
        held = outer.targets[0] if isinstance(outer, ast.Assign) else None
        name = held.id if isinstance(held, ast.Name) else free_name(self.port, "service", "service_client")
        service = Service(self.port, _MOVE, waited, statement, target, {}, name, "")
        service.manager = waited.func.value if isinstance(waited.func, ast.Attribute) else None
        be_alone(self.port, service)
        refuse_unseen_uses(self.port, service)
        service.saving = ("save_weights_for_sampler", "result().path")
        service.track(target)
        if self.port.function_of(client) is not self.port.function_of(statement):
            service.refuse(client, "the client is made in another function")
        if not self.port.has_own_lines(statement):
            service.refuse(statement, "other statements stand on its line")
        return service

    def _origin(self, life: _Lifecycle, waited: ast.Call) -> bool:
        """Where the trainer came from: a configuration, or a job that exists."""
        assert isinstance(waited.func, ast.Attribute)
        method, first = waited.func.attr, waited.args[0] if waited.args else None
        if method in _ATTACH:
            life.job = first or next((k.value for k in waited.keywords if k.arg == "job_id"), None)
            return life.job is not None and life.service.is_portable(life.job)
        if method == "create_and_wait":
            config = first or next((k.value for k in waited.keywords if k.arg == "config"), None)
            return self._configured(life, config)
        if method != "wait_for_ready" or not isinstance(first, ast.Attribute) or first.attr != "job_id":
            return False
        made = self.port.model.single_value(first.value) if isinstance(first.value, ast.Name) else None
        statement = self.port.model.parents[made] if made is not None else None
        if (
            not isinstance(made, ast.Call)
            or not isinstance(made.func, ast.Attribute)
            or made.func.attr != "create"
        ):
            return False
        if not isinstance(statement, ast.Assign) or statement not in life.service.block or not made.args:
            return False
        assert isinstance(first.value, ast.Name)
        life.endpoints.add(first.value.id)
        life.service.track(statement.targets[0])  # type: ignore[arg-type]
        life.service.doomed.append(statement)
        life.service.claimed.update(n for n in ast.walk(waited) if n in life.service.tracked)
        return self._configured(life, made.args[0])

    def _configured(self, life: _Lifecycle, node: ast.expr | None) -> bool:
        made = self.port.model.single_value(node) if isinstance(node, ast.Name) else node
        if not isinstance(made, ast.Call) or not self.port.means(made.func, _TRAINER):
            return False
        if spread_of(made) is not None or made.args or (made is not node and not self._is_only_use(node)):
            return False
        given = {k.arg: k.value for k in made.keywords if k.arg}
        if is_given(given.get("forward_only")) and not is_constant(given["forward_only"], False):
            return False
        if not all(life.service.is_portable(v) or self._shape_of(v) is not None for v in given.values()):
            return False
        life.config = made
        life.service.given = given
        if made is not node:
            life.service.doomed.append(self.port.model.statement(made))
        shape = given.get("training_shape_ref")
        if shape is not None and is_given(shape):
            life.shape = self._shape_of(shape) or shape
            pinned = isinstance(life.shape, ast.Constant) and "/versions/" in str(life.shape.value)
            return life.service.is_portable(life.shape) and not pinned
        return True

    def _is_only_use(self, node: ast.expr | None) -> bool:
        if not isinstance(node, ast.Name):
            return False
        found = self.port.model.scope_of(node).lookup(node.id)
        return found is not None and len(self.port.model.loads(node.id, found[0])) == 1

    def _shape_of(self, node: ast.expr) -> ast.expr | None:
        """The shape id behind ``profile.training_shape_version``."""
        if not isinstance(node, ast.Attribute) or node.attr not in (
            "training_shape_version",
            "training_shape",
        ):
            return None
        return profiled_shape(self.port, node.value)

    # --- the client, the deployment, the end ---------------------------------------------------------

    def _plan_client(self, life: _Lifecycle) -> None:
        """``service = FiretitanServiceClient(...)``, or the client right away."""
        port, service = self.port, life.service
        service.claimed.update(n for n in ast.walk(life.client) if n in service.tracked)
        outer = port.model.parents[life.client]
        if isinstance(outer, ast.Attribute):  # FiretitanServiceClient(...).create_training_client(...)
            created = port.model.parents[outer]
            if outer.attr == "create_training_client" and isinstance(created, ast.Call):
                service.clients[created] = "policy"
                self.renames[life.client] = (service, service.name)
                return
        if isinstance(outer, ast.Assign) and isinstance(outer.targets[0], ast.Name):
            if not self._is_always(service, outer):
                service.refuse(life.client, "its client is made only sometimes")
            service.doomed.append(outer)
            found = port.model.scope_of(outer).lookup(service.name)
            for load in port.model.loads(service.name, found[0]) if found and len(found[1]) == 1 else ():
                method = port.model.parents[load]
                call = port.model.parents.get(method)
                creates = isinstance(method, ast.Attribute) and method.attr == "create_training_client"
                if creates and isinstance(call, ast.Call) and call.func is method:
                    service.clients[call] = "policy"
        if len([c for c in service.clients.values() if c == "policy"]) != 1:
            service.refuse(life.client, "its training client is made elsewhere")

    def _plan_deployment(self, life: _Lifecycle) -> None:
        service = life.service
        home = self.port.function_of(service.anchor)
        # In the order of the source: what is waited for is known by what made it.
        for call in sorted(self.port.model.calls, key=lambda c: (c.lineno, c.col_offset)):
            method = call.func
            if not isinstance(method, ast.Attribute) or self.port.function_of(call) is not home:
                continue
            if not self._is_deployment_manager(method.value):
                continue
            statement = self.port.model.parents[call]
            if method.attr == "create_or_get" and len(call.args) == 1:
                if not self._is_always(service, statement) or not self._same_account(life, method.value):
                    service.refuse(call, "its deployment is made only sometimes, or in another account")
                self._plan_settings(life, call, statement)
            elif (
                method.attr == "wait_for_ready"
                and isinstance(statement, ast.Expr | ast.Assign)
                and self._is_always(service, statement)
                and service.serves_as(call.args[0] if call.args else None)
            ):
                waits = {k.arg: k.value for k in call.keywords}
                life.deployment_timeout = waits.pop("timeout_s", None)
                timeout = life.deployment_timeout
                if len(call.args) > 1 or waits or (timeout is not None and not service.is_portable(timeout)):
                    service.refuse(call, "it waits for its deployment in another way")
                service.doomed.append(statement)
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                    service.track(statement.targets[0])
                self._claim(service, call)
            elif method.attr in ("create", "reattach_trainer", "update"):
                service.refuse(call, "its deployment is made in another way")

    def _plan_settings(self, life: _Lifecycle, call: ast.Call, statement: ast.AST) -> None:
        service, node = life.service, call.args[0]
        made = self.port.model.single_value(node) if isinstance(node, ast.Name) else node
        if life.deployment or not isinstance(statement, ast.Expr | ast.Assign):
            service.refuse(call, "its deployment is made in another way")
            return
        owner = made.func if isinstance(made, ast.Call) else None
        from_profile = isinstance(owner, ast.Attribute) and owner.attr == "from_training_profile"
        cls = owner.value if from_profile and isinstance(owner, ast.Attribute) else owner
        if not isinstance(made, ast.Call) or cls is None or not self.port.means(cls, _DEPLOYMENT):
            service.refuse(call, "its deployment is made in another way")
            return
        if spread_of(made) is not None or made.args:
            service.refuse(call, "its deployment's settings are hidden")
            return
        given = {k.arg: k.value for k in made.keywords if k.arg}
        if from_profile:
            given.pop("profile", None)
        own = given.pop("hot_load_trainer_job", None)
        if own is None or not self._is_name_of_trainer(life, own):
            service.refuse(call, "its deployment does not follow this trainer")
            return
        if "deployment_id" not in given:
            service.refuse(call, "its deployment has no id")
            return
        model = given.get("base_model")
        ours = service.given.get("base_model")
        if model is not None and (ours is None or ast.unparse(ours) != ast.unparse(model)):
            service.refuse(call, "its deployment serves another model")
        life.deployment = given
        manager = call.func.value if isinstance(call.func, ast.Attribute) else None
        service.deployment = Deployment(given["deployment_id"], manager)
        if isinstance(node, ast.Name):
            service.deployment.ids.add(f"{node.id}.deployment_id")
        service.doomed.append(statement)
        if isinstance(node, ast.Name):
            self._plan_settings_variable(service, node, made)
        self._claim(service, made)

    def _plan_settings_variable(self, service: Service, node: ast.Name, made: ast.Call) -> None:
        statement = self.port.model.statement(made)
        service.doomed.append(statement)
        found = self.port.model.scope_of(node).lookup(node.id)
        for load in self.port.model.loads(node.id, found[0]) if found else ():
            attribute = self.port.model.parents[load]
            if load is node:
                continue
            if isinstance(attribute, ast.Attribute) and attribute.attr == "deployment_id":
                self.renames[attribute] = (service, f"{service.name}.deployment_id")
            else:
                service.refuse(load, f"{node.id} is used for something else")

    def _is_deployment_manager(self, node: ast.expr) -> bool:
        return any(
            (self.port.resolve(m.func) or "").endswith(".DeploymentManager")
            for m in managers_of(self.port, node)
        )

    def _same_account(self, life: _Lifecycle, manager: ast.expr) -> bool:
        """Whether the deployment's manager talks to the same place with the same key as the trainer's."""
        theirs, ours = list(managers_of(self.port, manager)), list(managers_of(self.port, life.manager))
        if len(theirs) != 1 or len(ours) != 1:
            return False
        a, b = settings_of_manager(theirs[0]), settings_of_manager(ours[0])
        known = {n: v for n, v in a.items() if n in ("api_key", "base_url", "additional_headers")}
        life.lost += [(n, v) for n, v in a.items() if n not in _CONNECTION and is_given(v)]
        if not all(life.service.is_portable(v) for v in a.values()):
            return False
        return {n: ast.unparse(v) for n, v in known.items()} == {
            n: ast.unparse(v) for n, v in b.items() if n in ("api_key", "base_url", "additional_headers")
        }

    def _is_name_of_trainer(self, life: _Lifecycle, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Attribute)
            and node.attr == "job_name"
            and isinstance(node.value, ast.Name)
            and node.value in life.service.tracked
            and node.value.id in life.endpoints
        )

    def _claim(self, service: Service, node: ast.AST) -> None:
        service.claimed.update(n for n in ast.walk(node) if n in service.tracked)

    def _plan_end(self, life: _Lifecycle) -> None:
        """``mgr.delete(endpoint.job_id)``: the service client is closed there instead."""
        service = life.service
        ends: list[ast.stmt] = []
        for call in self.port.model.calls:
            method = call.func
            if not isinstance(method, ast.Attribute) or len(call.args) != 1 or call.keywords:
                continue
            statement = self.port.model.parents[call]
            if not isinstance(statement, ast.Expr):
                continue
            if method.attr == "delete" and self._is_job(life, call.args[0]):
                life.deletes.append(call)
                service.cleans_trainer = lambda: "True"
                self._claim(service, call)
                if life.job is not None:
                    service.refuse(call, "it deletes a trainer that it attached to")
                if not self._is_always(service, statement, at_end=True):
                    service.refuse(call, "it is deleted only sometimes")
            elif (
                method.attr in ("delete", "scale_to_zero")
                and self._is_deployment_manager(method.value)
                and service.serves_as(call.args[0])
            ):
                action = f'"{method.attr}"'
                if service.cleans_deployment is not None or not self._is_always(
                    service, statement, at_end=True
                ):
                    service.refuse(call, "its deployment is deleted only sometimes, or twice")
                service.cleans_deployment = lambda action=action: action
                service.doomed.append(statement)
                ends.append(statement)
        if len(life.deletes) > 1 or (service.cleans_deployment and not life.deletes):
            service.refuse(service.anchor, "its end is not in one place")
        for statement in ends:
            for call in life.deletes:
                block, other = self.port.block(statement), self.port.model.statement(call)
                if other not in block or abs(block.index(statement) - block.index(other)) != 1:
                    service.refuse(call, "its end is not in one place")
        for call in life.deletes:
            self._check_end(life, call)

    def _is_always(self, service: Service, statement: ast.AST, *, at_end: bool = False) -> bool:
        """Whether a statement is surely reached where nothing fails: in the trainer's block, a ``with`` or ``try``.

        ``at_end``: whether it is reached where something fails, too, if there is a ``try``.
        """
        if self.port.function_of(statement) is not self.port.function_of(service.anchor):
            return False
        current: ast.AST = statement
        while current not in service.block:
            parent = self.port.model.parents.get(current)
            if isinstance(parent, ast.Try):
                if current not in parent.finalbody and (at_end or current not in parent.body):
                    return False
            elif not isinstance(parent, ast.With):
                return False
            current = parent
        return True

    def _check_end(self, life: _Lifecycle, call: ast.Call) -> None:
        """Nothing may use the trainer, or its deployment, behind the place where it is closed."""
        service = life.service
        names = {*life.endpoints, service.name}
        for name in self.port.model.names:
            later = name.lineno > call.lineno and isinstance(name.ctx, ast.Load)
            inside = any(name in set(ast.walk(s)) for s in service.doomed)
            if later and name.id in names and not inside:
                service.refuse(name, "the trainer is used behind its deletion")

    def _is_job(self, life: _Lifecycle, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Attribute)
            and node.attr == "job_id"
            and isinstance(node.value, ast.Name)
            and node.value in life.service.tracked
            and node.value.id in life.endpoints
        )

    def _plan_reads(self, life: _Lifecycle) -> None:
        """``endpoint.job_id`` behind the making of the training client."""
        service = life.service
        made = next((c for c, r in service.clients.items() if r == "policy"), None)
        for load in service.tracked:
            node = self.port.model.parents[load]
            if load in service.claimed or load.id not in life.endpoints or made is None:
                continue
            started = self._stands_behind(load, self.port.model.statement(made))
            if started and isinstance(node, ast.Attribute) and node.attr == "job_id":
                self.renames[node] = (service, f"{service.name}.trainer_job_id")
                service.claimed.add(load)

    def _stands_behind(self, node: ast.AST, statement: ast.stmt) -> bool:
        """Whether a node is reached only through a statement: it stands later in that statement's block."""
        block = self.port.block(statement)
        later = block[block.index(statement) + 1 :]
        outer = self.port.model.parents[statement]
        if isinstance(outer, ast.Try) and outer.body[0] is statement:
            later += outer.finalbody  # where the first step fails, there is no id to speak of
        return any(part in later for part in (node, *self.port.model.ancestors(node)))

    # --- writing -------------------------------------------------------------------------------------

    def settle(self) -> None:
        for life in self.lifecycles:
            service = life.service
            if not service.is_go or not self._fits(life):
                service.reasons.append((service.anchor, "it has settings that the service client lacks"))
                continue
            self.port.done["FWD120"] += 1
            self._tell_leak(life)
            self.port.replaced[service.anchor] = lambda life=life: self._statement(life)  # type: ignore[misc]
            for statement in service.doomed:
                self.port.remove_statement(statement)
            for call in life.deletes:
                self.port.replaced[self.port.model.statement(call)] = lambda s=service: f"{s.name}.close()"  # type: ignore[misc]
            for part in (service.call, *life.deletes):
                self.port.remove(part)
            self.port.reused.add(life.client.func)  # its class is written again, with another method

    def _tell_leak(self, life: _Lifecycle) -> None:
        """The old script let its trainer go where the deployment failed; the service client does not."""
        if life.deployment and life.deletes:
            self.port.note("FWD105", life.service.anchor, marker=False, detail=LEAK)

    def _fits(self, life: _Lifecycle) -> bool:
        return is_given(life.service.given.get("base_model")) or life.job is not None

    def _statement(self, life: _Lifecycle) -> str:
        """``service = FiretitanServiceClient.from_firetitan_config(...)``."""
        service = life.service
        arguments = [f"{k}={v}" for k, v in self._arguments(life)]
        callee = f"{self.port.reuse(life.client.func)}.from_firetitan_config"
        self.port.orphans.append((service.anchor, comments_in(self.port.original(service.anchor))))
        for name, value in life.lost:
            setting = shown_setting(f"{name}={self.port.original(value)}")
            advice = provisioning().advice.get(name, "the service client has no such setting")
            self.port.note("FWD106", service.anchor, setting=setting, advice=advice)
        return f"{service.name} = {laid_out(self.port, callee, arguments, service.anchor)}"

    def _arguments(self, life: _Lifecycle) -> list[tuple[str, str]]:
        port, service = self.port, life.service
        found = self._connection(life)
        if life.job is not None:
            base = next((c for c in service.clients), None)
            model = self._base_model(base)
            found += [("base_model", model)] if model else []
            found.append(("trainer_job_id", port.reuse(life.job)))
        for name, value in service.given.items():
            if name == "training_shape_ref":
                if life.shape is not None:
                    found.append(("training_shape_id", port.reuse(life.shape)))
            elif self._takes(name):
                found.append((name, port.reuse(value)))
            elif is_given(value):
                life.lost.append((name, value))
        if life.timeout is not None and life.config is not None and service.is_portable(life.timeout):
            found.append(("trainer_timeout_s", port.reuse(life.timeout)))
        found += self._deployment_arguments(life)
        if life.deployment_timeout is not None:
            found.append(("deployment_timeout_s", port.reuse(life.deployment_timeout)))
        if service.hotload_timeout is not None:
            found.append(("hotload_timeout_s", port.reuse(service.hotload_timeout)))
        if service.cleans_trainer is not None and life.job is None:
            found.append(("cleanup_trainer_on_close", service.cleans_trainer()))
        if service.cleans_deployment is not None:
            found.append(("cleanup_deployment_on_close", service.cleans_deployment()))
        return found

    def _base_model(self, created: ast.expr | None) -> str | None:
        """The model for which the training client is made."""
        if not isinstance(created, ast.Call):
            return None
        value = created.args[0] if created.args else None
        value = value or next((k.value for k in created.keywords if k.arg == "base_model"), None)
        return self.port.text(value) if value is not None else None

    def _takes(self, name: str) -> bool:
        for surface in self.port.surfaces.all_targets():
            if (cls := surface.class_at(_SETTINGS)) is not None:
                return cls.field_named(name) is not None
        return False

    def _is_of_trainers(self, name: str) -> bool:
        """Whether a trainer has a setting of that name."""
        for surface in self.port.surfaces.all_targets():
            if (cls := surface.class_at(_TRAINER)) is not None:
                return cls.field_named(name) is not None
        return True

    def _connection(self, life: _Lifecycle) -> list[tuple[str, str]]:
        made = list(managers_of(self.port, life.manager))
        settings = settings_of_manager(made[0]) if len(made) == 1 else {}
        key = next((k.value for k in life.client.keywords if k.arg == "api_key"), None) or settings.get(
            "api_key"
        )
        found = []
        for name, value in (("api_key", key), ("base_url", settings.get("base_url"))):
            if value is not None and life.service.is_portable(value):
                found.append((name, self.port.reuse(value)))
        serving = [m for d in (life.service.deployment,) if d for m in managers_of(self.port, d.manager)]
        for made_by in (settings, *(settings_of_manager(m) for m in serving)):
            for name in ("inference_url", "hotload_api_url"):
                value = made_by.get(name)
                if value is not None and not is_none(value) and name not in dict(found):
                    found.append((name, self.port.reuse(value)))
        headers = settings.get("additional_headers")
        if headers is not None and not is_none(headers):
            found.append(("additional_headers", self.port.reuse(headers)))
        return found

    def _deployment_arguments(self, life: _Lifecycle) -> list[tuple[str, str]]:
        if not life.deployment:
            return [("create_deployment", "False")]
        port, found = self.port, []
        given = dict(life.deployment)
        shape = given.pop("deployment_shape", None)
        if isinstance(shape, ast.Attribute) and profiled_shape(self.port, shape.value) is not None:
            shape = None  # the service takes it from the training shape, too
        if shape is not None and is_given(shape):
            found.append(("deployment_shape", port.reuse(shape)))
        least, most = given.pop("min_replica_count", None), given.pop("max_replica_count", None)
        replicas = most if most is not None else least
        if replicas is not None and not is_constant(replicas, 0):
            found.append(("replica_count", port.reuse(replicas)))
        if least is not None and most is not None and ast.unparse(least) != ast.unparse(most):
            life.lost.append(("min_replica_count", least))
        for name, value in given.items():
            own = life.service.given.get(name)
            if name == "base_model" or (own is not None and ast.unparse(own) == ast.unparse(value)):
                continue
            # Its own setting first: where trainers have one of that name, it is the trainer's.
            own_name = f"deployment_{name}"
            new = own_name if self._takes(own_name) else name
            if self._takes(new) and (new == own_name or not self._is_of_trainers(name)):
                found.insert(0 if name == "deployment_id" else len(found), (new, port.reuse(value)))
            elif is_given(value):
                life.lost.append((name, value))
        return found

    def name(self, node: ast.Name | ast.Attribute) -> str | None:
        service, text = self.renames.get(node, (None, None))
        return text if service is not None and service.is_go else None

    def call(self, node: ast.Call) -> str | None:
        service, text = self.renames.get(node, (None, None))
        return text if service is not None and service.is_go else None
