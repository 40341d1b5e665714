"""What is installed where: SDK, cookbook, pins, credentials, another interpreter's packages.

``run`` checks it all, ``gather`` only looks. Nothing is imported, executed or fetched to find out.
"""

from __future__ import annotations

from fwdoctor.environment.doctor import run
from fwdoctor.environment.facts import Facts, gather

__all__ = ["Facts", "gather", "run"]
