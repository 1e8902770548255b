"""Words `--help` of the training scripts: examples and our own keys, instead of 1,200 lines of TRL's."""

import dataclasses
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

HELP_ALL = "--help_all"
WIDTH = 100
LIBRARIES = ("trl", "transformers")
# Of TRL's keys, those that a first run is likely to set
COMMON = (
    *("model_name_or_path", "dataset_name", "output_dir", "max_steps", "num_train_epochs", "learning_rate"),
    *("per_device_train_batch_size", "gradient_accumulation_steps", "num_generations", "max_completion_length"),
    *("temperature", "beta", "reward_weights", "eval_strategy", "save_steps", "report_to", "seed", "use_peft", "bf16"),
)


def help_text(dataclass_types: Sequence[Any], examples: str) -> str:
    """Return the help: what the script does with examples, our own keys, and the most common ones of TRL.

    Args:
        dataclass_types (`Sequence[type]`): What the parser fills.
        examples (`str`): The script's docstring.
    """
    known = {field.name for kind in dataclass_types for field in dataclasses.fields(kind)}
    lines = [examples.strip(), "", "Keys of this project (flags; in YAML without the dashes):", ""]
    for field in own_fields(dataclass_types):
        text = f"{field.metadata.get('help', '')} [{_default(field)}]"
        lines.append(f"  --{field.name}")
        lines += textwrap.wrap(text, WIDTH, initial_indent="      ", subsequent_indent="      ")
    common = " ".join(f"--{name}" for name in COMMON if name in known)
    lines += ["", "Keys of TRL and transformers, the most common:", ""]
    lines += textwrap.wrap(common, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    lines += ["", f"{HELP_ALL} lists every key with its default. --config FILE.yaml reads them from a file; flags win."]
    return "\n".join(lines)


def own_fields(dataclass_types: Sequence[Any]) -> Iterator[dataclasses.Field]:
    """Return the fields that TRL's and transformers' classes do not have, in order."""
    for kind in dataclass_types:
        if kind.__module__.partition(".")[0] in LIBRARIES:
            continue
        theirs = [base for base in kind.__mro__[1:] if base.__module__.partition(".")[0] in LIBRARIES]
        inherited = {
            field.name for base in theirs if dataclasses.is_dataclass(base) for field in dataclasses.fields(base)
        }
        yield from (field for field in dataclasses.fields(kind) if field.name not in inherited)


def _default(field: dataclasses.Field) -> str:
    if field.default in (dataclasses.MISSING, None):
        return "none"
    return str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
