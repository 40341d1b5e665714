"""What the rules about recipes share."""

from __future__ import annotations

#: Recipes that sample from a deployment while they train.
SAMPLING = ("rl_loop", "async_rl_loop", "igpo_loop", "distillation_loop")


def is_config(path: str, *recipes: str) -> bool:
    """Whether a path is the Config of a recipe, of these if any are named."""
    *module, recipe, last = path.split(".")
    return module[:2] == ["training", "recipes"] and last == "Config" and (not recipes or recipe in recipes)
