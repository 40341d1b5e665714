"""build_service_client: which setting of the cookbook becomes which of the SDK's managed service."""

from fireworks.training.sdk import FiretitanServiceClient

from .config import TARGET

#: TrainerConfig's field → from_firetitan_config's keyword
_TRAINER = {
    "training_shape_id": "training_shape_id",
    "reference_training_shape_id": "reference_training_shape_id",
    "job_id": "trainer_job_id",
    "reference_job_id": "reference_trainer_job_id",
    "cleanup_reference_on_close": "cleanup_reference_trainer_on_close",
    "region": "region",
    "accelerator_type": "accelerator_type",
    "accelerator_count": "accelerator_count",
    "node_count": "node_count",
    "custom_image_tag": "custom_image_tag",
    "extra_args": "extra_args",
    "replica_count": "trainer_replica_count",
    "timeout_s": "trainer_timeout_s",
    "pending_timeout_s": "trainer_pending_timeout_s",
    "inactivity_timeout": "inactivity_timeout",
    "disable_inactivity_cleanup": "disable_inactivity_cleanup",
    "purpose": "purpose",
    "preemptible": "preemptible",
    "managed_by": "managed_by",
    "skip_validations": "skip_validations",
    "use_reservation": "use_reservation",
}
#: DeployConfig's field → keyword; what is not here is accepted and not read
_DEPLOYMENT = {
    "deployment_shape": "deployment_shape",
    "deployment_id": "deployment_id",
    "deployment_extra_args": "deployment_extra_args",
    "extra_values": "deployment_extra_values",
    "deployment_timeout_s": "deployment_timeout_s",
    "replica_count": "replica_count",
    "hot_load_transition_type": "hot_load_transition_type",
    "disable_speculative_decoding": "disable_speculative_decoding",
}
#: Further keywords by target, with their defaults; ... is one that must be given.
_EXTRA = {
    "june": {"lora_rank": ...},
    "july": {"lora_rank": ..., "lora_alpha": None, "cleanup_deployment_on_close": None},
    "august": {"max_lora_rank": ..., "cleanup_deployment_on_close": None},
}


def build_service_client(
    *,
    api_key,
    base_url,
    additional_headers,
    base_model,
    tokenizer_model,
    max_context_length,
    learning_rate,
    trainer,
    inference_url=None,
    deployment=None,
    hotload_timeout_s=None,
    cleanup_trainer_on_close=False,
    reference_required=False,
    **extra,
):
    settings = {name: extra.pop(name, default) for name, default in _EXTRA[TARGET].items()}
    if extra:
        raise TypeError(f"build_service_client() got an unexpected keyword argument {min(extra)!r}")
    if missing := [name for name, value in settings.items() if value is ...]:
        raise TypeError(f"build_service_client() missing required keyword-only argument: {missing[0]!r}")
    if settings.get("lora_alpha", ...) is None:
        del settings["lora_alpha"]  # the SDK's own default
    # A rank of None or 0 is full-parameter training, which the SDK calls a LoRA rank of 0.
    if not (rank := settings.get("max_lora_rank", settings.get("lora_rank"))):
        settings.pop("max_lora_rank", None)
        settings["lora_rank"] = rank or 0
    if TARGET != "june":
        settings["gradient_accumulation_steps"] = None
    settings |= {k: getattr(trainer, f) for f, k in _TRAINER.items() if hasattr(trainer, f)}
    if deployment is None:
        settings["replica_count"] = 1
    else:
        settings |= {k: getattr(deployment, f) for f, k in _DEPLOYMENT.items() if hasattr(deployment, f)}
        settings["region"] = _one_region(settings["region"], getattr(deployment, "deployment_region", None))
    return FiretitanServiceClient.from_firetitan_config(
        api_key=api_key,
        base_url=base_url,
        inference_url=inference_url,
        additional_headers=additional_headers,
        base_model=base_model,
        tokenizer_model=tokenizer_model,
        max_context_length=max_context_length,
        learning_rate=learning_rate,
        create_deployment=deployment is not None,
        hotload_timeout_s=hotload_timeout_s,
        cleanup_trainer_on_close=cleanup_trainer_on_close,
        reference_required=reference_required,
        **settings,
    )


def _one_region(trainer, deployment):
    """June's deployments have a region of their own, but both must be in the same."""
    if trainer and deployment and trainer != deployment:
        raise ValueError(f"the trainer's region {trainer!r} is not the deployment's {deployment!r}")
    return trainer or deployment
