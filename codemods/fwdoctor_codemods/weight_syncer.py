"""``WeightSyncer(...)`` on a service's trainer: save with the policy client, hotload with the service client."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from fwdoctor.moves import provisioning
from fwdoctor_codemods.core import steady
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.model import Scope
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import Port, shown_setting
from fwdoctor_codemods.core.service import Service, arguments_of, free_name, old_default, real_bindings
from fwdoctor_codemods.core.source import argument_value, call_arguments

EXAMPLES = (
    Example(
        name="save, then hotload",
        target="july",
        before="""
            from fireworks.training.sdk import WeightSyncer
            from training.utils import DeployConfig, InfraConfig
            from training.utils.infra import setup_infra

            def train(mgr, deploy_mgr, deploy: DeployConfig, infra_cfg: InfraConfig):
                infra = setup_infra(
                    rlor_mgr=mgr, deploy_mgr=deploy_mgr, base_model="m", infra_cfg=infra_cfg, deploy_cfg=deploy,
                    needs_inference=True, role_prefix="", api_key=KEY,
                )
                policy = infra.policy
                syncer = WeightSyncer(
                    policy_client=policy.inner, deploy_mgr=deploy_mgr, deployment_id=infra.deployment_id,
                    base_model="m", hotload_timeout=900,
                )
                syncer.save_and_hotload("step-0", checkpoint_type="base")

                def push(step):
                    name = syncer.save_and_hotload(f"step-{step}")
                    print(name)

                return push
            """,
        after="""
            import os
            from training.utils import DeployConfig, TrainerConfig, read_api_extra_headers_env, build_service_client, ReconnectableClient

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
                    hotload_timeout_s=900,
                )
                training_client = service.create_training_client("m", lora_rank=0)
                policy = ReconnectableClient.from_training_client(
                    training_client,
                    base_model="m",
                    lora_rank=0,
                    job_id=service.trainer_job_id,
                    service=service,
                )
                service.hotload_sampler_snapshot(policy.save_weights_for_sampler("step-0", checkpoint_type="base").path)

                def push(step):
                    name = policy.save_weights_for_sampler(f"step-{step}").path
                    service.hotload_sampler_snapshot(name)
                    print(name)

                return push
            """,
    ),
    Example(
        name="a syncer of a client that somebody else made",
        target="july",
        before="""
            from fireworks.training.sdk import WeightSyncer

            def sync(client, deploy_mgr):
                WeightSyncer(policy_client=client, deploy_mgr=deploy_mgr, deployment_id="d").save_and_hotload("x")
            """,
        after=None,
    ),
)

#: Arguments that the service settles by itself.
_SETTLED = frozenset(
    {"policy_client", "deploy_mgr", "deployment_id", "base_model", "lora_rank", "hotload_timeout"}
    | {"warmup_after_hotload", "warmup_max_retries"}
)


def _outwards(scope: Scope) -> Iterator[Scope]:
    current: Scope | None = scope
    while current is not None:
        yield current
        current = current.parent


class Codemod(Base):
    """Weight syncers whose policy client is a service's, and the calls of their methods."""

    after = ("setup_infra", "create_trainer_job", "sdk_lifecycle", "reconnectable_client")

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.calls: dict[ast.Call, tuple[Service, str, str]] = {}
        self.made: list[tuple[Service, dict[str, ast.expr]]] = []
        self.returns: list[tuple[Service, ast.Return, ast.Call]] = []
        self.follow_ups: list[tuple[Service, ast.Assign, ast.Name]] = []

    def plan(self) -> None:
        for call in self.port.model.calls if self.port.services else ():
            if not self.port.means(call.func, provisioning().syncer):
                continue
            given = arguments_of(self.port, call, provisioning().syncer) or {}
            for service in self.port.services:
                if service.client_role(given.get("policy_client")) == "policy":
                    self._plan_syncer(service, call, given)

    def _plan_syncer(self, service: Service, call: ast.Call, given: dict[str, ast.expr]) -> None:
        statement = self.port.model.parents[call]
        if not self.port.allows("FWD121"):
            service.refuse(call, "its WeightSyncer is to stay")
            return
        client = given["policy_client"]
        while isinstance(client, ast.Attribute) and client.attr == "inner":
            client = client.value
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            service.refuse(call, "its WeightSyncer is not assigned to a variable")
            return
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or not service.sees(call) or service.deployment is None:
            service.refuse(call, "its WeightSyncer has no deployment that the service makes")
            return
        if not service.serves_as(given.get("deployment_id")) or service.deployment.when is not None:
            service.refuse(call, "its WeightSyncer is for another deployment, or for none")
            return
        if any(not steady.is_pure(self.port, v) for v in given.values()):
            service.refuse(call, "arguments of its WeightSyncer are computed in the call")
            return
        if any(s is service for s, _ in self.made):
            service.refuse(call, "it makes two WeightSyncers")
            return
        timeout = given.get("hotload_timeout")
        if timeout is not None and not service.is_portable(timeout):
            service.refuse(timeout, "hotload_timeout= is known only after the trainer")
            return
        service.hotload_timeout = timeout
        service.carried.add(call.func)
        service.doomed.append(statement)
        for value in given.values():
            service.claimed.update(n for n in ast.walk(value) if n in service.tracked)
        self.made.append((service, given))
        policy = self._policy(service, client)
        if policy is not None and not service.is_fixed(client):
            service.refuse(call, f"{policy} is not always its client")
            return
        service.track(target)
        for load in [n for n in service.tracked if n.id == target.id]:
            self._plan_use(service, load, policy)

    def _policy(self, service: Service, client: ast.expr) -> str | None:
        """The variable that holds the policy client; None where it is read from the bundle."""
        return client.id if isinstance(client, ast.Name) else None

    def _plan_use(self, service: Service, load: ast.Name, policy: str | None) -> None:
        method = self.port.model.parents[load]
        call = self.port.model.parents.get(method)
        if not isinstance(method, ast.Attribute) or not isinstance(call, ast.Call) or call.func is not method:
            return
        name = policy or ""
        if policy is not None and not self._is_seen(load, policy, call):
            service.refuse(load, f"{policy} means something else there")
            return
        if method.attr == "save_and_hotload" and self._is_simple(call):
            outer = self.port.model.parents[call]
            if isinstance(outer, ast.Expr | ast.Lambda):
                self.calls[call] = (service, "both", name)
            elif isinstance(outer, ast.Return) and self.port.has_own_lines(outer):
                self.calls[call] = (service, "save", name)
                self.returns.append((service, outer, call))
            elif isinstance(outer, ast.Assign) and len(outer.targets) == 1 and self.port.has_own_lines(outer):
                if not isinstance(outer.targets[0], ast.Name):
                    return
                self.calls[call] = (service, "save", name)
                self.follow_ups.append((service, outer, outer.targets[0]))
            else:
                return
        elif method.attr == "save_only" and self._is_simple(call):
            self.calls[call] = (service, "save", name)
        elif (
            method.attr == "hotload"
            and len(call.args) == 1
            and not call.keywords
            and isinstance(self.port.model.parents[call], ast.Expr)
        ):
            self.calls[call] = (service, "hotload", name)
        elif method.attr == "get_deployment_sampler" and len(call_arguments(call)) <= 1:
            self.calls[call] = (service, "sampler", name)
        else:
            return
        service.claimed.add(load)

    def _is_seen(self, load: ast.Name, policy: str, call: ast.Call) -> bool:
        """Whether the client's variable means the client where the syncer is used."""
        here = self.port.model.scope_of(load)
        made, found = here.lookup(load.id), here.lookup(policy)
        lambdas = [p for p in self.port.model.ancestors(call) if isinstance(p, ast.Lambda)]
        shadowed = any(a.arg == policy for p in lambdas for a in ast.walk(p.args) if isinstance(a, ast.arg))
        if made is None or found is None or shadowed:
            return False
        if made[0] is found[0]:
            return True
        # The one of an outer function, or of the module, seen from inside.
        return any(s is found[0] for s in _outwards(made[0])) and len(real_bindings(found[1])) == 1

    @staticmethod
    def _is_simple(call: ast.Call) -> bool:
        plain = not any(isinstance(a, ast.Starred) for a in call.args) and all(k.arg for k in call.keywords)
        return plain and 1 <= len(call.args) + len(call.keywords) <= 2

    def settle(self) -> None:
        for service, given in self.made:
            if not service.is_go:
                continue
            self.port.done["FWD121"] += 1
            for name, value in given.items():
                default = old_default(self.port, provisioning().syncer, name)
                if name not in _SETTLED and ast.unparse(value) != default:
                    advice = self.port.moves.advice.get(name) or provisioning().advice.get(
                        name, "the service client has no such setting"
                    )
                    setting = shown_setting(f"{name}={self.port.original(value)}")
                    self.port.note("FWD106", service.place, setting=setting, advice=advice)

        for node, (service, _, _) in self.calls.items():
            if service.is_go and isinstance(self.port.model.parents[node], ast.Lambda):
                detail = "this lambda gave the snapshot's name, and gives None now"
                self.port.note("FWD121", node, detail=detail)
        for service, statement, node in self.returns:
            if service.is_go:
                self.port.replaced[statement] = functools.partial(self._returned, service, statement, node)

    def _returned(self, service: Service, statement: ast.Return, node: ast.Call) -> str:
        name = free_name(self.port, "snapshot", "snapshot_name")
        lines = [
            f"{name} = {self.port.text(node)}",
            f"{service.name}.hotload_sampler_snapshot({name})",
            f"return {name}",
        ]
        return self.port.indented(statement, lines).lstrip(" \t")

    def call(self, node: ast.Call) -> str | None:
        if node not in self.calls or not (service := self.calls[node][0]).is_go:
            return None
        _, kind, policy = self.calls[node]
        policy = policy or service.client_names["policy"]
        arguments = ", ".join(
            f"{a.arg}={self.port.text(a.value)}" if isinstance(a, ast.keyword) else self.port.text(a)
            for a in call_arguments(node)
        )
        if kind == "hotload":
            return f"{service.name}.hotload_sampler_snapshot({self.port.text(node.args[0])})"
        if kind == "sampler":
            values = [argument_value(a) for a in call_arguments(node)]
            argument = "".join(f"tokenizer={self.port.text(v)}" for v in values)
            return f"{service.name}.create_deployment_sampler({argument})"
        method, field = service.saving or self._saving()
        saved = f"{policy}.{method}({arguments}).{field}"
        return f"{service.name}.hotload_sampler_snapshot({saved})" if kind == "both" else saved

    def _saving(self) -> tuple[str, str]:
        """How the target's client saves for a sampler, and what of the answer names the snapshot."""
        signature = self.port.target_signature(f"{provisioning().client}.save_weights_for_sampler")
        return (
            ("save_weights_for_sampler", "path")
            if signature
            else ("save_weights_for_sampler_ext", "snapshot_name")
        )

    def finish(self) -> None:
        for service, statement, target in self.follow_ups:
            if service.is_go:
                line = f"{service.name}.hotload_sampler_snapshot({target.id})"
                self.port.insert_after(statement, [line])
