"""``python -m tests.fake_control_plane``: a control plane to try fwdoctor with, without an account.

Run it in the repository's root, and give the two ``export`` lines that it prints to another shell; or let it
run one command: ``python -m tests.fake_control_plane --scenario idle -- fwdoctor probe job my-trainer``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import time

from . import FakeControlPlane
from .scenarios import SCENARIOS

#: Things of a kind that are named.
_MOST = 10


def main(arguments: list[str] | None = None) -> int:
    """Serve a scenario until it is interrupted; the exit status."""
    options = _parser().parse_args(arguments)
    if options.list:
        for name, scenario in SCENARIOS.items():
            _say(f"{name:<18} {scenario.shows}")
        return 0
    # The plane's own time is real time, or a client that compares it with its own would see old things.
    try:
        plane = FakeControlPlane(start=dt.datetime.now(dt.UTC), live=True, port=options.port)
        with plane:
            SCENARIOS[options.scenario].prepare(plane)
            if options.command:
                return _run(options.command, plane)
            _tell(plane, options.scenario)
            try:
                _wait(plane, verbose=options.verbose)
            except KeyboardInterrupt:
                _say()
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_control_plane", description=__doc__)
    parser.add_argument("--port", type=_port, default=0, help="of 127.0.0.1; a free one if not given")
    parser.add_argument("--scenario", choices=SCENARIOS, default="healthy", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="show all scenarios and end")
    parser.add_argument("--verbose", action="store_true", help="show each request")
    parser.add_argument("command", nargs="*", metavar="-- COMMAND", help="run this against it, and end")
    return parser


def _run(command: list[str], plane: FakeControlPlane) -> int:
    """Run a command in an environment whose control plane is this one; its exit status."""
    # Scripts of the Python that runs this come first: its environment may not be activated.
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    ours = {"PATH": path, "FIREWORKS_BASE_URL": plane.url, "FIREWORKS_API_KEY": plane.key}
    try:
        return subprocess.run(command, env=os.environ | ours, check=False).returncode
    except FileNotFoundError:
        sys.stderr.write(f"no command {command[0]}\n")
        return 2


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("must be a number up to 65535")
    return int(text)


def _tell(plane: FakeControlPlane, name: str) -> None:
    scenario = SCENARIOS[name]
    _say(f"# {name}: {scenario.shows}")
    _name("trainer", {t.id: t.state for t in plane.world.trainers.values()})
    _name("deployment", {d.id: d.state for d in plane.world.deployments.values()})
    _say(f"export FIREWORKS_BASE_URL={plane.url}")
    _say(f"export FIREWORKS_API_KEY={plane.key}")
    _say(f"# then: fwdoctor probe {scenario.look}")


def _name(kind: str, states: dict[str, str]) -> None:
    """The things of a kind and their states, the first few of them."""
    for identifier, state in list(states.items())[:_MOST]:
        _say(f"#   {kind} {identifier}: {state}")
    if len(states) > _MOST:
        _say(f"#   … and {len(states) - _MOST} more")


def _say(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _wait(plane: FakeControlPlane, *, verbose: bool) -> None:
    """Until somebody interrupts; requests are shown as they come if ``verbose`` is set."""
    shown = 0
    while True:
        time.sleep(0.2)
        if verbose:
            for call in plane.log.calls[shown:]:
                _say(
                    " ".join(
                        [
                            str(call.status),
                            call.method,
                            call.path,
                            *(f"{k}={v}" for k, v in call.query.items()),
                        ]
                    )
                )
                shown += 1


if __name__ == "__main__":
    sys.exit(main())
