"""Compares two evaluations of the same task set: differences with intervals, tasks won and lost, samples side
by side.

Pure: two results in, one comparison and its printed form out. Only the same tasks, prompts and tests can be
compared; anything else is refused. Differences in sampling are allowed and said.
Not here: whether the difference is worth a full run (`decide.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .evaluation_result import EvaluationResult
from .results import COMPARISON, ResultFileError
from .scores import ScoredSample
from .statistics import paired_bootstrap
from .tables import as_text, format_table, label_of

PAIRS_SHOWN = 3


def compare(before: EvaluationResult, after: EvaluationResult) -> dict[str, Any]:
    """Compare two evaluation results.

    Args:
        before (`EvaluationResult`): The first measurement.
        after (`EvaluationResult`): The measurement of the other model.

    Returns:
        `dict`: `metrics` (one entry each with before, after, difference, low, high), `won`, `lost`, `pairs`,
            `notes`.

    Raises:
        ResultFileError: When the task sets differ or no task was judged on both sides.
    """
    _check_same_tasks(before, after)
    pairs = _judged_pairs(before, after)
    shared = [name for name in before.summary["metrics"] if name in after.summary["metrics"]]
    return {
        "kind": COMPARISON,
        "before": _side(before),
        "after": _side(after),
        "task_set": before.task_set,
        "tasks_compared": len(pairs),
        "metrics": [_difference(name, pairs) for name in shared if _known(name, pairs)],
        "won": [old["task_id"] for old, new in pairs if _solved(new) > _solved(old)],
        "lost": [old["task_id"] for old, new in pairs if _solved(new) < _solved(old)],
        "pairs": sample_pairs(before, after, pairs),
        "notes": _notes(before, after, len(pairs)),
    }


def sample_pairs(
    before: EvaluationResult,
    after: EvaluationResult,
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> list[dict[str, Any]]:
    """Return the first sample of both sides for the largest gain, the median change and the largest loss in
    reward.

    Chosen by that rule and not by eye, so that a page cannot show only what went well.
    """
    ranked = sorted(pairs, key=lambda pair: pair[1]["values"]["mean_reward"] - pair[0]["values"]["mean_reward"])
    places = dict.fromkeys([len(ranked) - 1, len(ranked) // 2, 0])
    first_old, first_new = _first_samples(before), _first_samples(after)
    return [
        {
            "task_id": ranked[place][0]["task_id"],
            "change": ranked[place][1]["values"]["mean_reward"] - ranked[place][0]["values"]["mean_reward"],
            "before": first_old[ranked[place][0]["task_id"]].to_json(),
            "after": first_new[ranked[place][0]["task_id"]].to_json(),
        }
        for place in list(places)[:PAIRS_SHOWN]
    ]


def format_comparison(result: Mapping[str, Any]) -> str:
    """Return a comparison as a person reads it: table, tasks won and lost, sample pairs."""
    rows = [["", "before", "after", "difference", "95 % interval"]]
    for entry in result["metrics"]:
        name = entry["metric"]
        low, high = (as_text(name, entry[end], signed=True) for end in ("low", "high"))
        values = [as_text(name, entry["before"]), as_text(name, entry["after"])]
        rows.append([label_of(name), *values, as_text(name, entry["difference"], signed=True), f"{low} .. {high}"])
    won, lost = result["won"], result["lost"]
    parts = [
        f"before: {result['before']['name']}\nafter:  {result['after']['name']}",
        format_table(rows),
        f"{result['tasks_compared']} tasks: {len(won)} won{_names(won)}, {len(lost)} lost{_names(lost)}",
        *result["notes"],
        *map(_format_pair, result["pairs"]),
    ]
    return "\n\n".join(parts)


def _check_same_tasks(before: EvaluationResult, after: EvaluationResult) -> None:
    old, new = before.task_set, after.task_set
    if old["hash"] == new["hash"]:
        if {task["task_id"] for task in before.tasks} != {task["task_id"] for task in after.tasks}:
            raise ResultFileError(
                f"Both results name the task set {old['hash']} but hold different tasks; one was edited."
            )
        return
    left_out = set(old["left_out"]) ^ set(new["left_out"])
    hint = f" One side leaves out {', '.join(sorted(left_out)[:3])}." if left_out else ""
    raise ResultFileError(
        f"The results measure different task sets: {old['source']} ({old['count']} tasks, {old['hash']}) "
        "before, "
        f"{new['source']} ({new['count']} tasks, {new['hash']}) after.{hint} Evaluate both models on the "
        "same set."
    )


def _judged_pairs(before: EvaluationResult, after: EvaluationResult) -> list[tuple[Any, Any]]:
    new_by_id = {task["task_id"]: task for task in after.tasks}
    pairs = [(old, new_by_id[old["task_id"]]) for old in before.tasks]
    judged = [(old, new) for old, new in pairs if old["samples"] and new["samples"]]
    if not judged:
        raise ResultFileError("No task has judged samples on both sides. Look at `failures` in both files.")
    return judged


def _known(metric: str, pairs: Sequence[tuple[Any, Any]]) -> bool:
    return any(_both(metric, pair) for pair in pairs)


def _both(metric: str, pair: tuple[Any, Any]) -> bool:
    return all(side["values"].get(metric) is not None for side in pair)


def _difference(metric: str, pairs: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    usable = [pair for pair in pairs if _both(metric, pair)]
    old = [pair[0]["values"][metric] for pair in usable]
    new = [pair[1]["values"][metric] for pair in usable]
    interval = paired_bootstrap(old, new)
    ends = {"difference": interval.difference, "low": interval.low, "high": interval.high}
    return {"metric": metric, "before": sum(old) / len(old), "after": sum(new) / len(new), **ends}


def _solved(task: Mapping[str, Any]) -> float:
    return float(task["values"]["pass@1"])


def _side(result: EvaluationResult) -> dict[str, Any]:
    keys = (
        "model",
        "seed",
        "sampling",
        "toolchain",
        "packages",
        "date",
        "summary",
        "by_difficulty",
        "by_topic",
    )
    return {"name": result.model["name"], **{key: getattr(result, key) for key in keys}}


def _first_samples(result: EvaluationResult) -> dict[str, ScoredSample]:
    first: dict[str, ScoredSample] = {}
    for sample in result.samples:
        if sample.failure is None:
            first.setdefault(sample.task_id, sample)
    return first


def _notes(before: EvaluationResult, after: EvaluationResult, compared: int) -> list[str]:
    notes = []
    keys = sorted({*before.sampling, *after.sampling} - {"batch_size"})
    differing = [key for key in keys if before.sampling.get(key) != after.sampling.get(key)]
    if differing:
        told = [f"{key} {before.sampling.get(key)} / {after.sampling.get(key)}" for key in differing]
        notes.append(f"Note: the two sides were sampled differently: {', '.join(told)}.")
    if before.toolchain != after.toolchain:
        notes.append("Note: the two sides were judged by different Rust toolchains.")
    if compared < len(before.tasks):
        notes.append(f"Note: {len(before.tasks) - compared} tasks could not be judged on both sides; left out.")
    return notes


def _names(tasks: Sequence[str], most: int = 5) -> str:
    if not tasks:
        return ""
    rest = f", {len(tasks) - most} more" if len(tasks) > most else ""
    return f" ({', '.join(tasks[:most])}{rest})"


def _format_pair(pair: Mapping[str, Any]) -> str:
    heading = f"=== {pair['task_id']}: mean reward {pair['change']:+.2f}"
    sides = []
    for side in ("before", "after"):
        sample = ScoredSample.from_json(pair[side])
        sides.append(f"--- {side}: {describe_sample(sample)}\n{sample.program.rstrip()}")
    return "\n".join([heading, *sides])


def describe_sample(sample: ScoredSample) -> str:
    """Return one line about a scored sample: reward, whether it compiles, tests, first error."""
    if sample.failure:
        return f"not judged ({sample.failure})"
    state = "compiles" if sample.compiles else "does not count as compiling"
    error = f", {sample.first_error}" if sample.first_error else ""
    return f"reward {sample.reward:.2f}, {state}, {sample.tests_passed}/{sample.tests_total} tests{error}"
