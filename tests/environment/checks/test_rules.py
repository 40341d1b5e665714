"""Every rule of the environment: a case that raises it, and one like it that does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

import fwdoctor
from fwdoctor.rulebook import rulebook

if TYPE_CHECKING:
    from tests.environment.conftest import World

#: Imports from the SDK what 1.2.0a78 added; its pin allows 1.2.0a70.
FFB90BAF = "ffb90baf5332df775bd0a8ba3cfd12cdcb90d440"
Build = Callable[["World"], object]


def with_sdk(world: World) -> World:
    """A cookbook and an SDK that fit."""
    world.cookbook()
    world.sdk("1.2.9")
    return world


def two_sdks(world: World, *, site: str | None = None) -> None:
    with_sdk(world).install("fireworks-ai", "1.2.10", site=world.root / site if site else None)


def foreign(world: World, *files: str) -> None:
    with_sdk(world).install("FireWorks", "2.1.4", files=files)
    world.write("env/lib/python3.11/site-packages/fireworks/__init__.py")


def leftover(world: World, name: str) -> None:
    (with_sdk(world).site / name).mkdir()


def companion(world: World, *installed: tuple[str, str], asked: str = "transformers==5.5.4") -> None:
    world.cookbook(companions=["tqdm", asked])
    world.sdk("1.2.9")
    world.install("tqdm", "4.0")
    for name, version in installed:
        world.install(name, version)


def sdk_needs(world: World, *requirements: str) -> None:
    world.cookbook()
    world.install("fireworks-ai", "1.2.9", requires=requirements)


def broken(world: World, files: list[str]) -> None:
    world.cookbook()
    world.install("fireworks-ai", "1.2.9", files=files)


def local(world: World, *names: str) -> None:
    for name in names:
        world.write(f"work/project/{name}")


def env(world: World, **variables: str) -> None:
    with_sdk(world).environ.update(variables)


def without_key(world: World) -> None:
    del with_sdk(world).environ["FIREWORKS_API_KEY"]


def skill(world: World, folder: str, version: str, text: str = "# Text") -> None:
    """A copy of the skill that nobody's fwdoctor installed."""
    front = f'---\nname: fireworks-doctor\ndescription: x\nmetadata:\n  version: "{version}"\n---\n'
    if not (world.project / "cookbook").exists():
        with_sdk(world)
    world.write(f"{folder}/skills/fireworks-doctor/SKILL.md", f"{front}\n{text}\n")


def skill_link(world: World, target: str) -> None:
    with_sdk(world)
    folder = world.root / "home" / ".claude" / "skills"
    folder.mkdir(parents=True)
    world.write("there/fireworks-doctor/SKILL.md", "---\nname: fireworks-doctor\n---\n")
    (folder / "fireworks-doctor").symlink_to(world.root / target, target_is_directory=True)


CASES: dict[str, tuple[Build, Build]] = {
    "FWS101": (
        lambda w: (w.cookbook(requires_python=">=3.12"), w.sdk("1.2.9")),
        lambda w: (w.cookbook(requires_python=">=3.11,<3.12"), w.sdk("1.2.9")),
    ),
    "FWS201": (lambda w: w.cookbook(), with_sdk),
    "FWS202": (
        lambda w: (w.cookbook(), w.sdk("1.2.8")),
        lambda w: (w.cookbook(), w.sdk("1.2.10")),
    ),
    "FWS203": (
        lambda w: (w.cookbook(">=1.2.9,<1.2.20"), w.sdk("1.2.20")),
        lambda w: (w.cookbook(">=1.2.9,<1.2.20"), w.sdk("1.2.19")),
    ),
    "FWS204": (two_sdks, lambda w: w.sdk("1.2.9")),
    "FWS205": (
        lambda w: (
            two_sdks(w, site="home/.local/lib/python3.11/site-packages"),
            w.write("env/pyvenv.cfg", "version = 3.11.7\ninclude-system-site-packages = true\n"),
        ),
        lambda w: two_sdks(w, site="home/.local/lib/python3.11/site-packages"),
    ),
    "FWS206": (
        lambda w: foreign(w, "fireworks/__init__.py"),
        lambda w: foreign(w, "fireworks/core.py", "other/fireworks/__init__.py"),
    ),
    "FWS207": (lambda w: leftover(w, "~ireworks"), lambda w: leftover(w, "~umpy")),
    "FWS208": (
        lambda w: sdk_needs(w, 'tinker==0.23.0; extra == "training"'),
        lambda w: sdk_needs(
            w, 'tinker==0.23.0; extra == "other"', 'old; extra == "training" and python_version < "3.11"'
        ),
    ),
    "FWS209": (
        lambda w: (w.cookbook(), w.sdk("1.2.25")),
        lambda w: (w.cookbook(), w.sdk("1.2.24")),
    ),
    "FWS211": (
        lambda w: (w.cookbook(">=1.2.0a70,<2", commit=FFB90BAF), w.sdk("1.2.0a77")),
        lambda w: (w.cookbook(">=1.2.0a70,<2", commit=FFB90BAF), w.sdk("1.2.0a78")),
    ),
    "FWS210": (
        lambda w: broken(w, ["fireworks/__init__.py"]),
        lambda w: (
            broken(w, ["fireworks/__init__.py"]),
            w.write("env/lib/python3.11/site-packages/fireworks/__init__.py"),
        ),
    ),
    "FWS301": (companion, lambda w: companion(w, asked='nothing; python_version < "3.11"')),
    "FWS302": (
        lambda w: companion(w, ("transformers", "5.5.3")),
        lambda w: companion(w, ("transformers", "5.5.4")),
    ),
    "FWS311": (
        lambda w: (with_sdk(w), local(w, "fireworks/__init__.py")),
        lambda w: (with_sdk(w), local(w, "fireworks/data.py", "fireworks_tools.py", "lib/fireworks.py")),
    ),
    "FWS401": (without_key, with_sdk),
    "FWS402": (
        lambda w: env(w, FIREWORKS_API_KEY="'fw_0123456789abcdef'"),
        lambda w: env(w, FIREWORKS_API_KEY="fw_0123456789abcdef"),
    ),
    "FWS403": (
        lambda w: env(w, FIREWORKS_BASE_URL="api.fireworks.ai"),
        lambda w: env(w, FIREWORKS_BASE_URL="http://localhost:8000/v1"),
    ),
    "FWS404": (
        lambda w: env(w, FIREWORKS_API_EXTRA_HEADERS='{"X-Retries": 3}'),
        lambda w: env(w, FIREWORKS_API_EXTRA_HEADERS='{"X-Retries": "3"}'),
    ),
    "FWS701": (
        lambda w: skill(w, "home/.claude", "0.0.9"),
        lambda w: skill(w, "home/.claude", fwdoctor.__version__),
    ),
    "FWS702": (
        lambda w: (skill(w, "home/.claude", "99"), skill(w, "work/project/.claude", "99", "# Other")),
        lambda w: (skill(w, "home/.claude", "99"), skill(w, "work/project/.claude", "99")),
    ),
    "FWS703": (
        lambda w: skill_link(w, "nowhere/fireworks-doctor"),
        lambda w: skill_link(w, "there/fireworks-doctor"),
    ),
}


def owned() -> set[str]:
    return {rule for rule in rulebook() if re.fullmatch("FWS[1-47][0-9]{2}", rule)}


def test_every_rule_has_a_case() -> None:
    assert owned() == set(CASES)


@pytest.mark.parametrize("rule", sorted(CASES))
def test_the_bad_case_raises_its_rule_and_no_other(world: World, rule: str) -> None:
    CASES[rule][0](world)
    seen = world.check()
    assert seen.rules == {rule}
    finding = seen.one(rule)
    assert finding.remedy or finding.side == "nobody"
    assert "{" not in finding.message


@pytest.mark.parametrize("rule", sorted(CASES))
def test_the_good_case_does_not(world: World, rule: str) -> None:
    CASES[rule][1](world)
    seen = world.check()
    assert seen.rules == set()
    assert seen.problems == []
