"""Batches and optimizer settings for scripts, with the training types of whatever SDK is there."""

try:
    from tinker import AdamParams, Datum, ModelInput, TensorData  # up to 1.2.24
except ImportError:
    from fireworks.training.sdk import AdamParams, Datum, ModelInput, TensorData

ADAM = AdamParams(learning_rate=1e-5, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01)


def batch(seed: int = 0) -> list:
    """Two short datums of supervised data."""
    return [_datum([seed + 1, 2, 3]), _datum([seed + 4, 5])]


def _datum(tokens: list) -> object:
    count = len(tokens)
    return Datum(
        model_input=ModelInput.from_ints(tokens),
        loss_fn_inputs={
            "target_tokens": TensorData(data=tokens, dtype="int64", shape=[count]),
            "weights": TensorData(data=[1.0] * count, dtype="float32", shape=[count]),
        },
    )
