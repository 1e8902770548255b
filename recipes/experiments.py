"""Carries out training runs that are to be compared, one after the other, and reads what came out of each.

A run is `recipes/maxrl.py` in a process of its own, on the same prompts, from the same checkpoint, for the same
number of steps, with the settings of one method; then `recipes/evaluate.py` on the held-out tasks. GRPO runs
through the same program, with a schedule that never leaves it (its steps are exactly those of `GRPOTrainer`).
Every run has a folder and keeps its result there: started again, the same command goes on where it stopped.

What counts as solved, for every method alike, is a program that compiles without a warning and passes all hidden
tests; it is measured by a reward of weight 0, on the training batches and every few steps on the held-out tasks.

Not here: which runs (`compare.py`, `sweep.py`), tables and plots (`experiment_report.py`).
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimates import pass_at_k
from preflight import find_path, read_recipe
from result_files import ResultFileError, read_json, write_json
from tasks import read_tasks

RECIPES = Path(__file__).resolve().parent
SOLVED = "experiments.solved_reward"  # as a dotted path for --reward_funcs: recipes/ is on the recipe's path
SOLVED_METRIC = "rewards/solved_reward/mean"
HELD_OUT_BATCH = 256  # completions that an evaluation during training generates at a time, at most
KEPT_LINES = 15  # of a failed run's log in the error message


@dataclass(frozen=True)
class Run:
    """
    One training run of an experiment.

    Args:
        method (`str`): Name of the settings, shared by the runs that differ in the seed only.
        seed (`int`): Seed of the run.
        options (`Mapping[str, Any]`): Options of `recipes/maxrl.py` over those of the base recipe.
    """

    method: str
    seed: int
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """
    What all runs of an experiment have in common.

    Args:
        config (`str`): Recipe (YAML) that the methods start from.
        output_dir (`Path`): Folder of the experiment.
        steps (`int`): Optimizer steps of each run.
        eval_every (`int`): Steps between two measurements on the held-out tasks.
        eval_samples (`int`): Completions per held-out task in these measurements.
        final_samples (`int`): Completions per held-out task after training; the k of pass@k.
    """

    config: str
    output_dir: Path
    steps: int
    eval_every: int
    eval_samples: int
    final_samples: int

    def base(self) -> dict[str, Any]:
        """Return the base recipe's keys."""
        return read_recipe(find_path(self.config))


def solved_reward(
    completions: Sequence[Any],
    tests: Sequence[str] | None = None,
    entry_point: Sequence[str] | None = None,
    code_prefix: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[float | None]:
    """
    Say whether each completion solves its task: it compiles without a warning and passes all hidden tests.

    Args:
        completions (`Sequence`): Texts or chats, as TRL gives them.
        tests, entry_point, code_prefix (`Sequence[str]`, *optional*): The dataset's columns.

    Returns:
        `list[float | None]`: 1.0 or 0.0; `None` for a task without tests, or when it could not be judged.
    """
    from rust_rewards.rewards import judge_rows, read_rows, score_rows

    read = read_rows(completions, tests, entry_point, code_prefix)
    rows = [row if row is not None and row.tests else None for row in read]
    verdicts = judge_rows(rows)
    return [
        None
        if verdict is None or score is None or not verdict.tests_total
        else float(score.compile_success > 0 and score.no_warnings > 0 and verdict.tests_passed == verdict.tests_total)
        for verdict, score in zip(verdicts, score_rows(rows, verdicts), strict=True)
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that make a `Plan`, and the seeds."""
    parser.add_argument("--config", default="recipes/tiny/maxrl.yaml", help="Recipe to start from. [%(default)s]")
    parser.add_argument("--output_dir", type=Path, required=True, help="Folder of all runs and of the report.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="One run per seed. [1 2 3]")
    parser.add_argument("--steps", type=int, default=100, help="Optimizer steps of each run. [%(default)s]")
    parser.add_argument("--eval_every", type=int, default=5, help="Steps between measurements. [%(default)s]")
    parser.add_argument("--eval_samples", type=int, default=2, help="Samples per held-out task then. [%(default)s]")
    parser.add_argument("--final_samples", type=int, default=8, help="Samples per task at the end. [%(default)s]")


def plan_from(args: argparse.Namespace) -> Plan:
    """Return the plan of parsed arguments.

    Raises:
        ValueError: When a count is below 1, a seed is given twice, or the recipe or its held-out tasks are of no use.
    """
    for name in ("steps", "eval_every", "eval_samples", "final_samples"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name} is {getattr(args, name)}; it must be at least 1.")
    if len(set(args.seeds)) < len(args.seeds):
        raise ValueError(f"--seeds {' '.join(map(str, args.seeds))} names a seed twice; each is one run.")
    if not Path(find_path(args.config)).is_file():
        raise ValueError(f"No recipe {args.config}; give a YAML file such as recipes/tiny/maxrl.yaml.")
    counts = (args.steps, args.eval_every, args.eval_samples, args.final_samples)
    plan = Plan(args.config, args.output_dir, *counts)
    check_held_out(held_out_file(plan.base()))
    return plan


def held_out_file(recipe: Mapping[str, Any]) -> str:
    """Return the path of the held-out tasks of a recipe, those it trains on where it names no others.

    Raises:
        ValueError: When it names none, or they are no file here.
    """
    name = recipe.get("eval_dataset_name") or recipe.get("dataset_name")
    if not name:
        raise ValueError("The recipe names no tasks: give it a dataset_name, better an eval_dataset_name as well.")
    path = find_path(str(name))
    if not Path(path).is_file():
        raise ValueError(f"Held-out tasks '{name}' are no file here; an experiment needs them as a .jsonl file.")
    return path


def check_held_out(path: str) -> None:
    """Raise `ValueError` when a held-out task has no tests: nobody could say whether its answers solve it."""
    rows = read_tasks(path)
    untested = [number for number, row in enumerate(rows, start=1) if not row.get("tests")]
    if not rows:
        raise ValueError(f"There are no held-out tasks in {path}.")
    if untested:
        raise ValueError(
            f"{len(untested)} of the {len(rows)} held-out tasks in {path} have no tests, which solving is measured by; "
            f"the first is row {untested[0]}."
        )


def carry_out(plan: Plan, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """
    Train and evaluate every run that is not finished yet.

    Args:
        plan (`Plan`): What they have in common.
        runs (`Sequence[Run]`): The runs, in the order to go.

    Returns:
        `list[dict]`: One result per run, see `measure`.

    Raises:
        ResultFileError: When a run's folder was begun with other settings.
        RuntimeError: When a program failed; the message ends with its last lines.
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
    if kept.exists() and read_json(kept, made_by="recipes/compare.py") != settings:
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


def all_options(plan: Plan, run: Run) -> dict[str, Any]:
    """Return what the run's command line sets: the method's options and those that the measurement needs."""
    base = {**plan.base(), **run.options}
    rewards = as_list(base.get("reward_funcs", ["rust"]))
    weights = as_list(base.get("reward_weights") or [1.0] * len(rewards))
    tasks_file = Path(held_out_file(base))
    tasks = sum(bool(line.strip()) for line in tasks_file.read_text(encoding="utf-8").splitlines())
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
        "per_device_eval_batch_size": whole_batch(tasks, plan.eval_samples),
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


def measure(plan: Plan, log_history: Sequence[Mapping[str, Any]], evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """
    Reduce a finished run to what is compared.

    A run that was stopped evaluates once more, at the step where it goes on; only the measurements at the plan's steps
    count, each once, so that all runs are measured at the same steps.

    Args:
        plan (`Plan`): The experiment's.
        log_history (`Sequence[Mapping]`): The trainer's log, one record per step and per evaluation.
        evaluation (`Mapping`): What `evaluate.py` wrote for the trained model.

    Returns:
        `dict`: `steps` (step, seconds of training up to it, entropy in nats, share of solved completions in the
            batch), `held_out` (step, seconds, share of solved answers), `train_seconds`, `entropy` (mean of the
            last tenth of the steps), `pass@k`, `solved` (share of final answers that are solved) and `distinct`
            (different programs among a task's solved answers, mean over tasks).

    Raises:
        RuntimeError: When no held-out answer could be judged, in training or after it.
    """
    steps: list[dict[str, Any]] = []
    held_out: dict[int, dict[str, Any]] = {}
    seconds = 0.0
    for record in log_history:
        if f"eval_{SOLVED_METRIC}" in record:
            point = {"step": record["step"], "seconds": seconds, "solved": record[f"eval_{SOLVED_METRIC}"]}
            if record["step"] % plan.eval_every == 0 and is_known(point["solved"]):
                held_out.setdefault(record["step"], point)
        elif "step_time" in record:
            seconds += record["step_time"]
            point = {"step": record["step"], "seconds": seconds, "entropy": record["entropy"]}
            steps.append({**point, "solved": record.get(SOLVED_METRIC)})
    if not held_out:
        raise RuntimeError("No held-out answer could be judged during training; see train.txt in the run's folder.")
    last = [point["entropy"] for point in steps[-max(len(steps) // 10, 1) :]]
    return {
        "steps": steps,
        "held_out": list(held_out.values()),
        "train_seconds": seconds,
        "entropy": sum(last) / len(last),
        **final_scores(evaluation["samples"], plan.final_samples),
    }


def is_known(value: float | None) -> bool:
    """Say whether a measurement gave a number; without any judged answer it is `None` or NaN."""
    return value is not None and math.isfinite(value)


def final_scores(samples: Sequence[Mapping[str, Any]], k: int) -> dict[str, float]:
    """
    Return `solved`, `pass@1`, `pass@k` and `distinct` of the final answers; all from solved answers.

    An answer that could not be judged does not count, and a task with fewer than k judged answers is not in pass@k.

    Args:
        samples (`Sequence[Mapping]`): `task_id`, `program`, `failure`, `passed`, `warning_free` of every answer.
        k (`int`): Answers per task.

    Raises:
        RuntimeError: When no task has k judged answers.
    """
    programs: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for sample in samples:
        if sample["failure"] is None:
            counts[sample["task_id"]] = counts.get(sample["task_id"], 0) + 1
            solved = programs.setdefault(sample["task_id"], [])
            if sample["passed"] and sample["warning_free"]:
                solved.append(" ".join(sample["program"].split()))
    if max(counts.values(), default=0) < k:
        raise RuntimeError(f"No task has {k} final answers that could be judged; see the run's evaluation.txt.")
    rates = {
        f"pass@{n}": mean(pass_at_k(count, len(programs[task]), n) for task, count in counts.items() if count >= n)
        for n in sorted({1, k})
    }
    distinct = mean(float(len(set(found))) for found in programs.values())
    return {"solved": sum(map(len, programs.values())) / sum(counts.values()), **rates, "distinct": distinct}


def mean(values: Any) -> float:
    """Return the arithmetic mean of at least one number."""
    known = list(values)
    return float(sum(known) / len(known))


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
        values = [json.dumps(v) if isinstance(v, bool) else str(v) for v in as_list(value)]
        flags += [f"--{name}", *values]
    return flags


def run_program(command: Sequence[str], log: Path) -> None:
    """
    Run a recipe with this Python; what it prints goes to `log`.

    Raises:
        RuntimeError: When it fails; the message holds its last lines.
    """
    with log.open("a", encoding="utf-8") as out:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # the error is to be the last line of the log
        process = subprocess.Popen([sys.executable, *command], env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it got the same signal, and ends with a checkpoint
            raise
    if status:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-KEPT_LINES:]
        lines = "\n  ".join(tail)
        raise RuntimeError(f"{Path(command[0]).name} ended with status {status}, see {log}:\n  {lines}")
