"""The whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwdoctor.environment.checks import checks
from fwdoctor.environment.doctor import run
from fwdoctor.finding import CheckStatus

if TYPE_CHECKING:
    from tests.environment.conftest import World

OWN = ["python", "sdk", "known pairs", "companions", "shadowing", "credentials"]


def test_every_section_reports_in_its_order(world: World) -> None:
    world.cookbook(companions=["tqdm"])
    world.sdk("1.2.9")
    world.install("tqdm", "4")
    facts, outcomes, problems = run(world.project, python=None, cookbook=None, environ=world.environ)
    assert [outcome.section for outcome in outcomes if outcome.section in OWN] == OWN
    assert {outcome.status for outcome in outcomes if outcome.section in OWN} == {CheckStatus.OK}
    assert facts.cookbook is not None
    assert [problem for problem in problems if problem.path] == []


def test_no_section_is_without_a_reason(world: World) -> None:
    assert all(outcome.detail for outcome in world.check().sections.values())


def test_sections_and_places_are_unique() -> None:
    assert (
        len({check.ORDER for check in checks()})
        == len({check.SECTION for check in checks()})
        == len(checks())
    )


def test_nothing_is_written(world: World) -> None:
    world.cookbook(companions=["tqdm"], commit="a" * 40)
    world.sdk("1.2.9")
    before = sorted((path, path.stat().st_mtime_ns) for path in world.root.rglob("*"))
    world.check()
    assert sorted((path, path.stat().st_mtime_ns) for path in world.root.rglob("*")) == before
