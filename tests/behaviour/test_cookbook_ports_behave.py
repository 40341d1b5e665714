"""What ports of scripts with the cookbook's helpers ask of the platform: fwdoctor's against those by hand.

The cookbook is no package on an index, so ``standin/`` takes its place, for the targets june, july and august.
The old scripts need the old cookbook and do not run here: what the ports by hand ask for is stated instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from tests.behaviour.running import SCRIPTS, STANDIN, Sdk, port_script, run_script
from tests.fake_control_plane import FakeControlPlane, Log, differences
from tests.fake_control_plane.catalogue import MODEL

COOKBOOK = SCRIPTS / "cookbook"
LOAD = "POST /hot_load/v1/models/hot_load"
SAMPLE = "POST /inference/v1/completions"


@dataclass(frozen=True)
class Case:
    """A script, its ports by hand by target, and what all of them change on the platform.

    ``only`` are changes that not every target makes, with those that do. ``markers`` are the rules of what
    fwdoctor leaves for a person in its own port.
    """

    script: str
    changes: Sequence[str]
    only: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[FakeControlPlane], object] = lambda _: None
    markers: Sequence[str] = ()
    #: the port by hand reads less: it leaves to the service what the old script looked up
    reads_less: bool = False

    @property
    def targets(self) -> list[str]:
        return [t for t in ("june", "july", "august") if (COOKBOOK / self.script / f"{t}.py").exists()]

    def text(self, which: str) -> str:
        return (COOKBOOK / self.script / f"{which}.py").read_text("utf-8")


def _running_job(plane: FakeControlPlane) -> None:
    plane.add_trainer("my-job").save("step-100", "CHECKPOINT_TYPE_TRAINING", plane.world.clock())


#: June's service cannot let its deployment go.
_SCALED = {"PATCH deployments/rollouts": "july august"}

CASES = [
    Case(
        "own_loop",
        [
            "POST rlorTrainerJobs",
            "POST rlorTrainerJobs",
            "POST deployments",
            LOAD,
            LOAD,
            "PATCH deployments/rollouts",
            "DELETE rlorTrainerJobs/<trainer-1>",
            "DELETE rlorTrainerJobs/<trainer-2>",
        ],
        _SCALED,
        markers=["FWD105", "FWD106"],
    ),
    Case(
        "one_trainer",
        ["POST rlorTrainerJobs", "DELETE rlorTrainerJobs/<trainer-1>"],
        markers=["FWD105", "FWD106"],
    ),
    Case(
        "adapter",
        [
            "POST rlorTrainerJobs",
            "POST deployments",
            LOAD,
            SAMPLE,
            LOAD,
            SAMPLE,
            "DELETE deployments/adapters",
            "DELETE rlorTrainerJobs/<trainer-1>",
        ],
        markers=["FWD105"],
        reads_less=True,
    ),
    Case("reattached", [], prepare=_running_job),
]
EACH = [(case, target) for case in CASES for target in case.targets]
NAMES = [f"{case.script} {target}" for case, target in EACH]


def run(text: str, case: Case, target: str, sdk: Sdk) -> Log:
    return run_script(
        text, sdk=sdk, prepare=case.prepare, cookbook=STANDIN, extra={"FWDOCTOR_STANDIN": target}
    )


@pytest.mark.parametrize(("case", "target"), EACH, ids=NAMES)
def test_a_port_by_hand_changes_what_is_stated(case: Case, target: str, sdk: Sdk) -> None:
    expected = [c for c in case.changes if target in case.only.get(c, target)]
    # Two trainers and a deployment are made side by side; in which order they come is chance.
    assert sorted(run(case.text(target), case, target, sdk).changes()) == sorted(expected)


@pytest.mark.parametrize(("case", "target"), EACH, ids=NAMES)
def test_what_fwdoctor_rewrites_asks_for_the_same_as_the_port_by_hand(
    case: Case, target: str, sdk: Sdk
) -> None:
    old = case.text("old")
    ported = port_script(old, target)
    markers = re.findall(r"TODO\(fwdoctor\): (FWD\d+)", ported)
    assert sorted(set(markers)) == list(case.markers), ported
    by_hand = run(case.text(target), case, target, sdk)
    assert differences(by_hand, run(ported, case, target, sdk), reads=not case.reads_less) == []


def test_every_script_is_in_the_table() -> None:
    assert {case.script for case in CASES} == {p.name for p in COOKBOOK.iterdir() if p.is_dir()}


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("june", "build_service_client(**both, lora_rank=0, max_lora_rank=0)"),
        ("june", "build_service_client(**both, lora_rank=0, cleanup_deployment_on_close='delete')"),
        ("june", "build_service_client(**both)"),
        ("july", "DeployConfig(deployment_region='US_VIRGINIA_1')"),
        ("august", "build_service_client(**both, lora_rank=0)"),
        ("august", "TrainerConfig(accelerator_type='NVIDIA_H200_141GB')"),
    ],
)
def test_the_stand_in_refuses_what_the_target_does_not_have(target: str, wrong: str, sdk: Sdk) -> None:
    text = f"""
from training.utils import DeployConfig, TrainerConfig, build_service_client
both = dict(api_key="k", base_url="http://localhost", additional_headers=None, base_model={MODEL!r},
    tokenizer_model=None, max_context_length=None, learning_rate=1e-5, trainer=TrainerConfig())
try:
    {wrong}
except TypeError:
    pass
else:
    raise SystemExit("accepted")
"""
    run_script(text, sdk=sdk, cookbook=STANDIN, extra={"FWDOCTOR_STANDIN": target})
