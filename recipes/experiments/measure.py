"""Reduces a finished run to what is compared."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.plan import Plan
from rust_rewards.evaluation.statistics import pass_at_k

SOLVED_METRIC = "rewards/solved_reward/mean"


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
