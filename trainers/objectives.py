"""Computes the advantages of groups of completions: MaxRL's, and GRPO's for comparison. Tensors in, tensors out.

MaxRL (arXiv 2602.02710) maximises the logarithm of the probability that a prompt is answered correctly. Its
gradient estimate is the mean score function over the correct completions of a prompt, and zero when there is
none. Written as advantages for a policy-gradient loss that averages over N completions, each of the K correct
ones gets N / K. The default here goes one step further and weights the correct ones by how far they exceed
the threshold (`"exp"`).

| weighting, baseline  | a correct completion        | a wrong one | source                    |
| -------------------- | --------------------------- | ----------- | ------------------------- |
| `"uniform"`, with    | N / K - 1                   | -1          | the paper, Algorithm 1    |
| `"uniform"`, without | N / K                       | 0           | the paper, its plain mean |
| `"exp"`              | N softmax(r / T)            | 0           | ours                      |
| `"standardized"`     | N softmax(z / T), z in the  | 0           | ours                      |
|                      | correct set                 |             |                           |

It does not decide *when* MaxRL applies (see `schedules.py`) and knows nothing of ranks, tokens or losses.
"""

import math

import torch

WEIGHTINGS = ("exp", "standardized", "uniform")

# Added to a standard deviation before dividing by it, as TRL does: differences far below it are rounding
# errors of a reward, not preferences.
STD_EPSILON = 1e-4


def maxrl_advantages(
    rewards: torch.Tensor,
    num_generations: int,
    *,
    threshold: float,
    weighting: str = "exp",
    weight_temperature: float = 1.0,
    baseline: bool = False,
) -> torch.Tensor:
    r"""
    Compute MaxRL's advantage of every completion from its reward.

    In each group of N = `num_generations` consecutive rewards let C be the completions with a reward above
    `threshold`. A completion in C gets `N * w_i / sum(w over C)`, every other one 0. A group with an empty C
    gets 0 throughout. Source: arXiv 2602.02710, Algorithm 1, for `"uniform"` with `baseline`; the other
    weightings are ours.

    Args:
        rewards (`torch.Tensor` of shape `(B,)`):
            Rewards on any scale, groups one after another. NaN means "could not be scored": such a completion
            belongs to no set and its advantage is 0, also under `baseline`.
        num_generations (`int`):
            Completions per group, N. Must divide B.
        threshold (`float`):
            A completion is correct when its reward is strictly above this value, in the unit of `rewards`.
        weighting (`str`, *optional*, defaults to `"exp"`):
            `"exp"`: `w_i = exp((r_i - threshold) / T)`. `"standardized"`: `w_i = exp(z_i / T)` with `z_i` the
            reward minus the mean over C, divided by the (population) standard deviation over C plus 1e-4.
            `"uniform"`: `w_i = 1`.
        weight_temperature (`float`, *optional*, defaults to `1.0`):
            T above. Small values favour the best correct completion, large ones approach `"uniform"`, which
            ignores it.
        baseline (`bool`, *optional*, defaults to `False`):
            Subtract 1 from every member of a group with a non-empty C, so that wrong completions are pushed
            down.

    Returns:
        `torch.Tensor` of shape `(B,)`: advantages, finite, in the floating-point type of `rewards`.

    Raises:
        `ValueError`: unknown `weighting`, `weight_temperature` not positive and finite, a NaN `threshold`, or
        B not a multiple of `num_generations`.

    Example:

    ```python
    >>> import torch
    >>> maxrl_advantages(torch.tensor([28.0, 24.0, 5.0, -4.5]), 4, threshold=20.0, weighting="uniform")
    tensor([2., 2., 0., 0.])
    >>> maxrl_advantages(torch.tensor([1.0, 0, 0, 0]), 4, threshold=0.5, weighting="uniform", baseline=True)
    tensor([ 3., -1., -1., -1.])

    ```
    """
    check_weighting(weighting, weight_temperature)
    if math.isnan(threshold):
        raise ValueError("The correctness threshold is NaN. Give a number in the unit of the rewards.")
    rewards_GN = _grouped(rewards, num_generations)
    correct_GN = rewards_GN > threshold  # NaN compares false
    some_correct_G1 = correct_GN.any(dim=1, keepdim=True)
    logits_GN = _log_weights(rewards_GN, correct_GN, weighting, weight_temperature)
    # Rows without a correct member would be softmax of nothing; they are overwritten with zero below.
    logits_GN = logits_GN.masked_fill(~correct_GN & some_correct_G1, -math.inf)
    advantages_GN = num_generations * torch.softmax(logits_GN, dim=1)
    if baseline:
        advantages_GN = (advantages_GN - 1.0).masked_fill(rewards_GN.isnan(), 0.0)
    return advantages_GN.masked_fill(~some_correct_G1, 0.0).flatten().to(rewards.dtype)


def grpo_advantages(rewards: torch.Tensor, num_generations: int, *, scale_rewards: str = "group") -> torch.Tensor:
    """
    Compute GRPO's advantage of every completion, equal to what `trl.GRPOTrainer` uses.

    The reward minus the mean of its group, divided by the standard deviation (Bessel-corrected) plus 1e-4.
    The trainer takes these numbers from TRL itself; this function is for examples and tests. Source: arXiv
    2402.03300, section 4.1.2, with TRL's scaling options.

    Args:
        rewards (`torch.Tensor` of shape `(B,)`):
            Weighted sums of the reward functions, groups one after another. NaN rows are left out of means
            and deviations and get 0.
        num_generations (`int`):
            Completions per group. Must divide B.
        scale_rewards (`str`, *optional*, defaults to `"group"`):
            `"group"` divides by the standard deviation of the group, `"batch"` by that of all rewards,
            `"none"` by nothing.

    Returns:
        `torch.Tensor` of shape `(B,)`: advantages in the floating-point type of `rewards`.

    Raises:
        `ValueError`: unknown `scale_rewards`, or B not a multiple of `num_generations`.
    """
    if scale_rewards not in ("group", "batch", "none"):
        raise ValueError(f"Unknown scale_rewards {scale_rewards!r}. Allowed: 'group', 'batch', 'none'.")
    rewards_GN = _grouped(rewards, num_generations)
    centred_GN = rewards_GN - rewards_GN.nanmean(dim=1, keepdim=True)
    if scale_rewards == "group":
        centred_GN = centred_GN / (_sample_std(rewards_GN) + STD_EPSILON)
    elif scale_rewards == "batch":
        centred_GN = centred_GN / (_sample_std(rewards_GN.reshape(1, -1)) + STD_EPSILON)
    return centred_GN.nan_to_num(nan=0.0).flatten().to(rewards.dtype)


def summed_rewards(rewards_per_func: torch.Tensor, weights: torch.Tensor, num_generations: int) -> torch.Tensor:
    """
    Add up the rewards of every completion, for a comparison with a threshold.

    A reward that a whole group lacks does not apply to its prompt (no tests, say) and is left out. One that only some
    of a group lack was not found out: their sum is not known. Source: ours; TRL counts both as 0.

    Args:
        rewards_per_func (`torch.Tensor` of shape `(B, functions)`):
            Raw rewards, groups one after another; NaN for `None`.
        weights (`torch.Tensor` of shape `(functions,)`):
            Weight of each function.
        num_generations (`int`):
            Completions per group. Must divide B.

    Returns:
        `torch.Tensor` of shape `(B,)`: weighted sums; NaN where not known, and where there is no reward at all.

    Example:

    ```python
    >>> import torch
    >>> nan = float("nan")
    >>> summed_rewards(torch.tensor([[1.0, 2.0], [1.0, nan], [1.0, nan], [0.0, nan]]), torch.ones(2), 2)
    tensor([3., nan, 1., 0.])

    ```
    """
    missing_BF = rewards_per_func.isnan()
    missing_GNF = missing_BF.view(-1, num_generations, rewards_per_func.size(1))
    unknown_B = (missing_GNF & ~missing_GNF.all(dim=1, keepdim=True)).any(dim=2).flatten()
    sums = (rewards_per_func * weights).nansum(dim=1)
    return sums.masked_fill(unknown_B | missing_BF.all(dim=1), torch.nan)


def check_weighting(weighting: str, weight_temperature: float) -> None:
    """
    Check the two weighting options of MaxRL.

    Args:
        weighting (`str`):
            Must be one of `WEIGHTINGS`.
        weight_temperature (`float`):
            Must be positive and finite.

    Raises:
        `ValueError`: one of them is not allowed; the message says what is.
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(f"Unknown MaxRL weighting {weighting!r}. Allowed: {', '.join(map(repr, WEIGHTINGS))}.")
    if not (math.isfinite(weight_temperature) and weight_temperature > 0):
        raise ValueError(
            f"The MaxRL weight temperature must be positive and finite, got {weight_temperature}. Small "
            "values favour the best correct completion; for equal weights use the weighting 'uniform'."
        )


def _grouped(rewards: torch.Tensor, num_generations: int) -> torch.Tensor:
    """Return `rewards` as `(groups, num_generations)`, at least in single precision."""
    if rewards.dim() != 1 or num_generations < 1 or rewards.numel() % num_generations:
        raise ValueError(
            f"Expected a one-dimensional tensor of rewards whose length is a multiple of num_generations="
            f"{num_generations}, got shape {tuple(rewards.shape)}."
        )
    precision = torch.promote_types(rewards.dtype, torch.float32)
    return rewards.detach().to(precision).reshape(rewards.numel() // num_generations, num_generations)


def _log_weights(
    rewards_GN: torch.Tensor, correct_GN: torch.Tensor, weighting: str, weight_temperature: float
) -> torch.Tensor:
    """
    Return log w_i up to a constant per group, 0 outside C.

    The largest reward of C is subtracted before dividing by the temperature: nothing overflows, whatever the
    scale, and the threshold, being common to all, drops out.
    """
    if weighting == "uniform":
        return torch.zeros_like(rewards_GN)
    inside_GN = rewards_GN.masked_fill(~correct_GN, 0.0).nan_to_num()  # +inf becomes the largest finite number
    best_G1 = inside_GN.masked_fill(~correct_GN, -math.inf).amax(dim=1, keepdim=True)
    gap_GN = (inside_GN - best_G1).masked_fill(~correct_GN, 0.0)  # <= 0, and 0 for the best
    if weighting == "standardized":
        # The standard deviation of the gaps is that of the rewards, without the digits lost to a common offset.
        count_G1 = correct_GN.sum(dim=1, keepdim=True).clamp(min=1)
        mean_G1 = gap_GN.sum(dim=1, keepdim=True) / count_G1
        squares_GN = ((gap_GN - mean_G1) ** 2).masked_fill(~correct_GN, 0.0)
        gap_GN = gap_GN / ((squares_GN.sum(dim=1, keepdim=True) / count_G1).sqrt() + STD_EPSILON)
    return gap_GN / weight_temperature


def _sample_std(rewards_GN: torch.Tensor) -> torch.Tensor:
    """Return each row's Bessel-corrected deviation without its NaNs; NaN if fewer than two numbers remain."""
    count_G1 = (~rewards_GN.isnan()).sum(dim=1, keepdim=True)
    squares_GN = (rewards_GN - rewards_GN.nanmean(dim=1, keepdim=True)) ** 2
    return (squares_GN.nansum(dim=1, keepdim=True) / (count_G1 - 1).clamp(min=0)).sqrt()
