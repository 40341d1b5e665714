"""The SDK by itself: missing pieces, doubles, strangers, ruins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.environment.conftest import World


def test_what_the_extra_lacks_is_listed_with_versions(world: World) -> None:
    world.cookbook()
    world.install("tinker", "0.22.7")
    extra = ['tinker==0.23.0; extra == "training"', 'urllib3<3,>=1.26; extra == "training"', "sniffio"]
    world.install("fireworks-ai", "1.2.9", requires=extra)
    finding = world.check().one("FWS208")
    assert finding.severity == "error"
    assert finding.evidence == (
        "tinker==0.23.0 (0.22.7 is installed)\nurllib3>=1.26,<3 (not installed)\nsniffio (not installed)"
    )
    assert finding.remedy[0].commands[0].endswith("-m pip install 'fireworks-ai[training]==1.2.9'")


def test_without_a_pin_for_an_extra_it_is_good_to_know_only(world: World) -> None:
    world.install("fireworks-ai", "1.2.9", requires=['tinker==0.23.0; extra == "training-sdk"'])
    assert world.check().one("FWS208").severity == "info"


def test_what_the_sdk_itself_needs_is_an_error_without_any_pin(world: World) -> None:
    world.install("fireworks-ai", "1.2.9", requires=["httpx<1"])
    assert world.check().one("FWS208").severity == "error"


def test_a_version_to_be_replaced_is_not_completed(world: World) -> None:
    world.cookbook()
    world.install("fireworks-ai", "1.2.0", requires=['tinker==0.23.0; extra == "training"'])
    assert world.check().rules == {"FWS202"}


def test_another_project_of_the_name_is_told_from_a_missing_sdk(world: World) -> None:
    world.cookbook()
    world.install("FireWorks", "2.1.4", files=["fireworks/__init__.py"])
    world.write("env/lib/python3.11/site-packages/fireworks/__init__.py")
    seen = world.check()
    assert seen.rules == {"FWS201", "FWS206"}
    python = f"{world.env}/bin/python"
    assert seen.one("FWS206").remedy[0].commands == (
        f"{python} -m pip uninstall --yes fireworks",
        f"{python} -m pip install 'fireworks-ai[training]>=1.2.9,<2'",
    )


def test_of_two_in_one_folder_the_record_to_remove_is_named(world: World) -> None:
    world.cookbook()
    world.sdk("1.2.10")
    second = world.install("fireworks-ai", "1.2.9")
    commands = world.check().one("FWS204").remedy[0].commands
    assert commands[0] == f"rm -r {second}"
    assert commands[1].endswith("pip install --force-reinstall --no-deps fireworks-ai==1.2.10")


@pytest.mark.parametrize(
    ("metadata", "what"),
    [
        (None, "METADATA is missing or lacks name and version"),
        ("", "METADATA is missing or lacks name and version"),
        ("Name: fireworks-ai\nVersion: one\n", "'one' is no version"),
        ("Name: fireworks-ai\n", "METADATA is missing or lacks name and version"),
    ],
)
def test_broken_metadata_is_a_finding(world: World, metadata: str | None, what: str) -> None:
    world.cookbook()
    name = "fireworks_ai.dist-info" if metadata else "fireworks_ai-1.2.9.dist-info"
    (world.site / name).mkdir()
    if metadata is not None:
        (world.site / name / "METADATA").write_text(metadata)
    seen = world.check()
    assert seen.rules == {"FWS210"}
    assert what in seen.one("FWS210").message


def test_metadata_that_is_no_text_does_not_stop_the_check(world: World) -> None:
    world.cookbook()
    (world.sdk("1.2.9") / "METADATA").write_bytes(b"\xff\xfe\x00Name\x00: \n\n\xff")
    assert world.check().rules == {"FWS210"}


def test_a_complete_distribution_comes_before_a_ruin(world: World) -> None:
    world.cookbook()
    (world.site / "fireworks_ai-1.2.0.dist-info").mkdir()
    world.sdk("1.2.9")
    seen = world.check()
    assert seen.facts.sdk is not None
    assert str(seen.facts.sdk.version) == "1.2.9"
    assert seen.rules == {"FWS204"}
