"""Sums up scored samples per task, difficulty, topic and over all. Pure.

Every figure of a group is the mean over its tasks of the mean over the task's samples. Tasks without tests are in no
figure about tests.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..tasks.task_set import Task
from .scores import ScoredSample
from .statistics import pass_at_k

LEVELS = ("easy", "medium", "hard", "expert")  # the order in which difficulties are shown
# Figure of a summary -> the sample's field that it is the mean of
RATES = {
    "compile_rate": "compiles",
    "warning_free_rate": "warning_free",
    "clippy_clean_rate": "clippy_clean",
    "tests_passed": "share_passed",
    "mean_reward": "reward",
}


def summarize(tasks: Sequence[Task], scored: Sequence[ScoredSample], ks: Sequence[int]) -> dict[str, Any]:
    """Sum up scored samples.

    Args:
        tasks (`Sequence[Mapping]`): The tasks.
        scored (`Sequence[ScoredSample]`): Their samples.
        ks (`Sequence[int]`): The k of pass@k; those above a task's scored samples are left out for that task.

    Returns:
        `dict`: `summary`, `by_difficulty`, `by_topic`, `tasks`, `error_codes`, `failures`.
    """
    groups: dict[str, list[ScoredSample]] = {task["task_id"]: [] for task in tasks}
    for sample in scored:
        groups[sample.task_id].append(sample)
    summaries = [_task_summary(task, groups[task["task_id"]], ks) for task in tasks]
    return {
        "summary": _mean_of(summaries),
        "by_difficulty": _grouped(summaries, "difficulty"),
        "by_topic": _grouped(summaries, "topic"),
        "tasks": summaries,
        "error_codes": error_counts(scored),
        "failures": dict(Counter(sample.failure for sample in scored if sample.failure is not None)),
    }


def error_counts(scored: Iterable[ScoredSample]) -> dict[str, int]:
    """Return how many samples show each compiler error code, most frequent first.

    Errors without a code count as `"syntax"`.
    """
    counts = Counter(code for sample in scored for code in set(sample.error_codes or ()))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def component_averages(scored: Sequence[ScoredSample]) -> dict[str, float]:
    """Return the mean points of each component over scored samples; empty without any."""
    known = [sample.components for sample in scored if sample.components is not None]
    names = [name for name in (known[0] if known else {}) if name != "total"]
    return {name: sum(components[name] for components in known) / len(known) for name in names}


def _task_summary(task: Task, samples: Sequence[ScoredSample], ks: Sequence[int]) -> dict[str, Any]:
    known = [sample for sample in samples if sample.failure is None]
    tested = [sample.passed for sample in known if sample.passed is not None]
    values: dict[str, float | None] = {
        f"pass@{k}": pass_at_k(len(tested), tested.count(True), k) if k <= len(tested) else None for k in ks
    }
    for name, field in RATES.items():
        measured = [float(value) for sample in known if (value := getattr(sample, field)) is not None]
        values[name] = sum(measured) / len(measured) if measured else None
    return {
        "task_id": task["task_id"],
        "difficulty": task["difficulty"],
        "topic": task["topic"],
        "samples": len(known),
        "unjudged": len(samples) - len(known),
        "correct": tested.count(True),
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
