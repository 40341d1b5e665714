"""Runs scripts with the real SDK, each in a fork of one process that has loaded it: loading takes a second.

One JSON object per line comes in: ``script``, ``path`` (for ``sys.path``), ``environment``, ``output``, ``limit``
in seconds. One comes out when the script has ended: ``status``, as the shell would say it. Before the first,
``release`` says which SDK it is. The interpreter may be any that has one, so this file uses nothing else.
"""

import atexit
import faulthandler
import importlib
import json
import os
import runpy
import sys
import traceback
from importlib import metadata


def main() -> None:
    # What the forks shall find loaded: the package loads its parts only when they are asked for.
    sdk = importlib.import_module("fireworks.training.sdk")
    importlib.import_module("fireworks.training.sdk.managed")
    for name in sdk.__all__:
        getattr(sdk, name)
    _say(release=metadata.version("fireworks-ai"))
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(order)
        _, status = os.waitpid(child, 0)
        _say(status=os.waitstatus_to_exitcode(status))


def _say(**answer):  # type: ignore[no-untyped-def]
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _run(order):  # type: ignore[no-untyped-def]
    """Be the script: never comes back."""
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # A script that hangs says where, and does not hold up the tests.
    faulthandler.dump_traceback_later(order["limit"], exit=True)
    os.environ.update(order["environment"])
    sys.path[:0] = order["path"]
    sys.argv = [order["script"]]
    status = 0
    try:
        runpy.run_path(order["script"], run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
