"""Reads hidden tests that are data: JSON, or the lists and objects that a dataset's column holds. Pure.

| form | a test is |
| --- | --- |
| `[{"input": "1 2\\n", "output": "3\\n"}, ...]` | a run of the program's `main` |
| `{"inputs": ["1 2\\n", ...], "outputs": ["3\\n", ...]}`, `input` and `output` too | the same |
| `[{"input": "1 2\\n", "outputs": ["3\\n", "3.0\\n"], "tolerance": 1e-6}, ...]` | the same, several right outputs |
| `["assert_eq!(f(1), 2);", ...]` | one of the texts |

An input or output may be a list of lines.
"""

import json
from typing import Any

from .cases import Case, HiddenTestsError
from .settings import checked_tolerance

_FORM = 'a JSON case must be {"input": str, "output": str}'
_OTHERS = 'read are also {"inputs": [str, ...], "outputs": [str, ...]} and ["assert_eq!(f(1), 2);", ...]'


def text_of_tests(cell: Any) -> Any:
    """Return a cell of tests as text: lists and objects as their JSON, everything else as it is."""
    if hasattr(cell, "tolist"):  # an array
        cell = cell.tolist()
    if isinstance(cell, list | tuple | dict):
        try:
            return json.dumps(cell)
        except (TypeError, ValueError, RecursionError):
            return cell
    return cell


def read_json(tests: str) -> tuple[Case, ...] | list[str] | None:
    """Return the runs of `main` that a text describes, or the texts of a list; `None` for a text that is no JSON.

    Raises:
        HiddenTestsError: When it is JSON of another form.
    """
    if not tests.lstrip().startswith(("[", "{")):
        return None
    try:
        found = json.loads(tests)
    except json.JSONDecodeError:
        return None
    except (ValueError, RecursionError) as err:  # a number of thousands of digits, or nesting as deep
        raise HiddenTestsError(f"the tests are JSON that cannot be read: {err}") from None
    if not found and isinstance(found, list):
        raise HiddenTestsError("the tests are an empty JSON list")
    if isinstance(found, list) and all(isinstance(row, str) for row in found):
        return found
    rows = found if isinstance(found, list) else _rows_of(found)
    return tuple(_case(number, row) for number, row in enumerate(rows))


def _rows_of(found: Any) -> list[Any]:
    """Return the rows of an object that holds all inputs and all outputs, or of one that is a row itself."""
    if "fn_name" in found:
        raise HiddenTestsError(
            "the tests are JSON that calls a function (fn_name); write calls as assertions, assert_eq!(f(1), 2);"
        )
    for names in (("inputs", "outputs"), ("input", "output")):
        inputs, outputs = (found.get(name) for name in names)
        if not isinstance(inputs, list) or not isinstance(outputs, list):
            continue
        if len(inputs) != len(outputs):
            raise HiddenTestsError(f"the tests are JSON with {len(inputs)} inputs and {len(outputs)} outputs")
        if not inputs:
            raise HiddenTestsError("the tests are JSON without a case")
        return [{"input": given, "output": wanted} for given, wanted in zip(inputs, outputs, strict=True)]
    return [found]


def _case(number: int, row: Any) -> Case:
    """Read one run of `main`: its input, its right output or several (`outputs`), and a tolerance for numbers."""
    found = row if isinstance(row, dict) else {}
    outputs = found.get("outputs", [found.get("output")])
    texts = [_text(found.get("input")), *map(_text, outputs if isinstance(outputs, list) else [])]
    given, *wanted = [text for text in texts if text is not None] or [""]
    if not wanted or None in texts:
        raise HiddenTestsError(f"the tests are JSON of no known form: {_FORM}, not {str(row)[:80]}; {_OTHERS}")
    try:
        "".join((given, *wanted)).encode()
    except UnicodeEncodeError:
        raise HiddenTestsError(f"case {number} holds half of a surrogate pair, which is no text") from None
    tolerance = found.get("tolerance")
    try:
        within = None if tolerance is None else checked_tolerance(tolerance, "tolerance")
    except ValueError as err:
        raise HiddenTestsError(f"case {number}: {err}") from None
    return Case(str(number), input=given, output=wanted[0], also=tuple(wanted[1:]), tolerance=within)


def _text(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None
