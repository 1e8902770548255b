"""Measures a model on held-out Rust tasks.

examples:
    # The embedded model of the repository, on a CPU
    rust-rewards evaluate --model_name_or_path recipes/tiny/checkpoint --tasks recipes/tiny/eval.jsonl \\
        --num_samples 4 --temperature 1.0 --max_new_tokens 48 --output_file outputs/before.json
    rust-rewards compare outputs/before.json outputs/after.json --output_dir outputs/comparison

    # A checkpoint or LoRA adapter on one GPU (vLLM is used where it is installed)
    rust-rewards evaluate --model_name_or_path outputs/qwen-grpo/checkpoint-500 --num_samples 16 \\
        --k 1 4 16 --batch_size 128 --output_file outputs/qwen-after.json

    # Samples that exist already, and a published benchmark
    rust-rewards evaluate --samples samples.jsonl --tasks eval --output_file result.json
    rust-rewards evaluate --model_name_or_path M --tasks bigcode/humanevalpack --tasks_config rust \\
        --leave_out_broken_tasks --output_file result.json

Prints a table and writes a JSON file that compare, decide and report read. Samples are kept beside it
(before.samples.jsonl); the same command, started again, continues where it stopped.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

from ..evaluation.arguments import (
    add_batch_argument,
    add_limit_argument,
    add_sampling_arguments,
    add_task_arguments,
    model_from,
    sampling_from,
)
from ..evaluation.evaluate import check_ks, choose_tasks, evaluate, format_result
from ..evaluation.evaluation_result import EvaluationResult
from ..evaluation.samples import draw_samples, read_samples
from ..evaluation.text_metrics import check_text_metrics, documentation_metrics
from ..exit_codes import DONE
from ..tasks import load_task_set
from ..verifier import find_toolchain
from ..whole_files import check_output, write_json
from .compare import compare_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model_name_or_path", help="Model, checkpoint or LoRA adapter: a folder or a hub name.")
    what.add_argument("--samples", help="JSON Lines file with task_id and completion; no model is loaded.")
    what.add_argument("--compare", nargs=2, metavar=("BEFORE", "AFTER"), help="The same as the command compare.")
    parser.add_argument("--output_file", help="Result file to write (JSON).")
    parser.add_argument("--output_dir", help="With --compare: folder for comparison.json and comparison.png.")
    add_task_arguments(parser)
    add_limit_argument(parser)
    add_sampling_arguments(parser, num_samples=1)
    add_batch_argument(parser)
    parser.add_argument("--k", type=int, nargs="+", help="The k of pass@k, beside 1. [--num_samples]")
    parser.add_argument(
        "--leave_out_broken_tasks",
        action="store_true",
        help="Leave tasks whose reference fails its own tests out of every figure.",
    )
    parser.add_argument("--text_metrics", action="store_true", help="Also BLEU, ROUGE-L and METEOR of documentation.")


def run(args: argparse.Namespace) -> int:
    """Measure a model or saved samples, print the table and write the result file."""
    if args.compare:
        if args.output_file:
            raise ValueError("--compare writes several files; give --output_dir in place of --output_file.")
        compare_files(*args.compare, output_dir=args.output_dir)
        return DONE
    if not args.output_file:
        raise ValueError("Give --output_file, for example --output_file outputs/before.json.")
    result = measure(args)
    write_json(args.output_file, result.to_json())
    print(format_result(result))
    print(f"\nWritten: {args.output_file}")
    return DONE


def measure(args: argparse.Namespace) -> EvaluationResult:
    """Return the evaluation that the arguments ask for; what they get wrong is told before any work is done."""
    started = time.time()
    check_output(args.output_file, args.samples, args.tasks)
    sampling = None if args.samples else sampling_from(args)
    check_ks(args.k or [], sampling.num_samples if sampling else None)
    if args.text_metrics:
        check_text_metrics()
    find_toolchain()
    every_task = load_task_set(args.tasks, config=args.tasks_config, split=args.tasks_split)
    tasks, task_set = choose_tasks(every_task, limit=args.limit, leave_out_broken=args.leave_out_broken_tasks)
    if sampling is None:
        samples = read_samples(Path(args.samples), tasks, every_task, args.prompt_style)
    else:
        samples = draw_samples(model_from(args), tasks, sampling, Path(args.output_file).with_suffix(".samples.jsonl"))
    ks = check_ks([1, *(args.k or [samples.fewest])], samples.fewest)
    date = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(started))
    result = evaluate(tasks, samples, task_set=task_set, ks=ks, date=date)
    if args.text_metrics:
        result = replace(result, text_metrics=documentation_metrics(tasks.tasks, result.samples))
    return replace(result, seconds=round(time.time() - started, 1))
