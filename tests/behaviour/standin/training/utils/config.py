"""TrainerConfig and DeployConfig with the fields of the target, and nothing that they do not decide."""

import enum
import os
from dataclasses import field, make_dataclass

TARGETS = ("june", "july", "august")
TARGET = os.environ.get("FWDOCTOR_STANDIN", "august")
_AT = TARGETS.index(TARGET)


class WeightSyncScope(enum.Enum):
    PER_TRAINER = "per_trainer"
    PER_DEPLOYMENT = "per_deployment"


# Of each field: name, default by target, from which and up to which target there is such a field.
def _of(
    name: str, default: object = None, since: str = "june", until: str = "august", june: object = ...
) -> list:
    if not TARGETS.index(since) <= _AT <= TARGETS.index(until):
        return []
    return [(name, object, field(default=june if june is not ... and TARGET == "june" else default))]


TrainerConfig = make_dataclass(
    "TrainerConfig",
    [
        *_of("job_id"),
        *_of("training_shape_id"),
        *_of("reference_training_shape_id"),
        *_of("reference_job_id"),
        *_of("cleanup_reference_on_close", True),
        *_of("region", until="june"),
        *_of("custom_image_tag"),
        *_of("region", since="july"),
        *_of("accelerator_type", until="july"),
        *_of("accelerator_count", until="july"),
        *_of("node_count"),
        *_of("timeout_s", 3600),
        *_of("pending_timeout_s", 48 * 60 * 60, since="august"),
        *_of("extra_args"),
        *_of("replica_count"),
        *_of("inactivity_timeout", since="july"),
        *_of("disable_inactivity_cleanup", False, since="july"),
        *_of("purpose"),
        *_of("preemptible", False, since="august"),
        *_of("managed_by", since="july"),
        *_of("skip_validations", False),
        *_of("use_reservation", True, since="august"),
    ],
)

DeployConfig = make_dataclass(
    "DeployConfig",
    [
        *_of("weight_sync_scope", WeightSyncScope.PER_TRAINER),
        *_of("deployment_id"),
        *_of("deployment_shape"),
        *_of("deployment_region", until="june"),
        *_of("deployment_accelerator_type"),
        *_of("hot_load_bucket_type", "FW_HOSTED"),
        *_of("hot_load_trainer_job"),
        *_of("enable_hot_load", True, since="july"),
        *_of("hot_load_transition_type", since="august"),
        *_of("deployment_timeout_s", 5400),
        *_of("reattach_settle_timeout_s", 600),
        *_of("deployment_extra_args"),
        *_of("tokenizer_model"),
        *_of("tokenizer_revision"),
        *_of("sample_timeout", 600),
        *_of("disable_speculative_decoding", False, june=True),
        *_of("replica_count"),
        *_of("extra_values"),
        *_of("preemptible", False, since="august"),
    ],
)
