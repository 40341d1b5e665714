"""Findings to be rendered."""

from collections.abc import Callable
from typing import Any

import pytest

from fwdoctor.finding import Finding, Location, Remedy, Severity, Side

Make = Callable[..., Finding]


@pytest.fixture
def make() -> Make:
    """A finding in ``train.py``; whatever is given stands instead."""

    def finding(**given: Any) -> Finding:
        values: dict[str, Any] = {
            "rule": "FWD102",
            "name": "deprecated-weight-sync-config",
            "severity": Severity.ERROR,
            "side": Side.USER,
            "message": "weight_sync= is gone",
            "location": Location("train.py", 3, 10, 3, 21),
            "remedy": (Remedy("Port it.", ("fwdoctor migrate train.py",)),),
        }
        return Finding(**(values | given))

    return finding
