"""Reads a recipe's YAML file and checks its keys and the types of its values.

TRL's parser hands values from YAML on without a look, so that `max_steps: true` or `learning_rate: ten` would only
show in the middle of training. Numbers and lists are checked here; everything else the classes check themselves.
"""

import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rust_rewards.suggestions import nearest

NUMBERS = {int: "a whole number", float: "a number"}
ENVIRONMENT_KEY = "env"  # TRL's parser reads it itself


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
    except OSError as err:
        raise OSError(
            f"Cannot read config file '{path}' given with --config: {err.strerror} (current folder: {os.getcwd()})."
        ) from err
    if not isinstance(recipe, dict):
        found = "is empty" if recipe is None else f"holds a {type(recipe).__name__}"
        raise ValueError(f"Config file {path} must contain a YAML mapping (key: value), it {found}.")
    return recipe


def check_recipe(path: str, hints: Mapping[str, Any]) -> None:
    """Check the keys and values of a recipe.

    Args:
        path (`str`): The YAML file.
        hints (`Mapping[str, Any]`): Every known key and its type.

    Raises:
        ValueError: For an unknown key, and for a number or list that is none.
        OSError: When the file cannot be read.
    """
    for key, value in read_recipe(path).items():
        if key == ENVIRONMENT_KEY:
            continue
        if key not in hints:  # there are hundreds: too many to list
            near = nearest(key, hints)
            guess = f" Did you mean '{near}'?" if near else " --help lists every key."
            raise ValueError(f"Unknown key '{key}' in {path}.{guess}")
        wanted = wanted_instead(value, hints[key])
        if wanted:
            given = "nothing" if value is None else repr(value)
            raise ValueError(f"{key} in {path} must be {wanted}, got {given}.")


def wanted_instead(value: Any, hint: Any) -> str:
    """Return what a value should have been; empty when it fits, or is neither number nor list.

    >>> wanted_instead(64.0, int), wanted_instead([1.0, "ten"], list[float] | None), wanted_instead("1e-5", float)
    ('a whole number', 'a list (a number each)', '')
    """
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    options = set(typing.get_args(hint) if is_union else (hint,))
    if value is None and type(None) in options:
        return ""
    kinds = options - {type(None)}
    if len(kinds) != 1:
        return ""
    [kind] = kinds
    if kind in NUMBERS and not _is_number(value, kind):
        return NUMBERS[kind]
    if typing.get_origin(kind) is list and not _is_list(value, *typing.get_args(kind)):
        [element] = typing.get_args(kind)
        return f"a list ({NUMBERS.get(element, 'text')} each)"
    return ""


def _is_list(value: Any, element: type) -> bool:
    """Say whether a value is a list of such elements; a single one stands for itself."""
    values = value if isinstance(value, list) else [value]
    if value is None:
        return False
    return element not in NUMBERS or all(_is_number(each, element) for each in values)


def _is_number(value: Any, kind: type) -> bool:
    """Say whether a value is a number of this kind, or text that argparse turns into one."""
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        return False
    if isinstance(value, str):
        return True
    # 64.0 is no whole number, a whole number is a number, and `true` is neither
    return number == value and type(value) in NUMBERS and isinstance(value, kind | int)
