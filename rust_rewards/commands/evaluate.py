"""Measures a model on held-out Rust tasks, or compares two such measurements.

    # The embedded model before and after training, on a CPU
    python recipes/evaluate.py --model_name_or_path recipes/tiny/checkpoint --tasks recipes/tiny/eval.jsonl \
        --num_samples 4 --temperature 1.0 --output_file outputs/before.json
    python recipes/evaluate.py --compare outputs/before.json outputs/after.json \
        --output_dir outputs/comparison

    # A checkpoint or LoRA adapter on one GPU (vLLM is used where it is installed)
    python recipes/evaluate.py --model_name_or_path outputs/qwen-grpo/checkpoint-500 --num_samples 16 \
        --k 1 4 16 --batch_size 128 --output_file outputs/qwen-after.json

    # Samples that exist already, and a published benchmark
    python recipes/evaluate.py --samples samples.jsonl --tasks recipes/data/eval.jsonl \
        --output_file result.json
    python recipes/evaluate.py --model_name_or_path M --tasks bigcode/humanevalpack --tasks_config rust \
        --leave_out_broken_tasks --output_file result.json

Prints a table and writes a JSON file that `--compare`, `decide.py` and `report.py` read. Samples are kept
beside it (`before.samples.jsonl`); the same command, started again, goes on where it stopped.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evaluation.comparison import compare, format_comparison
from ..evaluation.plots import check_matplotlib, draw_comparison
from ..evaluation.results import (
    COMPARISON,
    EVALUATION,
    check_output,
    environment,
    read_result,
    write_json,
)
from ..evaluation.samples import add_sampling_arguments, add_task_arguments, draw_samples, read_samples, sampling_from
from ..evaluation.scores import broken_tasks, score_references, score_samples
from ..evaluation.summary import summarize
from ..evaluation.tables import as_text, format_table, label_of
from ..evaluation.text_metrics import check_text_metrics, documentation_metrics
from ..tasks import load_task_set, task_set_hash
from ..verifier import ToolchainError, find_toolchain


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model_name_or_path", help="Model, checkpoint or LoRA adapter: a folder or a hub name.")
    what.add_argument("--samples", help="JSON Lines file with task_id and completion; no model is loaded.")
    what.add_argument("--compare", nargs=2, metavar=("BEFORE", "AFTER"), help="Compare two result files.")
    parser.add_argument("--output_file", help="Result file to write (JSON).")
    parser.add_argument("--output_dir", help="With --compare: folder for comparison.json and comparison.png.")
    add_task_arguments(parser)
    add_sampling_arguments(parser, num_samples=1)
    parser.add_argument("--k", type=int, nargs="+", help="The k of pass@k, beside 1. [--num_samples]")
    parser.add_argument(
        "--leave_out_broken_tasks",
        action="store_true",
        help="Leave tasks whose reference fails its own tests out of every figure.",
    )
    parser.add_argument("--text_metrics", action="store_true", help="Also BLEU, ROUGE-L and METEOR of documentation.")
    return parser.parse_args(argv)


def evaluate(args: argparse.Namespace) -> None:
    """Measure a model or saved samples, print the table and write the result file."""
    if not args.output_file:
        raise ValueError("Give --output_file, for example --output_file outputs/before.json.")
    started = time.time()
    check_output(args.output_file, args.samples, args.tasks)
    sampling = None if args.samples else sampling_from(args)
    check_ks(args.k or [], sampling.num_samples if sampling else None)
    if args.text_metrics:
        check_text_metrics()
    find_toolchain()
    every_task = load_task_set(args.tasks, config=args.tasks_config, split=args.tasks_split).tasks
    tasks, task_set = choose_tasks(args, every_task)
    if sampling is None:
        samples, source = read_samples(Path(args.samples), tasks, every_task, args.prompt_style)
    else:
        samples_file = Path(args.output_file).with_suffix(".samples.jsonl")
        samples, source = draw_samples(args, tasks, sampling, samples_file)
    fewest = min(Counter(sample["task_id"] for sample in samples).values())
    ks = check_ks([1, *(args.k or [fewest])], fewest)
    scored = score_samples(tasks, samples, style=source["sampling"]["prompt_style"])
    result = {
        "kind": EVALUATION,
        **source,
        **environment(),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(started)),
        "task_set": task_set,
        **summarize(tasks, scored, ks),
        "samples": scored,
    }
    if args.text_metrics:
        result["text_metrics"] = documentation_metrics(tasks, scored)
    result["seconds"] = round(time.time() - started, 1)
    write_json(args.output_file, result)
    print(format_result(result))
    print(f"\nWritten: {args.output_file}")


def choose_tasks(
    args: argparse.Namespace, every_task: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], dict[str, Any]]:
    """Check the tasks' references, and return the tasks to use with a description of the set."""
    tasks = every_task[: args.limit]
    references = score_references(tasks)
    broken = broken_tasks(references)
    report_broken(tasks, broken, left_out=args.leave_out_broken_tasks)
    used = [task for task in tasks if not (args.leave_out_broken_tasks and task["task_id"] in broken)]
    if not used:
        raise ValueError(f"No task of {args.tasks} is left; every reference fails its own tests.")
    judged = [references[task["task_id"]]["reward"] for task in used if task["task_id"] in references]
    rewards = [reward for reward in judged if reward is not None]
    return used, {
        "source": args.tasks,
        "config": args.tasks_config,
        "count": len(used),
        "hash": task_set_hash(used),
        "broken": broken,
        "left_out": sorted(broken) if args.leave_out_broken_tasks else [],
        "reference_reward": sum(rewards) / len(rewards) if rewards else None,
    }


def check_ks(ks: Sequence[int], fewest: int | None) -> list[int]:
    """Return the k of pass@k in order without repeats; raise `ValueError` when one is not in `1..fewest` (`None`: not
    known yet)."""
    if any(k < 1 for k in ks):
        raise ValueError(f"pass@{min(ks)} means nothing; give k of 1 and above.")
    wrong = [k for k in ks if fewest is not None and k > fewest]
    if wrong:
        raise ValueError(f"pass@{wrong[0]} needs at least {wrong[0]} samples of each task, there are {fewest}.")
    return sorted(set(ks))


def report_broken(tasks: Sequence[Mapping[str, Any]], broken: Mapping[str, str], *, left_out: bool) -> None:
    """Tell on stderr which tasks nobody can pass and how many could not be checked."""
    unchecked = sum(not task["reference"] for task in tasks)
    if unchecked:
        print(f"{unchecked} of {len(tasks)} tasks have no reference, so they were not checked.", file=sys.stderr)
    if broken:
        fate = "left out" if left_out else "counted; --leave_out_broken_tasks leaves them out"
        print(f"{len(broken)} of {len(tasks)} tasks fail their own tests ({fate}):", file=sys.stderr)
    for name, reason in list(broken.items())[:10]:
        print(f"  {name}: {reason}", file=sys.stderr)
    if len(broken) > 10:
        print(f"  ... and {len(broken) - 10} more, named in the result file", file=sys.stderr)


def format_result(result: Mapping[str, Any]) -> str:
    """Return the tables of one evaluation."""
    names = list(result["summary"]["metrics"])
    parts = [f"{result['model']['name']}: {result['task_set']['count']} tasks of {result['task_set']['source']}"]
    for heading, groups in (
        ("", {"all": result["summary"]}),
        ("difficulty", result["by_difficulty"]),
        ("topic", result["by_topic"]),
    ):
        rows = [[heading, "tasks", "samples", *map(label_of, names)]]
        for group, values in groups.items():
            cells = [as_text(n, values["metrics"][n]) if n in values["metrics"] else "-" for n in names]
            rows.append([group, str(values["tasks"]), str(values["samples"]), *cells])
        parts.append(format_table(rows))
    if result["error_codes"]:
        told = [f"{code} {count}" for code, count in list(result["error_codes"].items())[:8]]
        parts.append(f"Samples with compiler errors: {', '.join(told)}")
    if result["failures"]:
        parts.append(f"Not judged, counted nowhere: {result['summary']['unjudged']} samples {result['failures']}")
    for name, value in result.get("text_metrics", {}).items():
        parts.append(f"documentation {name}: {value}")
    return "\n\n".join(parts)


def compare_files(args: argparse.Namespace) -> None:
    """Compare two result files; print the table and, with `--output_dir`, write JSON and a plot."""
    if args.output_file:
        raise ValueError("--compare writes several files; give --output_dir in place of --output_file.")
    before, after = (read_result(path, EVALUATION) for path in args.compare)
    result = compare(before, after)
    print(format_comparison(result))
    if args.output_dir:
        check_matplotlib()
        folder = Path(args.output_dir)
        write_json(folder / "comparison.json", {**result, "kind": COMPARISON})
        draw_comparison(result, folder / "comparison.png")
        print(f"\nWritten: {folder / 'comparison.json'}, {folder / 'comparison.png'}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code (2 for input that cannot be used)."""
    args = parse_arguments(argv)
    try:
        compare_files(args) if args.compare else evaluate(args)
    except (ValueError, OSError, ToolchainError) as err:
        print(f"evaluate.py: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
