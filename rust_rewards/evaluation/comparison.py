"""Compares two evaluations of the same task set: differences with intervals, tasks won and lost, samples side by side.

Pure: two results in, one comparison and its printed form out. Only the same tasks, prompts and tests can be
compared; anything else is refused. Differences in sampling are allowed and said.
Not here: whether the difference is worth a full run (`decision.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..rows import unmet_tests
from .evaluation_result import EvaluationResult
from .results import COMPARISON, ResultFileError
from .scores import ScoredSample
from .statistics import paired_bootstrap
from .tables import as_text, format_table, label_of

PACKAGE = "rust-rewards"
SIDE_KEYS = ("model", "seed", "sampling", "toolchain", "packages", "date", "summary", "by_difficulty", "by_topic")
NAMES_SHOWN = 5  # of tasks won and of tasks lost; all of them are in the file
TaskPair = tuple[Mapping[str, Any], Mapping[str, Any]]  # what both results say of one task


@dataclass(frozen=True)
class MetricChange:
    """One figure on both sides, over the tasks that have it on both, and the 95 % interval of its difference."""

    metric: str
    before: float
    after: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class SamplePair:
    """One sample of both sides for one task, and the means over its samples that they stand for.

    Attributes:
        task_id (`str`): The task.
        mean_before, mean_after (`float`): Mean reward of the task's samples, in points.
        before, after (`ScoredSample`): Samples whose rewards differ in the direction in which the means differ.
    """

    task_id: str
    mean_before: float
    mean_after: float
    before: ScoredSample
    after: ScoredSample

    @property
    def change(self) -> float:
        """By how much the mean reward rose, in points."""
        return self.mean_after - self.mean_before

    @property
    def title(self) -> str:
        """The task and its means in one line."""
        means = f"mean reward {self.mean_before:.2f} to {self.mean_after:.2f} ({self.change:+.2f})"
        return f"{self.task_id}: {means}"

    def to_json(self) -> dict[str, Any]:
        """Return the pair as it stands in a file."""
        means = {"change": self.change, "mean_before": self.mean_before, "mean_after": self.mean_after}
        return {"task_id": self.task_id, **means, "before": self.before.to_json(), "after": self.after.to_json()}


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of the same tasks side by side.

    Attributes:
        before, after (`EvaluationResult`): What was compared.
        tasks_compared (`int`): Tasks with a scored sample on both sides.
        metrics (`tuple[MetricChange, ...]`): Every figure that both sides have.
        won, lost (`tuple[str, ...]`): Ids of the tasks that are solved more often, and less often.
        pairs (`tuple[SamplePair, ...]`): Samples to read.
        notes (`tuple[str, ...]`): What makes the two sides less alike than they should be.
    """

    before: EvaluationResult
    after: EvaluationResult
    tasks_compared: int
    metrics: tuple[MetricChange, ...]
    won: tuple[str, ...]
    lost: tuple[str, ...]
    pairs: tuple[SamplePair, ...]
    notes: tuple[str, ...]

    def change(self, metric: str) -> MetricChange | None:
        """Return how a figure changed; `None` when one side lacks it."""
        return next((entry for entry in self.metrics if entry.metric == metric), None)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as it stands in a file."""
        return {
            "kind": COMPARISON,
            "before": _side(self.before),
            "after": _side(self.after),
            "task_set": self.before.task_set,
            "tasks_compared": self.tasks_compared,
            "metrics": [asdict(entry) for entry in self.metrics],
            "won": list(self.won),
            "lost": list(self.lost),
            "pairs": [pair.to_json() for pair in self.pairs],
            "notes": list(self.notes),
        }


def compare(before: EvaluationResult, after: EvaluationResult) -> Comparison:
    """Compare two evaluation results.

    Args:
        before (`EvaluationResult`): The first measurement.
        after (`EvaluationResult`): The measurement of the other model.

    Raises:
        ResultFileError: When the task sets differ or no task was verified on both sides.
    """
    _check_same_tasks(before, after)
    pairs = _verified_pairs(before, after)
    shared = [name for name in before.summary["metrics"] if name in after.summary["metrics"]]
    return Comparison(
        before=before,
        after=after,
        tasks_compared=len(pairs),
        metrics=tuple(_change(name, pairs) for name in shared if _known(name, pairs)),
        won=tuple(old["task_id"] for old, new in pairs if _solved(new) > _solved(old)),
        lost=tuple(old["task_id"] for old, new in pairs if _solved(new) < _solved(old)),
        pairs=tuple(sample_pairs(before, after, pairs)),
        notes=tuple(_notes(before, after, len(pairs))),
    )


def sample_pairs(before: EvaluationResult, after: EvaluationResult, pairs: Sequence[TaskPair]) -> list[SamplePair]:
    """Return samples of the tasks with the largest gain, the median change and the largest loss in reward.

    Tasks and samples are chosen by a rule and not by eye, so that a page cannot show only what went well.
    """
    means = {old["task_id"]: (_mean_reward(old), _mean_reward(new)) for old, new in pairs}
    ranked = sorted(means, key=lambda task: means[task][1] - means[task][0])
    chosen = dict.fromkeys([ranked[-1], ranked[len(ranked) // 2], ranked[0]])  # with few tasks some are the same
    sides = _samples_by_task(before), _samples_by_task(after)
    return [SamplePair(task, *means[task], *telling_samples(sides[0][task], sides[1][task])) for task in chosen]


def telling_samples(before: Sequence[ScoredSample], after: Sequence[ScoredSample]) -> tuple[ScoredSample, ScoredSample]:
    """Return the two samples whose rewards differ most nearly as the means of both sides do, and in that direction.

    There always are two that differ in the direction of the means. Of several equally near ones the first are taken.

    Args:
        before, after (`Sequence[ScoredSample]`): The scored samples of one task, at least one each.
    """
    change = _mean(after) - _mean(before)
    all_pairs = [(old, new) for old in before for new in after]
    agreeing = [pair for pair in all_pairs if _gain(pair) * change > 0] if change else all_pairs
    return min(agreeing, key=lambda pair: abs(_gain(pair) - change))


def _gain(pair: tuple[ScoredSample, ScoredSample]) -> float:
    return (pair[1].reward or 0.0) - (pair[0].reward or 0.0)


def _mean(samples: Sequence[ScoredSample]) -> float:
    return sum(sample.reward or 0.0 for sample in samples) / len(samples)


def format_comparison(result: Comparison) -> str:
    """Return a comparison as a person reads it: table, tasks won and lost, sample pairs."""
    won, lost = result.won, result.lost
    parts = [
        f"before: {result.before.model['name']}\nafter:  {result.after.model['name']}",
        format_table(change_rows(result.metrics)),
        f"{result.tasks_compared} tasks: {len(won)} won{_names(won)}, {len(lost)} lost{_names(lost)}",
        *result.notes,
        *map(_format_pair, result.pairs),
    ]
    return "\n\n".join(parts)


def change_rows(changes: Sequence[MetricChange], between: str = "..") -> list[list[str]]:
    """Return changes as cells of a table, the heading first; `between` stands between the ends of an interval."""
    rows = [["", "before", "after", "difference", "95 % interval"]]
    for change in changes:
        name = change.metric
        low, high = (as_text(name, end, signed=True) for end in (change.low, change.high))
        values = [as_text(name, change.before), as_text(name, change.after)]
        difference = as_text(name, change.difference, signed=True)
        rows.append([label_of(name), *values, difference, f"{low} {between} {high}"])
    return rows


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
        f"The results measure different task sets: {old['source']} ({old['count']} tasks, {old['hash']}) before, "
        f"{new['source']} ({new['count']} tasks, {new['hash']}) after.{hint} Evaluate both models on the same set."
    )


def _verified_pairs(before: EvaluationResult, after: EvaluationResult) -> list[TaskPair]:
    new_by_id = {task["task_id"]: task for task in after.tasks}
    pairs: list[TaskPair] = [(old, new_by_id[old["task_id"]]) for old in before.tasks]
    verified = [(old, new) for old, new in pairs if old["samples"] and new["samples"]]
    if not verified:
        raise ResultFileError("No task has a verified sample on both sides. Look at `failures` in both files.")
    return verified


def _known(metric: str, pairs: Sequence[TaskPair]) -> bool:
    return any(_both(metric, pair) for pair in pairs)


def _both(metric: str, pair: TaskPair) -> bool:
    return all(side["values"].get(metric) is not None for side in pair)


def _change(metric: str, pairs: Sequence[TaskPair]) -> MetricChange:
    usable = [pair for pair in pairs if _both(metric, pair)]
    old = [pair[0]["values"][metric] for pair in usable]
    new = [pair[1]["values"][metric] for pair in usable]
    interval = paired_bootstrap(old, new)
    before, after = sum(old) / len(old), sum(new) / len(new)
    return MetricChange(metric, before, after, interval.difference, interval.low, interval.high)


def _solved(task: Mapping[str, Any]) -> float:
    return float(task["values"].get("pass@1") or 0.0)  # None: the task has no tests


def _side(result: EvaluationResult) -> dict[str, Any]:
    return {"name": result.model["name"], **{key: getattr(result, key) for key in SIDE_KEYS}}


def _mean_reward(task: Mapping[str, Any]) -> float:
    return float(task["values"]["mean_reward"])


def _samples_by_task(result: EvaluationResult) -> dict[str, list[ScoredSample]]:
    """Return the samples that have a score."""
    groups: dict[str, list[ScoredSample]] = {}
    for sample in result.samples:
        if sample.failure is None:
            groups.setdefault(sample.task_id, []).append(sample)
    return groups


def _notes(before: EvaluationResult, after: EvaluationResult, compared: int) -> list[str]:
    notes = []
    if before == after:  # one file given twice, or a copy of it
        notes.append(f"Note: both sides are one measurement, of {before.model['name']} at {before.date}.")
    keys = sorted({*before.sampling, *after.sampling} - {"batch_size"})
    differing = [key for key in keys if before.sampling.get(key) != after.sampling.get(key)]
    if differing:
        told = [f"{key} {before.sampling.get(key)} / {after.sampling.get(key)}" for key in differing]
        notes.append(f"Note: the two sides were sampled differently: {', '.join(told)}.")
    if before.toolchain != after.toolchain:
        notes.append("Note: the two sides were verified with different Rust toolchains.")
    old, new = (side.packages.get(PACKAGE) for side in (before, after))
    if old != new:
        notes.append(f"Note: the two sides were scored by different versions of {PACKAGE} ({old} / {new}).")
    if compared < len(before.tasks):
        notes.append(f"Note: {len(before.tasks) - compared} tasks could not be verified on both sides; left out.")
    return notes


def _names(tasks: Sequence[str]) -> str:
    if not tasks:
        return ""
    rest = f", {len(tasks) - NAMES_SHOWN} more" if len(tasks) > NAMES_SHOWN else ""
    return f" ({', '.join(tasks[:NAMES_SHOWN])}{rest})"


def _format_pair(pair: SamplePair) -> str:
    lines = [f"=== {pair.title}"]
    for side, sample in (("before", pair.before), ("after", pair.after)):
        lines.append(f"--- {side}: {describe_sample(sample)}\n{sample.program.rstrip()}")
    return "\n".join(lines)


def describe_sample(sample: ScoredSample) -> str:
    """Return one line about a scored sample: reward, whether it compiles, tests, first error."""
    if sample.failure:
        return f"not verified ({sample.failure})"
    state = "compiles" if sample.compiles else "does not count as compiling"
    error = f", {sample.first_error}" if sample.first_error else ""
    unmet = f" ({told})" if (told := unmet_tests(sample.test_statuses or ())) else ""
    return f"reward {sample.reward:.2f}, {state}, {sample.tests_passed}/{sample.tests_total} tests{unmet}{error}"
