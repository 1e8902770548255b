"""Makes the rewards of a training script from its arguments: by name, one that has to know the length limit, the judge.

`overlong` is TRL's `get_soft_overlong_punishment` (DAPO, arXiv 2503.14476, equation 13): 0 up to the last
`soft_punish_cache` tokens before `max_completion_length`, from there evenly down to -1 for a completion that was cut
off. With it, running on to the limit costs points whatever the answer is worth. TRL's `mask_truncated_completions` is
no substitute: it keeps such completions out of the loss, so that not stopping is never punished, while their rewards
still count in the mean of their group.
"""

from collections.abc import Callable
from typing import Any

from trl.rewards import get_soft_overlong_punishment

from launch.messages import announce
from rust_rewards.judge import JudgeArguments, with_judge
from rust_rewards.reward_names import SHORT_NAMES, resolve_rewards

OVERLONG = "overlong"
REWARD_NAMES = (*SHORT_NAMES, OVERLONG)
SUM_FIRST = "sum_then_normalize"
PUNISHED_PART = 8  # without `soft_punish_cache`: the last eighth of the longest completion


def reward_functions(script_args: Any, training_args: Any, judge_args: JudgeArguments) -> list[Any]:
    """Return one reward function (or reward model name) per name of `reward_funcs`, in order, and the judge if any.

    Adds the judge's weight to the `reward_weights` of `training_args`.

    Raises:
        ValueError: For an unknown or repeated name, a path that cannot be imported, or a setting that does not fit.
        ToolchainError: When a reward needs rustc or clippy and there is none.
        ImportError: When there is to be a judge, and the `openai` package is missing.
        JudgeError: When the judge does not answer and is not optional.
    """
    named = resolve_rewards(script_args.reward_funcs, _rewards_of_recipes(script_args, training_args))
    rewards, training_args.reward_weights = with_judge(named, training_args.reward_weights, judge_args)
    uses_grpo = getattr(training_args, "maxrl_schedule", "never") != "always"
    if len(rewards) > len(named) and uses_grpo and training_args.multi_objective_aggregation == SUM_FIRST:
        announce(
            "The judge may have no score where the other rewards do, and summed first that counts as 0, the worst "
            "there is: better add --multi_objective_aggregation normalize_then_sum."
        )
    return rewards


def _rewards_of_recipes(script_args: Any, training_args: Any) -> dict[str, Callable]:
    if OVERLONG in script_args.reward_funcs:
        limit, tokens = training_args.max_completion_length, script_args.soft_punish_cache
        return {OVERLONG: overlong_punishment(limit, tokens)}
    if script_args.soft_punish_cache is not None:
        announce(f"soft_punish_cache has no effect: '{OVERLONG}' is not among the reward_funcs.")
    return {}


def overlong_punishment(limit: int | None, tokens: int | None) -> Callable:
    """Return TRL's reward for completions of at most `limit` tokens, which falls within the last `tokens`.

    Raises:
        ValueError: When there is no limit, or `tokens` is not between 1 and the limit.
    """
    if limit is None:
        raise ValueError(f"Reward '{OVERLONG}' needs a length limit: give --max_completion_length.")
    if tokens is None:
        tokens = max(1, limit // PUNISHED_PART)
    if not 1 <= tokens <= limit:
        raise ValueError(
            f"soft_punish_cache is {tokens}; it must be at least 1 and at most max_completion_length, {limit}."
        )
    return get_soft_overlong_punishment(limit, tokens)
