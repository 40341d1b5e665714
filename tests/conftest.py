"""How much the property tests try: HYPOTHESIS_PROFILE is ``dev`` (a fixed small set), ``ci`` or ``nightly``.

And no key: a test that runs ``fwdoctor check`` must not ask the control plane with that of whoever runs the tests.
"""

import os
import signal

from hypothesis import HealthCheck, settings

# Trees that are built, and machines that are busy, are slow; neither is a fault of the code.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("dev", **_COMMON, derandomize=True)
settings.register_profile("ci", **_COMMON, max_examples=2000, derandomize=True)
settings.register_profile("nightly", **_COMMON, max_examples=20_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

for name in [n for n in os.environ if n.startswith(("FIREWORKS_", "TINKER_"))]:
    del os.environ[name]

# What the tests were started to ignore (in the background of a script Ctrl-C, under nohup the end of the terminal),
# every child would ignore, too: handlers, other than that, end with exec.
for name in ("SIGINT", "SIGHUP", "SIGTERM"):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)
