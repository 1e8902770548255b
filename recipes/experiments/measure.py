"""Reduces a finished run to what is compared: curves over the steps, and the scores of its final answers."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from experiments.plan import Plan
from rust_rewards.evaluation.statistics import pass_at_k
from rust_rewards.exit_codes import RunFailedError

SOLVED_METRIC = "rewards/solved_reward/mean"


def measure(plan: Plan, log_history: Sequence[Mapping[str, Any]], evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce a finished run to what is compared.

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
        RunFailedError: When no held-out answer could be scored, in training or after it.
    """
    steps, held_out = read_curves(log_history, plan.eval_every)
    if not held_out:
        raise RunFailedError("No held-out answer could be scored during training; see train.txt in the run's folder.")
    last_tenth = steps[-max(len(steps) // 10, 1) :]
    return {
        "steps": steps,
        "held_out": held_out,
        "train_seconds": steps[-1]["seconds"],
        "entropy": fmean(point["entropy"] for point in last_tenth),
        **final_scores(evaluation["samples"], plan.final_samples),
    }


def read_curves(
    log_history: Sequence[Mapping[str, Any]], eval_every: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the training steps and the measurements on the held-out tasks.

    A run that was stopped evaluates once more, at the step where it goes on. Only measurements at the planned steps
    count, each once, so that all runs are measured at the same steps.

    Args:
        log_history (`Sequence[Mapping]`): The trainer's log.
        eval_every (`int`): Steps between two planned measurements.
    """
    steps: list[dict[str, Any]] = []
    held_out: dict[int, dict[str, Any]] = {}
    seconds = 0.0  # of training: evaluations and saving take none
    for record in log_history:
        if f"eval_{SOLVED_METRIC}" in record:
            point = {"step": record["step"], "seconds": seconds, "solved": record[f"eval_{SOLVED_METRIC}"]}
            if record["step"] % eval_every == 0 and is_known(point["solved"]):
                held_out.setdefault(record["step"], point)
        elif "step_time" in record:
            seconds += record["step_time"]
            point = {"step": record["step"], "seconds": seconds, "entropy": record["entropy"]}
            steps.append({**point, "solved": record.get(SOLVED_METRIC)})
    return steps, list(held_out.values())


def is_known(value: float | None) -> bool:
    """Say whether a measurement gave a number; without any scored answer it is `None` or NaN."""
    return value is not None and math.isfinite(value)


def final_scores(samples: Sequence[Mapping[str, Any]], k: int) -> dict[str, float]:
    """Return `solved`, `pass@1`, `pass@k` and `distinct` of the final answers; all from solved answers.

    An answer that could not be scored does not count, and a task with fewer than k scored answers is not in pass@k.

    Args:
        samples (`Sequence[Mapping]`): `task_id`, `program`, `failure`, `passed`, `warning_free` of every answer.
        k (`int`): Answers per task.

    Raises:
        RunFailedError: When no task has k scored answers.
    """
    counts: dict[str, int] = {}  # scored answers of each task
    solved: dict[str, list[str]] = {}  # its solved programs, without their layout
    for sample in samples:
        task = sample["task_id"]
        if sample["failure"] is not None:
            continue
        counts[task] = counts.get(task, 0) + 1
        programs = solved.setdefault(task, [])
        if sample["passed"] and sample["warning_free"]:
            programs.append(" ".join(sample["program"].split()))
    if max(counts.values(), default=0) < k:
        raise RunFailedError(f"No task has {k} final answers that could be scored; see the run's evaluation.txt.")
    scores = {"solved": sum(map(len, solved.values())) / sum(counts.values())}
    for n in sorted({1, k}):
        rates = [pass_at_k(count, len(solved[task]), n) for task, count in counts.items() if count >= n]
        scores[f"pass@{n}"] = fmean(rates)
    scores["distinct"] = fmean(len(set(programs)) for programs in solved.values())
    return scores
