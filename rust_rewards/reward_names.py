"""Turns the reward names of a command line, a YAML file or a script into functions, before a model loads.

    from rust_rewards.reward_names import resolve_rewards

    trainer = GRPOTrainer(..., reward_funcs=resolve_rewards(["compile", "tests", "my_rewards.short_answers"]))

Short names stand for this project's rewards; a dotted path is imported, from the folder that the command runs
in before any other; a name with a slash is left to TRL, which loads it as a reward model. When one of our own
rewards is wanted, the Rust toolchain is looked for here, so that a machine without rustc hears of it at once
and not from the first batch.
"""

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import rewards
from .suggestions import unknown_name
from .verifier.toolchain import find_toolchain
from .whole_rows import whole_rows

SHORT_NAMES = ("compile", "clippy", "tests", "solved", "ast", "format", "rust")
RENAMED = {"experiments.solved_reward": "solved"}  # a path of 0.1.0 -> the short name that replaced it
WITHOUT_RUSTC = ("ast", "format")  # read the text only


def resolve_rewards(names: Sequence[str], further: Mapping[str, Callable] | None = None) -> list[Callable | str]:
    """Return one reward function (or reward model name) per name, in order.

    Args:
        names (`Sequence[str]`): Short names, dotted paths and names of reward models.
        further (`Mapping[str, Callable]`, *optional*): Functions of the caller's, by their short names.

    Raises:
        ValueError: For an unknown or repeated name, or a dotted path that cannot be imported.
        ToolchainError: When a reward needs rustc or clippy and there is none.
    """
    if not names:
        raise ValueError(f"No reward: give --reward_funcs with any of {', '.join(SHORT_NAMES)} or a dotted path.")
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise ValueError(f"Reward '{repeated[0]}' is given twice; use --reward_weights to weigh it.")
    names = [RENAMED.get(name, name) for name in names]
    found = [_resolve(name, further or {}) for name in names]
    if any(name in SHORT_NAMES and name not in WITHOUT_RUSTC for name in names):
        toolchain = find_toolchain()
        if "clippy" in names:
            toolchain.require_clippy()
    return whole_rows(found)


def _resolve(name: str, further: Mapping[str, Callable]) -> Callable | str:
    if name in further:
        return further[name]
    if name in SHORT_NAMES:
        reward: Callable = getattr(rewards, f"{name}_reward")
        return reward
    if "/" in name:
        return name
    if "." in name:
        return _import_function(name)
    raise ValueError(
        unknown_name("reward", name, (*SHORT_NAMES, *further), ", or a dotted path such as my_pkg.my_reward")
    )


def _import_function(path: str) -> Callable:
    module_name, _, attribute = path.rpartition(".")
    _look_here_first()
    try:
        function = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as err:
        raise ValueError(f"Reward '{path}' cannot be imported: {err}.{_name_taken(module_name)}") from err
    if not callable(function):
        raise ValueError(f"Reward '{path}' is a {type(function).__name__}, not a function.")
    return function


def _name_taken(module_name: str) -> str:
    """Say that a module of the user's lost its name to one that was loaded before; empty when it did not."""
    first = module_name.partition(".")[0]
    loaded = getattr(sys.modules.get(first), "__file__", None)
    here = Path.cwd()
    is_here = (here / f"{first}.py").is_file() or (here / first).is_dir()
    if loaded is None or not is_here or Path(loaded).is_relative_to(here):
        return ""
    return f" Another module called {first} was loaded first, {loaded}: rename yours."


def _look_here_first() -> None:
    """Put the working folder at the head of `sys.path`.

    A script has its own folder there, and a user's `report.py` would lose against the one in `recipes/`. The
    entry stays: a reward may import more of its folder when it is called.
    """
    here = os.getcwd()
    if sys.path[:1] not in ([here], [""]):
        sys.path.insert(0, here)
