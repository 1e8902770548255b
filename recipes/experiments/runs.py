"""Carries out training runs that are to be compared, one after the other, and reads what came out of each.

A run is `recipes/maxrl.py` in a process of its own, on the same prompts, from the same checkpoint, for the same
number of steps, with the settings of one method; then `recipes/evaluate.py` on the held-out tasks. GRPO runs
through the same program, with a schedule that never leaves it (its steps are exactly those of `GRPOTrainer`).
Every run has a folder and keeps its result there: started again, the same command goes on where it stopped.

What counts as solved, for every method alike, is a program that compiles without a warning and passes all hidden
tests; it is measured by a reward of weight 0, on the training batches and every few steps on the held-out tasks.

Not here: which runs (`compare.py`, `sweep.py`), what is read from one (`measure.py`), tables and plots (`report.py`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launch.paths import find_path

from experiments.measure import measure
from experiments.plan import Plan, Run, held_out_file
from rust_rewards.evaluation.results import ResultFileError, read_json
from rust_rewards.exit_codes import RunFailedError
from rust_rewards.tasks import load_tasks
from rust_rewards.whole_files import write_json

RECIPES = Path(__file__).resolve().parents[1]
SOLVED = "rust_rewards.rewards.solved_reward"
SOLVED_IN_0_1_0 = "experiments.solved_reward"  # its name in the settings of runs that version 0.1.0 began
HELD_OUT_BATCH = 256  # completions that an evaluation during training generates at a time, at most
KEPT_LINES = 15  # of a failed run's log in the error message


def carry_out(plan: Plan, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Train and evaluate every run that is not finished yet.

    Args:
        plan (`Plan`): What they have in common.
        runs (`Sequence[Run]`): The runs, in the order to go.

    Returns:
        `list[dict]`: One result per run, see `measure`.

    Raises:
        ResultFileError: When a run's folder was begun with other settings.
        RunFailedError: When a program failed; the message ends with its last lines.
    """
    results = []
    for number, run in enumerate(runs, start=1):
        result = carry_out_one(plan, run)
        results.append(result)
        print(
            f"[{number}/{len(runs)}] {run.method}, seed {run.seed}: {result['train_seconds']:.0f} s of training, "
            f"{result['solved']:.1%} of the held-out answers solve their task",
            flush=True,
        )
    return results


def carry_out_one(plan: Plan, run: Run) -> dict[str, Any]:
    """Return the result of one run, from its folder when it is finished, else after doing what is left."""
    folder = plan.output_dir / "runs" / run.method / f"seed-{run.seed}"
    options = all_options(plan, run)
    settings = {"recipe": plan.base(), "options": options, "final_samples": plan.final_samples}
    kept = folder / "settings.json"
    if kept.exists() and read_settings(kept) != settings:
        raise ResultFileError(
            f"{folder} was begun with other settings than asked for now (see settings.json in it). Give another "
            "--output_dir, or delete that folder."
        )
    if (folder / "result.json").exists():
        return dict(read_json(folder / "result.json", made_by="recipes/compare.py"))
    write_json(kept, settings)
    train = [str(RECIPES / "maxrl.py"), "--config", find_path(plan.config), *as_flags(options)]
    run_program([*train, "--output_dir", str(folder / "train")], folder / "train.txt")
    run_program(evaluation_command(plan, folder), folder / "evaluation.txt")
    state = read_json(folder / "train" / "trainer_state.json", made_by="recipes/maxrl.py")
    evaluation = read_json(folder / "evaluation.json", made_by="recipes/evaluate.py")
    result = {"method": run.method, "seed": run.seed, **measure(plan, state["log_history"], evaluation)}
    write_json(folder / "result.json", result)
    return result


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings that a run was begun with, in today's names."""
    settings = dict(read_json(path, made_by="recipes/compare.py"))
    options = dict(settings.get("options", {}))
    rewards = options.get("reward_funcs", [])
    options["reward_funcs"] = [SOLVED if name == SOLVED_IN_0_1_0 else name for name in rewards]
    return {**settings, "options": options}


def all_options(plan: Plan, run: Run) -> dict[str, Any]:
    """Return what the run's command line sets: the method's options and those that the measurement needs."""
    base = {**plan.base(), **run.options}
    rewards = as_list(base.get("reward_funcs", ["rust"]))
    weights = as_list(base.get("reward_weights") or [1.0] * len(rewards))
    tasks = load_tasks(held_out_file(base))
    return {
        **run.options,
        "seed": run.seed,
        "max_steps": plan.steps,
        "reward_funcs": [*rewards, SOLVED],
        "reward_weights": [*weights, 0.0],
        "eval_strategy": "steps",
        "eval_steps": plan.eval_every,
        "eval_on_start": True,
        "num_generations_eval": plan.eval_samples,
        "per_device_eval_batch_size": whole_batch(len(tasks), plan.eval_samples),
        "logging_steps": 1,  # the time to a target is summed over the steps
        "save_steps": max(plan.steps // 4, 1),
        "save_total_limit": 1,
        "disable_tqdm": True,
    }


def whole_batch(tasks: int, samples: int) -> int:
    """Return the largest batch of at most `HELD_OUT_BATCH` completions, in whole tasks, that leaves no rest.

    TRL averages the batches' means, which is the mean over all tasks only when the batches are equal.

    >>> whole_batch(90, 4)  # 45 tasks of 4 completions, twice
    180
    """
    fitting = [n for n in range(1, tasks + 1) if tasks % n == 0 and n * samples <= HELD_OUT_BATCH]
    return max(fitting, default=1) * samples


def evaluation_command(plan: Plan, folder: Path) -> list[str]:
    """Return the command that evaluates a trained run on the held-out tasks, sampling as in training."""
    base = plan.base()
    return [
        *(str(RECIPES / "evaluate.py"), "--model_name_or_path", str(folder / "train")),
        *("--tasks", held_out_file(base)),
        *("--num_samples", str(plan.final_samples), "--k", *map(str, sorted({1, plan.final_samples}))),
        *("--temperature", str(base.get("temperature", 1.0)), "--seed", "0", "--batch_size", "128"),
        *("--max_new_tokens", str(base.get("max_completion_length", 512))),
        *("--output_file", str(folder / "evaluation.json")),
    ]


def as_list(value: Any) -> list[Any]:
    """Return a YAML value as a list: a single one stands for itself."""
    return list(value) if isinstance(value, list) else [value]


def as_flags(options: Mapping[str, Any]) -> list[str]:
    """Return options as command line flags.

    >>> as_flags({"max_steps": 3, "reward_weights": [1.0, 0.0], "disable_tqdm": True})
    ['--max_steps', '3', '--reward_weights', '1.0', '0.0', '--disable_tqdm', 'true']
    """
    flags: list[str] = []
    for name, value in options.items():
        flags.append(f"--{name}")
        flags += [json.dumps(each) if isinstance(each, bool) else str(each) for each in as_list(value)]
    return flags


def run_program(command: Sequence[str], log: Path) -> None:
    """Run a recipe with this Python; what it prints goes to `log`.

    Raises:
        RunFailedError: When it fails; the message holds its last lines.
    """
    with log.open("a", encoding="utf-8") as out:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # the error is to be the last line of the log
        process = subprocess.Popen([sys.executable, *command], env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it got the same signal, and ends with a checkpoint
            print("Stopped; the same command goes on from here.", file=sys.stderr)
            raise
    if status:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-KEPT_LINES:]
        lines = "\n  ".join(tail)
        raise RunFailedError(f"{Path(command[0]).name} ended with status {status}, see {log}:\n  {lines}")
