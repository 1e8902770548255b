"""Sums up scored samples per task, group and set."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .statistics import pass_at_k

LEVELS = ("easy", "medium", "hard", "expert")  # the order in which difficulties are shown
RATES = {
    "compile_rate": "compiles",
    "warning_free_rate": "warning_free",
    "clippy_clean_rate": "clippy_clean",
    "tests_passed": "share_passed",
    "mean_reward": "reward",
}


def summarize(
    tasks: Sequence[Mapping[str, Any]], scored: Sequence[Mapping[str, Any]], ks: Sequence[int]
) -> dict[str, Any]:
    """Sum up scored samples per task, difficulty, topic and over all.

    Every figure of a group is the mean over its tasks of the mean over the task's samples.

    Args:
        tasks (`Sequence[Mapping]`): The tasks.
        scored (`Sequence[Mapping]`): What `score_samples` returned.
        ks (`Sequence[int]`): The k of pass@k; those above a task's judged samples are left out for that task.

    Returns:
        `dict`: `summary`, `by_difficulty`, `by_topic`, `tasks`, `error_codes`, `failures`.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {task["task_id"]: [] for task in tasks}
    for sample in scored:
        groups[sample["task_id"]].append(sample)
    summaries = [_task_summary(task, groups[task["task_id"]], ks) for task in tasks]
    return {
        "summary": _mean_of(summaries),
        "by_difficulty": _grouped(summaries, "difficulty"),
        "by_topic": _grouped(summaries, "topic"),
        "tasks": summaries,
        "error_codes": error_counts(scored),
        "failures": dict(Counter(s["failure"] for s in scored if s["failure"] is not None)),
    }


def error_counts(scored: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many samples show each compiler error code, most frequent first; `"syntax"` are those without
    one."""
    counts = Counter(code for sample in scored for code in set(sample["error_codes"] or ()))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def component_averages(scored: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean points of each component over judged samples; empty without any."""
    judged = [sample["components"] for sample in scored if sample["components"] is not None]
    names = [name for name in (judged[0] if judged else {}) if name != "total"]
    return {name: sum(components[name] for components in judged) / len(judged) for name in names}


def _task_summary(task: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], ks: Sequence[int]) -> dict[str, Any]:
    judged = [sample for sample in samples if sample["failure"] is None]
    correct = sum(bool(sample["passed"]) for sample in judged)
    values: dict[str, float | None] = {
        f"pass@{k}": pass_at_k(len(judged), correct, k) if k <= len(judged) else None for k in ks
    }
    for name, field in RATES.items():
        known = [float(sample[field]) for sample in judged if sample[field] is not None]
        values[name] = sum(known) / len(known) if known else None
    about = {"task_id": task["task_id"], "difficulty": task["difficulty"], "topic": task["topic"]}
    return {
        **about,
        "samples": len(judged),
        "unjudged": len(samples) - len(judged),
        "correct": correct,
        "values": values,
    }


def _grouped(summaries: Sequence[Mapping[str, Any]], column: str) -> dict[str, Any]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for task in summaries:
        groups.setdefault("none" if task[column] is None else str(task[column]), []).append(task)
    in_order = sorted(groups, key=lambda name: (LEVELS.index(name) if name in LEVELS else len(LEVELS), name))
    return {name: _mean_of(groups[name]) for name in in_order}


def _mean_of(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for task in summaries for name in task["values"]))
    metrics = {}
    for name in names:
        known = [task["values"][name] for task in summaries if task["values"][name] is not None]
        if known:
            metrics[name] = sum(known) / len(known)
    counts = {key: sum(task[key] for task in summaries) for key in ("samples", "unjudged")}
    return {"tasks": len(summaries), **counts, "metrics": metrics}
