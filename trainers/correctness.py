"""Counts correct completions: the `maxrl/...` metrics, a line on the console, warnings about runs without any.

Counts are summed between two log lines and turned into rates at the end, so that a rate over several batches
is the rate over all their completions. It decides nothing about advantages.
"""

import logging
from dataclasses import dataclass
from typing import Any

import torch
from tqdm.auto import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from trainers.signal_watch import PATIENCE, NothingScoredError, is_due, unscored_message

logger = logging.getLogger(__name__)


@dataclass
class CorrectnessTally:
    """Sums over the batches since the last log line."""

    n_correct: int = 0
    n_total: int = 0
    correct_reward_sum: float = 0.0
    groups: int = 0
    groups_without_correct: int = 0
    groups_all_correct: int = 0
    groups_with_maxrl: int = 0

    def add(self, rewards_GN: torch.Tensor, correct_GN: torch.Tensor, maxrl_G: torch.Tensor) -> None:
        """
        Add one batch, gathered over all ranks.

        Args:
            rewards_GN (`torch.Tensor` of shape `(groups, num_generations)`):
                The rewards that define correct. NaN rows could not be scored and do not count.
            correct_GN (`torch.Tensor` of shape `(groups, num_generations)`):
                Which completions are correct.
            maxrl_G (`torch.Tensor` of shape `(groups,)`):
                Which groups use MaxRL's advantages.
        """
        self.n_correct += int(correct_GN.sum())
        self.n_total += int((~rewards_GN.isnan()).sum())
        self.correct_reward_sum += rewards_GN[correct_GN].sum().item()
        self.groups += correct_GN.size(0)
        self.groups_without_correct += int((~correct_GN.any(dim=1)).sum())
        self.groups_all_correct += int(correct_GN.all(dim=1).sum())
        self.groups_with_maxrl += int(maxrl_G.sum())

    def metrics(self) -> dict[str, float | None]:
        """
        Return the metrics of the batches added so far, none when there were none.

        Returns:
            `dict[str, float | None]`: `None` where nothing was counted (no scored or no correct completion),
            as TRL does for its own means.
        """
        if not self.groups:
            return {}
        return {
            "maxrl/correctness_rate": self.n_correct / self.n_total if self.n_total else None,
            "maxrl/n_correct": self.n_correct,
            "maxrl/n_total": self.n_total,
            "maxrl/avg_correct_reward": self.correct_reward_sum / self.n_correct if self.n_correct else None,
            "maxrl/frac_groups_without_correct": self.groups_without_correct / self.groups,
            "maxrl/frac_groups_all_correct": self.groups_all_correct / self.groups,
            "maxrl/active": self.groups_with_maxrl / self.groups,
        }


class SignalWatch:
    """
    Notices that a run has nothing to learn from, and says so with what it observed.

    Args:
        names (`list[str]`):
            Names of the reward functions, in the order of their columns.
        threshold (`float`):
            The correctness threshold.
    """

    def __init__(self, names: list[str], threshold: float) -> None:
        self.names = names
        self.threshold = threshold
        self.batches = 0
        self.n_correct = 0
        self.n_seen = 0
        self.n_truncated = 0
        self.lowest, self.highest = float("inf"), float("-inf")
        self.ever_scored = [False] * len(names)
        self._warned = False

    def observe(
        self, rewards_per_func: torch.Tensor, rewards: torch.Tensor, truncated: torch.Tensor, n_correct: int
    ) -> None:
        """
        Take note of one training batch, gathered over all ranks; warn when the first batches hold no signal.

        Args:
            rewards_per_func (`torch.Tensor` of shape `(B, functions)`):
                Raw rewards, NaN for `None`.
            rewards (`torch.Tensor` of shape `(B,)`):
                The raw rewards that define correct, NaN where they could not be scored.
            truncated (`torch.Tensor` of shape `(B,)`):
                Which completions were cut off at the length limit.
            n_correct (`int`):
                How many completions of the batch are correct.

        Raises:
            [`NothingScoredError`]: no completion at all could be scored in the first `PATIENCE` batches.
        """
        self.batches += 1
        self.n_correct += n_correct
        self.n_seen += rewards.numel()
        self.n_truncated += int(truncated.sum())
        scored = rewards[~rewards.isnan()]
        if scored.numel():
            self.lowest = min(self.lowest, scored.min().item())
            self.highest = max(self.highest, scored.max().item())
        scored_now = (~rewards_per_func.isnan()).any(dim=0).tolist()
        self.ever_scored = [before or now for before, now in zip(self.ever_scored, scored_now, strict=True)]
        if self.batches == PATIENCE:
            self._check_functions()
        if self.n_correct == 0 and is_due(self.batches):
            self.warn_if_nothing_was_correct()

    def warn_if_nothing_was_correct(self, *, final: bool = False) -> None:
        """
        Warn with the observed range of rewards when no completion has been correct yet.

        Args:
            final (`bool`, *optional*, defaults to `False`):
                Whether training is over: then it warns only if it has not done so before.
        """
        if self.n_correct or not self.batches or (final and self._warned):
            return
        self._warned = True
        if self.lowest > self.highest:
            logger.warning("%s", unscored_message(self.names, self.batches))
            return
        truncated = ""
        if self.n_truncated:
            truncated = (
                f" {self.n_truncated} of {self.n_seen} completions were cut off at max_completion_length, "
                "which counts as a failure."
            )
        logger.warning(
            "No completion was correct in the first %d batches: rewards from %g to %g were observed, "
            "correctness_threshold is %g.%s Until there are some, nothing can be learnt from them: lower the "
            "threshold, start from a stronger checkpoint, or use maxrl_schedule='warmup' or 'per_group'.",
            self.batches, self.lowest, self.highest, self.threshold, truncated,
        )  # fmt: skip

    def _check_functions(self) -> None:
        silent = [name for name, scored in zip(self.names, self.ever_scored, strict=True) if not scored]
        if len(silent) == len(self.names):
            raise NothingScoredError(unscored_message(silent, self.batches))
        for name in silent:
            logger.warning("%s", unscored_message([name], self.batches))


class CorrectnessLineCallback(TrainerCallback):
    """Prints one line per log with the correctness. A script with a line of its own per step removes it."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        line = correctness_line(logs or {})
        if line and state.is_world_process_zero:
            tqdm.write(line)  # does not tear a progress bar apart


class CorrectnessEndCallback(TrainerCallback):
    """
    Warns at the end of a run that never saw a correct completion.

    Args:
        watch (`SignalWatch`):
            The watch of the trainer.
    """

    def __init__(self, watch: SignalWatch) -> None:
        self.watch = watch

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            self.watch.warn_if_nothing_was_correct(final=True)


def correctness_line(logs: dict[str, Any]) -> str:
    """
    Format the correctness of one log record for the console.

    Args:
        logs (`dict[str, Any]`):
            What the trainer logs: training or evaluation metrics.

    Returns:
        `str`: the line, empty when the record holds no correctness.

    Example:

    ```python
    >>> logs = {"maxrl/n_correct": 12, "maxrl/n_total": 16, "maxrl/avg_correct_reward": 27.5, "loss": 4.2}
    >>> correctness_line(logs)
    'Correctness: 12/16 (75.0%)  avg correct reward 27.5  loss 4.2'

    ```
    """
    prefix = next((p for p in ("", "eval_") if f"{p}maxrl/n_total" in logs), None)
    if prefix is None:
        return ""
    correct, total = logs[f"{prefix}maxrl/n_correct"], logs[f"{prefix}maxrl/n_total"]
    share = f" ({correct / total:.1%})" if total else ""
    parts = [f"{'Held-out correctness' if prefix else 'Correctness'}: {correct}/{total}{share}"]
    reward = logs[f"{prefix}maxrl/avg_correct_reward"]
    parts.append(f"avg correct reward {'-' if reward is None else format(reward, '.4g')}")
    if f"{prefix}loss" in logs:
        parts.append(f"loss {float(logs[f'{prefix}loss']):.4g}")
    return "  ".join(parts)
