"""Adds to a run: a CSV log, its plot and a JSON history, a readable line per step, a graceful stop.

All work with any TRL trainer; the log is of use where `reward` and `reward_std` are logged (GRPO, MaxRL, RLOO). The
record of a run is the trainer's own `state.log_history`, which checkpoints carry: after a resume the CSV is rewritten
from it and then appended to, so a row can be neither lost nor doubled, whatever the file held.

Not here: the completions table (TRL's `log_completions`) and trackers (`report_to`).
"""

import logging
import math
import os
import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any

import torch
from transformers import ProgressCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from trainers.training_log import HISTORY_NAME, LOG_NAME, append_to_log, log_row, write_history, write_log
from trainers.training_plot import PLOT_NAME, plot_training_log

logger = logging.getLogger(__name__)


class TrainingLogCallback(TrainerCallback):
    """
    Writes `rl_training.log` (CSV), `training_history.json` and `rl_training.png` into the output folder.

    The CSV gets one row per logging step, flushed at once; a step that only reuses the batch of an earlier one
    (`num_iterations` above 1) has no rewards and no row. So `logging_steps` equal to the steps per generation
    makes one row per iteration.
    The JSON is written with every checkpoint and at the end: `{"steps": [...], "evaluations": [...]}`, where
    each step holds the CSV's columns and under `metrics` everything the trainer logged. A value that was not
    measured is an empty cell and `null`. Only the first process writes.

    The lowest and highest reward of the last batch, which the trainer does not log, are added to its own record:
    every training entry of `state.log_history` gets `reward_min` and `reward_max`. So checkpoints carry them, and
    a resumed run can write its log again.

    Args:
        trainer ([`~trl.GRPOTrainer`]):
            The trainer that logs; its completions log says what the rewards of the last batch were.

    Example:

    ```python
    trainer = GRPOTrainer(...)
    trainer.add_callback(TrainingLogCallback(trainer))
    ```
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the CSV with the steps that the resumed checkpoint knows of; none in a fresh run."""
        if state.is_world_process_zero:
            write_log(state.log_history, _path(args, LOG_NAME))

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Complete the record of a training step and append its row; evaluations and the summary have none."""
        logs: dict[str, Any] = state.log_history[-1]
        if "reward" not in logs:
            return
        rewards = last_rewards(self.trainer)
        logs["reward_min"] = min(rewards, default=None)
        logs["reward_max"] = max(rewards, default=None)
        if state.is_world_process_zero:
            append_to_log(logs, _path(args, LOG_NAME))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Write the JSON history beside the new checkpoint."""
        if state.is_world_process_zero:
            write_history(state.log_history, _path(args, HISTORY_NAME))

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Write the JSON history and, when matplotlib is installed, the plot."""
        if not state.is_world_process_zero:
            return
        write_history(state.log_history, _path(args, HISTORY_NAME))
        try:
            plot_training_log(_path(args, LOG_NAME), _path(args, PLOT_NAME))
        except ImportError as err:
            logger.warning("No %s: %s", PLOT_NAME, err)


class StepLineCallback(TrainerCallback):
    """
    Prints a readable line per log, in place of the dictionary of 25 metrics that transformers prints into a file.

    All metrics are in `training_history.json`, in the checkpoints and in the trackers.
    """

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Print the line, from the first process."""
        line = step_line({**(logs or {}), "step": state.global_step}, total=state.max_steps)
        if line and state.is_world_process_zero:
            print(line, flush=True)


class StepBarCallback(ProgressCallback):
    """The trainer's progress bar for a terminal, with the line of [`StepLineCallback`] above it."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the line above the bar."""
        line = step_line({**(logs or {}), "step": state.global_step}, total=state.max_steps)
        if line and self.training_bar is not None:
            self.training_bar.write(line)


class GracefulStopCallback(TrainerCallback):
    """
    Ends training after the step in progress, with a checkpoint, when the process gets SIGTERM or Ctrl-C.

    All processes stop at the same step, whichever of them got the signal. A second signal acts as if this
    callback were not there. Afterwards `signal` holds the signal's number, or `None` when training ran to its
    end.

    transformers' own `enable_jit_checkpoint` knows only SIGTERM, waits three seconds, and lets each process
    stop at a step of its own.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        self.signal: int | None = None
        self._previous: dict[int, Any] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Install the handlers."""
        self.signal = None
        self._previous = {number: signal.signal(number, self._note) for number in self.SIGNALS}

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Ask for a checkpoint and the end of training once any process was signalled."""
        if args.world_size > 1:
            flag = torch.tensor(self.signal or 0, device=args.device)
            torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
            self.signal = int(flag) or None
        if self.signal is not None:
            control.should_save = True
            control.should_training_stop = True

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Put the previous handlers back."""
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._restore()
        logger.warning(
            "%s: stopping after this step, with a checkpoint. Once more stops at once.",
            signal.Signals(number).name,
        )

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}


def step_line(logs: Mapping[str, Any], total: int) -> str:
    """
    Word one log: a training step with rewards or without, an evaluation, or the summary at the end.

    Args:
        logs (`Mapping`):
            What the trainer logs, and the `step`.
        total (`int`):
            Steps of the whole run.

    Returns:
        `str`: The line; empty when the log holds nothing that a person would look for.

    Example:

    ```python
    >>> step_line({"step": 7, "reward": 12.25, "reward_std": 8.5, "rewards/tests_reward/mean": 0.4375}, total=120)
    'step   7/120  reward  12.25 ± 8.50   tests  44 %'
    >>> step_line({"step": 10, "loss": 1.25, "learning_rate": 1e-05}, total=120)
    'step  10/120  loss  1.2500'
    >>> step_line({"step": 20, "eval_reward": 20.5, "eval_rewards/tests_reward/mean": 0.5}, total=120)
    'step  20/120  held-out: reward  20.50  tests  50 %'
    >>> step_line({"step": 120, "train_runtime": 61.0}, total=120)
    'trained 120 steps in 61 s'

    ```
    """
    if "train_runtime" in logs:
        return f"trained {logs['step']} steps in {logs['train_runtime']:.0f} s"
    start = f"step {logs['step']:{len(str(total))}d}/{total}  "
    held_out = {name.removeprefix("eval_"): value for name, value in logs.items() if name.startswith("eval_")}
    if "reward" in held_out:
        return f"{start}held-out: {_progress({'step': logs['step'], **held_out})}"
    return f"{start}{_progress(logs)}" if {"reward", "loss"} & logs.keys() else ""


def _progress(logs: Mapping[str, Any]) -> str:
    """Word rewards, success rates, loss, KL and entropy, as far as they were logged."""
    row = {column: math.nan if value is None else value for column, value in log_row(logs).items()}
    parts = []
    if "reward" in logs:
        spread = f" ± {row['reward_std']:<5.2f}" if "reward_std" in logs else ""
        parts.append(f"reward {row['avg_reward']:6.2f}{spread}")
    if logs.get("maxrl/n_total"):
        parts.append(f"correct {logs['maxrl/n_correct']}/{logs['maxrl/n_total']}")
    for column, label in (("compile_success_rate", "compiles"), ("tests_passed", "tests")):
        if not math.isnan(row[column]):
            parts.append(f"{label} {100 * row[column]:3.0f} %")
    for column in ("loss", "kl", "entropy"):
        if not math.isnan(row[column]):
            parts.append(f"{column} {row[column]:7.4f}")
    return "  ".join(parts)


def last_rewards(trainer: Any) -> list[float]:
    """Return the weighted reward of each completion in the last generated batch, over all processes.

    Completions that no reward function could score are left out; a function that did not score one counts
    nothing, as in the trainer's own sum.
    """
    per_function = torch.tensor([list(trainer._logs["rewards"][name]) for name in trainer.reward_func_names])
    if per_function.numel() == 0:
        return []
    scored = ~torch.isnan(per_function).all(dim=0)  # (F, B) -> (B,)
    weights = trainer.reward_weights.to(per_function.device).unsqueeze(1)
    return (per_function * weights).nansum(dim=0)[scored].tolist()


def _path(args: TrainingArguments, name: str) -> str:
    return os.path.join(str(args.output_dir), name)
