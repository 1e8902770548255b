"""Reads what a training run recorded: `training_history.json`, or the trainer's own `trainer_state.json`.

    python recipes/training_history.py outputs/tiny-phase1        # one line per epoch

Each step becomes a flat dictionary of numbers under the names of `rl_training.log` (`avg_reward`, `kl`, ...)
beside everything else the trainer logged. A value that was not measured is absent.
Not here: what the numbers mean (`decide.py`) and look like (`report.py`).
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rust_rewards.evaluation.results import ResultFileError, read_json
from rust_rewards.evaluation.tables import format_table

MADE_BY = "recipes/grpo.py (it writes training_history.json with every checkpoint and at the end)"
WINDOW = 0.25  # the share of a run that "at its start" and "at its end" mean
EPOCH_COLUMNS = {
    "avg_reward": "reward",
    "reward_std": "std",
    "reward_min": "min",
    "reward_max": "max",
    "compile_success_rate": "compiles",
    "loss": "loss",
    "kl": "KL",
    "entropy": "entropy",
}
Step = dict[str, float]


def read_history(path: Path | str) -> list[Step]:
    """Read the logged steps of a run, in order.

    Args:
        path (`Path` or `str`): `training_history.json`, `trainer_state.json`, or a folder that holds one of
            them.

    Raises:
        ResultFileError: When the file is missing, half-written, of another kind, or holds no training step.
    """
    path = find_history(Path(path)) or Path(path) / HISTORY_NAME
    content = read_json(path, made_by=MADE_BY)
    if not isinstance(content, dict) or not ({"steps", "log_history"} & content.keys()):
        raise ResultFileError(f"{path} is no training history; expected what `python {MADE_BY}` writes.")
    name = "steps" if content.get("steps") is not None else "log_history"
    logged = content[name]
    if not isinstance(logged, list) or not all(isinstance(entry, dict) for entry in logged):
        raise ResultFileError(f"{path}: {name} is no list of objects; expected what `python {MADE_BY}` writes.")
    if name == "log_history":
        logged = [{**log_row(entry), "metrics": entry} for entry in logged if "reward" in entry]
    steps = [step for step in map(_numbers, logged) if "iteration" in step]
    if not steps:
        raise ResultFileError(f"{path} holds no training step; let the run log one (--logging_steps 1).")
    return steps


def find_history(folder: Path) -> Path | None:
    """Return a run's `training_history.json`, else the last checkpoint's trainer state, else `None`; a path that is no
    folder is the file itself."""
    if not folder.is_dir():
        return folder
    states = {path.parent.name.partition("-")[2]: path for path in folder.glob("checkpoint-*/trainer_state.json")}
    newest = [states[step] for step in sorted(filter(str.isdecimal, states), key=int, reverse=True)]
    candidates = [folder / HISTORY_NAME, folder / "trainer_state.json", *newest]
    return next((path for path in candidates if path.is_file()), None)


def series(steps: Sequence[Step], name: str) -> tuple[list[float], list[float]]:
    """Return the iterations at which a value was measured, and the values."""
    measured = [(step["iteration"], step[name]) for step in steps if name in step]
    return [x for x, _ in measured], [y for _, y in measured]


def at_start(steps: Sequence[Step], name: str) -> float | None:
    """Return the mean of a value over the first quarter of the steps that measured it; `None` without any."""
    values = series(steps, name)[1]
    return _mean(values[: _width(values)])


def at_end(steps: Sequence[Step], name: str) -> float | None:
    """Return the mean of a value over the last quarter of the steps that measured it; `None` without any."""
    values = series(steps, name)[1]
    return _mean(values[-_width(values) :])


def epoch_summaries(steps: Sequence[Step]) -> list[dict[str, float]]:
    """Return per epoch (from 1) its number of logged steps and the mean of each column of the log."""
    epochs: dict[int, list[Step]] = {}
    for step in steps:
        epochs.setdefault(max(math.ceil(step.get("epoch", 1.0) - 1e-9), 1), []).append(step)
    names = [name for name in COLUMNS if name not in ("iteration", "epoch")]
    return [
        {"epoch": epoch, "steps": len(members)}
        | {name: mean for name in names if (mean := _mean(series(members, name)[1])) is not None}
        for epoch, members in sorted(epochs.items())
    ]


def epoch_table(steps: Sequence[Step]) -> list[list[str]]:
    """Return the summary of each epoch as cells of a table, the heading first."""
    rows = [["epoch", "steps", *EPOCH_COLUMNS.values()]]
    for epoch in epoch_summaries(steps):
        cells = [f"{epoch[name]:.3f}" if name in epoch else "-" for name in EPOCH_COLUMNS]
        rows.append([f"{epoch['epoch']:.0f}", f"{epoch['steps']:.0f}", *cells])
    return rows


def _numbers(step: Mapping[str, Any]) -> Step:
    flat = {**(step.get("metrics") or {}), **step}
    numbers = {key: float(value) for key, value in flat.items() if isinstance(value, int | float)}
    return {key: value for key, value in numbers.items() if math.isfinite(value)}


def _width(values: Sequence[float]) -> int:
    return max(round(len(values) * WINDOW), 1)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def main(argv: Sequence[str] | None = None) -> int:
    """Print the epochs of a run; return the exit code (2 for a history that cannot be read)."""
    parser = argparse.ArgumentParser(description="Print one line per epoch of a training run.")
    parser.add_argument("history", help="training_history.json, trainer_state.json, or the run's folder.")
    try:
        print(format_table(epoch_table(read_history(parser.parse_args(argv).history))))
    except ResultFileError as err:
        print(f"training_history.py: {err}", file=sys.stderr)
        return 2
    return 0


LOG_NAME = "rl_training.log"
HISTORY_NAME = "training_history.json"
# Column of the log -> the trainer's metric, the first that was logged. The first five names and their order are
# fixed: scripts read them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "iteration": ("step",),
    "avg_reward": ("reward",),
    "reward_std": ("reward_std",),
    "compile_success_rate": (
        "rust_reward/compile_rate",
        "rewards/compile_reward/mean",
        "compile_success_rate",
    ),
    "parse_success_rate": ("rust_reward/parse_rate", "parse_success_rate"),
    "tests_passed": ("rewards/tests_reward/mean",),
    "reward_min": ("reward_min",),
    "reward_max": ("reward_max",),
    "loss": ("loss",),
    "kl": ("kl",),
    "entropy": ("entropy",),
    "frac_reward_zero_std": ("frac_reward_zero_std",),
    "completion_length": ("completions/mean_length",),
    "clipped_ratio": ("completions/clipped_ratio",),
    "grad_norm": ("grad_norm",),
    "learning_rate": ("learning_rate",),
    "step_time": ("step_time",),
    "epoch": ("epoch",),
}


def log_row(logs: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the CSV for one entry of the trainer's log history; a missing value is `None`."""
    return {column: next((logs[key] for key in keys if key in logs), None) for column, keys in COLUMNS.items()}


def write_history(log_history: list[dict[str, Any]], path: str) -> None:
    """Write the log history as JSON, in one move, so that a reader never sees half a file."""
    history = {
        "steps": [{**_finite(log_row(logs)), "metrics": _finite(logs)} for logs in log_history if "reward" in logs],
        "evaluations": [_finite(logs) for logs in log_history if "eval_reward" in logs],
    }
    partial = Path(f"{path}.partial")
    partial.write_text(json.dumps(history, indent=1), encoding="utf-8")
    partial.replace(path)


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN and no infinity; `null` stands for them."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


if __name__ == "__main__":
    sys.exit(main())
