"""What the commands that sample a model share: their arguments, and the way from arguments to samples.

Samples are either drawn from a model, and kept beside the output file so that the same command goes on where
it stopped, or read from a file that exists already.
Not here: scoring (`sample_scores.py`), and the options of a single command.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..ast_metrics import analyze_ast
from ..completions import completion_text
from ..json_lines import read_objects
from ..tasks import task_set_hash
from .generators import BACKENDS, Sampling, load_generator, resolve_backend, weights_hash
from .results import ResultFileError
from .sampling import PROMPT_STYLES, resolve_prompt_style, sample_tasks
from .scores import program_of

STYLES = {
    "chat": "read as answers, because one defines what its task asks for (--prompt_style prefix reads continuations).",
    "prefix": "read as continuations, because none defines what its task asks for (--prompt_style chat reads answers).",
}
DEFAULT_TASKS = "eval"


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose a task set."""
    parser.add_argument(
        "--tasks",
        default=DEFAULT_TASKS,
        help="JSON Lines file, hub dataset, or train or eval. [%(default)s]",
    )
    parser.add_argument("--tasks_config", help="Configuration of the hub dataset.")
    parser.add_argument("--tasks_split", default="test", help="Split of the hub dataset. [%(default)s]")
    parser.add_argument("--limit", type=at_least_one, help="Use the first tasks only.")


def at_least_one(text: str) -> int:
    """Return a count given on the command line; argparse reports the `ValueError` of one below 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is below 1")
    return value


def add_sampling_arguments(parser: argparse.ArgumentParser, num_samples: int, counted: str = "per task") -> None:
    """Add the arguments that say how to draw samples from a model; `counted` tells what `num_samples` are."""
    parser.add_argument("--revision", help="Branch, tag or commit of the model on the hub.")
    parser.add_argument("--dtype", default="auto", help="Type of the weights. [%(default)s]")
    parser.add_argument("--backend", default="auto", choices=BACKENDS)
    parser.add_argument("--prompt_style", default="auto", choices=PROMPT_STYLES)
    parser.add_argument("--num_samples", type=int, default=num_samples, help=f"Samples {counted}. [%(default)s]")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 is greedy. [%(default)s]")
    parser.add_argument("--top_p", type=float, default=1.0, help="[%(default)s]")
    parser.add_argument("--max_new_tokens", type=int, default=256, help="Tokens per completion. [%(default)s]")
    parser.add_argument("--batch_size", type=int, default=32, help="Completions at a time. [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="[%(default)s]")


def sampling_from(args: argparse.Namespace) -> Sampling:
    """Return the sampling settings of parsed arguments."""
    return Sampling(
        num_samples=args.num_samples,
        temperature=args.temperature,
        top_p=args.top_p,
        max_new_tokens=args.max_new_tokens,
        batch_size=args.batch_size,
        seed=args.seed,
    )


def draw_samples(
    args: argparse.Namespace, tasks: Sequence[Mapping[str, Any]], sampling: Sampling, samples_file: Path
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Load the model and sample the tasks.

    Args:
        args (`argparse.Namespace`): Parsed arguments that name the model.
        tasks (`Sequence[Mapping]`): The tasks.
        sampling (`Sampling`): How to draw.
        samples_file (`Path`): Where the samples are kept; an unfinished file is gone on with.

    Returns:
        `tuple`: The samples, and their source: `model`, `seed`, `sampling`.

    Raises:
        ValueError: When the model cannot be loaded, or generated nothing at all.
    """
    generator = load_generator(args.model_name_or_path, revision=args.revision, dtype=args.dtype, backend=args.backend)
    style = resolve_prompt_style(args.prompt_style, generator.tokenizer)
    backend = resolve_backend(args.backend)
    how = {**asdict(sampling), "prompt_style": style, "backend": backend, "dtype": args.dtype}
    seed = how.pop("seed")
    model = {
        "name": args.model_name_or_path,
        "revision": generator.revision,
        "weights": weights_hash(args.model_name_or_path),
    }
    samples = sample_tasks(
        tasks,
        generator,
        sampling,
        style=style,
        samples_file=samples_file,
        settings={"model": model, "seed": seed, "sampling": how, "task_set": task_set_hash(tasks)},
    )
    if not any(sample["completion"].strip() for sample in samples):
        raise ValueError(
            f"{args.model_name_or_path} generated nothing: all {len(samples)} completions are empty. Check "
            "that "
            f"--prompt_style {style} fits the model and that --max_new_tokens is large enough. No result "
            "written."
        )
    return samples, {"model": model, "seed": seed, "sampling": how}


def read_samples(
    path: Path, tasks: Sequence[Mapping[str, Any]], every_task: Sequence[Mapping[str, Any]], prompt_style: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Read saved samples: JSON Lines with `task_id` and `completion`, with or without a first line of
    settings.

    Whether the completions answer or continue is what `prompt_style` says, else the settings; else they are answers
    when any of them defines what its task asks for (said on stderr).

    Raises:
        ResultFileError: When the file is missing, cut short, empty, or does not fit the tasks.
    """
    known, used = ({task["task_id"] for task in group} for group in (every_task, tasks))
    header: dict[str, Any] = {}
    samples: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    for number, row in read_objects(path, "sample", errors="replace"):
        if number == 1 and isinstance(row.get("settings"), dict):
            header = row["settings"]
            continue
        if "task_id" not in row or "completion" not in row:
            raise ResultFileError(f"{path}, line {number} has {sorted(row)}; expected task_id and completion.")
        name = str(row["task_id"])
        try:
            completion_text(row["completion"])
        except TypeError as err:
            raise ResultFileError(f"{path}, line {number}: {err}") from err
        if name in known - used:
            continue
        if name not in used:
            raise ResultFileError(f"{path}, line {number}: {name!r} is no task of the set. Give the set with --tasks.")
        samples.append({"task_id": name, "sample_index": counts.get(name, 0), "completion": row["completion"]})
        counts[name] = counts.get(name, 0) + 1
    if not samples:
        raise ResultFileError(f"{path} holds no samples.")
    lacking = sorted(used - set(counts))
    if lacking:
        raise ResultFileError(
            f"{path} has {len(samples)} samples but none for {len(lacking)} of {len(used)} tasks (first: "
            f"{lacking[0]}). "
            "Every task needs one; an empty completion counts as a wrong answer."
        )
    how = dict(header.get("sampling", {}), num_samples=min(counts.values()))
    if prompt_style != "auto":
        how["prompt_style"] = prompt_style
    elif how.get("prompt_style") not in ("chat", "prefix"):
        how["prompt_style"] = guess_style(samples, tasks)
        print(
            f"{path} does not say whether the samples answer or continue; {STYLES[how['prompt_style']]}",
            file=sys.stderr,
        )
    model = {"name": str(path), "revision": None, "weights": None, **header.get("model", {}), "samples": str(path)}
    return samples, {"model": model, "seed": header.get("seed"), "sampling": how}


def guess_style(samples: Sequence[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]]) -> str:
    """Return `"chat"` when a completion, read as an answer, defines what its task asks for; else `"prefix"`, since
    completions that never do so can only continue the task's `code_prefix`.

    >>> task = {"task_id": "t", "entry_point": "one", "code_prefix": "fn one() -> i32 {\\n"}
    >>> guess_style([{"task_id": "t", "completion": "    1\\n}\\n"}], [task])
    'prefix'
    >>> guess_style([{"task_id": "t", "completion": "```rust\\nfn one() -> i32 { 1 }\\n```"}], [task])
    'chat'
    """
    by_id = {task["task_id"]: task for task in tasks}
    if not all(task["code_prefix"] for task in tasks):
        return "chat"
    answered = (
        _defines(program_of(row["completion"], by_id[row["task_id"]], "chat"), by_id[row["task_id"]]) for row in samples
    )
    return "chat" if any(answered) else "prefix"


def _defines(program: str, task: Mapping[str, Any]) -> bool:
    names = analyze_ast(program).names
    return task["entry_point"].split("::")[0] in names if task["entry_point"] else bool(names)
