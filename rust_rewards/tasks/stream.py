"""Reads task sets row by row, so that a set larger than memory can be looked at; a row that cannot be read is told."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..json_lines import parse_line, read_lines
from .formats import TaskSetError, convert_rows
from .reader import find_file, load_tasks

CHUNK_CHARS = 32 << 20


Line = TypeVar("Line", bound=tuple[Any, ...])  # a row with its number, in whichever order


class TaskLine(NamedTuple):
    """One row of a task set: its number (of its line, in a file), and the task in our columns, or why there is none."""

    number: int
    task: dict[str, Any] | None
    problem: str | None = None


def stream_tasks(name_or_path: str) -> Iterator[TaskLine]:
    """Yield the rows of a task set in order.

    Args:
        name_or_path (`str`): As in `load_tasks`; a dataset of the hub is read as a whole.

    Raises:
        TaskSetError: When there is no such set, or no row in it.
    """
    file = find_file(name_or_path)
    if file is None:
        for number, row in enumerate(load_tasks(name_or_path), 1):
            yield TaskLine(number, row)
        return
    lines = read_lines(file)
    first = next(lines, None)
    if first is None:
        raise TaskSetError(f"{name_or_path} holds no tasks.")
    for line in itertools.chain([first], lines):
        try:
            row = parse_line(line)
        except ValueError as err:
            yield TaskLine(line.number, None, f"not JSON: {err}")
            continue
        if not isinstance(row, dict):
            yield TaskLine(line.number, None, f"a {type(row).__name__}, not an object")
            continue
        try:
            [task] = convert_rows([row], name_or_path, [line.number])
        except TaskSetError as err:
            yield TaskLine(line.number, None, str(err))
        else:
            yield TaskLine(line.number, task)


def in_chunks(lines: Iterable[Line], most: int) -> Iterator[list[Line]]:
    """Yield rows in lists of at most so many, and of at most `CHUNK_CHARS` of text unless one row has more."""
    chunk: list[Line] = []
    size = 0
    for line in lines:
        columns = next((part for part in line if isinstance(part, dict)), {})
        own = sum(len(value) for value in columns.values() if isinstance(value, str))
        if chunk and (len(chunk) == most or size + own > CHUNK_CHARS):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += own
    if chunk:
        yield chunk


def fingerprint(name_or_path: str) -> str:
    """Return a name for the content of a task set, to recognise an unfinished output: a hash of a file's bytes, or the
    name of a dataset of the hub."""
    file = find_file(name_or_path)
    if file is None:
        return name_or_path
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()[:16]
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
