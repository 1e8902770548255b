"""Parses and checks the arguments of the training scripts, or fills in the embedded default.

A typo must cost seconds, so everything that can be known from the arguments alone is checked here, before a model
loads; each finding is one line. Knows nothing of an algorithm.

Not here: the YAML file (`config_file.py`), reward names (`rust_rewards.reward_names`), models (`models.py`) and task
files (`datasets.py`).
"""

import sys
import typing
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers.utils import is_torch_bf16_gpu_available
from trl import ScriptArguments, TrlParser

from launch.config_file import check_recipe, read_recipe
from launch.messages import announce
from launch.paths import REPOSITORY, check_writable
from launch.rewards import REWARD_NAMES
from rust_rewards.suggestions import unknown_name
from trainers.maxrl_config import GRPO_CHOICES, RUST_COMPILES


@dataclass
class RecipeArguments(ScriptArguments):
    """
    Arguments of the training recipes beyond TRL's own.

    Args:
        reward_funcs (`list[str]`, *optional*, defaults to `["rust"]`):
            Short names of `rust_rewards.reward_names`, `overlong`, dotted paths such as `my_pkg.my_reward`, or reward
            models with a slash (`org/model`).
        soft_punish_cache (`int`, *optional*):
            Last tokens before `max_completion_length` in which the reward `overlong` falls from 0 to -1. Defaults to an
            eighth of it.
        eval_dataset_name (`str`, *optional*):
            Path or name of the evaluation tasks. Defaults to the test split of `dataset_name`.
        min_pass_rate, max_pass_rate (`float`, *optional*):
            Train only on tasks whose column `pass_rate` (0..1, written by `rust-rewards tasks difficulty`) lies between
            these, both included. Tasks without one stay.
        curriculum (`bool`, *optional*, defaults to `False`):
            Whether to start with the easy tasks and unlock harder ones by measured success (`trainers.curriculum`).
        curriculum_success (`float`, *optional*):
            Reward above which the curriculum counts a completion as solved. Defaults to `RUST_COMPILES`, in `maxrl.py`
            to the `correctness_threshold`.
    """

    reward_funcs: list[str] = field(
        default_factory=lambda: ["rust"],
        metadata={
            "help": f"Short names ({', '.join(REWARD_NAMES)}), dotted paths such as `my_pkg.my_reward`, or reward "
            "models with a slash (`org/model`)."
        },
    )
    soft_punish_cache: int | None = field(
        default=None,
        metadata={
            "help": "Last tokens before `max_completion_length` in which the reward `overlong` falls from 0 to -1. "
            "Defaults to an eighth of it."
        },
    )
    eval_dataset_name: str | None = field(
        default=None,
        metadata={"help": "Path or name of the evaluation tasks. Defaults to the test split of `dataset_name`."},
    )
    min_pass_rate: float | None = field(
        default=None, metadata={"help": "Train only on tasks with at least this `pass_rate` (0..1)."}
    )
    max_pass_rate: float | None = field(
        default=None, metadata={"help": "Train only on tasks with at most this `pass_rate` (0..1)."}
    )
    curriculum: bool = field(
        default=False,
        metadata={"help": "Whether to start with the easy tasks and unlock harder ones by measured success."},
    )
    curriculum_success: float | None = field(
        default=None,
        metadata={
            "help": "Reward above which the curriculum counts a completion as solved. Defaults to "
            f"{RUST_COMPILES}, in maxrl.py to the correctness_threshold."
        },
    )


def parse(dataclass_types: Sequence[Any], default_config: str, argv: Sequence[str] | None = None) -> tuple:
    """Parse the command line and YAML file; without a config and a model, run the embedded default.

    Args:
        dataclass_types (`Sequence[type]`): What TRL's parser fills, in the order of the result.
        default_config (`str`): YAML file, relative to the repository, that runs when neither `--config` nor
            `--model_name_or_path` is given; other flags override it.
        argv (`Sequence[str]`, *optional*): Arguments; defaults to the command line's.

    Raises:
        ValueError: For an unknown or misspelt key, a value of the wrong type, or contradicting settings.
        OSError: When the YAML file cannot be read.
    """
    args = _split_equals(sys.argv[1:] if argv is None else argv)
    if not {"--config", "--model_name_or_path", "-h", "--help"} & set(args):
        flags = [arg for arg in args if arg.startswith("--")]
        overridden = f", overridden by {' '.join(flags)}" if flags else ""
        announce(
            "Neither --config nor --model_name_or_path given: running the embedded default, "
            f"{default_config}{overridden}."
        )
        args = ["--config", str(REPOSITORY / default_config), *args]
    named: set[str] = set()  # the YAML file's keys
    if "--config" in args:
        position = args.index("--config") + 1
        if position == len(args):
            raise ValueError("--config needs the path of a YAML file.")
        hints = {name: hint for kind in dataclass_types for name, hint in typing.get_type_hints(kind).items()}
        check_recipe(args[position], hints)
        named = set(read_recipe(args[position]))
    args = _choose_precision(args, named)
    usage = f"{Path(sys.argv[0]).name} [--config FILE.yaml] [--KEY VALUE ...]   (--help lists every key)"
    parsed = TrlParser(dataclass_types, usage=usage).parse_args_and_config(args)
    given = {arg.partition("=")[0] for arg in args}
    if "--reward_funcs" in given and "--reward_weights" not in given:
        _drop_weights(parsed)
    return parsed


def check_arguments(script_args: Any, training_args: Any) -> None:
    """Check what TRL would refuse only after a rollout, turn scalars from YAML into lists, make the output folder.

    Raises:
        ValueError: With what was given, what is allowed and what to do.
        OSError: When the output folder cannot be written.
    """
    if isinstance(script_args.reward_funcs, str):
        script_args.reward_funcs = [script_args.reward_funcs]
    if isinstance(training_args.reward_weights, int | float):
        training_args.reward_weights = [training_args.reward_weights]
    weights = training_args.reward_weights
    if weights is not None:
        training_args.reward_weights = [float(weight) for weight in weights]  # YAML takes 1e-1 for text
        if len(weights) != len(script_args.reward_funcs):
            raise ValueError(
                f"{len(weights)} reward_weights for {len(script_args.reward_funcs)} reward_funcs "
                f"({', '.join(script_args.reward_funcs)}): give one weight per reward function."
            )
    for key, allowed in GRPO_CHOICES.items():
        if getattr(training_args, key) not in allowed:
            raise ValueError(unknown_name(key, getattr(training_args, key), allowed))
    low, high = script_args.min_pass_rate, script_args.max_pass_rate
    if not 0.0 <= (0.0 if low is None else low) <= (1.0 if high is None else high) <= 1.0:
        raise ValueError(
            f"min_pass_rate is {low} and max_pass_rate {high}; give numbers from 0 to 1, the smaller first."
        )
    if not training_args.temperature > 0:
        raise ValueError(f"temperature is {training_args.temperature}; samples need one above 0.")
    check_writable(training_args.output_dir)


def _split_equals(args: Sequence[str]) -> list[str]:
    """Turn `--config=x` into `--config x`, the only form TRL's parser reads; the same for the model."""
    split: list[str] = []
    for arg in args:
        name, equals, value = arg.partition("=")
        if equals and name in ("--config", "--model_name_or_path"):
            split += [name, value]
        else:
            split.append(arg)
    return split


def _choose_precision(args: Sequence[str], named: Collection[str]) -> list[str]:
    """Switch bfloat16 off where no device here computes in it and nobody asked for it: TRL's default is on."""
    asked = {"bf16", "fp16"} & {*named, *(arg.lstrip("-").partition("=")[0] for arg in args if arg.startswith("--"))}
    if asked or {"-h", "--help"} & set(args) or is_torch_bf16_gpu_available():
        return list(args)
    announce("No device here computes in bfloat16: going on with --bf16 false.")
    return [*args, "--bf16", "false"]


def _drop_weights(parsed: tuple) -> None:
    """Drop the config's weights: they belong to the config's rewards, not to those of the command line."""
    for arguments in parsed:
        if getattr(arguments, "reward_weights", None) is not None:
            announce("--reward_funcs replaces the config's rewards: its reward_weights are dropped.")
            arguments.reward_weights = None
