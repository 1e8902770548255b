"""Chooses the rewards of a run where none were named, and refuses those that can read no row of its tasks.

Which columns a reward reads is taken from its parameters, as TRL hands it every column of the tasks by name.
"""

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset
from trl.trainer.utils import get_callable_name

from launch.messages import announce
from launch.rewards import OVERLONG
from rust_rewards import solved_reward, tests_reward
from rust_rewards.judge.background import BackgroundReward
from rust_rewards.suggestions import nearest
from trainers.maxrl_config import RUST_COMPILES

# Passing the tests is worth as much as compiling, and running on to the length limit costs as much as failing them
WEIGHTS = {"rust": 1.0, "tests": 10.0, OVERLONG: 10.0}
ALL_TESTS_PASS = 0.999  # `tests_reward` is a share, so anything below 1 that no share of fewer tests reaches
KNOWN = ("rust_rewards.", "trl.")  # packages whose rewards read no column but those that they name
NEED_TESTS = tuple(map(inspect.unwrap, (tests_reward, solved_reward)))  # they give None for a row without tests
# What TRL gives every reward function beside the columns of the tasks, and the columns that it keeps to itself
GIVEN = {"prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric"}
KEPT = {"prompt", "completion", "completion_ids"}


@dataclass(frozen=True)
class Columns:
    """The columns that a reward takes by name: all, those it cannot do without, and whether it takes any other."""

    named: frozenset[str]
    needed: frozenset[str]
    others: bool


def choose_rewards(script_args: Any, training_args: Any, tasks: Dataset) -> None:
    """Set rewards and weights where no rewards were named: the combined reward, and the tests where there are any.

    Wherever GRPO's advantages are used, `overlong` is among them, as in our recipes. With MaxRL and tests, correct is
    what passes all of them, unless the run says what else is.

    Args:
        script_args (`RecipeArguments`): Its `reward_funcs` is filled when empty.
        training_args (`GRPOConfig`): Its `reward_weights` likewise, and of `MaxRLConfig` what "correct" means.
        tasks (`Dataset`): The training tasks.

    Raises:
        ValueError: When there are weights for another number of rewards.
    """
    if script_args.reward_funcs:
        return
    tested = count_tested(tasks)
    uses_grpo = getattr(training_args, "maxrl_schedule", "none: GRPO") != "always"
    chosen = ["rust", *(["tests"] if tested else []), *([OVERLONG] if uses_grpo else [])]
    script_args.reward_funcs = chosen
    if training_args.reward_weights is None:
        training_args.reward_weights = [WEIGHTS[name] for name in chosen]
    check_weights(script_args.reward_funcs, training_args.reward_weights)
    reason = f"{tested} of {len(tasks)} tasks have hidden tests" if tested else "no task has hidden tests"
    announce(f"No --reward_funcs given: taking {', '.join(chosen)}, because {reason}.")
    undecided = getattr(training_args, "correctness_reward", "none of MaxRL's") is None
    if tested and undecided and training_args.correctness_threshold == RUST_COMPILES:
        training_args.correctness_reward = get_callable_name(tests_reward)
        training_args.correctness_threshold = ALL_TESTS_PASS
        announce("Correct is an answer that passes all its tests (correctness_reward, correctness_threshold).")


def check_weights(rewards: Sequence[str], weights: Sequence[float] | None) -> None:
    """Raise `ValueError` when there are weights, and not one per reward."""
    if weights is not None and len(weights) != len(rewards):
        raise ValueError(
            f"{len(weights)} reward_weights for {len(rewards)} reward_funcs ({', '.join(rewards)}): give one weight "
            "per reward function."
        )


def check_rewards_can_read(rewards: Sequence[Any], tasks: Dataset, name: str) -> None:
    """Refuse a reward that could score none of the tasks.

    Args:
        rewards (`Sequence`): Reward functions, or names of reward models, which read no column.
        tasks (`Dataset`): The tasks.
        name (`str`): What the user calls them.

    Raises:
        ValueError: When a reward needs hidden tests and no row has any, needs a column that there is not, or cannot be
            called with the columns that there are.
    """
    there = ", ".join(tasks.column_names)
    tested = count_tested(tasks)
    reading = [reward for reward in rewards if _inner(reward) in NEED_TESTS]
    if reading and not tested:
        raise ValueError(
            f"Reward '{name_of(reading[0])}' needs hidden tests, and none of the {len(tasks)} rows of '{name}' has any "
            f"in a column tests (columns: {there}).{_guess('tests', tasks)} Add the column, or leave the reward out of "
            "--reward_funcs."
        )
    for reward in rewards:
        _check_columns(reward, tasks, name)
    if tested and not reading:
        announce("The share of passed tests is not rewarded: add tests to --reward_funcs for that.")


def _check_columns(reward: Any, tasks: Dataset, name: str) -> None:
    """Raise `ValueError` when TRL could not call a reward with the columns of the tasks."""
    passed = set(tasks.column_names) - KEPT
    there = ", ".join(sorted(passed)) or "none"
    columns = columns_of(reward)
    missing = sorted(columns.needed - passed)
    if missing == ["prompt"] or missing == ["completion"]:
        raise ValueError(f"Reward '{name_of(reward)}' takes {missing[0]}; TRL gives it as {missing[0]}s.")
    if missing:
        raise ValueError(
            f"Reward '{name_of(reward)}' needs a column {missing[0]}, which '{name}' does not have (columns for "
            f"rewards: {there}).{_guess(missing[0], tasks)} Add the column, or give the parameter a default."
        )
    if callable(reward) and not columns.others and not columns.named >= passed:
        raise ValueError(
            f"Reward '{name_of(reward)}' takes no **kwargs, and TRL gives every reward all columns ({there}) and "
            f"{', '.join(sorted(GIVEN))}: add **kwargs to its parameters."
        )


def count_tested(tasks: Dataset) -> int:
    """Return how many tasks have hidden tests."""
    return sum(bool(tests) for tests in tasks["tests"]) if "tests" in tasks.column_names else 0


def unread_columns(rewards: Iterable[Any], tasks: Dataset) -> list[str]:
    """Return the columns that no reward reads; none where a reward of the user's own may read any of them."""
    functions = [_inner(reward) for reward in rewards if callable(reward)]
    if not all((getattr(reward, "__module__", "") or "").startswith(KNOWN) for reward in functions):
        return []
    named = {"prompt", *(column for reward in functions for column in columns_of(reward).named)}
    return [column for column in tasks.column_names if column not in named]


def columns_of(reward: Any) -> Columns:
    """Return which columns a reward takes.

    >>> def close(completions, answer, tolerance=0.1, **kwargs):
    ...     return [0.0]
    >>> sorted(columns_of(close).named), sorted(columns_of(close).needed), columns_of(close).others
    (['answer', 'tolerance'], ['answer'], True)
    """
    if not callable(reward):
        return Columns(frozenset(), frozenset(), others=False)
    parameters = inspect.signature(_inner(reward)).parameters.values()
    by_name = [each for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    named = {each.name for each in by_name} - GIVEN
    needed = {each.name for each in by_name if each.default is each.empty} - GIVEN
    others = any(each.kind is each.VAR_KEYWORD for each in parameters)
    return Columns(frozenset(named), frozenset(needed), others)


def name_of(reward: Any) -> str:
    """Return the name of a reward function or reward model, as TRL logs it."""
    return reward if isinstance(reward, str) else get_callable_name(reward)


def _inner(reward: Any) -> Any:
    """Return the reward that those of a run are wrapped around, to share a verification or to overlap with a judge."""
    while isinstance(reward, BackgroundReward) or hasattr(reward, "__wrapped__"):
        reward = reward.reward if isinstance(reward, BackgroundReward) else reward.__wrapped__
    return reward


def _guess(wanted: str, tasks: Dataset) -> str:
    near = nearest(wanted, [column for column in tasks.column_names if column != wanted])
    return f" Is '{near}' meant? Call it {wanted}." if near else ""
