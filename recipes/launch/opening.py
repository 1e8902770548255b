"""Says at the start of a run what it uses: model, tasks, rewards, batch arithmetic, device."""

import sys
from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset

from launch.messages import announce
from launch.run_record import RunRecord, model_content, settings_of, tasks_content, versions, without_secrets
from launch.task_rewards import count_tested, name_of, unread_columns

PRECISIONS = {"bf16": "bfloat16", "fp16": "float16"}


def record_run(arguments: Sequence[Any], model: str, tasks: Dataset, rewards: Sequence[Any] = ()) -> RunRecord:
    """Return the record of a run.

    Args:
        arguments (`Sequence`): What the parser filled: arguments of the script, of TRL, of the model, others.
        model (`str`): Folder or hub name of the model; empty for random weights.
        tasks (`Dataset`): The training tasks.
        rewards (`Sequence`): The reward functions.
    """
    script_args, training_args, model_args, *others = arguments
    weights = training_args.reward_weights if rewards else None
    values = weights if weights is not None else [1.0] * len(rewards)
    curriculum = " with a curriculum" if getattr(script_args, "curriculum", False) else ""
    names = (*(["curriculum_success"] if curriculum else []), *(["soft_punish_cache"] if rewards else []))
    extra = {name: getattr(script_args, name) for name in names}
    return RunRecord(
        method=method_of(training_args) + curriculum,
        base_model=model_args.model_name_or_path or "",
        model=model_content(model, model_args.model_revision) if model else "random weights",
        dataset=script_args.dataset_name,
        tasks=tasks_content(tasks),
        rows=len(tasks),
        tested=count_tested(tasks),
        rewards=dict(zip(map(name_of, rewards), map(float, values), strict=True)),
        settings={**settings_of(training_args, model_args, *others), **extra},
        versions=versions(),
        arguments=without_secrets(sys.argv[1:]),
    )


def method_of(training_args: Any) -> str:
    """Return the name of the method that a configuration belongs to."""
    if hasattr(training_args, "correctness_threshold"):
        return "MaxRL"
    return "GRPO" if hasattr(training_args, "num_generations") else "SFT"


def announce_opening(
    record: RunRecord, training_args: Any, tasks: Dataset, held_out: Dataset | None, rewards: Sequence[Any] = ()
) -> None:
    """Print what a run uses, from the first process."""
    lines = opening(
        record,
        training_args,
        columns=tasks.column_names,
        unread=unread_columns(rewards, tasks) if rewards else [],
        held_out=None if held_out is None else len(held_out),
    )
    announce("\n".join(lines))


def opening(
    record: RunRecord,
    training_args: Any,
    *,
    columns: Sequence[str],
    unread: Sequence[str],
    held_out: int | None,
) -> list[str]:
    """Return the lines.

    Args:
        record (`RunRecord`): What the run uses.
        training_args (`TrainingArguments`): The configuration of the trainer.
        columns (`Sequence[str]`): Columns of the tasks.
        unread (`Sequence[str]`): Those that no reward reads.
        held_out (`int`, *optional*): Number of tasks that the run is measured on; `None` where it is not measured.
    """
    tested = f", {record.tested} with hidden tests" if record.rewards else ""
    lines = [
        f"{record.method} on {record.base_model or 'random weights'}, into {training_args.output_dir}",
        f"  tasks    {record.rows} rows of {record.dataset}{tested}; columns: {', '.join(columns)}",
    ]
    if held_out is not None:
        by_epoch = str(getattr(training_args.eval_strategy, "value", training_args.eval_strategy)) == "epoch"
        often = "every pass" if by_epoch else f"every {training_args.eval_steps:g} steps"
        lines.append(f"  held out {held_out} rows, measured {often}")
    if record.rewards:
        rewards = ", ".join(f"{name} (weight {weight:g})" for name, weight in record.rewards.items())
        lines.append(f"  rewards  {rewards}")
    if unread:
        lines.append(f"  unread   {', '.join(unread)} (columns that no reward reads)")
    lines.append(f"  batch    {batch_arithmetic(training_args, record.rows)}")
    lines.append(f"  device   {device_line(training_args, record)}")
    return lines


def batch_arithmetic(training_args: Any, rows: int) -> str:
    """Word how many examples or completions a step takes, from what, and how often the run goes over its tasks."""
    devices, repeats = training_args.world_size, training_args.gradient_accumulation_steps
    per_device = training_args.per_device_train_batch_size
    batch = per_device * devices * repeats
    product = f"{per_device} per device x {devices} process{'es' if devices > 1 else ''} x {repeats} accumulation"
    samples = getattr(training_args, "num_generations", None)
    if samples is None:
        return f"{batch} examples a step ({product}); {_length(training_args, rows / batch)}"
    uses = training_args.num_iterations * training_args.steps_per_generation / repeats
    prompts = batch / samples
    reuse = f", each generated batch serves {uses:g} steps" if uses > 1 else ""
    per_pass = rows * training_args.num_iterations / prompts  # steps
    return (
        f"{batch} completions a step ({product}) = {prompts:g} prompts x {samples} samples{reuse}; "
        f"{_length(training_args, per_pass)}"
    )


def _length(training_args: Any, steps_per_pass: float) -> str:
    """Word how long the run is, in steps and in passes over the tasks."""
    if training_args.max_steps > 0:
        passes = training_args.max_steps / steps_per_pass
        return f"{training_args.max_steps} steps = {passes:.2g} passes over the tasks"
    epochs = training_args.num_train_epochs
    return f"{epochs:g} passes over the tasks = about {max(round(epochs * steps_per_pass), 1)} steps"


def device_line(training_args: Any, record: RunRecord) -> str:
    """Word where the run computes and how precisely, and which compiler judges."""
    device = torch.device(training_args.device)
    if device.type == "cuda":
        where = torch.cuda.get_device_name(device)
    else:
        threads = torch.get_num_threads()
        where = f"{device.type}, {threads} thread{'s' if threads > 1 else ''}"
    precision = next((word for name, word in PRECISIONS.items() if getattr(training_args, name)), "float32")
    rustc = f"; rustc {record.versions['rustc']}" if "rustc" in record.versions and record.rewards else ""
    return f"{where}, {precision}{rustc}"
