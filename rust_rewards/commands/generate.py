"""Shows a model's answers: each one streamed as it is written, then its verdict, diagnostics and score.

examples:
    rust-rewards generate --model_name_or_path recipes/tiny/checkpoint --task_id tiny-eval-shift-1 \\
        --tasks recipes/tiny/eval.jsonl --max_new_tokens 48
    rust-rewards generate --model_name_or_path Qwen/Qwen2.5-Coder-0.5B-Instruct \\
        --prompt "Write a Rust function that reverses the words of a sentence." --num_samples 3
    rust-rewards generate --model_name_or_path outputs/grpo --compare recipes/tiny/checkpoint --prompt_file prefix.rs

A prompt is an instruction for a model with a chat template, and the beginning of a program for one without. A task
brings its hidden tests. With --compare two models answer the same prompt and are shown side by side, this one on the
right. Nothing is written to disk.
"""

import argparse
import shutil
import textwrap
from pathlib import Path

from ..evaluation.arguments import add_sampling_arguments, add_task_arguments, sampling_from
from ..evaluation.comparison import describe_sample
from ..evaluation.generators import Completion, Sampling, TransformersGenerator, check_model_exists
from ..evaluation.results import ResultFileError
from ..evaluation.sampling import check_context, encode_prompts, resolve_prompt_style
from ..evaluation.scores import score_samples
from ..evaluation.tables import format_components
from ..exit_codes import DONE
from ..tasks import load_task_set
from ..tasks.task_set import Task
from ..verifier import find_toolchain

NARROWEST = 60  # columns; a narrower terminal gets the two answers one below the other


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
    chat = [{"role": "user", "content": text}]
    return {"task_id": "prompt", "prompt": chat, "code_prefix": text, "tests": None, "entry_point": None}


class Reader:
    """One model with a prompt ready to be answered.

    Args:
        name (`str`): Model, checkpoint or LoRA adapter.
        task (`Mapping`): The task.
        args (`argparse.Namespace`): Parsed arguments: revision, type of weights, prompt style, tokens.
    """

    def __init__(self, name: str, task: Task, args: argparse.Namespace) -> None:
        self.name, self.task = name, task
        self.generator = TransformersGenerator(name, args.revision, args.dtype)
        self.style = resolve_prompt_style(args.prompt_style, self.generator.tokenizer)
        self.prompt = encode_prompts([task], self.generator.tokenizer, self.style)[0]
        self.stop = list(task.get("stop") or []) if self.style == "prefix" else []
        check_context({task["task_id"]: self.prompt}, self.generator.context_length, args.max_new_tokens)

    def stream(self, sampling: Sampling, number: int) -> None:
        """Print one answer as it grows, then its verdict."""
        print(f"--- {self.name}, sample {number + 1}")
        if self.style == "prefix":
            print(self.task["code_prefix"], end="")
        completion = self.generator.stream(self.prompt, sampling, sampling.seed + number, self.stop)
        print(f"\n{self.verdict(completion)}\n")

    def answer(self, sampling: Sampling, number: int) -> tuple[str, str]:
        """Return one answer as text, and its verdict."""
        completion = self.generator.complete([self.prompt], sampling, sampling.seed + number, self.stop)[0]
        lead = self.task["code_prefix"] if self.style == "prefix" else ""
        return lead + completion.text, self.verdict(completion)

    def verdict(self, completion: Completion) -> str:
        """Return what the compiler, the tests and the reward say of an answer."""
        sample = {"task_id": self.task["task_id"], "sample_index": 0, "completion": completion.text}
        scored = score_samples([self.task], [sample], style=self.style)[0]
        ending = "" if completion.finished else ", cut off at the token limit"
        lines = [f"=> {describe_sample(scored)} ({completion.tokens} tokens{ending})"]
        if scored.components:
            lines.append(f"   {format_components(scored.components)}")
        lines += [textwrap.indent(text.rstrip(), "   ") for text in scored.rendered or []]
        return "\n".join(lines)


def side_by_side(left: str, right: str, width: int) -> str:
    """Return two texts as columns of a page `width` columns wide; longer lines are wrapped.

    Args:
        left, right (`str`): The texts.
        width (`int`): Columns of the page; below `NARROWEST` the texts are put one below the other.
    """
    if width < NARROWEST:
        return f"{left}\n\n{right}"
    column = (width - 3) // 2
    sides = [_wrapped(text, column) for text in (left, right)]
    height = max(map(len, sides))
    padded = [side + [""] * (height - len(side)) for side in sides]
    return "\n".join(f"{a.ljust(column)} | {b}".rstrip() for a, b in zip(*padded, strict=True))


def _wrapped(text: str, column: int) -> list[str]:
    lines: list[str] = []
    for line in text.expandtabs(4).splitlines():
        lines += [line[start : start + column] for start in range(0, len(line), column)] or [""]
    return lines


def _read_prompt(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ResultFileError(f"Cannot read the prompt {path}: {err}. Give a text file in UTF-8.") from err


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--model_name_or_path", required=True, help="Model, checkpoint or LoRA adapter.")
    parser.add_argument("--compare", metavar="MODEL", help="A second model, shown on the left.")
    prompt = parser.add_mutually_exclusive_group(required=True)
    prompt.add_argument("--prompt", help="Instruction, or the beginning of a program.")
    prompt.add_argument("--prompt_file", help="File with the prompt.")
    prompt.add_argument("--task_id", help="A task of the task set, with its hidden tests.")
    add_task_arguments(parser)
    add_sampling_arguments(parser, num_samples=1)


def run(args: argparse.Namespace) -> int:
    """Let one model answer, or two side by side."""
    names = [name for name in (args.compare, args.model_name_or_path) if name]
    sampling, task = sampling_from(args), read_task(args)
    find_toolchain()
    for name in names:
        check_model_exists(name)
    readers = [Reader(name, task, args) for name in names]
    for number in range(sampling.num_samples):
        if len(readers) == 1:
            readers[0].stream(sampling, number)
            continue
        left, right = ((reader.name, *reader.answer(sampling, number)) for reader in readers)
        width = shutil.get_terminal_size().columns
        parts = [side_by_side(*texts, width=width) for texts in zip(left, right, strict=True)]
        print("\n\n".join(parts), end="\n\n")
    return DONE
