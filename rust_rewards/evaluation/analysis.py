"""Analyzes rewards: those of a model beside those of the references, component by component, and their extremes."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from ..tasks import TaskSet
from .comparison import describe_sample
from .scores import ScoredSample
from .summary import component_averages, error_counts
from .tables import format_components, format_table

EXAMPLES_SHOWN = 5  # lowest and highest answers


def spread_samples(tasks: TaskSet, total: int) -> tuple[TaskSet, int]:
    """Return the tasks to use and the samples of each for `total` samples or a few more, spread evenly.

    ```python
    >>> four = TaskSet("four", tuple({"task_id": name} for name in "abcd"))
    >>> chosen, samples = spread_samples(four, 2)
    >>> sorted(chosen.ids), samples
    (['a', 'c'], 1)
    >>> spread_samples(four, 5)[1]
    2

    ```
    """
    if total < 1:
        raise ValueError(f"num_samples is {total}; it must be at least 1.")
    if total >= len(tasks):
        return tasks, -(-total // len(tasks))
    return tasks.with_tasks([tasks.tasks[place * len(tasks) // total] for place in range(total)]), 1


def analysis(scored: Sequence[ScoredSample], references: Sequence[ScoredSample]) -> dict[str, Any]:
    """Compare the rewards of samples with those of the references.

    Args:
        scored (`Sequence[ScoredSample]`): Samples.
        references (`Sequence[ScoredSample]`): References; there may be none.

    Returns:
        `dict`: `samples`, `unjudged`, `rewards` of both sides, `gap`, `components` with the weakest (largest gap to
            the reference) first, `error_codes`.

    Raises:
        ValueError: When no sample could be judged.
    """
    judged = [sample for sample in scored if sample.failure is None]
    known = [reference for reference in references if reference.failure is None]
    if not judged:
        raise ValueError(f"None of the {len(scored)} samples could be judged: {scored[0].failure}")
    rewards = {name: statistics_of(values) for name, values in rewards_of(judged, known).items()}
    components = component_means(judged, known)
    return {
        "samples": len(judged),
        "unjudged": len(scored) - len(judged),
        "rewards": rewards,
        "gap": rewards["reference"]["mean"] - rewards["model"]["mean"] if known else None,
        "components": components,
        "error_codes": error_counts(judged),
    }


def rewards_of(scored: Sequence[ScoredSample], references: Sequence[ScoredSample]) -> dict[str, list[float]]:
    """Return the judged rewards of both sides; without references only the model's."""
    sides = {"model": scored, "reference": references}
    rewards = {name: [r.reward for r in rows if r.reward is not None] for name, rows in sides.items()}
    return {name: values for name, values in rewards.items() if values}


def statistics_of(values: Sequence[float]) -> dict[str, float]:
    """Return mean, median, standard deviation, minimum and maximum, in points."""
    return {
        "mean": statistics.fmean(values),
        "median": statistics.median(values),
        "std": statistics.pstdev(values),
        "min": min(values),
        "max": max(values),
    }


def component_means(judged: Sequence[ScoredSample], references: Sequence[ScoredSample]) -> list[dict[str, Any]]:
    """Return each component's mean points on both sides, the largest gap first; without references, the model's."""
    model, reference = component_averages(judged), component_averages(references)
    if not reference:
        return [{"name": name, "model": mean, "reference": None, "gap": None} for name, mean in model.items()]
    means = [
        {"name": name, "model": mean, "reference": reference[name], "gap": reference[name] - mean}
        for name, mean in model.items()
    ]
    return sorted(means, key=lambda entry: -entry["gap"])


def format_analysis(result: Mapping[str, Any]) -> str:
    """Return the summary that is printed."""
    rows = [["reward", "mean", "median", "std", "min", "max"]]
    rows += [[name, *(f"{value:.2f}" for value in side.values())] for name, side in result["rewards"].items()]
    sides = ("model",) if result["gap"] is None else ("model", "reference", "gap")
    weakest = [["component" if result["gap"] is None else "weakest first", *sides]]
    weakest += [[entry["name"], *(f"{entry[side]:.2f}" for side in sides)] for entry in result["components"]]
    codes = [["compiler error", "samples", "share"]]
    for code, count in result["error_codes"].items():
        codes.append([code, str(count), f"{100 * count / result['samples']:.1f} %"])
    gap = "no references to compare with" if result["gap"] is None else f"gap {result['gap']:.2f} points"
    left_out = f", {result['unjudged']} not judged" if result["unjudged"] else ""
    heading = f"{result['model']['name']}: {result['samples']} samples of {result['task_set']['source']}{left_out}"
    return "\n\n".join([heading, f"{format_table(rows)}\n{gap}", format_table(weakest), format_table(codes)])


def format_examples(scored: Sequence[ScoredSample]) -> str:
    """Return the answers with the lowest and highest rewards as Markdown."""
    ranked = sorted((s for s in scored if s.reward is not None), key=lambda sample: sample.reward or 0.0)
    parts = ["# Answers with the lowest and highest rewards"]
    for heading, samples in (("Lowest", ranked[:EXAMPLES_SHOWN]), ("Highest", ranked[::-1][:EXAMPLES_SHOWN])):
        parts.append(f"## {heading}")
        parts += [_example(sample) for sample in samples]
    return "\n\n".join(parts) + "\n"


def _example(sample: ScoredSample) -> str:
    points = format_components(sample.components or {})
    fence = "`" * max(3, longest_run(sample.program) + 1)
    code = f"{fence}rust\n{sample.program.rstrip()}\n{fence}"
    return f"### {sample.task_id}\n\n{describe_sample(sample)}\n\n{points}\n\n{code}"


def longest_run(text: str, mark: str = "`") -> int:
    """Return the length of the longest run of a character: a fence must be longer than any in its text."""
    longest = run = 0
    for char in text:
        run = run + 1 if char == mark else 0
        longest = max(longest, run)
    return longest
