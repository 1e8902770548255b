"""Shows where a model stands: its rewards beside those of the reference solutions, component by component.

examples:
    rust-rewards analyze --model_name_or_path recipes/tiny/checkpoint --tasks recipes/tiny/train.jsonl \\
        --temperature 1.0 --max_new_tokens 48 --output_dir outputs/analysis
    rust-rewards analyze --model_name_or_path Qwen/Qwen2.5-Coder-0.5B-Instruct --num_samples 400 \\
        --tasks train --output_dir outputs/qwen-analysis

Here --num_samples counts over the whole set: 100 samples of 180 tasks are one of every second task or so.
Written to the output folder: reward_analysis.json, reward_histogram.png, reward_components.png, reward_examples.md
with the lowest and highest answers, and the samples themselves, from which the same command continues.
"""

import argparse
import time
from pathlib import Path

from ..evaluation.analysis import analyze, format_analysis, format_examples, rewards_of, spread_samples
from ..evaluation.arguments import (
    add_batch_argument,
    add_limit_argument,
    add_sampling_arguments,
    add_task_arguments,
    model_from,
    sampling_from,
)
from ..evaluation.plots import check_matplotlib, draw_components, draw_histograms
from ..evaluation.samples import draw_samples
from ..evaluation.scores import score_references, score_samples
from ..exit_codes import DONE
from ..tasks import load_task_set
from ..verifier import find_toolchain
from ..whole_files import write_json, write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--model_name_or_path", required=True, help="Model, checkpoint or LoRA adapter.")
    parser.add_argument("--output_dir", default="outputs/reward_analysis", help="[%(default)s]")
    add_task_arguments(parser)
    add_limit_argument(parser)
    add_sampling_arguments(parser, num_samples=100, counted="in all, spread over the tasks")
    add_batch_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Sample, score, write every output, print the summary."""
    started = time.time()
    check_matplotlib()
    find_toolchain()
    every_task = load_task_set(args.tasks, config=args.tasks_config, split=args.tasks_split)
    every_task = every_task.with_tasks(every_task.tasks[: args.limit])
    wanted = args.num_samples
    if args.temperature == 0:  # more than one sample of a task would be equal
        wanted = min(wanted, len(every_task))
    tasks, per_task = spread_samples(every_task, wanted)
    sampling = sampling_from(args, num_samples=per_task)
    folder = Path(args.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    samples = draw_samples(model_from(args), tasks, sampling, folder / "reward_analysis.samples.jsonl")
    scored = score_samples(tasks.tasks, samples.samples, style=samples.style)
    references = list(score_references(tasks.tasks).values())
    date = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(started))
    result = analyze(tasks, samples, scored, references, date=date)
    draw_histograms(rewards_of(scored, references), folder / "reward_histogram.png")
    draw_components(result.components, folder / "reward_components.png")
    write_text(folder / "reward_examples.md", format_examples(scored))
    write_json(folder / "reward_analysis.json", result.to_json())
    print(format_analysis(result))
    print(f"\nWritten to {folder}: reward_analysis.json, two plots, reward_examples.md")
    return DONE
