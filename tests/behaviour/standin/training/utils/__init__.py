"""A stand-in for what ported scripts import from the cookbook: its contract, not its code.

``FWDOCTOR_STANDIN`` is the target: june, july or august (the default). What a target does not have is a
TypeError here, as it is there.
"""

from .client import ReconnectableClient
from .config import DeployConfig, TrainerConfig, WeightSyncScope
from .service import build_service_client

__all__ = ["DeployConfig", "ReconnectableClient", "TrainerConfig", "WeightSyncScope", "build_service_client"]
