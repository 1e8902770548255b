"""Reads the history of a training run for the commands that need one; the only place here that knows `trainers`."""

from collections.abc import Sequence
from pathlib import Path

from trainers.training_log import Step, at_end, at_start, epoch_table, find_history, read_history, series

from ..evaluation.training_history import TrainingHistory

__all__ = ["find_history", "from_steps", "read_training_history"]


def read_training_history(run: Path | str) -> TrainingHistory:
    """Read the history of a run.

    Args:
        run (`Path` or `str`): `training_history.json`, `trainer_state.json`, or a folder that holds one of them.

    Raises:
        ValueError: When it is missing, cut short, of another kind, or holds no training step.
    """
    return from_steps(read_history(run))


def from_steps(steps: Sequence[Step]) -> TrainingHistory:
    """Return the history of logged steps, of which there is at least one."""
    names = list(dict.fromkeys(name for step in steps for name in step))
    return TrainingHistory(
        steps=len(steps),
        last_iteration=steps[-1]["iteration"],
        curves={name: series(steps, name) for name in names},
        at_start={name: mean for name in names if (mean := at_start(steps, name)) is not None},
        at_end={name: mean for name in names if (mean := at_end(steps, name)) is not None},
        epochs=epoch_table(steps),
    )
