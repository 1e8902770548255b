"""Adds to `trl.GRPOConfig` the options of `MaxRLTrainer`: what "correct" means, and how to learn from it.

Everything is checked here, before a model loads, because a YAML file bypasses the checks of the command line.
An option of GRPO that would silently do nothing is refused with the reason. What needs the reward functions
(an unknown `correctness_reward`) is checked by the trainer.
"""

import dataclasses
import math
from dataclasses import dataclass, field

from trl import GRPOConfig

from trainers.objectives import check_weighting

RUST_COMPILES = 20.0  # the combined reward `rust_reward` exceeds it only when the program compiles
SCHEDULES = ("always", "warmup", "adaptive", "per_group")
# What TRL allows for options of `GRPOConfig` that it checks only when the first batch has been generated.
GRPO_CHOICES = {
    "loss_type": ("grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"),
    "importance_sampling_level": ("token", "sequence"),
    "scale_rewards": ("group", "batch", "none"),
    "multi_objective_aggregation": ("sum_then_normalize", "normalize_then_sum"),
}

_SCHEDULE_OPTIONS = {
    "grpo_warmup_steps": "warmup",
    "switch_correctness": "adaptive",
    "switch_hysteresis": "adaptive",
    "switch_smoothing": "adaptive",
    "switch_min_steps": "adaptive",
    "per_group_scale": "per_group",
}
_GRPO_ADVANTAGE_OPTIONS = ("scale_rewards", "multi_objective_aggregation")
_NEGATIVE_ADVANTAGE_OPTIONS = (
    "off_policy_mask_threshold",
    "delta",
    "sapo_temperature_neg",
    "vespo_k_neg",
    "vespo_lambda_neg",
)


@dataclass
class MaxRLConfig(GRPOConfig):
    r"""
    Configuration class for the [`MaxRLTrainer`].

    This class adds the parameters below to those of [`~trl.GRPOConfig`]. Options of GRPO that would have no
    effect are refused: `scale_rewards` and `multi_objective_aggregation` shape GRPO's advantages only, so
    they need a schedule that uses them; `off_policy_mask_threshold`, `delta`, `sapo_temperature_neg`,
    `vespo_k_neg` and `vespo_lambda_neg` act on negative advantages only, which the schedule `"always"`
    produces with `maxrl_baseline` alone.

    Parameters:
        correctness_threshold (`float`, *optional*, defaults to `20.0`):
            A completion is correct when its reward is strictly above this value. On the combined Rust reward,
            20 separates programs that compile from those that do not.
        correctness_reward (`str`, *optional*):
            Name of the reward function that defines "correct". Its raw value is compared with
            `correctness_threshold` and enters the weights. If `None`, the sum of all raw rewards, weighted by
            `reward_weights`, is used.
        maxrl_weighting (`str`, *optional*, defaults to `"exp"`):
            How the correct completions of a group share its weight: `"exp"` by the exponential of their
            reward over `maxrl_weight_temperature`, `"standardized"` by the same on z-scores within the
            correct ones, `"uniform"` equally.
        maxrl_weight_temperature (`float`, *optional*, defaults to `1.0`):
            Divisor inside the exponential of the weights, in the unit of the reward (of the z-score for
            `"standardized"`). Positive. Unrelated to `temperature`, which is that of sampling.
        maxrl_baseline (`bool`, *optional*, defaults to `False`):
            Whether to subtract 1 from every advantage of a group that holds a correct completion, so that
            wrong completions are pushed down as in the paper. If `False`, only correct completions are learnt
            from.
        maxrl_schedule (`str`, *optional*, defaults to `"always"`):
            When MaxRL's advantages are used: `"always"`; `"warmup"`, GRPO's for `grpo_warmup_steps` and
            MaxRL's from then on; `"adaptive"`, GRPO's while the smoothed correctness rate is below
            `switch_correctness` and MaxRL's above; `"per_group"`, MaxRL's in groups with a correct completion
            and GRPO's, times `per_group_scale`, in the others.
        grpo_warmup_steps (`int`, *optional*, defaults to `200`):
            Optimizer steps of GRPO before MaxRL takes over. Used with `maxrl_schedule="warmup"` only.
            Completions generated before that step keep GRPO's advantages when they are reused for several
            steps.
        switch_correctness (`float`, *optional*, defaults to `0.5`):
            Smoothed correctness rate, strictly between 0 and 1, around which the schedule `"adaptive"`
            switches.
        switch_hysteresis (`float`, *optional*, defaults to `0.05`):
            The schedule `"adaptive"` switches to MaxRL at `switch_correctness` plus this value and back to
            GRPO at `switch_correctness` minus this value, so that noise around the middle does not make it
            flip.
        switch_smoothing (`float`, *optional*, defaults to `0.9`):
            Share of the previous value in the exponential moving average of the correctness rate that the
            schedule `"adaptive"` watches. At least 0, below 1. It starts at the first measured rate.
        switch_min_steps (`int`, *optional*, defaults to `10`):
            Optimizer steps that the schedule `"adaptive"` stays with one method before it may switch.
        per_group_scale (`float`, *optional*, defaults to `0.5`):
            Factor on GRPO's advantages in groups without a correct completion, for the schedule
            `"per_group"`. Below 1, because a less wrong answer teaches less than a correct one.

    Example:

    ```python
    >>> from trainers import MaxRLConfig

    >>> # The estimator of the paper
    >>> args = MaxRLConfig("out", maxrl_weighting="uniform", maxrl_baseline=True, bf16=False)
    >>> MaxRLConfig("out", maxrl_weight_temperature=0.0, bf16=False)
    Traceback (most recent call last):
    ValueError: The MaxRL weight temperature must be positive and finite, got 0.0. ...

    ```
    """

    correctness_threshold: float = field(
        default=RUST_COMPILES,
        metadata={
            "help": "A completion is correct when its reward is strictly above this value. On the combined Rust "
            f"reward, {RUST_COMPILES:g} separates programs that compile from those that do not."
        },
    )
    correctness_reward: str | None = field(
        default=None,
        metadata={
            "help": 'Name of the reward function that defines "correct". Its raw value is compared with '
            "`correctness_threshold` and enters the weights. If `None`, the sum of all raw rewards, weighted by "
            "`reward_weights`, is used."
        },
    )
    maxrl_weighting: str = field(
        default="exp",
        metadata={
            "help": 'How the correct completions of a group share its weight: `"exp"` by the exponential of their '
            'reward over `maxrl_weight_temperature`, `"standardized"` by the same on z-scores within the correct '
            'ones, `"uniform"` equally.'
        },
    )
    maxrl_weight_temperature: float = field(
        default=1.0,
        metadata={
            "help": "Divisor inside the exponential of the weights, in the unit of the reward (of the z-score for "
            '`"standardized"`). Positive. Unrelated to `temperature`, which is that of sampling.'
        },
    )
    maxrl_baseline: bool = field(
        default=False,
        metadata={
            "help": "Whether to subtract 1 from every advantage of a group that holds a correct completion, so that "
            "wrong completions are pushed down as in the paper. If `False`, only correct completions are learnt from."
        },
    )
    maxrl_schedule: str = field(
        default="always",
        metadata={
            "help": 'When MaxRL\'s advantages are used: `"always"`; `"warmup"`, GRPO\'s for `grpo_warmup_steps` and '
            "MaxRL's from then on; `\"adaptive\"`, GRPO's while the smoothed correctness rate is below "
            "`switch_correctness` and MaxRL's above; `\"per_group\"`, MaxRL's in groups with a correct completion "
            "and GRPO's, times `per_group_scale`, in the others."
        },
    )
    grpo_warmup_steps: int = field(
        default=200,
        metadata={
            "help": 'Optimizer steps of GRPO before MaxRL takes over. Used with `maxrl_schedule="warmup"` only. '
            "Completions generated before that step keep GRPO's advantages when they are reused for several steps."
        },
    )
    switch_correctness: float = field(
        default=0.5,
        metadata={
            "help": "Smoothed correctness rate, strictly between 0 and 1, around which the schedule "
            '`"adaptive"` switches.'
        },
    )
    switch_hysteresis: float = field(
        default=0.05,
        metadata={
            "help": 'The schedule `"adaptive"` switches to MaxRL at `switch_correctness` plus this value and back to '
            "GRPO at `switch_correctness` minus this value, so that noise around the middle does not make it flip."
        },
    )
    switch_smoothing: float = field(
        default=0.9,
        metadata={
            "help": "Share of the previous value in the exponential moving average of the correctness rate that the "
            'schedule `"adaptive"` watches. At least 0, below 1. It starts at the first measured rate.'
        },
    )
    switch_min_steps: int = field(
        default=10,
        metadata={"help": 'Optimizer steps that the schedule `"adaptive"` stays with one method before it may switch.'},
    )
    per_group_scale: float = field(
        default=0.5,
        metadata={
            "help": "Factor on GRPO's advantages in groups without a correct completion, for the schedule "
            '`"per_group"`. Below 1, because a less wrong answer teaches less than a correct one.'
        },
    )

    def __post_init__(self) -> None:
        self._check_maxrl_options()
        super().__post_init__()
        for option, allowed in GRPO_CHOICES.items():
            _check_choice(option, getattr(self, option), allowed)
        self._refuse_options_without_effect()

    def _check_maxrl_options(self) -> None:
        check_weighting(self.maxrl_weighting, self.maxrl_weight_temperature)
        _check_choice("maxrl_schedule", self.maxrl_schedule, SCHEDULES)
        if not math.isfinite(self.correctness_threshold):
            raise ValueError(f"correctness_threshold must be a finite number, got {self.correctness_threshold}.")
        if self.num_generations is None or self.num_generations < 2:
            raise ValueError(
                "MaxRL weighs the completions of one prompt against each other, which num_generations="
                f"{self.num_generations} leaves no room for. Set it to at least 2 (8 by default)."
            )
        if self.grpo_warmup_steps < 0 or self.switch_min_steps < 0:
            raise ValueError(
                f"grpo_warmup_steps and switch_min_steps count optimizer steps and cannot be negative, got "
                f"{self.grpo_warmup_steps} and {self.switch_min_steps}."
            )
        low = self.switch_correctness - self.switch_hysteresis
        high = self.switch_correctness + self.switch_hysteresis
        if not (self.switch_hysteresis >= 0 and 0 < low <= high < 1):
            raise ValueError(
                f"The adaptive schedule switches at switch_correctness -/+ switch_hysteresis = {low:g} and "
                f"{high:g}; both must lie strictly between 0 and 1, and the hysteresis cannot be negative."
            )
        if not 0 <= self.switch_smoothing < 1:
            raise ValueError(f"switch_smoothing must be at least 0 and below 1, got {self.switch_smoothing}.")
        if not (math.isfinite(self.per_group_scale) and self.per_group_scale > 0):
            raise ValueError(
                f"per_group_scale must be positive and finite, got {self.per_group_scale}. To learn nothing "
                "from groups without a correct completion, use maxrl_schedule='always'."
            )

    def _refuse_options_without_effect(self) -> None:
        for option, schedule in _SCHEDULE_OPTIONS.items():
            if self.maxrl_schedule != schedule:
                self._refuse(option, f"it belongs to maxrl_schedule={schedule!r}")
        if self.maxrl_schedule != "always":
            return
        for option in _GRPO_ADVANTAGE_OPTIONS:
            self._refuse(option, "it shapes GRPO's advantages, which this schedule never uses")
        if not self.maxrl_baseline:
            for option in _NEGATIVE_ADVANTAGE_OPTIONS:
                self._refuse(option, "it acts on negative advantages, and without maxrl_baseline there are none")

    def _refuse(self, option: str, reason: str) -> None:
        default = next(f.default for f in dataclasses.fields(self) if f.name == option)
        value = getattr(self, option)
        if value != default:
            raise ValueError(
                f"{option}={value!r} has no effect with maxrl_schedule={self.maxrl_schedule!r}: {reason}. "
                "Remove it or change the schedule."
            )


def _check_choice(option: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"Unknown {option} {value!r}. Allowed: {', '.join(map(repr, allowed))}.")
