"""Saves a small JSON state beside a trainer's checkpoint and reads it back on resuming.

The trainer's own checkpoint holds model, optimizer, random state and step. What a subclass remembers besides (a
schedule, a curriculum) goes into a file of its own in the same folder.
"""

import json
import logging
from pathlib import Path
from typing import Any

from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

logger = logging.getLogger(__name__)


def save_state(trainer: Any, trial: Any, name: str, state: dict[str, Any]) -> None:
    """
    Write a state into the checkpoint that a trainer has just saved; the process that saves does, the others return.

    Args:
        trainer ([`~transformers.Trainer`]):
            The trainer, in its `_save_checkpoint` after the call of `super()`.
        trial (`Any`):
            The `trial` that `_save_checkpoint` was given.
        name (`str`):
            Name of the file.
        state (`dict[str, Any]`):
            JSON types only.
    """
    if not trainer.args.should_save:
        return
    checkpoint = Path(trainer._get_output_dir(trial=trial)) / f"{PREFIX_CHECKPOINT_DIR}-{trainer.state.global_step}"
    partial = checkpoint / f"{name}.partial"
    partial.write_text(json.dumps(state), encoding="utf-8")
    partial.replace(checkpoint / name)  # a run that is killed here leaves no half a state


def load_state(checkpoint: str | None, name: str, owner: str) -> dict[str, Any] | None:
    """
    Return the state that a checkpoint holds, `None` when it holds none.

    Args:
        checkpoint (`str`, *optional*):
            Folder of the checkpoint; `None` in a run that is not resumed.
        name (`str`):
            Name of the file.
        owner (`str`):
            What the state belongs to, for the warning that it starts afresh.
    """
    if checkpoint is None:
        return None
    path = Path(checkpoint) / name
    if not path.exists():
        logger.warning("%s has no %s, so %s starts afresh.", checkpoint, name, owner)
        return None
    return dict(json.loads(path.read_text(encoding="utf-8")))
