"""Finds tasks of a set and words them as a person wants to read them."""

import json
import random
from collections.abc import Mapping
from typing import Any

from ..verifier.hidden_tests import HiddenTestsError, read_hidden_tests
from .stream import TaskLine, stream_tasks

SHOWN_APART = ("task_id", "prompt", "code_prefix", "entry_point", "tests", "reference")
MAX_CASES = 5  # of standard input that are shown
MAX_CHARS = 2000  # of one side of a case


def find_task(source: str, name: str) -> TaskLine:
    """Return the task with this id, or on this line.

    Raises:
        ValueError: When there is none.
    """
    first = None
    for line in stream_tasks(source):
        if line.task is not None and line.task["task_id"] == name:
            return line
        if name.isdigit() and line.number == int(name):
            first = line
    if first is None:
        raise ValueError(f"{source} has no task {name!r}; give a task_id, or the number of a line.")
    return first


def draw_tasks(source: str, number: int, seed: int) -> list[TaskLine]:
    """Draw tasks at random, every one as likely as any other; in the order of the set.

    Args:
        source (`str`): The set, read row by row.
        number (`int`): How many; all, when the set has fewer.
        seed (`int`): The same seed draws the same tasks.
    """
    draw = random.Random(seed)
    drawn: list[TaskLine] = []
    for seen, line in enumerate(stream_tasks(source)):
        if len(drawn) < number:
            drawn.append(line)
        elif (place := draw.randrange(seen + 1)) < number:
            drawn[place] = line
    return sorted(drawn, key=lambda line: line.number)


def task_text(line: TaskLine) -> str:
    """Return a task as text: what is known about it, the prompt, the tests, and the reference."""
    task = line.task
    if task is None:
        return f"row {line.number}: {line.problem}"
    parts = [f"{task['task_id']} (row {line.number})"]
    about = {name: value for name, value in task.items() if name not in SHOWN_APART and value not in (None, "", [])}
    parts += [f"  {name}: {_short(value)}" for name, value in about.items()]
    parts.append(f"  entry point: {task.get('entry_point') or 'none'}")
    for title, text in (
        ("prompt", _prompt(task.get("prompt"))),
        ("code prefix", task.get("code_prefix")),
        (f"tests: {_count(task.get('tests'))}", _tests(task.get("tests"))),
        ("reference", task.get("reference")),
    ):
        parts += ["", f"--- {title} ---", str(text).strip() if text else "(none)"]
    return "\n".join(parts)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _prompt(prompt: Any) -> str:
    if isinstance(prompt, list):
        messages = [message for message in prompt if isinstance(message, Mapping)]
        return "\n\n".join(f"[{message.get('role')}]\n{message.get('content')}" for message in messages)
    return str(prompt or "")


def _count(tests: str | None) -> str:
    if not tests:
        return "none"
    try:
        cases = read_hidden_tests(tests).cases
    except HiddenTestsError as err:
        return f"cannot be read ({err})"
    return f"{len(cases)} case{'s' if len(cases) > 1 else ''}"


def _tests(tests: str | None) -> str | None:
    """Return tests as they are; cases of standard input one below the other."""
    if not tests or not tests.lstrip().startswith("["):
        return tests
    try:
        cases = read_hidden_tests(tests).cases
    except HiddenTestsError:
        return tests
    shown = [f"input:\n{_cut(case.input)}\noutput:\n{_cut(case.output)}" for case in cases[:MAX_CASES]]
    if len(cases) > MAX_CASES:
        shown.append(f"... and {len(cases) - MAX_CASES} more")
    return "\n\n".join(shown)


def _cut(text: str | None) -> str:
    text = (text or "").rstrip("\n")
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}... ({len(text)} characters)"
