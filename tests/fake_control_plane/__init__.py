"""A fake of the Fireworks control plane on loopback, good enough for the real SDK.

It serves what production serves: trainer jobs, deployments, training shapes, checkpoints and promotion under
``/v1``, the trainers' own protocol behind the trainer gateway, weight sync and completions. It keeps state,
refuses what production refuses, can be told to fail, and logs every request.

    with FakeControlPlane() as plane:
        run_something(base_url=plane.url, api_key=plane.key)
        print(plane.log)

Only the standard library is used. Nothing listens beyond 127.0.0.1. To try something by hand:
``python -m tests.fake_control_plane --scenario stale-attachment``.
"""

from . import faults
from .clock import Clock
from .log import Call, Log, differences
from .plane import FakeControlPlane
from .settings import Timing
from .state import ABSENT, Replica

__all__ = ["ABSENT", "Call", "Clock", "FakeControlPlane", "Log", "Replica", "Timing", "differences", "faults"]
