"""Defines the command line options that the commands share: the tasks, and how to draw samples of them."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from .generators import BACKENDS, ModelChoice, Sampling
from .sampling import PROMPT_STYLES

DEFAULT_TASKS = "eval"


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose a task set."""
    parser.add_argument(
        "--tasks",
        default=DEFAULT_TASKS,
        help="Shipped set (train or eval), JSON Lines file or hub dataset. [%(default)s]",
    )
    parser.add_argument("--tasks_config", help="Configuration of the hub dataset.")
    parser.add_argument("--tasks_split", default="test", help="Split of the hub dataset. [%(default)s]")


def add_limit_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that cuts a task set short."""
    parser.add_argument("--limit", type=at_least_one, help="Use the first tasks only.")


def at_least_one(text: str) -> int:
    """Return a count given on the command line; argparse reports the `ValueError` of one below 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is below 1")
    return value


def add_batch_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says how many completions are generated at a time."""
    parser.add_argument("--batch_size", type=int, default=32, help="Completions at a time. [%(default)s]")


def add_sampling_arguments(
    parser: argparse.ArgumentParser,
    num_samples: int,
    *,
    counted: str = "per task",
    backends: Sequence[str] = BACKENDS,
) -> None:
    """Add the arguments that say how to draw samples from a model.

    Args:
        parser (`ArgumentParser`): The command's parser.
        num_samples (`int`): The default of `--num_samples`.
        counted (`str`, *optional*): What these are, for the help.
        backends (`Sequence[str]`, *optional*): What the command can generate with.
    """
    parser.add_argument("--revision", help="Branch, tag or commit of the model on the hub.")
    parser.add_argument("--dtype", default="auto", help="Type of the weights. [%(default)s]")
    parser.add_argument("--backend", default="auto", choices=backends, help="[%(default)s]")
    parser.add_argument("--prompt_style", default="auto", choices=PROMPT_STYLES, help="[%(default)s]")
    parser.add_argument("--num_samples", type=int, default=num_samples, help=f"Samples {counted}. [%(default)s]")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 is greedy. [%(default)s]")
    parser.add_argument("--top_p", type=float, default=1.0, help="[%(default)s]")
    parser.add_argument(
        "--max_new_tokens", type=int, help="Tokens per completion. [256, or what the model's context leaves]"
    )
    parser.add_argument("--seed", type=int, default=0, help="[%(default)s]")


def sampling_from(args: argparse.Namespace, num_samples: int | None = None) -> Sampling:
    """Return the sampling settings of parsed arguments; `num_samples` replaces theirs."""
    given: dict[str, Any] = {item.name: getattr(args, item.name) for item in fields(Sampling) if item.name in args}
    return Sampling(**given if num_samples is None else {**given, "num_samples": num_samples})


def model_from(args: argparse.Namespace) -> ModelChoice:
    """Return the model that parsed arguments name with `--model_name_or_path`."""
    return ModelChoice(
        name=args.model_name_or_path,
        revision=args.revision,
        dtype=args.dtype,
        backend=args.backend,
        prompt_style=args.prompt_style,
    )
