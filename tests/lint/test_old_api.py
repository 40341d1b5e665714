"""What lint says about the old API where the moves name a rule that only ports have."""

from __future__ import annotations

import pytest

from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import resolve
from fwdoctor.lint import api, engine


@pytest.mark.parametrize("argument", ["on_resources_ready", "cancel_on_exit", "rlor_mgr"])
def test_arguments_that_main_lost(argument: str) -> None:
    text = f"from training.recipes.rl_loop import Config, main\n\nmain(Config(), {argument}=print)\n"
    found = [f.finding for f in engine.find(open_port("example.py", text, Context(resolve("june"))))]
    about = [f for f in found if f.location and f.location.line == 3]
    assert about
    assert {f.rule for f in about} <= set(api.RULES)
    assert any(f"{argument}=" in f.message for f in about)


SDK = "from fireworks.training.sdk import {name}\n\n{code}\n"


@pytest.mark.parametrize(
    ("text", "product"),
    [
        (
            SDK.format(name="TrainerJobConfig", code="TrainerJobConfig(hot_load_deployment_id='d')"),
            "fireworks-ai ",
        ),
        (
            SDK.format(
                name="DeploymentSampler",
                code="def f(i, n):\n    return DeploymentSampler(i, max_concurrency=n)",
            ),
            "fireworks-ai ",
        ),
        (
            SDK.format(
                name="TrainerJobManager",
                code="def f(m: TrainerJobManager):\n    m.promote_checkpoint(name='n', hot_load_deployment_id='d')",
            ),
            "fireworks-ai ",
        ),
        (
            "from training.utils import DeployConfig\n\nDeployConfig(deployment_accelerator_type='H100')\n",
            "cookbook ",
        ),
    ],
)
def test_what_the_sdk_deprecates_is_not_said_of_the_cookbook(text: str, product: str) -> None:
    found = [f.finding for f in engine.find(open_port("example.py", text, Context(resolve("latest"))))]
    told = [f.message for f in found if f.rule == "FWD118"]
    assert len(told) == 1
    assert f" of {product}" in told[0]


@pytest.mark.parametrize(
    ("text", "target", "told"),
    [
        (
            "from fireworks.training.sdk import CONSOLE_URL\n",
            "latest",
            ", or stay with fireworks-ai 1.0.0a40, the last that has it.",
        ),
        (
            "from training.utils import validate_warmup_steps\n",
            "latest",
            ", or see whether it is spelt right: no version that is known ever had it.",
        ),
        (
            "import training.utils.rl.async_rl\n",
            "june",
            ", or move on to cookbook 4bc5532d (2026-07-20), the first that has it.",
        ),
    ],
)
def test_a_removed_name_comes_with_the_version_that_has_it(text: str, target: str, told: str) -> None:
    port = open_port("example.py", text, Context(resolve(target)))
    found = [f.finding for f in engine.find(port) if f.finding.rule == "FWD107"]
    assert [f.remedy[-1].text for f in found] == [f"Port this part by hand{told}"]


def test_another_rule_does_not_carry_what_a_removed_name_needs() -> None:
    port = open_port(
        "example.py", "from training.utils import InfraConfig, setup_infra\n", Context(resolve("latest"))
    )
    found = [f.finding for f in engine.find(port)]
    assert found
    assert not any("otherwise" in f.variables for f in found if f.rule != "FWD107")
