"""What the rules about training shapes share."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.lint.file import File, Setting

#: Settings that name the training shape of the trainer that is trained.
POLICY = ("training_shape_id", "training_shape_ref", "training_shape")
#: Settings that name the training shape of a separate reference trainer.
REFERENCE = ("reference_training_shape_id", "ref_training_shape_id")
#: What launches trainers, or keeps how they are launched. Helpers of the cookbook have arguments of the same
#: names for what they have resolved before.
LAUNCHERS = (
    "TrainerConfig",
    "InfraConfig",
    "TrainerJobConfig",
    "FiretitanProvisioningConfig",
    "FiretitanServiceClient.from_firetitan_config",
)
#: Where a shape is looked up, and must be named in the same way.
LOOKUP = "resolve_training_profile"


def shapes(file: File, *, lookups: bool = False) -> Iterator[Setting]:
    """Every training shape that the code sets; with ``lookups``, also those that it looks up."""
    for setting in file.settings(*POLICY, *REFERENCE):
        if setting.is_of(*LAUNCHERS) or (lookups and setting.is_of(LOOKUP)):
            yield setting
