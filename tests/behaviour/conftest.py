"""The real SDK, loaded once per worker, and a fresh fake for each test."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.behaviour.running import SUPPORT, Ended, Sdk, SdkMissing, environment
from tests.fake_control_plane import FakeControlPlane

#: Interpreters with other releases of the SDK, to try the same scripts with, separated as in PATH.
_OTHERS = [p for p in os.environ.get("FWDOCTOR_TEST_SDKS", "").split(os.pathsep) if p]


@pytest.fixture(scope="session", params=[sys.executable, *_OTHERS], ids=["installed", *_OTHERS])
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    """The SDK that the test extra installs; it is loaded in a process of its own."""
    if not hasattr(os, "fork"):
        pytest.skip("scripts run in forks of a process that has loaded the SDK; there is no fork here")
    try:
        metadata.version("fireworks-ai")
        sdk = Sdk(request.param)
    except metadata.PackageNotFoundError:
        pytest.skip("fireworks-ai is not installed: pip install -e '.[test]'")
    except SdkMissing as error:
        words = str(error).splitlines() or ["it said nothing"]
        if request.param != sys.executable or not words[-1].startswith("ModuleNotFoundError"):
            raise
        pytest.skip(f"the extra fireworks-ai[training-sdk] is not installed: {words[-1]}")
    with sdk:
        yield sdk


Run = Callable[..., Ended]


@pytest.fixture
def run(sdk: Sdk, plane: FakeControlPlane, tmp_path: Path) -> Run:
    """Runs a text against ``plane``; a bad end fails the test unless ``fails`` is set."""

    def execute(text: str, *, fails: bool = False) -> Ended:
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(text), "utf-8")
        ended = sdk.run(script, path=[SUPPORT], environment=environment(plane, tmp_path))
        assert (ended.status != 0) is fails, ended.output
        return ended

    return execute


@pytest.fixture
def plane() -> Iterator[FakeControlPlane]:
    with FakeControlPlane() as plane:
        yield plane
