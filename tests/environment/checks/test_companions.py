"""What the cookbook requires besides the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwdoctor.finding import CheckStatus

if TYPE_CHECKING:
    from tests.environment.conftest import World

COMPANIONS = ["tinker-cookbook==0.4.3", "tqdm", "transformers==5.5.4", "hydra-core>=1.3,<2"]


def test_each_kind_is_one_finding_that_lists_all(world: World) -> None:
    checkout = world.cookbook(companions=COMPANIONS)
    world.sdk("1.2.9")
    world.install("transformers", "5.23.0")
    world.install("Hydra.Core", "2.0")
    seen = world.check()
    pyproject = checkout / "training" / "pyproject.toml"
    assert seen.one("FWS301").evidence == (
        f"{pyproject}:6: tinker-cookbook==0.4.3 (not installed)\n{pyproject}:7: tqdm (not installed)"
    )
    assert seen.one("FWS302").evidence == (
        f"{pyproject}:8: transformers==5.5.4 (5.23.0 is installed)\n"
        f"{pyproject}:9: hydra-core>=1.3,<2 (2.0 is installed)"
    )
    assert seen.one("FWS302").remedy[0].commands == (
        f"{world.env}/bin/python -m pip install transformers==5.5.4 'hydra-core>=1.3,<2'",
    )


def test_what_the_sdk_lacks_too_is_reported_once(world: World) -> None:
    world.cookbook(companions=["torch", "transformers==5.5.4"])
    requires = ['torch>=2; extra == "training"', 'transformers; extra == "training"']
    world.install("fireworks-ai", "1.2.9", requires=requires)
    seen = world.check()
    assert "torch" in seen.one("FWS208").message
    assert seen.one("FWS301").evidence is not None
    assert "torch" not in seen.one("FWS301").message
    assert "transformers==5.5.4" in seen.one("FWS301").message


def test_without_an_sdk_there_is_one_root_cause(world: World) -> None:
    world.cookbook(companions=COMPANIONS)
    seen = world.check()
    assert seen.rules == {"FWS201"}
    assert seen.sections["companions"].status is CheckStatus.SKIPPED
    assert seen.sections["companions"].detail == "no SDK installed"


def test_an_unreadable_version_is_no_crash(world: World) -> None:
    world.cookbook(companions=["tqdm==4"])
    world.sdk("1.2.9")
    (world.site / "tqdm-what.dist-info").mkdir()
    assert "tqdm==4 (broken version what is installed)" in world.check().one("FWS302").message
