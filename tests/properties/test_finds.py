"""What the properties found once, each by itself: it is tried first, and says at once what is wrong."""

from __future__ import annotations

import ast

import pytest

from fwdoctor import reporters
from fwdoctor.cli._options import FORMATS
from fwdoctor.controlplane.diagnoses import account, checkpoints, deployments
from fwdoctor.controlplane.resources import Checkpoint, Deployment, Job
from fwdoctor.finding import (
    CheckOutcome,
    CheckStatus,
    FileOutcome,
    FileStatus,
    Finding,
    Link,
    Location,
    Problem,
    Remedy,
    Report,
    Severity,
    Side,
    Standing,
    Verdict,
    Witness,
)
from fwdoctor.fit.session import Context
from fwdoctor.fit.target import resolve
from fwdoctor.migrate import transform
from fwdoctor.redact import redact
from tests.properties.test_controlplane import HEALTHY, NOW

_LAUNCH = 'def run():\n    from training.recipes.rl_loop import Config, main\n    main(Config(log_path="l"), cancel_on_exit=False)\n'
_MANAGER = "from training.recipes import sft_loop\n\ndef run(cfg, mgr):\n    return sft_loop.main(cfg\n"
#: A program, and what of its port must be there, in this order.
PORTS = {
    "an import goes below the interpreter": (f"#!/usr/bin/env python\n{_LAUNCH}", ["#!/usr", "from fireworks"]),
    "an import goes below the encoding": (f"# coding: utf-8\n# x\n{_LAUNCH}", ["# coding", "from fireworks", "# x\ndef"]),
    "an import goes below the licence": (f"# Copyright\n# by me\n\n{_LAUNCH}", ["# by me\nfrom fireworks"]),
    "a comment of the code stays above it": (f"# about run\n{_LAUNCH}", ["from fireworks", "# about run\ndef run"]),
    "a comment before a comma": (f"{_MANAGER}        # mine\n        , rlor_mgr=None)\n", ["# mine\n    return", "main(cfg"]),
    "a name alone on its line, its comma on the next": (
        (
        "from training.utils import (\n    WandBConfig,\n    InfraConfig,\n    WeightSyncConfig\n    # why\n    ,\n)\n"
        "from training.recipes.sft_loop import Config\n\n"
        'Config(log_path="l", wandb=WandBConfig(), infra=InfraConfig(), weight_sync=WeightSyncConfig(dcp_save_interval=1))\n'
        ),
        ["WandBConfig", "TrainerConfig", "# why", "dcp_save_interval=1"],
    ),
    "settings of a trainer that stays beside one that cannot": (
        (
        "from training.utils import InfraConfig, create_trainer_job\n\n"
        'def run(args):\n    endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig())\n'
        "    connect(endpoint.base_url)\n\n"
        "def provision(args, mgr):\n    infra = InfraConfig(training_shape_id=args.shape)\n"
        "    policy = create_trainer_job(mgr, base_model=args.model, infra=infra)\n    reference = None\n"
        "    if args.kl > 0:\n        reference = create_trainer_job(mgr, base_model=args.model, "
        "infra=InfraConfig(training_shape_id=args.ref), forward_only=True)\n    print(policy.job_id)\n"
        ),
        ["import InfraConfig, create_trainer_job", "TODO(fwdoctor): FWD120", "infra=InfraConfig())"],
    ),
    "a name that a function imports is not there for the module": (
        (
        "def run():\n    from training.utils import InfraConfig\n    return InfraConfig()\n\n"
        "from training.utils import WandBConfig\nfrom training.recipes.orpo_loop import Config\n\n"
        'cfg = Config(log_path="l", job_id=job, wandb=WandBConfig())\n'
        ),
        ["    from training.utils import TrainerConfig\n", "import WandBConfig, TrainerConfig\n", "trainer=TrainerConfig("],
    ),
    "a name on three lines goes, and the one behind it": (
        (
        "from fireworks.training.sdk import (\n    FireworksClient as Client,\n    TrainerJobManager as\n"
        "        # own\n        Manager,\n    DeploymentManager as Other,\n)\n"
        "from training.recipes import sft_loop\n\n"
        "def run(cfg):\n    mgr = Manager(api_key=KEY)\n    other = Other(api_key=KEY)\n"
        "    sft_loop.main(cfg, rlor_mgr=mgr, deploy_mgr=other)\n    return Client\n"
        ),
        ["    FireworksClient as Client,\n", "# own", ")\n", "sft_loop.main(cfg)"],
    ),
    "an import without parentheses goes on without them": (
        (
        "from training.utils \\\n   import WandBConfig\nfrom training.recipes.sft_loop import Config\n\n"
        'cfg = Config(log_path="l", job_id=job, wandb=WandBConfig())\n'
        ),
        ["import WandBConfig, TrainerConfig\n", "trainer=TrainerConfig(job_id=job)"],
    ),
    "a name that is imported later is not there yet": (
        (
        "from training.recipes.rl_loop import Config, main\n\n"
        'main(Config(log_path="l"), cancel_on_exit=False)\n'
        "from fireworks.training.sdk import GradAccNormalization\n"
        "print(GradAccNormalization)\n"
        ),
        ["from fireworks.training.sdk import GradAccNormalization", "main(Config"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize(("text", "parts"), PORTS.values(), ids=PORTS)
def test_ports(text: str, parts: list[str], newline: str) -> None:
    context = Context(resolve("latest"), preserve_defaults=True)
    ported = transform.port("x.py", text.replace("\n", newline), context, newline=newline)
    ast.parse(ported.text)
    at = 0
    for part in parts:
        at = ported.text.replace(newline, "\n").find(part, at)
        assert at >= 0, (part, ported.text)


def without(row: dict[str, object], *names: str) -> dict[str, object]:
    return {k: v for k, v in row.items() if k not in names}


def test_rows_without_an_id_are_those_that_were_asked_for() -> None:
    job, deployment = Job.of(without(HEALTHY["job"], "name")), Deployment.of(HEALTHY["deployment"])
    assert deployments.stale_attachment(deployment, job, None) is None
    keyed = Job.of({**HEALTHY["job"], "hotLoadDeploymentId": "serving"})
    nameless = Deployment.of(without(HEALTHY["deployment"], "name", "hotLoadTrainerJob"))
    assert not list(deployments.diagnose(nameless, "acme", NOW, job=keyed))
    follower = Deployment.of(without(HEALTHY["deployment"], "name"))
    assert not list(deployments.only_reader(keyed, [follower]))
    assert not list(account.diagnose_account({"suspendState": "UNSUSPENDED"}, told="acme"))


def test_checkpoints_without_a_time_have_no_order() -> None:
    rows = [dict(row) for row in HEALTHY["checkpoints"]]
    del rows[2]["createTime"]
    found = checkpoints.diagnose(Job.of(HEALTHY["job"]), [Checkpoint.of(row) for row in rows], NOW)
    assert [f.rule for f in found] == []


KEY = "fw_8qJ0lNbaKb6WkmCMaEm3ypiv"
_TOLD = Finding(
    "FWD106", "setting-without-counterpart", Severity.WARNING, Side.USER, f"api_key='{KEY}' has no counterpart",
    location=Location("x.py", 1), resource=KEY, evidence=KEY, variables={"setting": KEY}, cause=KEY,
    remedy=(Remedy(KEY, (f"run {KEY}",)),), matched_by="text", chain=(Link(Witness.LOG, KEY),),
    consequences=(Link(Witness.CODE, KEY),), verdict=Verdict(Standing.CONFIRMED, KEY),
)  # fmt: skip
_REPORT = Report(
    "check",
    findings=(_TOLD,),
    checks=(CheckOutcome("sdk", CheckStatus.FINDING, KEY, (_TOLD,)),),
    files=(
        FileOutcome(
            "x.py",
            FileStatus.PARTIAL,
            todo=(_TOLD,),
            reason=KEY,
            diff=f"-{KEY}\n",
            ignored=(_TOLD,),
            guarded=(_TOLD,),
        ),
    ),
    problems=(Problem(KEY, "y.py"),),
    notes=(KEY,),
    preface=(KEY,),
    would_change=True,
)


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("verbose", [True, False])
def test_no_format_shows_a_key_that_a_message_quotes(output_format: str, verbose: bool) -> None:
    text = reporters.render(_REPORT, output_format, verbose=verbose)
    assert KEY[3:] not in text
    assert "[hidden]" in text


def test_what_is_hidden_once_is_hidden() -> None:
    hidden = redact("&KEY=&token")
    assert hidden == "&KEY=[hidden]"
    assert redact(hidden) == hidden


def test_a_brief_for_plain_outputs_is_plain() -> None:
    report = Report("check", files=(FileOutcome("x.py", FileStatus.PORTED, moves={"caf\u00e9": 1}),))
    assert reporters.render(report, "agent", unicode=False).isascii()
    checks = (CheckOutcome("caf\u00e9", CheckStatus.ERROR, "d"),)
    found = Finding("FWS\u00e9", "n", Severity.ERROR, Side.USER, "m")
    assert reporters.render(
        Report("check", findings=(found,), checks=checks), "agent", unicode=False
    ).isascii()
