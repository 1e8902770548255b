"""Writes the model card of a run: what it was trained from, on and for, with what result, in place of TRL's draft.

TRL's card knows neither rewards nor tasks, and has `None` where the base model is a folder.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from launch.paths import find_path
from launch.run_record import RunRecord
from trainers.training_log import at_end, at_start, history_steps

CARD_NAME = "README.md"
# Column of the training log -> its row in the card
RESULTS = {"avg_reward": "reward", "compile_success_rate": "compiles", "tests_passed": "hidden tests passed"}
SHARES = ("compile_success_rate", "tests_passed")
SHOWN_SETTINGS = (
    *("learning_rate", "lr_scheduler_type", "batch", "num_generations", "max_completion_length", "temperature"),
    *(
        "beta",
        "loss_type",
        "correctness_reward",
        "correctness_threshold",
        "maxrl_weighting",
        "maxrl_schedule",
        "use_peft",
    ),
)


def write_model_card(trainer: Any, record: RunRecord) -> None:
    """Write the card into the output folder, from the first process."""
    if not trainer.is_world_process_zero():
        return
    folder = Path(str(trainer.args.output_dir))
    text = model_card(record, folder.name, trainer.state.log_history, trainer.state.global_step)
    (folder / CARD_NAME).write_text(text, encoding="utf-8")


def model_card(record: RunRecord, name: str, log_history: Sequence[Mapping[str, Any]], step: int) -> str:
    """Return the card.

    Args:
        record (`RunRecord`): What the run uses.
        name (`str`): Name of the model.
        log_history (`Sequence[Mapping]`): The trainer's log.
        step (`int`): Optimizer steps so far.
    """
    licence = None if record.on_hub else base_licence(record.base_model)
    head: dict[str, Any] = {"library_name": "transformers", "model_name": name}
    if licence:
        head["license"] = licence
    if record.on_hub:
        head["base_model"] = record.base_model
    head["tags"] = ["rust", "trl", record.method.lower().split()[0], "rust-rewards"]
    rewards = ", ".join(f"`{reward}` (weight {weight:g})" for reward, weight in record.rewards.items())
    settings = ", ".join(f"{key} {record.settings[key]}" for key in SHOWN_SETTINGS if _is_set(record.settings.get(key)))
    if record.on_hub:
        base = f"[{record.base_model}](https://huggingface.co/{record.base_model})"
    else:
        base = f"`{record.base_model}`" if record.base_model else "random weights"
    tested = f", {record.tested} of them with hidden tests" if record.rewards else ""
    lines = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n",
        f"# {name}\n",
        f"Trained from {base} with {record.method} for {step} steps to write Rust.\n",
        "| | |",
        "| --- | --- |",
        f"| base model | {base} |",
        f"| tasks | `{record.dataset}`: {record.rows} rows{tested} |",
        *([f"| rewards | {rewards} |"] if rewards else []),
        f"| settings | {settings}, seed {record.settings.get('seed')} |",
        f"| versions | {', '.join(f'{package} {version}' for package, version in record.versions.items())} |",
        f"| licence | {licence or 'that of the base model and of the tasks'} |",
        "",
        *results_section(log_history),
        "What the run used in full is in `run.json`, every step in `trainer_state.json`.",
    ]
    return "\n".join(lines) + "\n"


def results_section(log_history: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines with the results: of the training batches, and of the last measurement on held-out tasks."""
    steps = history_steps(log_history)
    held_out = history_steps(
        [
            {key.removeprefix("eval_"): value for key, value in logs.items()}
            for logs in log_history
            if "eval_reward" in logs
        ]
    )
    if not steps:
        return []
    rows = []
    for column, label in RESULTS.items():
        cells = [at_start(steps, column), at_end(steps, column), held_out[-1].get(column) if held_out else None]
        if cells[0] is not None:
            rows.append(f"| {label} | {' | '.join(_cell(column, value) for value in cells)} |")
    return [
        "## Results\n",
        "Training batches, means of the first and the last quarter of the steps; held-out tasks as last measured in",
        "training. Before and after with intervals: `rust-rewards evaluate`, `rust-rewards compare`.\n",
        "| | first quarter | last quarter | held out |",
        "| --- | ---: | ---: | ---: |",
        *rows,
        "",
    ]


def base_licence(base_model: str) -> str | None:
    """Return the licence that the card of a model folder names, `None` when there is no folder, card or licence."""
    card = Path(find_path(base_model)) / CARD_NAME
    try:
        head = card.read_text(encoding="utf-8").split("---\n", 2)[1]
        licence = yaml.safe_load(head).get("license")
    except (OSError, UnicodeDecodeError, IndexError, AttributeError, yaml.YAMLError):
        return None
    return licence if isinstance(licence, str) else None


def _is_set(value: Any) -> bool:
    return value is not None and value is not False and value != ""


def _cell(column: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if column in SHARES else f"{value:.2f}"
