"""Code whose port would run and do something else: it stays as it was, and is told."""

import textwrap

import pytest

from fwdoctor.fit import target
from fwdoctor.fit.session import Context
from fwdoctor.migrate import transform

HEAD = """
from contextlib import ExitStack
from fireworks.training.sdk import DeploymentManager, DeploymentSampler, TrainerJobManager, WeightSyncer
from training.utils import (
    DeployConfig, InfraConfig, ReconnectableClient, ResourceCleanup, create_trainer_job, setup_deployment
)
from training.utils.infra import setup_infra
from training.utils.checkpoints import TrainingCheckpoints
mgr = TrainerJobManager(api_key=KEY, base_url=URL)
dm = DeploymentManager(api_key=KEY, base_url=URL)
"""
SDK = """
from fireworks.training.sdk import (
    DeploymentConfig, DeploymentManager, FiretitanServiceClient, TrainerJobConfig, TrainerJobManager, WeightSyncer
)
mgr = TrainerJobManager(api_key=KEY, base_url=URL)
dm = DeploymentManager(api_key=KEY, base_url=URL)
"""
BUNDLE = (
    'setup_infra(rlor_mgr=mgr, deploy_mgr=dm, base_model="m", infra_cfg=InfraConfig(), deploy_cfg=d, '
    'needs_inference=True, role_prefix="", api_key=KEY)'
)
TRAINER = 'create_trainer_job(mgr, base_model="m", infra=InfraConfig())'
CLIENT = 'FiretitanServiceClient(base_url=ep.base_url, api_key=KEY).create_training_client("m")'
DEPLOYED = (
    'dm.create_or_get(DeploymentConfig(deployment_id="d", base_model="m", hot_load_trainer_job=ep.job_name))'
)

# name: (target, source)
LEFT = {
    "one trainer inside the function of another": (
        "july",
        HEAD
        + """
def outer():
    a = create_trainer_job(mgr, base_model="teacher", infra=InfraConfig())
    def student():
        b = create_trainer_job(mgr, base_model="student", infra=InfraConfig())
        return a.job_id, b.job_id
    return student
""",
    ),
    "two lifecycles in one function": (
        "august",
        SDK
        + """
ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
ep2 = mgr.create_and_wait(TrainerJobConfig(base_model="n"))
a = FiretitanServiceClient(base_url=ep.base_url, api_key=KEY).create_training_client("m")
b = FiretitanServiceClient(base_url=ep2.base_url, api_key=KEY).create_training_client("n")
mgr.delete(ep.job_id)
mgr.delete(ep2.job_id)
""",
    ),
    "a deployment that is kept sometimes": (
        "august",
        SDK
        + f"""
def train(args):
    ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
    {DEPLOYED}
    client = {CLIENT}
    run(client)
    if not args.keep:
        dm.scale_to_zero("d")
    mgr.delete(ep.job_id)
""",
    ),
    "a deployment that is made sometimes": (
        "august",
        SDK
        + f"""
def train(args):
    ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
    if args.serve:
        {DEPLOYED}
    client = {CLIENT}
    run(client)
    mgr.delete(ep.job_id)
""",
    ),
    "a deployment that is used behind the trainer": (
        "august",
        SDK
        + f"""
ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
{DEPLOYED}
client = {CLIENT}
mgr.delete(ep.job_id)
evaluate("d")
dm.delete("d")
""",
    ),
    "a deployment that follows another trainer": (
        "august",
        SDK
        + f"""
ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
dm.create_or_get(DeploymentConfig(deployment_id="d", base_model="m", hot_load_trainer_job=other.job_name))
client = {CLIENT}
mgr.delete(ep.job_id)
""",
    ),
    "a deployment of another model": (
        "august",
        SDK
        + f"""
ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
dm.create_or_get(DeploymentConfig(deployment_id="d", base_model="judge", hot_load_trainer_job=ep.job_name))
client = {CLIENT}
mgr.delete(ep.job_id)
""",
    ),
    "a deployment in another account": (
        "august",
        SDK
        + f"""
dm = DeploymentManager(OTHER, URL2)
ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
{DEPLOYED}
client = {CLIENT}
mgr.delete(ep.job_id)
""",
    ),
    "a trainer that was attached to and is deleted": (
        "august",
        SDK
        + f"""
ep = mgr.resume_and_wait("job")
client = {CLIENT}
run(client)
mgr.delete(ep.job_id)
""",
    ),
    "a key that is made in the call": (
        "august",
        """
from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager
mgr = TrainerJobManager(api_key=vault.read("fw"))
ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
client = FiretitanServiceClient(base_url=ep.base_url, api_key=KEY).create_training_client("m")
""",
    ),
    "an id that is read where there may be no trainer": (
        "august",
        SDK
        + """
def train(args):
    ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
    svc = FiretitanServiceClient(base_url=ep.base_url, api_key=KEY)
    if args.train:
        a = svc.create_training_client("m")
        run(a)
    print(ep.job_id)
""",
    ),
    "weights for another deployment": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig):
    infra = {BUNDLE}
    policy = infra.policy
    shadow = WeightSyncer(policy_client=policy, deploy_mgr=dm, deployment_id="shadow-eval", base_model="m")
    shadow.save_and_hotload("b")
""",
    ),
    "the client's name means something else": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig):
    infra = {BUNDLE}
    policy = infra.policy
    syncer = WeightSyncer(policy_client=policy, deploy_mgr=dm, deployment_id=infra.deployment_id, base_model="m")
    push = lambda policy: syncer.save_and_hotload(policy.name)
    push(x)
""",
    ),
    "the client's variable is emptied": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig):
    infra = {BUNDLE}
    policy = infra.policy
    syncer = WeightSyncer(policy_client=policy, deploy_mgr=dm, deployment_id=infra.deployment_id, base_model="m")
    policy = None
    syncer.save_and_hotload("x")
""",
    ),
    "the deployment that is cleaned up is another": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig):
    with ResourceCleanup(mgr, dm) as cleanup:
        setup_deployment(dm, d, "m", InfraConfig())
        cleanup.deployment("judge-deployment")
        ep = {TRAINER}
        print(ep.job_id)
""",
    ),
    "a reference of another model": (
        "july",
        HEAD
        + """
def train():
    ep = create_trainer_job(mgr, base_model="student", infra=InfraConfig())
    ref = create_trainer_job(mgr, base_model="teacher", infra=InfraConfig(), forward_only=True)
    print(ep.job_id, ref.job_id)
""",
    ),
    "a reference in another account": (
        "july",
        HEAD
        + """
def train(mgr2):
    ep = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
    ref = create_trainer_job(mgr2, base_model="m", infra=InfraConfig(), forward_only=True)
    print(ep.job_id, ref.job_id)
""",
    ),
    "a reference whose settings change": (
        "july",
        HEAD
        + """
def train():
    ep = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
    settings = InfraConfig(training_shape_id="ref")
    settings.region = "eu"
    ref = create_trainer_job(mgr, base_model="m", infra=settings, forward_only=True)
    print(ep.job_id, ref.job_id)
""",
    ),
    "settings of the deployment that change behind the trainer": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig):
    ep = {TRAINER}
    d.deployment_id = "rollout-42"
    setup_deployment(dm, d, "m", InfraConfig())
    print(ep.job_id)
""",
    ),
    "settings of the deployment that are made anew": (
        "july",
        HEAD
        + f"""
def train():
    d = DeployConfig(deployment_id="a")
    setup_deployment(dm, d, "m", InfraConfig())
    d = DeployConfig(deployment_id="b")
    ep = {TRAINER}
    print(ep.job_id, d)
""",
    ),
    "a deployment that is waited for before the trainer": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig):
    setup_deployment(dm, d, "m", InfraConfig())
    dm.wait_for_ready(d.deployment_id)
    ep = {TRAINER}
    print(ep.job_id)
""",
    ),
    "a cleanup scope from outside": (
        "july",
        HEAD
        + """
def provision(cleanup):
    ep = create_trainer_job(mgr, base_model="m", infra=InfraConfig(), cleanup=cleanup)
    return ep.job_id
""",
    ),
    "cleaned up if training failed": (
        "july",
        HEAD
        + f"""
def train(args):
    with ResourceCleanup(mgr, dm) as cleanup:
        ep = {TRAINER}
        run(ep.job_id, args)
        if args.failed:
            cleanup.trainer(ep.job_id)
""",
    ),
    "cleaned up twice, on two conditions": (
        "july",
        HEAD
        + f"""
def train(a):
    with ResourceCleanup(mgr, dm) as cleanup:
        ep = {TRAINER}
        if a.a:
            cleanup.trainer(ep.job_id)
        if a.b:
            cleanup.trainer(ep.job_id)
""",
    ),
    "cleaned up unless the function ends early": (
        "july",
        HEAD
        + f"""
def train(a):
    with ResourceCleanup(mgr, dm) as cleanup:
        ep = {TRAINER}
        if a.dry:
            return None
        cleanup.trainer(ep.job_id)
""",
    ),
    "an attribute of a class": (
        "july",
        HEAD
        + f"""
class T:
    ep = {TRAINER}
    def run(self):
        return self.ep.job_id
""",
    ),
    "an exported name": ("july", HEAD + f'__all__ = ["ep"]\nep = {TRAINER}\n'),
    "a name that a string may use": (
        "july",
        HEAD + f'def f():\n    ep = {TRAINER}\n    return "{{ep.job_id}}".format(**locals())\n',
    ),
    "an address that means something else by then": (
        "august",
        """
from fireworks.training.sdk import FiretitanServiceClient, TrainerJobConfig, TrainerJobManager
def train(args):
    url = args.url
    mgr = TrainerJobManager(api_key=KEY, base_url=url)
    for url in args.docs:
        load(url)
    ep = mgr.create_and_wait(TrainerJobConfig(base_model="m"))
    return FiretitanServiceClient(base_url=ep.base_url, api_key=KEY).create_training_client("m")
""",
    ),
    "a model that changes before the reference is made": (
        "july",
        HEAD
        + """
def train(cfg):
    infra = setup_infra(rlor_mgr=mgr, base_model=cfg.model, infra_cfg=InfraConfig(), needs_reference=True, role_prefix="", api_key=KEY)
    run(infra.policy)
    cfg.model = cfg.out
    return infra.reference
""",
    ),
    "a job that is looked up in the call": (
        "july",
        HEAD
        + """
def train(args):
    with ResourceCleanup(mgr, dm) as cleanup:
        ep = create_trainer_job(mgr, base_model="m", infra=InfraConfig(), job_id=lookup(args), cleanup=cleanup)
        print(ep.job_id)
""",
    ),
    "a sampler behind a proxy": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig):
    infra = {BUNDLE}
    sampler = DeploymentSampler(inference_url="http://proxy:8080", model=infra.inference_model, api_key=KEY)
    run(infra.policy, sampler)
""",
    ),
    "checkpoints of another account": (
        "july",
        HEAD
        + f"""
def train(d: DeployConfig, other):
    infra = {BUNDLE}
    policy = infra.policy
    return TrainingCheckpoints(policy, other, trainer_id=infra.policy_job_id, log_path="l")
""",
    ),
}


def without_markers(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if "# TODO(fwdoctor)" not in line)


@pytest.mark.parametrize(("version", "text"), LEFT.values(), ids=LEFT)
def test_left_as_it_was(version: str, text: str) -> None:
    before = textwrap.dedent(text).lstrip("\n")

    ported = transform.port("script.py", before, Context(target.resolve(version)))

    assert without_markers(ported.text) == before
    if version != "august":  # the managers of the SDK are still there: nothing breaks
        assert any(f.rule == "FWD120" for f in ported.todo)


# name: (target, what is in the file, what must stand in the result)
RIGHT = {
    "a chosen object keeps its parentheses": (
        "july",
        """
from training.utils import InfraConfig
def f(a: InfraConfig, b: InfraConfig):
    if (i := InfraConfig(trainer_timeout_s=3)).trainer_timeout_s > 2:
        pass
""",
        ["(i := TrainerConfig(timeout_s=3)).timeout_s > 2"],
    ),
    "an attached trainer is never deleted": (
        "july",
        HEAD
        + """
def train(a):
    with ResourceCleanup(mgr, dm) as cleanup:
        ep = create_trainer_job(mgr, base_model="m", infra=InfraConfig(), job_id=a.p or a.q, cleanup=cleanup if a.x or a.y else None)
        print(ep.job_id)
""",
        ["cleanup_trainer_on_close=(a.x or a.y) and not (a.p or a.q)"],
    ),
    "no reference where none was asked for": (
        "july",
        HEAD
        + f"def f(d: DeployConfig):\n    infra = {BUNDLE}\n    policy = infra.policy\n    run(policy, infra.reference)\n",
        ["run(policy, None)"],
    ),
    "no id where there is no deployment": (
        "july",
        HEAD
        + """
def train():
    infra = setup_infra(rlor_mgr=mgr, base_model="m", infra_cfg=InfraConfig(), role_prefix="", api_key=KEY)
    run(infra.policy)
    print(infra.deployment_id)
""",
        ["print(None)"],
    ),
    "a deployment of a choice, on a choice": (
        "july",
        HEAD
        + """
def train(a, d: DeployConfig):
    infra = setup_infra(rlor_mgr=mgr, deploy_mgr=dm, base_model="m", infra_cfg=InfraConfig(), deploy_cfg=d if a.k else a.other, needs_inference=a.s or a.t, role_prefix="", api_key=KEY)
    run(infra.policy)
""",
        ["deployment=(d if a.k else a.other) if a.s or a.t else None"],
    ),
    "arguments by place": (
        "july",
        'from training.recipes import rl_loop\ncfg = rl_loop.Config("l", "m", "rollout", "data", kl_beta=0.1)\n',
        ['log_path="l"', 'base_model="m"', 'dataset="data"', "# TODO(fwdoctor): FWD106 rollout_base_model"],
    ),
}


@pytest.mark.parametrize(("version", "text", "expected"), RIGHT.values(), ids=RIGHT)
def test_ported_with_care(version: str, text: str, expected: list[str]) -> None:
    ported = transform.port("script.py", text.lstrip("\n"), Context(target.resolve(version)))

    for part in expected:
        assert part in ported.text
