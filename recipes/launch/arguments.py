"""Parses and checks the arguments of the training scripts, or fills in the embedded default.

A typo must cost seconds, so everything that can be known from the arguments alone is checked here, before a model
loads; each finding is one line. Knows nothing of an algorithm.

Not here: the YAML file (`config_file.py`), reward names (`rust_rewards.reward_names`), models (`models.py`) and task
files (`datasets.py`).
"""

import os
import sys
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.utils import is_torch_bf16_gpu_available
from trl import ScriptArguments, TrlParser

from launch.config_file import check_recipe, read_recipe
from launch.help_text import HELP_ALL, help_text
from launch.messages import announce
from launch.paths import REPOSITORY, check_writable
from launch.rewards import OVERLONG, REWARD_NAMES, overlong_punishment
from launch.task_rewards import check_weights
from rust_rewards.reward_names import resolve_rewards
from rust_rewards.suggestions import nearest, unknown_name
from trainers.maxrl_config import GRPO_CHOICES, RUST_COMPILES

PROJECT = "rust-rewards"  # of the trackers
LAUNCHERS_PRECISION = "ACCELERATE_MIXED_PRECISION"  # where accelerate leaves its configuration's
GROUP = 8  # completions per prompt where nothing is given: TRL's default
# The lowest useful value of a number
LOWEST = {
    "learning_rate": (0, "give a positive one such as 1e-6"),
    "weight_decay": (0, "give 0 (none) or more"),
    "max_grad_norm": (0, "give 0 (no clipping) or more"),
    "warmup_steps": (0, "give 0 (none) or more"),
    "beta": (0, "give 0 (no KL penalty) or more"),
    "adam_epsilon": (0, "give a positive one such as 1e-8"),
    "num_train_epochs": (1e-9, "give a positive number, or --max_steps"),
    "per_device_train_batch_size": (1, "give at least 1"),
    "per_device_eval_batch_size": (1, "give at least 1"),
    "gradient_accumulation_steps": (1, "give at least 1"),
    "max_completion_length": (1, "give at least 1 token"),
}


@dataclass
class RecipeArguments(ScriptArguments):
    """
    Arguments of the training recipes beyond TRL's own.

    Args:
        reward_funcs (`list[str]`, *optional*):
            Short names of `rust_rewards.reward_names`, `overlong`, dotted paths such as `my_pkg.my_reward`, or reward
            models with a slash (`org/model`). Defaults to `rust`, 10 times `tests` where tasks have hidden tests, and
            10 times `overlong` wherever GRPO's advantages are used.
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
        default_factory=list,
        metadata={
            "help": f"Short names ({', '.join(REWARD_NAMES)}), dotted paths such as `my_pkg.my_reward`, or reward "
            "models with a slash (`org/model`). Defaults to rust, 10 times tests where tasks have hidden tests, and 10 "
            "times overlong wherever GRPO's advantages are used."
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
        ValueError: For an unknown or misspelt key or flag, a value of the wrong type, or contradicting settings.
        OSError: When the YAML file cannot be read.
        SystemExit: After `--help`.
    """
    args = _split_equals(sys.argv[1:] if argv is None else argv)
    hints = {name: hint for kind in dataclass_types for name, hint in typing.get_type_hints(kind).items()}
    if {"-h", "--help"} & set(args):
        print(help_text(dataclass_types, sys.modules["__main__"].__doc__ or ""))
        raise SystemExit(0)
    if not {"--config", "--model_name_or_path", HELP_ALL} & set(args):
        flags = [arg for arg in args if arg.startswith("--")]
        overridden = f", overridden by {' '.join(flags)}" if flags else ""
        announce(
            "Neither --config nor --model_name_or_path given: running the embedded default, "
            f"{default_config}{overridden}."
        )
        args = ["--config", str(REPOSITORY / default_config), *args]
    given = {_key(arg) for arg in args if arg.startswith("--")}
    recipe: dict[str, Any] = {}
    if "--config" in args:
        position = args.index("--config") + 1
        if position == len(args):
            raise ValueError("--config needs the path of a YAML file.")
        check_recipe(args[position], hints)
        recipe = read_recipe(args[position])
        given |= set(recipe)
    flags_given = {_key(arg) for arg in args if arg.startswith("--")}
    args, trackers = _take_trackers(_choose_precision(args, given))
    if "num_generations" in hints and "per_device_eval_batch_size" not in given:
        args = [*args, "--per_device_eval_batch_size", str(_samples_in_evaluation(args, recipe))]  # see `fill_in`
    usage = f"{Path(sys.argv[0]).name} [--config FILE.yaml] [--KEY VALUE ...]   (--help names the most important)"
    parser = TrlParser(dataclass_types, usage=usage)
    try:
        parsed = parser.parse_args_and_config(["--help" if arg == HELP_ALL else arg for arg in args])
    except ValueError as err:
        unknown = [_key(arg) for arg in args if arg.startswith("--") and _key(arg) not in {*hints, "config"}]
        if not unknown or "not used by the HfArgumentParser" not in str(err):
            raise
        raise ValueError(_unknown_flag(unknown[0], hints)) from err
    if "reward_funcs" in flags_given and "reward_weights" not in flags_given:
        _drop_weights(parsed)
    for arguments in parsed:
        if isinstance(arguments, TrainingArguments):
            fill_in(arguments, given, trackers)
    return parsed


def fill_in(training_args: Any, given: Collection[str], trackers: Sequence[str] = ()) -> None:
    """Set what nobody gave and TRL sets to something of little use here.

    Args:
        training_args (`TrainingArguments`): Changed in place.
        given (`Collection[str]`): Keys of the YAML file and the command line.
        trackers (`Sequence[str]`): Values of `--report_to`, when there are several.
    """
    if trackers:
        training_args.report_to = list(trackers)
    if "disable_tqdm" not in given:
        training_args.disable_tqdm = not sys.stderr.isatty()  # a bar in a file is a mess
    if "run_name" not in given:
        training_args.run_name = Path(str(training_args.output_dir)).name
    if "project" not in given:
        training_args.project = PROJECT
    os.environ.setdefault("WANDB_PROJECT", training_args.project)
    os.environ.setdefault("WANDB_DIR", str(training_args.output_dir))
    if not hasattr(training_args, "num_generations"):
        return
    if "num_completions_to_print" not in given:
        training_args.num_completions_to_print = 0  # TRL's table: 8 columns in 80 characters, at every step
    if "per_device_eval_batch_size" not in given and training_args.eval_strategy != "no":
        # As many as training generates at a time: in batches of 8, TRL's default, 90 tasks take 15 times as long
        size = training_args.per_device_train_batch_size * training_args.steps_per_generation
        samples = training_args.num_generations_eval or training_args.num_generations
        training_args.per_device_eval_batch_size = max(size // samples, 1) * samples


def check_arguments(script_args: Any, training_args: Any) -> None:
    """Check what TRL would refuse only after a rollout, turn scalars from YAML into lists, make the output folder.

    Raises:
        ValueError: With what was given, what is allowed and what to do.
        ToolchainError: When a reward needs rustc or clippy and there is none.
        OSError: When the output folder cannot be written.
    """
    if isinstance(script_args.reward_funcs, str):
        script_args.reward_funcs = [script_args.reward_funcs]
    if isinstance(training_args.reward_weights, int | float):
        training_args.reward_weights = [training_args.reward_weights]
    if training_args.reward_weights is not None:  # YAML takes 1e-1 for text
        training_args.reward_weights = [float(weight) for weight in training_args.reward_weights]
    # A typo is named before the tasks are read; `reward_functions` makes them afterwards
    resolve_rewards(script_args.reward_funcs or ["rust"], {OVERLONG: overlong_punishment})
    if script_args.reward_funcs:
        check_weights(script_args.reward_funcs, training_args.reward_weights)
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
    check_numbers(training_args)
    check_writable(training_args.output_dir)


def check_numbers(training_args: Any) -> None:
    """Raise `ValueError` for a number that only the optimizer would refuse, or that would train on nothing."""
    for name, (lowest, reason) in LOWEST.items():
        value = getattr(training_args, name, None)
        if isinstance(value, int | float) and not value >= lowest:
            raise ValueError(f"{name} is {value}; {reason}.")


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


def _unknown_flag(name: str, known: Collection[str]) -> str:
    """Word that there is no such flag; there are hundreds, too many to list."""
    near = nearest(name, known)
    guess = f"Did you mean --{near}?" if near else f"{HELP_ALL} lists every flag."
    return f"Unknown flag --{name}. {guess}"


def _key(flag: str) -> str:
    """Return the key that a flag sets.

    >>> _key("--learning-rate=1e-5")
    'learning_rate'
    """
    return flag.lstrip("-").partition("=")[0].replace("-", "_")


def _samples_in_evaluation(args: Sequence[str], recipe: Mapping[str, Any]) -> int:
    """Return how many completions a task gets in an evaluation: TRL refuses a batch that these do not divide.

    >>> recipe = {"num_generations": 2, "num_generations_eval": None}
    >>> [_samples_in_evaluation([f"--num_generations{end}", "6"], recipe) for end in ("", "=4", "_eval=3")]
    [6, 4, 3]
    """
    flags = {}
    for arg, following in zip(args, [*args[1:], ""], strict=True):
        _, equals, value = arg.partition("=")
        flags[_key(arg)] = value if equals else following
    found = (given.get(name) for name in ("num_generations_eval", "num_generations") for given in (flags, recipe))
    samples = str(next((value for value in found if value), GROUP))
    return int(samples) if samples.isdecimal() else GROUP  # the parser will name what is no number


def _take_trackers(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arguments with one value of `--report_to`, the only number TRL's parser takes, and all of several.

    >>> _take_trackers(["--report_to", "wandb", "trackio", "--seed", "1"])
    (['--report_to', 'wandb', '--seed', '1'], ['wandb', 'trackio'])
    """
    if "--report_to" not in args:
        return list(args), []
    first = list(args).index("--report_to") + 1
    end = next((place for place in range(first, len(args)) if args[place].startswith("--")), len(args))
    values = list(args[first:end])
    if len(values) < 2:
        return list(args), []
    return [*args[: first + 1], *args[end:]], values


def _choose_precision(args: Sequence[str], given: Collection[str]) -> list[str]:
    """Switch bfloat16 off where no device here computes in it and nobody asked for it: TRL's default is on.

    What accelerate's configuration says does not count: a run in another precision than the recipe names would be no
    repetition of it, and DeepSpeed stops where the two differ.
    """
    if os.environ.get(LAUNCHERS_PRECISION) in ("bf16", "fp16"):
        os.environ[LAUNCHERS_PRECISION] = "no"
    if {"bf16", "fp16"} & set(given) or HELP_ALL in args or is_torch_bf16_gpu_available():
        return list(args)
    announce("No device here computes in bfloat16: going on with --bf16 false.")
    return [*args, "--bf16", "false"]


def _drop_weights(parsed: tuple) -> None:
    """Drop the config's weights: they belong to the config's rewards, not to those of the command line."""
    for arguments in parsed:
        if getattr(arguments, "reward_weights", None) is not None:
            announce("--reward_funcs replaces the config's rewards: its reward_weights are dropped.")
            arguments.reward_weights = None
