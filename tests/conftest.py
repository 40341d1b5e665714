"""How much the property tests try: a fixed set in CI, much more with HYPOTHESIS_PROFILE=long.

And no key: a test that runs ``fwdoctor check`` must not ask the control plane with that of whoever runs the tests.
"""

import os

from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

for name in [n for n in os.environ if n.startswith(("FIREWORKS_", "TINKER_"))]:
    del os.environ[name]
