"""Owns the log of a training run: names and columns of its files, their writers and their readers.

    python -m trainers.training_log outputs/tiny-phase1        # one line per epoch

A run leaves two files. `rl_training.log` is a CSV with one row per logged step, in the columns below.
`training_history.json` holds the same columns and, under `metrics`, everything else the trainer logged. Both are made
from the trainer's `state.log_history`, which is also in every checkpoint's `trainer_state.json`; so that file can be
read in place of the history.

A reader gets each step as a flat dictionary of numbers: the columns, beside everything else. A value that was not
measured is absent. Loads neither torch nor transformers.
Not here: when the files are written (`callbacks.py`), and what the numbers mean.
"""

import argparse
import csv
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

LOG_NAME = "rl_training.log"
HISTORY_NAME = "training_history.json"
STATE_NAME = "trainer_state.json"
# Column of the log -> the trainer's metric, the first that was logged. The first five names and their order are
# fixed: scripts read them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "iteration": ("step",),
    "avg_reward": ("reward",),
    "reward_std": ("reward_std",),
    "compile_success_rate": ("rust_reward/compile_rate", "rewards/compile_reward/mean", "compile_success_rate"),
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
# Column -> heading in the table of epochs
EPOCH_HEADINGS = {
    "avg_reward": "reward",
    "reward_std": "std",
    "reward_min": "min",
    "reward_max": "max",
    "compile_success_rate": "compiles",
    "loss": "loss",
    "kl": "KL",
    "entropy": "entropy",
}
WINDOW = 0.25  # the share of a run that "at its start" and "at its end" mean

Step = dict[str, float]


class TrainingLogError(ValueError):
    """A log or history is missing, cut short, of another kind, or holds no step."""


def log_row(logs: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the row of the CSV for one entry of the trainer's log history; a missing value is `None`.

    >>> row = log_row({"step": 7, "reward": 12.5})
    >>> row["iteration"], row["avg_reward"], row["kl"]
    (7, 12.5, None)
    """
    return {column: next((logs[key] for key in keys if key in logs), None) for column, keys in COLUMNS.items()}


def write_log(log_history: Iterable[Mapping[str, Any]], path: str | os.PathLike) -> None:
    """
    Start the CSV: the heading, and a row for every training step among the entries.

    Args:
        log_history (`Iterable[Mapping]`):
            Entries of the trainer's log history. Evaluations and the summary have no `reward` and get no row.
        path (`str` or `os.PathLike`):
            The file to write or replace.
    """
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(_rounded(log_row(logs)) for logs in log_history if "reward" in logs)


def append_to_log(logs: Mapping[str, Any], path: str | os.PathLike) -> None:
    """Append the row of one training step to the CSV, which is complete again when this returns."""
    with open(path, "a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, COLUMNS).writerow(_rounded(log_row(logs)))


def read_log(path: str | os.PathLike, columns: Iterable[str] = tuple(COLUMNS)) -> dict[str, list[float]]:
    """
    Read columns of the CSV as numbers; an empty cell is NaN.

    Args:
        path (`str` or `os.PathLike`):
            A log that a run wrote or is still writing.
        columns (`Iterable[str]`, *optional*, defaults to all of `COLUMNS`):
            The columns to read.

    Raises:
        [`TrainingLogError`]: When the file has no rows, or a column is missing or not a number.
        `OSError`: When it cannot be opened.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise TrainingLogError(f"'{path}' holds no training step yet.")
    try:
        return {name: [float(row[name] or math.nan) for row in rows] for name in columns}
    except KeyError as err:
        raise TrainingLogError(f"'{path}' is not a training log: it has no column {err}.") from err
    except ValueError as err:
        raise TrainingLogError(f"'{path}' is not a training log: {err}.") from err


def write_history(log_history: Iterable[Mapping[str, Any]], path: str | os.PathLike) -> None:
    """Write the log history as JSON, in one move, so that a reader never sees half a file."""
    entries = list(log_history)
    history = {
        "steps": [{**_finite(log_row(logs)), "metrics": _finite(logs)} for logs in entries if "reward" in logs],
        "evaluations": [_finite(logs) for logs in entries if "eval_reward" in logs],
    }
    partial = Path(f"{os.fspath(path)}.partial")
    partial.write_text(json.dumps(history, indent=1), encoding="utf-8")
    partial.replace(path)


def find_history(run: Path) -> Path | None:
    """
    Return the file that holds a run's steps, `None` when there is none.

    Args:
        run (`Path`):
            The output folder of the run: its `training_history.json`, else its trainer state, else that of the last
            checkpoint. A path that is no folder is the file itself.
    """
    if not run.is_dir():
        return run
    states = {path.parent.name.partition("-")[2]: path for path in run.glob(f"checkpoint-*/{STATE_NAME}")}
    newest_first = sorted((step for step in states if step.isdecimal()), key=int, reverse=True)
    candidates = [run / HISTORY_NAME, run / STATE_NAME, *(states[step] for step in newest_first)]
    return next((path for path in candidates if path.is_file()), None)


def read_history(run: str | os.PathLike) -> list[Step]:
    """
    Read the logged steps of a run, in order.

    Args:
        run (`str` or `os.PathLike`):
            `training_history.json`, `trainer_state.json`, or a folder that holds one of them.

    Raises:
        [`TrainingLogError`]: When the file is missing, half-written, of another kind, or holds no training step.
    """
    path = find_history(Path(run))
    if path is None:
        raise TrainingLogError(f"No training history in {os.fspath(run)}; recipes/grpo.py and maxrl.py write one.")
    content = _read_json(path)
    if not isinstance(content, dict) or not ({"steps", "log_history"} & content.keys()):
        raise TrainingLogError(f"{path} is no training history; expected what recipes/grpo.py and maxrl.py write.")
    name = "log_history" if content.get("steps") is None else "steps"
    entries = content[name]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TrainingLogError(f"{path}: {name} is no list of objects; it was edited. Let the run write it again.")
    steps = history_steps(entries) if name == "log_history" else [s for s in map(_numbers, entries) if "iteration" in s]
    if not steps:
        raise TrainingLogError(f"{path} holds no training step; let the run log one (--logging_steps 1).")
    return steps


def history_steps(log_history: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Return the training steps of a trainer's log history, in order; other entries have no `reward`."""
    entries = [{**log_row(logs), "metrics": logs} for logs in log_history if "reward" in logs]
    return [step for step in map(_numbers, entries) if "iteration" in step]


def series(steps: Iterable[Step], name: str) -> tuple[list[float], list[float]]:
    """Return the iterations at which a value was measured, and the values."""
    measured = [step for step in steps if name in step]
    return [step["iteration"] for step in measured], [step[name] for step in measured]


def at_start(steps: Iterable[Step], name: str) -> float | None:
    """Return the mean of a value over the first quarter of the steps that measured it; `None` without any."""
    _, values = series(steps, name)
    return _mean(values[: _quarter(values)])


def at_end(steps: Iterable[Step], name: str) -> float | None:
    """Return the mean of a value over the last quarter of the steps that measured it; `None` without any."""
    _, values = series(steps, name)
    return _mean(values[-_quarter(values) :])


def epoch_summaries(steps: Iterable[Step]) -> list[dict[str, float]]:
    """Return per epoch (from 1) its number of logged steps and the mean of each column of the log."""
    epochs: dict[int, list[Step]] = {}
    for step in steps:
        # The end of epoch 2 is logged as 2.0, or a rounding error beside it, and belongs to epoch 2.
        epoch = math.ceil(step.get("epoch", 1.0) - 1e-9)
        epochs.setdefault(max(epoch, 1), []).append(step)
    summaries = []
    for epoch, members in sorted(epochs.items()):
        summary: dict[str, float] = {"epoch": epoch, "steps": len(members)}
        for name in COLUMNS:
            mean = _mean(series(members, name)[1])
            if mean is not None and name not in ("iteration", "epoch"):
                summary[name] = mean
        summaries.append(summary)
    return summaries


def epoch_table(steps: Iterable[Step]) -> list[list[str]]:
    """Return the summary of each epoch as cells of a table, the heading first."""
    rows = [["epoch", "steps", *EPOCH_HEADINGS.values()]]
    for summary in epoch_summaries(steps):
        cells = [f"{summary[name]:.3f}" if name in summary else "-" for name in EPOCH_HEADINGS]
        rows.append([f"{summary['epoch']:.0f}", f"{summary['steps']:.0f}", *cells])
    return rows


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise TrainingLogError(f"No file {path}; recipes/grpo.py and maxrl.py write a {HISTORY_NAME}.") from err
    except json.JSONDecodeError as err:
        raise TrainingLogError(
            f"{path} is not complete JSON (line {err.lineno}: {err.msg}); it was cut short or edited. "
            "Let the run write it again."
        ) from err
    except (OSError, ValueError) as err:
        raise TrainingLogError(f"Cannot read {path}: {err}.") from err


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with `None` for NaN and infinity, which JSON does not know."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row as the CSV has it: six significant digits, which a person can read; the JSON keeps them all.

    >>> _rounded({"iteration": 1000000, "loss": 0.123456789, "kl": None})
    {'iteration': 1000000, 'loss': 0.123457, 'kl': None}
    """
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in row.items()}


def _numbers(step: Mapping[str, Any]) -> Step:
    """Return a step's finite numbers, those under `metrics` beside its own."""
    metrics = step.get("metrics")
    flat = {**metrics, **step} if isinstance(metrics, dict) else step
    numbers = {name: float(value) for name, value in flat.items() if isinstance(value, int | float)}
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def _quarter(values: Sequence[float]) -> int:
    return max(round(len(values) * WINDOW), 1)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return cells as right-aligned text, with a line under the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def main(argv: Sequence[str] | None = None) -> int:
    """Print the epochs of a run; return the exit code: 0, or 2 for a history that cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m trainers.training_log", description="Print one line per epoch of a training run."
    )
    parser.add_argument("run", help="The run's output folder, its training_history.json or a trainer_state.json.")
    run = parser.parse_args(argv).run
    try:
        print(_aligned(epoch_table(read_history(run))))
    except TrainingLogError as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
