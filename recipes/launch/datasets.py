"""Loads task sets for the recipes: JSON Lines files or hub datasets, checked before a model loads.

A task has a `prompt` (chat messages, or a plain string) and, as far as its rewards read them, the columns
`tests`, `entry_point` and `code_prefix`. Which prompt a model sees depends on its tokenizer:

- with a chat template the chat prompt is used, and `code_prefix` goes: the answer is a whole program;
- without one (a base model) `code_prefix` itself is the prompt, and stays a column: program = prefix +
completion.

Not here: generation, scoring, and the published benchmark formats that `evaluate.py` reads.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetNotFoundError

from launch.messages import announce
from launch.paths import find_path

TEXT_COLUMNS = ("task_id", "code_prefix", "entry_point", "tests")


def load_tasks(
    name: str | None, *, has_chat_template: bool, config: str | None = None, split: str = "train"
) -> Dataset:
    """Load tasks with the prompt that suits the model; rows without a prompt are skipped and counted.

    Args:
        name (`str`): Path of a `.jsonl` file, else a name or folder that `datasets.load_dataset` knows.
        has_chat_template (`bool`): Whether the model's tokenizer has one.
        config (`str`, *optional*): Configuration of a hub dataset.
        split (`str`, *optional*, defaults to `"train"`): Split of a hub dataset; a file has only one.

    Raises:
        ValueError: When there is no such dataset, a row cannot be read, no row has a usable prompt, or a column mixes
            types.
    """
    rows = read_tasks(name, config=config, split=split)
    chosen = [choose_prompt(row, has_chat_template=has_chat_template) for row in rows]
    kept = [row for row in chosen if row["prompt"]]
    if not kept:
        wanted = "prompt" if has_chat_template else "code_prefix (the model has no chat template)"
        raise ValueError(f"None of the {len(rows)} rows of '{name}' has a {wanted}.")
    if len(kept) < len(rows):
        announce(f"Skipped {len(rows) - len(kept)} of {len(rows)} rows of '{name}': no prompt.")
    if len({type(row["prompt"]) for row in kept}) > 1:
        raise ValueError(f"'{name}' mixes chat prompts (lists of messages) and plain strings; use one form.")
    return _to_dataset(kept, name)


def read_tasks(name: str | None, *, config: str | None = None, split: str = "train") -> list[dict[str, Any]]:
    """Read the rows of a task set as they are.

    Raises:
        ValueError: When there is no such dataset, or a row is not an object with text in its text columns.
    """
    if not name:
        raise ValueError("No dataset: give --dataset_name, for example recipes/data/train.jsonl.")
    path = Path(find_path(name))
    if path.suffix in (".jsonl", ".json"):
        rows = list(_read_json_lines(path))
    else:
        rows = _read_with_datasets(name, path, config, split)
    for number, row in enumerate(rows, start=1):
        _check_row(row, f"{name}, row {number}")
    return rows


def choose_prompt(row: dict[str, Any], *, has_chat_template: bool) -> dict[str, Any]:
    """Return the row with the prompt for this kind of model; an unusable prompt becomes `None`.

    >>> task = {"prompt": [{"role": "user", "content": "Add two numbers."}], "code_prefix": "pub fn add("}
    >>> choose_prompt(task, has_chat_template=False)["prompt"]
    'pub fn add('
    >>> "code_prefix" in choose_prompt(task, has_chat_template=True)
    False
    """
    prompt = row.get("prompt")
    if isinstance(prompt, str):
        return {**row, "prompt": prompt if prompt.strip() else None}
    if not has_chat_template:
        return {**row, "prompt": row.get("code_prefix") or None}
    chat = {key: value for key, value in row.items() if key != "code_prefix"}
    return {**chat, "prompt": prompt or None}


def _read_json_lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise ValueError(f"Dataset '{path}' does not exist (current folder: {os.getcwd()}).") from err
    except UnicodeDecodeError as err:
        raise ValueError(f"Dataset '{path}' is not UTF-8 text: {err.reason} at byte {err.start}.") from err
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except json.JSONDecodeError as err:
            raise ValueError(f"{path}, line {number} is not JSON: {err}. Expected one task per line.") from err


def _read_with_datasets(name: str, path: Path, config: str | None, split: str) -> list[dict[str, Any]]:
    try:
        return load_dataset(str(path) if path.exists() else name, name=config, split=split).to_list()
    except (DatasetNotFoundError, ConnectionError, OSError, ValueError) as err:
        reason = str(err).strip().splitlines()[0]
        raise ValueError(
            f"Dataset '{name}' is neither a .jsonl file here nor available from the hub: {reason}"
        ) from err


def _to_dataset(rows: list[dict[str, Any]], name: str | None) -> Dataset:
    """Make a table whose columns are those of all rows, `None` where a row lacks one."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    try:
        return Dataset.from_list([{column: row.get(column) for column in columns} for row in rows])
    except (pa.ArrowException, OverflowError) as err:
        kinds = {c: sorted({type(row[c]).__name__ for row in rows if row.get(c) is not None}) for c in columns}
        mixed = [f"{column} ({' and '.join(found)})" for column, found in kinds.items() if len(found) > 1]
        reason = f"{', '.join(mixed)} mixes types" if mixed else str(err).splitlines()[0]
        raise ValueError(f"The rows of '{name}' make no table: {reason}. Use one type per column.") from err


def _check_row(row: object, where: str) -> None:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: expected an object with a prompt, got {type(row).__name__}.")
    prompt = row.get("prompt")
    if not isinstance(prompt, str | list | None):
        raise ValueError(f"{where}: prompt must be text or a list of messages, got {type(prompt).__name__}.")
    for message in prompt if isinstance(prompt, list) else ():
        if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
            raise ValueError(f"{where}: every message of a prompt needs a role and a content.")
    for column in TEXT_COLUMNS:
        if not isinstance(row.get(column), str | None):
            raise ValueError(f"{where}: {column} must be text, got {type(row[column]).__name__}.")
