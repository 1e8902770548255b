"""Notices, from what a trainer logs, that a run has nothing to learn from, and says so.

Works with every TRL trainer that logs `reward` and `frac_reward_zero_std` (GRPO, RLOO). `MaxRLTrainer` has a watch of
its own (`correctness.py`), which knows what is correct; both wait equally long and use the words of this module.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

logger = logging.getLogger(__name__)

# Batches or log lines without any signal before the run is called out: weak models start at a few per cent, where one
# empty batch is no news and ten in a row are.
PATIENCE = 10


class NothingScoredError(RuntimeError):
    """No reward function returned a number for any completion: the run would train on nothing."""


class NoSignalCallback(TrainerCallback):
    """
    Warns when no group of completions has taught anything yet, and stops a run in which nothing could be scored.

    A group teaches something when its rewards differ. The warning comes after `PATIENCE` logged steps, then after
    twice, four times, ... as many, and at the end of a shorter run.

    Raises:
        [`NothingScoredError`]: no reward function returned a number in the first `PATIENCE` logged steps.
    """

    def __init__(self) -> None:
        self.logged = 0
        self.scored: dict[str, bool] = {}  # per reward function, whether it ever returned a number
        self.taught = False
        self.lowest, self.highest = math.inf, -math.inf
        self.clipped = 0.0  # sum over the logged steps of the share cut off at the length limit
        self._warned = False

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take note of a training step; evaluations and the summary are none."""
        if logs is None or "reward" not in logs:
            return
        self._note(logs)
        if self.logged == PATIENCE:
            self._check_functions(state.is_world_process_zero)
        if is_due(self.logged) and state.is_world_process_zero:
            self._warn_if_nothing_taught()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Warn at the end of a run that was too short to be warned before."""
        if state.is_world_process_zero and not self._warned:
            self._warn_if_nothing_taught()

    def _note(self, logs: Mapping[str, Any]) -> None:
        self.logged += 1
        for name, value in logs.items():
            if name.startswith("rewards/") and name.endswith("/mean"):
                function = name.removeprefix("rewards/").removesuffix("/mean")
                self.scored[function] = self.scored.get(function, False) or is_number(value)
        flat = logs.get("frac_reward_zero_std", math.nan)
        self.taught = self.taught or not is_number(flat) or flat < 1
        reward = logs["reward"]
        if is_number(reward):
            self.lowest, self.highest = min(self.lowest, reward), max(self.highest, reward)
        clipped = logs.get("completions/clipped_ratio", 0.0)
        self.clipped += clipped if is_number(clipped) else 0.0

    def _check_functions(self, first_process: bool) -> None:
        silent = [name for name, scored in self.scored.items() if not scored]
        if silent and len(silent) == len(self.scored):
            raise NothingScoredError(unscored_message(silent, self.logged))
        for name in silent if first_process else []:
            logger.warning("%s", unscored_message([name], self.logged))

    def _warn_if_nothing_taught(self) -> None:
        if not self.logged:
            return
        if self.lowest > self.highest:
            self._warned = True
            logger.warning("%s", unscored_message(list(self.scored), self.logged))
        elif not self.taught:
            self._warned = True
            self._warn_with_range()

    def _warn_with_range(self) -> None:
        logger.warning(
            "Nothing to learn from in the first %d logged steps: in every group all completions have the same reward "
            "(means from %g to %g), and %.0f %% of them were cut off at max_completion_length. Raise "
            "max_completion_length where many are cut off; else start from a stronger checkpoint or easier tasks, or "
            "sample more per prompt (num_generations).",
            self.logged, self.lowest, self.highest, 100 * self.clipped / self.logged,
        )  # fmt: skip


def is_number(value: Any) -> bool:
    """Say whether a logged value is a finite number; what was not measured is `None` or NaN."""
    return isinstance(value, int | float) and math.isfinite(value)


def is_due(count: int) -> bool:
    """Say whether to warn now: at `PATIENCE`, then at twice, four times, ... as many.

    >>> [count for count in range(1, 100) if is_due(count)]
    [10, 20, 40, 80]
    """
    quotient, rest = divmod(count, PATIENCE)
    return rest == 0 and quotient > 0 and quotient & (quotient - 1) == 0


def unscored_message(names: list[str], batches: int) -> str:
    """Word that reward functions have returned no number so far."""
    return (
        f"Reward function(s) {', '.join(names)} returned None for every completion of the first {batches} "
        "batch(es). None means that nothing could be scored: check that the dataset has the columns they "
        "read and that the tools they call (compiler, judge) are there."
    )
