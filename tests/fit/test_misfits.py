"""Where code does not fit a surface; and where it cannot be told, silence."""

import textwrap

import pytest

from fwdoctor.fit import misfits, target
from fwdoctor.fit.session import Context, open_port


def found(text: str, version: str = "june") -> list[tuple[int, str, bool]]:
    port = open_port("x.py", textwrap.dedent(text).strip() + "\n", Context(target.resolve(version)))
    return [(m.node.lineno, m.rule, m.known) for m in misfits.find(port)]  # type: ignore[attr-defined]


CASES = {
    "a removed name": ("from training.utils import setup_infra", [(1, "FWD107", True)]),
    "a name that never was": ("from training.utils import nothing", [(1, "FWD107", False)]),
    "a removed name through a module": (
        "import training.utils as u\nu.setup_infra\nu.TrainerConfig",
        [(2, "FWD107", True)],
    ),
    "a removed module's attribute, once": (
        "import training.utils\ntraining.utils.infra.setup_infra.x",
        [(2, "FWD107", True)],
    ),
    "an old keyword": (
        "from training.recipes.rl_loop import Config\nConfig(log_path='l', infra=1)",
        [(2, "FWD108", True)],
    ),
    "a keyword that never was": (
        "from training.recipes.rl_loop import Config\nConfig(log_path='l', lerning_rate=1)",
        [(2, "FWD108", False)],
    ),
    "positional arguments that an older version took": (
        "from training.recipes.sft_loop import main\nmain(1, 2, 3)",
        [(2, "FWD108", True)],
    ),
    "more positional arguments than ever": (
        "from training.recipes.sft_loop import main\nmain(1, 2, 3, 4, 5, 6)",
        [(2, "FWD108", False)],
    ),
    "a missing argument": (
        "from training.recipes.rl_loop import Config\nConfig()",
        [(2, "FWD114", True)],
    ),
    "a missing argument may hide in a spread": (
        "from training.recipes.rl_loop import Config\nConfig(**x)\nConfig(*y)",
        [],
    ),
    "a field of a copy": (
        "from dataclasses import replace\nfrom training.utils import TrainerConfig\nreplace(TrainerConfig(), job=1)",
        [(3, "FWD108", False)],
    ),
    "a read of a removed field": (
        "from training.recipes.rl_loop import Config\ndef f(c: Config): return c.policy_job_id, c.log_path",
        [(2, "FWD107", True)],
    ),
    "a removed method": (
        "from training.utils import ReconnectableClient\ndef f(c: 'ReconnectableClient'): c.create_base_reference()",
        [(2, "FWD107", True)],
    ),
    "a dotted string": ("import training.utils\nx = 'training.utils.setup_infra'", [(2, "FWD113", True)]),
    "a name looked up": (
        "from training import utils\ngetattr(utils, 'setup_infra')\nhasattr(utils, 'TrainerConfig')",
        [(2, "FWD113", True)],
    ),
    "a guarded import": (
        "try:\n    from training.utils import setup_infra\nexcept ImportError:\n    pass",
        [(2, "FWD112", True)],
    ),
    "a name that the file itself stores": (
        "import training.recipes.rl_loop as r\nr.my_hook = 1\nprint(r.my_hook)",
        [],
    ),
    "what lies outside the surface": (
        "from training.tests.e2e import x\nfrom training.examples.a import y\nimport fireworks.client\nfireworks.client.z",
        [],
    ),
    "somebody else's": ("from mylab.training.utils import setup_infra\nimport trainings.utils", []),
    "settings of an application beside new code": (
        "from training.recipes import rl_loop\nfrom training.utils import TrainerConfig\ndef f(self, s): return TrainerConfig(region=s.infra.region), self.app.infra.region",
        [],
    ),
    "a read of unknown origin beside an old class": (
        "from training.recipes import rl_loop\nfrom training.utils import InfraConfig\ndef f(s, i: InfraConfig): return s.infra.region",
        [(3, "FWD110", True)],
    ),
    "a read of unknown origin beside an old argument": (
        "from training.recipes import rl_loop\ndef f(s): return s.infra.region\nrl_loop.Config(log_path='l', infra=1)",
        [(2, "FWD110", True), (3, "FWD108", True)],
    ),
    "a read of what a recipe is given": (
        "from training.recipes import rl_loop\ndef f(s):\n    rl_loop.main(s)\n    return s.infra.region",
        [(4, "FWD110", True)],
    ),
    "a read of what is made from a Config": (
        "from training.recipes import rl_loop\ns = load(rl_loop.Config)\nprint(s.infra.region)",
        [(3, "FWD110", True)],
    ),
    "a read that an earlier port left": (
        "from training.recipes import rl_loop\n# TODO(fwdoctor): FWD110 cannot see where it comes from\ndef f(s): return s.infra.region",
        [(3, "FWD110", True)],
    ),
    "a newer SDK's name": ("from fireworks.training.sdk import NotYet", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_find(text: str, expected: list[tuple[int, str, bool]]) -> None:
    assert found(text) == expected


def test_the_same_code_against_another_version() -> None:
    text = "from training.recipes.rl_loop import Config\nConfig(log_path='l', weight_sync_interval=2)"
    assert found(text, "july") == []
    assert found(text, "august") == [(2, "FWD108", True)]
