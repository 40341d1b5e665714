"""What the commands on an agent's PATH really run: records each command line, then does it, or refuses.

``launcher.py RECORD NAME ARGUMENTS…``. fwdoctor runs against the scenario's control plane, which lives as long
as the command; Python is passed on; what would install, or talk to the network, is refused. It is run by its path,
without the repository on the import path, so that the programs it passes on get the environment they were given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REFUSED = 1
#: What is refused, as an exercise has neither packages nor network. The user can be told the command.
CLOSED = ("pip", "pip3", "uv", "firectl", "curl", "wget", "npx")
PASSED_ON = ("python", "python3")
NAMES = ("fwdoctor", *CLOSED, *PASSED_ON)
#: Why, in words that an agent can act on.
WHY = "this machine has no network and installs nothing: tell the user the command instead"


def main(record: Path, name: str, arguments: list[str]) -> int:
    """Do it and write it down; the exit status."""
    asked: list[str] = []
    if Path(name).name == "fwdoctor":
        status, asked = _fwdoctor(record, arguments)
    elif Path(name).name in CLOSED or arguments[:2] == ["-m", "pip"] or Path(name).is_absolute():
        status = _refuse(name)
    else:
        status = subprocess.run([sys.executable, *arguments], check=False).returncode
    _write(record, {"command": [Path(name).name, *arguments], "status": status, "asked": asked})
    return status


def _refuse(name: str) -> int:
    sys.stderr.write(f"{Path(name).name}: {WHY}\n")
    return REFUSED


def _fwdoctor(record: Path, arguments: list[str]) -> tuple[int, list[str]]:
    """Run fwdoctor; its status, and the requests that the control plane got."""
    settings = json.loads((record / "settings.json").read_text("utf-8"))
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FIREWORKS_", "TINKER_", "PYTHON"))}
    environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / part) for part in (".", "codemods", "rules"))
    environ["PYTHONIOENCODING"] = "utf-8"
    environ["HOME"] = str(record.parent / "home")
    command = [sys.executable, "-m", "fwdoctor", *arguments]
    if settings["plane"] is None:
        return subprocess.run(command, env=environ, check=False).returncode, []
    with _plane() as plane:
        _condition(settings["plane"])(plane)
        environ |= {"FIREWORKS_BASE_URL": plane.url, "FIREWORKS_API_KEY": plane.key}
        status = subprocess.run(command, env=environ, check=False).returncode
        return status, [f"{call.method} {call.path}" for call in plane.log.calls]


def _plane() -> Any:
    """A fake control plane of today, not yet listening."""
    import datetime as dt

    sys.path.insert(0, str(ROOT))
    from tests.fake_control_plane import FakeControlPlane

    return FakeControlPlane(start=dt.datetime.now(dt.UTC), live=True)


def _condition(name: str) -> Any:
    """What brings a plane into the scenario's condition."""
    from tests.fake_control_plane.scenarios import SCENARIOS

    return SCENARIOS[name].prepare


def _write(record: Path, row: dict[str, Any]) -> None:
    """Append a row, whole: agents run commands side by side."""
    line = (json.dumps(row) + "\n").encode()
    handle = os.open(record / "calls.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
