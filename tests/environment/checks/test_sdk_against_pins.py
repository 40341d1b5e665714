"""The verdict for each SDK with each pin of the cookbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fwdoctor.finding import CheckStatus

if TYPE_CHECKING:
    from tests.environment.conftest import World

# rows: the SDK that is installed; columns: the pin of the cookbook of that day
TABLE = """
             2026-05-29  2026-07-14  2026-08-19
none         FWS201      FWS201      FWS201
1.2.0a86     ok          FWS202      FWS202
1.2.0        ok          ok          FWS202
1.2.9        ok          ok          ok
1.2.30       ok          ok          FWS209
2.0a1        FWS203      FWS203      FWS203
0.19.20      FWS202      FWS202      FWS202
"""
PINS = {"2026-05-29": ">=1.2.0a70,<2", "2026-07-14": ">=1.2.0a87,<2", "2026-08-19": ">=1.2.9,<2"}


def cells() -> list[tuple[str, str, str]]:
    header, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return [(sdk, day, verdict) for sdk, *row in rows for day, verdict in zip(header, row, strict=True)]


@pytest.mark.parametrize(("sdk", "day", "verdict"), cells())
def test_the_verdict_follows_the_pin(world: World, sdk: str, day: str, verdict: str) -> None:
    world.cookbook(PINS[day])
    if sdk != "none":
        world.sdk(sdk)
    seen = world.check()
    assert seen.rules == (set() if verdict == "ok" else {verdict})
    assert seen.problems == []


@pytest.mark.parametrize(
    ("pin", "sdk", "fits"),
    [
        (">=1.2.0a87,<2", "1.2.0a87", True),  # a pre-release that the pin names
        (">=1.2.0a87,<2", "1.3.0rc1", True),  # a pre-release that it does not name
        (">=1.2.9,<2", "1.2.9+local", True),
        (">=1.2.0,<2", "1.2.0a86", False),  # a pre-release comes before its release
        ("<2", "2.0a1", False),  # PEP 440: below 2, but a pre-release of it
        ("", "0.1", True),
    ],
)
def test_versions_are_compared_as_pep_440_says(world: World, pin: str, sdk: str, fits: bool) -> None:
    world.cookbook(pin)
    world.sdk(sdk)
    rules = world.check().rules
    assert rules == set() if fits else rules in ({"FWS202"}, {"FWS203"})


def test_the_finding_names_the_line_of_the_pin_and_a_command(world: World) -> None:
    checkout = world.cookbook(commit="b425d652" + "0" * 32)
    world.sdk("1.2.0a86")
    finding = world.check().one("FWS202")
    pyproject = checkout / "training" / "pyproject.toml"
    assert str(finding.location) == f"{pyproject}:5"
    assert (
        f"fireworks-ai 1.2.0a86 is older than >=1.2.9,<2 (cookbook b425d652, {pyproject}:5)"
        in finding.message
    )
    (command,) = finding.remedy[0].commands
    assert command == f"{world.env}/bin/python -m pip install 'fireworks-ai[training]>=1.2.9,<2'"


@pytest.mark.parametrize(
    ("commit", "severity"),
    [("76821fa1ded720d903029381b37d3c3ea7ce9ddd", "error"), (None, "warning"), ("a" * 40, "warning")],
)
def test_a_known_bad_pair_is_certain_only_for_the_very_commit(
    world: World, commit: str | None, severity: str
) -> None:
    world.cookbook(commit=commit)
    world.sdk("1.2.25")
    finding = world.check().one("FWS209")
    assert finding.severity == severity
    assert finding.remedy[0].commands[0].endswith("'fireworks-ai[training]>=1.2.9,<1.2.25'")


def test_a_project_that_states_the_same_pin_itself_is_no_known_pair(world: World) -> None:
    world.write("work/project/requirements.txt", "fireworks-ai[training]>=1.2.9,<2\n")
    world.sdk("1.2.30")
    assert world.check().rules == set()


def test_without_a_pin_the_version_is_reported(world: World) -> None:
    world.sdk("1.2.9")
    outcome = world.check().sections["sdk"]
    assert outcome.status is CheckStatus.OK
    assert outcome.detail == "fireworks-ai 1.2.9; no cookbook pin found to compare it with"


def test_without_a_pin_and_an_sdk_the_section_is_skipped(world: World) -> None:
    seen = world.check()
    assert seen.sections["sdk"].status is CheckStatus.SKIPPED
    assert seen.sections["known pairs"].status is CheckStatus.SKIPPED
    assert seen.sections["companions"].status is CheckStatus.SKIPPED
    assert seen.rules == set()


@pytest.mark.parametrize(
    ("commit", "sdk", "rule", "asked"),
    [
        # what is installed instead must not be a release that fails with this very cookbook
        ("76821fa1ded720d903029381b37d3c3ea7ce9ddd", "1.2.0", "FWS202", ">=1.2.9,<1.2.25"),
        ("76821fa1ded720d903029381b37d3c3ea7ce9ddd", "2.0", "FWS203", ">=1.2.9,<1.2.25"),
        ("76821fa1ded720d903029381b37d3c3ea7ce9ddd", None, "FWS201", ">=1.2.9,<1.2.25"),
        # no cookbook that is known to fail with anything
        ("b425d652" + "0" * 32, "1.2.0", "FWS202", ">=1.2.9,<2"),
        (None, "1.2.0", "FWS202", ">=1.2.9,<2"),
    ],
)
def test_the_remedy_does_not_lead_to_a_known_bad_pair(
    world: World, commit: str | None, sdk: str | None, rule: str, asked: str
) -> None:
    world.cookbook(commit=commit)
    if sdk is not None:
        world.sdk(sdk)
    (command,) = world.check().one(rule).remedy[0].commands
    assert command.endswith(f"-m pip install 'fireworks-ai[training]{asked}'")
