"""Sets of programs that read standard input: APPS and TACO, code_contests, LiveCodeBench, and the layouts of Agnostics.

Their cases become our JSON cases, one list per task. Sets of functions to call, as LeetCode's are, are left out.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .cells import mapping, structure, unpacked
from .task_rows import PROGRAM_REQUEST, LeftOut, RowReader, make_task

Case = tuple[Any, Any]


def stdin_task(
    reader: RowReader, prompt: str, cases: Iterable[Case], *, reference: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return the task of a program with these cases, the first `max_cases` of them."""
    texts = [{"input": _text(given), "output": _text(expected)} for given, expected in cases]
    if not texts:
        raise LeftOut("there is no case")
    if reader.max_cases is not None and len(texts) > reader.max_cases:
        texts = texts[: reader.max_cases]
        reader.repairs.add(f"cases beyond {reader.max_cases} dropped")
    return make_task(
        prompt=f"{prompt.rstrip()}\n\n{PROGRAM_REQUEST}",
        tests=json.dumps(texts, ensure_ascii=False),
        reference=reference,
        entry_point="main",
        **more,
    )


def cases_of(value: Any, column: str) -> list[Case]:
    """Return the cases of a cell: a list of `{"input", "output"}`, or `{"inputs": [...], "outputs": [...]}` (with or
    without the plural)."""
    found = structure(value, column)
    if isinstance(found, dict):
        if found.get("fn_name"):
            raise LeftOut("the tests call a function", str(found["fn_name"]))
        given, expected = (_either(found, name, column) for name in ("input", "output"))
        if len(given) != len(expected):
            raise LeftOut("there are not as many outputs as inputs", f"{len(given)} and {len(expected)}")
        return list(zip(given, expected, strict=True))
    return [_case(case, column) for case in found]


def apps(reader: RowReader) -> dict[str, Any]:
    """A row of APPS or TACO."""
    return stdin_task(
        reader,
        reader.text("question"),
        cases_of(reader.row.get("input_output"), "input_output"),
        task_id=reader.optional("problem_id") or reader.optional("id") or reader.optional("name"),
        difficulty=reader.optional("difficulty"),
    )


def code_contests(reader: RowReader) -> dict[str, Any]:
    """A row of code_contests: public cases first, then private and generated ones."""
    cases: list[Case] = []
    for column in ("public_tests", "private_tests", "generated_tests"):
        if reader.row.get(column):
            cases += cases_of(reader.row[column], column)
    return stdin_task(reader, reader.text("description"), cases, task_id=reader.optional("name"))


def livecodebench(reader: RowReader) -> dict[str, Any]:
    """A row of LiveCodeBench, of Ag-LiveCodeBench-X, or of Multi-LCB."""
    cases: list[Case] = []
    for column in ("public_test_cases", "private_test_cases"):
        if reader.row.get(column):
            cases += [_case(case, column) for case in _list(unpacked(reader.row[column], column), column)]
    return stdin_task(
        reader,
        reader.text("question_content"),
        cases,
        task_id=reader.optional("question_id"),
        difficulty=reader.optional("difficulty"),
        topic=reader.optional("platform"),
    )


def agnostics(reader: RowReader) -> dict[str, Any]:
    """A row of Ag-MBPP-X or Ag-Codeforces-X: a description with the formats of input and output."""
    parts = [reader.text("description")]
    for column, title in (("input_format", "Input"), ("output_format", "Output")):
        text = reader.optional(column)
        if text:
            parts.append(f"{title}:\n{text}")
    cases = cases_of(reader.row.get("tests"), "tests")
    name = reader.optional("task_id") or reader.optional("id")
    return stdin_task(reader, "\n\n".join(parts), cases, task_id=name)


def _either(found: Mapping[str, Any], name: str, column: str) -> list[Any]:
    value = found.get(f"{name}s", found.get(name))
    if not isinstance(value, list):
        raise LeftOut(f"{column} holds no list of {name}s")
    return value


def _list(value: Any, column: str) -> list[Any]:
    if not isinstance(value, list):
        raise LeftOut(f"{column} is no list", type(value).__name__)
    return value


def _case(case: Any, column: str) -> Case:
    if isinstance(case, list | tuple) and len(case) == 2:
        return case[0], case[1]
    found = mapping(case, column)
    if found.get("testtype", "stdin") != "stdin":
        raise LeftOut("the tests call a function")
    if "input" not in found or "output" not in found:
        raise LeftOut(f"a case of {column} has no input or no output")
    return found["input"], found["output"]


def _text(value: Any) -> str:
    """Return one side of a case as text: of a list, a line per entry."""
    if isinstance(value, list):
        return "".join(f"{_text(part).rstrip()}\n" for part in value)
    if isinstance(value, dict) or value is None:
        raise LeftOut("a case is no text", type(value).__name__)
    return str(value)
