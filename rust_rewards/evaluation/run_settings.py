"""Reads what a training run used: `run.json` of our recipes, and `training_args.bin` that transformers leaves.

The second is a pickle, and a pickle can ask for any function to be called. Here it cannot: every class and function
that it names is replaced by an empty one that only keeps what it is given. So neither torch nor trl is loaded, and a
file from a stranger does nothing.
Not here: which settings are worth showing (`report.py`).
"""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .results import TRAINING_RUN, ResultFileError, read_result

RECORD_NAME = "run.json"
SETTINGS_NAME = "training_args.bin"
MAX_BYTES = 16 << 20  # of the pickle; one of a real run has a few thousand
PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class RunRecord:
    """What a run of our recipes says of itself.

    Attributes:
        method (`str`): Such as `"GRPO"`.
        base_model, dataset (`str`): The model that was trained and the tasks, as the user called them.
        rows, rows_with_tests (`int`): Tasks, and those with hidden tests.
        rewards (`dict[str, float]`): Weight of each reward function.
        versions (`dict[str, str]`): Of rustc and packages.
        arguments (`list[str]`): The command line.
    """

    method: str
    base_model: str
    dataset: str
    rows: int
    rows_with_tests: int
    rewards: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "RunRecord":
        """Return the record that a file holds; what only the recipes need is passed over."""
        return cls(**{item.name: content[item.name] for item in fields(cls) if item.name in content})


def read_run_record(path: Path) -> RunRecord:
    """Read the record of a run.

    Raises:
        ResultFileError: When the file is no complete JSON, is of another kind or lacks a part.
    """
    return read_result(path, TRAINING_RUN, RunRecord)


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run.

    Attributes:
        kind (`str`): The class of the arguments, such as `"GRPOConfig"`.
        values (`dict`): Numbers, text, truth values and lists of them by name; what is `None` or anything else is
            left out. An enumeration's member is its value.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps_per_batch(self) -> float:
        """Optimiser steps from one generated (and rewarded) batch to the next; 1 where the run does not say."""
        names = ("steps_per_generation", "num_iterations", "gradient_accumulation_steps")
        per_generation, iterations, accumulated = (self.values.get(name) or 1 for name in names)
        return float(per_generation) * iterations / accumulated


def read_run_settings(path: Path) -> RunSettings:
    """Read the settings of a run without running anything that the file asks for.

    Raises:
        ResultFileError: When the file cannot be read or holds no arguments of a trainer.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            if archive.getinfo(name).file_size > MAX_BYTES:
                raise ValueError(f"its pickle has more than {MAX_BYTES} bytes")
            with archive.open(name) as file:
                found = _InertUnpickler(file).load()
    except Exception as err:  # a damaged pickle can raise anything
        raise ResultFileError(
            f"{path} is not what a trainer writes ({err or type(err).__name__}). Delete it, to go without the settings."
        ) from err
    if not isinstance(found, _Inert):
        raise ResultFileError(f"{path} holds no arguments of a trainer. Delete it, to go without the settings.")
    values = {name: plain for name, value in vars(found).items() if (plain := _plain(value)) is not None}
    return RunSettings(type(found).__name__, values)


class _Inert:
    """Stands for an object of any class: keeps what it was made of, and does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> "_Inert":
        made = super().__new__(cls)
        made.__dict__["made_of"] = args
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take anything."""

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update({str(name): value for name, value in state.items()})


class _InertUnpickler(pickle.Unpickler):
    """Reads the data of a pickle and none of its code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return an empty class in place of whatever is named."""
        return type(name, (_Inert,), {})

    def persistent_load(self, pid: Any) -> None:
        """Leave tensors out."""


def _plain(value: Any) -> Any:
    """Return a value that can be shown, of an enumeration's member its value; `None` for anything else."""
    if isinstance(value, _Inert):
        made_of = value.__dict__["made_of"]
        return made_of[0] if len(made_of) == 1 and isinstance(made_of[0], PLAIN) else None
    if isinstance(value, list | tuple):
        return list(value) if value and all(isinstance(item, PLAIN) for item in value) else None
    return value if isinstance(value, PLAIN) else None
