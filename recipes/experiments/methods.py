"""Names the methods that are compared, each with its options over a recipe."""

from collections.abc import Mapping
from typing import Any

GRPO = "grpo"
WARMUP_SHARE = 0.2  # of the steps that `hybrid` trains with GRPO before MaxRL

# What makes a method, and its default in the recipe's classes. No part of it may come from the base recipe.
DEFAULTS: dict[str, Any] = {
    "maxrl_schedule": "always",
    "maxrl_weighting": "exp",
    "maxrl_baseline": False,
    "grpo_warmup_steps": 200,
    "switch_correctness": 0.5,
    "switch_hysteresis": 0.05,
    "switch_smoothing": 0.9,
    "switch_min_steps": 10,
    "per_group_scale": 0.5,
    "curriculum": False,
}


def methods(steps: int) -> dict[str, dict[str, Any]]:
    """Return the options of every method for a run of `steps` steps."""
    return {
        GRPO: {"maxrl_schedule": "warmup", "grpo_warmup_steps": steps},
        "maxrl-exp": {"maxrl_schedule": "always", "maxrl_weighting": "exp"},
        "maxrl-standardized": {"maxrl_schedule": "always", "maxrl_weighting": "standardized"},
        "maxrl-uniform": {"maxrl_schedule": "always", "maxrl_weighting": "uniform"},
        "maxrl-baseline": {"maxrl_schedule": "always", "maxrl_weighting": "uniform", "maxrl_baseline": True},
        "hybrid": {"maxrl_schedule": "warmup", "grpo_warmup_steps": round(WARMUP_SHARE * steps)},
        "adaptive": {"maxrl_schedule": "adaptive"},
        "per-group": {"maxrl_schedule": "per_group"},
        "grpo-curriculum": {"maxrl_schedule": "warmup", "grpo_warmup_steps": steps, "curriculum": True},
    }


def over_recipe(options: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a method's options with a default for whatever else makes a method and the recipe sets otherwise.

    >>> over_recipe({"maxrl_schedule": "always"}, {"maxrl_baseline": True, "maxrl_weighting": "exp"})
    {'maxrl_schedule': 'always', 'maxrl_baseline': False}
    """
    leaking = {key: value for key, value in DEFAULTS.items() if recipe.get(key, value) != value}
    return {**options, **{key: value for key, value in leaking.items() if key not in options}}
