"""Turns the reward names of a command line or YAML file into functions, before a model loads.

Short names stand for this project's rewards; a dotted path is imported; a name with a slash is left to TRL,
which loads it as a reward model. When one of our own rewards is wanted, the Rust toolchain is looked for
here, so that a machine without rustc hears of it at once and not from the first batch.
"""

import importlib
import os
import sys
from collections.abc import Callable, Sequence

from .suggestions import unknown_name
from .verifier.toolchain import find_toolchain

SHORT_NAMES = ("compile", "clippy", "tests", "ast", "format", "rust")
WITHOUT_RUSTC = ("ast", "format")  # read the text only


def resolve_rewards(names: Sequence[str]) -> list[Callable | str]:
    """Return one reward function (or reward model name) per name, in order.

    Raises:
        ValueError: For an unknown or repeated name, or a dotted path that cannot be imported.
        ToolchainError: When a reward needs rustc or clippy and there is none.
    """
    if not names:
        raise ValueError(f"No reward: give --reward_funcs with any of {', '.join(SHORT_NAMES)} or a dotted path.")
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise ValueError(f"Reward '{repeated[0]}' is given twice; use --reward_weights to weigh it.")
    rewards = [_resolve(name) for name in names]
    if any(name in SHORT_NAMES and name not in WITHOUT_RUSTC for name in names):
        toolchain = find_toolchain()
        if "clippy" in names:
            toolchain.require_clippy()
    return rewards


def _resolve(name: str) -> Callable | str:
    if name in SHORT_NAMES:
        return _import_function(f"rust_rewards.rewards.{name}_reward")
    if "/" in name:
        return name
    if "." in name:
        return _import_function(name)
    raise ValueError(unknown_name("reward", name, SHORT_NAMES, ", or a dotted path such as my_pkg.my_reward"))


def _import_function(path: str) -> Callable:
    module_name, _, attribute = path.rpartition(".")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # a reward in the user's own folder
    try:
        function = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as err:
        raise ValueError(f"Reward '{path}' cannot be imported: {err}.") from err
    if not callable(function):
        raise ValueError(f"Reward '{path}' is a {type(function).__name__}, not a function.")
    return function
