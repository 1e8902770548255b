"""Computes the statistics of an evaluation: unbiased pass@k and paired bootstrap intervals. Pure.

Both work on one number per task, because tasks, not samples, are what a benchmark draws: four samples of one
task are far from four independent observations, and resampling them as if they were makes every interval too
narrow. Not here: tests of significance. An interval that excludes 0 says what a p-value would, and its size
as well. Without numpy, so that comparing two results needs nothing beyond Python.
"""

import functools
import math
import random
from array import array
from collections.abc import Sequence
from typing import NamedTuple

BOOTSTRAP_RESAMPLES = 10_000  # the limits of a 95 % interval move by less than 2 % of its width between seeds


SMOOTHED_FROM = 20  # values; a shorter curve is shown as it is
SMOOTHED_SHARE = 0.05  # of a curve's values, the width of the mean around each


def smoothing_window(count: int) -> int:
    """Return over how many values a curve of `count` values is averaged: an odd number, 1 for a short curve.

    >>> [smoothing_window(count) for count in (10, 19, 20, 120, 1000)]
    [1, 1, 5, 7, 51]
    """
    return max(5, round(count * SMOOTHED_SHARE) // 2 * 2 + 1) if count >= SMOOTHED_FROM else 1


def moving_mean(values: Sequence[float], window: int) -> list[float]:
    """Return the mean of the `window` values around each one, of fewer at both ends.

    >>> moving_mean([0.0, 3.0, 6.0, 0.0], 3)
    [1.5, 3.0, 3.0, 3.0]
    """
    reach = window // 2
    around = [values[max(place - reach, 0) : place + reach + 1] for place in range(len(values))]
    return [sum(near) / len(near) for near in around]


class Interval(NamedTuple):
    """A difference and the limits of its interval."""

    difference: float
    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the unbiased estimate of the chance that at least one of `k` samples is correct.

    `1 - C(n-c, k) / C(n, k)`, computed as a product so that no binomial overflows ([Chen et al.,
    2021](https://arxiv.org/abs/2107.03374), equation 1).

    Args:
        n (`int`): Samples drawn for the task, at least `k`.
        c (`int`): How many of them are correct, in `0..n`.
        k (`int`): Samples a user would look at, at least 1.

    Returns:
        `float`: In `0..1`.

    Raises:
        ValueError: When `k` is below 1 or above `n`, or `c` lies outside `0..n`.

    Example:

    ```python
    >>> round(pass_at_k(n=5, c=2, k=2), 2)  # 1 - C(3,2)/C(5,2) = 1 - 3/10
    0.7

    ```
    """
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs k between 1 and the {n} samples of each task; draw more or lower k.")
    if not 0 <= c <= n:
        raise ValueError(f"{c} correct answers among {n} samples is impossible; give 0 <= c <= n.")
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / among for among in range(n - c + 1, n + 1))


def paired_bootstrap(
    before: Sequence[float],
    after: Sequence[float],
    *,
    resamples: int = BOOTSTRAP_RESAMPLES,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the mean of `after - before` over tasks with its percentile bootstrap interval.

    The pairs are resampled, not the two sides: a hard task is hard for both models, and pairing takes that out.

    Args:
        before (`Sequence[float]`): One value per task.
        after (`Sequence[float]`): The same tasks in the same order.
        resamples (`int`, *optional*, defaults to `10000`): Bootstrap resamples.
        confidence (`float`, *optional*, defaults to `0.95`): Coverage of the interval, in `0..1`.
        seed (`int`, *optional*, defaults to `0`): Seed of the resampling; the same inputs give the same interval.

    Returns:
        `Interval`: Difference, lower and upper limit, in the unit of the values.

    Raises:
        ValueError: When the two differ in length or are empty.
    """
    if len(before) != len(after) or not before:
        raise ValueError(f"Need one value per task on both sides; got {len(before)} before and {len(after)} after.")
    differences = [float(new) - float(old) for old, new in zip(before, after, strict=True)]
    count = len(differences)
    draws = _resamples(count, resamples, seed)
    means = sorted(math.fsum(map(differences.__getitem__, picks)) / count for picks in draws)
    tail = (1 - confidence) / 2
    return Interval(math.fsum(differences) / count, _quantile(means, tail), _quantile(means, 1 - tail))


@functools.lru_cache(maxsize=1)  # every metric of a comparison resamples the same tasks
def _resamples(count: int, resamples: int, seed: int) -> list[array]:
    """Draw the tasks of each resample, as positions with replacement."""
    source = random.Random(seed)
    return [array("I", source.choices(range(count), k=count)) for _ in range(resamples)]


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of ordered values lies, between two of them by linear interpolation.

    >>> _quantile([1.0, 2.0, 4.0], 0.75)
    3.0
    """
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
