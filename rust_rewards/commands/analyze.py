"""Shows where a model stands: its rewards beside those of the reference solutions, component by component.

    python recipes/analyze_rewards.py --model_name_or_path recipes/tiny/checkpoint \
        --tasks recipes/tiny/train.jsonl --temperature 1.0 --output_dir outputs/analysis
    python recipes/analyze_rewards.py --model_name_or_path Qwen/Qwen2.5-Coder-0.5B-Instruct --num_samples 400
    \
        --tasks recipes/data/train.jsonl --output_dir outputs/qwen-analysis

Here `--num_samples` counts over the whole set: 100 samples of 180 tasks are one of every second task or so.
Written to the output folder: `reward_analysis.json`, `reward_histogram.png`, `reward_components.png`,
`reward_examples.md` with the lowest and highest answers, and the samples themselves, which the same command
goes on from.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evaluation.comparison import describe_sample
from ..evaluation.plots import check_matplotlib, draw_components, draw_histograms
from ..evaluation.results import ANALYSIS, environment, write_json, write_text
from ..evaluation.samples import add_sampling_arguments, add_task_arguments, draw_samples, sampling_from
from ..evaluation.scores import format_components, score_references, score_samples
from ..evaluation.summary import component_averages, error_counts
from ..evaluation.tables import format_table
from ..tasks import load_task_set, task_set_hash
from ..verifier import ToolchainError, find_toolchain

EXAMPLES = 5  # lowest and highest answers shown


def analyze(args: argparse.Namespace) -> None:
    """Sample, score, write every output, print the summary."""
    started = time.time()
    check_matplotlib()
    find_toolchain()
    every_task = load_task_set(args.tasks, config=args.tasks_config, split=args.tasks_split).tasks[: args.limit]
    wanted = min(args.num_samples, len(every_task)) if args.temperature == 0 else args.num_samples  # no equal samples
    tasks, args.num_samples = spread(every_task, wanted)
    sampling = sampling_from(args)
    folder = Path(args.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    samples, source = draw_samples(args, tasks, sampling, folder / "reward_analysis.samples.jsonl")
    scored = score_samples(tasks, samples, style=source["sampling"]["prompt_style"])
    references = list(score_references(tasks).values())
    result = {
        "kind": ANALYSIS,
        **source,
        **environment(),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(started)),
        "task_set": {"source": args.tasks, "count": len(tasks), "hash": task_set_hash(tasks)},
        **analysis(scored, references),
    }
    draw_histograms(rewards_of(scored, references), folder / "reward_histogram.png")
    draw_components(result["components"], folder / "reward_components.png")
    write_text(folder / "reward_examples.md", format_examples(scored))
    write_json(folder / "reward_analysis.json", result)
    print(format_analysis(result))
    print(f"\nWritten to {folder}: reward_analysis.json, two plots, reward_examples.md")


def spread(tasks: Sequence[Mapping[str, Any]], total: int) -> tuple[list[Mapping[str, Any]], int]:
    """Return the tasks to use and the samples of each for `total` samples or a few more, spread evenly.

    ```python
    >>> spread([{"task_id": name} for name in "abcd"], 2)
    ([{'task_id': 'a'}, {'task_id': 'c'}], 1)
    >>> spread([{"task_id": "a"}, {"task_id": "b"}], 3)[1]
    2

    ```
    """
    if total < 1:
        raise ValueError(f"num_samples is {total}; it must be at least 1.")
    if total >= len(tasks):
        return list(tasks), -(-total // len(tasks))
    return [tasks[place * len(tasks) // total] for place in range(total)], 1


def analysis(scored: Sequence[Mapping[str, Any]], references: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compare the rewards of samples with those of the references.

    Args:
        scored (`Sequence[Mapping]`): Scored samples.
        references (`Sequence[Mapping]`): Scored references; there may be none.

    Returns:
        `dict`: `samples`, `unjudged`, `rewards` of both sides, `gap`, `components` with the weakest (largest
            gap to
        the reference) first, `error_codes`.

    Raises:
        ValueError: When no sample could be judged.
    """
    judged = [sample for sample in scored if sample["failure"] is None]
    known = [reference for reference in references if reference["failure"] is None]
    if not judged:
        raise ValueError(f"None of the {len(scored)} samples could be judged: {scored[0]['failure']}")
    rewards = {name: describe(values) for name, values in rewards_of(judged, known).items()}
    components = component_means(judged, known)
    return {
        "samples": len(judged),
        "unjudged": len(scored) - len(judged),
        "rewards": rewards,
        "gap": rewards["reference"]["mean"] - rewards["model"]["mean"] if known else None,
        "components": components,
        "error_codes": error_counts(judged),
    }


def rewards_of(scored: Sequence[Mapping[str, Any]], references: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Return the judged rewards of both sides; without references only the model's."""
    sides = {"model": scored, "reference": references}
    rewards = {name: [r["reward"] for r in rows if r["reward"] is not None] for name, rows in sides.items()}
    return {name: values for name, values in rewards.items() if values}


def describe(values: Sequence[float]) -> dict[str, float]:
    """Return mean, median, standard deviation, minimum and maximum, in points."""
    return {
        "mean": statistics.fmean(values),
        "median": statistics.median(values),
        "std": statistics.pstdev(values),
        "min": min(values),
        "max": max(values),
    }


def component_means(
    judged: Sequence[Mapping[str, Any]], references: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
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


def format_examples(scored: Sequence[Mapping[str, Any]]) -> str:
    """Return the answers with the lowest and highest rewards as Markdown."""
    ranked = sorted((s for s in scored if s["reward"] is not None), key=lambda sample: sample["reward"])
    parts = ["# Answers with the lowest and highest rewards"]
    for heading, samples in (("Lowest", ranked[:EXAMPLES]), ("Highest", ranked[::-1][:EXAMPLES])):
        parts.append(f"## {heading}")
        parts += [_example(sample) for sample in samples]
    return "\n\n".join(parts) + "\n"


def _example(sample: Mapping[str, Any]) -> str:
    points = format_components(sample["components"])
    fence = "`" * max(3, longest_run(sample["program"]) + 1)
    code = f"{fence}rust\n{sample['program'].rstrip()}\n{fence}"
    return f"### {sample['task_id']}\n\n{describe_sample(sample)}\n\n{points}\n\n{code}"


def longest_run(text: str, mark: str = "`") -> int:
    """Return the length of the longest run of a character: a fence must be longer than any in its text."""
    longest = run = 0
    for char in text:
        run = run + 1 if char == mark else 0
        longest = max(longest, run)
    return longest


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code (2 for input that cannot be used)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model_name_or_path", required=True, help="Model, checkpoint or LoRA adapter.")
    parser.add_argument("--output_dir", default="outputs/reward_analysis", help="[%(default)s]")
    add_task_arguments(parser)
    add_sampling_arguments(parser, num_samples=100, counted="in all, spread over the tasks")
    args = parser.parse_args(argv)
    try:
        analyze(args)
    except (ValueError, OSError, ToolchainError) as err:
        print(f"analyze_rewards.py: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
