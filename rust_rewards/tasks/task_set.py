"""Makes a task set that a model can be measured with: every task has its id, both kinds of prompt, and hidden tests."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .formats import COLUMNS, INSTRUCTION, TaskSetError, column_problem
from .reader import load_tasks

Task = Mapping[str, Any]
REQUIRED = ("prompt", "tests")
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
    """

    source: str
    tasks: tuple[Task, ...]
    config: str | None = None
    without_prompt: int = 0

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

    A plain-text prompt is the beginning of a program: it becomes the `code_prefix`, and a request to complete it the
    chat prompt. Rows without a prompt are left out and counted.

    Args:
        name_or_path (`str`): As in `load_tasks`.
        config (`str`, *optional*): The hub dataset's configuration.
        split (`str`, *optional*, defaults to `"test"`): The hub dataset's split.

    Raises:
        TaskSetError: When the set cannot be read or is empty, repeats a task, or lacks what measuring needs.
    """
    rows = load_tasks(name_or_path, config=config, split=split)
    problem = column_problem(set().union(*rows), REQUIRED)
    if problem:
        raise TaskSetError(f"{name_or_path} has {problem}")
    with_prompt = [row for row in rows if _has_prompt(row)]
    if not with_prompt:
        raise TaskSetError(f"None of the {len(rows)} tasks of {name_or_path} has a prompt.")
    _check_tasks(with_prompt, name_or_path)
    tasks = tuple(map(_complete, with_prompt))
    return TaskSet(name_or_path, tasks, config, without_prompt=len(rows) - len(with_prompt))


def task_set_hash(tasks: Sequence[Task]) -> str:
    """Return 16 hex digits naming what tasks measure: ids, prompts, prefixes, entry points and tests, in any order.

    References, difficulty and topic do not change what is measured, so they do not change the hash.
    """
    parts = sorted(json.dumps([task.get(name) for name in MEASURED], sort_keys=True) for task in tasks)
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _check_tasks(rows: Sequence[Task], source: str) -> None:
    seen: set[str] = set()
    for row in rows:
        if not row.get("tests"):
            raise TaskSetError(f"{source}: task {row['task_id']!r} has nothing in tests.")
        if row["task_id"] in seen:
            raise TaskSetError(f"{source} has two tasks named {row['task_id']!r}; task ids must differ.")
        seen.add(row["task_id"])


def _has_prompt(row: Task) -> bool:
    prompt = row.get("prompt")
    return bool(prompt.strip() if isinstance(prompt, str) else prompt)


def _complete(row: Task) -> Task:
    prompt = row["prompt"]
    task = {**dict.fromkeys(COLUMNS), **row}
    task["code_prefix"] = row.get("code_prefix") or (prompt if isinstance(prompt, str) else "")
    if isinstance(prompt, str):
        request = INSTRUCTION.format(prefix=task["code_prefix"].rstrip())
        task["prompt"] = [{"role": "user", "content": request}]
    return task
