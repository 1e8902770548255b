"""Shows a model's answers: each one streamed as it is written, then its verdict, diagnostics and score.

examples:
    rust-rewards generate --model_name_or_path recipes/tiny/checkpoint --task_id tiny-eval-shift-1 \\
        --tasks recipes/tiny/eval.jsonl
    rust-rewards generate --model_name_or_path Qwen/Qwen2.5-Coder-0.5B-Instruct \\
        --prompt "Write a Rust function that reverses the words of a sentence." --num_samples 3
    rust-rewards generate --model_name_or_path outputs/grpo --compare recipes/tiny/checkpoint --prompt_file prefix.rs

A prompt is an instruction for a model with a chat template, and the beginning of a program for one without. A task
brings its hidden tests. With --compare two models answer the same prompt and are shown side by side, this one on the
right. Nothing is written to disk.
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from ..evaluation.answers import AnsweringModel, side_by_side
from ..evaluation.arguments import add_sampling_arguments, add_task_arguments, model_from, sampling_from
from ..evaluation.generators import check_model_exists
from ..evaluation.results import ResultFileError
from ..exit_codes import DONE
from ..tasks import load_task_set
from ..tasks.formats import begins_program
from ..tasks.task_set import Task
from ..verifier import find_toolchain

STREAMING = ("auto", "transformers")  # vLLM gives whole answers only; both of these mean transformers here


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--model_name_or_path", required=True, help="Model, checkpoint or LoRA adapter.")
    parser.add_argument("--compare", metavar="MODEL", help="A second model, shown on the left.")
    prompt = parser.add_mutually_exclusive_group(required=True)
    prompt.add_argument("--prompt", help="Instruction, or the beginning of a program.")
    prompt.add_argument("--prompt_file", help="File with the prompt.")
    prompt.add_argument("--task_id", help="A task of the task set, with its hidden tests.")
    add_task_arguments(parser)
    add_sampling_arguments(parser, num_samples=1, backends=STREAMING)


def run(args: argparse.Namespace) -> int:
    """Let one model answer, or two side by side."""
    sampling, task = sampling_from(args), read_task(args)
    find_toolchain()
    chosen = [replace(model_from(args), name=name) for name in (args.compare, args.model_name_or_path) if name]
    for model in chosen:
        check_model_exists(model.name)
    models = [AnsweringModel(model, task, sampling) for model in chosen]
    for number in range(sampling.num_samples):
        if len(models) == 1:
            models[0].stream(number)
            continue
        left, right = ((model.name, *model.answer(number)) for model in models)
        width = shutil.get_terminal_size().columns
        parts = [side_by_side(*texts, width=width) for texts in zip(left, right, strict=True)]
        print("\n\n".join(parts), end="\n\n")
    return DONE


def read_task(args: argparse.Namespace) -> Task:
    """Return the task that the arguments name, or one without tests made of their prompt.

    Raises:
        ValueError: When the prompt is empty, its file cannot be read, or there is no such task.
    """
    if args.task_id:
        tasks = load_task_set(args.tasks, config=args.tasks_config, split=args.tasks_split).tasks
        found = next((task for task in tasks if task["task_id"] == args.task_id), None)
        if found is None:
            raise ValueError(
                f"No task {args.task_id!r} in {args.tasks}; it starts with {tasks[0]['task_id']!r}. "
                "Give the set with --tasks."
            )
        return found
    text = _read_prompt(args.prompt_file) if args.prompt_file else args.prompt
    if not text.strip():
        raise ValueError("The prompt is empty; give an instruction, or the beginning of a program.")
    kind = "code_prefix" if begins_program(text) else "plain_prompt"
    task = {"task_id": "prompt", "prompt": [{"role": "user", "content": text}], "code_prefix": "", kind: text}
    return {**task, "tests": None, "entry_point": None}


def _read_prompt(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ResultFileError(f"Cannot read the prompt {path}: {err}. Give a text file in UTF-8.") from err
