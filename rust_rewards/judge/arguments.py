"""Makes the fields of `JudgeConfig` the `--judge_*` options of a training script, for `TrlParser` and its YAML files.

They are made from `JudgeConfig`, help texts from its docstring, so that the two cannot differ.
"""

import re
from dataclasses import MISSING, Field, dataclass, field, fields, make_dataclass
from typing import Any, get_type_hints

from .config import JudgeConfig


def options_of_config() -> list[tuple[Field[Any], Any, str]]:
    """Return the fields of `JudgeConfig`, each with its type and its help text."""
    types, texts = get_type_hints(JudgeConfig), _documented_arguments(JudgeConfig)
    return [(f, types[f.name], texts.get(f.name, "")) for f in fields(JudgeConfig)]


def _documented_arguments(documented: type) -> dict[str, str]:
    """Take each argument's text out of a docstring in TRL's format."""
    listed = (documented.__doc__ or "").partition("Args:")[2].partition("Raises:")[0]
    entry = re.compile(r"^ {8}(\w+) \(.*?\): (.*?)(?=^ {8}\w|\Z)", re.M | re.S)
    return {name: " ".join(text.split()) for name, text in entry.findall(listed)}


def _option(given: Field[Any], kind: Any, text: str) -> tuple[str, Any, Any]:
    """Turn a field of `JudgeConfig` into one of `JudgeArguments`; a required one becomes optional: no judge."""
    required = given.default is MISSING
    shown = field(default=None if required else given.default, metadata={"help": text})
    return f"judge_{given.name}", kind | None if required else kind, shown


_Options = make_dataclass("_Options", [_option(*option) for option in options_of_config()])


@dataclass
class JudgeArguments(_Options):  # type: ignore[valid-type,misc]  # its fields are those of `JudgeConfig`
    """The judge of a training script, as `--judge_*` options; no endpoint, no judge.

    Args:
        judge_optional (`bool`, *optional*, defaults to `False`): Train on, without the judge, when it does not answer
            at the start.
    """

    judge_optional: bool = field(
        default=False, metadata={"help": "Train on, without the judge, when it does not answer at the start."}
    )


def config_from_arguments(arguments: JudgeArguments) -> JudgeConfig | None:
    """Build the configuration from parsed options.

    Args:
        arguments (`JudgeArguments`): Parsed options.

    Returns:
        `JudgeConfig`, or `None` when no judge was asked for, or none was named and it is optional.

    Raises:
        ValueError: When judge options are given without an endpoint, or a value is out of its range.
    """
    given = {f.name: getattr(arguments, f"judge_{f.name}") for f in fields(JudgeConfig)}
    if given["endpoint"]:
        return JudgeConfig(**{**given, "model": given["model"] or ""})
    changed = [f.name for f in fields(arguments) if getattr(arguments, f.name) != f.default]
    if changed and not arguments.judge_optional:
        names = ", ".join(f"--{name}" for name in changed)
        raise ValueError(
            f"No --judge_endpoint, but {names} given. Add the base URL of the judge, such as "
            "http://localhost:8000/v1, or pass --judge_optional to train without a judge."
        )
    return None
