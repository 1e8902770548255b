"""Makes a task set that a model can be measured with: every task has an id of its own and both kinds of prompt.

Takes every set that training takes. What a task lacks is not measured: one without tests counts for compiling and for
the reward, and in no figure about tests.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .formats import COLUMNS, INSTRUCTION, TaskSetError, column_problem
from .reader import load_tasks

Task = Mapping[str, Any]
MEASURED = ("task_id", "prompt", "code_prefix", "entry_point", "tests", "allow", "stop")


@dataclass(frozen=True)
class TaskSet:
    """Tasks to measure a model with.

    Attributes:
        source (`str`): What it was loaded from, as the user named it.
        tasks (`tuple[Mapping, ...]`): The tasks in order. Each has every one of `COLUMNS`; `entry_point`,
            `reference`, `difficulty` and `topic` may be `None`. Tasks of the published formats may have `allow` (a line
            put before the program when it is verified) and `stop` (strings that end a continuation).
        config (`str`, *optional*): The hub dataset's configuration.
        without_prompt (`int`, *optional*, defaults to `0`): Rows that were left out because they have no prompt.
        renamed (`int`, *optional*, defaults to `0`): Rows whose `task_id` an earlier row has; they were numbered.
    """

    source: str
    tasks: tuple[Task, ...]
    config: str | None = None
    without_prompt: int = 0
    renamed: int = 0

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    @property
    def ids(self) -> set[str]:
        """The ids of the tasks."""
        return {task["task_id"] for task in self.tasks}

    @property
    def hash(self) -> str:
        """The name of what these tasks measure, see `task_set_hash`."""
        return task_set_hash(self.tasks)

    def with_tasks(self, tasks: Sequence[Task]) -> "TaskSet":
        """Return the same set with other tasks, usually some of its own."""
        return replace(self, tasks=tuple(tasks))


def load_task_set(name_or_path: str, *, config: str | None = None, split: str = "test") -> TaskSet:
    """Read a task set to measure a model with.

    Rows without a `prompt` and a `code_prefix` are left out and counted. A row that has only a `code_prefix`, or a
    plain-text prompt that is one, gets a request to complete it as its chat prompt; other plain text is the request.

    Args:
        name_or_path (`str`): As in `load_tasks`.
        config (`str`, *optional*): The hub dataset's configuration.
        split (`str`, *optional*, defaults to `"test"`): The hub dataset's split.

    Raises:
        TaskSetError: When the set cannot be read or is empty, or no row has a prompt.
    """
    rows = load_tasks(name_or_path, config=config, split=split)
    columns = set().union(*rows)
    problem = None if "code_prefix" in columns else column_problem(columns, ("prompt",))
    if problem:
        raise TaskSetError(f"{name_or_path} has {problem}")
    with_prompt = [row for row in rows if _has_prompt(row)]
    if not with_prompt:
        raise TaskSetError(f"None of the {len(rows)} tasks of {name_or_path} has a prompt or a code_prefix.")
    named = _with_names_of_their_own(with_prompt)
    return TaskSet(
        name_or_path,
        tuple(map(_complete, named)),
        config,
        without_prompt=len(rows) - len(with_prompt),
        renamed=sum(old["task_id"] != new["task_id"] for old, new in zip(with_prompt, named, strict=True)),
    )


def task_set_hash(tasks: Sequence[Task]) -> str:
    """Return 16 hex digits naming what tasks measure: ids, prompts, prefixes, entry points and tests, in any order.

    References, difficulty and topic do not change what is measured, so they do not change the hash.
    """
    parts = sorted(json.dumps([task.get(name) for name in MEASURED], sort_keys=True) for task in tasks)
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _with_names_of_their_own(rows: Sequence[Task]) -> list[Task]:
    """Return the rows with ids that differ: the second row called `add` becomes `add (2)`.

    >>> [row["task_id"] for row in _with_names_of_their_own([{"task_id": "a"}, {"task_id": "a"}, {"task_id": "a (2)"}])]
    ['a', 'a (3)', 'a (2)']
    """
    taken, seen = {row["task_id"] for row in rows}, Counter[str]()
    named = []
    for row in rows:
        name = str(row["task_id"])
        seen[name] += 1
        if seen[name] > 1:
            while f"{name} ({seen[name]})" in taken:
                seen[name] += 1
            row = {**row, "task_id": f"{name} ({seen[name]})"}
            taken.add(row["task_id"])
        named.append(row)
    return named


def _has_prompt(row: Task) -> bool:
    prompt = row.get("prompt") or row.get("code_prefix")
    return bool(prompt.strip() if isinstance(prompt, str) else prompt)


def _complete(row: Task) -> dict[str, Any]:
    """Return the row with every column, and both kinds of prompt; `plain_prompt` is a request in plain text."""
    task = {**dict.fromkeys(COLUMNS), **row, "code_prefix": row.get("code_prefix") or ""}
    task["tests"] = row["tests"] if (row.get("tests") or "").strip() else None
    prompt = row.get("prompt")
    if isinstance(prompt, list) and prompt:
        return task
    if task["code_prefix"]:
        request = INSTRUCTION.format(prefix=task["code_prefix"].rstrip())
    else:
        request = task["plain_prompt"] = str(prompt)
    return {**task, "prompt": [{"role": "user", "content": request}]}
