"""Runs script texts with the real SDK against a fake control plane, and ports texts with fwdoctor."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.fake_control_plane import FakeControlPlane, Log

HERE = Path(__file__).parent
#: What every script may import: batches to train on.
SUPPORT = HERE / "support"
#: A ``training`` package in place of the cookbook's.
STANDIN = HERE / "standin"
SCRIPTS = HERE / "scripts"
LIMIT_S = 60

#: Nothing but loopback, and nothing that sends by itself.
_QUIET = {
    "TINKER_TELEMETRY": "0",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


class SdkMissing(Exception):
    """This interpreter cannot load the SDK; the message is its own."""


class ScriptFailed(Exception):
    """A script ended badly; the message is what it printed, ``log`` what it had asked for until then."""

    def __init__(self, status: int, output: str, log: Log) -> None:
        super().__init__(f"exit status {status}\n{output}")
        self.status = status
        self.log = log


@dataclass(frozen=True)
class Ended:
    """How a script ended, and what it printed."""

    status: int
    output: str


class Sdk:
    """An interpreter with the SDK, kept running: each script runs in a fork of it."""

    def __init__(self, python: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("FIREWORKS_", "TINKER_"))}
        # The forks print to files of their own; what comes here is said while the SDK loads.
        with tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(
                [python, str(HERE / "child.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env={**environment, **_QUIET, "OPENBLAS_NUM_THREADS": "1"},
            )
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._in, self._out = self._process.stdin, self._process.stdout
            if not (greeting := self._out.readline()):
                self.close()
                said.seek(0)
                raise SdkMissing(said.read().decode("utf-8", "replace").strip())
        #: of ``fireworks-ai``
        self.release: str = json.loads(greeting)["release"]

    def run(
        self, script: Path, *, path: Sequence[Path] = (), environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a script to its end."""
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "output")
            order = {
                "script": str(script),
                "path": [str(p) for p in path],
                "environment": dict(environment or {}),
                "output": str(output),
                "limit": LIMIT_S,
            }
            self._in.write(json.dumps(order) + "\n")
            self._in.flush()
            if not (answer := self._out.readline()):
                raise RuntimeError(f"the process with the SDK died while it ran {script}")
            return Ended(json.loads(answer)["status"], output.read_text("utf-8", "replace"))

    def close(self) -> None:
        self._in.close()
        self._process.wait()
        self._out.close()

    def __enter__(self) -> Sdk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def environment(plane: FakeControlPlane, home: Path) -> dict[str, str]:
    """The variables that send a script to a fake."""
    return {"FIREWORKS_API_KEY": plane.key, "FIREWORKS_BASE_URL": plane.url, "HOME": str(home)}


def run_script(
    text: str,
    *,
    sdk: Sdk,
    prepare: Callable[[FakeControlPlane], object] | None = None,
    cookbook: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> Log:
    """Run a script's text against a fake of its own and give back what it asked for.

    ``prepare`` may set the fake up, ``cookbook`` is a folder that holds a ``training`` package, ``extra``
    adds variables.

    Raises:
        ScriptFailed: it did not end with status 0.
    """
    with FakeControlPlane() as plane, tempfile.TemporaryDirectory() as folder:
        if prepare is not None:
            prepare(plane)
        script = Path(folder, "script.py")
        script.write_text(text, "utf-8")
        path = [SUPPORT, *([cookbook] if cookbook else [])]
        ended = sdk.run(script, path=path, environment=environment(plane, Path(folder)) | dict(extra or {}))
        if ended.status != 0:
            raise ScriptFailed(ended.status, ended.output, plane.log)
        return plane.log


def port_script(text: str, target: str) -> str:
    """A script's text as ``fwdoctor migrate --target`` leaves it, with its markers if there are any."""
    from fwdoctor.fit import target as targets
    from fwdoctor.fit.session import Context
    from fwdoctor.migrate import transform

    return transform.port("script.py", text, Context(targets.resolve(target))).text
