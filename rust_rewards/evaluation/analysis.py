"""Puts the rewards of a model beside those of the references, component by component, and shows both extremes.

Not here: sampling and scoring.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict

from ..tasks import TaskSet
from .comparison import describe_sample
from .error_codes import named
from .evaluation_result import ModelName, TaskSetName
from .results import ANALYSIS, Machine, Toolchain, environment, read_result
from .samples import SampleSet
from .scores import ScoredSample
from .summary import component_averages, error_counts
from .tables import format_components, format_table

EXAMPLES_SHOWN = 5  # lowest and highest answers
ABOUT_EXAMPLES = (
    "In the order of the combined reward (`rust_reward`), which is not that of being right: it gives points to what "
    "compiles, and style points to what passes every test of its task. `0/4 tests` is a wrong answer, however high."
)


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


class ComponentMean(TypedDict):
    """One component's mean points on both sides; without references, the model's alone."""

    name: str
    model: float
    reference: float | None
    gap: float | None


@dataclass(frozen=True)
class RewardAnalysis:
    """The rewards of a model's samples beside those of the references, as `rust-rewards analyze` writes them.

    Attributes:
        model, seed, sampling, toolchain, packages, machine, date, task_set: As in `EvaluationResult`; of the task set
            `source`, `count` and `hash`.
        samples, unjudged (`int`): Samples with and without a score.
        rewards (`dict`): Mean, median, standard deviation and extremes of `model` and `reference`, in points.
        gap (`float`, *optional*): Mean reward of the references less the model's.
        components (`list[dict]`): `name`, `model`, `reference` and `gap` of each, the largest gap first.
        error_codes (`dict[str, int]`): Samples by compiler error.
    """

    model: ModelName
    seed: int | None
    sampling: Mapping[str, Any]
    toolchain: Toolchain
    packages: Mapping[str, str]
    machine: Machine
    date: str
    task_set: TaskSetName
    samples: int
    rewards: Mapping[str, Mapping[str, float]]
    components: list[ComponentMean]
    error_codes: Mapping[str, int]
    gap: float | None = None
    unjudged: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the analysis as it stands in a file."""
        return {"kind": ANALYSIS, **{item.name: getattr(self, item.name) for item in fields(self)}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "RewardAnalysis":
        """Return the analysis that a file holds; keys of other versions are passed over."""
        return cls(**{item.name: content[item.name] for item in fields(cls) if item.name in content})


def read_analysis(path: Path | str) -> RewardAnalysis:
    """Read an analysis from a file.

    Raises:
        ResultFileError: When the file is missing, is no complete JSON, is of another kind or lacks a part.
    """
    return read_result(path, ANALYSIS, RewardAnalysis)


def analyze(
    tasks: TaskSet,
    samples: SampleSet,
    scored: Sequence[ScoredSample],
    references: Sequence[ScoredSample],
    *,
    date: str,
) -> RewardAnalysis:
    """Compare the rewards of samples with those of the references.

    Args:
        tasks (`TaskSet`): The tasks.
        samples (`SampleSet`): Where the samples come from.
        scored (`Sequence[ScoredSample]`): The samples.
        references (`Sequence[ScoredSample]`): References; there may be none.
        date (`str`): When the measurement was begun.

    Raises:
        ValueError: When no sample could be verified.
        ToolchainError: When there is no Rust toolchain.
    """
    return RewardAnalysis(
        **samples.source,
        **environment(),
        date=date,
        task_set={"source": tasks.source, "count": len(tasks), "hash": tasks.hash},
        **figures(scored, references),
    )


def figures(scored: Sequence[ScoredSample], references: Sequence[ScoredSample]) -> dict[str, Any]:
    """Return what follows from the scores alone: the fields of `RewardAnalysis` from `samples` on.

    Raises:
        ValueError: When no sample could be verified.
    """
    verified = [sample for sample in scored if sample.failure is None]
    known = [reference for reference in references if reference.failure is None]
    if not verified:
        raise ValueError(f"None of the {len(scored)} samples could be verified: {scored[0].failure}")
    rewards = {name: statistics_of(values) for name, values in rewards_of(verified, known).items()}
    return {
        "samples": len(verified),
        "unjudged": len(scored) - len(verified),
        "rewards": rewards,
        "gap": rewards["reference"]["mean"] - rewards["model"]["mean"] if known else None,
        "components": component_means(verified, known),
        "error_codes": error_counts(verified),
    }


def rewards_of(scored: Sequence[ScoredSample], references: Sequence[ScoredSample]) -> dict[str, list[float]]:
    """Return the known rewards of both sides; without references only the model's."""
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


def component_means(verified: Sequence[ScoredSample], references: Sequence[ScoredSample]) -> list[ComponentMean]:
    """Return each component's mean points on both sides, the largest gap first; without references, the model's."""
    model, reference = component_averages(verified), component_averages(references)
    if not reference:
        return [{"name": name, "model": mean, "reference": None, "gap": None} for name, mean in model.items()]
    means: list[ComponentMean] = [
        {"name": name, "model": mean, "reference": reference[name], "gap": reference[name] - mean}
        for name, mean in model.items()
    ]
    return sorted(means, key=lambda entry: entry["model"] - reference[entry["name"]])


def format_analysis(result: RewardAnalysis) -> str:
    """Return the summary that is printed."""
    rows = [["reward", "mean", "median", "std", "min", "max"]]
    rows += [[name, *(f"{value:.2f}" for value in side.values())] for name, side in result.rewards.items()]
    if result.gap is None:
        heading, sides, gap = "component", ["model"], "no references to compare with"
    else:
        heading, sides, gap = "weakest first", ["model", "reference", "gap"], f"gap {result.gap:.2f} points"
    weakest = [[heading, *sides]]
    weakest += [[entry["name"], *(f"{dict(entry)[side]:.2f}" for side in sides)] for entry in result.components]
    codes = [["compiler error", "samples", "share"]]
    for code, count in result.error_codes.items():
        codes.append([named(code), str(count), f"{100 * count / result.samples:.1f} %"])
    left_out = f", {result.unjudged} not verified" if result.unjudged else ""
    about = f"{result.model['name']}: {result.samples} samples of {result.task_set['source']}{left_out}"
    return "\n\n".join([about, f"{format_table(rows)}\n{gap}", format_table(weakest), format_table(codes)])


def format_examples(scored: Sequence[ScoredSample]) -> str:
    """Return the answers with the lowest and highest rewards as Markdown."""
    ranked = sorted((s for s in scored if s.reward is not None), key=lambda sample: sample.reward or 0.0)
    parts = ["# Answers with the lowest and highest rewards", ABOUT_EXAMPLES]
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
