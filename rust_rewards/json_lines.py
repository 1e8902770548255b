"""Reads JSON Lines: one JSON value per line of UTF-8, blank lines skipped, lines counted from 1.

Lines end at a newline and nowhere else: JSON strings may hold the other characters that Python takes for line ends.
A reader either wants every row or an error (`read_objects`), or decides by itself what a broken line means
(`read_lines` and `parse_line`), as the scoring of a large file and the resumption of a half-written one do.
"""

import json
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

Source = Path | Traversable  # a file on disk, or one inside an installed package


class Line(NamedTuple):
    """One line: its number from 1, and its bytes."""

    number: int
    data: bytes


def read_lines(source: Source) -> Iterator[Line]:
    """Yield the lines of a file that are not blank, as they are needed.

    Raises:
        OSError: When the file cannot be read.
    """
    with source.open("rb") as file:
        for number, data in enumerate(file, 1):
            if data.strip():
                yield Line(number, data)


def parse_line(line: Line, *, errors: str = "strict") -> Any:
    """Return the value on a line; a byte order mark before it is no part of it.

    Args:
        line (`Line`): The line.
        errors (`str`, *optional*, defaults to `"strict"`): What to do with bytes that are no UTF-8, as in
            `bytes.decode`.

    Raises:
        ValueError: When the line is no complete JSON, or nested deeper than Python can follow.

    Example:
    ```python
    >>> parse_line(Line(1, b'{"task_id": "add"}'))
    {'task_id': 'add'}

    ```
    """
    try:
        return json.loads(line.data.decode("utf-8-sig", errors))
    except RecursionError as err:
        raise ValueError(f"nested too deeply: {err}") from err


def read_objects(source: Source, what: str, *, errors: str = "strict") -> list[tuple[int, dict[str, Any]]]:
    """Read a file whose every line is an object.

    Args:
        source (`Path`): The file.
        what (`str`): What a line holds, for messages, such as `"task"`.
        errors (`str`, *optional*, defaults to `"strict"`): What to do with bytes that are no UTF-8.

    Returns:
        `list[tuple[int, dict]]`: The number of each line, and its object.

    Raises:
        ValueError: When the file cannot be read, or a line is no complete JSON or no object.
    """
    rows = []
    try:
        for line in read_lines(source):
            rows.append((line.number, _parse_object(line, f"{source}, line {line.number}", what, errors)))
    except OSError as err:
        raise ValueError(f"Cannot read the {what}s {source}: {err.strerror}. Give a JSON Lines file.") from err
    return rows


def _parse_object(line: Line, where: str, what: str, errors: str) -> dict[str, Any]:
    try:
        row = parse_line(line, errors=errors)
    except UnicodeDecodeError as err:
        raise ValueError(f"{where} is not UTF-8 text: {err.reason} at byte {err.start} of the line.") from err
    except ValueError as err:
        raise ValueError(f"{where} is not JSON: {err}. Expected one {what} a line.") from err
    if not isinstance(row, dict):
        raise ValueError(f"{where} is a {type(row).__name__}; expected an object with columns.")
    return row
