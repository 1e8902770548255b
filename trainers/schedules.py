"""Decides when MaxRL replaces GRPO: one small object per schedule, asked once per batch of generated completions.

A schedule sees the optimizer step and the measured correctness rate, answers "MaxRL or GRPO", and exposes
whatever it must remember so that a checkpoint can carry it. It does not compute advantages and does not know
about groups: the schedule `"per_group"` always says MaxRL, and the trainer fills the groups without a correct
completion.
"""

from dataclasses import dataclass
from typing import Any

from trainers.maxrl_config import MaxRLConfig


@dataclass
class Schedule:
    """MaxRL at every step (`maxrl_schedule="always"` and `"per_group"`), and the base of the others."""

    def observe(self, step: int, correctness_rate: float) -> None:
        """Take note of a training batch; nothing depends on it here."""

    def uses_maxrl(self, step: int) -> bool:
        """Return whether MaxRL's advantages apply at optimizer step `step`, counted from 0."""
        return True

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must carry, as JSON types. Empty when the step says it all."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state()`."""


@dataclass
class Warmup(Schedule):
    """
    GRPO for the first steps, MaxRL from then on (`maxrl_schedule="warmup"`).

    Args:
        steps (`int`):
            Optimizer steps of GRPO. Nothing to remember: the step is in every checkpoint.
    """

    steps: int

    def uses_maxrl(self, step: int) -> bool:
        return step >= self.steps


@dataclass
class Adaptive(Schedule):
    """
    GRPO while correct completions are rare, MaxRL once they are common (`maxrl_schedule="adaptive"`). Ours.

    Args:
        threshold (`float`):
            Smoothed correctness rate, 0 to 1, around which to switch.
        hysteresis (`float`):
            Switches up at `threshold + hysteresis`, down at `threshold - hysteresis`.
        smoothing (`float`):
            Share of the previous value in the moving average, 0 to below 1.
        min_steps (`int`):
            Optimizer steps to stay before switching again, also at the start.

    Example:

    ```python
    >>> schedule = Adaptive(threshold=0.5, hysteresis=0.1, smoothing=0.0, min_steps=2)
    >>> for step, rate in enumerate([0.7, 0.55, 0.7, 0.3, 0.3, 0.45]):
    ...     schedule.observe(step, rate)
    ...     print(rate, schedule.uses_maxrl(step))
    0.7 False
    0.55 False
    0.7 True
    0.3 True
    0.3 False
    0.45 False

    ```
    """

    threshold: float
    hysteresis: float
    smoothing: float
    min_steps: int
    smoothed_rate: float | None = None
    maxrl_active: bool = False
    active_since: int = 0

    def observe(self, step: int, correctness_rate: float) -> None:
        """
        Update the moving average and switch if it says so.

        Args:
            step (`int`):
                Optimizer step that the batch is generated for, counted from 0.
            correctness_rate (`float`):
                Share of correct completions among all of the batch, 0 to 1.
        """
        if self.smoothed_rate is None:
            self.smoothed_rate = correctness_rate
        else:
            self.smoothed_rate = self.smoothing * self.smoothed_rate + (1 - self.smoothing) * correctness_rate
        if step - self.active_since < self.min_steps:
            return
        if self.maxrl_active:
            switch = self.smoothed_rate <= self.threshold - self.hysteresis
        else:
            switch = self.smoothed_rate >= self.threshold + self.hysteresis
        if switch:
            self.maxrl_active = not self.maxrl_active
            self.active_since = step

    def uses_maxrl(self, step: int) -> bool:
        return self.maxrl_active

    def state(self) -> dict[str, Any]:
        return {
            "smoothed_rate": self.smoothed_rate,
            "maxrl_active": self.maxrl_active,
            "active_since": self.active_since,
        }

    def restore(self, state: dict[str, Any]) -> None:
        for name in self.state():
            setattr(self, name, state[name])


def make_schedule(args: MaxRLConfig) -> Schedule:
    """
    Build the schedule that `args` ask for.

    Args:
        args ([`MaxRLConfig`]):
            Checked configuration.

    Returns:
        `Schedule`, `Warmup` or `Adaptive`, at its initial state.
    """
    if args.maxrl_schedule == "warmup":
        return Warmup(steps=args.grpo_warmup_steps)
    if args.maxrl_schedule == "adaptive":
        return Adaptive(
            threshold=args.switch_correctness,
            hysteresis=args.switch_hysteresis,
            smoothing=args.switch_smoothing,
            min_steps=args.switch_min_steps,
        )
    return Schedule()
