"""The models and shapes that a fresh fake offers: enough for every branch of the SDK's provisioning."""

from __future__ import annotations

from .state import World
from .wire import ApiError, Json

MODEL = "accounts/fireworks/models/qwen3-8b"
POLICY_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
LORA_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-lora"
REFERENCE_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-reference"
UNVALIDATED_SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-next"
DEPLOYMENT_SHAPE = "accounts/fireworks/deploymentShapes/rft-qwen3-8b"

_MODES = {
    POLICY_SHAPE: "POLICY_TRAINER",
    LORA_SHAPE: "LORA_TRAINER",
    REFERENCE_SHAPE: "FORWARD_ONLY",
}


def fill(world: World) -> None:
    """Put the catalogue into an empty world."""
    add_model(world, MODEL)
    for shape, mode in _MODES.items():
        world.shapes[shape] = [
            training_shape_version(shape, "v1", mode, validated=True),
            training_shape_version(shape, "v2", mode, validated=True, latest=True),
            training_shape_version(shape, "v3", mode, validated=False),
        ]
    world.shapes[UNVALIDATED_SHAPE] = [
        training_shape_version(UNVALIDATED_SHAPE, "v1", "POLICY_TRAINER", validated=False)
    ]
    world.shapes[DEPLOYMENT_SHAPE] = [
        _deployment_shape_version("d1", latest=False),
        _deployment_shape_version("d2", latest=True),
    ]


def add_model(world: World, name: str, **fields: object) -> None:
    """A base model that can be trained."""
    world.models[name] = {
        "name": name,
        "state": "READY",
        "kind": "HF_BASE_MODEL",
        "tunable": True,
        "supportsLora": True,
        "contextLength": 131072,
        "trainingContextLength": 131072,
        "baseModelDetails": {"modelType": "qwen3", "parameterCount": "8190735360", "moe": False},
        **fields,
    }


def training_shape_version(
    shape: str, version: str, mode: str, *, validated: bool, latest: bool = False, model: str = MODEL
) -> Json:
    """One version of a training shape, as the control plane shows it."""
    created = "2026-08-01T10:00:00Z"
    return {
        "name": f"{shape}/versions/{version}",
        "createTime": created,
        "updateTime": created,
        "validated": validated,
        "latestValidated": latest,
        "public": True,
        "snapshot": {
            "name": shape,
            "displayName": shape.rsplit("/", 1)[1],
            "baseModel": model,
            "modelType": "qwen3",
            "parameterCount": "8190735360",
            "trainerMode": mode,
            "trainerImageTag": "0.142.0",
            "maxSupportedContextLength": 131072,
            "acceleratorType": "NVIDIA_H200_141GB",
            "acceleratorCount": 8,
            "nodeCount": 1,
            "minTotalAcceleratorCount": 8,
            "baseModelWeightPrecision": "BF16",
            "trainerShardingScheme": {"pipelineParallelism": 1, "tensorParallelism": 1},
            "deploymentShapeVersion": f"{DEPLOYMENT_SHAPE}/versions/d1",
        },
    }


def _deployment_shape_version(version: str, *, latest: bool) -> Json:
    return {
        "name": f"{DEPLOYMENT_SHAPE}/versions/{version}",
        "validated": True,
        "latestValidated": latest,
        "public": True,
        "snapshot": {
            "name": DEPLOYMENT_SHAPE,
            "baseModel": MODEL,
            "acceleratorType": "NVIDIA_H200_141GB",
            "acceleratorCount": 1,
            "precision": "BF16",
            "enableAddons": False,
        },
    }


def check_access(world: World, shape: str) -> None:
    """Refuse to show a shape that is hidden from this account.

    Raises:
        ApiError: 403 or 404, as the test said.
    """
    status = world.refused_shapes.get(shape)
    if status in (403, 404):
        raise ApiError(
            status, f"no access to shape {shape!r}" if status == 403 else f"shape {shape!r} not found"
        )


def resolve(world: World, reference: str, *, allow_unvalidated: bool = False) -> Json:
    """The version that a shape's name stands for: the latest validated one, or the one that it pins.

    Raises:
        ApiError: there is no such shape or version, or it may not be launched.
    """
    shape, _, pinned = reference.partition("/versions/")
    check_access(world, shape)
    if shape not in world.shapes:
        raise ApiError(404, f"shape {shape!r} not found")
    if world.refused_shapes.get(shape) == 412:
        raise ApiError(412, f"shape {shape!r} is not enabled on this account")
    versions = world.shapes[shape]
    if not pinned or pinned == "latest":
        found = next((v for v in versions if v["latestValidated"]), None)
        if found is None:
            raise ApiError(400, f"shape {shape!r} has no validated version", code=9)
        return found
    found = next((v for v in versions if v["name"].endswith(f"/versions/{pinned}")), None)
    if found is None:
        raise ApiError(404, f"shape version {reference!r} not found")
    if not found["validated"] and not allow_unvalidated:
        raise ApiError(400, f"shape version {reference!r} is not validated", code=9)
    return found
