"""Reads tasks from the shipped sets, a JSON Lines file or the hub; training and evaluation both start here.

A row stays as it is, but for a published format, which is brought into our columns (`formats.py`), for its `task_id`,
which is text (a row without one gets the number of its line), and for a plain-text prompt that is the beginning of a
program: it is the row's `code_prefix` too. Columns that nobody here knows are kept for the rewards that read them.
Not here: which prompt a model sees, and whether a task can be measured (`task_set.py`).
"""

import importlib.resources
import os
from pathlib import Path
from typing import Any

from ..extras import needing
from ..json_lines import Source, read_objects
from .formats import TaskSetError, convert_rows

SHIPPED = ("train", "eval")  # names of the task sets inside this package
FILE_ENDINGS = (".jsonl", ".json")


def load_tasks(name_or_path: str, *, config: str | None = None, split: str = "train") -> list[dict[str, Any]]:
    """Read the rows of a task set in our columns: `prompt`, `tests`, `entry_point`, `code_prefix` and others.

    Args:
        name_or_path (`str`): `"train"` or `"eval"` for the shipped sets, a JSON Lines file, or a folder or name of
            the hub that `datasets.load_dataset` knows.
        config (`str`, *optional*): The hub dataset's configuration, such as `"rust"` or `"humaneval-rs"`.
        split (`str`, *optional*, defaults to `"train"`): The hub dataset's split; a file has only one.

    Returns:
        `list[dict]`: One dictionary per row. `prompt` is text, chat messages or absent; `tests`, `entry_point`,
            `code_prefix` and `reference` are text or absent.

    Raises:
        TaskSetError: When there is no such set, it has no rows, or a column is of the wrong type.
        ValueError: When a line of the file is no JSON object.

    Example:
    ```python
    >>> from rust_rewards.tasks import load_tasks

    >>> sorted(load_tasks("eval")[0])[:4]
    ['code_prefix', 'difficulty', 'entry_point', 'prompt']

    ```
    """
    file = find_file(name_or_path)
    if file is None:
        numbered = list(enumerate(_read_with_datasets(name_or_path, config, split), 1))
    else:
        numbered = read_objects(file, "task")
    return convert_rows([row for _, row in numbered], name_or_path, [number for number, _ in numbered])


def find_file(name_or_path: str) -> Source | None:
    """Return the JSON Lines file that a name stands for; `None` when it is a folder or a dataset of the hub.

    Raises:
        TaskSetError: When it can only be a file and there is none.
    """
    if name_or_path in SHIPPED:
        return importlib.resources.files(__package__) / "data" / f"{name_or_path}.jsonl"
    path = Path(name_or_path)
    if path.is_file():
        return path
    is_a_path = path.is_absolute() or name_or_path.startswith(".") or path.suffix in FILE_ENDINGS
    if is_a_path and not path.is_dir():
        raise TaskSetError(
            f"Dataset '{name_or_path}' does not exist (current folder: {os.getcwd()}). Give a JSON Lines file that "
            f"exists, a dataset of the hub, or a shipped set: {', '.join(SHIPPED)}."
        )
    return None


def _read_with_datasets(name: str, config: str | None, split: str) -> list[dict[str, Any]]:
    with needing("train", f"'{name}' is no .jsonl file here; reading other data"):
        from datasets import load_dataset
        from datasets.exceptions import DatasetsError
    try:
        return [dict(row) for row in load_dataset(name, config, split=split)]
    except (DatasetsError, OSError, ValueError, TypeError) as err:
        unusable = (
            "cannot be read" if Path(name).is_dir() else "is neither a .jsonl file here nor available from the hub"
        )
        raise TaskSetError(
            f"Dataset '{name}' (configuration {config!r}, split {split!r}) {unusable}: {_reason(err)} Give a JSON "
            "Lines file, or check the name, the configuration and the split."
        ) from err


def _reason(err: BaseException) -> str:
    """Return the first line of what was wrong at the bottom of a chain of errors: `datasets` wraps it in others."""
    while err.__cause__ is not None:
        err = err.__cause__
    lines = str(err).strip().splitlines()
    return lines[0] if lines else type(err).__name__
