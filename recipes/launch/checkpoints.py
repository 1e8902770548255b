"""Finds the checkpoint to resume from, and says whether the output folder holds the finished run already.

A run goes on only from a checkpoint that is whole and that belongs to the same experiment (`run_record.py`). Folders
of version 0.1.0 and of other programs have no record: there a checkpoint is whole when its trainer state and its
weights can be read, and it is taken on trust, which is said.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from transformers.trainer_utils import sort_checkpoints

from launch.messages import announce
from launch.run_record import RunRecord, differences, file_sizes, read_record


def find_checkpoint(training_args: Any, record: RunRecord) -> str | None:
    """Return the checkpoint to resume from: the one asked for, else the output folder's last complete one.

    With `resume_from_checkpoint` false there is none, and the run starts afresh. A checkpoint that is asked for by its
    path may belong to another experiment with the same model and tasks: what differs is said.

    Args:
        training_args (`TrainingArguments`): Output folder, and which checkpoint is asked for.
        record (`RunRecord`): What the run uses.

    Raises:
        ValueError: When the checkpoint asked for is missing or incomplete, or the one found belongs to another
            experiment.
    """
    asked = training_args.resume_from_checkpoint
    if _starts_afresh(training_args):
        return None
    if asked is not None and str(asked).lower() != "true":
        _check_asked(str(asked), record)
        return str(asked)
    recorded = bool(read_record(training_args.output_dir))
    begun_here = recorded and record.is_same(training_args.output_dir)
    for checkpoint in reversed(sort_checkpoints(training_args.output_dir)):
        fault = fault_of(checkpoint, recorded=recorded)
        if fault:
            announce(f"Passing over {checkpoint}: {fault}.")
            continue
        if begun_here and not record.is_same(checkpoint):
            announce(f"Passing over {checkpoint}: another experiment left it.")
            continue
        record.check_same(checkpoint)
        trust = "" if read_record(checkpoint) else " (it has no record of its tasks and settings: taken on trust)"
        announce(f"Resuming from {checkpoint}{trust}; to start afresh, choose another --output_dir.")
        return checkpoint
    return None


def is_finished(training_args: Any, record: RunRecord) -> bool:
    """Say whether the output folder holds this run, finished, at least as long as asked for, and to be kept.

    Raises:
        ValueError: When it holds another experiment.
    """
    if _starts_afresh(training_args):
        return False
    folder = training_args.output_dir
    state = _read_state(folder)
    if state or sort_checkpoints(folder):
        record.check_same(folder)
    if training_args.max_steps > 0:
        done = state.get("global_step", 0) >= training_args.max_steps
    else:
        done = (state.get("epoch") or 0) >= training_args.num_train_epochs
    kept = read_record(folder)
    fault = _wrong_sizes(folder, kept.get("files", {})) if kept else ""
    if done and kept and "files" not in kept:
        fault = "it was not written to its end"
    if done and fault:
        announce(f"The trained model in {folder} is not whole: {fault}.")
        return False
    if done:
        announce(
            f"{folder} is already trained to step {state['global_step']}: nothing to do. "
            "Raise --max_steps to train on, or choose another --output_dir."
        )
    return done


def fault_of(checkpoint: str | Path, *, recorded: bool) -> str:
    """Say why a checkpoint is not whole; empty when it is.

    Args:
        checkpoint (`str` or `Path`): Its folder.
        recorded (`bool`): Whether its run writes records, so that without one the checkpoint is not whole.
    """
    if not _read_state(checkpoint):
        return "it was not written completely (no readable trainer_state.json)"
    record = read_record(checkpoint)
    if record:
        return _wrong_sizes(checkpoint, record.get("files", {}))
    if recorded:
        return "it was not written completely (no run.json, which is written last)"
    return _unreadable_weights(Path(checkpoint))


def _check_asked(checkpoint: str, record: RunRecord) -> None:
    """Check a checkpoint asked for by its path, and say what differs from the experiment it belongs to."""
    fault = fault_of(checkpoint, recorded=False)
    if fault:
        raise ValueError(f"Checkpoint '{checkpoint}' is missing or incomplete: {fault}.")
    there = read_record(checkpoint).get("fingerprint", {})
    here = record.fingerprint()
    if there.get("model", here["model"]) != here["model"]:
        raise ValueError(
            f"Checkpoint '{checkpoint}' is of another model than {record.base_model}: give the model that it was "
            "trained from, or train from the checkpoint with --model_name_or_path."
        )
    different = differences(there, here)
    if different:
        announce(f"Going on from {checkpoint} with other settings: {'; '.join(different)}.")


def _wrong_sizes(folder: str | Path, sizes: dict[str, int]) -> str:
    """Say which recorded file is missing or of another size; empty when none is."""
    there = file_sizes(folder)
    for name, size in sizes.items():
        if name not in there:
            return f"{name} is missing"
        if there[name] != size:
            return f"{name} has {there[name]:,} of {size:,} bytes"
    return ""


def _unreadable_weights(folder: Path) -> str:
    """Say which file of a checkpoint without a record is cut off, as far as its format tells; empty when none is."""
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="pt"):
                pass
        except (SafetensorError, OSError) as err:
            return f"{path.name} cannot be read ({' '.join(str(err).split())})"
    for path in sorted([*folder.glob("*.pt"), *folder.glob("*.bin")]):
        if path.name != "training_args.bin" and not zipfile.is_zipfile(path):
            return f"{path.name} is cut off"
    return ""


def _starts_afresh(training_args: Any) -> bool:
    return str(training_args.resume_from_checkpoint).lower() == "false"


def _read_state(folder: str | Path) -> dict[str, Any]:
    """Read the trainer's state in the folder of a run or checkpoint; empty when missing or half written."""
    try:
        state = json.loads((Path(folder) / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) and "global_step" in state else {}
