"""What a training recipe does before its model loads: arguments, the embedded default, clear error messages.

A typo must cost seconds, so everything that can be known from the arguments and the disk is checked here, and
each finding is one line without a traceback. `grpo.py` and `maxrl.py` share this file; it knows nothing of an
algorithm.

Not here: reward names (`reward_names.py`), task files (`tasks.py`), and anything that needs the model's
weights.
"""

import dataclasses
import difflib
import sys
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from trl import ScriptArguments, TrlParser

from launch.messages import announce
from launch.models import check_model
from launch.paths import REPOSITORY, check_writable
from rust_rewards.suggestions import unknown_name

# TRL checks these only in the middle of the first step, after a rollout.
CHOICES = {
    "loss_type": ("grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"),
    "importance_sampling_level": ("token", "sequence"),
    "scale_rewards": ("group", "batch", "none"),
    "multi_objective_aggregation": ("sum_then_normalize", "normalize_then_sum"),
}
NUMBERS = {int: "a whole number", float: "a number"}


@dataclasses.dataclass
class RecipeArguments(ScriptArguments):
    """
    Arguments of the training recipes beyond TRL's own.

    Args:
        reward_funcs (`list[str]`, *optional*, defaults to `["rust"]`):
            Short names (compile, clippy, tests, ast, format, rust), dotted paths such as `my_pkg.my_reward`,
            or reward models with a slash (`org/model`).
        eval_dataset_name (`str`, *optional*):
            Path or name of the evaluation tasks. Defaults to the test split of `dataset_name`.
        curriculum (`bool`, *optional*, defaults to `False`):
            Whether to start with the easy tasks and unlock harder ones by measured success (`trainers.curriculum`).
        curriculum_success (`float`, *optional*):
            Reward above which the curriculum counts a completion as solved. Defaults to 20.0, in `maxrl.py` to the
            `correctness_threshold`.
    """

    reward_funcs: list[str] = dataclasses.field(
        default_factory=lambda: ["rust"],
        metadata={
            "help": "Short names (compile, clippy, tests, ast, format, rust), dotted paths such as "
            "`my_pkg.my_reward`, or reward models with a slash (`org/model`)."
        },
    )
    eval_dataset_name: str | None = dataclasses.field(
        default=None,
        metadata={"help": "Path or name of the evaluation tasks. Defaults to the test split of `dataset_name`."},
    )
    curriculum: bool = dataclasses.field(
        default=False,
        metadata={"help": "Whether to start with the easy tasks and unlock harder ones by measured success."},
    )
    curriculum_success: float | None = dataclasses.field(
        default=None,
        metadata={
            "help": "Reward above which the curriculum counts a completion as solved. Defaults to 20.0, in maxrl.py to "
            "the correctness_threshold."
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
    """
    args = _split_equals(sys.argv[1:] if argv is None else argv)
    if "--config" not in args and "--model_name_or_path" not in args and not {"-h", "--help"} & set(args):
        flags = [arg for arg in args if arg.startswith("--")]
        announce(
            f"Neither --config nor --model_name_or_path given: running the embedded default, {default_config}"
            + (f", overridden by {' '.join(flags)}." if flags else ".")
        )
        args = ["--config", str(REPOSITORY / default_config), *args]
    _check_yaml(args, {name: hint for kind in dataclass_types for name, hint in typing.get_type_hints(kind).items()})
    script = Path(sys.argv[0]).name
    usage = f"{script} [--config FILE.yaml] [--KEY VALUE ...]   (--help lists every key)"
    parsed = TrlParser(dataclass_types, usage=usage).parse_args_and_config(args)
    given = {arg.partition("=")[0] for arg in args}
    if "--reward_funcs" in given and "--reward_weights" not in given:
        _drop_weights(parsed)
    return parsed


def check_arguments(script_args: Any, training_args: Any, model_args: Any) -> str:
    """Check names, paths and permissions, turn scalars from YAML into lists; return the model's path or name.

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
        training_args.reward_weights = weights = [float(weight) for weight in weights]  # YAML takes 1e-1 for text
    if weights is not None and len(weights) != len(script_args.reward_funcs):
        raise ValueError(
            f"{len(weights)} reward_weights for {len(script_args.reward_funcs)} reward_funcs "
            f"({', '.join(script_args.reward_funcs)}): give one weight per reward function."
        )
    for key, allowed in CHOICES.items():
        if getattr(training_args, key) not in allowed:
            raise ValueError(unknown_name(key, getattr(training_args, key), allowed))
    if not training_args.temperature > 0:
        raise ValueError(f"temperature is {training_args.temperature}; samples need one above 0.")
    check_writable(training_args.output_dir)
    return check_model(model_args)


def read_recipe(path: str) -> dict[str, Any]:
    """Return the keys of a recipe.

    Raises:
        ValueError: When the file is no YAML, or no mapping.
        OSError: When it cannot be read.
    """
    try:
        recipe = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise ValueError(f"Config file {path} is not YAML: {' '.join(str(err).split())}.") from err
    if not isinstance(recipe, dict):
        found = "is empty" if recipe is None else f"holds a {type(recipe).__name__}"
        raise ValueError(f"Config file {path} must contain a YAML mapping (key: value), it {found}.")
    return recipe


def _split_equals(args: Sequence[str]) -> list[str]:
    """Turn `--config=x` into `--config x`, the only form TRL's parser reads; the same for the model."""
    split: list[str] = []
    for arg in args:
        name, equals, value = arg.partition("=")
        split += [name, value] if equals and name in ("--config", "--model_name_or_path") else [arg]
    return split


def _check_yaml(args: Sequence[str], hints: dict[str, Any]) -> None:
    """Raise `ValueError` for a key that no dataclass has, and for a value that argparse would pass on unread."""
    if "--config" not in args:
        return
    position = args.index("--config") + 1
    if position == len(args):
        raise ValueError("--config needs the path of a YAML file.")
    for key, value in read_recipe(args[position]).items():
        if key == "env":
            continue
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1)
            guess = f" Did you mean '{near[0]}'?" if near else " --help lists every key."
            raise ValueError(f"Unknown key '{key}' in {args[position]}.{guess}")
        if wanted := _wanted_instead(value, hints[key]):
            given = "nothing" if value is None else repr(value)
            raise ValueError(f"{key} in {args[position]} must be {wanted}, got {given}.")


def _wanted_instead(value: Any, hint: Any) -> str:
    """Say what a value should have been; empty when it fits. Looks at numbers and lists only.

    >>> _wanted_instead(64.0, int), _wanted_instead([1.0, "ten"], list[float] | None), _wanted_instead("1e-5", float)
    ('a whole number', 'a list (a number each)', '')
    """
    options = set(typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,))
    if len(options - {type(None)}) != 1 or (value is None and type(None) in options):
        return ""
    [kind] = options - {type(None)}
    if kind in NUMBERS:
        return "" if _is_number(value, kind) else NUMBERS[kind]
    if typing.get_origin(kind) is list:
        [kind] = typing.get_args(kind)
        values = value if isinstance(value, list) else [value]
        fits = value is not None and (kind not in NUMBERS or all(_is_number(each, kind) for each in values))
        return "" if fits else f"a list ({NUMBERS.get(kind, 'text')} each)"
    return ""


def _is_number(value: Any, kind: type) -> bool:
    """Say whether a value is a number of this kind, or text that argparse turns into one."""
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return isinstance(value, str) or (number == value and type(value) in NUMBERS and isinstance(value, kind | int))


def _drop_weights(parsed: tuple) -> None:
    """The config's weights belong to the config's rewards, not to those of the command line."""
    for arguments in parsed:
        if getattr(arguments, "reward_weights", None) is not None:
            announce("--reward_funcs replaces the config's rewards: its reward_weights are dropped.")
            arguments.reward_weights = None
