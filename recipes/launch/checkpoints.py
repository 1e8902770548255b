"""Finds the checkpoint to resume from."""

import json
from pathlib import Path
from typing import Any

from transformers.trainer_utils import sort_checkpoints

from launch.messages import announce


def find_checkpoint(training_args: Any) -> str | None:
    """Return the checkpoint to resume from: the one asked for, else the output folder's last complete one.

    A checkpoint is complete when its `trainer_state.json`, which the trainer writes last, can be read. With
    `resume_from_checkpoint` false there is none, and the run starts afresh.

    Raises:
        ValueError: When the checkpoint asked for is missing or incomplete.
    """
    asked = training_args.resume_from_checkpoint
    if _starts_afresh(training_args):
        return None
    if asked is not None and str(asked).lower() != "true":
        if not _read_state(asked):
            raise ValueError(f"Checkpoint '{asked}' is missing or incomplete (no readable trainer_state.json).")
        return asked
    for checkpoint in reversed(sort_checkpoints(training_args.output_dir)):
        if _read_state(checkpoint):
            announce(f"Resuming from {checkpoint}; to start afresh, choose another --output_dir.")
            return checkpoint
        announce(f"Passing over {checkpoint}: it was not written completely.")
    return None


def is_finished(training_args: Any) -> bool:
    """Say whether the output folder holds a finished run that is at least as long as asked for, and to be kept."""
    if _starts_afresh(training_args):
        return False
    state = _read_state(training_args.output_dir)
    if training_args.max_steps > 0:
        done = state.get("global_step", 0) >= training_args.max_steps
    else:
        done = (state.get("epoch") or 0) >= training_args.num_train_epochs
    if done:
        announce(
            f"{training_args.output_dir} is already trained to step {state['global_step']}: nothing to do. "
            "Raise --max_steps to train on, or choose another --output_dir."
        )
    return done


def _starts_afresh(training_args: Any) -> bool:
    return str(training_args.resume_from_checkpoint).lower() == "false"


def _read_state(folder: str) -> dict[str, Any]:
    """Read the trainer's state in the folder of a run or checkpoint; empty when missing or half written."""
    try:
        state = json.loads((Path(folder) / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) and "global_step" in state else {}
